# SPDX-License-Identifier: GPL-3.0-or-later
"""The fields that a plain ONNX file needs, and a reader that refuses all others (onnx.proto)."""

from __future__ import annotations

from typing import Any, NamedTuple, NoReturn

import numpy as np

from neuralboard.effects.model_wire import (
    BYTES,
    FIXED32,
    VARINT,
    WireError,
    fields,
    signed,
    varints,
)
from neuralboard.errors import ModelFileError

__all__ = ["ATTRIBUTE", "DIMENSION", "GRAPH", "MODEL", "NODE", "OPSET", "SHAPE", "TENSOR"]
__all__ += ["TENSOR_TYPE", "TYPE", "VALUE", "Reader", "forbid", "text_of"]

_LONGEST_NAME = 1_000  # bytes


class Field(NamedTuple):
    """A field: its name, its kind on the wire, whether it may come more than once."""

    name: str
    kind: int
    repeated: bool = False


class Message(NamedTuple):
    """A message: what it is called in errors, its fields, and those that are refused by name."""

    title: str
    fields: dict[int, Field]
    refused: dict[int, str] = {}


MODEL = Message(
    "model",
    {
        1: Field("ir_version", VARINT),
        2: Field("producer_name", BYTES),
        3: Field("producer_version", BYTES),
        4: Field("domain", BYTES),
        5: Field("model_version", VARINT),
        6: Field("doc_string", BYTES),
        7: Field("graph", BYTES),
        8: Field("opset_import", BYTES, repeated=True),
        14: Field("metadata_props", BYTES, repeated=True),
    },
    {20: "training information", 25: "local functions", 26: "device configurations"},
)
OPSET = Message("opset import", {1: Field("domain", BYTES), 2: Field("version", VARINT)})
GRAPH = Message(
    "graph",
    {
        1: Field("node", BYTES, repeated=True),
        2: Field("name", BYTES),
        5: Field("initializer", BYTES, repeated=True),
        10: Field("doc_string", BYTES),
        11: Field("input", BYTES, repeated=True),
        12: Field("output", BYTES, repeated=True),
        13: Field("value_info", BYTES, repeated=True),
        16: Field("metadata_props", BYTES, repeated=True),
    },
    {14: "quantisation annotations", 15: "sparse tensors"},
)
NODE = Message(
    "node",
    {
        1: Field("input", BYTES, repeated=True),
        2: Field("output", BYTES, repeated=True),
        3: Field("name", BYTES),
        4: Field("op_type", BYTES),
        5: Field("attribute", BYTES, repeated=True),
        6: Field("doc_string", BYTES),
        7: Field("domain", BYTES),
        9: Field("metadata_props", BYTES, repeated=True),
    },
    {8: "an overload", 10: "device configurations"},
)
ATTRIBUTE = Message(
    "attribute",
    {
        1: Field("name", BYTES),
        2: Field("f", FIXED32),
        3: Field("i", VARINT),
        4: Field("s", BYTES),
        5: Field("t", BYTES),
        7: Field("floats", FIXED32, repeated=True),
        8: Field("ints", VARINT, repeated=True),
        9: Field("strings", BYTES, repeated=True),
        13: Field("doc_string", BYTES),
        20: Field("type", VARINT),
    },
    {
        6: "a subgraph",
        10: "a list of tensors",
        11: "subgraphs",
        14: "a type",
        15: "types",
        21: "a reference",
        22: "a sparse tensor",
        23: "sparse tensors",
    },
)
TENSOR = Message(
    "tensor",
    {
        1: Field("dims", VARINT, repeated=True),
        2: Field("data_type", VARINT),
        4: Field("float_data", FIXED32, repeated=True),
        5: Field("int32_data", VARINT, repeated=True),
        7: Field("int64_data", VARINT, repeated=True),
        8: Field("name", BYTES),
        9: Field("raw_data", BYTES),
        12: Field("doc_string", BYTES),
        14: Field("data_location", VARINT),
        16: Field("metadata_props", BYTES, repeated=True),
    },
    {
        3: "a segment",
        6: "texts",
        10: "double precision",
        11: "64-bit or half-precision data",
        13: "external data",
    },
)
VALUE = Message(
    "value",
    {
        1: Field("name", BYTES),
        2: Field("type", BYTES),
        3: Field("doc_string", BYTES),
        4: Field("metadata_props", BYTES, repeated=True),
    },
)
TYPE = Message(
    "type",
    {1: Field("tensor_type", BYTES), 6: Field("denotation", BYTES)},
    {4: "a sequence", 5: "a map", 7: "an opaque type", 8: "a sparse tensor", 9: "an optional"},
)
TENSOR_TYPE = Message("tensor type", {1: Field("elem_type", VARINT), 2: Field("shape", BYTES)})
SHAPE = Message("shape", {1: Field("dim", BYTES, repeated=True)})
DIMENSION = Message(
    "dimension",
    {1: Field("dim_value", VARINT), 2: Field("dim_param", BYTES), 3: Field("denotation", BYTES)},
)


def forbid(what: str, cure: str = "export it anew with standard operators in float32") -> NoReturn:
    """Raise the one error that a forbidden file ends in."""
    raise ModelFileError(f"this graph is not allowed: {what}; {cure} (docs/model-file.md)")


class Reader:
    """Reads the messages of one file, and counts: a file has only so many fields.

    Parameters
    ----------
    most : int
        Fields and listed numbers of all messages together.
    """

    def __init__(self, most: int) -> None:
        self._most = self._left = most

    def read(self, data: memoryview, message: Message) -> dict[str, Any]:
        """Read one message: name → value; a list for a repeated field, absent if there is none.

        Lists of numbers may be packed or not. Floats stay a list of their bytes: nobody asks for
        their values. A singular field that comes twice is refused, since readers differ about it.

        Raises
        ------
        WireError, ModelFileError
        """
        found: dict[str, Any] = {}
        for number, kind, payload, place in fields(data):
            self._count(1)
            field = message.fields.get(number)
            if field is None:
                refused = message.refused.get(number, f"field {number}")
                forbid(f"its {message.title} holds {refused}")
            packed = kind == BYTES and field.repeated and field.kind != BYTES
            if kind != field.kind and not packed:
                raise WireError(f"{message.title}.{field.name} at byte {place} is of a wrong kind")
            if field.repeated:
                values = found.setdefault(field.name, [])
                if packed and isinstance(payload, memoryview):
                    values.extend(self._packed(payload, field))
                else:
                    values.append(_plain(payload))
            elif field.name in found:
                raise WireError(f"{message.title}.{field.name} comes twice, again at byte {place}")
            else:
                found[field.name] = _plain(payload)
        return found

    def _packed(self, payload: memoryview, field: Field) -> list[Any]:
        if field.kind != VARINT:
            return [payload]
        # A varint has one last byte, below 128: count before they become Python's large ints.
        self._count(int(np.count_nonzero(np.frombuffer(payload, np.uint8) < 0x80)))
        return list(varints(payload))

    def _count(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            forbid(f"it has more than {self._most} fields", "store tensors as raw_data")


def _plain(payload: int | memoryview) -> int | memoryview:
    return signed(payload) if isinstance(payload, int) else payload


def text_of(payload: memoryview | None) -> str:
    """Return a name; "" where there is none."""
    if payload is None:
        return ""
    if len(payload) > _LONGEST_NAME:
        raise WireError(f"a name has {len(payload)} bytes")
    try:
        return bytes(payload).decode("utf-8")
    except UnicodeDecodeError:
        raise WireError("a name is not UTF-8 text") from None
