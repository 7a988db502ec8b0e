# SPDX-License-Identifier: GPL-3.0-or-later
"""WAV headers, read and written in one pass, so that files and pipes share one code.

Read: RIFF, RF64 and BW64; integers of 8, 16, 24 and 32 bits, floats of 32 and 64, plain or as
WAVE_FORMAT_EXTENSIBLE. Written: integers of 8, 16 and 24 bits and 32-bit float; RF64 above 4 GB.

    RIFF <size> WAVE [ds64 or JUNK] fmt <size> ... [fact] data <size> samples ... [LIST bext ...]

A program that writes into a pipe does not know the length and gives 0xFFFFFFFF, 0x7FFFFFFF or 0.
Sources: Microsoft's "Multiple channel audio data and WAVE files"; EBU Tech 3306 (RF64).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray

from neuralboard.audio import Audio
from neuralboard.errors import AudioFileError
from neuralboard.pcm import levels_to_float

__all__ = [
    "Chunk",
    "NotWavError",
    "WavHeader",
    "chunks_from",
    "encode",
    "read_header",
    "write_header",
]

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
# A sub-format GUID is the format tag followed by these bytes.
_GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")
_MAX_RIFF = 0xFFFF_FFFF
_MAX_COMPRESSED_CHANNELS = 8
# Loudspeaker positions where the input gave none: mono, stereo, quad, 5.1, 7.1.
_MASKS = {1: 0x4, 2: 0x3, 4: 0x33, 6: 0x3F, 8: 0x63F}
# Chunks whose bytes are kept, for they are carried over (wav_metadata.py), up to this length.
_KEPT = frozenset({b"bext", b"iXML", b"cue ", b"plst", b"smpl", b"inst", b"LIST"})
_LONGEST_KEPT = 1 << 24


class NotWavError(AudioFileError):
    """The bytes are not those of a WAV file."""


@dataclass(frozen=True)
class Chunk:
    """One chunk of a RIFF file beside the sound.

    Attributes
    ----------
    kind : bytes
        Four letters.
    body : bytes
        All of it where it is of a kind that can be carried over; else empty.
    """

    kind: bytes
    body: bytes = b""

    @property
    def name(self) -> str:
        """As messages call it: "bext", "LIST adtl"."""
        name = self.kind.decode("latin-1").strip("\0 ")
        if self.kind == b"LIST" and len(self.body) >= 4:
            name += " " + self.body[:4].decode("latin-1").strip("\0 ")
        return name

    def packed(self) -> bytes:
        """Return it as it stands in a file."""
        size = len(self.body)
        return struct.pack("<4sI", self.kind, size) + self.body + b"\0" * (size % 2)


@dataclass(frozen=True)
class WavHeader:
    """What a WAV says about its samples.

    `data_bytes` is the promised length, or None where the header says that it does not know.
    """

    sample_rate: int
    channels: int
    bits: int
    encoding: Literal["int", "float", "other"]
    block_align: int
    channel_mask: int | None
    data_offset: int
    data_bytes: int | None
    chunks: tuple[Chunk, ...]

    def decode(self, raw: bytes) -> Audio:
        """Return whole frames of bytes as `[channels, samples]` float32."""
        if self.encoding == "float":
            flat = np.frombuffer(raw, f"<f{self.bits // 8}").astype(np.float32)
        elif self.bits == 8:  # the only unsigned one
            flat = levels_to_float(np.frombuffer(raw, np.uint8).astype(np.int16) - 128, 8)
        elif self.bits == 24:
            wide = np.zeros((len(raw) // 3, 4), np.uint8)
            wide[:, 1:] = np.frombuffer(raw, np.uint8).reshape(-1, 3)
            flat = levels_to_float(wide.view("<i4")[:, 0], 32)  # level * 256, of 32 bits
        else:
            flat = levels_to_float(np.frombuffer(raw, f"<i{self.bits // 8}"), self.bits)
        return np.ascontiguousarray(flat.reshape(-1, self.channels).T)


def read_header(stream: BinaryIO, name: str) -> WavHeader:
    """Read up to the first sample.

    Parameters
    ----------
    stream : binary file
        Read forwards only: a pipe will do.
    name : str
        What errors call it.

    Raises
    ------
    NotWavError, AudioFileError
    """
    magic = stream.read(12)
    if len(magic) < 12 or magic[:4] not in (b"RIFF", b"RF64", b"BW64") or magic[8:] != b"WAVE":
        begins = f"it begins with {magic[:8]!r}" if magic else "it is empty"
        raise NotWavError(f"{name} is no WAV file: {begins}")
    offset, chunks = 12, list[Chunk]()
    format_chunk, long_size = b"", None
    while True:
        head = stream.read(8)
        offset += 8
        if len(head) < 8:
            raise AudioFileError(f"{name} is no complete WAV file: it ends before any sample")
        kind, size = head[:4], struct.unpack("<I", head[4:])[0]
        if kind == b"data":
            break
        body, whole = _read_some(stream, size)
        offset += size + size % 2
        if kind == b"fmt ":
            format_chunk = body
        elif kind == b"ds64" and len(body) >= 16:
            long_size = struct.unpack("<Q", body[8:16])[0]
        chunks.append(Chunk(kind, body if whole and kind in _KEPT else b""))
    data_bytes = _promised(size, long_size)
    return _understood(format_chunk, name, offset, data_bytes, tuple(chunks))


def chunks_from(file: BinaryIO, offset: int, end: int) -> tuple[tuple[Chunk, ...], bool]:
    """Return the chunks from `offset` to the end of a file (not of a pipe).

    Returns
    -------
    chunks : tuple of Chunk
    whole : bool
        True where they fill the file exactly.
    """
    chunks = list[Chunk]()
    while offset + 8 <= end:
        file.seek(offset)
        kind, size = struct.unpack("<4sI", file.read(8))
        if not kind.strip(b"\0 ").isalnum():
            break  # padding or rubbish after the last chunk
        keep = kind in _KEPT and size <= _LONGEST_KEPT and offset + 8 + size <= end
        chunks.append(Chunk(kind, file.read(size) if keep else b""))
        offset += 8 + size + size % 2
    return tuple(chunks), offset == end


def _read_some(stream: BinaryIO, size: int) -> tuple[bytes, bool]:
    """Read a chunk of `size` bytes; return the first ones, and whether these are all.

    A bad header may ask for 4 GB.
    """
    kept = stream.read(min(size, _LONGEST_KEPT))
    whole = len(kept) == size
    left = size + size % 2 - len(kept)
    while left > 0:
        got = len(stream.read(min(left, 1 << 16)))
        if got == 0:
            break
        left -= got
    return kept, whole


def _promised(size: int, long_size: int | None) -> int | None:
    if long_size is not None and size == _MAX_RIFF:
        return long_size if 0 < long_size < 1 << 62 else None
    # 0, nearly 2^32 and nearly 2^31 (SoX) are what programs write that do not know.
    unknown = size == 0 or size >> 16 in (0xFFFF, 0x7FFF)
    return None if unknown else size


def _understood(
    body: bytes, name: str, offset: int, data_bytes: int | None, chunks: tuple[Chunk, ...]
) -> WavHeader:
    """Return the header that a `fmt ` chunk describes; refuse what makes no sense."""
    if len(body) < 16:
        raise AudioFileError(f"{name} is a broken WAV file: it says nothing about its samples")
    tag, channels, rate, _, align, bits = struct.unpack("<HHIIHH", body[:16])
    mask = None
    if tag == _EXTENSIBLE and len(body) >= 40:
        mask = struct.unpack("<I", body[20:24])[0]
        if body[26:40] == _GUID_TAIL:
            tag = struct.unpack("<H", body[24:26])[0]
    if channels == 0 or rate == 0 or align == 0:
        raise AudioFileError(
            f"{name} is a broken WAV file: {channels} channels at {rate} Hz, {align} bytes a sample"
        )
    # 20 bits in 3 bytes sit at the top: what counts is the container.
    container = align * 8 // channels if align % channels == 0 else 0
    encoding: Literal["int", "float", "other"] = "other"
    if tag == _PCM and container in (8, 16, 24, 32) and bits <= container:
        encoding = "int"
    elif tag == _FLOAT and container in (32, 64) and bits == container:
        encoding = "float"
    elif tag in (_PCM, _FLOAT) or channels > _MAX_COMPRESSED_CHANNELS:
        # Guessing what is meant ends in noise, and pedalboard.io hangs on thousands of channels.
        raise AudioFileError(
            f"{name} is a broken WAV file, or of a kind nobody reads: {channels} channels of"
            f" {bits} bits in {align} bytes"
        )
    bits = container if encoding != "other" else bits
    return WavHeader(rate, channels, bits, encoding, align, mask, offset, data_bytes, chunks)


def write_header(
    sample_rate: int,
    channels: int,
    bits: int,
    *,
    num_samples: int | None,
    reserve: bool = False,
    channel_mask: int | None = None,
    chunks: bytes = b"",
    after: int = 0,
) -> bytes:
    """Return the bytes before the first sample.

    Parameters
    ----------
    bits : int
        8, 16, 24 (integers) or 32 (float).
    num_samples : int, optional
        None: not known, both lengths are 0xFFFFFFFF.
    reserve : bool
        Leave room for RF64's long lengths, so that a header of the same size can take its place
        when the file has grown beyond 4 GB.
    channel_mask : int, optional
        Loudspeaker positions; as usual for the channel count where not given.
    chunks : bytes
        Further chunks, complete, to stand before the sound.
    after : int
        Bytes of the chunks that come after the sound.
    """
    align = channels * bits // 8
    fmt = _format_chunk(sample_rate, channels, bits, channel_mask)
    count = _MAX_RIFF if num_samples is None else min(num_samples, _MAX_RIFF)
    fact = (struct.pack("<4sII", b"fact", 4, count) if bits == 32 else b"") + chunks
    extra = struct.pack("<4sI28x", b"JUNK", 28) if reserve else b""
    before = 12 + len(extra) + len(fmt) + len(fact) + 8
    if num_samples is None:
        return _joined(b"RIFF", _MAX_RIFF, extra, fmt, fact, _MAX_RIFF)
    data = num_samples * align
    riff = before - 8 + data + data % 2 + after
    if riff <= _MAX_RIFF:
        return _joined(b"RIFF", riff, extra, fmt, fact, data)
    if not reserve:
        return _joined(b"RIFF", _MAX_RIFF, extra, fmt, fact, _MAX_RIFF)
    extra = struct.pack("<4sIQQQI", b"ds64", 28, riff, data, num_samples, 0)
    return _joined(b"RF64", _MAX_RIFF, extra, fmt, fact, _MAX_RIFF)


def _joined(kind: bytes, riff: int, extra: bytes, fmt: bytes, fact: bytes, data: int) -> bytes:
    head = kind + struct.pack("<I", riff) + b"WAVE"
    return head + extra + fmt + fact + struct.pack("<4sI", b"data", data)


def _format_chunk(sample_rate: int, channels: int, bits: int, mask: int | None) -> bytes:
    tag, align = (_FLOAT if bits == 32 else _PCM), channels * bits // 8
    usual = mask is None or mask == _MASKS.get(channels)
    plain = channels <= 2 and usual
    body = struct.pack(
        "<HHIIHH",
        tag if plain else _EXTENSIBLE,
        channels,
        sample_rate,
        sample_rate * align,
        align,
        bits,
    )
    if not plain:
        positions = _MASKS.get(channels, 0) if mask is None else mask
        body += struct.pack("<HHIH", 22, bits, positions, tag) + _GUID_TAIL
    elif tag == _FLOAT:
        body += b"\0\0"  # no extension: every format but PCM must say so
    return struct.pack("<4sI", b"fmt ", len(body)) + body


def encode(samples: NDArray[np.int32] | Audio, bits: int) -> bytes:
    """Return `[channels, samples]` levels (float32 for 32 bits) as the bytes of whole frames."""
    frames = np.ascontiguousarray(samples.T)
    if bits == 32:
        return frames.astype("<f4").tobytes()
    if bits == 8:
        return (frames + 128).astype(np.uint8).tobytes()
    if bits == 16:
        return frames.astype("<i2").tobytes()
    return frames.astype("<i4").view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
