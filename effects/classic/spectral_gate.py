# SPDX-License-Identifier: GPL-3.0-or-later
"""SpectralGate: a noise gate in each bin, opened by what stands out of the noise.

Source: the spectral gates of audio editors; smoothing of the decision over time and frequency
after T. Sainburg, M. Thielk, T. Gentner, "Finding, visualizing, and quantifying latent structure
across diverse animal vocal repertoires", 2020 (noisereduce), here causal.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np

from neuralboard.effects.classic.denoiser_base import Floats, NoiseReducer, at
from neuralboard.parameter import Parameter

__all__ = ["SpectralGate"]

KNEE_DB = 3.0  # from shut to open; a hard edge chatters


class SpectralGate(NoiseReducer):
    """Turns down the bins that do not stand out of the noise; latency 32 ms less one sample.

    What is above the threshold is left alone, so sounds keep their level and their attacks; noise
    under them stays. `learn(audio, sample_rate)` takes a noise print from noise alone.

    Parameters
    ----------
    threshold_db : float
        How far a bin's level must stand above the noise's to open.
    reduction_db : float
        How far a shut bin is turned down.
    attack_ms, release_ms : float
        Time constants of opening and shutting.
    smoothing_hz : float
        Width over which neighbouring bins decide together: wide lets no single bin of the noise
        ring (musical noise), narrow finds weak tones. A change takes effect in the next stream.
    noise : str, optional
        A recording of the noise alone; else the noise is tracked.

    Examples
    --------
    >>> box = SpectralGate(threshold_db=9.0, reduction_db=12.0)
    >>> box.latency(48_000)
    1535
    """

    threshold_db = Parameter(8.0, -10.0, 40.0, unit="dB", doc="above the noise, where a bin opens")
    reduction_db = Parameter(20.0, 0.0, 80.0, unit="dB", doc="how far a shut bin is turned down")
    attack_ms = Parameter(2.0, 0.0, 200.0, unit="ms", doc="time constant of opening")
    release_ms = Parameter(80.0, 0.0, 2000.0, unit="ms", doc="time constant of shutting")
    smoothing_hz = Parameter(
        300.0, 0.0, 2000.0, unit="Hz", next_stream=True, doc="width over which bins decide together"
    )
    neutral: ClassVar[dict[str, Any]] = {"reduction_db": 0.0}

    def start(self, sample_rate: int, channels: int) -> Any:
        state = super().start(sample_rate, channels)
        n_fft, hop = self.framing(sample_rate)
        half = round(self.smoothing_hz / 2 / (sample_rate / n_fft))
        weights = 1.0 - np.abs(np.arange(-half, half + 1)) / (half + 1)
        state.weights = (weights / weights.sum()).astype(np.float32)
        state.hop_ms = 1000.0 * hop / sample_rate
        return state

    def memory(self, shape: tuple[int, int]) -> Any:
        # The gain in units of the reduction: -1 shut, 0 open. It starts open: what stands at the
        # very beginning must not be lost, and noise is shut out within one release.
        return SimpleNamespace(power=np.zeros(shape, np.float32), gain=np.zeros(shape, np.float32))

    def gain(self, power: Floats, noise: Floats, state: Any, p: Any, k: int) -> Floats:
        memory = state.memory
        # One frame's power at one bin of noise is scattered by 20 dB. The mean over neighbours
        # and the frame before is not, and tells a sound from a chance peak.
        near = _over_frequency(power, state.weights)
        level = np.float32(0.5) * (near + memory.power)
        memory.power = near
        floor = _over_frequency(np.broadcast_to(noise, power.shape), state.weights)
        tiny = np.float32(1e-20)
        above = 10.0 * np.log10((level + tiny) / (floor + tiny)) - np.float32(at(p.threshold_db, k))
        target = np.clip(above / np.float32(KNEE_DB), -1.0, 0.0)
        opening, shutting = (
            np.float32(np.exp(-state.hop_ms / max(float(at(ms, k)), 1e-3)))
            for ms in (p.attack_ms, p.release_ms)
        )
        pole = np.where(target > memory.gain, opening, shutting)
        memory.gain = (target + pole * (memory.gain - target)).astype(np.float32)
        decibels = memory.gain * np.float32(at(p.reduction_db, k))
        return np.asarray(np.float32(10.0) ** (decibels / np.float32(20.0)), np.float32)


def _over_frequency(values: Floats, weights: Floats) -> Floats:
    """Return the weighted mean over neighbouring bins `[channels, bins]`."""
    half = len(weights) // 2
    padded = np.pad(values, ((0, 0), (half, half)), mode="reflect") if half else values
    bins = values.shape[1]
    out = np.zeros(values.shape, np.float32)
    for i, weight in enumerate(weights):
        out += weight * padded[:, i : i + bins]
    return out
