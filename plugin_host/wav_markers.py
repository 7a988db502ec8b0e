# SPDX-License-Identifier: GPL-3.0-or-later
"""Markers and loops of a WAV: the chunks `cue`, `plst`, `smpl` and `LIST adtl` (labels, regions).

They hold sample positions: moved with the sound, left out where their place was cut off. Sources:
"Multimedia Programming Interface and Data Specifications 1.0" (IBM, Microsoft, 1991); "New
Multimedia Data Types and Data Techniques 1.1" (Microsoft, 1994) for `smpl`.
"""

from __future__ import annotations

import struct

from neuralboard.wav_times import TimeMap

__all__ = ["cue", "labels", "playlist", "sampler"]

_CUE, _PLAY, _LOOP = struct.Struct("<II4sIII"), struct.Struct("<III"), struct.Struct("<6I")
_SAMPLER = struct.Struct("<9I")
_MOST = 0xFFFF_FFFF


def cue(body: bytes, times: TimeMap) -> tuple[bytes | None, set[int]]:
    """Return the chunk (None: no marker is left, or it is broken) and the ids left out."""
    points, gone = list[bytes](), set[int]()
    for at in _rows(body, 4, _CUE.size):
        name, position, chunk, chunk_start, block_start, offset = _CUE.unpack_from(body, at)
        moved = times.sample(offset)
        if moved is None or moved > _MOST:
            gone.add(name)
            continue
        # Both count samples in a WAV without a playlist; some programs leave the first at 0.
        place = moved if position == offset else min(times.sample(position) or 0, _MOST)
        points.append(_CUE.pack(name, place, chunk, chunk_start, block_start, moved))
    return _counted(points), gone


def playlist(body: bytes, times: TimeMap, gone: set[int]) -> bytes | None:
    """Return a `plst` chunk: cue id, length, repetitions."""
    plays = list[bytes]()
    for at in _rows(body, 4, _PLAY.size):
        name, length, loops = _PLAY.unpack_from(body, at)
        if name not in gone:
            plays.append(_PLAY.pack(name, min(times.length(length), _MOST), loops))
    return _counted(plays)


def sampler(body: bytes, times: TimeMap) -> bytes | None:
    """Return a `smpl` chunk: the period of a sample in ns, and the loops (their end is played)."""
    if len(body) < _SAMPLER.size:
        return None
    head = list(_SAMPLER.unpack_from(body))
    if times.old_rate != times.new_rate:
        head[2] = round(1e9 / times.new_rate)
    count, loops = head[7], list[bytes]()
    rest = _SAMPLER.size + count * _LOOP.size
    if rest > len(body):
        return None
    for at in range(_SAMPLER.size, rest, _LOOP.size):
        name, kind, start, end, fraction, plays = _LOOP.unpack_from(body, at)
        first, after = times.sample(start), times.sample(end + 1)
        if first is not None and after is not None and first < after <= _MOST:
            loops.append(_LOOP.pack(name, kind, first, after - 1, fraction, plays))
    head[7] = len(loops)
    return _SAMPLER.pack(*head) + b"".join(loops) + body[rest:]


def labels(body: bytes, times: TimeMap, gone: set[int]) -> bytes | None:
    """Return a `LIST adtl` chunk: names and notes of markers, lengths of regions."""
    out, at = [b"adtl"], 4
    while at + 8 <= len(body):
        kind, size = struct.unpack_from("<4sI", body, at)
        part = body[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
        if len(part) < size or size < 4:
            return None
        name = struct.unpack_from("<I", part)[0]
        if name in gone:
            continue
        if kind == b"ltxt" and size >= 8:
            length = min(times.length(struct.unpack_from("<I", part, 4)[0]), _MOST)
            part = part[:4] + struct.pack("<I", length) + part[8:]
        out.append(struct.pack("<4sI", kind, size) + part + b"\0" * (size % 2))
    return b"".join(out) if len(out) > 1 else None


def _rows(body: bytes, first: int, size: int) -> range:
    """Return where the rows of a table begin; none where its count promises more than there is."""
    if len(body) < 4:
        return range(0)
    (count,) = struct.unpack_from("<I", body)
    end = first + count * size
    return range(first, end, size) if end <= len(body) else range(0)


def _counted(rows: list[bytes]) -> bytes | None:
    return struct.pack("<I", len(rows)) + b"".join(rows) if rows else None
