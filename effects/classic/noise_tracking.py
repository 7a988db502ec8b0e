# SPDX-License-Identifier: GPL-3.0-or-later
"""Noise spectra tracked while sound runs: by speech presence, or by minimum statistics.

Both see one frame's power per bin at a time and answer with the noise's. They wait while the input
is digital silence, which says nothing about the noise, and through the first frames of a sound,
which are only partly filled: either would pass for a very low noise and be believed for seconds.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["TRACKERS", "MinimumStatistics", "NoiseTracker", "SpeechPresence"]

Floats = NDArray[np.float32]

SILENCE = 1e-12  # power of a sample, -120 dBFS
UNKNOWN = np.float32(1e-3)  # of the power: what is called noise before anything is known


class NoiseTracker:
    """Base: holds its answer in digital silence and through partly filled frames.

    Parameters
    ----------
    shape : tuple
        (channels, bins).
    frames_per_second : float
        Frame rate of the STFT.
    overlap : int
        Frames that cover one sample, n_fft / hop_length.
    """

    def __init__(self, shape: tuple[int, int], frames_per_second: float, overlap: int = 4) -> None:
        self.rate = frames_per_second
        self._partial = overlap - 1
        self._age = np.zeros((shape[0], 1), np.int64)
        self._noise = np.zeros(shape, np.float32)

    def update(self, power: Floats) -> Floats:
        """Take the power `[channels, bins]` of one frame, return the noise power."""
        heard = power.sum(axis=1, keepdims=True) > SILENCE * power.shape[1] ** 2
        self._age += heard
        full = heard & (self._age > self._partial)
        followed = self._follow(power, full, self._age - self._partial)
        waiting = np.where(self._age > self._partial, self._noise, UNKNOWN * power)
        self._noise = np.where(full, followed, waiting).astype(np.float32)
        return self._noise

    def _follow(self, power: Floats, full: NDArray[np.bool_], age: NDArray[np.int64]) -> Floats:
        """Return the noise; only channels where `full` holds may change what is remembered."""
        raise TypeError(f"{type(self).__name__} has no _follow method")


class MinimumStatistics(NoiseTracker):
    """The noise is the minimum of the smoothed power of the last 1.5 s, times its bias.

    Makes no guess about the wanted sound, and lags behind a noise that grows by those 1.5 s.
    Source: R. Martin, "Noise power spectral density estimation based on optimal smoothing and
    minimum statistics", 2001; here with a constant smoothing and bias compensation.
    """

    BIAS = 1.6  # the mean over the minimum of smoothed noise power, measured on white noise
    PARTS = 8

    def __init__(self, shape: tuple[int, int], frames_per_second: float, overlap: int = 4) -> None:
        super().__init__(shape, frames_per_second, overlap)
        self._smoothing = np.float32(np.exp(-1.0 / (0.10 * frames_per_second)))
        self._part_length = max(1, round(1.5 * frames_per_second / self.PARTS))
        self._power = np.zeros(shape, np.float32)
        self._minimum = np.full(shape, np.inf, np.float32)
        self._stored = np.full((self.PARTS, *shape), np.inf, np.float32)
        self._count = 0

    def _follow(self, power: Floats, full: NDArray[np.bool_], age: NDArray[np.int64]) -> Floats:
        a = np.where(age <= 1, np.float32(0.0), self._smoothing)
        self._power = np.where(full, power + a * (self._power - power), self._power)
        self._minimum = np.where(full, np.minimum(self._minimum, self._power), self._minimum)
        noise = np.minimum(self._minimum, self._stored.min(axis=0))
        self._count += 1
        if self._count % self._part_length == 0:
            self._stored[(self._count // self._part_length) % self.PARTS] = self._minimum
            self._minimum = np.where(full, self._power, np.float32(np.inf))
        return np.asarray(noise * np.float32(self.BIAS), np.float32)


class SpeechPresence(NoiseTracker):
    """The noise follows a bin's power as far as speech is improbable there.

    Follows within 0.2 s, in pauses and between harmonics, and is less biased than the minimum.
    Source: T. Gerkmann, R. C. Hendriks, "Unbiased MMSE-based noise power estimation with low
    complexity and low tracking delay", 2012 (equations 18, 22, 23).

    The paper takes the first frames for noise alone, which swallows a word that a recording begins
    with (18 dB of its first 100 ms). Here the beginning goes in two steps: at first the noise is
    what lies in the valleys of the mean spectrum, so that harmonics stand out of it; from 0.25 s
    to 1 s it is at least the minimum of the smoothed power so far, times its bias.
    """

    PRIOR = 10.0 ** (15.0 / 10.0)  # a priori SNR of present speech, the paper's 15 dB
    VALLEY_BIAS, VALLEY_BINS, VALLEY_FRAMES = 2.0, 4, 8
    MINIMUM_BIAS, MINIMUM_FROM, MINIMUM_TO = 1.3, 0.25, 1.0  # times; seconds

    def __init__(self, shape: tuple[int, int], frames_per_second: float, overlap: int = 4) -> None:
        super().__init__(shape, frames_per_second, overlap)
        self._slow, self._presence_pole, self._power_pole = (
            np.float32(np.exp(-1.0 / (seconds * frames_per_second)))
            for seconds in (0.2, 0.15, 0.06)
        )
        self._presence = np.full(shape, 0.5, np.float32)
        self._mean = np.zeros(shape, np.float32)
        self._power = np.zeros(shape, np.float32)
        self._minimum = np.full(shape, np.inf, np.float32)

    def _follow(self, power: Floats, full: NDArray[np.bool_], age: NDArray[np.int64]) -> Floats:
        noise = self._followed(power, full)
        seconds = age / self.rate
        if np.any(seconds < self.MINIMUM_TO):
            noise = np.where(age <= self.VALLEY_FRAMES, self._valleys(power, full, age), noise)
            a = np.where(age <= 1, np.float32(0.0), self._power_pole)
            self._power = np.where(full, power + a * (self._power - power), self._power)
            self._minimum = np.where(full, np.minimum(self._minimum, self._power), self._minimum)
            known = (seconds >= self.MINIMUM_FROM) & (seconds < self.MINIMUM_TO)
            least = np.where(known, self._minimum * np.float32(self.MINIMUM_BIAS), 0)
            noise = np.maximum(noise, least)
        return np.asarray(noise, np.float32)

    def _followed(self, power: Floats, full: NDArray[np.bool_]) -> Floats:
        """Return the noise of a running tracker."""
        before = self._noise
        share = np.float32(self.PRIOR / (1.0 + self.PRIOR))
        # Beyond 200 the exponential is nothing; the comparison comes first, to stay in range.
        ratio = power / np.maximum(before, power / np.float32(200.0) + np.float32(1e-20))
        present = 1 / (1 + np.float32(1.0 + self.PRIOR) * np.exp(-ratio * share))
        b = self._presence_pole
        self._presence = np.where(full, b * self._presence + (1 - b) * present, self._presence)
        # Speech that never ends is a noise that grew: let it through little by little.
        present = np.where(self._presence > 0.99, np.minimum(present, np.float32(0.99)), present)
        heard = power + present * (before - power)
        return np.asarray(heard + self._slow * (before - heard), np.float32)

    def _valleys(self, power: Floats, full: NDArray[np.bool_], age: NDArray[np.int64]) -> Floats:
        """Return the lower envelope of the mean spectrum of the first frames."""
        step = 1.0 / np.maximum(age, 1).astype(np.float32)
        self._mean = np.where(full, self._mean + step * (power - self._mean), self._mean)
        reach, bins = self.VALLEY_BINS, power.shape[1]
        padded = np.pad(self._mean, ((0, 0), (reach, reach)), mode="edge")
        lowest = np.min([padded[:, i : i + bins] for i in range(2 * reach + 1)], axis=0)
        return np.minimum(self._mean, np.float32(self.VALLEY_BIAS) * lowest)


TRACKERS: dict[str, type[NoiseTracker]] = {
    "presence": SpeechPresence,
    "minimum": MinimumStatistics,
}
