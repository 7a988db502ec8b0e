# SPDX-License-Identifier: GPL-3.0-or-later
"""What a box's own methods returned, checked: a wrong shape is named before it does harm."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuralboard.audio import Audio
from neuralboard.errors import BoxError

__all__ = ["checked_block", "checked_latency"]


def checked_block(out: Any, shape: tuple[int, ...], box: Any, method: str) -> Audio:
    """Return what a box's method gave as float32, or raise `BoxError`."""
    if not isinstance(out, np.ndarray) or out.shape != shape:
        got = f"shape {out.shape}" if isinstance(out, np.ndarray) else type(out).__name__
        raise BoxError(
            f"{type(box).__name__}.{method} returned {got} for a block of shape {shape}; return"
            " an array of the same shape"
        )
    if out.dtype == np.float32:
        return out
    if out.dtype.kind != "f":
        raise BoxError(
            f"{type(box).__name__}.{method} returned {out.dtype} samples; return float32 (or"
            " float64, which is rounded)"
        )
    return out.astype(np.float32)


def checked_latency(box: Any, sample_rate: int) -> int:
    """Return what the box declares, a whole number of samples."""
    declared = box.latency_samples(sample_rate)
    if isinstance(declared, bool) or not isinstance(declared, (int, np.integer)) or declared < 0:
        raise BoxError(
            f"{type(box).__name__}.latency_samples({sample_rate}) returned {declared!r}; return a"
            " whole number of samples, 0 or more"
        )
    return int(declared)
