# SPDX-License-Identifier: GPL-3.0-or-later
"""Log-spectral distance over the full band: what PESQ, STOI and DNSMOS can't hear above 8 kHz.

The root mean square over frequency of the difference of the two log power spectra, averaged over
frames (A. Gray, J. Markel, "Distance measures for speech processing", 1976). Both spectra have a
floor 80 dB under the reference's peak, else digital silence would decide everything.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuralboard.benchmarks.metrics.common import Mono, check_pair

__all__ = ["lsd"]

_FRAME_SECONDS, _HOPS_PER_FRAME = 2048 / 48_000, 4


def lsd(
    reference: Mono,
    estimate: Mono,
    sample_rate: int,
    floor_db: float = -80.0,
    highest_hz: float = 24_000.0,
) -> float:
    """Return the distance in dB, 0 for equal spectra. It hears gain.

    Parameters
    ----------
    reference, estimate : ndarray [samples]
    sample_rate : int
        Hz.
    floor_db : float
        Relative to the strongest bin of the reference.
    highest_hz : float
        Bins above are left out.
    """
    clean, out = check_pair(reference, estimate)
    n_fft = 2 * round(_FRAME_SECONDS * sample_rate / 2)
    powers = [_power(x, n_fft) for x in (clean, out)]
    bins = int(np.floor(min(highest_hz, sample_rate / 2) * n_fft / sample_rate)) + 1
    peak = float(powers[0].max())
    if peak <= 0.0:
        return float("nan")
    floor = peak * 10.0 ** (floor_db / 10.0)
    logs = [10.0 * np.log10(np.maximum(power[:, :bins], floor)) for power in powers]
    return float(np.mean(np.sqrt(np.mean((logs[0] - logs[1]) ** 2, axis=1))))


def _power(audio: NDArray[np.float64], n_fft: int) -> NDArray[np.float64]:
    """Return the power spectra of Hann frames, [frames, bins]."""
    padded = np.pad(audio, (0, max(0, n_fft - len(audio))))
    frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft)[:: n_fft // _HOPS_PER_FRAME]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)
    spectra = np.fft.rfft((frames * window).astype(np.float32), axis=1)
    return np.asarray(spectra.real.astype(np.float64) ** 2 + spectra.imag.astype(np.float64) ** 2)
