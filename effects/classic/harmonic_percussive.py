# SPDX-License-Identifier: GPL-3.0-or-later
"""HarmonicPercussive: parts what rings from what strikes, by medians along time and frequency.

Source: D. FitzGerald, "Harmonic/percussive separation using median filtering", 2010; the margin
and the residual after J. Driedger, M. Müller, S. Disch, "Extending harmonic-percussive separation
of audio signals", 2014.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np

from neuralboard.effects.classic.denoiser_base import Floats
from neuralboard.effects.classic.levels import gain_of
from neuralboard.effects.classic.median import median_of, median_over_bins
from neuralboard.parameter import Parameter
from neuralboard.spectral import Frames, SpectralEffect

__all__ = ["HarmonicPercussive", "HarmonicPercussiveStems"]


class _Medians(SpectralEffect):
    """Finds in each bin the share of what rings and of what strikes."""

    lookahead_frames = 10
    bins_hz = 200.0  # length of the median along frequency; over time it is 21 hops, 224 ms

    def framing(self, sample_rate: int) -> tuple[int, int]:
        """43 ms frames, 10.7 ms hop, at any rate."""
        hop = max(16, round(sample_rate / 93.75 / 4) * 4)
        return 4 * hop, hop

    def start(self, sample_rate: int, channels: int) -> Any:
        n_fft, _ = self.framing(sample_rate)
        shape = (channels, 2 * self.lookahead_frames, n_fft // 2 + 1)
        return SimpleNamespace(
            size=2 * round(self.bins_hz * n_fft / sample_rate / 2) + 1,
            frames=np.zeros(shape, np.complex64),
            levels=np.zeros(shape, np.float32),
        )

    def _parted(self, frames: Frames, state: Any, margin: Any) -> tuple[Frames, Floats, Floats]:
        """Return the frames that are answered now, and their shares of tone and of stroke."""
        count, ahead = frames.shape[1], self.lookahead_frames
        #    past            │ answered now │ future of the oldest answered
        # ───┴── ahead ──────┼── count ─────┼── ahead ──
        known = np.concatenate([state.frames, frames], axis=1)
        levels = np.concatenate([state.levels, np.abs(frames)], axis=1)
        state.frames[:], state.levels[:] = known[:, count:], levels[:, count:]
        harmonic = median_of([levels[:, i : i + count] for i in range(2 * ahead + 1)])
        percussive = median_over_bins(levels[:, ahead : ahead + count], state.size)
        rings, strikes, margin = harmonic**2, percussive**2, _column(margin) ** 2
        tiny = np.float32(1e-20)  # silence: half and half
        tone = (rings + tiny) / (rings + margin * strikes + (1 + margin) * tiny)
        stroke = (strikes + tiny) / (strikes + margin * rings + (1 + margin) * tiny)
        return known[:, ahead : ahead + count], tone, stroke


class HarmonicPercussive(_Medians):
    """Turns drums and clicks up or down against what rings: three gains that sum to the input.

    Tones are lines along time, strokes are lines along frequency: the median along the one
    direction wipes out the other. Half of the median over time lies in the future, so the box
    looks ahead.

    Parameters
    ----------
    harmonic_db, percussive_db : float
        Gain of each part; -80 dB is off. As it comes, the box takes the strokes out.
    residual_db : float
        Gain of what is neither (breath, noise, consonants): nothing at margin 1.
    margin : float
        How many times a part must outweigh the other to be counted as its own.

    Examples
    --------
    >>> drums_only = HarmonicPercussive(harmonic_db=-80.0, percussive_db=0.0)
    >>> drums_only.latency(48_000)
    7167
    """

    harmonic_db = Parameter(0.0, -80.0, 24.0, unit="dB", doc="gain of what rings; -80 is off")
    percussive_db = Parameter(-80.0, -80.0, 24.0, unit="dB", doc="gain of strokes; -80 is off")
    residual_db = Parameter(0.0, -80.0, 24.0, unit="dB", doc="gain of what is neither; -80 is off")
    margin = Parameter(1.0, 1.0, 10.0, doc="times that a part must outweigh the other")
    neutral: ClassVar[dict[str, Any]] = {
        "harmonic_db": 0.0, "percussive_db": 0.0, "residual_db": 0.0,
    }  # fmt: skip

    def process_frames(self, frames: Frames, state: Any, p: Any) -> Frames:
        now, tone, stroke = self._parted(frames, state, p.margin)
        rest = 1 - tone - stroke
        a, b, c = (_column(gain_of(v)) for v in (p.harmonic_db, p.percussive_db, p.residual_db))
        gain = np.asarray(a * tone + b * stroke + c * rest, np.float32)
        return np.asarray(now * gain, np.complex64)

    def separator(self) -> HarmonicPercussiveStems:
        """Return the box that gives both parts at once, for `nb.Separator`."""
        return HarmonicPercussiveStems(margin=self.margin)


class HarmonicPercussiveStems(_Medians):
    """What rings and what strikes as two outputs; they sum to the input at margin 1.

    Parameters
    ----------
    margin : float
        As of `HarmonicPercussive`; above 1 the outputs lack what is neither.
    """

    margin = Parameter(1.0, 1.0, 10.0, doc="times that a part must outweigh the other")
    stems = ("harmonic", "percussive")

    def process_frames(self, frames: Frames, state: Any, p: Any) -> Frames:
        now, tone, stroke = self._parted(frames, state, p.margin)
        return np.stack([now * tone, now * stroke])


def _column(value: Any) -> Any:
    """Return a parameter of each frame so that it multiplies `[channels, k, bins]`."""
    return np.asarray(value, np.float32)[..., None]
