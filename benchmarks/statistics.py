# SPDX-License-Identifier: GPL-3.0-or-later
"""Means with bootstrap intervals, and differences between two boxes on the same recordings.

Recordings differ far more than boxes do, so boxes are compared pair by pair: the difference of two
scores on one recording, then the mean of it. Intervals are percentiles of the means of resampled
recordings (B. Efron, "Bootstrap methods", 1979), from a fixed seed: the same figures each time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Estimate", "mean_interval", "paired_difference"]

_RESAMPLES, _SEED, _CHUNK = 4000, 1979, 500


class Estimate(NamedTuple):
    """A mean and its 95 % interval over `n` recordings; NaN where there is none."""

    mean: float
    low: float
    high: float
    n: int

    @property
    def significant(self) -> bool:
        """True where the interval leaves 0 out."""
        return self.low > 0 or self.high < 0


def mean_interval(values: Sequence[float] | NDArray[np.float64], level: float = 0.95) -> Estimate:
    """Return the mean of the values that are numbers, with its bootstrap interval."""
    array = np.asarray(values, np.float64)
    array = array[np.isfinite(array)]
    count = len(array)
    if count == 0:
        return Estimate(float("nan"), float("nan"), float("nan"), 0)
    rng = np.random.default_rng(_SEED)
    means = np.concatenate(
        [
            array[rng.integers(0, count, (_CHUNK, count))].mean(axis=1)
            for _ in range(_RESAMPLES // _CHUNK)
        ]
    )
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(float(array.mean()), float(low), float(high), count)


def paired_difference(values: Sequence[float], others: Sequence[float]) -> Estimate:
    """Return the mean of values - others, recording by recording, with its 95 % interval."""
    if len(values) != len(others):
        raise ValueError(
            f"paired differences need as many values on both sides, not {len(values)} and"
            f" {len(others)}"
        )
    return mean_interval(np.asarray(values, np.float64) - np.asarray(others, np.float64))
