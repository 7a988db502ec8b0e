# SPDX-License-Identifier: GPL-3.0-or-later
"""Where samples go: our own WAV code, or pedalboard.io for FLAC, AIFF, Ogg Vorbis and MP3.

A sink takes levels (`[channels, samples]` int32) or, for float WAV and lossy formats, float32, and
writes into a Python file, so that a full disk is an exception and never a silent loss.
"""

from __future__ import annotations

import io
from typing import Any, BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

from neuralboard.audio import Audio
from neuralboard.errors import AudioFileError
from neuralboard.wav import encode, write_header

__all__ = [
    "BIT_DEPTHS",
    "PedalboardSink",
    "Sink",
    "WavSink",
    "check_encoder",
    "format_of",
    "kept_depth",
]

# Format → the bit depths it can hold (32 = float; none for lossy formats).
BIT_DEPTHS: dict[str, tuple[int, ...]] = {
    "wav": (8, 16, 24, 32),
    "flac": (16, 24),
    "aiff": (8, 16, 24),
    "ogg": (),
    "mp3": (),
}
_EXTENSIONS = {
    ".wav": "wav", ".wave": "wav", ".bwf": "wav", ".flac": "flac", ".aif": "aiff", ".aiff": "aiff",
    ".ogg": "ogg", ".mp3": "mp3",
}  # fmt: skip


class Sink(Protocol):
    """What `AudioWriter` needs."""

    def write(self, samples: NDArray[np.int32] | Audio) -> None:
        """Encode and write a block."""

    def finish(self) -> None:
        """Write what is left and make the header true."""


def format_of(name: str) -> str:
    """Return the format that an output's extension asks for ("-" is WAV)."""
    if name == "-":
        return "wav"
    dot = name.rfind(".")
    extension = name[dot:].lower() if dot >= 0 and "/" not in name[dot:] else ""
    if extension in _EXTENSIONS:
        return _EXTENSIONS[extension]
    known = "wav, flac, aiff, ogg or mp3"
    what = f"'{extension}' is written by nobody here" if extension else "it has no extension"
    raise AudioFileError(f"can't write {name}: {what}; use {known} (ffmpeg converts those further)")


def check_encoder(
    name: str, kind: str, sample_rate: int, channels: int, bit_depth: int | None, quality: Any
) -> None:
    """Raise `AudioFileError` for what the format can't hold, before anything is processed."""
    depths = BIT_DEPTHS[kind]
    if bit_depth is not None and bit_depth not in depths:
        can = f"use {', '.join(map(str, depths))}" if depths else "leave it out"
        raise AudioFileError(f"can't write {name}: {kind} has no bit depth {bit_depth}; {can}")
    if quality is not None and kind in ("wav", "aiff"):
        raise AudioFileError(f"can't write {name}: {kind} has no quality to set; leave it out")
    if kind == "wav":
        return
    _encoder(name, io.BytesIO(), kind, sample_rate, channels, bit_depth, quality).close()


def _encoder(
    name: str,
    file: Any,
    kind: str,
    sample_rate: int,
    channels: int,
    bit_depth: int | None,
    quality: Any,
) -> Any:
    from pedalboard.io import AudioFile

    limits = {"flac": 8, "mp3": 2}
    if channels > limits.get(kind, channels):
        raise AudioFileError(
            f"can't write {name}: {kind} holds at most {limits[kind]} channels, not {channels};"
            " write a wav"
        )
    try:
        return AudioFile(
            file, "w", sample_rate, channels, bit_depth=bit_depth or 16, format=kind,
            quality=quality,
        )  # fmt: skip
    except (ValueError, TypeError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        if "sample rate" in reason and "Supported" in reason:
            rates = reason.partition("rates:")[2].strip()
            reason = f"{kind} has no rate of {sample_rate} Hz; set one of {rates} (--rate)"
        raise AudioFileError(f"can't write {name}: {reason}") from None


def kept_depth(depth: int | None, is_float: bool, kind: str) -> tuple[int | None, str]:
    """Return the bit depth for an output of `kind`, and a note where it is not the input's."""
    able = BIT_DEPTHS[kind]
    if not able:
        return None, ""
    if depth is None:
        return 24, ""  # a decoded MP3 has no steps of its own; 24 bits add none
    wanted = 32 if is_float else depth
    if wanted == 32 and kind == "wav" and (depth != 32 or not is_float):
        what = "64-bit float" if is_float else "32-bit integer"
        return 32, f"{what} samples became 32-bit float, which keeps 24 bits of precision"
    if wanted in able:
        return wanted, ""
    if wanted == 8:
        return 16, f"8 bit became 16 bit: {kind} holds no less here"
    what = "float" if is_float else f"{wanted} bit"
    return 24, f"{what} became 24 bit: {kind} holds no more"


class WavSink:
    """A WAV, to a file (its header is made true at the end) or to a pipe (written once).

    Parameters
    ----------
    num_samples : int, optional
        The length, where it is known: a pipe's header can promise it.
    before : bytes
        Chunks to stand before the sound.
    """

    def __init__(
        self,
        file: BinaryIO,
        sample_rate: int,
        channels: int,
        bits: int,
        *,
        num_samples: int | None,
        seekable: bool,
        channel_mask: int | None = None,
        before: bytes = b"",
    ) -> None:
        self._file, self._seekable, self._bits = file, seekable, bits
        self._form = (sample_rate, channels, bits)
        self._mask = channel_mask
        self._before, self._after = before, b""
        self._align = channels * bits // 8
        # Room for 64-bit lengths only where 4 GB may be passed: every program reads the plain form.
        size = None if num_samples is None else num_samples * self._align
        self._reserve = seekable and (size is None or size + len(before) > 0xFF00_0000)
        self._written = 0
        file.write(self._header(num_samples))

    def _header(self, num_samples: int | None) -> bytes:
        return write_header(
            *self._form,
            num_samples=num_samples,
            reserve=self._reserve,
            channel_mask=self._mask,
            chunks=self._before,
            after=len(self._after),
        )

    @property
    def seekable(self) -> bool:
        """False in a pipe: nothing comes after the sound there, and the beginning is gone."""
        return self._seekable

    def set_chunks(self, before: bytes, after: bytes) -> None:
        """Give what is known at the end only; `before` is as long as it was at the beginning."""
        assert self._seekable
        assert len(before) == len(self._before)
        self._before, self._after = before, after

    def write(self, samples: NDArray[np.int32] | Audio) -> None:
        """Write a block."""
        self._file.write(encode(samples, self._bits))
        self._written += samples.shape[1]
        if not self._seekable:
            self._file.flush()  # who listens at the other end of a pipe hears it now

    def finish(self) -> None:
        """Make the header say how much there is."""
        if self._written * self._align % 2:
            self._file.write(b"\0")
        self._file.write(self._after)
        if self._seekable:
            self._file.seek(0)
            self._file.write(self._header(self._written))
        self._file.flush()


class _Recorder(io.RawIOBase):
    """A file for pedalboard.io that keeps the first error instead of raising it in there.

    Raised inside, an error can end as a SystemError or be lost (Ogg, MP3).
    """

    def __init__(self, file: BinaryIO) -> None:
        self._target = file
        self.error: BaseException | None = None

    def write(self, data: Any) -> int:
        """Write, or pretend to after an error."""
        if self.error is None:
            try:
                self._target.write(data)
            except BaseException as error:  # Ctrl-C may fall in here too
                self.error = error
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move in the file."""
        return self._target.seek(offset, whence)

    def tell(self) -> int:
        """Return the position."""
        return self._target.tell()

    def read(self, size: int = -1) -> bytes:
        """Read back what was written."""
        return self._target.read(size)

    def flush(self) -> None:
        """Pass on what is buffered."""
        if self.error is None:
            try:
                self._target.flush()
            except BaseException as error:
                self.error = error

    def seekable(self) -> bool:
        """Say yes."""
        return True

    def readable(self) -> bool:
        """Say yes."""
        return True

    def writable(self) -> bool:
        """Say yes."""
        return True


class PedalboardSink:
    """FLAC, AIFF, Ogg Vorbis or MP3 through pedalboard.io, given integers for lossless formats."""

    def __init__(
        self,
        name: str,
        file: BinaryIO,
        kind: str,
        sample_rate: int,
        channels: int,
        bits: int | None,
        quality: Any,
    ) -> None:
        self._bits = bits
        self._recorder = _Recorder(file)
        self._encoder = _encoder(name, self._recorder, kind, sample_rate, channels, bits, quality)
        self._raise_kept()

    def write(self, samples: NDArray[np.int32] | Audio) -> None:
        """Encode a block."""
        if samples.shape[1] == 0:
            return
        given: NDArray[Any] = samples
        if self._bits == 24:
            given = samples.astype(np.int32) << 8  # pedalboard.io takes 24 bits at the top of 32
        elif self._bits is not None:
            given = samples.astype(np.int16 if self._bits == 16 else np.int8)
        self._encoder.write(np.ascontiguousarray(given))
        self._raise_kept()

    def finish(self) -> None:
        """Let the encoder write its last bytes and its header."""
        self._encoder.close()
        self._recorder.flush()
        self._raise_kept()

    def abandon(self) -> None:
        """Close the encoder without minding what it still wants to write."""
        self._recorder.error = self._recorder.error or OSError("abandoned")
        self._encoder.close()

    def _raise_kept(self) -> None:
        if self._recorder.error is not None:
            raise self._recorder.error
