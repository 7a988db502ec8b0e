# SPDX-License-Identifier: GPL-3.0-or-later
"""Gains in decibels whose lowest value means off."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["OFF_DB", "gain_of"]

OFF_DB = -80.0


def gain_of(decibels: Any) -> Any:
    """Return the factor of a gain in dB (a scalar or one value per frame); 0 at `OFF_DB`."""
    value = np.asarray(decibels, np.float32)
    gain = np.float32(10.0) ** (value / np.float32(20.0))
    return np.where(value <= OFF_DB, np.float32(0.0), gain).astype(np.float32)
