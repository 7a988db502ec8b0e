# SPDX-License-Identifier: GPL-3.0-or-later
"""Voices for runs of pedalboard's effects: direct, chunk, whole.

Why they are needed: `native.process(block, reset=False)` silently wipes the state of a stateful
effect whenever a block is longer than any before it. Direct voices are primed with the longest
block first, chunk voices only ever see blocks of one length.

    direct   zeros(8192) → container.reset() → (ch, 0) block → any blocks, buffer_size=8192
    chunk    FIFO ▶ exactly 512 samples per call ▶ FIFO
"""

from __future__ import annotations

import threading
import warnings
from typing import Any

import numpy as np
from pedalboard_native.utils import Chain

from neuralboard import cpp_ext, natives
from neuralboard.audio import Audio
from neuralboard.errors import (
    AudioError,
    LatencyChangeWarning,
    NeuralboardWarning,
    ParameterError,
    StreamError,
)
from neuralboard.guard import BrokenSamples
from neuralboard.voice import Sidechains, Voice, push_through

__all__ = ["CHUNK", "ChunkVoice", "DirectVoice", "WholeVoice", "priming_works"]

PRIME = 8192
"""The longest block a direct voice passes on at once; pedalboard's own default."""

CHUNK = 512

LOUDEST_MP3 = 4.0
"""LAME ends the process ("INTERNAL ERROR IN VBR NEW CODE") on samples far beyond full scale."""


class Follower:
    """A clone that takes over its original's properties at each block.

    Parameters
    ----------
    native
        The user's instance; it is only read.
    sample_rate, channels : int
        Of the stream.
    """

    def __init__(self, native: Any, sample_rate: int, channels: int) -> None:
        self.native = native
        self.hosted = natives.is_hosted(native)
        self._read = natives.value_reader(native)
        self._sample_rate = sample_rate
        natives.check_format(native, sample_rate, channels)
        self.values = () if self.hosted else self._read(native)
        natives.check_values(native, self.values, sample_rate)
        self.plugin = native if self.hosted else natives.clone(native, self.values)
        self._refused: Any = None
        if self.hosted:
            self._read = _no_values

    def changed(self) -> tuple[Any, ...] | None:
        """Return the original's values where they differ from the clone's, else None."""
        values = self._read(self.native)
        return None if values == self.values else values

    def follow(self) -> None:
        """Take over changed properties; what a running stream can't take over waits."""
        values = self._read(self.native)
        if values == self.values or values == self._refused:
            return
        name = natives.native_class(self.native).__name__
        try:
            natives.check_values(self.native, values, self._sample_rate)
        except ParameterError as error:
            self._refused = values
            warnings.warn(
                f"{error} (the running stream keeps the value before)", NeuralboardWarning, 2
            )
            return
        if natives.changes_latency(self.native, self.values, values):
            self._refused = values
            warnings.warn(
                f"a property of {name} that sets its latency was changed in a running stream; it"
                " takes effect when the next stream opens",
                LatencyChangeWarning,
                stacklevel=2,
            )
            return
        self.take(values)

    def take(self, values: tuple[Any, ...]) -> None:
        """Set the clone's properties."""
        names = natives.property_names(self.native)
        for name, old, new in zip(names, self.values, values, strict=True):
            if old != new:
                setattr(self.plugin, name, new)
        self.values = values
        self._refused = None


def _no_values(native: Any) -> tuple[Any, ...]:
    return ()


class NativeVoice(Voice):
    """What direct and chunk voices share: the clones, their container, withheld samples."""

    def __init__(self, run: list[Any], sample_rate: int, channels: int) -> None:
        super().__init__(sample_rate, channels)
        self._followers = [Follower(native, sample_rate, channels) for native in run]
        self.title = " | ".join(natives.native_class(native).__name__ for native in run)
        self._inner = Chain([f.plugin for f in self._followers])
        self._rate = float(sample_rate)
        self._guard = BrokenSamples(f"the output of {self.title}")
        self._empty = np.zeros((channels, 0), np.float32)

    def _call(self, block: Audio, buffer_size: int) -> Audio:
        return self._inner.process(block, self._rate, buffer_size, False)

    def _follow(self) -> None:
        for follower in self._followers:
            follower.follow()

    def reusable(self) -> bool:
        for follower in self._followers:
            new = follower.changed()
            if new is not None and natives.changes_latency(follower.native, follower.values, new):
                return False
        return True

    def _take_all(self) -> None:
        """Take all properties over: before the container's reset, since after it they ramp."""
        for follower in self._followers:
            new = follower.changed()
            if new is not None:
                natives.check_values(follower.native, new, self.sample_rate)
                follower.take(new)

    def _withheld(self, buffer_size: int) -> int:
        """Return the samples that the run withholds, measured once by feeding silence."""
        keys = [
            (natives.native_class(f.native), _hashable(f.values), id(f.native) if f.hosted else 0)
            for f in self._followers
            if natives.native_class(f.native).__name__ not in _WITHHOLD_NOTHING
        ]
        if not keys:
            return 0
        key = (tuple(keys), self.sample_rate, self.channels, buffer_size)
        if key not in _measured:
            _measured[key] = measure_withheld(self._inner, *key[1:], title=self.title)
        return _measured[key]


_WITHHOLD_NOTHING = frozenset({
    "Bitcrush", "Chorus", "Clipping", "Compressor", "Delay", "Distortion", "LadderFilter",
    "Limiter", "NoiseGate", "Phaser", "Reverb",
})  # fmt: skip

_measured: dict[Any, int] = {}


def _hashable(values: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(str(value) for value in values)


def measure_withheld(
    inner: Any, sample_rate: int, channels: int, buffer_size: int, *, title: str = "the effect"
) -> int:
    """Return how many samples a pedalboard container holds back, by feeding it silence.

    The container is left reset. The most that it ever owed counts, over two seconds after its
    first sample, since some (MP3Compressor) give their output in uneven portions.

    Raises
    ------
    AudioError
        Where nothing comes out for 60 s.
    """
    inner.reset()
    silence = np.zeros((channels, buffer_size), np.float32)
    fed = got = most = since_first = 0
    while since_first < 2 * sample_rate:
        got += inner.process(silence, float(sample_rate), buffer_size, False).shape[1]
        fed += buffer_size
        most = max(most, fed - got)
        since_first += buffer_size if got else 0
        if not got and fed > 60 * sample_rate:
            raise AudioError(
                f"{title} gave no sample in 60 s of silence at {sample_rate} Hz; it can't be"
                " streamed"
            )
    inner.reset()
    return most


class DirectVoice(NativeVoice):
    """A primed run of effects that take blocks of any size exactly."""

    def __init__(self, run: list[Any], sample_rate: int, channels: int) -> None:
        super().__init__(run, sample_rate, channels)
        self._call(np.zeros((channels, PRIME), np.float32), PRIME)
        self.latency = self._withheld(PRIME)
        self.causes = {self.title: self.latency} if self.latency else {}
        self._late = cpp_ext.Fifo(channels, PRIME + self.latency) if self.latency else None
        self._zeros = np.zeros((channels, self.latency), np.float32)
        self._begin()

    def _begin(self) -> None:
        self._inner.reset()
        self._call(self._empty, PRIME)  # fixes the layout, so that a (2, 1) block is no (1, 2)
        if self._late is not None:
            self._late.clear()
            self._late.push(self._zeros)

    def reset(self) -> None:
        self._take_all()
        self._guard.reset()
        self._begin()

    def process(self, block: Audio, side: Sidechains | None = None) -> Audio:
        self._follow()
        if block.shape[1] == 0:
            return self._empty
        out = self._call(block, PRIME)
        if self._late is not None:
            self._late.push(out)
            out = self._late.pop(block.shape[1])
        clean = self._guard.clean(out)
        if clean is not out:  # broken numbers came from inside: its state is not to be trusted
            self._begin()
        return clean

    def render(self, audio: Audio, side: Sidechains | None = None) -> Audio:
        """Process a whole recording in one call: nothing is cut, copied and put together."""
        num_samples = audio.shape[1]
        if num_samples == 0:
            return audio.copy()
        whole = np.concatenate([audio, self._zeros], axis=1) if self.latency else audio
        out = self._call(whole, PRIME)
        if out.shape[1] == num_samples and not self._guard.finds(out):
            return out
        self._begin()  # block by block, so that no more is lost than the block that broke
        return push_through(self, audio, side)


def priming_works(native: Any) -> bool:
    """Try on a second of noise whether a class streams exactly after priming."""
    rate, rng = 48_000, np.random.default_rng(0)
    noise = rng.uniform(-1, 1, (2, rate)).astype(np.float32)
    try:
        whole = natives.clone(native).process(noise, float(rate))
        voice = DirectVoice([native], rate, 2)
        out, start = [], 0
        for size in (1, 7, 512, 3000, 64, 20_000, rate):
            out.append(voice.process(np.ascontiguousarray(noise[:, start : start + size])))
            start += size
    except (RuntimeError, ValueError):
        return False
    got = np.concatenate(out, axis=1)[:, voice.latency :]
    return bool(np.array_equal(got, whole[:, : got.shape[1]]))


class ChunkVoice(NativeVoice):
    """A run of effects that is only ever given blocks of exactly 512 samples."""

    def __init__(self, run: list[Any], sample_rate: int, channels: int) -> None:
        self._leased: list[Any] = []
        super().__init__(run, sample_rate, channels)
        self._lease()
        try:
            owed = self._withheld(CHUNK)
        except BaseException as error:
            self.close()
            if isinstance(error, (RuntimeError, ValueError)) and not isinstance(error, AudioError):
                raise AudioError(
                    f"{self.title} refuses {channels} channel(s) at {sample_rate} Hz: {error}"
                ) from None
            raise
        self.latency = CHUNK - 1 + owed
        self.causes = {"chunk": CHUNK - 1} | ({self.title: owed} if owed else {})
        # A call on many chunks at once is exact while no effect but the last withholds samples:
        # else the chunks of those behind it would shift inside the call.
        self._many = len(run) == 1
        self._clip = natives.native_class(run[0]).__name__ == "MP3Compressor"
        self._early = cpp_ext.Fifo(channels, 2 * CHUNK)
        self._late = cpp_ext.Fifo(channels, 2 * CHUNK + self.latency)
        self._begin()

    def _lease(self) -> None:
        for follower in self._followers:
            if not follower.hosted:
                continue
            with _lease_lock:
                if id(follower.native) in _leases:
                    raise StreamError(
                        f"the plug-in {follower.native.name!r} runs in another stream already and"
                        " can't be cloned; close that stream or load the plug-in once more"
                    )
                _leases.add(id(follower.native))
            self._leased.append(follower.native)
        self.poolable = not self._leased  # others may want the plug-in

    def close(self) -> None:
        with _lease_lock:
            for native in self._leased:
                _leases.discard(id(native))
            self._leased.clear()

    def _begin(self) -> None:
        self._inner.reset()
        self._early.clear()
        self._late.clear()
        self._late.push(np.zeros((self.channels, self.latency), np.float32))

    def reset(self) -> None:
        self._take_all()
        self._guard.reset()
        self._begin()

    def process(self, block: Audio, side: Sidechains | None = None) -> Audio:
        self._follow()
        num_samples = block.shape[1]
        if num_samples == 0:
            return self._empty
        self._early.push(np.clip(block, -LOUDEST_MP3, LOUDEST_MP3) if self._clip else block)
        ready = self._early.size // CHUNK * CHUNK
        if ready:
            step = ready if self._many else CHUNK
            for _ in range(0, ready, step):
                out = self._call(self._early.pop(step), CHUNK)
                clean = self._guard.clean(out)
                if clean is not out:
                    self._inner.reset()
                self._late.push(clean)
        if self._late.size < num_samples:
            raise StreamError(
                f"{self.title} withheld more samples than it did on silence; its latency is not"
                " constant, use it one-shot"
            )
        return self._late.pop(num_samples)


_leases: set[int] = set()
_lease_lock = threading.Lock()


class WholeVoice(Voice):
    """An effect that needs the whole recording: one-shot only, by pedalboard's own call."""

    streamable = False

    def __init__(self, native: Any, sample_rate: int, channels: int) -> None:
        super().__init__(sample_rate, channels)
        self.whole_name = natives.native_class(native).__name__
        self._native = native
        self._guard = BrokenSamples(f"the output of {self.whole_name}")
        natives.check_values(native, natives.read_values(native), sample_rate)

    def reset(self) -> None:
        self._guard.reset()

    def render(self, audio: Audio, side: Sidechains | None = None) -> Audio:
        if audio.shape[1] == 0:
            return audio.copy()
        if audio.shape[1] > 600 * self.sample_rate:
            warnings.warn(
                f"{self.whole_name} takes the whole recording of"
                f" {audio.shape[1] / self.sample_rate / 60:.0f} minutes into memory at once",
                NeuralboardWarning,
                stacklevel=2,
            )
        # Two rows of one sample would be read as one channel of two: pad, then cut.
        padded = np.zeros((audio.shape[0], max(audio.shape[1], self.channels + 1)), np.float32)
        padded[:, : audio.shape[1]] = audio
        out = natives.clone(self._native).process(padded, float(self.sample_rate))
        return self._guard.clean(np.ascontiguousarray(out[:, : audio.shape[1]]))
