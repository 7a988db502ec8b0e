# SPDX-License-Identifier: GPL-3.0-or-later
"""The wire format of Protocol Buffers, as much of it as an ONNX file needs; no onnx package.

A message is a run of fields; each is a key (``number << 3 | kind``) and a payload: a varint (kind
0), 8 bytes (1), a length and so many bytes (2), or 4 bytes (5). Sub-messages and texts are kind 2.
Every length is checked against its parent, so that a broken file ends in `WireError`, soon.
"""

from __future__ import annotations

from collections.abc import Iterator

__all__ = [
    "BYTES",
    "FIXED32",
    "FIXED64",
    "VARINT",
    "WireError",
    "fields",
    "signed",
    "text_field",
    "varints",
]

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
MOST_FIELDS = 200_000
"""Of one message: 64 MB of two-byte fields would keep Python busy for a minute."""

_WIDTH = {FIXED64: 8, FIXED32: 4}
_LONGEST_VARINT = 10  # bytes of a 64-bit number


class WireError(Exception):
    """Bytes that are no message. The message says what and where."""


def _varint(data: memoryview, at: int, end: int) -> tuple[int, int]:
    """Read one varint; return it (unsigned, 64 bits) and the place after it."""
    value = shift = 0
    for place in range(at, min(end, at + _LONGEST_VARINT)):
        byte = data[place]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, place + 1
        shift += 7
    raise WireError(f"a number at byte {at} has no end")


def fields(
    data: memoryview, most: int = MOST_FIELDS
) -> Iterator[tuple[int, int, int | memoryview, int]]:
    """Give (number, kind, payload, place) of each field of one message, without copying.

    The payload is an int for varints (unsigned, 64 bits) and a view of the bytes for all others;
    the place is that of the field's key. More than `most` fields are a `WireError`.
    """
    at, end, count = 0, len(data), 0
    while at < end:
        start, count = at, count + 1
        if count > most:
            raise WireError(f"a message has more than {most} fields")
        key, at = _varint(data, at, end)
        number, kind = key >> 3, key & 7
        if not 0 < number < 1 << 29:
            raise WireError(f"a field at byte {start} has the number {number}")
        if kind == VARINT:
            value, at = _varint(data, at, end)
            yield number, kind, value, start
            continue
        if kind == BYTES:
            length, at = _varint(data, at, end)
        elif kind in _WIDTH:
            length = _WIDTH[kind]
        else:
            raise WireError(f"a field at byte {start} is of the unknown kind {kind}")
        if length > end - at:
            raise WireError(
                f"field {number} at byte {start} claims {length} bytes, {end - at} are left"
            )
        yield number, kind, data[at : at + length], start
        at += length


def varints(data: memoryview) -> Iterator[int]:
    """Give the numbers of a packed list as signed 64-bit ones."""
    at, end = 0, len(data)
    while at < end:
        value, at = _varint(data, at, end)
        yield signed(value)


def signed(value: int) -> int:
    """Return a 64-bit number as int64 has it."""
    return value - (1 << 64) if value >= 1 << 63 else value


def _encode(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def text_field(number: int, payload: bytes) -> bytes:
    """Return a whole kind-2 field: a text, bytes or a sub-message."""
    return _encode(number << 3 | BYTES) + _encode(len(payload)) + payload
