# SPDX-License-Identifier: GPL-3.0-or-later
"""The convolver's NumPy twin; `convolver.h` draws how the response is cut."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuralboard.cpp_ext import checks
from neuralboard.cpp_ext.convolver_plan import HEAD, check_response, parts_of

Audio = NDArray[np.float32]

__all__ = ["Convolver"]


class Convolver:
    """Convolution of a stream with a response of any length, without latency.

    The response's first 64 taps are convolved directly, the rest by Fourier transforms in parts
    that grow (W. Gardner, "Efficient convolution without input-output delay", 1995), overlap-save
    with a frequency-domain delay line in each level (F. Wefers, "Partitioned convolution
    algorithms for real-time auralization", 2015). Parts are counted from the stream's first
    sample, so that any schedule of blocks gives the same bits.

    Parameters
    ----------
    response : ndarray of float32, [channels, taps]
        One for each channel, finite; copied.
    """

    def __init__(self, response: Audio) -> None:
        response, self.channels = check_response(response)
        self.taps = response.shape[1]
        self._head = np.zeros((self.channels, HEAD), np.float32)
        self._head[:, : self.taps] = response[:, :HEAD]
        self._levels = [_Level(response, size, count) for size, count in parts_of(self.taps)]
        self.reset()

    def process(self, block: Audio, out: Audio | None = None) -> Audio:
        """Convolve a block with the response.

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
        result = np.empty_like(block)
        begin = 0
        while begin < block.shape[1]:
            end = min(begin + HEAD - self._position, block.shape[1])
            result[:, begin:end] = self._piece(block[:, begin:end])
            begin = end
        return checks.deliver(result, out)

    def reset(self) -> None:
        """Forget all past samples."""
        self._position = 0  # in the head's block
        self._window = np.zeros((self.channels, 2 * HEAD), np.float32)
        for level in self._levels:
            level.reset()

    def _piece(self, samples: Audio) -> Audio:
        """Convolve what lies in one block of the head."""
        n = samples.shape[1]
        now = HEAD + self._position
        self._window[:, now : now + n] = samples
        total = np.zeros_like(samples)
        for k in range(min(HEAD, self.taps)):
            total += self._head[:, k : k + 1] * self._window[:, now - k : now - k + n]
        for level in self._levels:
            total += level.push(samples)
        self._position = (self._position + n) % HEAD
        if self._position == 0:
            self._window[:, :HEAD] = self._window[:, HEAD:]
        return total


class _Level:
    """Parts of one size; arrays as in convolver_level.h, spectra `[count, channels, bins]`."""

    def __init__(self, response: Audio, size: int, count: int) -> None:
        self._size, self._channels = size, response.shape[0]
        taps = np.zeros((self._channels, size * count))
        there = response[:, size : size * (count + 1)]
        taps[:, : there.shape[1]] = there
        parts = taps.reshape(self._channels, count, size).transpose(1, 0, 2)
        self._parts = np.fft.rfft(parts, 2 * size)
        self.reset()

    def reset(self) -> None:
        self._position = 0
        self._window = np.zeros((self._channels, 2 * self._size), np.float32)
        self._heard = np.zeros((self._channels, self._size), np.float32)
        self._past = np.zeros_like(self._parts)  # the newest first

    def push(self, samples: Audio) -> Audio:
        """Take the next samples, not beyond this block; return what this level adds to them."""
        begin, end = self._position, self._position + samples.shape[1]
        self._window[:, self._size + begin : self._size + end] = samples
        added = self._heard[:, begin:end].copy()
        self._position = end % self._size
        if self._position == 0:
            self._past = np.roll(self._past, 1, axis=0)
            self._past[0] = np.fft.rfft(self._window.astype(np.float64))
            made = np.fft.irfft((self._past * self._parts).sum(axis=0), 2 * self._size)
            self._heard = made[:, self._size :].astype(np.float32)
            self._window[:, : self._size] = self._window[:, self._size :]
        return added
