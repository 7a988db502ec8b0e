# SPDX-License-Identifier: GPL-3.0-or-later
"""Noise prints: the noise's spectrum, learned from a pause or from a recording of it alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["check_print", "learn_print", "print_at"]

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


def print_at(value: dict[str, Any], sample_rate: int, n_fft: int, window: Floats) -> Floats:
    """Return the noise power per bin of an STFT, from a print learned at any rate."""
    own = np.linspace(0.0, value["sample_rate"] / 2, len(value["density"]))
    wanted = np.linspace(0.0, sample_rate / 2, n_fft // 2 + 1)
    density = np.interp(wanted, own, value["density"])
    scale = float(np.sum(window.astype(np.float64) ** 2))
    return (density * scale * sample_rate / value["sample_rate"]).astype(np.float32)
