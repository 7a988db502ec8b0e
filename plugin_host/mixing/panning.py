# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a sound stands between two loudspeakers.

Mono: constant power. With p from -1 (left) to 1 (right) and θ = (p + 1) π/4 the factors are
cos(θ)^k and sin(θ)^k; k sets the level at the centre:

    pan_law_db   -3 (the default)   -4.5   -6     0
    k             1                  1.5    2     the balance below: 0 dB at the centre

Stereo: balance. The side that is turned to stays as it is, the other falls as cos(|p| π/2).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from neuralboard.audio import Audio
from neuralboard.errors import ParameterError

__all__ = ["PAN_LAWS", "check_pan_law", "panned"]

PAN_LAWS = {-3.0: 1.0, -4.5: 1.5, -6.0: 2.0, 0.0: 0.0}
"""Level of a mono sound at the centre (dB) → exponent of the constant-power law."""


def check_pan_law(value: Any) -> float:
    """Return the law, or raise `ParameterError`."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value not in PAN_LAWS:
        raise ParameterError(f"pan_law_db = {value!r}: use -3, -4.5, -6 or 0")
    return float(value)


def panned(audio: Audio, pan: Any, law_db: float) -> Audio:
    """Return `[2, samples]` of a mono or stereo sound.

    Parameters
    ----------
    audio : ndarray, float32, [1 or 2, samples]
    pan : float or ndarray [samples]
        -1 (left) to 1 (right).
    law_db : float
        For mono: the level at the centre, one of `PAN_LAWS`.
    """
    exponent = PAN_LAWS[law_db]
    if audio.shape[0] == 2 or exponent == 0.0:
        left, right = _balance(pan)
    else:
        angle = (np.asarray(pan, np.float64) + 1.0) * (np.pi / 4)
        left, right = np.cos(angle) ** exponent, np.sin(angle) ** exponent
    if _is_one(left) and _is_one(right):
        return audio if audio.shape[0] == 2 else np.repeat(audio, 2, axis=0)
    out = np.empty((2, audio.shape[1]), np.float32)
    np.multiply(audio[0], np.asarray(left, np.float32), out=out[0])
    np.multiply(audio[-1], np.asarray(right, np.float32), out=out[1])
    return out


def _balance(pan: Any) -> tuple[Any, Any]:
    pan = np.asarray(pan, np.float64)
    falling = np.cos(np.abs(pan) * (np.pi / 2))
    return np.where(pan > 0, falling, 1.0), np.where(pan < 0, falling, 1.0)


def _is_one(factor: Any) -> bool:
    return factor.ndim == 0 and float(factor) == 1.0
