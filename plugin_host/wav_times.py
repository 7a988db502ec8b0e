# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a sample of the input is in the output: after a cut, at another rate."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["TimeMap"]


@dataclass(frozen=True)
class TimeMap:
    """From samples of the input to samples of the output.

    Attributes
    ----------
    old_rate, new_rate : int
        Hz of input and output.
    first : int
        The input's sample that the output begins with.
    last : int or None
        The first one that is no longer part of it; None: all to the end is.
    """

    old_rate: int
    new_rate: int
    first: int = 0
    last: int | None = None

    @property
    def identity(self) -> bool:
        """Nothing moves."""
        return self.old_rate == self.new_rate and self.first == 0 and self.last is None

    def length(self, count: int) -> int:
        """Return a number of samples at the output's rate."""
        return (2 * count * self.new_rate + self.old_rate) // (2 * self.old_rate)

    def sample(self, position: int) -> int | None:
        """Return where a sample is, or None where it was cut off."""
        if position < self.first or (self.last is not None and position > self.last):
            return None
        return self.length(position - self.first)

    def since_midnight(self, reference: int) -> int:
        """Return the output's first sample, counted from midnight; `reference`: the input's."""
        return min(self.length(reference + self.first), (1 << 64) - 1)
