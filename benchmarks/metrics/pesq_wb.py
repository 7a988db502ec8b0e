# SPDX-License-Identifier: GPL-3.0-or-later
"""PESQ-WB: perceived quality of speech up to 8 kHz, 1.04 to 4.64 (ITU-T P.862.2).

By the package `pesq`, a wrapper of the ITU's reference code. It always works at 16 kHz, adjusts the
level and aligns by itself: wrong gain, wrong latency and a missing upper octave go unnoticed.
"""

from __future__ import annotations

import numpy as np

from neuralboard.benchmarks.metrics.common import Mono, check_pair, needs, to_rate

__all__ = ["pesq_wb"]

_RATE = 16_000


def pesq_wb(reference: Mono, estimate: Mono, sample_rate: int) -> float:
    """Return MOS-LQO, 1.04 to 4.64.

    Parameters
    ----------
    reference, estimate : ndarray [samples]
        At least a quarter of a second.
    sample_rate : int
        Hz.

    Returns
    -------
    float
        NaN where the reference code finds no speech in one of the two.

    Raises
    ------
    MissingPackageError
    """
    pesq = needs("pesq", "pesq", "bench")
    clean, out = check_pair(reference, estimate)
    if not np.any(out):  # the reference code divides by the level
        return float("nan")
    low = [to_rate(x, sample_rate, _RATE).astype(np.float32) for x in (clean, out)]
    try:
        return float(pesq.pesq(_RATE, *low, "wb"))
    except (pesq.NoUtterancesError, pesq.BufferTooShortError):
        return float("nan")
