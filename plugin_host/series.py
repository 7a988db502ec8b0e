# SPDX-License-Identifier: GPL-3.0-or-later
"""Voices of boards: boxes in series, with consecutive natives grouped into one native call."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from neuralboard import cpp_ext, natives
from neuralboard.audio import Audio
from neuralboard.errors import BoxError
from neuralboard.native_voices import ChunkVoice, DirectVoice, WholeVoice
from neuralboard.own_natives import own_voice
from neuralboard.processor import Processor
from neuralboard.told import ControlLines
from neuralboard.voice import Sidechains, Voice, push_through

__all__ = ["SeriesVoice", "open_series", "structure"]

_structure_epoch = [0]


def structure() -> int:
    """Return a number that moves whenever any board or mix is changed."""
    return _structure_epoch[0]


def structure_changed() -> None:
    """Tell waiting voices that some list of boxes is another one now."""
    _structure_epoch[0] += 1


class SeriesVoice(Voice):
    """Voices one behind the other; side chains are delayed to meet the main path."""

    def __init__(
        self, children: list[Voice], sample_rate: int, channels: int, contents: Any = None
    ) -> None:
        super().__init__(sample_rate, channels)
        self.children = children
        self.streamable = all(child.streamable for child in children)
        self.poolable = all(child.poolable for child in children)
        self.sidechains = frozenset().union(*(child.sidechains for child in children))
        self._contents = contents
        self._opened_at = structure()
        self._side_delays: dict[int, dict[str, Any]] = {}
        for number, child in enumerate(children):
            if child.sidechains:
                self._side_delays[number] = {
                    name: cpp_ext.DelayLine(channels, self.latency) for name in child.sidechains
                }
            self.latency += child.latency
            for cause, samples in child.causes.items():
                self.causes[cause] = self.causes.get(cause, 0) + samples
            if child.stems:
                raise BoxError(
                    f"a box with the outputs {', '.join(child.stems)} stands on a board; pick one"
                    f" with stem={child.stems[0]!r}"
                )
        so_far = np.cumsum([child.latency for child in children], dtype=int)
        self._told = ControlLines(children, [self.latency - int(past) for past in so_far])
        self.tells = self._told.tells

    def process(self, block: Audio, side: Sidechains | None = None) -> Audio:
        if not self._side_delays:
            for child in self.children:
                block = child.process(block)
        else:
            for number, child in enumerate(self.children):
                block = child.process(block, self._delayed(number, side))
        if self.tells:
            self.controls = self._told.gather()
        return block

    def _delayed(self, number: int, side: Sidechains | None) -> Sidechains | None:
        lines = self._side_delays.get(number)
        if not lines or not side:
            return None
        return {name: line.push(side[name]) for name, line in lines.items() if name in side}

    def reset(self) -> None:
        for lines in self._side_delays.values():
            for line in lines.values():
                line.reset()
        self._told.reset()
        self.controls = {}
        for child in self.children:
            child.reset()

    def reusable(self) -> bool:
        if self._opened_at != structure():
            return False
        if self._contents is not None and not self._contents():
            return False
        return all(child.reusable() for child in self.children)

    def render(self, audio: Audio, side: Sidechains | None = None) -> Audio:
        if len(self.children) == 1:
            return self.children[0].render(audio, side if self._side_delays else None)
        if self.streamable:
            return push_through(self, audio, side)
        # In stages: what can stream is pushed through, a whole-recording effect gets it all.
        run: list[Voice] = []
        for child in self.children:
            if child.streamable:
                run.append(child)
                continue
            audio = child.render(self._render_run(run, audio, side), side)
            run = []
        return self._render_run(run, audio, side)

    def _render_run(self, run: list[Voice], audio: Audio, side: Sidechains | None) -> Audio:
        if not run:
            return audio
        return push_through(SeriesVoice(run, self.sample_rate, self.channels), audio, side)

    def close(self) -> None:
        for child in self.children:
            child.close()


def open_series(items: Iterable[Any], sample_rate: int, channels: int) -> SeriesVoice:
    """Open boxes, natives and `None`s one behind the other, natives grouped by recipe."""
    items = list(items)
    for item in items:
        natives.check_nesting(item)  # a Chain may have been put into itself since it came here
    containers = [(item, list(item)) for item in _walk(items) if _is_native_container(item)]
    children: list[Voice] = []
    run: list[Any] = []
    run_recipe = ""
    try:
        for item in _flatten(items):
            kind = natives.recipe(item) if natives.is_native(item) else ""
            if run and (kind != run_recipe or _stands_alone(item)):
                children.append(_open_run(run, run_recipe, sample_rate, channels))
                run = []
            run_recipe = kind
            if kind in ("direct", "chunk"):
                run.append(item)
            elif kind == "whole":
                children.append(WholeVoice(item, sample_rate, channels))
            elif kind == "own":
                children.append(_open_own(item, sample_rate, channels))
            else:
                children.append(item._open(sample_rate, channels))
        if run:
            children.append(_open_run(run, run_recipe, sample_rate, channels))
        contents = None
        if containers:
            contents = lambda: all(_same(list(c), before) for c, before in containers)  # noqa: E731
        return SeriesVoice(children, sample_rate, channels, contents)
    except BaseException:
        for child in children:
            child.close()
        raise


def _stands_alone(item: Any) -> bool:
    """MP3Compressor begins a run of its own: what enters it must be held within bounds."""
    return natives.is_native(item) and natives.native_class(item).__name__ == "MP3Compressor"


def _same(now: list[Any], before: list[Any]) -> bool:
    return len(now) == len(before) and all(a is b for a, b in zip(now, before, strict=True))


def _open_run(run: list[Any], kind: str, sample_rate: int, channels: int) -> Voice:
    return (DirectVoice if kind == "direct" else ChunkVoice)(run, sample_rate, channels)


def _open_own(native: Any, sample_rate: int, channels: int) -> Voice:
    if natives.native_class(native).__name__ == "Mix":
        from neuralboard.mix import MixVoice

        branches = [open_series([branch], sample_rate, channels) for branch in native]
        return MixVoice(branches, [1.0] * len(branches), sample_rate, channels)
    return own_voice(native, sample_rate, channels)


def _is_native_container(item: Any) -> bool:
    return natives.is_native(item) and natives.native_class(item).__name__ in (
        "Mix", "Chain", "Pedalboard",
    )  # fmt: skip


def _walk(items: Iterable[Any]) -> Iterable[Any]:
    """Give every item, and what native containers hold."""
    for item in items:
        yield item
        if _is_native_container(item):
            yield from _walk(item)


def _flatten(items: Iterable[Any]) -> Iterable[Any]:
    """Give the boxes in order: empty slots left out, pedalboard's Chains and boards unpacked."""
    for item in items:
        if item is None:
            continue
        if natives.is_native(item) and natives.native_class(item).__name__ in (
            "Chain", "Pedalboard",
        ):  # fmt: skip
            yield from _flatten(item)
        elif natives.is_native(item) or isinstance(item, Processor):
            yield item
        else:
            raise BoxError(
                f"{item!r} is no box; put neuralboard's or pedalboard's effects, boards or None"
            )


def empty_block(channels: int) -> Audio:
    """Return a block of no samples."""
    return np.zeros((channels, 0), np.float32)
