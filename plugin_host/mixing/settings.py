# SPDX-License-Identifier: GPL-3.0-or-later
"""How a mix is finished and written: formats, depths, loudness, tail."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

from neuralboard.audio_sinks import BIT_DEPTHS, check_encoder
from neuralboard.errors import AudioFileError, ParameterError, did_you_mean
from neuralboard.render import Tail

__all__ = ["MASTER_KEYS", "OUTPUT_KEYS", "OutputSettings", "check_setting"]

MASTER_KEYS = ("loudness_lufs", "true_peak_db")
OUTPUT_KEYS = (
    "format", "bit_depth", "quality", "stems", "stems_bit_depth", "premaster", "tail", "report",
)  # fmt: skip


@dataclass(frozen=True)
class OutputSettings:
    """What is written and how.

    Attributes
    ----------
    format : str
        Of the mix: "wav", "flac", "aiff", "ogg" or "mp3".
    bit_depth : int or None
        Of the mix: 16, 24 or 32 (float); 24 where not given.
    quality : str, int, float or None
        For MP3, Ogg and FLAC.
    stems : bool
        Write a WAV for everything that goes to the master.
    stems_bit_depth : int
        16, 24 or 32 (float).
    premaster : bool
        Write the sum before the master's chain; by default where stems are written.
    tail : float or "auto"
        Seconds after the end of the last track, or until all is below -80 dBFS.
    report : bool
        Write report.html.
    loudness_lufs : float or None
        Integrated loudness of the mix; None leaves it as it is.
    true_peak_db : float or None
        Ceiling of the mix, dBTP; -1 where a loudness is given.
    """

    format: str = "wav"
    bit_depth: int | None = None
    quality: str | float | None = None
    stems: bool = False
    stems_bit_depth: int = 32
    premaster: bool | None = None
    tail: Tail = "auto"
    report: bool = True
    loudness_lufs: float | None = None
    true_peak_db: float | None = None

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if value is not None:
                check_setting(each.name, value)
        if self.format in ("ogg", "mp3") and self.bit_depth is not None:
            raise ParameterError(
                f"bit_depth = {self.bit_depth}: {self.format} has none; take it out, quality is"
                " what such files have"
            )

    def problem(self, sample_rate: int) -> str:
        """Return why a mix can't be written so, or ""."""
        try:
            check_encoder(
                f"mix.{self.format}", self.format, sample_rate, 2, self.mix_depth, self.quality
            )
        except AudioFileError as error:
            return str(error)
        return ""

    @property
    def mix_depth(self) -> int | None:
        """Bits of the mix; None for lossy formats."""
        return None if self.format in ("ogg", "mp3") else self.bit_depth or 24

    @property
    def with_premaster(self) -> bool:
        """Whether premaster.wav is written."""
        return self.stems if self.premaster is None else self.premaster


def check_setting(key: str, value: Any) -> Any:
    """Return a setting's value, or raise `ParameterError`."""
    known = [f.name for f in fields(OutputSettings)]
    if key not in known:
        raise ParameterError(f"there is no setting '{key}'{did_you_mean(key, known)}")
    if key == "format":
        return _one_of(key, value, tuple(BIT_DEPTHS))
    if key in ("stems", "premaster", "report"):
        if not isinstance(value, bool):
            raise ParameterError(f"{key} = {value!r}: use true or false")
        return value
    if key in ("bit_depth", "stems_bit_depth"):
        return _one_of(key, value, (16, 24, 32))
    if key == "tail":
        return "auto" if value == "auto" else _number(key, value, 0.0, 3600.0, "s, or 'auto'")
    if key == "loudness_lufs":
        return _number(key, value, -70.0, 0.0, "LUFS")
    if key == "true_peak_db":
        return _number(key, value, -30.0, 0.0, "dBTP")
    return value


def _one_of(key: str, value: Any, allowed: tuple[Any, ...]) -> Any:
    if isinstance(value, bool) or value not in allowed:
        hint = did_you_mean(value, allowed) if isinstance(value, str) else ""
        words = ", ".join(str(word) for word in allowed)
        raise ParameterError(f"{key} = {value!r}{hint}: use one of {words}")
    return value


def _number(key: str, value: Any, low: float, high: float, unit: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ParameterError(f"{key} = {value!r} is no number; use {low:g} to {high:g} {unit}")
    if not low <= value <= high:
        raise ParameterError(f"{key} = {value:g}: out of range; use {low:g} to {high:g} {unit}")
    return float(value)
