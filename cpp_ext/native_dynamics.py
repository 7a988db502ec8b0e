# SPDX-License-Identifier: GPL-3.0-or-later
"""The C++ kernels of dynamics and of the filter cascade behind Python classes; see `native`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuralboard.cpp_ext import _ext, checks, checks_dynamics

Audio = NDArray[np.float32]
Number = float | Audio
Doubles = NDArray[np.float64]

__all__ = ["DynamicShelf", "GainReduction", "SvfCascade", "apply_gain_db"]


def apply_gain_db(block: Audio, gain_db: Audio, out: Audio | None = None) -> Audio:
    """Apply one gain per sample to all channels; see `reference_dynamics.apply_gain_db`."""
    result = _ext.apply_gain_db(block, gain_db, out)
    if result is None:
        raise checks.refusal(checks_dynamics.gain_problem(block, gain_db, out))
    return result


class GainReduction:
    """See `reference_dynamics.GainReduction`."""

    def __init__(self, channels: int, longest_hold: int) -> None:
        self.channels = checks.count("channels", channels, 1, checks.MAX_CHANNELS)
        self.longest_hold = checks.count("longest_hold", longest_hold, 0, 2**24)
        self._core = _ext.GainReduction(self.channels, self.longest_hold)
        self._push = self._core.push

    def push(
        self,
        key: Audio,
        threshold_db: Number,
        slope: Number,
        knee_db: Number,
        range_db: Number,
        attack: Number,
        release: Number,
        hold: Number,
        out: Audio | None = None,
    ) -> Audio:
        """Return the gain reduction in dB for each sample of the key, [n]."""
        result = self._push(key, threshold_db, slope, knee_db, range_db, attack, release, hold, out)
        if result is None:
            controls = {
                "threshold_db": threshold_db,
                "slope": slope,
                "knee_db": knee_db,
                "range_db": range_db,
                "attack": attack,
                "release": release,
                "hold": hold,
            }
            raise checks.refusal(checks_dynamics.reduction_problem(self, key, controls, out))
        return result

    def reset(self) -> None:
        """Forget all past samples."""
        checks.done(self._core.reset())


class DynamicShelf:
    """See `reference_dynamics.DynamicShelf`."""

    def __init__(self, channels: int) -> None:
        self.channels = checks.count("channels", channels, 1, checks.MAX_CHANNELS)
        self._core = _ext.DynamicShelf(self.channels)
        self._process = self._core.process

    def process(
        self, block: Audio, reduction_db: Audio, warped: Number, out: Audio | None = None
    ) -> Audio:
        """Filter [channels, n]; `out` may be `block`."""
        result = self._process(block, reduction_db, warped, out)
        if result is None:
            raise checks.refusal(
                checks_dynamics.shelf_problem(self, block, reduction_db, warped, out)
            )
        return result

    def reset(self) -> None:
        """Forget all past samples."""
        checks.done(self._core.reset())


class SvfCascade:
    """See `reference_svf.SvfCascade`."""

    def __init__(self, channels: int, sections: int) -> None:
        self.channels = checks.count("channels", channels, 1, checks.MAX_CHANNELS)
        self.sections = checks.count("sections", sections, 1, checks.MAX_CHANNELS)
        self._core = _ext.SvfCascade(self.channels, self.sections)
        self._process = self._core.process

    def process(self, block: Audio, coefficients: Doubles, out: Audio | None = None) -> Audio:
        """Filter [channels, n]; `out` may be `block`."""
        result = self._process(block, coefficients, out)
        if result is None:
            raise checks.refusal(checks_dynamics.cascade_problem(self, block, coefficients, out))
        return result

    def reset(self) -> None:
        """Forget all past samples."""
        checks.done(self._core.reset())
