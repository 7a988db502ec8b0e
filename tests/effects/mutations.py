# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways to damage a model file: its bytes, its graph by the schema, its card."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import onnx
from onnx import TensorProto

from neuralboard.effects.model_file import State
from neuralboard.effects.model_metadata import KEY
from neuralboard.effects.model_wire import text_field
from tests.effects import graphs

__all__ = ["mutant"]

Rng = random.Random

_INTS: tuple[int, ...] = (
    0,
    1,
    -1,
    2,
    3,
    127,
    128,
    1000,
    65_535,
    65_536,
    1 << 20,
    2**31 - 1,
    2**31,
    -(2**31),
)
_INTS += (2**40, 2**62, 2**63 - 1, -(2**63))
_NAMES = """Add Mul MatMul Gemm Conv GRU LSTM Concat Split Slice Gather Reshape Transpose Shape
    Constant Cast Pad Expand Tile Range ConstantOfShape Loop If Where ReduceSum Softmax CumSum
    Squeeze Unsqueeze Resize Einsum NonZero LayerNormalization Identity Bogus"""
_OPERATORS = _NAMES.split()
_VALUES: tuple[Any, ...] = (None, True, "", "x", "\x00", "ü" * 3000, 0, -1, 1e308, 1.5, 10**30, [])
_VALUES += ([None], [[[]]], {}, {"a": 1}, "spectrum", "mask", "waveform", "labels", "linked", 2)


def mutant(rng: Rng) -> tuple[str, bytes]:
    """Return (what was done, the damaged file)."""
    model, card = rng.choice(_BASES)()
    kind = rng.choice([*_KINDS, *_OFTEN])
    return kind, _KINDS[kind](rng, model, card)


def _spectrum() -> tuple[onnx.ModelProto, str]:
    states = (State("h", "h_out", (1, 32)),)  # weights enough to be hit by flipped bits
    return graphs.spectrum_model(32), graphs.spectrum_card(states=states).to_json()


def _waveform() -> tuple[onnx.ModelProto, str]:
    return graphs.waveform_model(), graphs.waveform_card().to_json()


_BASES = (_spectrum, _waveform)


def _file(model: bytes, card: str) -> bytes:
    """Append a card without a hash, whatever the bytes are: damage must reach the other checks."""
    entry = text_field(1, KEY.encode()) + text_field(2, card.encode("utf-8", "replace"))
    return model + text_field(14, entry)


# -- bytes ------------------------------------------------------------------------------------


def _flip(rng: Rng, model: onnx.ModelProto, card: str) -> bytes:
    data = bytearray(model.SerializeToString())
    for _ in range(rng.choice((1, 1, 1, 2, 8))):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return _file(bytes(data), card)


def _replace_bytes(rng: Rng, model: onnx.ModelProto, card: str) -> bytes:
    data = bytearray(_file(model.SerializeToString(), card))
    for _ in range(rng.choice((1, 2, 16))):
        data[rng.randrange(len(data))] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
    return bytes(data)


def _truncate(rng: Rng, model: onnx.ModelProto, card: str) -> bytes:
    data = _file(model.SerializeToString(), card)
    cut = data[: rng.randrange(len(data))]
    return cut if rng.random() < 0.5 else _file(cut, card)


def _splice(rng: Rng, model: onnx.ModelProto, card: str) -> bytes:
    data = bytearray(model.SerializeToString())
    start, size, to = rng.randrange(len(data)), rng.randrange(1, 64), rng.randrange(len(data))
    if rng.random() < 0.5:
        data[to:to] = data[start : start + size]
    else:
        del data[start : start + size]
    return _file(bytes(data), card)


def _fields_at_the_end(rng: Rng, model: onnx.ModelProto, card: str) -> bytes:
    extra = bytes(rng.randrange(256) for _ in range(rng.randrange(1, 40)))
    return _file(model.SerializeToString(), card) + extra


# -- the graph, by its schema -------------------------------------------------------------------


def _by_schema(change: Callable[[Rng, onnx.ModelProto], None]) -> Any:
    def damage(rng: Rng, model: onnx.ModelProto, card: str) -> bytes:
        for _ in range(rng.choice((1, 1, 2, 4))):
            change(rng, model)
        return _file(model.SerializeToString(), card)

    return damage


def _tensor_dims(rng: Rng, model: onnx.ModelProto) -> None:
    tensor = rng.choice(model.graph.initializer)
    if tensor.dims and rng.random() < 0.7:
        tensor.dims[rng.randrange(len(tensor.dims))] = rng.choice(_INTS)
    else:
        tensor.dims.append(rng.choice(_INTS))


def _tensor_values(rng: Rng, model: onnx.ModelProto) -> None:
    integers = [t for t in model.graph.initializer if t.data_type == TensorProto.INT64]
    tensor = rng.choice(integers)
    values = [rng.choice(_INTS) for _ in range(max(1, len(tensor.raw_data) // 8))]
    tensor.raw_data = b"".join(value.to_bytes(8, "little", signed=True) for value in values)


def _tensor_type(rng: Rng, model: onnx.ModelProto) -> None:
    rng.choice(model.graph.initializer).data_type = rng.choice([*range(25), 1000])


def _external(rng: Rng, model: onnx.ModelProto) -> None:
    tensor = rng.choice(model.graph.initializer)
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=rng.choice(("/etc/passwd", "../a", "b", "")))


def _operator(rng: Rng, model: onnx.ModelProto) -> None:
    rng.choice(model.graph.node).op_type = rng.choice(_OPERATORS)


def _domain(rng: Rng, model: onnx.ModelProto) -> None:
    domain = rng.choice(("ai.onnx", "com.microsoft", "ai.onnx.ml", "x"))
    rng.choice(model.graph.node).domain = domain


def _attribute(rng: Rng, model: onnx.ModelProto) -> None:
    node = rng.choice(model.graph.node)
    if node.attribute and rng.random() < 0.7:
        attribute = rng.choice(node.attribute)
        attribute.type = rng.choice((1, 2, 3, 4, 6, 7, attribute.type, attribute.type))
        attribute.i = rng.choice(_INTS)
        if attribute.ints:
            attribute.ints[rng.randrange(len(attribute.ints))] = rng.choice(_INTS)
    else:
        name = rng.choice(("axis", "axes", "pads", "perm", "hidden_size", "group", "to", "layout"))
        node.attribute.append(onnx.helper.make_attribute(name, rng.choice(_INTS)))


def _edges(rng: Rng, model: onnx.ModelProto) -> None:
    names = [name for node in model.graph.node for name in (*node.input, *node.output)]
    node = rng.choice(model.graph.node)
    side = node.input if rng.random() < 0.7 else node.output
    if side and rng.random() < 0.7:
        side[rng.randrange(len(side))] = rng.choice([*names, "", "nowhere"])
    elif side and rng.random() < 0.5:
        side.pop()
    else:
        side.append(rng.choice(names))


def _nodes(rng: Rng, model: onnx.ModelProto) -> None:
    nodes = model.graph.node
    which = rng.randrange(len(nodes))
    if rng.random() < 0.5 and len(nodes) > 1:
        del nodes[which]
    else:
        nodes.append(nodes[which])


def _declared(rng: Rng, model: onnx.ModelProto) -> None:
    port = rng.choice([*model.graph.input, *model.graph.output])
    kind = port.type.tensor_type
    if rng.random() < 0.3:
        kind.elem_type = rng.randrange(25)
    elif kind.shape.dim and rng.random() < 0.7:
        rng.choice(kind.shape.dim).dim_value = rng.choice(_INTS)
    else:
        kind.shape.dim.add().dim_value = rng.choice(_INTS)


def _versions(rng: Rng, model: onnx.ModelProto) -> None:
    if rng.random() < 0.5:
        model.ir_version = rng.choice(_INTS)
    else:
        model.opset_import[0].version = rng.choice((*_INTS, 13, 18, 20, 21, 22, 23))


def _names(rng: Rng, model: onnx.ModelProto) -> None:
    port = rng.choice([*model.graph.input, *model.graph.output, *model.graph.initializer])
    port.name = rng.choice(("", "x" * 5000, "spectrum", "mask", "ä", "%s%n", "../x"))


# -- the card -----------------------------------------------------------------------------------


def _card_field(rng: Rng, model: onnx.ModelProto, card: str) -> bytes:
    table = json.loads(card)
    for _ in range(rng.choice((1, 1, 2, 3))):
        where: Any = table
        while True:
            keys = list(where) if isinstance(where, dict) else list(range(len(where)))
            key = rng.choice(keys)
            if isinstance(where[key], (dict, list)) and where[key] and rng.random() < 0.6:
                where = where[key]
                continue
            break
        if rng.random() < 0.2:
            del where[key]
        else:
            where[key] = rng.choice((*_VALUES, *_INTS))
        if not table:
            break
    return _file(model.SerializeToString(), json.dumps(table))


def _card_text(rng: Rng, model: onnx.ModelProto, card: str) -> bytes:
    letters = list(card)
    for _ in range(rng.choice((1, 2, 5))):
        at = rng.randrange(len(letters))
        letters[at] = rng.choice('{}[]",:0e9\\\ud800 N\x00')
    text = "".join(letters)
    if rng.random() < 0.1:
        text = "[" * 100_000
    return _file(model.SerializeToString(), text)


_KINDS: dict[str, Callable[[Rng, onnx.ModelProto, str], bytes]] = {
    "flipped bits": _flip,
    "replaced bytes": _replace_bytes,
    "truncated": _truncate,
    "spliced": _splice,
    "bytes at the end": _fields_at_the_end,
    "tensor dimensions": _by_schema(_tensor_dims),
    "tensor values": _by_schema(_tensor_values),
    "tensor type": _by_schema(_tensor_type),
    "external data": _by_schema(_external),
    "operator": _by_schema(_operator),
    "domain": _by_schema(_domain),
    "attribute": _by_schema(_attribute),
    "edges": _by_schema(_edges),
    "nodes": _by_schema(_nodes),
    "declared shape": _by_schema(_declared),
    "versions": _by_schema(_versions),
    "names": _by_schema(_names),
    "card field": _card_field,
    "card text": _card_text,
}
_OFTEN = ["flipped bits"] * 4  # most get through to ONNX Runtime: only weights changed
