# SPDX-License-Identifier: GPL-3.0-or-later
"""The twin of the filter cascade: state-variable filters in double, and how they are designed.

Source: A. Simper, "Solving the continuous SVF equations using trapezoidal integration and
equivalent currents", Cytomic 2013. Trapezoidal integration is the bilinear transform: with
g = tan(pi f/rate) the response at f is the analogue one's.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuralboard.cpp_ext import checks, checks_dynamics

Audio = NDArray[np.float32]
Doubles = NDArray[np.float64]

__all__ = ["SvfCascade", "run_section"]


class SvfCascade:
    """Second-order sections one behind the other; a moving cutoff makes no click.

    A section with the integrators s1, s2 (first-order: a1 = 1, a2 = 0, a3 = g/(1 + g))::

        v3 = x - s2                     s1' = 2 v1 - s1
        v1 = a1 s1 + a2 v3              s2' = 2 v2 - s2          y = m0 x + m1 v1 + m2 v2
        v2 = s2 + a2 s1 + a3 v3

    Parameters
    ----------
    channels : int
    sections : int
        1 or more.
    """

    def __init__(self, channels: int, sections: int) -> None:
        self.channels = checks.count("channels", channels, 1, checks.MAX_CHANNELS)
        self.sections = checks.count("sections", sections, 1, checks.MAX_CHANNELS)
        self.reset()

    def process(self, block: Audio, coefficients: Doubles, out: Audio | None = None) -> Audio:
        """Filter a block.

        Parameters
        ----------
        block : ndarray of float32, [channels, n]
        coefficients : ndarray of float64, [sections, 6] or [n, sections, 6]
            a1, a2, a3, m0, m1, m2 of each section, for the block or for each sample.
        out : ndarray of float32, [channels, n], optional
            Written instead of a new array; may be `block`.

        Returns
        -------
        ndarray of float32, [channels, n]

        Raises
        ------
        TypeError, ValueError
            An array of the wrong type or shape; a coefficient that is not finite.
        """
        problem = checks_dynamics.cascade_problem(self, block, coefficients, out)
        if problem is not None:
            raise problem
        varies = coefficients.ndim == 3
        filtered = np.empty_like(block)
        for channel, state in enumerate(self._state):
            samples = block[channel].astype(np.float64).tolist()
            for section in range(self.sections):
                table = coefficients[..., section, :].tolist()
                rows = table if varies else [table] * len(samples)
                state[section] = run_section(samples, rows, state[section])
            filtered[channel] = samples
        return checks.deliver(filtered, out)

    def reset(self) -> None:
        """Forget all past samples."""
        self._state = [[(0.0, 0.0)] * self.sections for _ in range(self.channels)]


def run_section(
    samples: list[float], rows: list[list[float]], state: tuple[float, float]
) -> tuple[float, float]:
    """Filter samples in place, one row of coefficients for each; return the state after them."""
    s1, s2 = state  # Python's floats are doubles, and ten times quicker than NumPy's scalars
    for i, (x, (a1, a2, a3, m0, m1, m2)) in enumerate(zip(samples, rows, strict=True)):
        v3 = x - s2
        v1 = a1 * s1 + a2 * v3
        v2 = s2 + (a2 * s1 + a3 * v3)
        s1 = 2.0 * v1 - s1
        s2 = 2.0 * v2 - s2
        samples[i] = m0 * x + (m1 * v1 + m2 * v2)
    return s1, s2
