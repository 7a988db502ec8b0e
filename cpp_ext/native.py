# SPDX-License-Identifier: GPL-3.0-or-later
"""The C++ kernels behind Python classes: constructors check, hot calls are one call into C++.

A hot call that C++ answers with None was refused; `checks` then finds out why. Signatures and
meaning are those of `reference`, which documents each class.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralboard.cpp_ext import _ext, checks
from neuralboard.cpp_ext.filters import KINDS, check_filter
from neuralboard.cpp_ext.windows import Window, check_framing, window_pair, window_values

Audio = NDArray[np.float32]
Spectrum = NDArray[np.complex64]

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


class StftStream:
    """See `reference.StftStream`."""

    def __init__(self, n_fft: int, hop_length: int, window: Window, channels: int) -> None:
        self.n_fft, self.hop_length = check_framing(n_fft, hop_length)
        self.channels = checks.count("channels", channels, 1, checks.MAX_CHANNELS)
        self._core = _ext.StftStream(
            self.hop_length, window_values(window, self.n_fft), self.channels
        )
        self._push = self._core.push
        self._frames_ready = self._core.frames_ready

    def push(self, block: Audio, out: Spectrum | None = None) -> Spectrum:
        """Return the frames that [channels, n] completes, [channels, frames_ready(n), bins]."""
        result = self._push(block, out)
        if result is None:
            raise checks.refusal(checks.analysis_problem(self, block, out))
        return result

    def frames_ready(self, n: int) -> int:
        """Return how many frames the next `n` samples will complete."""
        return self._frames_ready(checks.count("n", n, 0))

    def reset(self) -> None:
        """Begin a new stream."""
        checks.done(self._core.reset())


class IstftStream:
    """See `reference.IstftStream`."""

    def __init__(
        self,
        n_fft: int,
        hop_length: int,
        window: Window,
        synthesis_window: Window | None,
        channels: int,
    ) -> None:
        self.n_fft, self.hop_length = check_framing(n_fft, hop_length)
        self.channels = checks.count("channels", channels, 1, checks.MAX_CHANNELS)
        _, synthesis = window_pair(window, synthesis_window, self.n_fft, self.hop_length)
        self._core = _ext.IstftStream(self.hop_length, synthesis, self.channels)
        self._push = self._core.push
        self._frames_ready = self._core.frames_ready

    def push(self, frames: Spectrum, n: int, out: Audio | None = None) -> Audio:
        """Take [channels, frames_ready(n), bins], return the next [channels, n]."""
        result = self._push(frames, checks.count("n", n, 0), out)
        if result is None:
            raise checks.refusal(checks.synthesis_problem(self, frames, n, out))
        return result

    def frames_ready(self, n: int) -> int:
        """Return how many frames the next `n` samples need."""
        return self._frames_ready(checks.count("n", n, 0))

    def reset(self) -> None:
        """Begin a new stream."""
        checks.done(self._core.reset())


class MaskStream:
    """See `reference.MaskStream`."""

    def __init__(
        self,
        n_fft: int,
        hop_length: int,
        window: Window,
        synthesis_window: Window | None,
        channels: int,
    ) -> None:
        self.n_fft, self.hop_length = check_framing(n_fft, hop_length)
        self.channels = checks.count("channels", channels, 1, checks.MAX_CHANNELS)
        pair = window_pair(window, synthesis_window, self.n_fft, self.hop_length)
        self._core = _ext.MaskStream(self.hop_length, *pair, self.channels)
        self._push = self._core.push
        self._frames_ready = self._core.frames_ready

    def push(self, block: Audio, mask: Audio, out: Audio | None = None) -> Audio:
        """Return [channels, n], delayed by n_fft - 1; `out` may be `block`."""
        result = self._push(block, mask, out)
        if result is None:
            raise checks.refusal(checks.masking_problem(self, block, mask, out))
        return result

    def frames_ready(self, n: int) -> int:
        """Return how many frames the next `n` samples will complete."""
        return self._frames_ready(checks.count("n", n, 0))

    def reset(self) -> None:
        """Begin a new stream."""
        checks.done(self._core.reset())
