# SPDX-License-Identifier: GPL-3.0-or-later
"""The kind of an audio file, and whether all of it is there.

The first bytes decide, not the extension. pedalboard.io fills what is missing in a file that was
cut short with silence and says nothing, so the promises of each container are checked here:
AIFF's chunk lengths, Ogg's end-of-stream mark, the length in an MP3's Xing header. FLAC carries the
MD5 sum of its samples, which the reader compares at the end. (WAV: see `neuralboard.wav`.)

Sources: Apple's AIFF-C draft of 1991; RFC 9639 (FLAC); RFC 3533 (Ogg); the Xing header as LAME
writes it.
"""

from __future__ import annotations

import os
import shlex
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from neuralboard.audio import MAX_CHANNELS
from neuralboard.errors import AudioFileError

__all__ = ["FFMPEG_EXTENSIONS", "FileFacts", "Kind", "cut_short", "inspect", "sniff"]

Kind = Literal["wav", "flac", "aiff", "ogg", "mp3", "ffmpeg", "unknown"]

# Read by ffmpeg only; by name where the first bytes tell nothing.
_BY_NAME = (
    ".m4a .m4b .mp4 .mov .aac .opus .webm .mka .mkv .wma .caf .au .snd .amr .ac3 .eac3 .dts .ape"
    " .wv .tta .mp2 .3gp .avi .mpg .oga .spx"
)
FFMPEG_EXTENSIONS = frozenset(_BY_NAME.split(" "))
_MAGIC: tuple[tuple[bytes, Kind], ...] = (
    (b"fLaC", "flac"),
    (b"caff", "ffmpeg"),
    (b".snd", "ffmpeg"),
    (b"\x1aE\xdf\xa3", "ffmpeg"),  # Matroska and WebM
    (b"0&\xb2u\x8ef\xcf\x11", "ffmpeg"),  # ASF: wma
    (b"wvpk", "ffmpeg"),
    (b"MAC ", "ffmpeg"),
    (b"#!AMR", "ffmpeg"),
    (b"RIFX", "ffmpeg"),
)


@dataclass(frozen=True)
class FileFacts:
    """What the reader must know beyond what pedalboard.io says.

    Attributes
    ----------
    md5 : bytes, optional
        The sum over a FLAC's samples, 16 bytes; None where the file carries none.
    bits : int
        Bits per sample of a FLAC or AIFF; 0 for other kinds.
    chunks : tuple of str
        AIFF chunks beside the sound itself.
    doubt : str
        One line on what looks wrong but may be harmless, or "".
    """

    md5: bytes | None = None
    bits: int = 0
    chunks: tuple[str, ...] = ()
    doubt: str = ""


def sniff(head: bytes, extension: str) -> Kind:
    """Return the kind of a file from its first 64 bytes and, where they tell nothing, its name."""
    if head[:4] in (b"RIFF", b"RF64", b"BW64") and head[8:12] == b"WAVE":
        return "wav"
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return "aiff"
    if head[:4] == b"OggS":  # Opus, Speex and FLAC live in Ogg too
        return "ogg" if b"\x01vorbis" in head else "ffmpeg"
    if head[4:8] == b"ftyp":  # mp4, m4a, mov
        return "ffmpeg"
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if head[:3] == b"ID3":
        return "ffmpeg" if extension == ".aac" else "mp3"
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0:
        return "mp3" if head[1] & 0x06 == 0x02 else "ffmpeg"  # layer III, or AAC and layer II
    if extension == ".mp3" and head:
        return "mp3"
    return "ffmpeg" if extension in FFMPEG_EXTENSIONS and head else "unknown"


def inspect(path: Path, kind: Kind) -> FileFacts:
    """Check that a FLAC, AIFF, Ogg Vorbis or MP3 file is complete, as far as it tells.

    Raises
    ------
    AudioFileError
        Naming what was promised and what is there.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        if kind == "flac":
            return _flac(file, path)
        if kind == "aiff":
            return _aiff(file, path, size)
        if kind == "ogg":
            return _ogg(file, path, size)
        if kind == "mp3":
            _mp3(file, path, size)
    return FileFacts()


def cut_short(
    path: str | os.PathLike[str], promised: str, found: str, *, wav: bool = False
) -> AudioFileError:
    """Return the error for a file that ends before it should, with a way to use what is there."""
    quoted = shlex.quote(os.fspath(path))
    # A WAV out of a pipe ends where the pipe ends.
    way = f"neuralboard process - ... < {quoted}" if wav else f"ffmpeg -i {quoted} rest.wav"
    return AudioFileError(
        f"{os.fspath(path)} is cut short: its header promises {promised}, there are {found}; get a"
        f" whole copy, or take what there is: {way}"
    )


def _flac(file: BinaryIO, path: Path) -> FileFacts:
    stream_info = file.read(42)[8:]
    if len(stream_info) < 34:
        raise AudioFileError(f"{path} is a broken FLAC file: it ends within its header")
    md5 = stream_info[18:34]
    bits = ((stream_info[12] & 1) << 4 | stream_info[13] >> 4) + 1
    return FileFacts(md5=md5 if any(md5) else None, bits=bits)


def _aiff(file: BinaryIO, path: Path, size: int) -> FileFacts:
    offset, names, bits = 12, list[str](), 0
    while offset + 8 <= size:
        file.seek(offset)
        kind, length = struct.unpack(">4sI", file.read(8))
        if kind == b"COMM":
            channels, _, bits = struct.unpack(">HIH", file.read(8).ljust(8, b"\0"))
            _check_channels(channels, path)
        offset += 8 + length
        if kind == b"SSND" and offset > size:
            raise cut_short(path, f"{length} bytes of sound", f"{length - (offset - size)}")
        if not kind.strip().isalnum():
            break
        names.append(kind.decode("latin-1").strip())
        offset += length % 2
    if "SSND" not in names:
        raise AudioFileError(f"{path} is a broken AIFF file: it holds no sound (no SSND chunk)")
    return FileFacts(bits=bits, chunks=tuple(n for n in names if n not in ("COMM", "SSND", "FVER")))


def _check_channels(channels: int, path: Path) -> None:
    # pedalboard.io hangs on thousands of channels, which only a broken header has.
    if not 1 <= channels <= MAX_CHANNELS:
        raise AudioFileError(
            f"{path} says that it has {channels} channels: it is broken, or beyond the"
            f" {MAX_CHANNELS} that can be processed"
        )


def _ogg(file: BinaryIO, path: Path, size: int) -> FileFacts:
    # A page is at most 65,307 bytes: its header lies in the last 64 KB.
    file.seek(max(0, size - 65_536))
    tail = file.read()
    at = tail.rfind(b"OggS")
    page = tail[at:] if at >= 0 else b""
    body = 27 + page[26] if len(page) > 26 else 0
    whole = body and len(page) >= body and len(page) >= body + sum(page[27:body])
    if not whole:
        raise AudioFileError(
            f"{path} is cut short: its last page is incomplete; get a whole copy, or take what"
            f" there is: ffmpeg -i {shlex.quote(str(path))} rest.wav"
        )
    if not page[5] & 4:  # recordings of web radio end so as well
        return FileFacts(doubt=f"{path} has no end-of-stream mark: it may have been cut short")
    return FileFacts()


def _mp3(file: BinaryIO, path: Path, size: int) -> None:
    start = _id3_length(file.read(10))
    file.seek(start)
    frame = file.read(1024)
    at = max(frame.find(b"Xing", 4, 60), frame.find(b"Info", 4, 60))
    if at < 0 or len(frame) < at + 16:
        return  # constant rate without a header: nothing is promised
    flags = struct.unpack(">I", frame[at + 4 : at + 8])[0]
    if flags & 3 != 3:
        return
    promised = struct.unpack(">I", frame[at + 12 : at + 16])[0]
    # Files in the wild are off by a frame or a tag; a cut of less than 2 KB (0.05 s) passes.
    if promised > size - start + 2048:
        raise cut_short(path, f"{promised} bytes", f"{size - start}")


def _id3_length(head: bytes) -> int:
    """Return the length of an ID3v2 tag at the start of a file, 0 where there is none."""
    if head[:3] != b"ID3" or len(head) < 10:
        return 0
    a, b, c, d = head[6:10]
    return 10 + (a << 21 | b << 14 | c << 7 | d)
