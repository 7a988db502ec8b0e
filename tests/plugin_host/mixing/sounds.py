# SPDX-License-Identifier: GPL-3.0-or-later
"""Sounds and files for the tests of mixes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralboard.audio_reader import AudioReader
from neuralboard.audio_writer import AudioWriter

RATE = 48_000
Audio = NDArray[np.float32]


def noise(seed: int, seconds: float, channels: int = 2, level: float = 0.1) -> Audio:
    """Return white noise `[channels, samples]`."""
    size = (channels, round(seconds * RATE))
    return np.random.default_rng(seed).uniform(-level, level, size).astype(np.float32)


def peak_db(audio: Any) -> float:
    """Return the highest sample in dBFS, -600 for silence."""
    return float(20 * np.log10(np.max(np.abs(audio), initial=0.0) + 1e-30))


def write(path: Path, audio: Audio, rate: int = RATE, bits: int = 32) -> Path:
    """Write a sound file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with AudioWriter(path, rate, audio.shape[0], bits, force=True) as file:
        file.write(audio)
    return path


def read(path: Path) -> Audio:
    """Read a sound file."""
    with AudioReader(path) as reader:
        return reader.read(reader.num_samples or 1 << 30)
