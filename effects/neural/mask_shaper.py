# SPDX-License-Identifier: GPL-3.0-or-later
"""What Denoiser's knobs do to a mask: its suppression scaled in dB, and not below a floor.

    m = a·exp(iφ)   ─▶   a ** strength · exp(i·strength·φ)   ─▶   not below the floor

Strength 1 is the model's own mask, 0 a mask of ones, and between them decibels and phase go in
proportion. Where the floor lifts a bin, the phase correction fades with what is left of the
model's own magnitude, since that of a bin that is nearly gone means nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["NO_LIMIT_DB", "MaskShaper"]

NO_LIMIT_DB = 100.0
"""An attenuation limit of this or more is none."""


class MaskShaper:
    """Called with a mask `[channels, k, bins]`, complex or real, and the heard parameters.

    `p.strength` and `p.attenuation_limit_db` are scalars or `[k]`. What comes back is the mask
    itself or memory that the next call overwrites.
    """

    def __init__(self) -> None:
        self._shape: tuple[int, ...] = ()

    def __call__(self, mask: NDArray[Any], p: Any) -> NDArray[Any]:
        strength, limit = p.strength, p.attenuation_limit_db
        scalar = not isinstance(strength, np.ndarray)
        floor = _floor(limit)
        if scalar and strength == 1.0 and floor is None:
            return mask
        strength = np.float32(strength) if scalar else strength[:, None]
        if mask.shape != self._shape:
            self._allocate(mask.shape)
        size, phase, part, out = self._size, self._phase, self._part, self._out
        if not np.iscomplexobj(mask):
            np.maximum(mask, _ZERO, out=size)
            np.power(size, strength, out=size)
            return size if floor is None else np.maximum(size, floor, out=size)
        np.arctan2(mask.imag, mask.real, out=phase)
        phase *= strength
        np.abs(mask, out=size)
        np.power(size, strength, out=size)
        if floor is not None:
            np.maximum(size, floor, out=part)  # the floor may be 0 in a ramp
            np.divide(size, np.maximum(part, _TINY), out=size)
            phase *= size
            size, part = part, size
        np.multiply(size, np.cos(phase, out=part), out=out.real)
        np.multiply(size, np.sin(phase, out=part), out=out.imag)
        return out

    def _allocate(self, shape: tuple[int, ...]) -> None:
        self._shape = shape
        self._size, self._phase, self._part = (np.empty(shape, np.float32) for _ in range(3))
        self._out = np.empty(shape, np.complex64)


_ZERO, _TINY = np.float32(0.0), np.float32(1e-30)


def _floor(limit_db: Any) -> Any:
    """Return the least magnitude, scalar or `[k, 1]`, or None where there is none."""
    if not isinstance(limit_db, np.ndarray):
        return None if limit_db >= NO_LIMIT_DB else np.float32(10.0 ** (-limit_db / 20.0))
    floor = np.where(limit_db >= NO_LIMIT_DB, 0.0, 10.0 ** (-limit_db / 20.0))
    return floor.astype(np.float32)[:, None]
