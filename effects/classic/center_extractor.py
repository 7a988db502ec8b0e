# SPDX-License-Identifier: GPL-3.0-or-later
"""CenterExtractor: what both channels of a stereo recording share, as voices mostly do.

Source: C. Avendano, J.-M. Jot, "Frequency domain techniques for stereo to multichannel upmix",
2002. The gain here is Wiener's for the model left = centre + a, right = centre + b, with a and b
unrelated: the power of (left - right) / 2 tells how much of (left + right) / 2 is not the centre.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np

from neuralboard.effects.classic.levels import gain_of
from neuralboard.errors import AudioError
from neuralboard.parameter import Parameter
from neuralboard.spectral import Frames, SpectralEffect

__all__ = ["CenterExtractor", "CenterStems"]


class _Center(SpectralEffect):
    """Finds in each bin what left and right share."""

    links_channels = True  # left and right are compared
    smoothing_ms = 15.0  # of the powers: enough to calm the gain, too short to smear attacks

    def framing(self, sample_rate: int) -> tuple[int, int]:
        """85 ms frames, 21 ms hop, at any rate."""
        hop = max(16, round(sample_rate / 46.875 / 4) * 4)
        return 4 * hop, hop

    def check_stream(self, sample_rate: int, channels: int) -> None:
        if channels != 2:
            raise AudioError(
                f"CenterExtractor compares left and right: it takes 2 channels, not {channels};"
                " give it a stereo recording"
            )

    def start(self, sample_rate: int, channels: int) -> Any:
        n_fft, hop = self.framing(sample_rate)
        bins = n_fft // 2 + 1
        return SimpleNamespace(
            frequencies=np.linspace(0.0, sample_rate / 2, bins, dtype=np.float32),
            pole=np.float32(np.exp(-1000.0 * hop / sample_rate / self.smoothing_ms)),
            middle=np.zeros(bins, np.float32),
            difference=np.zeros(bins, np.float32),
        )

    def _center(self, frames: Frames, state: Any, p: Any) -> Frames:
        """Return the centre `[k, bins]` of frames `[2, k, bins]`."""
        left, right = frames  # [k, bins]
        middle, difference = (left + right) / 2, (left - right) / 2
        share = np.empty(middle.shape, np.float32)
        for k in range(middle.shape[0]):
            state.middle = _smooth(state.middle, middle[k], state.pole)
            state.difference = _smooth(state.difference, difference[k], state.pole)
            share[k] = state.difference / np.maximum(state.middle, np.float32(1e-20))
        width, low, high = (
            np.asarray(v, np.float32)[..., None] for v in (p.width, p.low_hz, p.high_hz)
        )
        gain = np.clip(1 - share / width**2, 0.0, 1.0)
        gain *= (state.frequencies >= low) & (state.frequencies <= high)
        return np.asarray(gain * middle, np.complex64)


class CenterExtractor(_Center):
    """Takes the voice from the centre of a stereo mix, or takes it away; two channels only.

    Parameters
    ----------
    center_db, sides_db : float
        Gain of the centre and of all the rest; -80 dB is off. The two parts sum to the input. As
        it comes, the box keeps the centre; `center_db=-80, sides_db=0` is karaoke.
    width : float
        How far from the middle still counts: 1 takes in all but what is in one channel alone,
        small values only what stands dead centre.
    low_hz, high_hz : float
        Below and above, everything counts as sides: bass and kick are in the centre too.

    Examples
    --------
    >>> karaoke = CenterExtractor(center_db=-80.0, sides_db=0.0)
    >>> karaoke.latency(48_000)
    4095
    """

    center_db = Parameter(0.0, -80.0, 24.0, unit="dB", doc="gain of the centre; -80 is off")
    sides_db = Parameter(-80.0, -80.0, 24.0, unit="dB", doc="gain of the rest; -80 is off")
    width = Parameter(0.4, 0.05, 1.0, doc="how far from the middle still counts as centre")
    low_hz = Parameter(100.0, 0.0, 20_000.0, unit="Hz", doc="below, everything counts as sides")
    high_hz = Parameter(20_000.0, 0.0, 96_000.0, unit="Hz", doc="above, everything is sides")
    neutral: ClassVar[dict[str, Any]] = {"center_db": 0.0, "sides_db": 0.0}

    def process_frames(self, frames: Frames, state: Any, p: Any) -> Frames:
        center = self._center(frames, state, p)
        keep, rest = (gain_of(v)[..., None] for v in (p.center_db, p.sides_db))
        return np.asarray(rest * frames + (keep - rest) * center, np.complex64)

    def separator(self) -> CenterStems:
        """Return the box that gives both parts at once, for `nb.Separator`."""
        return CenterStems(width=self.width, low_hz=self.low_hz, high_hz=self.high_hz)


class CenterStems(_Center):
    """Centre and sides as two outputs that sum to the input.

    Parameters
    ----------
    width, low_hz, high_hz : float
        As of `CenterExtractor`.
    """

    width = Parameter(0.4, 0.05, 1.0, doc="how far from the middle still counts as centre")
    low_hz = Parameter(100.0, 0.0, 20_000.0, unit="Hz", doc="below, everything counts as sides")
    high_hz = Parameter(20_000.0, 0.0, 96_000.0, unit="Hz", doc="above, everything is sides")
    stems = ("center", "sides")

    def process_frames(self, frames: Frames, state: Any, p: Any) -> Frames:
        center = self._center(frames, state, p)
        return np.stack([np.broadcast_to(center, frames.shape), frames - center])


def _smooth(before: Any, bins: Any, pole: Any) -> Any:
    """Return the smoothed power of one frame's bins."""
    power = bins.real**2 + bins.imag**2
    return power + pole * (before - power)
