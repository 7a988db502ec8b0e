# SPDX-License-Identifier: GPL-3.0-or-later
"""The NumPy twin of the sample-rate converter."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from neuralboard.cpp_ext import checks
from neuralboard.cpp_ext.rate_design import design_rates

Audio = NDArray[np.float32]

_AT_ONCE = 512  # outputs: their windows must fit into memory


class _Polyphase:
    """Outputs on the grid at multiples of out_step (less an offset), inputs at those of in_step."""

    def __init__(self, rows: Audio, out_step: int, offset: int, channels: int) -> None:
        self._rows = rows.astype(np.float64)
        self._in_step, self._taps = rows.shape
        self._out_step = out_step
        self._recent = np.zeros((channels, self._taps), np.float32)  # with inputs still to be used
        self._distance = self._in_step - offset  # from the newest input to the next output

    def ready(self, n: int) -> int:
        """Return how many outputs there can be after `n` more inputs."""
        reach = (n + 1) * self._in_step - self._distance
        return max(0, -(-reach // self._out_step))

    def run(self, block: Audio, n: int) -> Audio:
        """Take [channels, any], return the next [channels, n]."""
        joined = np.concatenate([self._recent, block], axis=1)
        self._distance -= block.shape[1] * self._in_step
        out = np.empty((block.shape[0], n), np.float32)
        # Where too few inputs are there, the filter begins in silence.
        lead = np.zeros((block.shape[0], self._taps), np.float32)
        windows = sliding_window_view(np.concatenate([lead, joined], axis=1), self._taps, axis=1)
        for begin in range(0, n, _AT_ONCE):
            count = np.arange(begin, min(begin + _AT_ONCE, n))
            distance = self._distance + count * self._out_step
            # Inputs that come after an output are left out; phase: from the newest one left.
            late = np.maximum(0, -(distance // self._in_step))
            rows = self._rows[distance + late * self._in_step]  # [outputs, taps]
            used = windows[:, joined.shape[1] - late]  # [channels, outputs, taps]
            out[:, count] = np.einsum("cnt,nt->cn", used, rows)
        self._distance += n * self._out_step
        late = max(0, -(self._distance // self._in_step))
        self._recent = joined[:, -(self._taps + late) :]
        return out


class RatePair:
    """The way into a model's own sample rate and back, for a stream at the host's rate.

    Polyphase FIR filters both ways, flat to 0.45 of the lower rate (0.05 dB), stop band from 0.55
    of it (-90 dB). With equal rates samples pass as they are.

    Parameters
    ----------
    host_rate, model_rate : int
        Hz; the ratio must reduce to terms of at most 1280.
    channels : int
    model_latency : int
        Samples, at the model's rate, by which the model is late.

    Attributes
    ----------
    latency : int
        Of down, model and up together, in host samples; exact (see `rate_design`).
    """

    def __init__(
        self, host_rate: int, model_rate: int, channels: int, model_latency: int = 0
    ) -> None:
        self._design = design_rates(host_rate, model_rate, model_latency)
        self.channels = checks.count("channels", channels, 1, checks.MAX_CHANNELS)
        self.latency = self._design.latency
        self.reset()

    def down_ready(self, n: int) -> int:
        """Return how many model samples the next `n` host samples will make."""
        n = checks.count("n", n, 0)
        return n if self._design.through else self._down.ready(n)

    def up_takes(self, n: int) -> int:
        """Return how many model samples the next `n` samples of `up` need."""
        n = checks.count("n", n, 0)
        return n if self._design.through else self._clock.ready(n)

    def down(self, block: Audio, out: Audio | None = None) -> Audio:
        """Convert to the model's rate.

        Parameters
        ----------
        block : ndarray of float32, [channels, n]
        out : ndarray of float32, [channels, ``down_ready(n)``], optional

        Returns
        -------
        ndarray of float32, [channels, ``down_ready(n)``]
        """
        problem = checks.down_problem(self, block, out)
        if problem is not None:
            raise problem
        if self._design.through:
            return checks.deliver(block, out)
        return checks.deliver(self._down.run(block, self._down.ready(block.shape[1])), out)

    def up(self, model_block: Audio, n: int, out: Audio | None = None) -> Audio:
        """Convert back to the host's rate.

        Parameters
        ----------
        model_block : ndarray of float32, [channels, ``up_takes(n)``]
            What the model made of what `down` gave for `n` host samples.
        n : int
            Host samples to return.
        out : ndarray of float32, [channels, n], optional

        Returns
        -------
        ndarray of float32, [channels, n]
            The input of `down`, through the model, `latency` samples late.
        """
        n = checks.count("n", n, 0)
        problem = checks.up_problem(self, model_block, n, out)
        if problem is not None:
            raise problem
        if self._design.through:
            return checks.deliver(model_block, out)
        self._clock.run(np.zeros((1, n), np.float32), self._clock.ready(n))
        return checks.deliver(self._up.run(model_block, n), out)

    def reset(self) -> None:
        """Begin a new stream."""
        design, channels = self._design, self.channels
        if design.through:
            return
        self._down = _Polyphase(design.down_rows, design.a, 0, channels)
        self._up = _Polyphase(design.up_rows, design.b, design.e, channels)
        self._clock = _Polyphase(np.zeros((design.b, 1), np.float32), design.a, 0, 1)
