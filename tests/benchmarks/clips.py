# SPDX-License-Identifier: GPL-3.0-or-later
"""Sound for the tests of the benchmarks: the synthetic voice that the package ships."""

from __future__ import annotations

from importlib.resources import as_file, files

import numpy as np
from numpy.typing import NDArray

from neuralboard.benchmarks.pairs import read_mono

RATE = 48_000
Floats = NDArray[np.float64]


def voice(seconds: float = 6.0) -> Floats:
    with as_file(files("neuralboard") / "assets" / "demo_clean.flac") as path:
        audio = read_mono(path, RATE)[0]
    return audio[: round(seconds * RATE)].astype(np.float64)


def with_noise(clean: Floats, snr_db: float, rng: np.random.Generator) -> Floats:
    noise = rng.standard_normal(len(clean))
    noise *= np.sqrt(np.mean(clean**2) / np.mean(noise**2)) * 10 ** (-snr_db / 20)
    return clean + noise
