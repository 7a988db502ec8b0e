# SPDX-License-Identifier: GPL-3.0-or-later
"""STOI and ESTOI: intelligibility, 0 to 1, by the package `pystoi`; 10 kHz inside, gain-blind.

Sources: C. H. Taal et al., "An algorithm for intelligibility prediction of time-frequency weighted
noisy speech", 2011; J. Jensen, C. H. Taal, "An algorithm for predicting the intelligibility of
speech masked by modulated noise maskers", 2016 (ESTOI).
"""

from __future__ import annotations

import warnings

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
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return float(pystoi.stoi(clean, out, _RATE, extended=extended))
        except RuntimeWarning:  # "not enough STFT frames": it would return 1e-5
            return float("nan")
