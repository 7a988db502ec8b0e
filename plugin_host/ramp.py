# SPDX-License-Identifier: GPL-3.0-or-later
r"""The time line of one parameter: constant, or on its straight way to a new value.

A change starts a ramp at a sample index of the stream and ends it a fixed number of samples later,
whatever the blocks in between: so a sample meets the same value under any block schedule.

    value   ______________
                          \            ramp: one float32 value per sample
                           \________   then constant again: a scalar
    index        start ────┘└── start + length
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["RAMP_SECONDS", "Ramp"]

RAMP_SECONDS = 0.020


class Ramp:
    """Values of a parameter over the sample indices of one stream.

    Parameters
    ----------
    value : float
        The first value; it is not ramped to.
    """

    def __init__(self, value: float) -> None:
        self.target = float(value)
        self._pieces: list[tuple[int, int, float, float]] = []  # start, stop, from, to
        self._before = float(value)  # the value before the first piece

    @property
    def idle(self) -> bool:
        """True while nothing but the constant value is remembered."""
        return not self._pieces

    def change(self, index: int, target: float, length: int) -> None:
        """Start a ramp at sample `index`, from the value that holds there."""
        start_value = self._at(index - 1)
        self.target = float(target)
        self._pieces.append((index, index + max(length, 1), start_value, self.target))

    def forget(self, index: int) -> None:
        """Drop what lies wholly before sample `index`, which nobody will ask for again."""
        while self._pieces and self._end(0) <= index:
            self._before = self._pieces.pop(0)[3]

    def edges(self, start: int, stop: int) -> list[int]:
        """Return the indices inside (start, stop) where constant and ramp meet."""
        found: set[int] = set()
        for number, piece in enumerate(self._pieces):
            found.update(i for i in (piece[0], self._end(number)) if start < i < stop)
        return sorted(found)

    def values(self, indices: NDArray[np.int64]) -> float | NDArray[np.float32]:
        """Return a scalar where all indices lie in a constant part, else a value for each."""
        piece = self._piece(int(indices[0]))
        if piece is None:
            return self._at(int(indices[0]))
        start, stop, first, last = piece
        steps = (indices - (start - 1)) / (stop - start)
        return (first + (last - first) * steps).astype(np.float32)

    def _end(self, number: int) -> int:
        """Return where a piece ends: at its own end, or where the next one takes over."""
        stop = self._pieces[number][1]
        later = self._pieces[number + 1][0] if number + 1 < len(self._pieces) else stop
        return min(stop, later)

    def _piece(self, index: int) -> tuple[int, int, float, float] | None:
        for number, piece in enumerate(self._pieces):
            if piece[0] <= index < self._end(number):
                return piece
        return None

    def _at(self, index: int) -> float:
        piece = self._piece(index)
        if piece is not None:
            start, stop, first, last = piece
            return first + (last - first) * (index - start + 1) / (stop - start)
        value = self._before
        for start, _, _, last in self._pieces:
            if start <= index:
                value = last
        return value
