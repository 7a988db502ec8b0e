# SPDX-License-Identifier: GPL-3.0-or-later
"""A board whose parameters move with time, as a processor like any other.

    fading = Automated(board, {"compressor.threshold_db": [[0.0, -20], [30.0, -26]]})
    out = fading(audio, 48_000)            # the same as board(audio, 48_000, automation={...})

A value at time t acts on the sound that entered at t, whatever latency stands before the box. The
board itself is left alone: the values are turned on a copy.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from neuralboard import natives
from neuralboard.addresses import Address, find_parameter
from neuralboard.audio import Audio
from neuralboard.automation import Curve
from neuralboard.board import Board
from neuralboard.boxlist import BoxList
from neuralboard.errors import BoxError, ParameterError, StreamingNotSupported
from neuralboard.processor import Processor
from neuralboard.ramp import RAMP_SECONDS
from neuralboard.series import SeriesVoice, open_series
from neuralboard.voice import Sidechains, Voice, push_through

__all__ = ["Automated", "open_automated", "read_automation"]

Motion = tuple[Address, Curve, int]
"""A parameter, its curve, and the latency before its box within the board's item that holds it."""


class Automated(Processor):
    """A board, or a single box, with automation.

    Parameters
    ----------
    board : Processor
        It is not changed.
    automation : mapping of str to breakpoints
        "box.parameter" → [[seconds, value], ...]; see `neuralboard.automation`.

    Raises
    ------
    ParameterError
        For an address that names nothing or more than one, or a value out of range.
    """

    def __init__(self, board: Processor, automation: Mapping[str, Any]) -> None:
        if not isinstance(board, Processor):
            raise BoxError(f"Automated({board!r}): {type(board).__name__} is no box and no board")
        self._board = board if isinstance(board, Board) else Board([board])
        self._curves = read_automation(self._board, automation)

    @property
    def streamable(self) -> bool:
        return self._board.streamable

    def _open(self, sample_rate: int, channels: int) -> Voice:
        return open_automated(self._board, self._curves, sample_rate, channels)


def read_automation(
    board: BoxList, automation: Mapping[str, Any], title: str = "automation"
) -> dict[str, Curve]:
    """Return the curves of a board's automation, every value checked."""
    if not isinstance(automation, Mapping):
        raise ParameterError(
            f"{title} is {type(automation).__name__}, no mapping; write {{'box.parameter':"
            " [[seconds, value], ...]}"
        )
    curves = {}
    for address, points in automation.items():
        target = find_parameter(board, str(address))
        curve = (
            points
            if isinstance(points, Curve)
            else Curve(
                points,
                f"{title} of '{address}'",
                decibels=_is_gain(target),
                steps=target.steps,
            )
        )
        for number, value in enumerate(curve.values, 1):
            try:
                target.check(value)
            except ParameterError as error:
                raise ParameterError(f"{curve.title}, point {number}: {error}") from None
        curves[str(address)] = curve
    return curves


def _is_gain(target: Address) -> bool:
    """Return whether -inf dB is a value: of gains, not of thresholds."""
    return target.attribute.endswith("gain_db")


def open_automated(
    board: BoxList,
    curves: Mapping[str, Curve],
    sample_rate: int,
    channels: int,
    *,
    each: bool = False,
) -> AutomatedVoice:
    """Open a voice of a private copy of a board, with its knobs turned as the curves say.

    Parameters
    ----------
    each : bool
        Give every item of the board a voice of its own, in `children`, one for one.
    """
    if not board.streamable:
        raise StreamingNotSupported(
            "automation runs in a stream, and a box on this board needs the whole recording at"
            " once; take it off, or process the sound with it first"
        )
    board = copy.deepcopy(board)
    motions: list[Motion] = []
    for address, curve in curves.items():
        target = find_parameter(board, address)
        motions.append((target, curve, _latency_before(target, sample_rate, channels)))
        target.set(_handed(target, curve, 0.0))
    children: list[Voice] = []
    moved: list[list[Motion]] = []
    still: list[Any] = []

    def open_still() -> None:
        if still:
            children.append(open_series(still, sample_rate, channels))
            moved.append([])
            still.clear()

    try:
        for place, item in enumerate(board):
            mine = [motion for motion in motions if motion[0].place == place]
            if not mine and not each:
                still.append(item)
                continue
            open_still()
            children.append(open_series([item], sample_rate, channels))
            moved.append(mine)
        open_still()
        return AutomatedVoice(children, moved, sample_rate, channels)
    except BaseException:
        for child in children:
            child.close()
        raise


def _latency_before(target: Address, sample_rate: int, channels: int) -> int:
    """Return the latency of what stands before a box inside the item that holds it."""
    total = 0
    for boxes in target.before:
        voice = open_series(boxes, sample_rate, channels)
        total += voice.latency
        voice.close()
    return total


def _handed(target: Address, curve: Curve, seconds: float) -> Any:
    """Return the value to set at a time.

    Ours and the filters ramp over 20 ms to what they are given: where the line will be then. Set
    anew every 10 ms they follow a straight line exactly. Natives step: they get the middle of it.
    """
    ahead = RAMP_SECONDS
    if natives.is_native(target.box) and natives.recipe(target.box) != "own":
        ahead = 0.005
    return curve.value_at(seconds, ahead if seconds > 0 else 0.0)


class AutomatedVoice(SeriesVoice):
    """Voices one behind the other, whose blocks are cut where a value is to be set.

    Attributes
    ----------
    tap : callable (number, block), optional
        Hears what enters (-1) and what comes out of every child (0, 1, ...).
    """

    tap: Callable[[int, Audio], None] | None = None

    def __init__(
        self, children: list[Voice], moved: list[list[Motion]], sample_rate: int, channels: int
    ) -> None:
        super().__init__(children, sample_rate, channels)
        self.poolable = False
        self._moved = moved
        self._before = [sum(c.latency for c in children[:n]) for n in range(len(children))]
        self._position = 0

    def reset(self) -> None:
        self._position = 0
        for motions in self._moved:
            for target, curve, _ in motions:
                target.set(_handed(target, curve, 0.0))
        super().reset()

    def process(self, block: Audio, side: Sidechains | None = None) -> Audio:
        start = self._position
        self._position += block.shape[1]
        if self.tap is not None:
            self.tap(-1, block)
        for number, child in enumerate(self.children):
            heard = self._delayed(number, side)
            motions = self._moved[number]
            if motions and block.shape[1]:
                block = self._cut(child, motions, block, heard, start - self._before[number])
            else:
                block = child.process(block, heard)
            if self.tap is not None:
                self.tap(number, block)
        return block

    def render(self, audio: Audio, side: Sidechains | None = None) -> Audio:
        return push_through(self, audio, side)

    def _cut(
        self,
        child: Voice,
        motions: list[Motion],
        block: Audio,
        side: Sidechains | None,
        first: int,
    ) -> Audio:
        """Process a block whose first sample entered the board as sample `first`."""
        last = first + block.shape[1]
        inner = {first}
        for _, curve, late in motions:
            start, stop = max(first - late, 0), last - late
            if stop > start:
                cuts = curve.cuts(start, stop, self.sample_rate)
                inner.update(cut + late for cut in cuts if first < cut + late)
        edges = [*sorted(inner), last]
        pieces = []
        for a, b in pairwise(edges):
            for target, curve, late in motions:
                at = curve.cut_before(max(a - late, 0), self.sample_rate)
                target.set(_handed(target, curve, at / self.sample_rate))
            if b - a == block.shape[1]:
                return child.process(block, side)
            cut = slice(a - first, b - first)
            sides = side and {
                name: np.ascontiguousarray(array[:, cut]) for name, array in side.items()
            }
            pieces.append(child.process(np.ascontiguousarray(block[:, cut]), sides))
        return np.concatenate(pieces, axis=-1)
