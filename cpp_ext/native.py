# SPDX-License-Identifier: GPL-3.0-or-later
"""The C++ kernels behind Python classes: constructors check, hot calls are one call into C++.

A hot call that C++ answers with None was refused; `checks` then finds out why. Signatures and
meaning are those of `reference`, which documents each class.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from neuralboard.cpp_ext import _ext, checks
from neuralboard.cpp_ext.convolver_plan import HEAD, check_response, parts_of
from neuralboard.cpp_ext.filters import KINDS, check_filter
from neuralboard.cpp_ext.loudness_design import check_meter, interpolator, k_weighting
from neuralboard.cpp_ext.native_dynamics import (
    DynamicShelf,
    GainReduction,
    SvfCascade,
    apply_gain_db,
)
from neuralboard.cpp_ext.native_stft import IstftStream, MaskStream, Stft, StftStream
from neuralboard.cpp_ext.rate_design import design_rates

Audio = NDArray[np.float32]
Doubles = NDArray[np.float64]

__all__ = [
    "Biquad",
    "Convolver",
    "DelayLine",
    "DynamicShelf",
    "Fifo",
    "GainReduction",
    "IstftStream",
    "LoudnessMeter",
    "MaskStream",
    "RatePair",
    "Stft",
    "StftStream",
    "SvfCascade",
    "apply_gain_db",
    "denormals_off",
    "denormals_restore",
    "find_broken",
    "replace_broken",
]

denormals_off = _ext.denormals_off
denormals_restore = _ext.denormals_restore


def replace_broken(block: Audio, limit: float = 1e9) -> tuple[int, int]:
    """Replace NaN, Inf and |x| > limit by 0 in place; see `reference.replace_broken`."""
    result = _ext.replace_broken(block, limit)
    if result is None:
        raise checks.refusal(checks.broken_problem(block, limit, writes=True))
    return result


def find_broken(block: Audio, limit: float = 1e9) -> tuple[int, int]:
    """Count NaN, Inf and |x| > limit; see `reference.find_broken`."""
    result = _ext.find_broken(block, limit)
    if result is None:
        raise checks.refusal(checks.broken_problem(block, limit, writes=False))
    return result


class DelayLine:
    """See `reference.DelayLine`."""

    def __init__(self, channels: int, num_samples: int) -> None:
        self.channels = checks.count("channels", channels, 1, checks.MAX_CHANNELS)
        self.num_samples = checks.count("num_samples", num_samples, 0)
        self._core = _ext.DelayLine(self.channels, self.num_samples)
        self._push = self._core.push

    def push(self, block: Audio, out: Audio | None = None) -> Audio:
        """Return the samples that entered `num_samples` ago, [channels, n]."""
        result = self._push(block, out)
        if result is None:
            raise checks.refusal(checks.block_problem(block, self.channels, out))
        return result

    def reset(self) -> None:
        """Forget everything."""
        checks.done(self._core.reset())


class Fifo:
    """See `reference.Fifo`."""

    def __init__(self, channels: int, capacity: int) -> None:
        self.channels = checks.count("channels", channels, 1, checks.MAX_CHANNELS)
        self._core = _ext.Fifo(self.channels, checks.count("capacity", capacity, 0))

    @property
    def size(self) -> int:
        """Samples per channel in the queue."""
        return self._core.size()

    def push(self, block: Audio) -> None:
        """Append [channels, n]."""
        if not self._core.push(block):
            raise checks.refusal(checks.block_problem(block, self.channels, None))

    def pop(self, n: int, out: Audio | None = None) -> Audio:
        """Take the `n` oldest samples, [channels, n]."""
        result = self._core.pop(checks.count("n", n, 0), out)
        if result is None:
            raise checks.refusal(checks.pop_problem(n, self.size, self.channels, out))
        return result

    def clear(self) -> None:
        """Empty the queue."""
        self._core.clear()


class Biquad:
    """See `reference.Biquad`."""

    def __init__(self, kind: str, sample_rate: float, channels: int) -> None:
        self.kind, self.sample_rate, self.channels = check_filter(kind, sample_rate, channels)
        self._core = _ext.Biquad(KINDS.index(kind), self.sample_rate, self.channels)
        self._process = self._core.process

    def process(
        self,
        block: Audio,
        cutoff_hz: float | Audio,
        gain_db: float | Audio = 0.0,
        q: float | Audio = 0.7071,
        out: Audio | None = None,
    ) -> Audio:
        """Filter [channels, n]; `out` may be `block`."""
        result = self._process(block, cutoff_hz, gain_db, q, out)
        if result is None:
            raise checks.refusal(checks.filter_problem(self, block, cutoff_hz, gain_db, q, out))
        return result

    def reset(self) -> None:
        """Forget all past samples."""
        checks.done(self._core.reset())


class Convolver:
    """See `reference_convolver.Convolver`."""

    def __init__(self, response: Audio) -> None:
        response, self.channels = check_response(response)
        self.taps = response.shape[1]
        self._core = _ext.Convolver(response, HEAD, parts_of(self.taps))
        self._process = self._core.process

    def process(self, block: Audio, out: Audio | None = None) -> Audio:
        """Convolve [channels, n]; `out` may be `block`."""
        result = self._process(block, out)
        if result is None:
            raise checks.refusal(checks.block_problem(block, self.channels, out))
        return result

    def reset(self) -> None:
        """Forget all past samples."""
        checks.done(self._core.reset())


class LoudnessMeter:
    """See `reference_loudness.LoudnessMeter`."""

    def __init__(self, sample_rate: int, weights: Sequence[float], oversampling: int = 8) -> None:
        self.sample_rate, self.weights, self.oversampling = check_meter(
            sample_rate, weights, oversampling
        )
        self.channels = self.weights.size
        self._core = _ext.LoudnessMeter(
            self.sample_rate,
            k_weighting(self.sample_rate),
            self.weights,
            *interpolator(self.oversampling),
        )
        self._push = self._core.push

    def push(self, block: Audio) -> Doubles:
        """Take [channels, n]; return the energies of the slots of 10 ms that end in it."""
        result = self._push(block)
        if result is None:
            raise checks.refusal(checks.block_problem(block, self.channels, None))
        return result

    def levels(self) -> Doubles:
        """Return [3, channels]: sum of squares, sample peak, true peak, of all samples so far."""
        result = self._core.levels()
        if result is None:
            raise checks.refusal(None)
        return result

    def reset(self) -> None:
        """Begin a new stream."""
        checks.done(self._core.reset())


class RatePair:
    """See `reference_rates.RatePair`."""

    def __init__(
        self, host_rate: int, model_rate: int, channels: int, model_latency: int = 0
    ) -> None:
        design = design_rates(host_rate, model_rate, model_latency)
        self.channels = checks.count("channels", channels, 1, checks.MAX_CHANNELS)
        self.latency = design.latency
        self._core = (
            None
            if design.through
            else _ext.RatePair(
                design.a, design.b, design.e, design.down_rows, design.up_rows, self.channels
            )
        )

    def down_ready(self, n: int) -> int:
        """Return how many model samples the next `n` host samples will make."""
        n = checks.count("n", n, 0)
        return self._core.down_ready(n) if self._core else n

    def up_takes(self, n: int) -> int:
        """Return how many model samples the next `n` samples of `up` need."""
        n = checks.count("n", n, 0)
        return self._core.up_takes(n) if self._core else n

    def down(self, block: Audio, out: Audio | None = None) -> Audio:
        """Convert [channels, n] to the model's rate, [channels, down_ready(n)]."""
        if self._core is None:
            return self._through(checks.down_problem(self, block, out), block, out)
        result = self._core.down(block, out)
        if result is None:
            raise checks.refusal(checks.down_problem(self, block, out))
        return result

    def up(self, model_block: Audio, n: int, out: Audio | None = None) -> Audio:
        """Convert [channels, up_takes(n)] back to the host's rate, [channels, n]."""
        n = checks.count("n", n, 0)
        if self._core is None:
            return self._through(checks.up_problem(self, model_block, n, out), model_block, out)
        result = self._core.up(model_block, n, out)
        if result is None:
            raise checks.refusal(checks.up_problem(self, model_block, n, out))
        return result

    def reset(self) -> None:
        """Begin a new stream."""
        if self._core is not None:
            checks.done(self._core.reset())

    @staticmethod
    def _through(problem: Exception | None, block: Audio, out: Audio | None) -> Audio:
        """Pass samples of equal rates."""
        if problem is not None:
            raise problem
        return checks.deliver(block, out)
