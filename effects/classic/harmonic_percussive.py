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

__all__ = ["HarmonicPercussive"]


class HarmonicPercussive(SpectralEffect):
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

    def process_frames(self, frames: Frames, state: Any, p: Any) -> Frames:
        count, ahead = frames.shape[1], self.lookahead_frames
        #    past            │ answered now │ future of the oldest answered
        # ───┴── ahead ──────┼── count ─────┼── ahead ──
        known = np.concatenate([state.frames, frames], axis=1)
        levels = np.concatenate([state.levels, np.abs(frames)], axis=1)
        state.frames[:], state.levels[:] = known[:, count:], levels[:, count:]
        harmonic = median_of([levels[:, i : i + count] for i in range(2 * ahead + 1)])
        percussive = median_over_bins(levels[:, ahead : ahead + count], state.size)
        gain = self._gain(harmonic, percussive, p)
        return np.asarray(known[:, ahead : ahead + count] * gain, np.complex64)

    def _gain(self, harmonic: Floats, percussive: Floats, p: Any) -> Floats:
        """Return the gain of each bin `[channels, k, bins]` from the two medians."""
        rings, strikes, margin = harmonic**2, percussive**2, _column(p.margin) ** 2
        tiny = np.float32(1e-20)  # silence: half and half
        tone = (rings + tiny) / (rings + margin * strikes + (1 + margin) * tiny)
        stroke = (strikes + tiny) / (strikes + margin * rings + (1 + margin) * tiny)
        rest = 1 - tone - stroke
        a, b, c = (_column(gain_of(v)) for v in (p.harmonic_db, p.percussive_db, p.residual_db))
        return np.asarray(a * tone + b * stroke + c * rest, np.float32)


def _column(value: Any) -> Any:
    """Return a parameter of each frame so that it multiplies `[channels, k, bins]`."""
    return np.asarray(value, np.float32)[..., None]
