# SPDX-License-Identifier: GPL-3.0-or-later
"""Rival calls timed side by side in one process, on a machine that does other things as well.

What is counted is the calling thread's processor time, so that other programs matter little. The
rivals run one after the other within each repetition, each time in another order. Two figures are
told: the best of one against the best of the other, which asks what the code can do, and the median
over the repetitions, which asks what it does; where they differ much the machine was too busy.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

__all__ = ["DISAGREE", "REPETITIONS", "Times", "disagree", "in_turns", "paired", "ratios"]

REPETITIONS = 15
DISAGREE = 1.2

T = TypeVar("T")


@dataclass(frozen=True)
class Times:
    """Seconds of processor time per call, one value per repetition, for "theirs" and "ours"."""

    theirs: tuple[float, ...]
    ours: tuple[float, ...]

    @property
    def best(self) -> tuple[float, float]:
        """The least time of theirs and of ours, s."""
        return min(self.theirs), min(self.ours)

    @property
    def ratio(self) -> tuple[float, float]:
        """Ours over theirs: best by best, and the median over the repetitions."""
        return ratios(self.ours, self.theirs)

    @property
    def excess(self) -> tuple[float, float]:
        """Ours minus theirs, s: best by best, and the median over the repetitions."""
        pairs = zip(self.theirs, self.ours, strict=True)
        return min(self.ours) - min(self.theirs), statistics.median(b - a for a, b in pairs)


def paired(
    rivals: Mapping[str, Callable[[], object]],
    repetitions: int = REPETITIONS,
    calls: int = 1,
    clock: Callable[[], float] = time.thread_time,
) -> dict[str, tuple[float, ...]]:
    """Return seconds of processor time per call, for each rival one value per repetition.

    Parameters
    ----------
    rivals : mapping of str to callable
        Called without arguments; each is called once beforehand to warm up.
    repetitions : int
    calls : int
        Calls that are timed together: enough of them that the clock's own cost vanishes.
    clock : callable
        `time.perf_counter` where several threads share the work.
    """
    for call in rivals.values():
        call()
    times: dict[str, list[float]] = {name: [] for name in rivals}
    for _, name in in_turns(list(rivals), repetitions):
        call = rivals[name]
        begin = clock()
        for _ in range(calls):
            call()
        times[name].append((clock() - begin) / calls)
    return {name: tuple(values) for name, values in times.items()}


def in_turns(names: Sequence[T], repetitions: int) -> Iterator[tuple[int, T]]:
    """Give (repetition, name): each name once a repetition, in an order that is rotated."""
    order = list(names)
    for repetition in range(repetitions):
        for name in order:
            yield repetition, name
        order = [*order[1:], order[0]]


def ratios(mine: Sequence[float], anchor: Sequence[float]) -> tuple[float, float]:
    """Return (least / least, median of the ratios within one repetition); NaN without values."""
    if not mine or not anchor:
        return float("nan"), float("nan")
    pairs = zip(mine, anchor, strict=True)
    return min(mine) / min(anchor), statistics.median(a / b for a, b in pairs)


def disagree(pair: tuple[float, float]) -> bool:
    """Return True where the two ratios differ by more than 20 %: the machine was too busy."""
    return max(pair) > DISAGREE * min(pair)
