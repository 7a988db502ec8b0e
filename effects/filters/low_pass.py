# SPDX-License-Identifier: GPL-3.0-or-later
"""LowPass: takes the highs away, 12 to 48 dB an octave.

Source: S. Butterworth, "On the theory of filter amplifiers", 1930; sections after A. Simper, 2013
(`cpp_ext.SvfCascade`).
"""

from __future__ import annotations

from neuralboard.effects.filters.butterworth_filter import ButterworthFilter
from neuralboard.parameter import Parameter

__all__ = ["LowPass"]


class LowPass(ButterworthFilter):
    """Removes the highs, 12 to 48 dB an octave, flat below (Butterworth); no latency.

    Parameters
    ----------
    cutoff_frequency_hz : float
        Where it takes 3 dB; held below 0.49 of the sample rate.
    slope : int
        12, 18, 24 or 48 dB per octave. A change takes effect in the next stream.

    Examples
    --------
    >>> LowPass(8000, slope=48)
    LowPass(cutoff_frequency_hz=8000.0, slope=48)
    """

    cutoff_frequency_hz = Parameter(12_000.0, 10.0, 20_000.0, unit="Hz", doc="where it takes 3 dB")
