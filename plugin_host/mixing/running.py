# SPDX-License-Identifier: GPL-3.0-or-later
"""One strip while a mix runs: what it hears is aligned, goes through its chain, pan and fader."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from neuralboard import cpp_ext
from neuralboard.addresses import box_label
from neuralboard.audio import Audio
from neuralboard.automated import AutomatedVoice, open_automated
from neuralboard.automation import SILENCE_DB, Curve
from neuralboard.errors import MixError, StreamingNotSupported
from neuralboard.mixing.levels import StepMeans, Tap
from neuralboard.mixing.panning import panned
from neuralboard.mixing.routing import Arrow
from neuralboard.mixing.strips import Bus, Strip, Track
from neuralboard.series import open_series
from neuralboard.voice import Voice

__all__ = ["Heard", "Parts", "RunningStrip", "Settings", "factor"]


class Parts(NamedTuple):
    """What a strip gives, by the places that arrows begin at; and what it heard."""

    out: Audio
    pre: Audio
    key: Audio
    heard: Audio
    """What entered the chain: of the master the premaster."""
    shares: dict[str, Audio]
    """Of the master: what each strip gave to it, aligned."""


class Heard(NamedTuple):
    """One arrow that ends at a strip: its level and the delay that aligns it."""

    arrow: Arrow
    factor: float
    line: cpp_ext.DelayLine


class Settings(NamedTuple):
    """What all strips of a running mix share."""

    sample_rate: int
    pan_law_db: float
    taps: bool


def factor(db: float) -> float:
    """Return decibels as a factor; -inf is 0."""
    return 0.0 if db <= SILENCE_DB else float(10.0 ** (db / 20.0))


class RunningStrip:
    """A strip with its state.

    Parameters
    ----------
    strip : Strip
    read : callable (count) -> ndarray, optional
        The sound of a track.
    channels : int
        Of the chain.
    heard : sequence of (Arrow, open, int)
        What it hears: the arrow, whether anything passes, the latency of its source.
    settings : Settings

    Attributes
    ----------
    latency : int
        Samples by which its output lags behind the mix's time.
    arrival : int
        The same for what enters its chain.
    taps : list of Tap
        Levels before the chain and behind every box, where they were asked for.
    """

    def __init__(
        self,
        strip: Strip,
        read: Callable[[int], Audio] | None,
        channels: int,
        heard: list[tuple[Arrow, bool, int]],
        settings: Settings,
    ) -> None:
        self._strip, self._read, self._settings = strip, read, settings
        own, boxes = strip.curves()
        self._gain, self._pan = own.get("gain_db"), own.get("pan")
        self.arrival = max([late for _, _, late in heard], default=0)
        self._own_line = cpp_ext.DelayLine(channels, self.arrival) if read is not None else None
        self._sound, self._keys = list[Heard](), list[Heard]()
        for arrow, passes, late in heard:
            rows = channels if arrow.part == "key" else 2
            level = factor(arrow.db) if passes else 0.0
            one = Heard(arrow, level, cpp_ext.DelayLine(rows, self.arrival - late))
            (self._keys if arrow.part == "key" else self._sound).append(one)
        self._channels = channels
        self.taps: list[Tap] = []
        self._voice = self._opened(boxes)
        self.latency = self.arrival + self._voice.latency
        self._position = 0
        self._fixed = factor(strip.gain_db)
        self._silent = np.zeros((channels, 0), np.float32)

    def _opened(self, boxes: Mapping[str, Curve]) -> Voice:
        chain, rate = self._strip.chain, self._settings.sample_rate
        if not chain.streamable:
            raise StreamingNotSupported(
                "a box needs the whole recording at once; it can stand on a track only, without"
                " automation and side chains"
            )
        if not boxes and not self._settings.taps:
            return open_series(chain, rate, self._channels)
        each = self._settings.taps
        voice = open_automated(chain, boxes, rate, self._channels, each=each)
        if each:
            self._tapped(voice)
        return voice

    def _tapped(self, voice: AutomatedVoice) -> None:
        """Measure before the chain and behind each of its boxes."""
        rate, late = self._settings.sample_rate, self.arrival
        labels = [box_label(item) if item is not None else "dry" for item in self._strip.chain]
        self.taps.append(Tap("", StepMeans(rate, late), late, rate))
        for label, child in zip(labels, voice.children, strict=True):
            late += child.latency
            self.taps.append(Tap(label, StepMeans(rate, late), late, rate))

        def tap(number: int, block: Audio) -> None:
            told = dict(voice.children[number].controls) if number >= 0 else {}
            self.taps[number + 1].push(block, told)

        voice.tap = tap

    def run(self, count: int, results: dict[str, Parts]) -> Parts:
        """Process one block, given what the strips that it hears gave."""
        by_name: dict[str, Audio] = {}
        total: Audio | None = None
        if self._read is not None:
            total = self._read(count)
            if self._own_line is not None and self.arrival:
                total = self._own_line.push(total)
        for one in self._sound:
            parts = results[one.arrow.source]
            sound = parts.pre if one.arrow.part == "pre" else parts.out
            if one.factor != 1.0:
                sound = sound * np.float32(one.factor)
            if one.line.num_samples:
                sound = one.line.push(np.ascontiguousarray(sound))
            if one.arrow.part == "out":
                by_name[one.arrow.source] = sound
            total = sound if total is None else total + sound
        if isinstance(self._strip, Bus) and self._strip.invert and total is not None:
            total = np.negative(total)  # a track's is turned where it is read
        if total is None:
            total = np.zeros((self._channels, count), np.float32)
        side = {one.arrow.source: self._key(one, results) for one in self._keys}
        key = self._voice.process(np.ascontiguousarray(total), side or None)
        pre = key
        first = self._position - self.latency
        self._position += count
        strip = self._strip
        if isinstance(strip, (Track, Bus)):
            pan: Any = strip.pan if self._pan is None else self._along(self._pan, first, count)
            law = self._settings.pan_law_db if key.shape[0] == 1 else 0.0
            pre = panned(key, pan, law)
        return Parts(self._faded(pre, first), pre, key, total, by_name)

    def _key(self, one: Heard, results: dict[str, Parts]) -> Audio:
        """Return a key with the rows of the chain that listens to it."""
        sound = results[one.arrow.source].key
        if sound.shape[0] != self._channels:
            if self._channels == 1:
                # The louder side, as a detector that links its channels hears it.
                left, right = sound
                sound = np.where(np.abs(left) >= np.abs(right), left, right)[np.newaxis]
            else:
                sound = np.repeat(sound, self._channels, axis=0)
        return one.line.push(np.ascontiguousarray(sound))

    def _faded(self, sound: Audio, first: int) -> Audio:
        if self._gain is None:
            return sound if self._fixed == 1.0 else sound * np.float32(self._fixed)
        # The fader stands for the trim; automation adds to it.
        db = self._along(self._gain, first, sound.shape[1])
        factors = np.where(db <= SILENCE_DB, 0.0, 10.0 ** (db / 20.0)) * self._fixed
        return np.asarray(sound * factors.astype(np.float32))

    def _along(self, curve: Curve, first: int, count: int) -> Any:
        """Return a curve's values for the samples that entered the mix from `first` on."""
        times = np.arange(first, first + count) / self._settings.sample_rate
        return curve.at(np.maximum(times, 0.0))

    @property
    def controls(self) -> dict[str, Audio]:
        """What the boxes of the chain told about the last block."""
        return dict(self._voice.controls)

    def close(self) -> None:
        """Give back what the chain holds."""
        self._voice.close()


def named_error(strip: Strip, error: BaseException) -> MixError:
    """Return an error that names the strip."""
    text = " ".join(str(error).split())
    if not type(error).__module__.startswith("neuralboard"):
        text = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return MixError(f"{strip_title(strip)}: {text}")


def strip_title(strip: Strip) -> str:
    """Return "track 'bass'"."""
    if isinstance(strip, Track):
        return f"track '{strip.name}'"
    return f"bus '{strip.name}'" if isinstance(strip, Bus) else "master"
