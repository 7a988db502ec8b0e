# SPDX-License-Identifier: GPL-3.0-or-later
"""WienerDenoiser: log-spectral amplitude estimation with decision-directed a priori SNR.

Source: Y. Ephraim, D. Malah, "Speech enhancement using a minimum mean-square error log-spectral
amplitude estimator", 1985.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from neuralboard.effects.classic.denoiser_base import Floats, NoiseReducer, at
from neuralboard.parameter import Parameter

__all__ = ["WienerDenoiser"]


class WienerDenoiser(NoiseReducer):
    """Removes steady noise with less musical noise than subtraction; latency 32 ms.

    Parameters
    ----------
    strength : float
        0 removes nothing, 1 what the estimator says; between and beyond scale it in dB.
    smoothing : float
        Weight of the last frame's estimate (decision-directed): near 1 is smooth, lower is quick.
    floor_db : float
        The most that any bin is turned down.
    noise : str, optional
        A recording of the noise alone; else the noise is tracked.
    """

    strength = Parameter(1.0, 0.0, 2.0, doc="0 leaves the sound alone, 1 is the full reduction")
    smoothing = Parameter(0.98, 0.8, 0.998, doc="weight of the last frame's estimate")
    floor_db = Parameter(-25.0, -60.0, 0.0, unit="dB", doc="the most a bin is turned down")
    neutral: ClassVar[dict[str, Any]] = {"strength": 0.0}

    def memory(self, shape: tuple[int, int]) -> Any:
        return {"clean": np.zeros(shape, np.float32)}

    def gain(self, power: Floats, noise: Floats, state: Any, p: Any, k: int) -> Floats:
        noise = np.maximum(noise, np.float32(1e-20))
        posterior = np.minimum(power / noise, np.float32(1e4))
        weight = np.float32(at(p.smoothing, k))
        prior = weight * state.memory["clean"] / noise
        prior = prior + (1 - weight) * np.maximum(posterior - 1, 0)
        prior = np.clip(prior, np.float32(3e-3), np.float32(1e6))
        wiener = prior / (1 + prior)
        gain = wiener * np.exp(np.float32(0.5) * _expint(wiener * posterior))
        floor = np.float32(10.0 ** (float(at(p.floor_db, k)) / 20.0))
        gain = np.clip(gain, floor, np.float32(1.0)).astype(np.float32)
        state.memory["clean"] = (gain * gain * power).astype(np.float32)
        return np.asarray(gain ** np.float32(at(p.strength, k)), np.float32)


def _expint(v: Floats) -> Floats:
    """Return the exponential integral E1(v), within 2e-5 (Abramowitz & Stegun 5.1.53, 5.1.56)."""
    v = np.maximum(v, np.float32(1e-6))
    small = np.minimum(v, 1.0)
    series = -np.log(small) - 0.57721566 + small * (
        0.99999193 + small * (-0.24991055 + small * (
            0.05519968 + small * (-0.00976004 + small * 0.00107857)))
    )  # fmt: skip
    large = np.maximum(v, 1.0)
    above = large * (large * (large * (large + 8.5733287401) + 18.059016973) + 8.6347608925)
    below = large * (large * (large * (large + 9.5733223454) + 25.6329561486) + 21.0996530827)
    tail = np.exp(-large) / large * (above + 0.2677737343) / (below + 3.9584969228)
    return np.asarray(np.where(v < 1.0, series, tail), np.float32)
