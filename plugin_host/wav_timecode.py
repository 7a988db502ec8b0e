# SPDX-License-Identifier: GPL-3.0-or-later
"""Timecode of a broadcast WAV: the chunks `bext` (EBU Tech 3285) and `iXML` (ixml.info, 3.01).

Both count samples since midnight at the rate of the file. Where the rate changes or the beginning
is cut off, these numbers follow; every other byte stays.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Callable

from neuralboard.loudness import Loudness
from neuralboard.wav_times import TimeMap

__all__ = ["bext", "ixml"]

# Offsets in a bext chunk.
_TIME_REFERENCE, _VERSION, _LOUDNESS, _LOUDNESS_END = 338, 346, 412, 422
_NOT_MEASURED = 0x7FFF


def bext(body: bytes, times: TimeMap, changed: bool, loudness: Loudness | None) -> bytes:
    """Return a `bext` chunk for the output, as long as it was.

    Parameters
    ----------
    body : bytes
    times : TimeMap
    changed : bool
        The sound is no longer what it was: version 2's loudness values are what `loudness` says, or
        "not measured".
    loudness : Loudness, optional
    """
    if len(body) < _LOUDNESS_END:
        return body  # what this is nobody knows; every byte stays
    out = bytearray(body)
    (reference,) = struct.unpack_from("<Q", body, _TIME_REFERENCE)
    struct.pack_into("<Q", out, _TIME_REFERENCE, times.since_midnight(reference))
    (version,) = struct.unpack_from("<H", body, _VERSION)
    if changed and version >= 2:
        struct.pack_into("<5h", out, _LOUDNESS, *_hundredths(loudness))
    return bytes(out)


def _hundredths(loudness: Loudness | None) -> list[int]:
    if loudness is None:
        return [_NOT_MEASURED] * 5
    values = [
        loudness.integrated_lufs,
        loudness.range_lu,
        loudness.true_peak_db,
        loudness.momentary_max_lufs,
        loudness.short_term_max_lufs,
    ]
    return [round(100 * v) if math.isfinite(v) and abs(v) < 300 else _NOT_MEASURED for v in values]


def ixml(body: bytes, times: TimeMap, changed: bool, bit_depth: int | None) -> bytes:
    """Return an `iXML` chunk for the output: rates, timecode and sync points of its sound.

    A loudness that was measured before the sound changed goes.
    """
    out = body
    if changed:
        out = re.sub(rb"<LOUDNESS>.*?</LOUDNESS>", b"", out, flags=re.DOTALL)
    if bit_depth is not None:
        out = _replaced(out, b"AUDIO_BIT_DEPTH", lambda _: bit_depth)
    if times.identity:
        return out
    for name in (b"FILE_SAMPLE_RATE", b"TIMESTAMP_SAMPLE_RATE"):
        out = _replaced(out, name, times.length)
    midnight = b"TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_"
    out = _replaced_pair(out, midnight + b"HI", midnight + b"LO", times)
    out = _replaced_pair(out, b"BWF_TIME_REFERENCE_HIGH", b"BWF_TIME_REFERENCE_LOW", times)
    return _sync_points(out, times)


def _number(text: bytes, name: bytes) -> re.Match[bytes] | None:
    return re.search(rb"(<%b>\s*)(\d{1,20})(\s*</%b>)" % (name, name), text)


def _replaced(text: bytes, name: bytes, change: Callable[[int], int]) -> bytes:
    match = _number(text, name)
    if match is None:
        return text
    return text[: match.start(2)] + b"%d" % change(int(match[2])) + text[match.end(2) :]


def _replaced_pair(text: bytes, high: bytes, low: bytes, times: TimeMap) -> bytes:
    """Change a number that stands in two elements of 32 bits."""
    upper, lower = _number(text, high), _number(text, low)
    if lower is None:
        return text
    before = (int(upper[2]) << 32 if upper else 0) + int(lower[2])
    after = times.since_midnight(before)
    if upper is None and after >> 32:
        return text
    text = _replaced(text, high, lambda _: after >> 32)
    return _replaced(text, low, lambda _: after & 0xFFFF_FFFF)


def _sync_points(text: bytes, times: TimeMap) -> bytes:
    """Move sync points that count from the beginning; those since midnight only change rate."""

    def moved(match: re.Match[bytes]) -> bytes:
        point = match[0]
        upper, lower = _number(point, b"SYNC_POINT_HIGH"), _number(point, b"SYNC_POINT_LOW")
        if lower is None:
            return point
        before = (int(upper[2]) << 32 if upper else 0) + int(lower[2])
        absolute = b"ABSOLUTE" in point
        after = times.length(before) if absolute else times.sample(before)
        if after is None:
            return b""
        point = _replaced(point, b"SYNC_POINT_HIGH", lambda _: after >> 32)
        point = _replaced(point, b"SYNC_POINT_LOW", lambda _: after & 0xFFFF_FFFF)
        return _replaced(point, b"SYNC_POINT_EVENT_DURATION", times.length)

    out = re.sub(rb"<SYNC_POINT>.*?</SYNC_POINT>", moved, text, flags=re.DOTALL)
    left = out.count(b"<SYNC_POINT>")
    return _replaced(out, b"SYNC_POINT_COUNT", lambda _: left)
