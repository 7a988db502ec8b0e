# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of streams: block schedules, memory of their own, measured latency."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator
from typing import Any

import numpy as np

from neuralboard.audio import Audio
from neuralboard.conformance import (
    SCHEDULE,
    Bench,
    Check,
    Fault,
    difference,
    level_db,
    must,
    signal_of,
)
from neuralboard.errors import StreamingNotSupported

__all__ = ["stream_checks"]

# Sizes that hosts use and that others' validators try, and the neighbours of usual hops.
_ODD = (10, 17, 65, 480, 1536, 2027, 127, 128, 129, 511, 513, 255, 257)
# 400 blocks may not need more than this many bytes beyond what 50 needed.
_GROWTH = 65_536


def stream_checks(bench: Bench) -> Iterator[Check]:
    """Give the checks of a box in a stream, or the one that says that it can't."""
    checks = _Streams(bench)
    if not bench.processor.streamable:
        yield "stream: says that it can't", checks.refuses
        return
    yield "stream: any block schedule equals one-shot", checks.schedules
    yield "streams: two at once do not disturb each other", checks.two_at_once
    yield "stream: blocks of the caller are not kept, nor own memory given away", checks.buffers
    yield "stream: reset begins anew", checks.reset
    yield "stream: memory does not grow", checks.memory
    if checks.tells():
        yield "controls: one value per sample, alike under any schedule", checks.controls
    yield "latency: declared = measured", checks.latency


class _Streams:
    def __init__(self, bench: Bench) -> None:
        self.bench, self.box, self.processor = bench, bench.box, bench.processor
        self.audio, self.rate, self.channels = bench.audio, bench.rate, bench.channels
        self.tolerance = bench.tolerance

    def refuses(self) -> None:
        try:
            self.processor.stream(self.rate, self.channels)
        except StreamingNotSupported:
            pass
        else:
            raise Fault("streamable is False, but a stream opened")
        try:
            self.processor(self.audio, self.rate, reset=False)
        except StreamingNotSupported:
            return
        raise Fault("streamable is False, but reset=False was taken")

    def schedules(self) -> None:
        want = self.bench.first(self.processor(self.audio, self.rate))
        rng = np.random.default_rng(1)
        random = tuple(int(n) for n in rng.integers(0, 3000, 40))
        hop = getattr(self.box, "hop_length", 256)
        schedules = {
            "fixed": SCHEDULE,
            "odd": (*_ODD, hop - 1, hop, hop + 1),
            "random (seed 1)": random,
            "longer than the file": (10**6,),
        }
        for name, sizes in schedules.items():
            got = self.bench.streamed(self.processor, self.audio, sizes)
            must(got.shape == want.shape, f"streamed {got.shape[-1]} samples, not {want.shape[-1]}")
            worst = difference(got, want)
            must(
                worst <= self.tolerance,
                f"{name} blocks differ from one-shot by {worst:.2g}: the result depends on the"
                " block schedule, or the declared latency is wrong",
            )
        self._side_chain()

    def _side_chain(self) -> None:
        voice = self.bench.listening.open(self.rate, self.channels)
        names = voice.sidechains
        voice.close()
        if not names:
            return
        sides = {
            name: signal_of(self.rate, self.channels, seed=8 + number)
            for number, name in enumerate(sorted(names))
        }
        before = {name: side.copy() for name, side in sides.items()}
        outs = [
            self.bench.streamed(self.bench.listening, self.audio, sizes, sides=sides)
            for sizes in ((1000,), SCHEDULE)
        ]
        for name, side in sides.items():
            must(np.array_equal(side, before[name]), f"it changed its side chain '{name}'")
        worst = difference(*outs)
        must(worst <= self.tolerance, f"with a side chain, blocks differ by {worst:.2g}")

    def two_at_once(self) -> None:
        other = np.ascontiguousarray(self.audio[:, ::-1])
        alone = self.bench.streamed(self.processor, self.audio, (256,))
        with (
            self.processor.stream(self.rate, self.channels) as a,
            self.processor.stream(self.rate, self.channels) as b,
        ):
            parts = []
            for start in range(0, self.audio.shape[1], 256):
                parts.append(self.bench.first(a.process(self.audio[:, start : start + 256])))
                b.process(other[:, start : start + 256])
            parts.append(self.bench.first(a.flush()))
            latency = a.latency
        both = np.concatenate(parts, axis=-1)[..., latency:]
        must(
            difference(both, alone) <= self.tolerance,
            "two streams of one box disturb each other: keep state in start(), not on self",
        )

    def buffers(self) -> None:
        """Reuse one buffer for all blocks and write over what came out, as live hosts do."""
        want = self.bench.streamed(self.processor, self.audio, (256,))
        for fault, spoil_input, spoil_output in (
            ("it keeps the caller's block, which is reused; remember a copy", True, False),
            ("it gives away memory that it goes on using; return a copy", False, True),
        ):
            parts = []
            with self.processor.stream(self.rate, self.channels) as stream:
                for start in range(0, self.audio.shape[1], 256):
                    block = self.audio[:, start : start + 256].copy()
                    out = stream.process(block)
                    must(out.flags.writeable, "a stream gave a read-only block")
                    parts.append(self.bench.first(out).copy())
                    if spoil_input:
                        block[:] = 0.7
                    if spoil_output:
                        out[:] = 0.7
                parts.append(self.bench.first(stream.flush()))
                latency = stream.latency
            got = np.concatenate(parts, axis=-1)[..., latency:]
            must(difference(got, want) <= self.tolerance, fault)
        with self.processor.stream(self.rate, self.channels) as stream:
            first = stream.process(self.audio[:, :512])
            kept = first.copy()
            stream.process(self.audio[:, 512:1024])
            must(np.array_equal(first, kept), "a later block overwrote an earlier output; copy it")

    def reset(self) -> None:
        with self.processor.stream(self.rate, self.channels) as stream:
            first = stream.process(self.audio[:, :6000])
            stream.reset()
            again = stream.process(self.audio[:, :6000])
        must(difference(first, again) <= self.tolerance, "reset() left state behind")

    def memory(self) -> None:
        block = np.ascontiguousarray(self.audio[:, :256])
        tracing = tracemalloc.is_tracing()
        if not tracing:  # before the stream opens: what replaces its first memory is no growth
            tracemalloc.start()
        try:
            with self.processor.stream(self.rate, self.channels) as stream:
                for _ in range(50):
                    stream.process(block)
                gc.collect()
                before = tracemalloc.get_traced_memory()[0]
                for _ in range(400):
                    stream.process(block)
                gc.collect()
                grown = tracemalloc.get_traced_memory()[0] - before
        finally:
            if not tracing:
                tracemalloc.stop()
        must(grown < _GROWTH, f"400 blocks of 256 samples left {grown} bytes more in memory")

    # ------------------------------------------------------------------ controls
    def tells(self) -> tuple[str, ...]:
        """Return the names of the controls that the box gives."""
        try:
            voice = self.processor.open(self.rate, self.channels)
        except Exception:  # the fault shows in the checks
            return ()
        voice.close()
        return voice.tells

    def controls(self) -> None:
        told = [self._told(sizes) for sizes in ((4096,), SCHEDULE)]
        for name in self.tells():
            values = [each[name] for each in told]
            must(bool(np.isfinite(values[0]).all()), f"it tells NaN or Inf as {name}")
            worst = difference(values[0], values[1])
            must(
                worst <= self.tolerance, f"under other blocks it tells another {name} ({worst:.2g})"
            )

    def _told(self, sizes: tuple[int, ...]) -> dict[str, Audio]:
        """Return the controls of the whole signal, streamed in blocks of these sizes."""
        parts: list[dict[str, Audio]] = []
        start = 0
        with self.processor.stream(self.rate, self.channels) as stream:
            while start < self.audio.shape[1]:
                block = self.audio[:, start : start + sizes[len(parts) % len(sizes)]]
                stream.process(block)
                parts.append(stream.controls)
                start += block.shape[1]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    # ------------------------------------------------------------------ latency
    def latency(self) -> None:
        for rate in self.bench.rates():
            declared = self.processor.latency(rate, self.channels)
            with self.processor.stream(rate, self.channels) as stream:
                must(stream.latency == declared, f"latency {declared} became {stream.latency}")
            if self.bench.own:
                self._correlated(rate)
                if self.box.neutral:
                    self._impulse(rate, declared)

    def _correlated(self, rate: int) -> None:
        """Find the lag of the output by cross-correlation; 0 once the latency is removed."""
        neutral = bool(self.box.neutral)
        box = self.bench.copy(**self.box.neutral)
        audio = signal_of(rate, self.channels, 0.5, seed=3)
        out = self.bench.first(box(audio, rate))
        size = 1 << (2 * audio.shape[1] - 1).bit_length()
        spectrum = np.fft.rfft(out, size) * np.conj(np.fft.rfft(audio, size))
        correlation = np.fft.irfft(spectrum, size).sum(axis=0)
        energy = np.sqrt(np.sum(audio.astype(float) ** 2) * np.sum(out.astype(float) ** 2))
        peak = int(np.argmax(np.abs(correlation)))
        if energy == 0 or abs(correlation[peak]) < 0.5 * energy:
            must(not neutral, f"with {self.box.neutral} the output does not resemble the input")
            return
        lag = peak if peak < size // 2 else peak - size
        # A filter's own delay turns the peak by a sample or so and leaves much at 0; a latency
        # that is wrong leaves nothing there.
        sure = neutral or abs(correlation[0]) < 0.5 * abs(correlation[peak])
        must(
            lag == 0 or not sure,
            f"the declared latency is wrong by {lag:+d} samples at {rate} Hz (measured by"
            " correlation); declare it in latency_samples",
        )
        if neutral and self.box.model_rate in (None, rate):
            null = level_db(out - audio) - level_db(audio)
            must(null < -60.0, f"with {self.box.neutral} it nulls to {null:.0f} dB only")

    def _impulse(self, rate: int, declared: int) -> None:
        """Send a click through the stream; it must come out `declared` samples later."""
        box: Any = self.bench.copy(**self.box.neutral)
        at = rate // 10
        click: Audio = np.zeros((self.channels, at + declared + rate // 10), np.float32)
        click[:, at] = 1.0
        with box.stream(rate, self.channels) as stream:
            parts = [
                self.bench.first(stream.process(click[:, start : start + 480]))
                for start in range(0, click.shape[1], 480)
            ]
        peaks = np.argmax(np.abs(np.concatenate(parts, axis=-1)), axis=-1) - at
        must(
            bool(np.all(peaks == declared)),
            f"a click came out {peaks.tolist()} samples late at {rate} Hz where {declared} is"
            " declared",
        )
