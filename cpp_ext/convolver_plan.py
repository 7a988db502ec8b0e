# SPDX-License-Identifier: GPL-3.0-or-later
"""How a response is cut into parts, and what the convolver's constructor takes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralboard.cpp_ext import checks

__all__ = ["HEAD", "SIZES", "check_response", "parts_of"]

HEAD = 64
"""Taps that are convolved directly: as many samples as the first level waits for."""

SIZES = (64, 512, 4096)
"""Samples of a part in each level. Measured: ratios of 4 cost more transforms, larger parts more
cache, and a live block that completes one of 4096 samples stays short."""


def parts_of(taps: int) -> list[tuple[int, int]]:
    """Return (samples of a part, number of parts) of the levels that a response needs.

    A level begins at the tap that is its own part's length and reaches to the next one's; the last
    takes all the rest.
    """
    levels = []
    for size, end in zip(SIZES, (*SIZES[1:], taps), strict=True):
        last = min(end, taps)
        if last > size:
            levels.append((size, -(-(last - size) // size)))
    return levels


def check_response(response: Any) -> tuple[NDArray[np.float32], int]:
    """Return a response `[channels, taps]` and its channels, or raise."""
    problem = checks.array_problem("response", response, np.float32, [None, None])
    if problem is not None:
        raise problem
    channels = checks.count("channels of the response", response.shape[0], 1, checks.MAX_CHANNELS)
    checks.count("taps of the response", response.shape[1], 1)
    broken = np.flatnonzero(~np.isfinite(response).all(axis=0))
    if broken.size:
        raise ValueError(f"response must be finite, tap {broken[0]} is not")
    return response, channels
