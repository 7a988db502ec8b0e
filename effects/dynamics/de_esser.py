# SPDX-License-Identifier: GPL-3.0-or-later
"""DeEsser: a high shelf that goes down while there is too much above its frequency.

Source: the compressor's curve and detector, see `BusCompressor`; the shelf after A. Simper,
"Solving the continuous SVF equations using trapezoidal integration and equivalent currents",
Cytomic 2013.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np

from neuralboard import cpp_ext
from neuralboard.audio import Audio
from neuralboard.effect import Effect
from neuralboard.effects.dynamics.ballistics import hold_samples, longest_hold, share, slope
from neuralboard.effects.filters.sections import butterworth, warped
from neuralboard.parameter import Parameter
from neuralboard.told import Controls

__all__ = ["DeEsser"]

KEY_ORDER = 4  # 24 dB an octave: a vowel's lower formants must not be heard
KNEE_DB = 6.0
HOLD_MS = 3.0  # bridges the gaps of noise, shorter than any vowel


class DeEsser(Effect):
    """Turns sharp s and sh sounds down and leaves the rest alone; all channels alike, no latency.

    It hears the peaks above `frequency_hz`. While they are over the threshold, a high shelf takes
    half of the reduction (in dB) at `frequency_hz` and nearly all an octave above; without
    reduction samples pass unchanged. It tells `gain_reduction_db`, that of the highs.

    Parameters
    ----------
    frequency_hz : float
        Where sharpness begins: about 4 kHz for deep voices, 6 kHz for high ones.
    threshold_db : float
        dBFS of the peak of what is above that frequency.
    ratio : float
        1 does nothing.
    range_db : float
        The most that it turns down.
    attack_ms, release_ms : float
        Times of 63 % of a step of the reduction in dB.

    Examples
    --------
    >>> DeEsser(5000, range_db=8)
    DeEsser(frequency_hz=5000.0, range_db=8.0)
    """

    frequency_hz = Parameter(5500.0, 2000.0, 12_000.0, unit="Hz", doc="where sharpness begins")
    threshold_db = Parameter(-30.0, -80.0, 0.0, unit="dB", doc="dBFS of the peak above it")
    ratio = Parameter(4.0, 1.0, 100.0, doc="1 does nothing")
    range_db = Parameter(12.0, 0.0, 40.0, unit="dB", doc="the most that it turns down")
    attack_ms = Parameter(1.0, 0.0, 100.0, unit="ms", doc="63 % of a step down, in dB")
    release_ms = Parameter(40.0, 1.0, 1000.0, unit="ms", doc="63 % of a step up, in dB")
    neutral: ClassVar[dict[str, Any]] = {"range_db": 0.0}
    links_channels = True
    tells = ("gain_reduction_db",)

    def start(self, sample_rate: int, channels: int) -> Any:
        return SimpleNamespace(
            sample_rate=sample_rate,
            key_filter=cpp_ext.SvfCascade(channels, KEY_ORDER // 2),
            reduction=cpp_ext.GainReduction(channels, longest_hold(HOLD_MS, sample_rate)),
            shelf=cpp_ext.DynamicShelf(channels),
            frequency=None,
            warped=None,
            sections=None,
        )

    def process_block(self, block: Audio, state: Any, p: Any) -> tuple[Audio, Controls]:
        rate = state.sample_rate
        if p.frequency_hz is not state.frequency:
            g = warped(p.frequency_hz, rate)
            state.frequency, state.sections = p.frequency_hz, butterworth(g, KEY_ORDER, high=True)
            state.warped = g.astype(np.float32) if g.ndim else float(g)
        reduction = state.reduction.push(
            state.key_filter.process(block, state.sections),
            p.threshold_db,
            slope(p.ratio),
            KNEE_DB,
            p.range_db,
            share(p.attack_ms, rate),
            share(p.release_ms, rate),
            hold_samples(HOLD_MS, rate),
        )
        out = state.shelf.process(block, reduction, state.warped)
        return out, {"gain_reduction_db": reduction}
