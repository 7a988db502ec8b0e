# SPDX-License-Identifier: GPL-3.0-or-later
"""From what a user sets to what `cpp_ext.GainReduction` takes: times and ratios.

A time is that of 63 % (1 - 1/e) of a step in decibels, once the hold is over.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

__all__ = ["hold_samples", "longest_hold", "share", "slope"]

_SHORTEST_MS = 1e-4  # below it all of the way is gone in one sample


def share(time_ms: Any, sample_rate: int) -> Any:
    """Return the share of the way to go that one sample takes: 1 - exp(-1/(seconds rate))."""
    if isinstance(time_ms, float):
        return -math.expm1(-1000.0 / (max(time_ms, _SHORTEST_MS) * sample_rate))
    seconds = np.maximum(time_ms, _SHORTEST_MS).astype(np.float64) / 1000.0
    return (-np.expm1(-1.0 / (seconds * sample_rate))).astype(np.float32)


def slope(ratio: Any) -> Any:
    """Return 1 - 1/ratio: decibels of reduction per decibel above the threshold."""
    return 1.0 - 1.0 / ratio if isinstance(ratio, float) else np.float32(1) - np.float32(1) / ratio


def hold_samples(hold_ms: Any, sample_rate: int) -> Any:
    """Return the hold in samples, not rounded."""
    return hold_ms * (sample_rate / 1000.0)


def longest_hold(most_ms: float, sample_rate: int) -> int:
    """Return the samples that a hold may take, rounding included."""
    return math.ceil(most_ms * sample_rate / 1000.0) + 1
