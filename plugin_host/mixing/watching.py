# SPDX-License-Identifier: GPL-3.0-or-later
"""What the report shows of a sound, gathered while it is written: envelope, peak and spectrum."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from neuralboard.audio import Audio

__all__ = ["Envelope", "SpectrumColumns"]


class Envelope:
    """Lowest and highest sample of every 20 ms, and the peak.

    Parameters
    ----------
    sample_rate : int
    """

    def __init__(self, sample_rate: int) -> None:
        self.step = max(sample_rate // 50, 1)
        self.sample_rate = sample_rate
        self.peak = 0.0
        self._held = np.zeros((2, 0), np.float32)
        self._lows: list[NDArray[np.float32]] = []
        self._highs: list[NDArray[np.float32]] = []

    def push(self, block: Audio) -> None:
        """Take `[channels, samples]`."""
        joined = np.concatenate([self._held, block], axis=1) if self._held.size else block
        whole = joined.shape[1] // self.step
        cut = joined[:, : whole * self.step].reshape(joined.shape[0], whole, self.step)
        if whole:
            self._lows.append(cut.min(axis=(0, 2)))
            self._highs.append(cut.max(axis=(0, 2)))
            self.peak = max(self.peak, float(self._highs[-1].max()), -float(self._lows[-1].min()))
        self._held = joined[:, whole * self.step :].copy()

    def finish(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the lows and highs of all steps."""
        if self._held.shape[1]:
            self._lows.append(self._held.min(keepdims=True)[0])
            self._highs.append(self._held.max(keepdims=True)[0])
            self.peak = max(self.peak, float(np.abs(self._held).max()))
            self._held = self._held[:, :0]
        empty = np.zeros(0, np.float32)
        return np.concatenate([empty, *self._lows]), np.concatenate([empty, *self._highs])

    @property
    def peak_db(self) -> float:
        """Highest sample, dBFS; -inf for silence."""
        return 20.0 * math.log10(self.peak) if self.peak > 0 else -math.inf


class SpectrumColumns:
    """Columns of a spectrogram, about a thousand over the whole sound, however long it is.

    Parameters
    ----------
    sample_rate : int
    num_samples : int
        The length to come, about.
    """

    SIZE = 4096
    BINS = 240

    def __init__(self, sample_rate: int, num_samples: int) -> None:
        self.hop = max(num_samples // 1000, 512)
        self._window = np.hanning(self.SIZE).astype(np.float32)
        self._held = np.zeros(0, np.float32)
        self._skip = 0
        self._columns: list[NDArray[np.float32]] = []
        top = sample_rate / 2
        edges = np.geomspace(30.0, top, self.BINS + 1)
        self.frequencies = np.sqrt(edges[:-1] * edges[1:])
        bins = np.clip(edges * self.SIZE / sample_rate, 1, self.SIZE // 2).astype(int)
        self._starts = np.minimum(bins[:-1], self.SIZE // 2 - 1)
        self._widths = np.maximum(bins[1:] - bins[:-1], 1)

    def push(self, block: Audio) -> None:
        """Take `[channels, samples]`."""
        mono = block.mean(axis=0, dtype=np.float32)
        self._held = np.concatenate([self._held, mono])
        if self._skip:
            cut = min(self._skip, self._held.size)
            self._skip -= cut
            self._held = self._held[cut:]
        while self._held.size >= self.SIZE:
            spectrum = np.fft.rfft(self._held[: self.SIZE] * self._window)
            power = (spectrum.real**2 + spectrum.imag**2) * (4.0 / self._window.sum() ** 2)
            total = np.concatenate([np.zeros(1), np.cumsum(power)])
            level = (total[self._starts + self._widths] - total[self._starts]) / self._widths
            self._columns.append((10 * np.log10(np.maximum(level, 1e-14))).astype(np.float32))
            cut = min(self.hop, self._held.size)
            self._skip = self.hop - cut
            self._held = self._held[cut:]

    def finish(self) -> NDArray[np.float32]:
        """Return `[bins, columns]`, dBFS."""
        if not self._columns:
            return np.zeros((self.BINS, 0), np.float32)
        return np.stack(self._columns, axis=1)
