# SPDX-License-Identifier: GPL-3.0-or-later
"""What one run over a file is told, what it finds on its way, and what it reports."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from neuralboard.finish import Finished
from neuralboard.loudness import Loudness
from neuralboard.render import Tail
from neuralboard.wav_times import TimeMap

__all__ = ["FileReport", "Job"]


@dataclass(frozen=True)
class FileReport:
    """What `process_file` did.

    Attributes
    ----------
    input, output : str
    sample_rate : int
        Of the output, Hz.
    channels : int
    samples : int
        Written, per channel.
    bit_depth : int or None
        Of the output: 8, 16, 24 or 32 (float); None for Ogg and MP3.
    clipped : int
        Samples beyond full scale that were cut.
    notes, warnings : tuple of str
        What a user should know, and what did not come out as asked, one line each.
    loudness : Loudness or None
        Of the output, where a loudness or a true peak was asked for.
    gain_db, limited_db : float
        What that took: the gain, and the most that the limiter took away.
    """

    input: str
    output: str
    sample_rate: int
    channels: int
    samples: int
    bit_depth: int | None
    clipped: int
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    loudness: Loudness | None = None
    gain_db: float = 0.0
    limited_db: float = 0.0

    @property
    def seconds(self) -> float:
        """Length of the output."""
        return self.samples / self.sample_rate


@dataclass
class Job:
    """The settings of one run, checked."""

    input: str
    output: str
    sample_rate: int | None
    bit_depth: int | None
    quality: str | float | None
    tail: Tail
    start: float
    end: float | None
    learn: tuple[float, float] | None
    removed: str | None
    loudness: float | None
    true_peak: float | None
    dual_mono: bool
    force: bool
    changed: bool = False  # any sample is not what it was
    finished: Finished | None = None
    times: TimeMap | None = None
    carried: frozenset[str] = frozenset()  # names of chunks
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def inputs(self) -> list[Path]:
        return [] if self.input == "-" else [Path(self.input)]
