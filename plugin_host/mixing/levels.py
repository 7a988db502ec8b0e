# SPDX-License-Identifier: GPL-3.0-or-later
"""Levels over time at the places between boxes: mean power in steps of 100 ms."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuralboard.audio import Audio

__all__ = ["STEP_SECONDS", "PowerTrack", "short_term_db"]

STEP_SECONDS = 0.1
_SHORT_TERM = 30  # steps: 3 s, as the short-term loudness of EBU Tech 3341


class PowerTrack:
    """Mean power of a sound in steps of 100 ms, its latency taken off.

    Parameters
    ----------
    sample_rate : int
    latency : int
        Samples at the beginning that don't count.
    """

    def __init__(self, sample_rate: int, latency: int) -> None:
        self._size = round(STEP_SECONDS * sample_rate)
        self._skip = latency
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
            self._sum += _energy(head)
            self._count += head.shape[1]
            block = block[:, head.shape[1] :]
            if self._count < self._size:
                return
            self._finish()
        whole = block.shape[1] // self._size
        if whole:
            cut = block[:, : whole * self._size].reshape(block.shape[0], whole, self._size)
            power = np.einsum("cws,cws->w", cut, cut) / (block.shape[0] * self._size)
            self._steps.append(np.asarray(power, np.float64))
        rest = block[:, whole * self._size :]
        self._channels = block.shape[0]
        self._sum, self._count = _energy(rest), rest.shape[1]

    def _finish(self) -> None:
        self._steps.append(np.array([self._sum / (self._channels * self._size)]))
        self._sum, self._count = 0.0, 0

    def steps(self) -> NDArray[np.float64]:
        """Return the mean power of every step so far, linear."""
        return np.concatenate([np.zeros(0), *self._steps])


def _energy(block: Audio) -> float:
    return float(np.einsum("cs,cs->", block, block)) if block.size else 0.0


def short_term_db(steps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the level over the last 3 s at every step, dBFS, at least -120."""
    if not steps.size:
        return np.zeros(0)
    total = np.cumsum(np.concatenate([np.zeros(1), steps]))
    ends = np.arange(1, steps.size + 1)
    starts = np.maximum(ends - _SHORT_TERM, 0)
    mean = (total[ends] - total[starts]) / (ends - starts)
    return np.asarray(10.0 * np.log10(np.maximum(mean, 1e-12)))
