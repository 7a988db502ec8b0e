# SPDX-License-Identifier: GPL-3.0-or-later
"""Chunks of broadcast WAVs, built byte by byte from their specifications."""

from __future__ import annotations

import struct
from pathlib import Path

Chunks = list[tuple[bytes, bytes]]

MIDNIGHT = 10 * 3600 * 48_000  # ten o'clock, at 48 kHz


def bext(reference: int = MIDNIGHT, version: int = 2, levels: tuple[int, ...] = (-2300, 700, -100,
         -1900, -2000)) -> bytes:  # fmt: skip
    body = b"Interview, take 3".ljust(256, b"\0") + b"recorder".ljust(32, b"\0")
    body += b"REF0001".ljust(32, b"\0") + b"2024-05-01" + b"10:00:00"
    body += struct.pack("<QH", reference, version) + bytes(range(64))
    return body + struct.pack("<5h", *levels) + bytes(180) + b"A=PCM,F=48000,W=24,M=stereo\r\n\0"


def ixml(rate: int = 48_000, reference: int = MIDNIGHT, bits: int = 24, points: str = "") -> bytes:
    high, low = reference >> 32, reference & 0xFFFFFFFF
    count = points.count("<SYNC_POINT>")
    return (
        f"""<?xml version="1.0" encoding="UTF-8"?>
<BWFXML><IXML_VERSION>1.61</IXML_VERSION><SCENE>7 — Küche</SCENE><TAKE>3</TAKE>
<SPEED><FILE_SAMPLE_RATE>{rate}</FILE_SAMPLE_RATE><AUDIO_BIT_DEPTH>{bits}</AUDIO_BIT_DEPTH>
<DIGITIZER_SAMPLE_RATE>48000</DIGITIZER_SAMPLE_RATE><TIMECODE_RATE>25/1</TIMECODE_RATE>
<TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_HI>{high}</TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_HI>
<TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO>{low}</TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO>
<TIMESTAMP_SAMPLE_RATE>{rate}</TIMESTAMP_SAMPLE_RATE></SPEED>
<SYNC_POINT_LIST><SYNC_POINT_COUNT>{count}</SYNC_POINT_COUNT>{points}</SYNC_POINT_LIST>
<BEXT><BWF_TIME_REFERENCE_LOW>{low}</BWF_TIME_REFERENCE_LOW>"""
        f"<BWF_TIME_REFERENCE_HIGH>{high}</BWF_TIME_REFERENCE_HIGH></BEXT></BWFXML>\n"
    ).encode()


def sync_point(kind: str, place: int, duration: int = 0) -> str:
    return (
        f"<SYNC_POINT><SYNC_POINT_TYPE>{kind}</SYNC_POINT_TYPE><SYNC_POINT_LOW>{place}"
        "</SYNC_POINT_LOW><SYNC_POINT_HIGH>0</SYNC_POINT_HIGH><SYNC_POINT_EVENT_DURATION>"
        f"{duration}</SYNC_POINT_EVENT_DURATION></SYNC_POINT>"
    )


def cue(*points: tuple[int, int]) -> bytes:
    """(id, sample) of each marker."""
    rows = [struct.pack("<II4sIII", name, at, b"data", 0, 0, at) for name, at in points]
    return struct.pack("<I", len(rows)) + b"".join(rows)


def adtl(*parts: tuple[bytes, int, bytes]) -> bytes:
    """(labl | note | ltxt, id, rest) of each."""
    out = b"adtl"
    for kind, name, rest in parts:
        body = struct.pack("<I", name) + rest
        out += struct.pack("<4sI", kind, len(body)) + body + b"\0" * (len(body) % 2)
    return out


def region(length: int) -> bytes:
    return struct.pack("<I4sHHHH", length, b"rgn ", 0, 0, 0, 0)


def smpl(rate: int, *loops: tuple[int, int, int]) -> bytes:
    """(id, first, last sample) of each loop."""
    head = struct.pack("<9I", 1, 2, round(1e9 / rate), 60, 0, 25, 7, len(loops), 4)
    rows = [struct.pack("<6I", name, 0, first, last, 0, 0) for name, first, last in loops]
    return head + b"".join(rows) + b"abcd"


def info(**fields: str) -> bytes:
    out = b"INFO"
    for kind, text in fields.items():
        body = text.encode() + b"\0"
        out += struct.pack("<4sI", kind.encode(), len(body)) + body + b"\0" * (len(body) % 2)
    return out


def with_chunks(wav: bytes, before: Chunks, after: Chunks = []) -> bytes:  # noqa: B006
    """Put chunks before and behind the rest of a WAV."""
    head, rest = wav[:12], wav[12:]
    data = head + packed(before) + rest + b"\0" * (len(rest) % 2) + packed(after)
    return data[:4] + struct.pack("<I", len(data) - 8) + data[8:]


def packed(chunks: Chunks) -> bytes:
    return b"".join(
        struct.pack("<4sI", kind, len(body)) + body + b"\0" * (len(body) % 2)
        for kind, body in chunks
    )


def chunks_of(path: Path | bytes) -> Chunks:
    """Read all chunks but the sound, by code of our own: not by that under test."""
    data = path if isinstance(path, bytes) else path.read_bytes()
    assert (data[:4], data[8:12]) == (b"RIFF", b"WAVE")
    found, at = Chunks(), 12
    while at < len(data):
        kind, size = struct.unpack_from("<4sI", data, at)
        if kind != b"data":
            found.append((kind, data[at + 8 : at + 8 + size]))
        at += 8 + size + size % 2
    assert at == len(data)
    assert struct.unpack_from("<I", data, 4)[0] == len(data) - 8
    return found
