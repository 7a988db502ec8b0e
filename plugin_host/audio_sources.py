# SPDX-License-Identifier: GPL-3.0-or-later
"""Where samples come from: our own WAV code, pedalboard.io, or ffmpeg's pipe.

Each source has the same few members; `neuralboard.audio_reader` picks one. All give float32
`[channels, samples]`, integers as exact level / 2^(bits-1).
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np

from neuralboard.audio import Audio
from neuralboard.containers import FileFacts, cut_short
from neuralboard.decode import FfmpegDecoder
from neuralboard.errors import AudioFileError
from neuralboard.pcm import levels_to_float, regrid
from neuralboard.wav import Chunk, NotWavError, WavHeader, chunks_from, read_header

__all__ = ["FfmpegSource", "PedalboardSource", "Source", "WavFileSource", "WavPipeSource"]


class Source(Protocol):
    """What `AudioReader` needs. `bit_depth` is None for lossy sound."""

    sample_rate: int
    channels: int
    num_samples: int | None
    bit_depth: int | None
    is_float: bool
    channel_mask: int | None
    chunks: tuple[str, ...]
    metadata: tuple[Chunk, ...]
    notes: list[str]

    def read(self, num_samples: int) -> Audio:
        """Return the next samples, fewer at the end, none after it."""

    def seek(self, sample: int) -> None:
        """Go to a sample; a pipe goes forwards only."""

    def close(self) -> None:
        """Give back files and processes."""


class _Wav:
    """Common to WAV files and pipes: the header, and bytes to samples."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._stream, self._name = stream, name
        self.header: WavHeader = read_header(stream, name)
        self.sample_rate = self.header.sample_rate
        self.channels = self.header.channels
        self.bit_depth: int | None = self.header.bits
        self.is_float = self.header.encoding == "float"
        self.channel_mask = self.header.channel_mask
        self._take_chunks(self.header.chunks)
        self.notes: list[str] = []
        self.num_samples: int | None = None
        self._position = 0
        self._promised = (
            None
            if self.header.data_bytes is None
            else self.header.data_bytes // self.header.block_align
        )

    def _take_chunks(self, chunks: tuple[Chunk, ...]) -> None:
        self.chunks = tuple(chunk.name for chunk in chunks)
        self.metadata = tuple(chunk for chunk in chunks if chunk.body)

    def read(self, num_samples: int) -> Audio:
        """Return the next samples, fewer at the end."""
        align = self.header.block_align
        if self._promised is not None:
            num_samples = min(num_samples, self._promised - self._position)
        raw = self._stream.read(num_samples * align) if num_samples > 0 else b""
        if len(raw) % align:
            raw = raw[: len(raw) - len(raw) % align]
        block = self.header.decode(raw)
        self._position += block.shape[1]
        if block.shape[1] < num_samples:
            self._ended_early()
        return block

    def _ended_early(self) -> None:
        """Act on an end of the bytes before the promised number of samples."""

    def close(self) -> None:
        """Give back what is open."""
        self._stream.close()


class WavFileSource(_Wav):
    """A WAV file whose samples we read ourselves.

    Raises
    ------
    AudioFileError
        Where the header promises more than the file holds.
    """

    def __init__(self, file: BinaryIO, path: Path) -> None:
        super().__init__(file, str(path))
        size = os.fstat(file.fileno()).st_size
        offset, align = self.header.data_offset, self.header.block_align
        if self.header.data_bytes is None:
            # A length of 0 is the truth where only chunks follow, else a recorder that crashed.
            _, empty = chunks_from(file, offset, size)
            self._promised = 0 if empty else (size - offset) // align
            if not empty:
                self.notes.append(f"{path} does not say how long it is: read to its end")
        elif offset + self.header.data_bytes > size:
            found = (size - offset) // align
            raise cut_short(path, f"{self._promised} samples", f"{found}", wav=True)
        else:
            after = offset + self.header.data_bytes + self.header.data_bytes % 2
            self._take_chunks(self.header.chunks + chunks_from(file, after, size)[0])
        self.num_samples = self._promised
        file.seek(offset)

    def seek(self, sample: int) -> None:
        """Go to a sample."""
        self._stream.seek(self.header.data_offset + sample * self.header.block_align)
        self._position = sample

    def _ended_early(self) -> None:
        raise AudioFileError(
            f"{self._name} became shorter while it was read: {self._promised} samples at first,"
            f" {self._position} now"
        )


class WavPipeSource(_Wav):
    """A WAV out of a pipe: it ends where the pipe ends, whatever its header says."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._told = False
        try:
            super().__init__(stream, name)
            if self.header.encoding == "other":
                raise NotWavError(
                    f"{name} is a compressed WAV; decode it first: ffmpeg -i FILE -f wav - | ..."
                )
        except BaseException:
            stream.close()
            raise

    def seek(self, sample: int) -> None:
        """Go to a sample."""
        if sample < self._position:
            raise AudioFileError(f"{self._name} is a pipe and can't go back; use a file")
        while self._position < sample:
            if self.read(min(sample - self._position, 1 << 16)).shape[1] == 0:
                break

    def _ended_early(self) -> None:
        if self._promised is not None and not self._told:
            self._told = True
            self.notes.append(
                f"{self._name} ended after {self._position} of the {self._promised} samples that"
                " its header promised"
            )


class PedalboardSource:
    """FLAC, AIFF, Ogg Vorbis, MP3 and compressed WAV through pedalboard.io.

    A FLAC that is read from its first sample to its last is checked against the MD5 sum it carries:
    pedalboard.io gives silence for what is damaged or missing, without an error.
    """

    channel_mask: int | None = None
    metadata: tuple[Chunk, ...] = ()

    def __init__(self, path: Path, facts: FileFacts) -> None:
        from pedalboard.io import AudioFile

        self._path, self._facts = path, facts
        try:
            self._file: Any = AudioFile(str(path))
        except (ValueError, RuntimeError, OSError):
            raise AudioFileError(
                f"{path} can't be read: it is damaged, or of a kind that pedalboard.io does not"
                " know"
            ) from None
        self.sample_rate = round(self._file.samplerate)
        self.channels = int(self._file.num_channels)
        self.num_samples = int(self._file.frames) if self._file.exact_duration_known else None
        self.chunks = facts.chunks
        self.notes = [facts.doubt] if facts.doubt else []
        self._set_depth(str(self._file.file_dtype))
        self._position = 0
        self._sum: Any = None
        self._restart_sum()

    def _set_depth(self, kind: str) -> None:
        lossless = self._path_is_lossless()
        self.is_float = lossless and kind.startswith("float")
        bits = int(kind.removeprefix("float").removeprefix("int")) if kind[-1:].isdigit() else 32
        self.bit_depth = bits if lossless else None
        self._bits = bits if kind.startswith("int") else 0

    def _path_is_lossless(self) -> bool:
        with self._path.open("rb") as file:
            return file.read(4) in (b"fLaC", b"FORM")

    def _restart_sum(self) -> None:
        known = self._facts.md5 is not None and self._bits in (8, 16, 24)
        self._sum = hashlib.md5(usedforsecurity=False) if known else None

    def read(self, num_samples: int) -> Audio:
        """Return the next samples, fewer at the end."""
        if num_samples < 1 or self._position == self.num_samples:
            return np.zeros((self.channels, 0), np.float32)
        try:
            if self._bits == 32:
                block = levels_to_float(self._file.read_raw(num_samples), 32)
            else:
                block = self._file.read(num_samples)
                block = regrid(block, self._bits) if self._bits else block
        except (ValueError, RuntimeError, OSError) as error:
            reason = str(error).splitlines()[0]
            raise AudioFileError(
                f"{self._path} is damaged near {self._position / self.sample_rate:.1f} s: {reason}"
            ) from None
        self._position += block.shape[1]
        if self._sum is not None:
            self._check(block)
        return np.ascontiguousarray(block)

    def _check(self, block: Audio) -> None:
        levels = np.rint(block.T * np.float32(2.0 ** (self._bits - 1))).astype("<i4")
        raw = np.ascontiguousarray(levels).view(np.uint8).reshape(-1, 4)
        self._sum.update(np.ascontiguousarray(raw[:, : self._bits // 8]))
        if self._position == self.num_samples and self._sum.digest() != self._facts.md5:
            raise AudioFileError(
                f"{self._path} is damaged or cut short: its sound does not match the MD5 sum it"
                " carries; get a whole copy (flac -t shows where it breaks)"
            )

    def seek(self, sample: int) -> None:
        """Go to a sample."""
        self._file.seek(sample)
        self._position = sample
        self._restart_sum()
        if sample:
            self._sum = None  # no sum without the beginning

    def close(self) -> None:
        """Give back what is open."""
        self._file.close()


class FfmpegSource(WavPipeSource):
    """What only ffmpeg reads. Going back starts it anew."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._start()
        self.bit_depth = None
        self.is_float = False
        self._take_chunks(())
        self.notes = [f"{path} was decoded by ffmpeg"]

    def _start(self) -> None:
        self._decoder = FfmpegDecoder(self._path)
        try:
            super().__init__(self._decoder.stream, str(self._path))
        except AudioFileError:
            error = self._decoder.failure()
            self._decoder.close()
            raise error from None

    def read(self, num_samples: int) -> Audio:
        """Return the next samples, fewer at the end."""
        block = super().read(num_samples)
        if block.shape[1] < num_samples:
            self._decoder.check_end()
        return block

    def seek(self, sample: int) -> None:
        """Go to a sample."""
        if sample < self._position:
            kept = self.bit_depth, self.is_float, self.notes
            self._decoder.close()
            self._start()
            self.bit_depth, self.is_float, self.notes = kept
            self._take_chunks(())
        super().seek(sample)

    def close(self) -> None:
        """Give back what is open."""
        self._decoder.close()
