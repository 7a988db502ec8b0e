# SPDX-License-Identifier: GPL-3.0-or-later
"""HumFilter: notches at the mains frequency and its harmonics."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from neuralboard import cpp_ext
from neuralboard.audio import Audio
from neuralboard.effect import Effect
from neuralboard.effects.filters.sections import second_order, warped
from neuralboard.parameter import Parameter

__all__ = ["HumFilter"]


class HumFilter(Effect):
    """Removes mains hum: narrow notches at 50 or 60 Hz and its harmonics; no latency.

    All notches have one width in Hz. Notches of one Q would be wider the higher they lie, and at
    20 times the mains frequency take half of the sound. It takes about 1.5/width_hz seconds
    until a notch has taken 40 dB.

    Parameters
    ----------
    frequency_hz : float
        Of the mains: 50 or 60 (40 to 70 for tape that runs off its speed).
    harmonics : int
        How many notches, the fundamental included. A change takes effect in the next stream.
    depth_db : float
        How much is taken at the middle of each.
    width_hz : float
        Between the points where a deep notch takes 3 dB. Wider follows mains that wander (by
        0.05 Hz mostly, ten times that at the tenth harmonic), and takes more of the sound.

    Examples
    --------
    >>> HumFilter(60, harmonics=8)
    HumFilter(frequency_hz=60.0, harmonics=8.0)
    """

    frequency_hz = Parameter(50.0, 40.0, 70.0, unit="Hz", doc="of the mains, 50 or 60")
    harmonics = Parameter(10, 1, 40, whole=True, doc="how many notches, the fundamental included")
    depth_db = Parameter(60.0, 0.0, 100.0, unit="dB", doc="what the middle of a notch takes")
    width_hz = Parameter(2.0, 0.2, 20.0, unit="Hz", doc="of each notch, where it takes 3 dB")
    neutral: ClassVar[dict[str, Any]] = {"depth_db": 0.0}

    def start(self, sample_rate: int, channels: int) -> Any:
        count = int(self.harmonics)
        return SimpleNamespace(
            sample_rate=sample_rate,
            numbers=np.arange(1.0, count + 1),
            cascade=cpp_ext.SvfCascade(channels, count),
            values=None,
            sections=None,
        )

    def process_block(self, block: Audio, state: Any, p: Any) -> Audio:
        values = (p.frequency_hz, p.depth_db, p.width_hz)
        if any(isinstance(value, np.ndarray) for value in values):
            each = [np.broadcast_to(value, block.shape[1:])[:, np.newaxis] for value in values]
            return state.cascade.process(block, _notches(state, *each))
        if values != state.values:
            state.values, state.sections = values, _notches(state, *values)
        return state.cascade.process(block, state.sections)


def _notches(state: Any, base_hz: Any, depth_db: Any, width_hz: Any) -> NDArray[np.float64]:
    """Return sections `[harmonics, 6]`, or `[n, harmonics, 6]` for values `[n, 1]`."""
    frequency = np.multiply(base_hz, state.numbers)
    k = width_hz / frequency
    # k times the band-pass has the gain 1 at the middle: what is left there is 10^(-depth/20).
    taken = 1.0 - np.power(10.0, np.multiply(depth_db, -0.05))
    rows = second_order(warped(frequency, state.sample_rate), k, 1.0, -taken * k, 0.0)
    return np.ascontiguousarray(rows)
