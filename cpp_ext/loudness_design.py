# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters of a loudness meter: K-weighting for any rate, and the true-peak interpolator.

ITU-R BS.1770-5 gives the K-weighting as coefficients for 48 kHz. Which analogue filters these come
from was found by Brecht De Man ("Evaluation of implementations of the EBU R128 loudness
measurement", AES 145, 2018); the same filters are here made for the rate at hand by the bilinear
transform, and at 48 kHz they are the standard's.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralboard.cpp_ext import checks

Audio = NDArray[np.float32]
Doubles = NDArray[np.float64]

__all__ = ["OVERSAMPLINGS", "SLOTS_PER_SECOND", "check_meter", "interpolator", "k_weighting"]

SLOTS_PER_SECOND = 100
OVERSAMPLINGS = (4, 8, 16)

_TAPS = 48  # per phase
_ATTENUATION_DB = 70.0


def check_meter(sample_rate: Any, weights: Any, oversampling: Any) -> tuple[int, Doubles, int]:
    """Return the arguments of `LoudnessMeter`, or raise."""
    rate = checks.count("sample_rate", sample_rate, 1000, 1 << 24)
    array = np.array(weights, dtype=np.float64)
    if array.ndim != 1 or not 1 <= array.size <= checks.MAX_CHANNELS:
        raise ValueError(f"weights must be one number per channel, got the shape {array.shape}")
    if not (np.isfinite(array).all() and (array >= 0).all()):
        raise ValueError(f"weights must be finite and at least 0, got {array.tolist()}")
    if oversampling not in OVERSAMPLINGS:
        raise ValueError(f"oversampling must be one of {OVERSAMPLINGS}, got {oversampling!r}")
    return rate, array, int(oversampling)


def k_weighting(sample_rate: int) -> Doubles:
    """Return b0 b1 b2 a1 a2 of the high shelf, then a1 a2 of the high pass (its b: 1 -2 1)."""
    shelf_hz, shelf_q, shelf_db = 1681.9744509555319, 0.7071752369554193, 3.99984385397
    pass_hz, pass_q = 38.13547087613982, 0.5003270373253953
    k = math.tan(math.pi * shelf_hz / sample_rate)
    high = 10.0 ** (shelf_db / 20.0)
    band = high**0.499666774155
    a0 = 1.0 + k / shelf_q + k * k
    shelf = [
        (high + band * k / shelf_q + k * k) / a0,
        2.0 * (k * k - high) / a0,
        (high - band * k / shelf_q + k * k) / a0,
        2.0 * (k * k - 1.0) / a0,
        (1.0 - k / shelf_q + k * k) / a0,
    ]
    k = math.tan(math.pi * pass_hz / sample_rate)
    a0 = 1.0 + k / pass_q + k * k
    return np.array([*shelf, 2.0 * (k * k - 1.0) / a0, (1.0 - k / pass_q + k * k) / a0])


def interpolator(oversampling: int) -> tuple[Audio, Audio, Audio]:
    """Return the taps between the samples, as even and odd parts of pairs of phases.

    A sinc under Kaiser's window (48 taps a phase, flat to 0.45 of the rate, images 70 dB down). Its
    phase 0 is one sample alone; the others come in pairs of which one is the other backwards.

    Returns
    -------
    even, odd : ndarray of float32, [oversampling / 2, 24]
        Taps k and T - 1 - k of phase p are even + odd and even - odd; the last row is the middle
        phase, whose odd part is 0.
    bounds : ndarray of float32, [7]
        Of 8 outputs in a row and each 8 of the samples that they see: the largest sum of |taps|,
        with room for rounding.
    """
    half = _TAPS // 2
    beta = 0.1102 * (_ATTENUATION_DB - 8.7)
    even, odd = [], []
    bounds = np.zeros((_TAPS + 7 + 7) // 8)
    for phase in range(1, oversampling // 2 + 1):
        # Between samples half - 1 and half of the window, `phase / oversampling` after the former.
        place = np.arange(_TAPS) - (half - 1) - phase / oversampling
        window = np.i0(beta * np.sqrt(np.maximum(0.0, 1.0 - (place / half) ** 2))) / np.i0(beta)
        taps = np.sinc(place) * window
        taps /= taps.sum()  # DC passes unchanged
        for shift in range(8):
            for phase_taps in (taps, taps[::-1]):
                padded = np.zeros(8 * bounds.size)
                padded[shift : shift + _TAPS] = np.abs(phase_taps)
                bounds = np.maximum(bounds, padded.reshape(-1, 8).sum(axis=1))
        even.append((taps + taps[::-1])[:half] / 2)
        odd.append((taps - taps[::-1])[:half] / 2)
    return (
        np.array(even, np.float32),
        np.array(odd, np.float32),
        (bounds * 1.0001).astype(np.float32),
    )
