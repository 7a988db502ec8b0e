# SPDX-License-Identifier: GPL-3.0-or-later
"""Signals made after EBU Tech 3341 (2023), table 1: what a meter has to read correctly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Audio = NDArray[np.float32]
RATE = 48_000


def tones(
    *parts: tuple[float, float], channels: int = 2, rate: int = RATE, hertz: float = 1000.0
) -> Audio:
    """Return a sine in phase on all channels, in parts of (peak level in dBFS, seconds)."""
    counts = [round(seconds * rate) for _, seconds in parts]
    gains = [0.0 if level == -np.inf else 10 ** (level / 20) for level, _ in parts]
    envelope = np.repeat(gains, counts)
    wave = envelope * np.sin(2 * np.pi * hertz / rate * np.arange(envelope.size))
    return np.tile(wave, (channels, 1)).astype(np.float32)


def steady(fraction: float, phase_degrees: float, peak: float) -> Audio:
    """Cases 15 to 19: a sine at a fraction of the rate, faded in and out over 10 ms."""
    n = RATE
    fade = np.minimum(1.0, np.minimum(np.arange(n), np.arange(n)[::-1]) / (0.01 * RATE))
    wave = peak * fade * np.sin(2 * np.pi * fraction * np.arange(n) + np.radians(phase_degrees))
    return np.tile(wave, (2, 1)).astype(np.float32)


def hidden_peak(offset: int) -> Audio:
    """Cases 20 to 23: one period of full scale in a sine of half of it, decimated from 4 times the
    rate with an offset of 0 to 3 samples: the peak is between the samples.
    """
    quiet = 0.5 * np.sin(2 * np.pi * np.arange(RATE) / 24)  # a sixth of the decimated rate
    loud = np.sin(2 * np.pi * np.arange(16) / 16)  # a fourth of it
    high = np.concatenate([quiet, loud, quiet])
    # Without what the lower rate can't hold.
    spectrum = np.fft.rfft(high)
    spectrum[round(0.125 * high.size) :] = 0
    low = np.fft.irfft(spectrum, high.size)[offset::4]
    return np.tile(low, (2, 1)).astype(np.float32)
