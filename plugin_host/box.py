# SPDX-License-Identifier: GPL-3.0-or-later
"""Box: gives mix, bypass and a name to anything that sounds: a native, a VST3, a whole board."""

from __future__ import annotations

from typing import Any

from neuralboard import natives
from neuralboard.audio import Audio
from neuralboard.effect import Core, EffectBase
from neuralboard.errors import BoxError
from neuralboard.parameter import Setting
from neuralboard.processor import Processor
from neuralboard.series import open_series
from neuralboard.voice import Voice

__all__ = ["Box"]


def _check_processor(value: Any) -> Any:
    if natives.is_native(value) or isinstance(value, Processor):
        natives.check_nesting(value)
        return value
    raise BoxError(
        f"{value!r} is no box; wrap one of neuralboard's or pedalboard's effects, or a board"
    )


class Box(EffectBase):
    """An aligned dry/wet mix, a click-free bypass and a name for any effect.

    Parameters
    ----------
    processor
        One of pedalboard's effects, a VST3, a box, a board or a mix.
    mix : float
        0 (dry) to 1 (the effect alone). A native's own `mix` keeps its meaning.
    bypass : bool
    name : str, optional

    Examples
    --------
    >>> from pedalboard import Compressor
    >>> parallel = Box(Compressor(threshold_db=-30, ratio=8), mix=0.5, name="parallel")
    """

    links_channels = True  # what it holds may do so

    processor = Setting(None, check=_check_processor, expects="a box, an effect or a board")

    def _open(self, sample_rate: int, channels: int) -> Voice:
        if self.processor is None:
            raise BoxError("Box() holds nothing; give it an effect: Box(Compressor())")
        return super()._open(sample_rate, channels)

    def __getstate__(self) -> dict[str, Any]:
        """Natives can't be pickled: they travel as their description."""
        state = dict(super().__getstate__())
        values = dict(state["_values"])
        if natives.is_native(values["processor"]):
            from neuralboard.presets import describe_item

            state["_native"] = describe_item(values.pop("processor"))
        return state | {"_values": values}

    def __setstate__(self, state: dict[str, Any]) -> None:
        described = state.pop("_native", None)
        super().__setstate__(state)
        if described is not None:
            from neuralboard.presets import build_item

            self._values["processor"] = build_item(described, allow_vst3=True)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        from neuralboard.presets import describe_item

        return bool(describe_item(self) == describe_item(other))

    __hash__ = object.__hash__

    def _core(self, sample_rate: int, channels: int) -> Core:
        return _InnerCore(open_series([self.processor], sample_rate, channels))

    @property
    def streamable(self) -> bool:
        from neuralboard.board import Board

        return Board([self.processor]).streamable


class _InnerCore(Core):
    """A whole voice as the core of another."""

    def __init__(self, voice: Voice) -> None:
        self.voice = voice
        self.latency, self.causes = voice.latency, voice.causes
        self.streamable, self.poolable = voice.streamable, voice.poolable
        self.sidechains = voice.sidechains
        self.children, self.tells = (voice,), voice.tells

    def restart(self) -> None:
        self.voice.reset()

    def reusable(self) -> bool:
        return self.voice.reusable()

    def process(self, block: Audio, side: Any) -> Audio:
        out = self.voice.process(block, side)
        self.controls = self.voice.controls
        return out

    def render(self, audio: Audio, side: Any) -> Audio:
        return self.voice.render(audio, side)

    def close(self) -> None:
        self.voice.close()
