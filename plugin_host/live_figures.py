# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told about live sound: levels, latency, drop-outs, and the share of time used."""

from __future__ import annotations

import math
from dataclasses import dataclass

from neuralboard.audio import Audio

__all__ = ["LiveFigures", "Meter"]


@dataclass(frozen=True)
class LiveFigures:
    """Figures of live sound.

    Attributes
    ----------
    seconds : float
        Of sound so far.
    blocks : int
        Processed so far.
    input_db, output_db : float
        Peaks in dBFS, -inf for silence; above 0 the output clips.
    device_latency_ms : float
        What the two devices say of themselves (their buffers), blocks included.
    board_latency_ms : float
        By which the board delays the sound: exact.
    overruns : int
        Callbacks that came with a flag: before them input was lost or a gap was played.
    late_blocks : int
        Blocks whose processing took longer than they last.
    load : float
        Time for processing over time of sound, on average.
    worst_load : float
        The same of the slowest block.
    """

    seconds: float
    blocks: int
    input_db: float
    output_db: float
    device_latency_ms: float
    board_latency_ms: float
    overruns: int
    late_blocks: int
    load: float
    worst_load: float

    @property
    def latency_ms(self) -> float:
        """From the microphone to the loudspeaker: devices and board."""
        return self.device_latency_ms + self.board_latency_ms

    def __str__(self) -> str:
        return (
            f"{self.seconds:.1f} s, in {self.input_db:.1f} dBFS, out {self.output_db:.1f} dBFS,"
            f" latency {self.latency_ms:.1f} ms (devices {self.device_latency_ms:.1f}, board"
            f" {self.board_latency_ms:.1f}), drop-outs: {self.overruns} by the device,"
            f" {self.late_blocks} of {self.blocks} blocks late, load {100 * self.load:.0f} %"
            f" (worst block {100 * self.worst_load:.0f} %)"
        )


class Meter:
    """Counts in the callback; read from any thread.

    One thread counts, and each number is replaced as a whole, so that no lock is held: a look in
    the middle of a block is at most one block behind in one of the numbers.
    """

    def __init__(self, sample_rate: int, board_latency: int) -> None:
        self._rate = sample_rate
        self._board_latency = board_latency
        self.device_latency = 0.0
        self._samples = self._blocks = self._overruns = self._late = 0
        self._busy = self._worst = 0.0
        self._recent = [0.0, 0.0]  # peaks since the last look: input, output
        self._highest = [0.0, 0.0]

    @property
    def seconds(self) -> float:
        """Seconds of sound so far."""
        return self._samples / self._rate

    def count(self, heard: Audio, played: Audio, took: float, *, lost: bool) -> None:
        """Take one block [samples, channels] into account, which took so many seconds."""
        lasts = heard.shape[0] / self._rate
        for at, audio in enumerate((heard, played)):
            peak = max(float(audio.max(initial=0.0)), -float(audio.min(initial=0.0)))
            self._recent[at] = max(self._recent[at], peak)
            self._highest[at] = max(self._highest[at], peak)
        self._samples += heard.shape[0]
        self._blocks += 1
        self._overruns += lost
        self._late += took > lasts
        self._busy += took
        if lasts:
            self._worst = max(self._worst, took / lasts)

    def look(self) -> LiveFigures:
        """Return the figures so far, levels since the last look."""
        recent, self._recent = self._recent, [0.0, 0.0]
        return self._figures(recent)

    def total(self) -> LiveFigures:
        """Return the figures so far, levels since the beginning."""
        return self._figures(self._highest)

    def _figures(self, peaks: list[float]) -> LiveFigures:
        return LiveFigures(
            seconds=self.seconds,
            blocks=self._blocks,
            input_db=_db(peaks[0]),
            output_db=_db(peaks[1]),
            device_latency_ms=1000 * self.device_latency,
            board_latency_ms=1000 * self._board_latency / self._rate,
            overruns=self._overruns,
            late_blocks=self._late,
            load=self._busy / self.seconds if self._samples else 0.0,
            worst_load=self._worst,
        )


def _db(peak: float) -> float:
    return 20 * math.log10(peak) if 0 < peak < math.inf else (math.inf if peak else -math.inf)
