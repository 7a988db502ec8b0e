# SPDX-License-Identifier: GPL-3.0-or-later
"""Lower the noise floor of clean recordings, so that a denoiser doesn't learn to keep it.

A "clean" recording has a floor too: room tone and hiss 30 to 45 dB under the voice. As a target it
teaches that such a floor belongs to speech, and every result keeps one. A careful spectral
subtraction (Boll, 1979) takes up to `MOST_DB` of it, with the noise measured where the clip itself
is quietest; a clip without a pause stays as it is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["lower_floor"]

Audio = NDArray[np.float32]

N_FFT, HOP_LENGTH = 960, 480
QUIET_SHARE = 0.1  # of the frames, in which the floor is measured
QUIET_DB = 24.0  # they must lie this far under the loud ones, else they are soft speech
FEWEST = 5  # frames
MOST_DB = 14.0
TIMES = 2.0  # the floor is taken for so much stronger than it was measured: it fluctuates


def lower_floor(audio: Audio) -> Audio:
    """Lower the steady noise of a clip.

    Parameters
    ----------
    audio : float32 [samples] at 48 kHz

    Returns
    -------
    float32 [samples]; the same array where no floor could be measured.
    """
    window = np.sqrt(np.hanning(N_FFT + 1)[:-1]).astype(np.float32)
    count = -(-len(audio) // HOP_LENGTH) + 1
    padded = np.zeros((count + 1) * HOP_LENGTH, np.float32)
    padded[HOP_LENGTH : HOP_LENGTH + len(audio)] = audio
    frames = np.lib.stride_tricks.sliding_window_view(padded, N_FFT)[::HOP_LENGTH]
    spectrum = np.fft.rfft(frames * window, axis=1).astype(np.complex64)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    inside = power[1:-1]  # the first and the last frame are half empty
    if len(inside) < FEWEST:
        return audio
    levels = 10 * np.log10(inside.sum(1) + 1e-12)
    order = np.argsort(levels)[: int(len(levels) * QUIET_SHARE)]
    quiet = order[levels[order] < np.percentile(levels, 95) - QUIET_DB]
    if len(quiet) < FEWEST:
        return audio
    floor = _smooth(inside[quiet].mean(0), 0)
    heard = _smooth(_smooth(power, 0), 1)
    gain = np.sqrt(np.clip(1 - TIMES * floor / (heard + 1e-12), 10 ** (-MOST_DB / 10), 1))
    frames = np.fft.irfft(spectrum * gain, N_FFT, axis=1).astype(np.float32) * window
    out = np.zeros_like(padded)
    out[: count * HOP_LENGTH] += frames[:, :HOP_LENGTH].reshape(-1)
    out[HOP_LENGTH:] += frames[:, HOP_LENGTH:].reshape(-1)
    return out[HOP_LENGTH : HOP_LENGTH + len(audio)]


def _smooth(values: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    """Mean of three neighbours along an axis; the ends count twice."""
    ends = [(1, 1) if number == axis else (0, 0) for number in range(values.ndim)]
    wide = np.moveaxis(np.pad(values, ends, mode="edge"), axis, 0)
    return np.moveaxis((wide[:-2] + wide[1:-1] + wide[2:]) / np.float32(3), 0, axis)
