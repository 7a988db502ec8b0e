# SPDX-License-Identifier: GPL-3.0-or-later
"""BusCompressor: one gain for all channels, from the sound itself or from another track.

Source: D. Giannoulis, M. Massberg, J. D. Reiss, "Digital dynamic range compressor design: a
tutorial and analysis", J. Audio Eng. Soc. 60 (2012): feed-forward, soft knee (eq. 4), smooth
branching detector on decibels (eq. 16).
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, ClassVar

from neuralboard import cpp_ext
from neuralboard.audio import Audio
from neuralboard.effect import Effect
from neuralboard.effects.dynamics.ballistics import hold_samples, longest_hold, share, slope
from neuralboard.effects.filters.sections import butterworth, warped
from neuralboard.parameter import Parameter, Setting
from neuralboard.told import Controls

__all__ = ["BusCompressor"]

MOST_HOLD_MS = 500.0


def _check_name(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("a name is a word")
    return value


class BusCompressor(Effect):
    """Turns down what is too loud, all channels alike; with a side chain it is a ducker.

    It hears the peaks of the loudest channel. Attack and release are the times in which 63 %
    (1 - 1/e) of a step of the reduction, in dB, is done; the release begins when the hold is over.
    A hold of at least half a period of the lowest tone (10 ms: 50 Hz) makes the reduction of a
    tone exactly that of the curve; a shorter one lets it follow the wave, which distorts bass.
    It tells `gain_reduction_db`, 0 or more, for each sample. No latency.

    Parameters
    ----------
    threshold_db : float
        dBFS of the peak, where the curve bends.
    ratio : float
        1 does nothing; 4 leaves a quarter of what is above the threshold, in dB.
    attack_ms, release_ms : float
        Times of 63 % of a step.
    knee_db : float
        Over how many dB around the threshold the curve bends; 0 is a hard knee.
    hold_ms : float
        How long a peak goes on being heard.
    range_db : float
        The most that it turns down.
    key_high_pass_hz : float
        What it hears is high-passed there (12 dB an octave), so that the bass does not pump the
        rest; 0 is off. The sound itself is not filtered.
    makeup_db : float
        Gain afterwards.
    sidechain : str, optional
        The track to listen to instead of its own sound: `sidechain={name: array}` in a call.

    Examples
    --------
    >>> duck = BusCompressor(ratio=20, range_db=4, sidechain="drums")
    >>> duck.latency(48_000)
    0
    """

    threshold_db = Parameter(-20.0, -80.0, 20.0, unit="dB", doc="dBFS of the peak")
    ratio = Parameter(2.0, 1.0, 100.0, doc="1 does nothing")
    attack_ms = Parameter(10.0, 0.0, 1000.0, unit="ms", doc="63 % of a step down, in dB")
    release_ms = Parameter(100.0, 1.0, 5000.0, unit="ms", doc="63 % of a step up, in dB")
    knee_db = Parameter(6.0, 0.0, 40.0, unit="dB", doc="over which the curve bends")
    hold_ms = Parameter(10.0, 0.0, MOST_HOLD_MS, unit="ms", doc="before the release begins")
    range_db = Parameter(60.0, 0.0, 80.0, unit="dB", doc="the most that it turns down")
    key_high_pass_hz = Parameter(0.0, 0.0, 2000.0, unit="Hz", doc="of what it hears; 0 is off")
    makeup_db = Parameter(0.0, -24.0, 24.0, unit="dB", doc="gain afterwards")
    sidechain = Setting(
        None, check=_check_name, expects="a name", doc="the track it hears instead of its own sound"
    )
    neutral: ClassVar[dict[str, Any]] = {"range_db": 0.0, "makeup_db": 0.0}
    links_channels = True
    tells = ("gain_reduction_db",)

    uses_sidechain = True

    def side_chain(self) -> str | None:
        """Return the track that it hears: an unnamed one meant for another box is not for it."""
        return self.sidechain

    def start(self, sample_rate: int, channels: int) -> Any:
        return SimpleNamespace(
            sample_rate=sample_rate,
            key_filter=cpp_ext.SvfCascade(channels, 1),
            cutoff=None,
            sections=None,
            reduction=cpp_ext.GainReduction(channels, longest_hold(MOST_HOLD_MS, sample_rate)),
        )

    def process_block(
        self, block: Audio, state: Any, p: Any, side: Audio | None = None
    ) -> tuple[Audio, Controls]:
        rate = state.sample_rate
        reduction = state.reduction.push(
            self._key(block if side is None else side, state, p),
            p.threshold_db,
            slope(p.ratio),
            p.knee_db,
            p.range_db,
            share(p.attack_ms, rate),
            share(p.release_ms, rate),
            hold_samples(p.hold_ms, rate),
        )
        out = cpp_ext.apply_gain_db(block, p.makeup_db - reduction)
        return out, {"gain_reduction_db": reduction}

    def _key(self, heard: Audio, state: Any, p: Any) -> Audio:
        cutoff = p.key_high_pass_hz
        if isinstance(cutoff, float) and cutoff == 0.0:
            state.key_filter.reset()
            return heard
        if cutoff is not state.cutoff:
            g = warped(cutoff, state.sample_rate)
            state.cutoff, state.sections = cutoff, butterworth(g, 2, high=True)
        return state.key_filter.process(heard, state.sections)
