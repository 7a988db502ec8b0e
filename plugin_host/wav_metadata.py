# SPDX-License-Identifier: GPL-3.0-or-later
"""What a WAV holds beside its sound, carried from one WAV to another.

    bext, iXML        timecode, take, tracks     moved with the sound (wav_timecode.py)
    cue, plst, smpl   markers, regions, loops    moved with the sound (wav_markers.py)
    LIST adtl         names of markers           with their markers
    LIST INFO         title, artist, ...         as it is; to other formats as tags (tags.py)
    inst              keys of an instrument      as it is

Where the sound neither moved nor changed, each chunk comes back byte for byte. As is usual, the
timecode stands before the sound and the rest after it (libsndfile reads no sound behind some `smpl`
chunks); only on standard output, which may be a pipe, all of it comes first.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

from neuralboard.loudness import Loudness
from neuralboard.wav import Chunk
from neuralboard.wav_markers import cue, labels, playlist, sampler
from neuralboard.wav_timecode import bext, ixml
from neuralboard.wav_times import TimeMap

__all__ = ["BEFORE_SOUND", "carried_over", "info_fields", "packed"]

BEFORE_SOUND = (b"bext", b"iXML")


def carried_over(
    chunks: Iterable[Chunk],
    times: TimeMap,
    *,
    changed: bool,
    bit_depth: int | None = None,
    loudness: Loudness | None = None,
) -> list[Chunk]:
    """Return the chunks for an output WAV.

    Parameters
    ----------
    chunks : iterable of Chunk
        The input's.
    times : TimeMap
    changed : bool
        The sound itself is no longer the input's: what was measured of it is no longer true.
    bit_depth : int, optional
        Of the output, where it is not the input's.
    loudness : Loudness, optional
        Of the output, where it was measured.
    """
    chunks = list(chunks)
    gone = set[int]()
    for chunk in chunks:
        if chunk.kind == b"cue " and not times.identity:
            gone |= cue(chunk.body, times)[1]
    out = list[Chunk]()
    for chunk in chunks:
        body: bytes | None = chunk.body
        if chunk.kind == b"bext":
            body = bext(chunk.body, times, changed, loudness)
        elif chunk.kind == b"iXML":
            body = ixml(chunk.body, times, changed, bit_depth)
        elif not times.identity:
            body = _moved(chunk, times, gone)
        if body is not None:
            out.append(Chunk(chunk.kind, body))
    return out


def _moved(chunk: Chunk, times: TimeMap, gone: set[int]) -> bytes | None:
    if chunk.kind == b"cue ":
        return cue(chunk.body, times)[0]
    if chunk.kind == b"plst":
        return playlist(chunk.body, times, gone)
    if chunk.kind == b"smpl":
        return sampler(chunk.body, times)
    if chunk.kind == b"LIST" and chunk.body[:4] == b"adtl":
        return labels(chunk.body, times, gone)
    return chunk.body


def packed(chunks: Iterable[Chunk]) -> bytes:
    """Return chunks as they stand in a file."""
    return b"".join(chunk.packed() for chunk in chunks)


def info_fields(chunks: Iterable[Chunk]) -> dict[str, str]:
    """Return the fields of `LIST INFO` chunks: four letters and their text."""
    fields = dict[str, str]()
    for chunk in chunks:
        if chunk.kind != b"LIST" or chunk.body[:4] != b"INFO":
            continue
        at = 4
        while at + 8 <= len(chunk.body):
            kind, size = struct.unpack_from("<4sI", chunk.body, at)
            raw = chunk.body[at + 8 : at + 8 + size].rstrip(b"\0")
            at += 8 + size + size % 2
            try:
                text = raw.decode("utf-8")
            except UnicodeDecodeError:
                text = raw.decode("latin-1")
            if text and kind.isalnum():
                fields.setdefault(kind.decode("latin-1"), text)
    return fields
