# SPDX-License-Identifier: GPL-3.0-or-later
"""STOI and ESTOI: intelligibility, 0 to 1, by the package `pystoi`; 10 kHz inside, gain-blind.

Sources: C. H. Taal et al., "An algorithm for intelligibility prediction of time-frequency weighted
noisy speech", 2011; J. Jensen, C. H. Taal, "An algorithm for predicting the intelligibility of
speech masked by modulated noise maskers", 2016 (ESTOI).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from neuralboard.benchmarks.metrics.common import Mono, check_pair, needs, to_rate

__all__ = ["estoi", "stoi"]

_RATE = 16_000


def stoi(reference: Mono, estimate: Mono, sample_rate: int) -> float:
    """Return STOI, 0 to 1, of mono `[samples]`; NaN where there is too little speech (0.4 s)."""
    return _measure(reference, estimate, sample_rate, extended=False)


def estoi(reference: Mono, estimate: Mono, sample_rate: int) -> float:
    """Return ESTOI, 0 to 1 (stricter with noise that comes and goes); NaN as in `stoi`."""
    return _measure(reference, estimate, sample_rate, extended=True)


def _measure(reference: Mono, estimate: Mono, sample_rate: int, extended: bool) -> float:
    pystoi = needs("pystoi", "pystoi", "bench")
    clean, out = check_pair(reference, estimate)
    clean, out = (to_rate(x, sample_rate, _RATE) for x in (clean, out))
    with warnings.catch_warnings(), _same_numbers_each_time():
        warnings.simplefilter("error")
        try:
            return float(pystoi.stoi(clean, out, _RATE, extended=extended))
        except RuntimeWarning:  # "not enough STFT frames": it would return 1e-5
            return float("nan")


@contextmanager
def _same_numbers_each_time() -> Iterator[None]:
    """Seed NumPy's global generator meanwhile: pystoi divides by it where a box gave exact zeros.

    Its ESTOI adds random numbers of 2e-16 before it normalises, which is all there is in silence:
    the same recording differed by 1e-5 from run to run.
    """
    before = np.random.get_state()  # noqa: NPY002 - what pystoi uses
    np.random.seed(0)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(before)  # noqa: NPY002
