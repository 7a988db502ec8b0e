# SPDX-License-Identifier: GPL-3.0-or-later
"""Read any audio file, or a WAV from standard input, as exact float32.

WAV is read by our own code (the same for files and pipes), FLAC, AIFF, Ogg Vorbis and MP3 by
pedalboard.io with its scaling undone, everything else by ffmpeg where it is installed. The first
bytes decide, not the extension.
"""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from neuralboard.audio import Audio
from neuralboard.audio_sources import (
    FfmpegSource,
    PedalboardSource,
    Source,
    WavFileSource,
    WavPipeSource,
)
from neuralboard.containers import FileFacts, inspect, sniff
from neuralboard.errors import AudioFileError
from neuralboard.safe_file import reason_of
from neuralboard.wav import read_header

__all__ = ["AudioReader", "check_is_file"]


_READ_BITS = {"flac": (8, 16, 24), "aiff": (8, 16, 24, 32)}


class AudioReader:
    """An audio file, or standard input, opened for reading. A context manager.

    Parameters
    ----------
    path : path or "-"
        "-" is standard input, a WAV. A named pipe is read as one, too.

    Attributes
    ----------
    sample_rate : int
        Hz.
    channels : int
    num_samples : int or None
        None where nobody knows yet (pipes).
    bit_depth : int or None
        8, 16, 24, 32 or 64; None for lossy formats.
    is_float : bool
        The samples are stored as floats.
    format : str
        "wav", "flac", "aiff", "ogg", "mp3", or "ffmpeg" for what it decodes.
    channel_mask : int or None
        Loudspeaker positions of a WAVE_FORMAT_EXTENSIBLE file.
    chunks : tuple of str
        Names of the chunks that a WAV or AIFF holds beside its sound.
    metadata : tuple of Chunk
        Those of a WAV that can be carried over.
    notes : list of str
        What a user should be told, one line each.

    Raises
    ------
    AudioFileError
        Missing, empty, a folder, a device, damaged, cut short, or no audio at all; one line.

    Examples
    --------
    >>> with AudioReader("take.wav") as reader:                      # doctest: +SKIP
    ...     audio = reader.read(reader.sample_rate)                  # the first second
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.name = os.fspath(path)
        try:
            self.format, self._source = _opened(self.name)
        except OSError as error:
            if isinstance(error, AudioFileError):
                raise
            raise AudioFileError(f"can't read {self.name}: {reason_of(error)}") from None
        except ValueError as error:  # a NUL byte in the name
            raise AudioFileError(f"can't read {self.name!r}: {error}") from None
        self.sample_rate = self._source.sample_rate
        self.channels = self._source.channels
        self.num_samples = self._source.num_samples
        self.bit_depth = self._source.bit_depth
        self.is_float = self._source.is_float
        self.channel_mask = self._source.channel_mask
        self.chunks = self._source.chunks
        self.metadata = self._source.metadata
        self.notes = self._source.notes

    @property
    def seekable(self) -> bool:
        """False for pipes: what was read is gone."""
        return not isinstance(self._source, WavPipeSource) or self.format == "ffmpeg"

    def read(self, num_samples: int) -> Audio:
        """Return the next samples.

        Parameters
        ----------
        num_samples : int, at least 0

        Returns
        -------
        ndarray, float32, `[channels, samples]`
            Fewer samples than asked for only at the end, none after it.
        """
        try:
            return self._source.read(num_samples)
        except OSError as error:
            if isinstance(error, AudioFileError):
                raise
            raise AudioFileError(f"can't read {self.name}: {reason_of(error)}") from None

    def seek(self, sample: int) -> None:
        """Go to a sample, counted from 0. Pipes go forwards only."""
        if sample < 0 or (self.num_samples is not None and sample > self.num_samples):
            raise AudioFileError(
                f"{self.name} has no sample {sample}: it holds {self.num_samples} samples"
            )
        self._source.seek(sample)

    def close(self) -> None:
        """Give back the file."""
        self._source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def check_is_file(path: str | os.PathLike[str], who: str) -> None:
    """Refuse what is no regular file, before it is opened: a pipe may keep its opener for ever.

    Parameters
    ----------
    path : path
    who : str
        Who needs a file: "a mix", "a batch".

    Raises
    ------
    AudioFileError
    """
    name = os.fspath(path)
    try:
        mode = os.stat(name).st_mode
    except OSError as error:
        raise AudioFileError(f"can't read {name}: {reason_of(error)}") from None
    except ValueError as error:  # a NUL byte in the name
        raise AudioFileError(f"can't read {name!r}: {error}") from None
    if stat.S_ISDIR(mode):
        raise AudioFileError(f"{name} is a folder; name the audio files in it")
    if stat.S_ISFIFO(mode):
        raise AudioFileError(f"{name} is a pipe; {who} needs files")
    if not stat.S_ISREG(mode):
        raise AudioFileError(f"{name} is a device, no audio file; name a file")


def _opened(name: str) -> tuple[str, Source]:
    if name == "-":
        return "wav", WavPipeSource(_standard_input(), "standard input")
    path = Path(name)
    if stat.S_ISFIFO(path.stat().st_mode):
        return "wav", WavPipeSource(path.open("rb"), name)
    check_is_file(path, "this command")
    return _opened_file(path)


def _standard_input() -> BinaryIO:
    if sys.stdin is None or sys.stdin.closed:
        raise AudioFileError("there is no standard input; name a file")
    if sys.stdin.isatty():
        raise AudioFileError("standard input is a terminal; pipe a WAV into it, or name a file")
    # A copy of the descriptor: closing the reader leaves sys.stdin open for others.
    return os.fdopen(os.dup(sys.stdin.fileno()), "rb")


def _opened_file(path: Path) -> tuple[str, Source]:
    with path.open("rb") as file:
        head = file.read(64)
    extension = path.suffix.lower()
    kind = sniff(head, extension)
    if kind == "unknown":
        begins = f"it begins with {head[:8]!r}" if head else "it is empty"
        raise AudioFileError(f"{path} is no audio file that neuralboard knows: {begins}")
    if kind == "wav":
        return _opened_wav(path)
    if kind == "ffmpeg":
        return kind, FfmpegSource(path)
    facts = inspect(path, kind)
    # pedalboard.io reads no FLAC of 12, 20 or 32 bits, and hangs on an AIFF of odd ones.
    if kind in _READ_BITS and facts.bits not in _READ_BITS[kind]:
        return "ffmpeg", FfmpegSource(path)
    if kind == "aiff":
        return _pedalboard_or_ffmpeg(kind, path, facts)
    return kind, PedalboardSource(path, facts)


def _pedalboard_or_ffmpeg(kind: str, path: Path, facts: FileFacts) -> tuple[str, Source]:
    """Read a container that may hold codecs which pedalboard.io does not know."""
    try:
        return kind, PedalboardSource(path, facts)
    except AudioFileError:
        return "ffmpeg", FfmpegSource(path)


def _opened_wav(path: Path) -> tuple[str, Source]:
    file = path.open("rb")
    try:
        compressed = read_header(file, str(path)).encoding == "other"
        if not compressed:
            file.seek(0)
            return "wav", WavFileSource(file, path)
    except BaseException:
        file.close()
        raise
    file.close()
    return _pedalboard_or_ffmpeg("wav", path, FileFacts())
