# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of one-shot calls: shape, repetition, silence, broken numbers, formats, copies."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np

from neuralboard import cpp_ext
from neuralboard.audio import Audio
from neuralboard.board import Board
from neuralboard.conformance import (
    NULL_DB,
    RATES,
    Bench,
    Check,
    Fault,
    difference,
    finite_output,
    level_db,
    must,
    signal_of,
)
from neuralboard.errors import AudioError
from neuralboard.presets import from_json, to_json
from neuralboard.processor import Processor

__all__ = ["call_checks"]

# The codec itself answers digital silence with noise at -66 dBFS (pedalboard's own call too).
_HUMS = ("GSMFullRateCompressor",)
# Another order of additions (a channel alone in a vector register) is no other sound.
_ROUNDING = 2e-6
_SMALLEST_NORMAL = np.finfo(np.float32).tiny


def call_checks(bench: Bench) -> Iterator[Check]:
    """Give the checks that any box passes, one that can't stream included."""
    checks = _Calls(bench)
    yield "call: shape, type, length, input untouched", checks.call
    yield "call: float64, mono and [samples, channels] give the same", checks.layouts
    yield "repeat: the same call gives the same samples", checks.repeat
    yield "silence in, silence out", checks.silence
    yield "broken numbers stay outside", checks.broken
    yield "rates and channels", checks.formats
    if bench.own and not bench.box.links_channels:
        yield "channels: each sounds as it does alone", checks.each_channel
    yield "copies: preset, pickle, deepcopy", checks.copies


class _Calls:
    def __init__(self, bench: Bench) -> None:
        self.bench, self.box, self.processor = bench, bench.box, bench.processor
        self.audio, self.rate = bench.audio, bench.rate

    def _run(self, audio: Audio, rate: int | None = None, processor: Any = None) -> Audio:
        return self.bench.first((processor or self.processor)(audio, rate or self.rate))

    def call(self) -> None:
        for audio in (self.audio, self.audio[:, :100], self.audio[:, :1], self.audio[:, :0]):
            audio = np.ascontiguousarray(audio)
            if audio.shape[1] == 1 and audio.shape[0] > 1:  # pedalboard's rule would turn it
                if not self.bench.accepts(self.rate, 1):
                    continue
                audio = audio[:1]
            before = audio.copy()
            with finite_output():
                out = self._run(audio)
            must(np.array_equal(before, audio), "it changed its input; work on a copy")
            must(out.shape == audio.shape, f"gave shape {out.shape} for {audio.shape}")
            must(out.dtype == np.float32, f"gave {out.dtype}, not float32")
            must(bool(np.isfinite(out).all()), "gave NaN or Inf for finite audio")
            must(out.flags.writeable, "gave a read-only array")
            if cpp_ext.HAVE_EXTENSION:  # the NumPy twin can't flush them
                tiny = np.count_nonzero((out != 0) & (np.abs(out) < _SMALLEST_NORMAL))
                must(tiny == 0, f"gave {tiny} denormal samples")

    def layouts(self) -> None:
        want = self._run(self.audio)
        turned = np.ascontiguousarray(self.audio.T)
        if self.bench.channels > 1:
            got = self._run(turned)
            must(got.shape == turned.shape, f"gave shape {got.shape} for {turned.shape}")
            must(difference(got.T, want) == 0, "[samples, channels] gives other samples")
        got = self._run(self.audio.astype(np.float64))
        must(got.dtype == np.float32, f"gave {got.dtype} for float64 audio, not float32")
        must(difference(got, want) == 0, "float64 audio gives other samples than float32")
        if self.bench.accepts(self.rate, 1):
            mono = self._run(self.audio[0])
            must(mono.shape == self.audio[0].shape, f"gave shape {mono.shape} for [samples]")
            must(difference(mono[None], self._run(self.audio[:1])) == 0, "[samples] differs")

    def repeat(self) -> None:
        first = self._run(self.audio)
        twins = [copy.deepcopy(self.processor) for _ in range(2)]
        worst = difference(*(self._run(self.audio, processor=twin) for twin in twins))
        must(
            worst == 0,
            f"two copies give different samples for the same audio (by {worst:.2g}): it is not"
            " deterministic (seed random numbers in start()), or keeps state on its class",
        )
        self._run(np.ascontiguousarray(self.audio[:, ::-1]))
        worst = difference(first, self._run(self.audio))
        must(
            worst == 0,
            "the same call gave other samples after another recording: state leaks between calls"
            f" (difference {worst:.2g}); keep it in what start() returns",
        )
        for name, value in self.bench.values.items():
            now = self.box._values[name]
            must(
                now is value or bool(np.array_equal(now, value)),
                f"processing changed its own parameter {name} from {value!r} to {now!r}",
            )

    def silence(self) -> None:
        zeros = np.zeros((self.bench.channels, self.rate), np.float32)
        level = level_db(self._run(zeros))
        if type(getattr(self.box, "processor", self.box)).__name__ in _HUMS:
            return
        must(level < NULL_DB, f"silence came out at {level:.0f} dBFS")

    def broken(self) -> None:
        before = self._run(self.audio)
        spoilt = self.audio.copy()
        spoilt[:, 1000] = np.nan
        spoilt[:, 2000] = np.inf
        spoilt[:, 3000] = 1e20
        out = self._run(spoilt)
        must(bool(np.isfinite(out).all()), "gave NaN or Inf after broken samples in the input")
        loud = np.asarray(self.audio * np.float32(1e8), np.float32)
        out = self._run(loud)
        must(bool(np.isfinite(out).all()), "gave NaN or Inf for very loud audio")
        after = self._run(self.audio)
        must(difference(before, after) == 0, "broken samples poisoned a state that was kept")
        if self.processor.streamable:
            self._recovers(loud)

    def _recovers(self, loud: Audio) -> None:
        """After half a second at +160 dBFS, three seconds of sound must bring sound back."""
        half = self.rate // 2
        noise = np.random.default_rng(4).uniform(-0.1, 0.1, (self.bench.channels, 3 * self.rate))
        sound = noise.astype(np.float32)
        last = []
        for begin in (np.zeros_like(loud[:, :half]), loud[:, :half]):
            with self.processor.stream(self.rate, self.bench.channels) as stream:
                stream.process(begin)
                parts = [
                    self.bench.first(stream.process(sound[:, at : at + 4096]))
                    for at in range(0, sound.shape[1], 4096)
                ]
            last.append(level_db(np.concatenate(parts, axis=-1)[..., -half:]))
        must(
            last[1] > last[0] - 40.0 or last[0] < -60.0,
            f"three seconds after very loud audio it gives {last[1]:.0f} dBFS where"
            f" {last[0]:.0f} dBFS is right: its state is poisoned",
        )

    def formats(self) -> None:
        for rate in RATES:
            for channels in (1, 2, 3, 32) if rate == self.rate else (1, 2):
                where = f"{rate} Hz, {channels} channel{'s' if channels > 1 else ''}"
                try:
                    if not self.bench.accepts(rate, channels):
                        continue
                    audio = signal_of(rate, channels, 0.1, seed=channels)
                    out = self._run(audio, rate)
                except AudioError as error:
                    raise Fault(
                        f"{where}: refused in the stream, not at its opening: {error}"
                    ) from None
                except Exception as error:
                    raise Fault(
                        f"{where}: raised {type(error).__name__}: {error}; refuse what it can't do"
                        " by AudioError in check_stream"
                    ) from None
                must(out.shape == audio.shape, f"{where}: gave {out.shape} for {audio.shape}")

    def each_channel(self) -> None:
        if not self.bench.accepts(self.rate, 1):
            return
        out = self._run(self.audio)
        for number, row in enumerate(self.audio):
            alone = self._run(row[None])
            worst = difference(out[number : number + 1], alone)
            must(
                worst <= max(self.bench.tolerance, _ROUNDING),
                f"channel {number} differs by {worst:.2g} from the same channel processed alone:"
                " channels are mixed, swapped or left out; where that is meant, say"
                " links_channels = True",
            )

    def copies(self) -> None:
        want = self._run(self.audio)
        text = to_json(self.box)
        for name, make in (
            ("preset", lambda: from_json(text, allow_vst3=True)),
            ("pickle", lambda: pickle.loads(pickle.dumps(self.processor))),  # noqa: S301 (ours)
            ("deepcopy", lambda: copy.deepcopy(self.processor)),
        ):
            try:
                twin: Any = make()
            except Exception as error:
                raise Fault(
                    f"a copy by {name} failed: {type(error).__name__}: {error}; keep in parameters"
                    " what must be kept, and define the class in a module"
                ) from None
            board = twin if isinstance(twin, Processor) else Board([twin])
            worst = difference(self._run(self.audio, processor=board), want)
            must(
                worst == 0,
                f"a copy by {name} gives other samples (by {worst:.2g}): what it depends on is no"
                " parameter",
            )
            if name == "preset":
                must(to_json(twin) == text, "the preset of its preset is another one")
            elif self.bench.own:
                must(twin == self.box, f"a copy by {name} is not equal to the original")
