# SPDX-License-Identifier: GPL-3.0-or-later
"""The card's place in an ONNX file: the metadata key ``neuralboard``, read and written as bytes.

ModelProto keeps key and value in ``metadata_props`` (field 14); order among fields is free, so a
card is written by appending one field. The graph (field 7) stays byte for byte what it was, and the
card holds its SHA-256: flipped bits in weights would otherwise load and sound wrong.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from neuralboard.effects.model_wire import BYTES, WireError, fields, text_field
from neuralboard.errors import ModelFileError

__all__ = ["KEY", "Parts", "read_parts", "with_metadata"]

KEY = "neuralboard"
_GRAPH, _METADATA = 7, 14
_MOST_FIELDS = 10_000  # of the model: a dozen, and the metadata
_ENTRY_KEY, _ENTRY_VALUE = 1, 2


class Parts(NamedTuple):
    """What a file holds beside its graph."""

    metadata: dict[str, str]
    graph_sha256: str  # hexadecimal, of the payload of ModelProto.graph


def read_parts(data: bytes) -> Parts:
    """Read the metadata and hash the graph.

    Raises
    ------
    ModelFileError
        No protobuf, no graph or several, a key given twice, or text that is not UTF-8.
    """
    metadata: dict[str, str] = {}
    graphs: list[memoryview] = []
    try:
        for number, kind, payload, _ in fields(memoryview(data), most=_MOST_FIELDS):
            if number == _GRAPH and kind == BYTES and isinstance(payload, memoryview):
                graphs.append(payload)
            elif number == _METADATA and kind == BYTES and isinstance(payload, memoryview):
                key, value = _entry(payload)
                if key in metadata:
                    raise ModelFileError(
                        f"the model file gives the metadata key '{key}' twice; write it once"
                    )
                metadata[key] = value
    except WireError as error:
        raise ModelFileError(
            f"this is no ONNX file, or a damaged one: {error}; get it anew"
        ) from None
    if len(graphs) != 1:
        raise ModelFileError(
            f"the model file holds {len(graphs)} graphs, not 1: no ONNX file, or a damaged one;"
            " get it anew"
        )
    return Parts(metadata, hashlib.sha256(graphs[0]).hexdigest())


def _entry(payload: memoryview) -> tuple[str, str]:
    found: dict[int, str] = {}
    for number, kind, text, _ in fields(payload, most=16):
        if number in (_ENTRY_KEY, _ENTRY_VALUE):
            if kind != BYTES or not isinstance(text, memoryview) or number in found:
                raise WireError("a metadata entry is malformed")
            try:
                found[number] = bytes(text).decode("utf-8")
            except UnicodeDecodeError:
                raise WireError("a metadata entry is not UTF-8 text") from None
    return found.get(_ENTRY_KEY, ""), found.get(_ENTRY_VALUE, "")


def with_metadata(data: bytes, key: str, value: str) -> bytes:
    """Return the model's bytes with this metadata entry, in place of one of the same key."""
    read_parts(data)  # complains about what could not be copied faithfully
    view = memoryview(data)
    kept: list[bytes | memoryview] = []
    found = list(fields(view))
    ends = [*(start for *_, start in found[1:]), len(view)]
    for (number, _, payload, start), end in zip(found, ends, strict=True):
        if number == _METADATA and isinstance(payload, memoryview) and _entry(payload)[0] == key:
            continue
        kept.append(view[start:end])
    entry = text_field(_ENTRY_KEY, key.encode()) + text_field(_ENTRY_VALUE, value.encode())
    return b"".join([*kept, text_field(_METADATA, entry)])
