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
from collections.abc import Callable, Mapping
from dataclasses import dataclass

__all__ = ["Times", "paired"]

REPETITIONS = 15


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
        pairs = zip(self.theirs, self.ours, strict=True)
        return min(self.ours) / min(self.theirs), statistics.median(b / a for a, b in pairs)

    @property
    def excess(self) -> tuple[float, float]:
        """Ours minus theirs, s: best by best, and the median over the repetitions."""
        pairs = zip(self.theirs, self.ours, strict=True)
        return min(self.ours) - min(self.theirs), statistics.median(b - a for a, b in pairs)


def paired(
    rivals: Mapping[str, Callable[[], object]], repetitions: int = REPETITIONS, calls: int = 1
) -> dict[str, tuple[float, ...]]:
    """Return seconds of processor time per call, for each rival one value per repetition.

    Parameters
    ----------
    rivals : mapping of str to callable
        Called without arguments; each is called once beforehand to warm up.
    repetitions : int
    calls : int
        Calls that are timed together: enough of them that the clock's own cost vanishes.
    """
    order = list(rivals)
    for name in order:
        rivals[name]()
    times: dict[str, list[float]] = {name: [] for name in order}
    for _ in range(repetitions):
        for name in order:
            call = rivals[name]
            begin = time.thread_time()
            for _ in range(calls):
                call()
            times[name].append((time.thread_time() - begin) / calls)
        order = [*order[1:], order[0]]
    return {name: tuple(values) for name, values in times.items()}
