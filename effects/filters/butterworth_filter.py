# SPDX-License-Identifier: GPL-3.0-or-later
"""What HighPass and LowPass share: a Butterworth cascade behind a cutoff and a slope."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, ClassVar

from neuralboard import cpp_ext
from neuralboard.audio import Audio
from neuralboard.effect import Effect
from neuralboard.effects.filters.sections import butterworth, warped
from neuralboard.parameter import Choice

__all__ = ["SLOPES", "ButterworthFilter"]

SLOPES = (12, 18, 24, 48)


class ButterworthFilter(Effect):
    """Base: a subclass declares `cutoff_frequency_hz` and says which side passes."""

    slope = Choice(12, SLOPES, next_stream=True, doc="dB per octave")
    # A steep filter delays its band by more than the tests of latency can tell from a fault.
    neutral: ClassVar[dict[str, Any]] = {"mix": 0.0}
    high = False

    def start(self, sample_rate: int, channels: int) -> Any:
        order = self.slope // 6
        return SimpleNamespace(
            sample_rate=sample_rate,
            order=order,
            cascade=cpp_ext.SvfCascade(channels, (order + 1) // 2),
            cutoff=None,
            sections=None,
        )

    def process_block(self, block: Audio, state: Any, p: Any) -> Audio:
        cutoff = p.cutoff_frequency_hz
        if not isinstance(cutoff, float):  # a ramp: one row of coefficients per sample
            g = warped(cutoff, state.sample_rate)
            return state.cascade.process(block, butterworth(g, state.order, self.high))
        if cutoff != state.cutoff:
            g = warped(cutoff, state.sample_rate)
            state.cutoff, state.sections = cutoff, butterworth(g, state.order, self.high)
        return state.cascade.process(block, state.sections)
