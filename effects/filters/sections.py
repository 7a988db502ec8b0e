# SPDX-License-Identifier: GPL-3.0-or-later
"""Coefficients for `cpp_ext.SvfCascade`: rows a1, a2, a3, m0, m1, m2 of state-variable sections.

Numbers may be scalars, or arrays `[n]` with a value per sample: then rows are `[n, 6]`.
g = tan(pi f/rate) puts the response at f where the analogue one is (the bilinear transform,
prewarped); k = 1/Q.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["butterworth", "first_order", "second_order", "warped"]

Doubles = NDArray[np.float64]

# A cutoff above the last frequency that there is would be none; tan has its pole at 1/2.
HIGHEST = 0.49
LOWEST_HZ = 0.5


def warped(frequency_hz: Any, sample_rate: int) -> Any:
    """Return tan(pi f/rate), float64, f held within 0.5 Hz and 0.49 of the rate."""
    bounded = np.clip(np.asarray(frequency_hz, np.float64), LOWEST_HZ, HIGHEST * sample_rate)
    return np.tan(np.pi * bounded / sample_rate)


def second_order(g: Any, k: Any, m0: Any, m1: Any, m2: Any) -> Doubles:
    """Return rows of sections y = m0 x + m1 (band-pass) + m2 (low-pass)."""
    a1 = 1.0 / (1.0 + g * (g + k))
    a2 = g * a1
    return _rows(a1, a2, g * a2, m0, m1, m2)


def first_order(g: Any, m0: Any, m2: Any) -> Doubles:
    """Return rows of first-order sections y = m0 x + m2 (low-pass)."""
    return _rows(1.0, 0.0, g / (1.0 + g), m0, 0.0, m2)


def _rows(*columns: Any) -> Doubles:
    return np.stack(np.broadcast_arrays(*columns), axis=-1).astype(np.float64, copy=False)


def butterworth(g: Any, order: int, high: bool) -> Doubles:
    """Return the sections of a Butterworth high-pass or low-pass, `[sections, 6]`.

    Parameters
    ----------
    g : float or ndarray of float64, [n]
        From `warped`. An array gives `[n, sections, 6]`.
    order : int
        6 dB an octave each.
    high : bool
        High-pass, else low-pass.
    """
    sections = []
    if order % 2:
        sections.append(first_order(g, 1.0, -1.0) if high else first_order(g, 0.0, 1.0))
    for k in _widths(order):
        row = second_order(g, k, 1.0, -k, -1.0) if high else second_order(g, k, 0.0, 0.0, 1.0)
        sections.append(row)
    return np.ascontiguousarray(np.stack(sections, axis=-2))


@cache
def _widths(order: int) -> tuple[float, ...]:
    """Return 1/Q of the pairs of poles of a Butterworth filter, the widest first."""
    pairs = range(order // 2, 0, -1)
    return tuple(2.0 * math.sin(math.pi * (2 * i - 1) / (2 * order)) for i in pairs)
