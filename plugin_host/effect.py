# SPDX-License-Identifier: GPL-3.0-or-later
"""Effect: the base of own boxes that work on samples. Parameters and one method make a box.

    class Tremolo(nb.Effect):
        \"\"\"Amplitude modulation by a sine.\"\"\"

        rate_hz = nb.Parameter(5.0, 0.1, 20.0, unit="Hz", doc="modulation frequency")
        depth = nb.Parameter(0.5, 0.0, 1.0, doc="0 leaves the sound alone")

        def start(self, sample_rate, channels):
            return SimpleNamespace(sample_rate=sample_rate, phase=0.0)

        def process_block(self, block, state, p):
            ...
            return block * gain

Layouts, streaming, latency, ramps, mix, bypass, broken numbers, resampling, presets, the command
line and the help text come from here.
"""

from __future__ import annotations

import warnings
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np

from neuralboard import cpp_ext
from neuralboard.audio import Audio
from neuralboard.box_output import checked_block, checked_latency
from neuralboard.errors import AudioError, BoxError, LatencyChangeWarning
from neuralboard.guard import BrokenSamples
from neuralboard.heard import Heard
from neuralboard.parameter import Configurable, Parameter, Setting, Switch
from neuralboard.processor import Processor
from neuralboard.ramp import RAMP_SECONDS, Ramp
from neuralboard.told import Controls, joined, no_controls, split
from neuralboard.voice import Sidechains, Voice

__all__ = ["UNNAMED", "Core", "Effect", "EffectBase", "SampleCore"]


UNNAMED = "sidechain"
"""What a side chain is called where a box gives it no name."""


def _check_name(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("a name is a word")
    return value


class Core:
    """The part of a voice that runs the box's own method: no mix, no guards, no resampling.

    Attributes
    ----------
    latency, causes, stems, streamable, poolable
        As those of a `Voice`.
    sidechains : frozenset of str
        What voices inside listen to; the core then gets the side chains by name, else the one
        array that the box asks for.
    children : tuple of Voice
        Voices inside.
    tells, controls
        As those of a `Voice`.
    """

    latency = 0
    causes: dict[str, int]
    stems: tuple[str, ...] = ()
    streamable = True
    poolable = True
    sidechains: frozenset[str] = frozenset()
    children: tuple[Voice, ...] = ()
    tells: tuple[str, ...] = ()
    controls: Controls = {}

    def process(self, block: Audio, side: Any) -> Audio:
        """Take `[channels, n]`, give as many samples."""
        raise TypeError(f"{type(self).__name__} has no process method")

    def render(self, audio: Audio, side: Any) -> Audio:
        """Take a whole recording where `streamable` is False."""
        raise TypeError(f"{type(self).__name__} has no render method")

    def reusable(self) -> bool:
        """Return False where `restart` is not enough."""
        return True

    def close(self) -> None:
        """Give back what is held."""

    def restart(self) -> None:
        """Forget everything."""
        raise TypeError(f"{type(self).__name__} has no restart method")


class EffectBase(Configurable, Processor):
    """What `Effect` and `SpectralEffect` share: mix, bypass, name, and the voice around the core.

    Attributes
    ----------
    model_rate : int or None
        The one rate (Hz) at which the box works; other rates are converted inside, at a latency
        that is exact. None: any rate.
    uses_sidechain : bool
        True where the process method takes a fourth argument, the side chain (or None).
    tells : tuple of str
        Names of controls (a gain reduction): process_block then returns (block, controls), name →
        one value per sample. They tell of the effect itself, before mix and bypass.
    neutral : dict
        Parameter values at which the box passes audio unchanged, for tests of its latency.
    links_channels : bool
        True where what one channel gives depends on the others (a centre extractor, a linked
        compressor); else the tests hold each channel against itself alone.
    """

    mix = Parameter(1.0, 0.0, 1.0, doc="0 is the dry sound, aligned; 1 the effect alone")
    bypass = Switch(False, doc="pass the sound through, aligned and without a click")
    name = Setting(None, check=_check_name, expects="a word", doc="to address this box by")

    model_rate: int | None = None
    uses_sidechain: bool = False
    tells: tuple[str, ...] = ()
    neutral: ClassVar[dict[str, Any]] = {}
    links_channels: bool = False

    def start(self, sample_rate: int, channels: int) -> Any:
        """Return the state of a new voice: anything the process method needs to remember."""
        return None

    def side_chain(self) -> str | None:
        """Return the name of the side chain that the box listens to now; None: to none."""
        if not self.uses_sidechain:
            return None
        return getattr(self, "sidechain", None) or UNNAMED

    def check_stream(self, sample_rate: int, channels: int) -> None:
        """Raise `AudioError` for a rate or channel count that this box can't do."""

    def _core(self, sample_rate: int, channels: int) -> Core:
        raise TypeError(f"{type(self).__name__} must derive from Effect or SpectralEffect")

    def _open(self, sample_rate: int, channels: int) -> Voice:
        self.check_stream(sample_rate, channels)
        return EffectVoice(self, sample_rate, channels)


class Effect(EffectBase):
    """Base of boxes that work on samples; see the module's docstring for an example."""

    def process_block(self, block: Audio, state: Any, p: Any) -> Audio | tuple[Audio, Controls]:
        """Process `[channels, n]` float32 (read-only), n ≥ 1, and return as many samples.

        `p.depth` is the value as heard: a scalar while constant, else `[n]`. A box with `tells`
        returns (block, controls).
        """
        raise BoxError(
            f"{type(self).__name__} has no process_block; write"
            " process_block(self, block, state, p) and return a block of the same shape"
        )

    def latency_samples(self, sample_rate: int) -> int:
        """Return the samples by which process_block delays the sound."""
        return 0

    def _core(self, sample_rate: int, channels: int) -> Core:
        return SampleCore(self, sample_rate, channels)


class SampleCore(Core):
    """Runs `process_block`, cut where a ramp starts or ends."""

    def __init__(self, box: Effect, sample_rate: int, channels: int) -> None:
        self._box, self._sample_rate, self._channels = box, sample_rate, channels
        self._listens, self.tells = box.uses_sidechain, box.tells
        self._heard = Heard(box, sample_rate, box._shared_names)
        self.latency = checked_latency(box, sample_rate)
        self.causes = {type(box).__name__: self.latency} if self.latency else {}
        self.restart()

    def restart(self) -> None:
        self._position = 0
        self._heard.restart()
        self.controls = {}
        self._state = self._box.start(self._sample_rate, self._channels)

    def process(self, block: Audio, side: Audio | None) -> Audio:
        start = self._position
        stop = self._position = start + block.shape[1]
        if self._heard.update(start):
            return self._run(block, self._heard.constant, side)
        edges = self._heard.edges(start, stop)
        pieces, told = [], []
        for a, b in pairwise(edges):
            cut = np.ascontiguousarray(block[:, a - start : b - start])
            side_cut = (
                None if side is None else np.ascontiguousarray(side[:, a - start : b - start])
            )
            pieces.append(self._run(cut, self._heard.at(np.arange(a, b)), side_cut))
            told.append(self.controls)
        self._heard.forget(stop)
        self.controls = joined(told)
        return np.concatenate(pieces, axis=1)

    def _run(self, block: Audio, p: Any, side: Audio | None) -> Audio:
        view = block.view()
        view.flags.writeable = False
        box = self._box
        if self._listens:
            if side is not None:
                side = side.view()
                side.flags.writeable = False
            out = box.process_block(view, self._state, p, side)  # type: ignore[call-arg]
        else:
            out = box.process_block(view, self._state, p)
        if self.tells:
            out, self.controls = split(out, self.tells, block.shape[1], box)
        return checked_block(out, block.shape, box, "process_block")


class ResampledCore(Core):
    """A core that runs at its own rate inside a stream of another, at an exact integer latency."""

    def __init__(self, box: EffectBase, sample_rate: int, channels: int) -> None:
        rate = box.model_rate or sample_rate
        self._core = box._core(rate, channels)
        self.stems = self._core.stems
        self._rows = channels * max(len(self.stems), 1)
        try:
            pairs = {
                rows: cpp_ext.RatePair(sample_rate, rate, rows, self._core.latency)
                for rows in (channels, self._rows)
            }
        except ValueError as error:
            raise AudioError(f"{type(box).__name__} runs at {rate} Hz inside: {error}") from None
        self._in, self._out = pairs[channels], pairs[self._rows]
        self.latency = self._in.latency
        scaled = {
            cause: round(samples * sample_rate / rate)
            for cause, samples in self._core.causes.items()
        }
        self.causes = scaled | {"resampler": self.latency - sum(scaled.values())}

    def restart(self) -> None:
        self._in.reset()
        self._out.reset()
        self._core.restart()

    def process(self, block: Audio, side: Audio | None) -> Audio:
        low = self._in.down(block)
        if low.shape[1]:
            low = self._core.process(low, None)
        if not self.stems:
            return self._out.up(np.ascontiguousarray(low), block.shape[1])
        if low.size:
            rows = np.ascontiguousarray(low.reshape(self._rows, -1))
        else:
            rows = np.zeros((self._rows, 0), np.float32)
        out = self._out.up(rows, block.shape[1])
        return out.reshape(len(self.stems), *block.shape)


class EffectVoice(Voice):
    """Core + aligned dry path + guards: what runs on a board."""

    def __init__(self, box: EffectBase, sample_rate: int, channels: int) -> None:
        converted = box.model_rate is not None and box.model_rate != sample_rate
        listens_to = box.side_chain()
        if converted and listens_to is not None:
            raise BoxError(
                f"{type(box).__name__} runs at {box.model_rate} Hz only; a box with a side chain"
                " is not resampled: convert the files first (--rate)"
            )
        core = ResampledCore(box, sample_rate, channels) if converted else None
        self._core = core or box._core(sample_rate, channels)
        super().__init__(sample_rate, channels, self._core.latency)
        self.causes = dict(self._core.causes)
        self.stems = self._core.stems
        self.streamable, self.poolable = self._core.streamable, self._core.poolable
        self.children, self.tells = self._core.children, self._core.tells
        self.sidechains = self._core.sidechains
        self._box = box
        self._side_name = listens_to or ""
        if listens_to is not None:
            self.sidechains = frozenset({listens_to})
        self._dry = cpp_ext.DelayLine(channels, self.latency)
        self._guard = BrokenSamples(f"the output of {type(box).__name__}")
        self._length = round(RAMP_SECONDS * sample_rate)
        self._begin()

    def _begin(self) -> None:
        self._position = 0
        self._opened_with = self._told = self._structure()
        self._wet = Ramp(self._wet_target())
        self._version = self._box._version

    def _structure(self) -> tuple[Any, ...]:
        """What a running voice can't take over: it was opened with these."""
        box = self._box
        fixed = [d.name for d in box._descriptors.values() if d.next_stream]
        return (*(box._values[name] for name in fixed), getattr(box, "sidechain", None))

    def _tell_what_waits(self) -> None:
        """Warn once of each change that this stream can't take over."""
        now = self._structure()
        if now == self._told:
            return
        self._told = now
        if now != self._opened_with:
            fixed = [d.name for d in self._box._descriptors.values() if d.next_stream]
            changed = [
                name
                for name, a, b in zip([*fixed, "sidechain"], now, self._opened_with, strict=True)
                if a != b
            ]
            warnings.warn(
                f"{type(self._box).__name__}.{', '.join(changed)} was changed in a running stream;"
                " it takes effect when the next stream opens",
                LatencyChangeWarning,
                stacklevel=4,
            )

    def _wet_target(self) -> float:
        values = self._box._values
        return 0.0 if values["bypass"] else float(values["mix"])

    def reusable(self) -> bool:
        return bool(self._structure() == self._opened_with) and self._core.reusable()

    def close(self) -> None:
        self._core.close()

    def reset(self) -> None:
        self._core.restart()
        self._dry.reset()
        self._guard.reset()
        self.controls = {}
        self._begin()

    def process(self, block: Audio, side: Sidechains | None = None) -> Audio:
        num_samples = block.shape[1]
        start = self._position
        if self._box._version != self._version:
            self._version = self._box._version
            if self._wet_target() != self._wet.target:
                self._wet.change(start, self._wet_target(), self._length)
            self._tell_what_waits()
        dry = self._dry.push(block) if self.latency else block
        if num_samples == 0:
            self.controls = no_controls(self.tells)
            return np.zeros((*((len(self.stems),) if self.stems else ()), *block.shape), np.float32)
        out = self._core.process(block, self._side_for_core(side))
        self.controls = self._core.controls
        rows = out.reshape(-1, num_samples) if self.stems else out
        clean = self._guard.clean(rows)
        if clean is not rows:  # the box produced broken numbers: its state is not to be trusted
            self._core.restart()
        self._position += num_samples
        return self._blend(dry, clean.reshape(out.shape), start - self.latency)

    def _side_for_core(self, side: Sidechains | None) -> Any:
        if not side or not self._side_name:
            return side
        return side.get(self._side_name)

    def render(self, audio: Audio, side: Sidechains | None = None) -> Audio:
        if self.streamable:
            return super().render(audio, side)
        if self._wet.target == 0.0 or audio.shape[1] == 0:
            return audio.copy()
        wet = self._guard.clean(self._core.render(audio, self._side_for_core(side)))
        return _mixed(audio, wet, self._wet.target)

    def _blend(self, dry: Audio, wet: Audio, first: int) -> Audio:
        """Mix by the value that held when each sample entered (its index from `first` on)."""
        if self._wet.idle:
            return _mixed(dry, wet, self._wet.target)
        out = np.empty_like(wet)
        last = first + dry.shape[1]
        edges = [first, *self._wet.edges(first, last), last]
        for a, b in pairwise(edges):
            cut = slice(a - first, b - first)
            out[..., cut] = _mixed(dry[:, cut], wet[..., cut], self._wet.values(np.arange(a, b)))
        self._wet.forget(last)
        return out


def _mixed(dry: Audio, wet: Audio, amount: Any) -> Audio:
    if isinstance(amount, float) and amount in (0.0, 1.0):
        if amount == 1.0:
            return wet
        return dry if dry.shape == wet.shape else np.broadcast_to(dry, wet.shape).copy()
    return np.asarray(dry * (1 - amount) + wet * amount, np.float32)
