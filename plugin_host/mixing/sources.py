# SPDX-License-Identifier: GPL-3.0-or-later
"""The sound of a track in blocks of the mix: at its rate, placed in time, mono or stereo.

file ─▶ soxr VHQ to the mix's rate ─▶ offset ─▶ blocks of any size, zeros after the end
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from neuralboard.audio import Audio, check_sample_rate, take_audio
from neuralboard.audio_reader import AudioReader, check_is_file
from neuralboard.errors import AudioFileError
from neuralboard.guard import BrokenSamples
from neuralboard.mixing.strips import Track
from neuralboard.render import resampled

__all__ = ["SourceFacts", "TrackSource", "inspect_source"]

_READ = 65_536


class SourceFacts:
    """What is known of a track's sound before it is read.

    Attributes
    ----------
    channels : int
        Of the file or array.
    sample_rate : int
        Hz, its own.
    num_samples : int or None
        At its own rate; None where the file doesn't tell.
    path : Path or None
        None for arrays.
    """

    def __init__(
        self, channels: int, sample_rate: int, num_samples: int | None, path: Path | None
    ) -> None:
        self.channels, self.sample_rate = channels, sample_rate
        self.num_samples, self.path = num_samples, path
        self.bit_depth: int | None = None

    @property
    def seconds(self) -> float | None:
        """Its length."""
        return None if self.num_samples is None else self.num_samples / self.sample_rate


def inspect_source(track: Track, sample_rate: int) -> SourceFacts:
    """Return what a track's source is, or raise the error that says what is wrong with it."""
    source = track.source
    if source is None:
        raise AudioFileError('it has no sound; give it a file (file = "stems/x.wav")')
    if isinstance(source, np.ndarray):
        audio, _ = take_audio(source)
        rate = check_sample_rate(track.sample_rate or sample_rate)
        facts = SourceFacts(audio.shape[0], rate, audio.shape[1], None)
    elif isinstance(source, (str, os.PathLike)):
        if source == "-":
            raise AudioFileError("standard input is a pipe; a mix needs files")
        check_is_file(source, "a mix")
        with AudioReader(source) as reader:
            facts = SourceFacts(
                reader.channels, reader.sample_rate, reader.num_samples, Path(reader.name)
            )
            facts.bit_depth = reader.bit_depth
    else:
        raise AudioFileError(f"{type(source).__name__} is no sound; give a file or an array")
    if facts.channels > 2:
        raise AudioFileError(
            f"it has {facts.channels} channels; a track is mono or stereo: split the file first"
        )
    if track.channels == 1 and facts.channels == 2:
        raise AudioFileError("it is stereo but channels = 1; sum it first, or leave channels out")
    return facts


class TrackSource:
    """Blocks of a track's sound at the mix's rate; silence after its end.

    Parameters
    ----------
    track : Track
    facts : SourceFacts
    sample_rate : int
        Of the mix, Hz.

    Attributes
    ----------
    channels : int
        Rows of every block.
    ended : bool
        True when all that comes is silence.
    length : int
        Samples up to the end of the sound, once it has ended; else of what was read.
    """

    def __init__(self, track: Track, facts: SourceFacts, sample_rate: int) -> None:
        self.channels = track.channels or facts.channels
        self.ended = False
        self.length = 0
        self._widen = facts.channels == 1 and self.channels == 2
        self._invert = track.invert
        self._guard = BrokenSamples(f"track '{track.name}'")
        self._reader: AudioReader | None = None
        self._facts = facts
        offset = round(track.offset * sample_rate)
        self._silence = max(offset, 0)
        self._skip = max(-offset, 0)
        self._held: list[Audio] = []
        if isinstance(track.source, np.ndarray):
            audio, _ = take_audio(track.source)
            raw: Iterator[Audio] = _pieces(audio)
        else:
            self._reader = AudioReader(track.source)
            raw = _read(self._reader)
        self._blocks = resampled(raw, facts.sample_rate, sample_rate, facts.channels)

    def read(self, count: int) -> Audio:
        """Return the next `count` samples, `[channels, count]`."""
        parts: list[Audio] = []
        if self._silence:
            zeros = min(self._silence, count)
            self._silence -= zeros
            parts.append(np.zeros((self._facts.channels, zeros), np.float32))
            self.length += zeros
            count -= zeros
        while count and not self.ended:
            block = self._held.pop() if self._held else next(self._blocks, None)
            if block is None:
                self.ended = True
                break
            if self._skip:
                block, skipped = block[:, self._skip :], min(self._skip, block.shape[1])
                self._skip -= skipped
            if block.shape[1] > count:
                self._held.append(block[:, count:])
                block = block[:, :count]
            parts.append(block)
            self.length += block.shape[1]
            count -= block.shape[1]
        if count:
            parts.append(np.zeros((self._facts.channels, count), np.float32))
        audio = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
        audio = self._guard.clean(np.ascontiguousarray(audio))
        if self._invert:
            audio = np.negative(audio)
        return np.repeat(audio, 2, axis=0) if self._widen else audio

    def read_all(self) -> Audio:
        """Return all of it, for boxes that need the whole recording at once."""
        blocks = []
        while not self.ended:
            blocks.append(self.read(_READ))
        return np.concatenate(blocks, axis=1)[:, : self.length]

    def close(self) -> None:
        """Give back the file."""
        if self._reader is not None:
            self._reader.close()


def _read(reader: AudioReader) -> Iterator[Audio]:
    while True:
        block = reader.read(_READ)
        if block.shape[1] == 0:
            return
        yield block


def _pieces(audio: Audio) -> Iterator[Audio]:
    for start in range(0, audio.shape[1], _READ):
        yield np.ascontiguousarray(audio[:, start : start + _READ])
