# SPDX-License-Identifier: GPL-3.0-or-later
"""What the checks of the conformance suite stand on: signals, measures, one box on the bench.

The checks themselves: `conformance_calls` (one-shot, formats, broken numbers, copies),
`conformance_streams` (schedules, memory, latency), `conformance_parameters`.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from neuralboard.audio import Audio
from neuralboard.effect import EffectBase
from neuralboard.errors import AudioError, BrokenSamplesWarning
from neuralboard.processor import Processor

__all__ = [
    "NULL_DB",
    "RATES",
    "SCHEDULE",
    "Bench",
    "Check",
    "Fault",
    "difference",
    "finite_output",
    "level_db",
    "must",
    "signal_of",
]

SCHEDULE = (512, 64, 1024, 7, 1, 0, 8192, 3, 2048, 100)
RATES = (8_000, 16_000, 44_100, 48_000, 96_000)
NULL_DB = -100.0

Check = tuple[str, Callable[[], None]]


class Fault(Exception):
    """One broken promise."""


def signal_of(sample_rate: int, channels: int, seconds: float = 1.0, seed: int = 0) -> Audio:
    """Return noise, a decay, silence, −120 dB and a burst; channels differ. `[channels, n]`."""
    rng = np.random.default_rng(seed)
    num_samples = round(seconds * sample_rate)
    noise = rng.uniform(-1.0, 1.0, (channels, num_samples))
    envelope = np.ones(num_samples)
    a, b, c, d = (round(num_samples * share) for share in (0.25, 0.5, 0.65, 0.8))
    envelope[:a] = 0.5
    envelope[a:b] = 0.8 * np.exp(-np.linspace(0.0, 16.0, b - a))
    envelope[b:c] = 0.0
    envelope[c:d] = 1e-6
    envelope[d:] = 0.7
    return np.asarray(noise * envelope, np.float32)


class Bench:
    """One box at a rate and channel count that it can do.

    Parameters
    ----------
    box
        The box under test, as the user gave it.
    processor : Processor
        The same, or a board with it alone where it is one of pedalboard's.
    tolerance : float
        Allowed difference between block schedules.

    Attributes
    ----------
    listening : Processor
        The box with the side chain that it was given a name for. All checks but that of its side
        chain try it without: nobody is there to send it one.
    """

    def __init__(self, box: Any, processor: Processor, tolerance: float) -> None:
        self.own = isinstance(box, EffectBase)
        self.listening = processor
        if self.own and getattr(box, "sidechain", None) is not None:
            box = processor = copy.deepcopy(box)
            box.sidechain = None
        self.box, self.processor, self.tolerance = box, processor, tolerance
        self.values = dict(box._values) if self.own else {}
        self.rate, self.channels = self._supported_format()
        self.audio = signal_of(self.rate, self.channels)
        self._rates: list[int] | None = None

    def _supported_format(self) -> tuple[int, int]:
        for rate in (48_000, 44_100, 16_000, 8_000, 96_000):
            for channels in (2, 1):
                try:
                    self.processor.open(rate, channels).close()
                except AudioError:
                    continue
                except Exception:  # the fault shows in the checks
                    return 48_000, 2
                return rate, channels
        return 48_000, 2

    def rates(self) -> list[int]:
        """Return the rates that the box accepts; others it refuses when opened."""
        if self._rates is None:
            self._rates = [rate for rate in RATES if self.accepts(rate, self.channels)]
        return self._rates

    def accepts(self, rate: int, channels: int) -> bool:
        """Return whether a voice of this format opens; only AudioError says no."""
        try:
            self.processor.open(rate, channels).close()
        except AudioError:
            return False
        return True

    def copy(self, **values: Any) -> Any:
        """Return a copy of the box with some parameters set."""
        box = copy.deepcopy(self.box)
        for name, value in values.items():
            setattr(box, name, value)
        return box

    def streamed(
        self,
        processor: Any,
        audio: Audio,
        sizes: tuple[int, ...],
        rate: int = 0,
        sides: dict[str, Audio] | None = None,
    ) -> Audio:
        """Stream in blocks of these sizes, over and over; the latency is removed.

        With side chains, nothing is flushed: what came out so far is returned.
        """
        parts, start, number = [], 0, 0
        with processor.stream(rate or self.rate, audio.shape[0]) as stream:
            while start < audio.shape[1]:
                size = sizes[number % len(sizes)]
                side = {
                    name: whole[:, start : start + size] for name, whole in (sides or {}).items()
                }
                part = self.first(stream.process(audio[:, start : start + size], side or None))
                wanted = min(size, audio.shape[1] - start)
                must(part.shape[-1] == wanted, f"gave {part.shape[-1]} samples for {wanted}")
                parts.append(part)
                start, number = start + size, number + 1
            if not sides:
                parts.append(self.first(stream.flush()))
                return np.concatenate(parts, axis=-1)[..., stream.latency :]
        return np.concatenate(parts, axis=-1)

    def first(self, out: Audio) -> Audio:
        """Return the first output of a box that gives several."""
        stems = getattr(self.box, "stems", ())
        return out[0] if stems and getattr(self.box, "stem", None) is None else out


@contextmanager
def finite_output() -> Iterator[None]:
    """Turn the host's replacing of a box's broken samples into a fault: the input was sound."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", BrokenSamplesWarning)
        yield
    for warning in caught:
        text = str(warning.message)
        if issubclass(warning.category, BrokenSamplesWarning) and "the output of" in text:
            raise Fault(f"gave NaN, Inf or samples beyond 1e9 for sound input ({text})")


def must(holds: bool, fault: str) -> None:
    """Raise the fault unless the promise holds."""
    if not holds:
        raise Fault(fault)


def difference(a: Audio, b: Audio) -> float:
    """Return the largest absolute difference; infinite where the shapes differ."""
    if a.shape != b.shape:
        return float("inf")
    return float(np.max(np.abs(a - b), initial=0.0))


def level_db(audio: Audio) -> float:
    """Return the RMS level in dBFS, −240 for silence."""
    if audio.size == 0:
        return -240.0
    return float(20.0 * np.log10(np.sqrt(np.mean(audio.astype(float) ** 2)) + 1e-12))
