# SPDX-License-Identifier: GPL-3.0-or-later
"""The NumPy twin of the loudness meter's kernel (see reference.py).

The K-weighting is run in pieces of up to 64 samples: what a piece gives is a matrix times its
samples plus a matrix times the state before it. The pieces begin with the slots, so blocks change
no bit.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from neuralboard.cpp_ext import checks
from neuralboard.cpp_ext.loudness_design import (
    SLOTS_PER_SECOND,
    check_meter,
    interpolator,
    k_weighting,
)

Audio = NDArray[np.float32]
Doubles = NDArray[np.float64]

__all__ = ["LoudnessMeter"]

_PIECE = 64
_CHUNK = 4096  # small enough for the processor's cache


class LoudnessMeter:
    """What a loudness meter needs of every sample: K-weighted energy, sample peak, true peak.

    ITU-R BS.1770-5: Annex 1 (K-weighting), Annex 2 (true peak by interpolation).

    Parameters
    ----------
    sample_rate : int
        Hz.
    weights : sequence of float
        One per channel: 1.0, 1.41 for a surround channel, 0 for one that does not count (LFE).
    oversampling : int
        4, 8 or 16: values per sample among which the true peak is sought.
    """

    def __init__(self, sample_rate: int, weights: Sequence[float], oversampling: int = 8) -> None:
        self.sample_rate, self.weights, self.oversampling = check_meter(
            sample_rate, weights, oversampling
        )
        self.channels = self.weights.size
        self._even, self._odd, _ = interpolator(self.oversampling)
        self._pieces = _Pieces(k_weighting(self.sample_rate))
        self.reset()

    def reset(self) -> None:
        """Begin a new stream."""
        past = 2 * self._even.shape[1] - 1
        self._held = np.zeros((self.channels, past), np.float32)  # for the interpolator
        self._open = np.zeros((self.channels, 0), np.float32)  # of the slot that is running
        self._slot = 0
        self._state = np.zeros((self.channels, 4))
        self._squares = np.zeros(self.channels)
        self._peaks = np.zeros((2, self.channels), np.float32)  # of samples, between them

    def push(self, block: Audio) -> Doubles:
        """Take a block.

        Parameters
        ----------
        block : ndarray of float32, [channels, n]
            Finite.

        Returns
        -------
        ndarray of float64, [slots]
            For each slot of 10 ms that ends in this block (slot k before sample
            floor((k + 1) * sample_rate / 100)): the sum over channels of weight times the sum of
            the squares of the K-weighted samples.
        """
        problem = checks.block_problem(block, self.channels, None)
        if problem is not None:
            raise problem
        self._take_peaks(block)
        samples = np.concatenate([self._open, block], axis=1)
        energies = list[float]()
        while samples.shape[1] >= (length := self._slot_length()):
            energies.append(self._energy(samples[:, :length]))
            samples = samples[:, length:]
            self._slot += 1
        self._open = samples.copy()
        return np.array(energies, np.float64)

    def levels(self) -> Doubles:
        """Return [3, channels]: sum of squares, sample peak, true peak, of all samples so far."""
        tail = self._between(np.concatenate([self._held, np.zeros_like(self._held)], axis=1))
        true = np.maximum(self._peaks.max(axis=0), tail)
        squares = self._squares + np.sum(np.square(self._open, dtype=np.float64), axis=1)
        return np.stack([squares, self._peaks[0].astype(np.float64), true.astype(np.float64)])

    def _slot_length(self) -> int:
        first, last = self._slot, self._slot + 1
        rate = self.sample_rate
        return last * rate // SLOTS_PER_SECOND - first * rate // SLOTS_PER_SECOND

    def _energy(self, slot: Audio) -> float:
        x = slot.astype(np.float64)
        self._squares += np.sum(np.square(x), axis=1)
        y, self._state = self._pieces.filter(x, self._state)
        self._state[np.abs(self._state) < 1e-30] = 0.0
        energy = 0.0
        for weight, squares in zip(self.weights, np.sum(np.square(y), axis=1), strict=True):
            energy += float(weight) * float(squares)
        return energy

    def _take_peaks(self, block: Audio) -> None:
        window = np.concatenate([self._held, block], axis=1)
        found = np.stack([np.max(np.abs(block), axis=1, initial=0.0), self._between(window)])
        self._peaks = np.maximum(self._peaks, found)
        self._held = window[:, block.shape[1] :].copy()

    def _between(self, x: Audio) -> Audio:
        """Return the highest of the interpolated values of each channel, [channels]."""
        past = self._held.shape[1]
        most = np.zeros(self.channels, np.float32)
        for begin in range(0, x.shape[1] - past, _CHUNK):
            most = np.maximum(most, self._between_some(x[:, begin : begin + _CHUNK + past]))
        return most

    def _between_some(self, x: Audio) -> Audio:
        pairs, half = self._even.shape
        n = x.shape[1] - (2 * half - 1)
        a = np.zeros((pairs, self.channels, n), np.float32)
        b = np.zeros((pairs, self.channels, n), np.float32)
        for k in range(half):
            early, late = x[:, k : k + n], x[:, 2 * half - 1 - k : 2 * half - 1 - k + n]
            u, v = early + late, early - late
            for p in range(pairs):
                a[p] += self._even[p, k] * u
                b[p] += self._odd[p, k] * v
        return np.max(np.abs(a) + np.abs(b), axis=(0, 2), initial=0.0)


class _Pieces:
    """The K-weighting of up to 64 samples as matrices.

        y = response x + ringing s,    s after n samples = powers[n] s + sum_j entries[n-1-j] x_j

    with the state s = (s1, s2, t1, t2) of two transposed direct forms II.
    """

    def __init__(self, filters: Doubles) -> None:
        b0, b1, b2, a1, a2, c1, c2 = filters
        # One sample: m = b0 x + s1, y = m + t1.
        out = np.array([1.0, 0.0, 1.0, 0.0])  # y from the state
        step = np.array(
            [[-a1, 1.0, 0, 0], [-a2, 0, 0, 0], [-2.0 - c1, 0, -c1, 1.0], [1.0 - c2, 0, -c2, 0]]
        )
        entry = np.array(
            [b1 - a1 * b0, b2 - a2 * b0, (-2.0 - c1) * b0, (1.0 - c2) * b0]
        )  # the state from x
        self._powers, entries = [np.eye(4)], [entry]
        for _ in range(_PIECE):
            self._powers.append(step @ self._powers[-1])
            entries.append(step @ entries[-1])
        self._ringing = np.stack([out @ power for power in self._powers[:_PIECE]])  # [64, 4]
        self._late_first = np.stack(entries[_PIECE - 1 :: -1])  # [64, 4]
        answer = [b0] + [float(out @ late) for late in entries[: _PIECE - 1]]
        self._response = np.zeros((_PIECE, _PIECE))
        for j in range(_PIECE):
            self._response[j:, j] = answer[: _PIECE - j]

    def filter(self, x: Doubles, state: Doubles) -> tuple[Doubles, Doubles]:
        """Return y [channels, n] and the state [channels, 4] after it."""
        y = np.empty_like(x)
        for begin in range(0, x.shape[1], _PIECE):
            piece = np.ascontiguousarray(x[:, begin : begin + _PIECE])
            n = piece.shape[1]
            y[:, begin : begin + n] = piece @ self._response[:n, :n].T + state @ self._ringing[:n].T
            state = state @ self._powers[n].T + piece @ self._late_first[_PIECE - n :]
        return y, state
