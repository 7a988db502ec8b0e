# SPDX-License-Identifier: GPL-3.0-or-later
"""The twins of the kernels of dynamics: gain reduction from a key, gains, a shelf that follows.

Source: D. Giannoulis, M. Massberg, J. D. Reiss, "Digital dynamic range compressor design: a
tutorial and analysis", J. Audio Eng. Soc. 60 (2012).
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

from neuralboard.cpp_ext import checks, checks_dynamics
from neuralboard.cpp_ext.reference_svf import run_section

Audio = NDArray[np.float32]
Number = float | Audio

__all__ = ["DynamicShelf", "GainReduction", "apply_gain_db", "exp2", "level_db"]

F32 = np.float32
DECIBELS_PER_OCTAVE = F32(20 * math.log10(2))
OCTAVES_PER_DECIBEL = F32(1 / (20 * math.log10(2)))
QUIETEST = F32(1e-10)
NOTHING_DB = 1e-6
_ROOT_HALF = np.int32(0x3F3504F3)  # the bits of sqrt(1/2)
_MAGIC = F32(12582912.0)  # 1.5 * 2^23: adding it rounds to a whole number


def log2(x: Audio) -> Audio:
    """Return log2 of positive normal numbers, within 1e-7, by the steps of decibels.h."""
    bits = x.view(np.int32)
    exponent = (bits - _ROOT_HALF) >> 23
    m = (bits - exponent * np.int32(1 << 23)).view(np.float32)
    s = (m - F32(1)) / (m + F32(1))
    t = s * s
    series = ((t * F32(0.14285714) + F32(0.2)) * t + F32(0.33333333)) * t + F32(1)
    return np.asarray(exponent.astype(np.float32) + s * series * F32(2.8853900817779268))


def exp2(x: Audio) -> Audio:
    """Return 2^x within 3e-7 of itself, x held within ±126, by the steps of decibels.h."""
    x = np.minimum(np.maximum(x, F32(-126)), F32(126))
    shifted = x + _MAGIC
    f = x - (shifted - _MAGIC)
    y = np.full_like(x, 1.5403530e-4)
    for term in (1.3333558e-3, 9.6181291e-3, 5.5504109e-2, 0.24022651, 0.69314718, 1.0):
        y = y * f + F32(term)
    i = shifted.view(np.int32) - _MAGIC.view(np.int32)
    return np.asarray((y.view(np.int32) + i * np.int32(1 << 23)).view(np.float32))


def level_db(magnitude: Audio) -> Audio:
    """Return 20 log10 of magnitudes, -200 at least."""
    return DECIBELS_PER_OCTAVE * log2(np.maximum(magnitude, QUIETEST))


def apply_gain_db(block: Audio, gain_db: Audio, out: Audio | None = None) -> Audio:
    """Apply one gain per sample to all channels alike.

    Parameters
    ----------
    block : ndarray of float32, [channels, n]
    gain_db : ndarray of float32, [n]
        Decibels, held within ±758.
    out : ndarray of float32, [channels, n], optional
        Written instead of a new array; may be `block`.

    Returns
    -------
    ndarray of float32, [channels, n]
    """
    problem = checks_dynamics.gain_problem(block, gain_db, out)
    if problem is not None:
        raise problem
    return checks.deliver(block * exp2(gain_db * OCTAVES_PER_DECIBEL), out)


class GainReduction:
    """How far a compressor turns down: one value for all channels of what it listens to.

    The greatest magnitude of the channels, held; its level; the static curve with a soft knee
    (eq. 4 of the paper); then attack and release on the decibels of reduction (eq. 16, the smooth
    branching detector).

    Parameters
    ----------
    channels : int
        Of the key.
    longest_hold : int
        Samples.
    """

    _now: float  # decibels of reduction at the last sample

    def __init__(self, channels: int, longest_hold: int) -> None:
        self.channels = checks.count("channels", channels, 1, checks.MAX_CHANNELS)
        self.longest_hold = checks.count("longest_hold", longest_hold, 0, 2**24)
        self.reset()

    def push(
        self,
        key: Audio,
        threshold_db: Number,
        slope: Number,
        knee_db: Number,
        range_db: Number,
        attack: Number,
        release: Number,
        hold: Number,
        out: Audio | None = None,
    ) -> Audio:
        """Return the gain reduction for each sample of the key.

        Parameters
        ----------
        key : ndarray of float32, [channels, n]
        threshold_db, knee_db : float, or ndarray of float32 [n]
            Where the curve bends, dBFS of the peak, and over how many dB around it.
        slope : float or ndarray
            1 - 1/ratio, 0 to 1.
        range_db : float or ndarray
            Most reduction.
        attack, release : float or ndarray
            Share of the way to go in one sample, 1 - exp(-1/(seconds rate)), 0 to 1.
        hold : float or ndarray
            Samples for which a peak goes on being heard, `longest_hold` at most.
        out : ndarray of float32, [n], optional

        Returns
        -------
        ndarray of float32, [n]
            Decibels, 0 or more.
        """
        controls = {
            "threshold_db": threshold_db,
            "slope": slope,
            "knee_db": knee_db,
            "range_db": range_db,
            "attack": attack,
            "release": release,
            "hold": hold,
        }
        problem = checks_dynamics.reduction_problem(self, key, controls, out)
        if problem is not None:
            raise problem
        n = key.shape[1]
        heard = {k: np.broadcast_to(np.float32(v), (n,)) for k, v in controls.items()}
        peak = np.abs(key).max(axis=0)
        held = np.array(self._held(peak.tolist(), heard["hold"].tolist()), np.float32)
        target = _curve(held, heard)
        pair = [heard[name].astype(np.float64).tolist() for name in ("attack", "release")]
        return checks.deliver(np.array(self._smoothed(target.tolist(), *pair), np.float32), out)

    def _held(self, peak: list[float], hold: list[float]) -> list[float]:
        """Return the greatest of each value and the hold values before it."""
        window, found = self._window, []
        for x, samples in zip(peak, hold, strict=True):
            while window and window[-1][0] <= x:
                window.pop()
            window.append((x, self._time))
            while self._time - window[0][1] > int(F32(samples) + F32(0.5)):
                window.popleft()
            self._time += 1
            found.append(window[0][0])
        return found

    def _smoothed(
        self, target: list[float], attack: list[float], release: list[float]
    ) -> list[float]:
        found: list[float] = []
        now = self._now
        for goal, up, down in zip(target, attack, release, strict=True):
            way = goal - now
            now += way * (up if way > 0.0 else down)
            if now < NOTHING_DB:
                now = 0.0
            found.append(now)
        self._now = now
        return found

    def reset(self) -> None:
        """Forget all past samples."""
        self._window: deque[tuple[float, int]] = deque()  # what may still be the greatest
        self._time = 0
        self._now = 0.0


def _curve(peak: Audio, p: dict[str, Audio]) -> Audio:
    """Return the reduction that the static curve asks for, dB [n]."""
    over = level_db(peak) - p["threshold_db"]
    knee = p["knee_db"]
    half = F32(0.5) * knee
    bend = np.minimum(np.maximum(over + half, F32(0)), knee)
    straight = np.maximum(over - half, F32(0))
    bow = F32(0.5) / np.maximum(knee, F32(1e-6))
    reduction = p["slope"] * (bend * bend * bow + straight)
    return np.asarray(np.minimum(reduction, p["range_db"]))


class DynamicShelf:
    """A high shelf whose depth follows a gain reduction; without reduction it changes nothing.

    The state-variable filter of `reference_svf`; half of the reduction (in dB) at its frequency.

    Parameters
    ----------
    channels : int
    """

    def __init__(self, channels: int) -> None:
        self.channels = checks.count("channels", channels, 1, checks.MAX_CHANNELS)
        self.reset()

    def process(
        self, block: Audio, reduction_db: Audio, warped: Number, out: Audio | None = None
    ) -> Audio:
        """Filter a block.

        Parameters
        ----------
        block : ndarray of float32, [channels, n]
        reduction_db : ndarray of float32, [n]
            0 to 200.
        warped : float, or ndarray of float32 [n]
            tan(pi f/rate) of the shelf's frequency.
        out : ndarray of float32, [channels, n], optional
            Written instead of a new array; may be `block`.

        Returns
        -------
        ndarray of float32, [channels, n]
        """
        problem = checks_dynamics.shelf_problem(self, block, reduction_db, warped, out)
        if problem is not None:
            raise problem
        root = exp2(reduction_db * (F32(-0.25) * OCTAVES_PER_DECIBEL)).astype(np.float64)
        a, g = root * root, root * np.float32(warped)
        width = math.sqrt(2.0)
        a1 = 1.0 / (1.0 + g * (g + width))
        a2 = g * a1
        rows = np.stack([a1, a2, g * a2, a * a, width * (1.0 - a) * a, 1.0 - a * a], axis=-1)
        table = rows.tolist()
        filtered = np.empty_like(block)
        for channel in range(self.channels):
            samples = block[channel].astype(np.float64).tolist()
            self._state[channel] = run_section(samples, table, self._state[channel])
            filtered[channel] = samples
        return checks.deliver(filtered, out)

    def reset(self) -> None:
        """Forget all past samples."""
        self._state = [(0.0, 0.0)] * self.channels
