# SPDX-License-Identifier: GPL-3.0-or-later
"""The running median by a sorting network: fast in NumPy, and exact however frames are grouped."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["median_of", "median_over_bins"]

Floats = NDArray[np.float32]


@cache
def _network(size: int) -> tuple[tuple[int, int], ...]:
    """Return the comparators (low, high) of Batcher's odd-even merge sort that the middle needs."""
    pairs = []
    p = 1
    while p < size:
        k = p
        while k >= 1:
            for j in range(k % p, size - k, 2 * k):
                pairs += [
                    (i + j, i + j + k)
                    for i in range(min(k, size - j - k))
                    if (i + j) // (2 * p) == (i + j + k) // (2 * p)
                ]
            k //= 2
        p *= 2
    needed, kept = {size // 2}, []
    for pair in reversed(pairs):
        if needed & set(pair):
            needed |= set(pair)
            kept.append(pair)
    return tuple(reversed(kept))


def median_of(arrays: Sequence[Floats]) -> Floats:
    """Return the elementwise median of an odd number of arrays of one shape."""
    lines = list(arrays)
    for low, high in _network(len(lines)):
        a, b = lines[low], lines[high]
        lines[low], lines[high] = np.minimum(a, b), np.maximum(a, b)
    return lines[len(lines) // 2]


def median_over_bins(values: Floats, size: int) -> Floats:
    """Return the median of `size` (odd) neighbours along the last axis, mirrored at its ends."""
    half = size // 2
    padded = np.pad(values, [(0, 0)] * (values.ndim - 1) + [(half, half)], mode="reflect")
    bins = values.shape[-1]
    return median_of([padded[..., i : i + bins] for i in range(size)])
