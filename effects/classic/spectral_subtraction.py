# SPDX-License-Identifier: GPL-3.0-or-later
"""SpectralSubtraction: noise removal by subtracting the noise's power from each frame's.

Source: S. Boll, "Suppression of acoustic noise in speech using spectral subtraction", 1979;
over-subtraction and floor after M. Berouti, R. Schwartz, J. Makhoul, 1979.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from neuralboard.effects.classic.denoiser_base import Floats, NoiseReducer, at
from neuralboard.parameter import Parameter

__all__ = ["SpectralSubtraction"]


class SpectralSubtraction(NoiseReducer):
    """Removes steady noise (fans, hiss, hum); latency 32 ms less one sample.

    Parameters
    ----------
    strength : float
        0 removes nothing, 1 what the rule says; between and beyond scale the reduction in dB.
    over_subtraction : float
        How many times the noise is subtracted: more removes more, and damages more.
    floor_db : float
        The most that any bin is turned down; a higher floor hides musical noise.
    noise : str, optional
        A recording of the noise alone; else the noise is tracked.

    Examples
    --------
    >>> box = SpectralSubtraction(strength=0.8)
    >>> box.latency(48_000)
    1535
    """

    strength = Parameter(1.0, 0.0, 2.0, doc="0 leaves the sound alone, 1 is the full reduction")
    over_subtraction = Parameter(3.0, 1.0, 10.0, doc="times the noise is subtracted")
    floor_db = Parameter(-18.0, -60.0, 0.0, unit="dB", doc="the most a bin is turned down")
    neutral: ClassVar[dict[str, Any]] = {"strength": 0.0}

    def memory(self, shape: tuple[int, int]) -> Any:
        return {"gain": np.ones(shape, np.float32)}

    def gain(self, power: Floats, noise: Floats, state: Any, p: Any, k: int) -> Floats:
        ratio = at(p.over_subtraction, k) * noise / np.maximum(power, np.float32(1e-20))
        floor = np.float32(10.0 ** (float(at(p.floor_db, k)) / 20.0))
        raw = np.maximum(np.sqrt(np.maximum(1.0 - ratio, 0.0)), floor).astype(np.float32)
        # Smoothing over frequency (3 bins) and time takes the edge off musical noise; a gain that
        # rises does so at once, so that onsets stay.
        padded = np.concatenate([raw[:, :1], raw, raw[:, -1:]], axis=1)
        smooth = (padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]) / np.float32(3.0)
        before = state.memory["gain"]
        held = np.where(
            smooth > before, smooth, np.float32(0.6) * before + np.float32(0.4) * smooth
        )
        state.memory["gain"] = held.astype(np.float32)
        return np.asarray(state.memory["gain"] ** np.float32(at(p.strength, k)), np.float32)
