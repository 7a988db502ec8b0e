# SPDX-License-Identifier: GPL-3.0-or-later
"""What happened between boxes over time, in steps of 100 ms: mean power, and what boxes told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralboard.audio import Audio

__all__ = ["SHORT_TERM", "STEP_SECONDS", "StepMeans", "Tap", "short_term_db"]

STEP_SECONDS = 0.1
SHORT_TERM = 30  # steps: 3 s, as the short-term loudness of EBU Tech 3341


class StepMeans:
    """Means of values (or of their squares, over all channels) in steps of 100 ms.

    Parameters
    ----------
    sample_rate : int
    latency : int
        Samples at the beginning that don't count.
    power : bool
        Of the squares.
    """

    def __init__(self, sample_rate: int, latency: int, *, power: bool = True) -> None:
        self._size = round(STEP_SECONDS * sample_rate)
        self._skip, self._power = latency, power
        self._sum, self._count = 0.0, 0
        self._steps: list[NDArray[np.float64]] = []

    def push(self, block: Audio) -> None:
        """Take `[channels, samples]`."""
        if self._skip:
            skip = min(self._skip, block.shape[1])
            self._skip -= skip
            block = block[:, skip:]
        if self._count:  # fill the step that was begun
            head = block[:, : self._size - self._count]
            self._sum += float(self._totals(head[:, np.newaxis]).sum())
            self._count += head.shape[1]
            block = block[:, head.shape[1] :]
            if self._count < self._size:
                return
            self._steps.append(np.array([self._sum / self._size]))
        whole = block.shape[1] // self._size
        if whole:
            cut = block[:, : whole * self._size].reshape(block.shape[0], whole, self._size)
            self._steps.append(self._totals(cut) / self._size)
        rest = block[:, whole * self._size :]
        self._sum, self._count = float(self._totals(rest[:, np.newaxis]).sum()), rest.shape[1]

    def _totals(self, cut: Any) -> NDArray[np.float64]:
        """Return the sum of each step of `[channels, steps, samples]`, a mean over channels."""
        if self._power:
            total = np.einsum("cws,cws->w", cut, cut)
        else:
            total = cut.sum(axis=(0, 2), dtype=np.float64)
        return np.asarray(total / cut.shape[0], np.float64)

    def steps(self) -> NDArray[np.float64]:
        """Return the mean of every whole step so far."""
        return np.concatenate([np.zeros(0), *self._steps])


@dataclass
class Tap:
    """A place in a strip's chain: before it, or behind one of its boxes.

    Attributes
    ----------
    label : str
        The box, "" before the chain.
    power : StepMeans
    latency : int
        Of the sound there, behind the mix's time.
    controls : dict of str to StepMeans
        What the box told besides its sound: a gain reduction.
    """

    label: str
    power: StepMeans
    latency: int
    sample_rate: int
    controls: dict[str, StepMeans] = field(default_factory=dict)

    def push(self, block: Audio, controls: dict[str, Audio]) -> None:
        """Take a block of sound and what the box told about it."""
        self.power.push(block)
        for name, values in controls.items():
            rows = np.atleast_2d(np.asarray(values))
            if rows.shape[1] != block.shape[1]:
                continue  # told less often than every sample: not on this time line
            if name not in self.controls:
                self.controls[name] = StepMeans(self.sample_rate, self.latency, power=False)
            self.controls[name].push(rows)


def short_term_db(steps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the level over the last 3 s at every step, dBFS, at least -120."""
    if not steps.size:
        return np.zeros(0)
    total = np.cumsum(np.concatenate([np.zeros(1), steps]))
    ends = np.arange(1, steps.size + 1)
    starts = np.maximum(ends - SHORT_TERM, 0)
    mean = (total[ends] - total[starts]) / (ends - starts)
    return np.asarray(10.0 * np.log10(np.maximum(mean, 1e-12)))
