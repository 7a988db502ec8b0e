# SPDX-License-Identifier: GPL-3.0-or-later
"""The level of the speech: how much of it a denoiser swallowed, which PESQ and STOI forgive.

Active frames are those of 20 ms within 30 dB of the reference's loudest: words, not pauses.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuralboard.benchmarks.metrics.common import Mono, check_pair

__all__ = [
    "active_frames",
    "active_level_db",
    "frame_powers",
    "level_within",
    "projection_gain",
    "speech_level",
]

_SILENT_DB = -200.0


def frame_powers(audio: Mono, sample_rate: int) -> NDArray[np.float64]:
    """Return the mean square of each whole 20 ms frame (of the whole, if it is shorter)."""
    audio = np.asarray(audio, np.float64)
    size = min(max(1, sample_rate // 50), len(audio))
    return np.asarray(np.mean(audio[: len(audio) // size * size].reshape(-1, size) ** 2, axis=1))


def active_frames(reference: Mono, sample_rate: int, below_db: float = 30.0) -> NDArray[np.bool_]:
    """Return which 20 ms frames hold speech."""
    power = frame_powers(reference, sample_rate)
    return np.asarray((power >= power.max() * 10.0 ** (-below_db / 10.0)) & (power > 0))


def active_level_db(reference: Mono, sample_rate: int) -> float:
    """Return the RMS of the active frames in dBFS (a full-scale square wave is 0); -200: silent."""
    power = frame_powers(reference, sample_rate)
    active = active_frames(reference, sample_rate)
    return float(10.0 * np.log10(power[active].mean())) if active.any() else _SILENT_DB


def level_within(active: NDArray[np.bool_], audio: Mono, sample_rate: int) -> float:
    """Return the RMS of `audio` in the given 20 ms frames, dBFS; -200 where it is silent there."""
    power = frame_powers(audio, sample_rate)[: len(active)]
    mean = float(power[active[: len(power)]].mean()) if active.any() else 0.0
    return 10.0 * float(np.log10(mean)) if mean > 0 else _SILENT_DB


def speech_level(reference: Mono, estimate: Mono, sample_rate: int) -> float:
    """Return the change of level in the active frames, dB: 0 is best, negative is swallowed.

    Noise left in those frames counts too, so that the noisy input itself is above 0.
    """
    clean, out = check_pair(reference, estimate)
    active = active_frames(clean, sample_rate)
    if not active.any():
        return float("nan")
    before = frame_powers(clean, sample_rate)[active].mean()
    after = frame_powers(out, sample_rate)[active].mean()
    return float(10.0 * np.log10(after / before)) if after > 0 else _SILENT_DB


def projection_gain(reference: Mono, estimate: Mono) -> float:
    """Return the factor of the clean speech inside the estimate (least squares): 1 is unchanged."""
    clean, out = check_pair(reference, estimate)
    energy = float(clean @ clean)
    return float(clean @ out) / energy if energy > 0 else float("nan")
