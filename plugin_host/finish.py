# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring a rendered recording to a loudness, its true peak below a ceiling.

    source -> gain -> limiter (only where needed) -> what is written (dither comes after it)

The gain is the target minus the loudness. Where that lifts a true peak above the ceiling,
pedalboard's BrickwallLimiter(true_peak=True) works, and two things come out otherwise than asked:
the limiter lets true peaks through by up to 0.3 dB, and what it takes makes the sound quieter. Both
are measured (true peaks at 16 values per sample), and the next pass has a lower ceiling and a
higher gain: up to three times. pedalboard's `Limiter` would not do: it is none (docs/boxes.md).

Each pass streams through the source once more, in bounded memory.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from neuralboard.audio import Audio, check_channels, check_sample_rate
from neuralboard.errors import ParameterError
from neuralboard.loudness import Loudness, Meter
from neuralboard.render import render
from neuralboard.spool import Spool

__all__ = ["DEFAULT_CEILING_DB", "Finished", "check_targets", "finish"]

Source = Callable[[], Iterable[Audio]]
Progress = Callable[[int, int | None], None]

DEFAULT_CEILING_DB = -1.0
"""dBTP, where a loudness is asked for and no ceiling (EBU R 128)."""

MISSED_LU = 0.1
"""From here on a missed loudness is told."""

LIMITED_DB = 6.0
"""From here on the limiter's work is told."""

_SOLVES = 3  # after the first pass
_CLOSE_LU = 0.03
_OVERSAMPLING = 16
# Rounding to 16 bits with dither may add 0.001 dB to a peak. The limiter aims lower than where it
# begins to be needed: what was finished and written needs none when it is finished again.
_MARGIN_DB = 0.002
_AIM_DB = 0.004
_LOWEST_CEILING_DB = -60.0
_LONGEST_STEP_DB = 6.0
_FLAT = 0.1  # LU that a dB of gain brings


@dataclass(frozen=True)
class Finished:
    """What `finish` found and does.

    Attributes
    ----------
    gain_db : float
        Applied before the limiter.
    limited_db : float
        The most that the limiter takes away; 0 where there is none.
    before, loudness : Loudness
        Of the source, of the result. Its `true_peak_db` is read at 16 values per sample.
    warnings : tuple of str
        What was not reached, one line each.
    """

    gain_db: float
    limited_db: float
    before: Loudness
    loudness: Loudness
    warnings: tuple[str, ...]
    _result: Source = field(repr=False, compare=False)

    @property
    def true_peak_db(self) -> float:
        """DBTP of the result."""
        return self.loudness.true_peak_db

    def blocks(self) -> Iterator[Audio]:
        """Yield the result: one more pass over the source, as often as asked for."""
        yield from self._result()

    def describe(self) -> str:
        """Return one line for people: what was, what is, what was done."""
        was, now = self.before, self.loudness
        if math.isinf(was.true_peak_db):
            return "loudness unmeasurable, no true peak: it is silence"
        text = f"loudness {_lufs(was.integrated_lufs)} -> {_lufs(now.integrated_lufs)} LUFS"
        text += f", gain {self.gain_db:+.1f} dB"
        text += f", true peak {was.true_peak_db:.1f} -> {now.true_peak_db:.1f} dBTP"
        if self.limited_db > 0:
            text += f", limited by up to {self.limited_db:.1f} dB"
        return text


def check_targets(
    loudness_lufs: Any, true_peak_db: Any, names: tuple[str, str] = ("loudness", "true_peak")
) -> tuple[float | None, float | None]:
    """Return loudness and ceiling (-1 dBTP where only a loudness is given), or raise.

    Raises
    ------
    ParameterError
    """
    loudness = _number(loudness_lufs, names[0], -70.0, 0.0, "LUFS, as -16 or -23")
    ceiling = _number(true_peak_db, names[1], -30.0, 0.0, "dBTP, as -1")
    if loudness is not None and ceiling is None:
        ceiling = DEFAULT_CEILING_DB
    return loudness, ceiling


def finish(
    source: Source | Spool,
    sample_rate: int,
    channels: int,
    *,
    loudness_lufs: float | None = None,
    true_peak_db: float | None = None,
    dual_mono: bool = False,
    channel_mask: int | None = None,
    progress: Progress | None = None,
) -> Finished:
    """Find the gain and the limiter that bring a recording to a loudness.

    Parameters
    ----------
    source : callable or Spool
        Called (or read) once a pass, it gives the same `[channels, samples]` float32 blocks each
        time, after the master chain and at the rate of the output.
    sample_rate : int
        Hz.
    channels : int
    loudness_lufs : float, optional
        -70 to 0. Without it the gain is 0 dB.
    true_peak_db : float, optional
        Ceiling in dBTP, -30 to 0; -1 where only a loudness is given. No true peak passes it.
    dual_mono : bool
        A mono signal will play on two loudspeakers: it counts 3 LU more.
    channel_mask : int, optional
        Loudspeaker positions (see `Meter`).
    progress : callable, optional
        Called with (samples done, None) after every block of every pass.

    Returns
    -------
    Finished

    Raises
    ------
    ParameterError, AudioError
    """
    job = _Job(
        source.blocks if isinstance(source, Spool) else source,
        check_sample_rate(sample_rate),
        check_channels(channels),
        *check_targets(loudness_lufs, true_peak_db, ("loudness_lufs", "true_peak_db")),
        dual_mono,
        channel_mask,
        progress,
    )
    return job.solve()


@dataclass(frozen=True)
class _Settings:
    """One way to finish: gain, limiter's ceiling (None: no limiter), trim behind it, in dB."""

    gain_db: float = 0.0
    ceiling_db: float | None = None
    trim_db: float = 0.0


@dataclass(frozen=True)
class _Job:
    source: Source
    sample_rate: int
    channels: int
    target: float | None
    ceiling: float | None
    dual_mono: bool
    channel_mask: int | None
    progress: Progress | None

    def solve(self) -> Finished:
        before = self._measured(_Settings())
        gain, silent = 0.0, False
        if self.target is not None:
            silent = math.isinf(before.integrated_lufs)
            gain = 0.0 if silent else self.target - before.integrated_lufs
            gain = 0.0 if abs(gain) <= _CLOSE_LU else gain  # it is there: let the samples be
        settings, after = _Settings(gain), _louder(before, gain)
        if self.ceiling is not None and after.true_peak_db > self.ceiling - _MARGIN_DB:
            settings, after = self._limited(gain, self.ceiling - _AIM_DB)
        limited = 0.0
        if settings.ceiling_db is not None:
            limited = before.true_peak_db + settings.gain_db - settings.ceiling_db
        return Finished(
            settings.gain_db,
            max(0.0, limited),
            before,
            after,
            tuple(self._warnings(after, limited, silent)),
            lambda: self._rendered(settings),
        )

    def _limited(self, gain: float, aim: float) -> tuple[_Settings, Loudness]:
        """Solve for gain and ceiling pass by pass; return the best ones and what they give."""
        settings = _Settings(gain, aim)
        best: tuple[float, float, _Settings, Loudness] | None = None  # missing, over, ...
        known: tuple[float, float] | None = None  # gain and loudness of the pass before
        for solves_left in range(_SOLVES, -1, -1):
            after = self._measured(settings)
            over = max(0.0, after.true_peak_db - aim)
            missing = self._missing(after)
            if best is None or (abs(missing), over) < (max(_CLOSE_LU, abs(best[0])), best[1]):
                best = (missing, over, settings, after)
            now = (settings.gain_db, after.integrated_lufs)
            step = 0.0 if abs(missing) <= _CLOSE_LU else _step(missing, known, now)
            if solves_left == 0 or (over == 0.0 and step == 0.0):
                break
            ceiling = max(_LOWEST_CEILING_DB, (settings.ceiling_db or 0.0) - over)
            known, settings = now, _Settings(settings.gain_db + step, ceiling)
        assert best is not None
        _, over, settings, after = best
        if over > 0.0:  # whatever the limiter does: nothing passes the ceiling
            settings = dataclasses.replace(settings, trim_db=-over)
            after = _louder(after, -over)
        return settings, after

    def _missing(self, after: Loudness) -> float:
        """Return how much louder it should be, in LU; 0 where no loudness is asked for."""
        if self.target is None or math.isinf(after.integrated_lufs):
            return 0.0
        return self.target - after.integrated_lufs

    def _measured(self, settings: _Settings) -> Loudness:
        meter = Meter(
            self.sample_rate,
            self.channels,
            channel_mask=self.channel_mask,
            dual_mono=self.dual_mono,
            oversampling=_OVERSAMPLING,
        )
        done = 0
        for block in self._rendered(settings):
            meter.push(block)
            done += block.shape[1]
            if self.progress is not None:
                self.progress(done, None)
        return meter.result()

    def _rendered(self, settings: _Settings) -> Iterator[Audio]:
        blocks = _amplified(self.source(), settings.gain_db)
        if settings.ceiling_db is not None:
            limiter = _limiter(settings.ceiling_db)
            pairs = render(limiter, blocks, self.sample_rate, self.channels, 0.0)
            blocks = _amplified((out for _, out in pairs), settings.trim_db)
        yield from blocks

    def _warnings(self, after: Loudness, limited: float, silent: bool) -> Iterator[str]:
        if silent:
            yield (
                "its loudness can't be measured (silence, or shorter than 0.4 s): the gain is 0 dB"
            )
            return
        reached = f"{after.integrated_lufs:.1f} LUFS"
        if abs(self._missing(after)) > MISSED_LU:
            yield (
                f"its loudness is {reached}, not {self.target:g}: under a ceiling of"
                f" {self.ceiling:g} dBTP it gets no closer (the limiter takes up to {limited:.1f}"
                " dB); compress it before, or ask for less"
            )
        elif limited > LIMITED_DB:
            goal = f"keep {self.ceiling:g} dBTP" if self.target is None else f"reach {reached}"
            yield (
                f"the limiter takes up to {limited:.1f} dB to {goal}, which is heard; compress it"
                " before, or ask for less"
            )


def _limiter(ceiling_db: float) -> Any:
    from pedalboard import BrickwallLimiter

    from neuralboard.board import Board

    return Board([BrickwallLimiter(ceiling_db=ceiling_db, true_peak=True)])


def _amplified(blocks: Iterable[Audio], gain_db: float) -> Iterator[Audio]:
    if gain_db == 0.0:
        yield from blocks
        return
    factor = np.float32(10.0 ** (gain_db / 20.0))
    for block in blocks:
        yield block * factor


def _step(missing: float, known: tuple[float, float] | None, now: tuple[float, float]) -> float:
    """Return the change of gain that should bring `missing` LU, by the secant through two passes.

    The harder the limiter works the less a dB of gain brings: the slope is below 1. Where it is
    nearly flat more gain does harm only, and the change is 0.
    """
    slope = 1.0
    if known is not None and now[0] != known[0]:
        slope = (now[1] - known[1]) / (now[0] - known[0])
    if slope < _FLAT:
        return 0.0
    return max(-_LONGEST_STEP_DB, min(_LONGEST_STEP_DB, missing / min(1.0, slope)))


def _louder(before: Loudness, gain_db: float) -> Loudness:
    """Return what a meter reads of the same sound with a gain."""
    return dataclasses.replace(
        before,
        integrated_lufs=before.integrated_lufs + gain_db,
        momentary_max_lufs=before.momentary_max_lufs + gain_db,
        short_term_max_lufs=before.short_term_max_lufs + gain_db,
        true_peak_db=before.true_peak_db + gain_db,
        sample_peak_db=before.sample_peak_db + gain_db,
        momentary_lufs=before.momentary_lufs + gain_db,
        short_term_lufs=before.short_term_lufs + gain_db,
    )


def _number(value: Any, name: str, low: float, high: float, unit: str) -> float | None:
    if value is None:
        return None
    fits = not isinstance(value, bool) and isinstance(value, (int, float, np.number))
    if not fits or not low <= value <= high:
        raise ParameterError(
            f"{name} = {value!r} is outside {low:g} to {high:g}; give a number of {unit}"
        )
    return float(value)


def _lufs(value: float) -> str:
    return f"{value:.1f}" if math.isfinite(value) else "unmeasurable"
