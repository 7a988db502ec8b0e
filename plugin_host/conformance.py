# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks of the conformance suite: one method per promise of the contract."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from neuralboard.audio import Audio
from neuralboard.board import Board
from neuralboard.effect import EffectBase
from neuralboard.errors import AudioError, ParameterError, StreamingNotSupported
from neuralboard.parameter import Parameter
from neuralboard.presets import from_json, to_json
from neuralboard.processor import Processor

__all__ = ["SCHEDULE", "Fault", "Tester", "signal_of"]

SCHEDULE = (512, 64, 1024, 7, 1, 0, 8192, 3, 2048, 100)
RATES = (8_000, 16_000, 44_100, 48_000, 96_000)
NULL_DB = -100.0
# The codec itself answers digital silence with noise at -66 dBFS (pedalboard's own call too).
_HUMS = ("GSMFullRateCompressor",)


class Fault(Exception):
    """One broken promise."""

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


class Tester:
    """Runs the checks on one box at a rate and channel count that it can do."""

    def __init__(self, box: Any, processor: Processor, tolerance: float) -> None:
        self.box, self.processor, self.tolerance = box, processor, tolerance
        self.rate, self.channels = self._supported_format()
        self.audio = signal_of(self.rate, self.channels)

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

    def checks(self) -> Iterator[tuple[str, Callable[[], None]]]:
        yield "call: shape, type, length, input untouched", self.call
        yield "repeat: the same call gives the same samples", self.repeat
        if self.processor.streamable:
            yield "stream: any block schedule equals one-shot", self.schedules
            yield "streams: two at once do not disturb each other", self.two_streams
            yield "stream: outputs are not overwritten later", self.outputs_stay
            yield "stream: reset begins anew", self.stream_reset
            yield "latency: declared = measured", self.latency
        else:
            yield "stream: says that it can't", self.refuses_stream
        yield "silence in, silence out", self.silence
        yield "broken numbers stay outside", self.broken
        yield "rates and channels", self.formats
        yield "copies: preset, pickle, deepcopy", self.copies
        if isinstance(self.box, EffectBase):
            yield "parameters: ranges are checked", self.parameters
            yield "mix=0 and bypass: the delayed input", self.dry
            if self.processor.streamable:
                yield "parameters: a change ramps, alike under any schedule", self.ramps

    # ------------------------------------------------------------------ the checks
    def call(self) -> None:
        for audio in (self.audio, self.audio[:, :100], self.audio[:, :0], self.audio[0]):
            audio = np.ascontiguousarray(audio)
            before = audio.copy()
            out = self._one(self.processor(audio, self.rate))
            _must(np.array_equal(before, audio), "it changed its input; work on a copy")
            _must(out.shape == audio.shape, f"gave shape {out.shape} for {audio.shape}")
            _must(out.dtype == np.float32, f"gave {out.dtype}, not float32")
            _must(bool(np.isfinite(out).all()), "gave NaN or Inf for finite audio")

    def repeat(self) -> None:
        first = self.processor(self.audio, self.rate)
        self.processor(self.audio[:, ::-1].copy(), self.rate)
        again = self.processor(self.audio, self.rate)
        _must(
            np.array_equal(first, again),
            "the same call gave other samples after another recording: state leaks between calls"
            f" (difference {_difference(first, again):.2g})",
        )

    def schedules(self) -> None:
        want = self._one(self.processor(self.audio, self.rate))
        rng = np.random.default_rng(1)
        random = tuple(int(n) for n in rng.integers(0, 3000, 40))
        for name, sizes in (("fixed", SCHEDULE), ("random", random), ("long", (10**6,))):
            got = self._streamed(self.processor, self.audio, sizes)
            _must(
                got.shape == want.shape, f"streamed {got.shape[-1]} samples, not {want.shape[-1]}"
            )
            worst = _difference(got, want)
            _must(
                worst <= self.tolerance,
                f"{name} blocks differ from one-shot by {worst:.2g}: the result depends on the"
                " block schedule, or the declared latency is wrong",
            )

    def two_streams(self) -> None:
        other = self.audio[:, ::-1].copy()
        alone = self._streamed(self.processor, self.audio, (256,))
        with (
            self.processor.stream(self.rate, self.channels) as a,
            self.processor.stream(self.rate, self.channels) as b,
        ):
            parts = []
            for start in range(0, self.audio.shape[1], 256):
                parts.append(self._one(a.process(self.audio[:, start : start + 256])))
                b.process(other[:, start : start + 256])
            parts.append(self._one(a.flush()))
            latency = a.latency
        both = np.concatenate(parts, axis=-1)[..., latency:]
        _must(
            _difference(both, alone) <= self.tolerance,
            "two streams of one box disturb each other: keep state in start(), not on self",
        )

    def outputs_stay(self) -> None:
        with self.processor.stream(self.rate, self.channels) as stream:
            first = stream.process(self.audio[:, :512])
            kept = first.copy()
            stream.process(self.audio[:, 512:1024])
            _must(np.array_equal(first, kept), "a later block overwrote an earlier output; copy it")

    def stream_reset(self) -> None:
        with self.processor.stream(self.rate, self.channels) as stream:
            first = stream.process(self.audio[:, :6000])
            stream.reset()
            again = stream.process(self.audio[:, :6000])
        _must(_difference(first, again) <= self.tolerance, "reset() left state behind")

    def latency(self) -> None:
        for rate in self._rates():
            declared = self.processor.latency(rate, self.channels)
            with self.processor.stream(rate, self.channels) as stream:
                _must(stream.latency == declared, f"latency {declared} became {stream.latency}")
        box = self.box
        if not isinstance(box, EffectBase):
            return
        audio = signal_of(self.rate, self.channels, 0.5, seed=3)
        if box.neutral:
            box = copy.deepcopy(box)
            for name, value in box.neutral.items():
                setattr(box, name, value)
        out = self._one(box(audio, self.rate))
        self._aligned(audio, out, bool(box.neutral))

    def _aligned(self, audio: Audio, out: Audio, neutral: bool) -> None:
        """Find the lag of the output by cross-correlation; 0 once the latency is removed."""
        size = 1 << (2 * audio.shape[1] - 1).bit_length()
        spectrum = np.fft.rfft(out, size) * np.conj(np.fft.rfft(audio, size))
        correlation = np.fft.irfft(spectrum, size).sum(axis=0)
        energy = np.sqrt(np.sum(audio.astype(float) ** 2) * np.sum(out.astype(float) ** 2))
        peak = int(np.argmax(np.abs(correlation)))
        if energy == 0 or abs(correlation[peak]) < 0.5 * energy:
            _must(not neutral, f"with {self.box.neutral} the output does not resemble the input")
            return
        lag = peak if peak < size // 2 else peak - size
        _must(
            lag == 0,
            f"the declared latency is wrong by {lag:+d} samples (measured by correlation); declare"
            " it in latency_samples",
        )
        if neutral:
            null = _db(out - audio) - _db(audio)
            _must(null < -60.0, f"with {self.box.neutral} it nulls to {null:.0f} dB only")

    def refuses_stream(self) -> None:
        try:
            self.processor.stream(self.rate, self.channels)
        except StreamingNotSupported:
            return
        raise Fault("streamable is False, but a stream opened")

    def silence(self) -> None:
        zeros = np.zeros((self.channels, self.rate // 2), np.float32)
        level = _db(self._one(self.processor(zeros, self.rate)))
        if type(self.box).__name__ in _HUMS:
            return
        _must(level < NULL_DB, f"silence came out at {level:.0f} dBFS")

    def broken(self) -> None:
        spoilt = self.audio.copy()
        spoilt[:, 1000] = np.nan
        spoilt[:, 2000] = np.inf
        spoilt[:, 3000] = 1e20
        out = self._one(self.processor(spoilt, self.rate))
        _must(bool(np.isfinite(out).all()), "gave NaN or Inf after broken samples in the input")
        loud = np.asarray(self.audio * np.float32(1e8), np.float32)
        out = self._one(self.processor(loud, self.rate))
        _must(bool(np.isfinite(out).all()), "gave NaN or Inf for very loud audio")
        clean = self.processor(self.audio, self.rate)
        again = self.processor(self.audio, self.rate)
        _must(np.array_equal(clean, again), "broken samples poisoned a state that was kept")

    def formats(self) -> None:
        for rate in self._rates():
            for channels in (1, 2, 3):
                try:
                    self.processor.open(rate, channels).close()
                except AudioError:
                    continue
                audio = signal_of(rate, channels, 0.1, seed=channels)
                out = self._one(self.processor(audio, rate))
                _must(out.shape == audio.shape, f"{rate} Hz, {channels} channels: {out.shape}")

    def copies(self) -> None:
        want = self.processor(self.audio, self.rate)
        for name, twin in (
            ("preset", from_json(to_json(self.box), allow_vst3=True)),
            ("pickle", pickle.loads(pickle.dumps(self.processor))),  # noqa: S301 (our own bytes)
            ("deepcopy", copy.deepcopy(self.processor)),
        ):
            twin = twin if isinstance(twin, Processor) else Board([twin])
            got = twin(self.audio, self.rate)
            _must(np.array_equal(got, want), f"a copy by {name} gives other samples")

    def parameters(self) -> None:
        box = copy.deepcopy(self.box)
        for name, descriptor in box.parameters.items():
            if not isinstance(descriptor, Parameter):
                continue
            for bad in (float("nan"), "loud", descriptor.maximum + 1, descriptor.minimum - 1):
                if isinstance(bad, float) and np.isinf(bad):
                    continue
                try:
                    setattr(box, name, bad)
                except ParameterError:
                    continue
                raise Fault(f"{name} = {bad!r} was accepted")

    def dry(self) -> None:
        for name, value in (("mix", 0.0), ("bypass", True)):
            box = copy.deepcopy(self.box)
            setattr(box, name, value)
            out = self._one(box(self.audio, self.rate))
            null = _db(out - self.audio)
            _must(null < NULL_DB, f"with {name}={value} it nulls to {null:.0f} dB only")

    def ramps(self) -> None:
        numbers = {
            name: d for name, d in self.box.parameters.items()
            if isinstance(d, Parameter) and not d.next_stream
        }  # fmt: skip
        for name, descriptor in numbers.items():
            ends = [v for v in (descriptor.minimum, descriptor.maximum) if np.isfinite(v)]
            if not ends:
                continue
            outs = []
            for sizes in ((500,), (77, 1, 422)):
                box = copy.deepcopy(self.box)
                outs.append(self._changed(box, name, ends[0], sizes))
            worst = _difference(*outs)
            _must(
                worst <= self.tolerance,
                f"a change of {name} gives other samples under other blocks (by {worst:.2g})",
            )

    # ------------------------------------------------------------------ helpers
    def _changed(self, box: Any, name: str, value: float, sizes: tuple[int, ...]) -> Audio:
        """Stream with a change at sample 5000, where both schedules have a block boundary."""
        parts = []
        with box.stream(self.rate, self.channels) as stream:
            for start in range(0, 10_000, 500):
                if start == 5000:
                    setattr(box, name, value)
                at = start
                for size in sizes:
                    parts.append(self._one(stream.process(self.audio[:, at : at + size])))
                    at += size
            parts.append(self._one(stream.flush()))
        return np.concatenate(parts, axis=-1)

    def _streamed(self, processor: Processor, audio: Audio, sizes: tuple[int, ...]) -> Audio:
        parts, start, number = [], 0, 0
        with processor.stream(self.rate, self.channels) as stream:
            while start < audio.shape[1]:
                size = sizes[number % len(sizes)]
                part = self._one(stream.process(audio[:, start : start + size]))
                wanted = min(size, audio.shape[1] - start)
                _must(part.shape[-1] == wanted, f"gave {part.shape[-1]} samples for {wanted}")
                parts.append(part)
                start, number = start + size, number + 1
            parts.append(self._one(stream.flush()))
            latency = stream.latency
        return np.concatenate(parts, axis=-1)[..., latency:]

    def _one(self, out: Audio) -> Audio:
        """Return the first output of a box that gives several."""
        stems = getattr(self.box, "stems", ())
        return out[0] if stems and getattr(self.box, "stem", None) is None else out

    def _rates(self) -> list[int]:
        found = []
        for rate in RATES:
            try:
                self.processor.open(rate, self.channels).close()
            except AudioError:
                continue
            found.append(rate)
        return found


def _must(holds: bool, fault: str) -> None:
    if not holds:
        raise Fault(fault)


def _difference(a: Audio, b: Audio) -> float:
    return float(np.max(np.abs(a - b), initial=0.0))


def _db(audio: Audio) -> float:
    return float(20.0 * np.log10(np.sqrt(np.mean(audio.astype(float) ** 2)) + 1e-12))
