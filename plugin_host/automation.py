# SPDX-License-Identifier: GPL-3.0-or-later
"""A value that moves with time: breakpoints, joined by straight lines or held.

    gain_db = [[0, -inf], [0.5, 0], [30, 0, "hold"], [60, -6]]

A point is [seconds, value] or [seconds, value, "hold"]: "hold" keeps the value until the next
point, "linear" (the default) walks to it in a straight line; decibels move in decibels. Before the
first point the first value holds, after the last the last.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralboard.errors import ParameterError, did_you_mean

__all__ = ["SILENCE_DB", "STEP_SECONDS", "Curve"]

STEP_SECONDS = 0.010
"""A moving value is handed on this often to boxes that take one value for a block."""

SILENCE_DB = -120.0
"""A line from or to -inf dB begins or ends here: what is below is digital silence."""

_SHAPES = ("linear", "hold")


class Curve:
    """Breakpoints of one parameter.

    Parameters
    ----------
    points : sequence of [seconds, value] or [seconds, value, "linear" | "hold"]
        In the order of time, from 0 on; numbers, or words and switches, which are always held.
    title : str
        What errors call it.
    decibels : bool
        The values are decibels, so -inf is one of them.
    steps : bool
        The values can't move in a line: each is held until the next point.

    Raises
    ------
    ParameterError
        Naming the point, the reason and the cure.
    """

    def __init__(
        self, points: Any, title: str, *, decibels: bool = False, steps: bool = False
    ) -> None:
        if isinstance(points, (str, bytes)) or not isinstance(points, Sequence) or not points:
            raise ParameterError(
                f"{title} = {_brief(points)}: no breakpoints; write [[seconds, value], ...]"
            )
        parsed = [_point(point, f"{title}, point {n}") for n, point in enumerate(points, 1)]
        times = [time for time, _, _ in parsed]
        for number, (early, late) in enumerate(zip(times, times[1:], strict=False), 2):
            if not late > early:
                raise ParameterError(
                    f"{title}, point {number} is at {late:g} s, not after {early:g} s; put the"
                    " points in the order of time"
                )
        self.title = title
        self.times = np.array(times, np.float64)
        self.values: list[Any] = [value for _, value, _ in parsed]
        self.numeric = all(_is_number(value) for value in self.values)
        if not self.numeric and any(_is_number(value) for value in self.values):
            raise ParameterError(f"{title} mixes numbers and words; use one kind")
        self._numbers = np.zeros(0)
        if self.numeric:
            self._numbers = self._checked_numbers(decibels)
        held = [shape == "hold" or steps or not self.numeric for _, _, shape in parsed]
        self._held = np.array([*held[:-1], True])  # nothing comes after the last point

    def _checked_numbers(self, decibels: bool) -> NDArray[np.float64]:
        found = np.array(self.values, np.float64)
        for number, value in enumerate(found, 1):
            if not (math.isfinite(value) or (decibels and value == -math.inf)):
                raise ParameterError(f"{self.title}, point {number} = {value}: not finite")
        return np.maximum(found, SILENCE_DB) if decibels else found

    def first(self) -> Any:
        """Return the value at the beginning."""
        return self.values[0]

    def at(self, seconds: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the values at these times; `SILENCE_DB` stands for -inf."""
        place = np.searchsorted(self.times, seconds, side="right") - 1
        here = np.maximum(place, 0)
        after = np.minimum(here + 1, len(self.times) - 1)
        start, stop = self.times[here], self.times[after]
        span = np.where(stop > start, stop - start, 1.0)
        way = np.where(self._held[here] | (place < 0), 0.0, (seconds - start) / span)
        low, high = self._numbers[here], self._numbers[after]
        return low + (high - low) * way

    def value_at(self, seconds: float, ahead: float = 0.0) -> Any:
        """Return the value at a time, or `ahead` seconds later within the same segment."""
        place = max(int(np.searchsorted(self.times, seconds, side="right")) - 1, 0)
        if self._held[place] or seconds < self.times[0]:
            return self.values[place] if not self.numeric else float(self._numbers[place])
        start, stop = self.times[place], self.times[place + 1]
        way = (min(seconds + ahead, stop) - start) / (stop - start)
        low, high = self._numbers[place], self._numbers[place + 1]
        return float(low + (high - low) * way)

    def cuts(self, start: int, stop: int, sample_rate: int) -> list[int]:
        """Return `start` and the samples before `stop` at which the value is to be set anew.

        Breakpoints, and while a line moves every 10 ms, counted from the beginning of the sound:
        the same samples whatever the blocks.
        """
        step = max(round(STEP_SECONDS * sample_rate), 1)
        edges = np.ceil(self.times * sample_rate).astype(np.int64)
        found = {start, *(int(edge) for edge in edges if start < edge < stop)}
        for place, held in enumerate(self._held):
            if held:
                continue
            low, high = max(start, int(edges[place])), min(stop, int(edges[place + 1]))
            if low < high:
                found.update(range(-(-low // step) * step, high, step))
        return sorted(found)

    def cut_before(self, sample: int, sample_rate: int) -> int:
        """Return the last sample, up to this one, at which `cuts` sets the value anew."""
        edges = np.ceil(self.times * sample_rate).astype(np.int64)
        place = int(np.searchsorted(edges, sample, side="right")) - 1
        if place < 0:
            return 0
        if self._held[place]:
            return int(edges[place])
        step = max(round(STEP_SECONDS * sample_rate), 1)
        return max(int(edges[place]), sample // step * step)


def _point(point: Any, title: str) -> tuple[float, Any, str]:
    if isinstance(point, (str, bytes)) or not isinstance(point, Sequence):
        raise ParameterError(f"{title} = {_brief(point)}: write [seconds, value]")
    if len(point) not in (2, 3):
        raise ParameterError(f'{title} has {len(point)} parts; write [seconds, value] or + "hold"')
    time, value = point[0], point[1]
    shape = point[2] if len(point) == 3 else "linear"
    if not _is_number(time) or not (math.isfinite(time) and time >= 0):
        raise ParameterError(f"{title}: {_brief(time)} is no time; use seconds from 0 on")
    if shape not in _SHAPES:
        hint = did_you_mean(shape, _SHAPES) if isinstance(shape, str) else ""
        raise ParameterError(f"{title}: {_brief(shape)} is neither 'linear' nor 'hold'{hint}")
    return float(time), value, shape


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, (bool, np.bool_))


def _brief(value: Any) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else text[:57] + "..."
