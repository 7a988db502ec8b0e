# SPDX-License-Identifier: GPL-3.0-or-later
"""The NumPy twin of every kernel: the same classes, the same signatures, written to be read.

It is what the C++ is tested against, and what serves (many times slower) where the extension could
not be built. This file holds the kernels in time; `reference_stft` holds those in frequency,
`reference_convolver`, `reference_rates` and `reference_loudness` what their names say; all are
importable from here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from neuralboard.cpp_ext import checks
from neuralboard.cpp_ext.filters import FIRST_ORDER, check_filter
from neuralboard.cpp_ext.reference_convolver import Convolver
from neuralboard.cpp_ext.reference_dynamics import DynamicShelf, GainReduction, apply_gain_db
from neuralboard.cpp_ext.reference_loudness import LoudnessMeter
from neuralboard.cpp_ext.reference_rates import RatePair
from neuralboard.cpp_ext.reference_stft import IstftStream, MaskStream, Stft, StftStream
from neuralboard.cpp_ext.reference_svf import SvfCascade

Audio = NDArray[np.float32]

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


def denormals_off() -> int:
    """Switch subnormal numbers off in the calling thread (FTZ and DAZ).

    Returns
    -------
    int
        A token for `denormals_restore`. NumPy has no such switch: the twin does nothing.
    """
    return 0


def denormals_restore(token: int) -> None:
    """Put subnormal numbers back as they were before `denormals_off` gave `token`."""


def find_broken(block: Audio, limit: float = 1e9) -> tuple[int, int]:
    """Count samples that are NaN, infinite or beyond ±`limit`.

    Parameters
    ----------
    block : ndarray of float32, [channels, samples]
    limit : float
        Finite, >= 0.

    Returns
    -------
    count : int
        Over all channels.
    first_index : int
        The earliest sample (in time, of all channels) that is broken, -1 if there is none.
    """
    return _broken(block, limit, writes=False)


def replace_broken(block: Audio, limit: float = 1e9) -> tuple[int, int]:
    """Replace samples that are NaN, infinite or beyond ±`limit` by 0, in place.

    Takes and returns the same as `find_broken`; `block` must be writeable.
    """
    return _broken(block, limit, writes=True)


def _broken(block: Audio, limit: float, writes: bool) -> tuple[int, int]:
    problem = checks.broken_problem(block, limit, writes)
    if problem is not None:
        raise problem
    broken = ~(np.abs(block) <= np.float32(limit))  # [channels, samples]; NaN compares false
    if not broken.any():
        return 0, -1
    if writes:
        block[broken] = 0.0
    return int(broken.sum()), int(np.flatnonzero(broken.any(axis=0))[0])


class DelayLine:
    """A delay of a fixed number of samples.

    Parameters
    ----------
    channels : int
    num_samples : int
        The delay, >= 0.
    """

    _held: Audio  # [channels, num_samples], the oldest first

    def __init__(self, channels: int, num_samples: int) -> None:
        self.channels = checks.count("channels", channels, 1, checks.MAX_CHANNELS)
        self.num_samples = checks.count("num_samples", num_samples, 0)
        self.reset()

    def push(self, block: Audio, out: Audio | None = None) -> Audio:
        """Return the samples that entered `num_samples` ago.

        Parameters
        ----------
        block : ndarray of float32, [channels, n]
        out : ndarray of float32, [channels, n], optional
            Written instead of a new array; may be `block`.

        Returns
        -------
        ndarray of float32, [channels, n]
        """
        problem = checks.block_problem(block, self.channels, out)
        if problem is not None:
            raise problem
        joined = np.concatenate([self._held, block], axis=1)
        self._held = joined[:, block.shape[1] :]
        return checks.deliver(joined[:, : block.shape[1]], out)

    def reset(self) -> None:
        """Forget everything."""
        self._held = np.zeros((self.channels, self.num_samples), np.float32)


class Fifo:
    """A queue of samples.

    Parameters
    ----------
    channels : int
    capacity : int
        Samples per channel that it holds without allocating; it grows if it must.
    """

    _held: Audio  # [channels, size], the oldest first

    def __init__(self, channels: int, capacity: int) -> None:
        self.channels = checks.count("channels", channels, 1, checks.MAX_CHANNELS)
        checks.count("capacity", capacity, 0)
        self.clear()

    @property
    def size(self) -> int:
        """Samples per channel in the queue."""
        return self._held.shape[1]

    def push(self, block: Audio) -> None:
        """Append [channels, n]."""
        problem = checks.block_problem(block, self.channels, None)
        if problem is not None:
            raise problem
        self._held = np.concatenate([self._held, block], axis=1)

    def pop(self, n: int, out: Audio | None = None) -> Audio:
        """Take the `n` oldest samples.

        Returns
        -------
        ndarray of float32, [channels, n]

        Raises
        ------
        ValueError
            Fewer than `n` are there.
        """
        n = checks.count("n", n, 0)
        problem = checks.pop_problem(n, self.size, self.channels, out)
        if problem is not None:
            raise problem
        oldest, self._held = self._held[:, :n], self._held[:, n:]
        return checks.deliver(oldest, out)

    def clear(self) -> None:
        """Empty the queue."""
        self._held = np.zeros((self.channels, 0), np.float32)


class Biquad:
    """A recursive filter of first or second order, as pedalboard's five IIR filters.

    Transposed direct form II in float32; coefficients by the bilinear transform (first order) and
    by Bristow-Johnson's "Cookbook formulae for audio EQ biquad filter coefficients" (second
    order), in JUCE's order of operations.

    Parameters
    ----------
    kind : str
        ``lowpass1``, ``highpass1`` (6 dB per octave; pedalboard's LowpassFilter and
        HighpassFilter), ``lowshelf``, ``highshelf``, ``peak``.
    sample_rate : float
        Hz.
    channels : int
    """

    _state: tuple[Audio, Audio]  # s1 and s2, [channels] each

    def __init__(self, kind: str, sample_rate: float, channels: int) -> None:
        self.kind, self.sample_rate, self.channels = check_filter(kind, sample_rate, channels)
        self.reset()

    def process(
        self,
        block: Audio,
        cutoff_hz: float | Audio,
        gain_db: float | Audio = 0.0,
        q: float | Audio = 0.7071,
        out: Audio | None = None,
    ) -> Audio:
        """Filter a block.

        Parameters
        ----------
        block : ndarray of float32, [channels, n]
        cutoff_hz, gain_db, q : float, or ndarray of float32 [n]
            One value, or one per sample: coefficients are then computed anew for each. The cutoff
            is bounded as pedalboard bounds it (shelves and peak: 2 Hz to rate/2 - 100 Hz; first
            order: 0 to 0.4999 rate). `gain_db` at most 200; `q` at least 1e-6; both are ignored by
            first-order filters.
        out : ndarray of float32, [channels, n], optional
            Written instead of a new array; may be `block`.

        Returns
        -------
        ndarray of float32, [channels, n]

        Raises
        ------
        TypeError, ValueError
            An array of the wrong type or shape; a parameter out of its range.
        """
        problem = checks.filter_problem(self, block, cutoff_hz, gain_db, q, out)
        if problem is not None:
            raise problem
        designs = self._designs(block.shape[1], (cutoff_hz, gain_db, q))
        filtered = np.empty_like(block)
        s1, s2 = (state.copy() for state in self._state)
        # Scalars of float32, channel by channel: the same steps on arrays of two channels take
        # five times as long.
        for c in range(self.channels):
            u, v, row = s1[c], s2[c], []
            for x, (b0, b1, b2, a1, a2) in zip(block[c], designs, strict=False):
                y = x * b0 + u
                u = x * b1 - y * a1 + v
                v = x * b2 - y * a2
                row.append(y)
            filtered[c] = row
            s1[c], s2[c] = u, v
        self._state = s1, s2
        return checks.deliver(filtered, out)

    def _designs(self, n: int, values: tuple[float | Audio, ...]) -> Iterable[list[np.float32]]:
        """Return the coefficients of each of `n` samples, worked out where a value changes."""
        if not any(isinstance(value, np.ndarray) for value in values):
            flat = [np.float32(value) for value in values]
            return repeat(design_biquad(self.kind, self.sample_rate, *flat))
        designs: list[list[np.float32]] = []
        previous: tuple[np.float32, ...] = ()
        for now in zip(*(np.broadcast_to(np.float32(v), (n,)) for v in values), strict=True):
            if now != previous:
                design = design_biquad(self.kind, self.sample_rate, *now)
                previous = now
            designs.append(design)
        return designs

    def reset(self) -> None:
        """Forget all past samples."""
        self._state = (np.zeros(self.channels, np.float32), np.zeros(self.channels, np.float32))


def design_biquad(
    kind: str, sample_rate: float, cutoff_hz: np.float32, gain_db: np.float32, q: np.float32
) -> list[np.float32]:
    """Return b0, b1, b2, a1, a2 (a0 = 1), computed in float32 throughout."""
    f32 = np.float32
    one, two = f32(1), f32(2)
    rate = f32(sample_rate)
    if kind in FIRST_ORDER:
        bounded = min(max(cutoff_hz, f32(0)), f32(0.4999) * rate)
        n = f32(math.tan(f32(math.pi) * bounded / rate))
        b = (one, -one, f32(0)) if kind == "highpass1" else (n, n, f32(0))
        a = (n + one, n - one, f32(0))
        return _over_a0(b, a)
    highest = max(rate / two - f32(100), f32(0.01))
    bounded = max(min(max(cutoff_hz, f32(0.01)), highest), two)
    omega = two * f32(math.pi) * bounded / rate
    sine, cosine = f32(math.sin(omega)), f32(math.cos(omega))
    gain = f32(math.pow(f32(10), gain_db * f32(0.05))) if gain_db > -100 else f32(0)
    root = np.sqrt(gain)
    if kind == "peak":
        root = max(root, f32(1e-5))
        alpha = sine / (q * two)
        b = (one + alpha * root, -two * cosine, one - alpha * root)
        a = (one + alpha / root, -two * cosine, one - alpha / root)
        return _over_a0(b, a)
    minus, plus = root - one, root + one
    beta = sine * np.sqrt(root) / q
    tilt = minus * cosine
    if kind == "highshelf":
        b = (
            root * (plus + tilt + beta),
            root * -two * (minus + plus * cosine),
            root * (plus + tilt - beta),
        )
        a = (plus - tilt + beta, two * (minus - plus * cosine), plus - tilt - beta)
        return _over_a0(b, a)
    b = (
        root * (plus - tilt + beta),
        root * two * (minus - plus * cosine),
        root * (plus - tilt - beta),
    )
    a = (plus + tilt + beta, -two * (minus + plus * cosine), plus + tilt - beta)
    return _over_a0(b, a)


def _over_a0(
    b: tuple[np.float32, np.float32, np.float32], a: tuple[np.float32, np.float32, np.float32]
) -> list[np.float32]:
    scale = np.float32(1) / a[0] if a[0] != 0 else np.float32(0)
    return [value * scale for value in (*b, *a[1:])]
