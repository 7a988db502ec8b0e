# SPDX-License-Identifier: GPL-3.0-or-later
"""What the metrics share: argument checks, rate conversion, the line for a missing package."""

from __future__ import annotations

import numpy as np
import soxr
from numpy.typing import NDArray

from neuralboard.errors import AudioError
from neuralboard.extras import MissingPackageError, needs

__all__ = ["MissingPackageError", "Mono", "check_pair", "needs", "to_rate"]

Mono = NDArray[np.floating]


def check_pair(reference: Mono, estimate: Mono) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return both as float64 `[samples]`, or raise `AudioError` where they are no pair."""
    pair = (np.asarray(reference, np.float64), np.asarray(estimate, np.float64))
    if pair[0].ndim != 1 or pair[0].shape != pair[1].shape or not pair[0].size:
        raise AudioError(
            f"a metric compares two mono arrays of one length, not {np.shape(reference)} and"
            f" {np.shape(estimate)}; cut and align them first"
        )
    if not (np.isfinite(pair[0]).all() and np.isfinite(pair[1]).all()):
        raise AudioError("a metric was given NaN or Inf; the box that made it is broken")
    return pair


def to_rate(audio: Mono, sample_rate: int, wanted: int) -> NDArray[np.float64]:
    """Convert `[samples]` to another rate (soxr VHQ: linear phase, no delay)."""
    out = np.asarray(audio, np.float64)
    if sample_rate != wanted:
        out = soxr.resample(out, sample_rate, wanted, quality="VHQ")
    return np.asarray(out, np.float64)
