# SPDX-License-Identifier: GPL-3.0-or-later
"""HighPass: takes the lows away, 12 to 48 dB an octave.

Source: S. Butterworth, "On the theory of filter amplifiers", 1930; sections after A. Simper, 2013
(`cpp_ext.SvfCascade`).
"""

from __future__ import annotations

from neuralboard.effects.filters.butterworth_filter import ButterworthFilter
from neuralboard.parameter import Parameter

__all__ = ["HighPass"]


class HighPass(ButterworthFilter):
    """Removes the lows, 12 to 48 dB an octave, flat above (Butterworth); no latency.

    Parameters
    ----------
    cutoff_frequency_hz : float
        Where it takes 3 dB; held below 0.49 of the sample rate.
    slope : int
        12, 18, 24 or 48 dB per octave. A change takes effect in the next stream.

    Examples
    --------
    >>> HighPass(90, slope=24)
    HighPass(cutoff_frequency_hz=90.0, slope=24)
    """

    cutoff_frequency_hz = Parameter(80.0, 1.0, 20_000.0, unit="Hz", doc="where it takes 3 dB")
    high = True
