# SPDX-License-Identifier: GPL-3.0-or-later
"""Noise spectra: tracked by minimum statistics, or learned from a pause (a noise print).

Source: R. Martin, "Noise power spectral density estimation based on optimal smoothing and minimum
statistics", 2001; here with a constant smoothing and a constant bias compensation.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["MinimumStatistics", "check_print", "learn_print", "print_at", "print_to_json"]

Floats = NDArray[np.float32]

PRINT_BINS = 1025
"""A print is kept at a fixed resolution, 0 Hz to half of its own rate."""


def learn_print(audio: Any, sample_rate: int) -> dict[str, Any]:
    """Return a noise print: the mean power per bin of a stretch of noise alone.

    Parameters
    ----------
    audio : ndarray, `[channels, samples]` or `[samples]`
        Noise without the wanted sound, at least 50 ms.
    sample_rate : int
        Hz.
    """
    from neuralboard.audio import check_sample_rate, take_audio
    from neuralboard.errors import AudioError

    samples, _ = take_audio(audio)
    sample_rate = check_sample_rate(sample_rate)
    if not np.isfinite(samples).all():
        raise AudioError("the noise holds NaN or Inf; give a stretch of sound without them")
    n_fft = 2 * (PRINT_BINS - 1)
    if samples.shape[1] < 0.05 * sample_rate:
        raise AudioError(
            f"{samples.shape[1] / sample_rate * 1000:.0f} ms are too short for a noise print; give"
            " 50 ms or more of noise alone"
        )
    padded = np.pad(samples, ((0, 0), (0, max(0, n_fft - samples.shape[1]))))
    window = np.hanning(n_fft + 1)[:-1]
    starts = range(0, padded.shape[1] - n_fft + 1, n_fft // 2)
    power = np.zeros(PRINT_BINS)
    for start in starts:
        spectrum = np.fft.rfft(padded[:, start : start + n_fft] * window)
        power += np.mean(np.abs(spectrum) ** 2, axis=0)
    share = min(1.0, samples.shape[1] / n_fft)
    density = power / len(starts) / np.sum(window**2) / share
    return {"sample_rate": int(sample_rate), "density": [float(f"{v:.6g}") for v in density]}


def check_print(value: Any) -> dict[str, Any]:
    """Return a noise print, made from a file's path where one is given."""
    if isinstance(value, dict) and set(value) == {"sample_rate", "density"}:
        return _checked(value)
    if isinstance(value, str):
        from neuralboard.audio_reader import AudioReader

        with AudioReader(value) as reader:
            return learn_print(reader.read(60 * reader.sample_rate), reader.sample_rate)
    raise ValueError("neither the path of a noise recording nor a learned print")


def _checked(value: dict[str, Any]) -> dict[str, Any]:
    """Return a print that a preset may have brought, or raise ValueError."""
    rate, density = value["sample_rate"], value["density"]
    if isinstance(rate, bool) or not isinstance(rate, int) or not 8_000 <= rate <= 192_000:
        raise ValueError(f"a noise print at the sample rate {rate!r}")
    numbers = isinstance(density, list) and all(isinstance(v, (int, float)) for v in density)
    if not numbers or not 2 <= len(density) <= 65_537:
        raise ValueError("a noise print whose density is no list of numbers")
    if not all(0.0 <= v < 1e12 for v in density):
        raise ValueError("a noise print with a density outside 0 to 1e12")
    return value


def print_to_json(value: Any) -> Any:
    """Return a print as a preset holds it."""
    return value


def print_at(value: dict[str, Any], sample_rate: int, n_fft: int, window: Floats) -> Floats:
    """Return the noise power per bin of an STFT, from a print learned at any rate."""
    own = np.linspace(0.0, value["sample_rate"] / 2, len(value["density"]))
    wanted = np.linspace(0.0, sample_rate / 2, n_fft // 2 + 1)
    density = np.interp(wanted, own, value["density"])
    scale = float(np.sum(window.astype(np.float64) ** 2))
    return (density * scale * sample_rate / value["sample_rate"]).astype(np.float32)


class MinimumStatistics:
    """Tracks the noise power of each bin as the minimum of the smoothed power of ~1.5 s.

    Parameters
    ----------
    shape : tuple
        (channels, bins).
    frames_per_second : float
        Frame rate of the STFT.
    """

    BIAS = 1.6  # the mean over the minimum of smoothed noise power, measured on white noise

    def __init__(self, shape: tuple[int, int], frames_per_second: float) -> None:
        self._smoothing = np.float32(np.exp(-1.0 / (0.10 * frames_per_second)))
        self._parts = 8
        self._part_length = max(1, round(1.5 * frames_per_second / self._parts))
        self._power = np.zeros(shape, np.float32)
        self._minimum = np.full(shape, np.inf, np.float32)
        self._stored = np.full((self._parts, *shape), np.inf, np.float32)
        self._count = 0

    def update(self, power: Floats) -> Floats:
        """Take the power `[channels, bins]` of one frame, return the noise power."""
        if self._count == 0:
            self._power = power.copy()
        a = self._smoothing
        self._power = a * self._power + (1 - a) * power
        self._minimum = np.minimum(self._minimum, self._power)
        noise = np.minimum(self._minimum, self._stored.min(axis=0))
        self._count += 1
        if self._count % self._part_length == 0:
            self._stored[(self._count // self._part_length) % self._parts] = self._minimum
            self._minimum = self._power.copy()
        return np.asarray(noise * np.float32(self.BIAS), np.float32)
