# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters and the latency of `RatePair`, a closed formula each.

With H and M the two rates, g their greatest common divisor, ``a = H/g`` and ``b = M/g``, both kinds
of samples stand on the grid of ``a b g`` Hz: host samples at multiples of b, model samples at
multiples of a. One low-pass on that grid, symmetric, of ``2 K + 1`` taps, serves both ways; it
delays by K. Its windowed sinc is J. Kaiser's design ("Nonrecursive digital filter design using the
I0-sinh window function", 1974).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralboard.cpp_ext import checks

MAX_TERM = 1280  # of the reduced ratio; beyond, the table of taps gets too long

# Pass band to 0.45, stop band from 0.55 of the lower rate. What lies between 0.5 and 0.55 folds to
# 0.45 .. 0.5, above the pass band.
_TRANSITION = 0.1
_ATTENUATION_DB = 94.0  # 90 promised; the rest is for rounding and for images that add up


@dataclass(frozen=True)
class RateDesign:
    """What a pair of rates comes to.

    Attributes
    ----------
    a, b : int
        The reduced ratio of host rate to model rate.
    e : int
        Grid steps by which the way up waits so that the latency is whole.
    latency : int
        Of down, model and up together, in host samples.
    down_rows, up_rows : ndarray of float32, [b, taps] and [a, taps]
        Row p holds the taps for an output p grid steps after its newest input, oldest input first.
    """

    a: int
    b: int
    e: int
    latency: int
    down_rows: NDArray[np.float32]
    up_rows: NDArray[np.float32]

    @property
    def through(self) -> bool:
        """Whether the rates are equal and samples pass as they are."""
        return self.a == self.b == 1


def design_rates(host_rate: Any, model_rate: Any, model_latency: Any) -> RateDesign:
    """Check the arguments of `RatePair` and return its tables."""
    rates = []
    for name, value in (("host_rate", host_rate), ("model_rate", model_rate)):
        hertz = checks.rate(name, value)
        if hertz != int(hertz):
            raise ValueError(f"{name} must be a whole number of Hz, got {value}")
        rates.append(int(hertz))
    late = checks.count("model_latency", model_latency, 0)
    common = math.gcd(*rates)
    a, b = rates[0] // common, rates[1] // common
    if max(a, b) > MAX_TERM:
        raise ValueError(
            f"host_rate {rates[0]} to model_rate {rates[1]} reduces to {a}:{b}, beyond {MAX_TERM};"
            " use a common rate such as 44100 or 48000"
        )
    if a == b:
        none = np.zeros((1, 0), np.float32)
        return RateDesign(1, 1, 0, late, none, none)
    half, down_rows, up_rows = _tables(a, b)
    delay = 2 * half + late * a
    e = -delay % b
    return RateDesign(a, b, e, (delay + e) // b, down_rows, up_rows)


@lru_cache(maxsize=8)
def _tables(a: int, b: int) -> tuple[int, NDArray[np.float32], NDArray[np.float32]]:
    """Return K and both tables. A host sample stands for b grid steps, a model sample for a."""
    taps = lowpass(max(a, b))
    return taps.size // 2, _rows(taps * b, b), _rows(taps * a, a)


def lowpass(ratio: int) -> NDArray[np.float64]:
    """Return the symmetric low-pass at half the lower rate, which is 1/`ratio` of the grid's."""
    beta = 0.1102 * (_ATTENUATION_DB - 8.7)
    length = (_ATTENUATION_DB - 7.95) / (2.285 * 2 * math.pi * _TRANSITION) * ratio
    half = math.ceil(length / 2)
    taps = np.sinc(np.arange(-half, half + 1) / ratio) * np.kaiser(2 * half + 1, beta)
    return taps / taps.sum()


def _rows(taps: NDArray[np.float64], step: int) -> NDArray[np.float32]:
    """Deal the taps out to `step` phases; rows are padded to a multiple of 8."""
    count = -(-taps.size // step)
    count += -count % 8
    padded = np.zeros(count * step)
    padded[: taps.size] = taps
    phases_last = padded.reshape(count, step)  # [k, p]: tap at k step + p
    return np.ascontiguousarray(phases_last[::-1].T, dtype=np.float32)
