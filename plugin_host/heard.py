# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameters as one voice hears them: constant, or ramping over 20 ms counted in samples."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralboard.parameter import Configurable, Parameter
from neuralboard.ramp import RAMP_SECONDS, Ramp

__all__ = ["Heard"]


class Heard:
    """What `p` shows inside a box: `p.depth` is a scalar while constant, else one value each.

    Parameters
    ----------
    box : Configurable
        Its values are read anew whenever its version counter moved.
    sample_rate : int
        The rate at which the box runs; a ramp lasts 20 ms of it.
    skip : tuple of str
        Parameters that the host applies by itself (mix, bypass, name).
    """

    def __init__(self, box: Configurable, sample_rate: int, skip: tuple[str, ...]) -> None:
        self._box = box
        self._length = round(RAMP_SECONDS * sample_rate)
        self._names = [name for name in type(box)._descriptors if name not in skip]
        self.restart()

    def restart(self) -> None:
        """Take all values as they are, without a ramp: the first values of a stream."""
        self._version = self._box._version
        values = dict(self._box._values)
        self._ramps = {
            name: Ramp(values[name])
            for name in self._names
            if isinstance(type(self._box)._descriptors[name], Parameter)
        }
        self.constant = SimpleNamespace(**{name: values[name] for name in self._names})
        self._moving: list[str] = []

    def update(self, index: int) -> bool:
        """Take over changed values from sample `index` on; return True while nothing moves."""
        if self._box._version != self._version:
            self._take_over(index)
        return not self._moving

    def _take_over(self, index: int) -> None:
        self._version = self._box._version
        values = dict(self._box._values)
        for name in self._names:
            descriptor = type(self._box)._descriptors[name]
            if descriptor.next_stream:
                continue
            ramp = self._ramps.get(name)
            if ramp is None:
                setattr(self.constant, name, values[name])
            elif ramp.target != values[name]:
                ramp.change(index, values[name], self._length)
                if name not in self._moving:
                    self._moving.append(name)

    def edges(self, start: int, stop: int) -> list[int]:
        """Return start, stop and every index between at which some value's form changes."""
        inner = {i for name in self._moving for i in self._ramps[name].edges(start, stop)}
        return [start, *sorted(inner), stop]

    def at(self, indices: NDArray[np.int64]) -> SimpleNamespace:
        """Return the values at sample indices that lie between two edges."""
        heard: dict[str, Any] = dict(vars(self.constant))
        for name in self._moving:
            heard[name] = self._ramps[name].values(indices)
        return SimpleNamespace(**heard)

    def forget(self, index: int) -> None:
        """Let go of ramps that ended before sample `index`."""
        for name in list(self._moving):
            ramp = self._ramps[name]
            ramp.forget(index)
            if ramp.idle:
                self._moving.remove(name)
                setattr(self.constant, name, ramp.target)
