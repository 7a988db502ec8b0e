# SPDX-License-Identifier: GPL-3.0-or-later
"""Noise that nobody recorded, and the small set that is judged where no recordings are given.

The voice is the synthetic one of the demo clip. It is one voice of one room, and the noises are
three: the set shows that everything runs, and decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neuralboard.assets import DEMO_CLEAN
from neuralboard.benchmarks.metrics.speech_level import active_level_db
from neuralboard.benchmarks.pairs import Pair, read_mono

__all__ = ["NOISES", "RATE", "SyntheticSet", "air", "coloured", "demo_voice", "fan", "typing"]

Audio: TypeAlias = NDArray[Any]  # float64 [samples]

RATE = 48_000
SNRS_DB = (0.0, 5.0, 10.0, 15.0)
LEVEL_DB = -26.0


def coloured(rng: np.random.Generator, num_samples: int, shape: Audio) -> Audio:
    """Noise of RMS 1 whose amplitude spectrum follows `shape`, given at rfft's frequencies."""
    noise = np.fft.irfft(np.fft.rfft(rng.standard_normal(num_samples)) * shape, num_samples)
    return noise / np.sqrt(np.mean(noise**2))


def fan(rng: np.random.Generator, num_samples: int) -> Audio:
    """Blades and motor: harmonics whose pitch wanders a little, each with its own beat."""
    freqs = np.fft.rfftfreq(num_samples, 1 / RATE)
    wander = coloured(rng, num_samples, freqs < 0.7)
    turns = np.cumsum(1 + 0.004 * wander) / RATE
    sound = np.zeros(num_samples)
    for base, fall, count in ((100.0, 1.1, 9), (163.0, 0.9, 14)):
        for k in range(1, count + 1):
            beat = 1 + 0.25 * np.sin(2 * np.pi * (rng.uniform(0.2, 1.5) * turns + rng.uniform()))
            phase = 2 * np.pi * (k * base * turns + rng.uniform())
            sound += beat * np.sin(phase) * rng.uniform(0.5, 1.0) / k**fall
    return sound / np.sqrt(np.mean(sound**2))


def air(rng: np.random.Generator, num_samples: int) -> Audio:
    """Moving air: falls with frequency, swells slowly."""
    freqs = np.fft.rfftfreq(num_samples, 1 / RATE)
    shape = 1 / (1 + (freqs / 300) ** 2) ** 0.7 * (freqs / (freqs + 40))
    shape /= 1 + (freqs / 11000) ** 6
    swell = 10 ** (1.5 * coloured(rng, num_samples, (freqs > 0) & (freqs < 0.5)) / 20)
    return coloured(rng, num_samples, shape) * swell


def typing(rng: np.random.Generator, num_samples: int) -> Audio:
    """Keys: words of a few strokes, each a click down and a softer click up."""
    sound = np.zeros(num_samples + RATE)
    time = 0.35
    while time < num_samples / RATE - 0.5:
        for _ in range(rng.integers(3, 8)):
            down = int(time * RATE)
            for start, level in ((down, 1.0), (down + int(rng.uniform(0.05, 0.09) * RATE), 0.4)):
                pitch = rng.uniform(1800, 3400)
                span = np.arange(int(0.03 * RATE)) / RATE
                ring = np.sin(2 * np.pi * pitch * span) * np.exp(-span / 0.003)
                thump = np.sin(2 * np.pi * 240 * span) * np.exp(-span / 0.008)
                scrape = rng.standard_normal(span.size) * np.exp(-span / 0.0015)
                attack = 1 - np.exp(-span / 0.0003)
                stroke = attack * (0.7 * ring + 0.5 * thump + 0.5 * scrape)
                sound[start : start + span.size] += level * rng.uniform(0.5, 1.0) * stroke
            time += rng.uniform(0.09, 0.22)
        time += rng.uniform(0.5, 1.4)
    return sound[:num_samples]


NOISES: dict[str, Callable[[np.random.Generator, int], Audio]] = {
    "steady": fan, "weather": air, "clicks": typing,
}  # fmt: skip
"""The noises by the classes that tables show."""


def demo_voice() -> Audio:
    """Return the clean demo clip, float64 [samples] at 48 kHz."""
    return read_mono(DEMO_CLEAN, RATE)[0].astype(np.float64)


class SyntheticSet(Sequence[Pair]):
    """Halves of the demo voice under every noise at every SNR; item i depends on `seed` and i.

    Parameters
    ----------
    seed : int
    """

    def __init__(self, seed: int = 15) -> None:
        self.seed = seed
        self._voice = demo_voice()

    def __len__(self) -> int:
        return len(NOISES) * len(SNRS_DB)

    def name(self, index: int) -> str:
        """Return the name of an item."""
        return f"synthetic{index:02d}"

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if not 0 <= index < len(self):
            raise IndexError(index)
        kind = list(NOISES)[index % len(NOISES)]
        snr = SNRS_DB[index // len(NOISES)]
        half = len(self._voice) // 2
        clean = self._voice[half * (index % 2) :][:half]
        noise = NOISES[kind](np.random.default_rng([self.seed, index]), half)
        clean = clean * 10.0 ** ((LEVEL_DB - active_level_db(clean, RATE)) / 20.0)
        noise *= 10.0 ** ((LEVEL_DB - snr - 10.0 * np.log10(np.mean(noise**2))) / 20.0)
        both = (clean + noise).astype(np.float32), clean.astype(np.float32)
        return Pair(self.name(index), *both, RATE, {"snr_db": snr, "noise_type": kind})

    def __iter__(self) -> Iterator[Pair]:
        return (self[i] for i in range(len(self)))
