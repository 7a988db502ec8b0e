# SPDX-License-Identifier: GPL-3.0-or-later
"""SI-SDR: the ratio of speech to everything else, whatever the gain.

Source: J. Le Roux, S. Wisdom, H. Erdogan, J. R. Hershey, "SDR – half-baked or well done?", 2019,
equation 5. One sample of delay at 16 kHz costs a clean estimate 4 dB, so it is given twice: as the
box declares its latency, and at the best fractional lag within ±1 ms, which a resampler's phase or
a minimum-phase filter in a box would need.
"""

from __future__ import annotations

import numpy as np

from neuralboard.benchmarks.metrics.alignment import align
from neuralboard.benchmarks.metrics.common import Mono, check_pair

__all__ = ["si_sdr", "si_sdr_aligned"]

_LEAST = 1e-20


def si_sdr(reference: Mono, estimate: Mono) -> float:
    """Return the scale-invariant signal-to-distortion ratio in dB; both lose their mean first.

    Parameters
    ----------
    reference, estimate : ndarray [samples]

    Returns
    -------
    float
        dB, at most about 200; -200 for a silent estimate, NaN for a silent reference.
    """
    clean, out = check_pair(reference, estimate)
    clean, out = clean - clean.mean(), out - out.mean()
    energy = float(clean @ clean)
    if energy <= 0.0:
        return float("nan")
    if not np.any(out):
        return -200.0
    target = clean * (float(clean @ out) / energy)
    wanted, rest = float(target @ target), float(np.sum((out - target) ** 2))
    return float(10.0 * np.log10((wanted + _LEAST * energy) / (rest + _LEAST * energy)))


def si_sdr_aligned(
    reference: Mono,
    estimate: Mono,
    sample_rate: int,
    within_ms: float = 1.0,
    *,
    aligned: Mono | None = None,
) -> float:
    """Return `si_sdr` after the best alignment within ±within_ms (never below the unaligned).

    `aligned` is the estimate after that alignment, where it is at hand already.
    """
    plain = si_sdr(reference, estimate)
    if aligned is None:
        aligned = align(reference, estimate, sample_rate, within_ms)
    return plain if aligned is estimate else max(plain, si_sdr(reference, aligned))
