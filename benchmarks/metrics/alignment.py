# SPDX-License-Identifier: GPL-3.0-or-later
"""The delay between two signals to a fraction of a sample, and its removal.

The lag is where the cross-correlation of the two peaks. Between its integer lags the correlation
of band-limited signals is band-limited too, so that it may be interpolated by a windowed sinc.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuralboard.benchmarks.metrics.common import Mono, check_pair

__all__ = ["align", "best_lag", "shift"]

_TAPS = 32  # a side of the sinc; the error of the peak's place is far below 1/1000 sample
_STEPS = 200  # of the fine search, across two samples


def best_lag(reference: Mono, estimate: Mono, sample_rate: int, within_ms: float = 1.0) -> float:
    """Return by how many samples `estimate` is late, to 0.01 sample, searched in ±within_ms.

    Parameters
    ----------
    reference, estimate : ndarray [samples]
    sample_rate : int
        Hz.
    within_ms : float
        The greatest lag looked at.

    Returns
    -------
    float
        0 where one of the two is silent.
    """
    clean, out = check_pair(reference, estimate)
    reach = max(1, int(within_ms * 1e-3 * sample_rate))
    size = 1 << int(len(clean) + reach + _TAPS).bit_length()
    spectrum = np.fft.rfft(out, size) * np.conj(np.fft.rfft(clean, size))
    correlation = np.fft.irfft(spectrum, size)
    lags = np.arange(-reach - _TAPS, reach + _TAPS + 1)
    values = correlation[lags]
    inner = values[_TAPS:-_TAPS]
    if not np.any(inner):
        return 0.0
    peak = int(lags[_TAPS + int(np.argmax(inner))])
    fine = np.linspace(max(peak - 1, -reach), min(peak + 1, reach), _STEPS + 1)
    near = np.arange(peak - _TAPS + 1, peak + _TAPS)
    weights = np.sinc(fine[:, None] - near) * np.cos(
        np.pi / 2 * np.clip((fine[:, None] - near) / (_TAPS + 1), -1, 1)
    )
    return float(fine[int(np.argmax(weights @ values[near - lags[0]]))])


def align(reference: Mono, estimate: Mono, sample_rate: int, within_ms: float = 1.0) -> Mono:
    """Return `estimate` moved onto `reference` by its best lag; itself where that is 0."""
    lag = best_lag(reference, estimate, sample_rate, within_ms)
    return shift(estimate, -lag) if lag else estimate


def shift(audio: Mono, samples: float) -> NDArray[np.float64]:
    """Delay `[samples]` by a fraction of a sample (negative: advance); what leaves is dropped."""
    audio = np.asarray(audio, np.float64)
    pad = int(abs(samples)) + 64
    # A power of two: a prime length would cost ten times as much.
    size = 1 << (len(audio) + 2 * pad - 1).bit_length()
    padded = np.pad(audio, (pad, size - len(audio) - pad))
    turns = np.exp(-2j * np.pi * np.fft.rfftfreq(size) * samples)
    return np.asarray(np.fft.irfft(np.fft.rfft(padded) * turns, size)[pad : pad + len(audio)])
