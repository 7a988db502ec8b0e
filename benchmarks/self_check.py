# SPDX-License-Identifier: GPL-3.0-or-later
"""The metrics' own check, before anything is judged: they must tell good from bad.

A clean voice against itself must get each metric's best; less noise must beat more noise.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from neuralboard.benchmarks.scoring import METRICS, judge
from neuralboard.benchmarks.synthetic import RATE, air, demo_voice
from neuralboard.errors import NeuralboardError

__all__ = ["SelfCheckError", "check_metrics", "faults_of"]

SECONDS = 4.0
# Least (LSD: greatest) value for a signal against itself. DNSMOS knows no reference: it is only
# asked to put less noise above more.
IDENTITY = {"pesq_wb": 4.6, "stoi": 0.999, "estoi": 0.999, "si_sdr": 100.0, "lsd": 1e-6}
ORDERED = ("pesq_wb", "stoi", "estoi", "si_sdr", "si_sdr_aligned", "dnsmos_ovrl", "lsd")


class SelfCheckError(NeuralboardError, RuntimeError):
    """A metric does not measure what it should on this installation."""


def check_metrics() -> None:
    """Raise where a metric fails its own check.

    Raises
    ------
    SelfCheckError, MissingPackageError
    """
    clean = demo_voice()[round(0.5 * RATE) :][: round(SECONDS * RATE)]
    noise = air(np.random.default_rng(1), len(clean)) * np.sqrt(np.mean(clean**2))
    better, worse = (clean + noise * 10.0 ** (-snr / 20.0) for snr in (20.0, 0.0))
    found = faults_of(*(judge(clean, out, RATE) for out in (clean, better, worse)))
    if found:
        raise SelfCheckError(
            f"the metrics fail their own check, so nothing is judged: {'; '.join(found)};"
            " reinstall the extra: pip install --force-reinstall 'neuralboard[bench]'"
        )


def faults_of(
    identity: Mapping[str, float], better: Mapping[str, float], worse: Mapping[str, float]
) -> list[str]:
    """Return what is wrong with judgements of the voice itself, with little and much noise."""
    found = []
    for name, bound in IDENTITY.items():
        sign = -1.0 if METRICS[name].higher_is_better is False else 1.0
        if not sign * identity[name] >= sign * bound:
            found.append(f"{METRICS[name].heading} of a voice against itself is {identity[name]:g}")
    for name in ORDERED:
        sign = -1.0 if METRICS[name].higher_is_better is False else 1.0
        if not sign * better[name] > sign * worse[name]:
            found.append(
                f"{METRICS[name].heading} is {better[name]:g} with little noise and"
                f" {worse[name]:g} with much"
            )
    return found
