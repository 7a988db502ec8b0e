# SPDX-License-Identifier: GPL-3.0-or-later
"""Model files designed to hang, fill the memory or crash who loads them. None is ever loaded here.

Each is a whole model file of the domain spectrum, with a card that fits.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from neuralboard.effects.model_file import Card, add_card
from neuralboard.effects.model_metadata import KEY
from neuralboard.effects.model_wire import text_field
from tests.effects import graphs
from tests.effects.graphs import floats, tensor

HUGE = 1 << 40
node = helper.make_node
IN = floats("spectrum", ["batch", "frames", graphs.BINS, 2])
OUT = floats("mask", ["batch", "frames", graphs.BINS, 2])


def card() -> Card:
    """Give the card of a graph without states and parameters."""
    return graphs.spectrum_card(inputs=("spectrum",), outputs=("mask",), states=(), parameters=())


def file_of(model: onnx.ModelProto) -> bytes:
    """Put the card into a model."""
    return add_card(model.SerializeToString(), card())


def using(
    nodes: Sequence[onnx.NodeProto], result: str, tensors: Sequence[onnx.TensorProto] = ()
) -> bytes:
    """Give a model file that adds the sum of `result` to its spectrum."""
    ending = [
        node("ReduceSum", [result], ["sum"], keepdims=0),
        node("Add", ["spectrum", "sum"], ["mask"]),
    ]
    return file_of(graphs.model([*nodes, *ending], [IN], [OUT], tensors))


def functions_calling_twice() -> bytes:
    """27 local functions, each calling the one below twice: 2^27 nodes when inlined."""
    opset = [helper.make_opsetid("", 17), helper.make_opsetid("f", 1)]
    made = [
        helper.make_function("f", "f0", ["x"], ["y"], [node("Neg", ["x"], ["y"])], opset),
        *(
            helper.make_function(
                "f", f"f{i}", ["x"], ["y"],
                [node(f"f{i - 1}", ["x"], ["m"], domain="f"),
                 node(f"f{i - 1}", ["m"], ["y"], domain="f")],
                opset,
            )
            for i in range(1, 28)
        ),
    ]  # fmt: skip
    model = graphs.model([node("f27", ["spectrum"], ["mask"], domain="f")], [IN], [OUT])
    model.opset_import.append(helper.make_opsetid("f", 1))
    model.functions.extend(made)
    return file_of(model)


def recursive_function() -> bytes:
    """A function that calls itself."""
    opset = [helper.make_opsetid("", 17), helper.make_opsetid("f", 1)]
    body = [node("f", ["x"], ["y"], domain="f")]
    model = graphs.model([node("f", ["spectrum"], ["mask"], domain="f")], [IN], [OUT])
    model.opset_import.append(helper.make_opsetid("f", 1))
    model.functions.append(helper.make_function("f", "f", ["x"], ["y"], body, opset))
    return file_of(model)


def endless_loop() -> bytes:
    """Loop of 2^62 rounds: loads at once, then can't be interrupted."""
    round_ = helper.make_graph(
        [node("Identity", ["go"], ["goes"])],
        "round",
        [helper.make_tensor_value_info("i", TensorProto.INT64, []),
         helper.make_tensor_value_info("go", TensorProto.BOOL, [])],
        [helper.make_tensor_value_info("goes", TensorProto.BOOL, [])],
    )  # fmt: skip
    nodes = [
        node("Loop", ["rounds", "yes"], [], body=round_),
        node("Identity", ["spectrum"], ["mask"]),
    ]
    tensors = [tensor("rounds", 1 << 62, np.int64), tensor("yes", True, np.bool_)]
    return file_of(graphs.model(nodes, [IN], [OUT], tensors))


def constant_of_shape(*shape: int) -> bytes:
    """A tensor of a given shape out of nothing."""
    nodes = [node("ConstantOfShape", ["shape"], ["made"])]
    return using(nodes, "made", [tensor("shape", shape, np.int64)])


def computed_constant_of_shape() -> bytes:
    """The same, but its shape is computed from small constants."""
    nodes = [
        node("Mul", ["million", "million"], ["shape"]),
        node("ConstantOfShape", ["shape"], ["made"]),
    ]
    return using(nodes, "made", [tensor("million", [1 << 20], np.int64)])


def expand() -> bytes:
    """One number, spread over a terabyte."""
    nodes = [node("ReduceSum", ["spectrum"], ["one"], keepdims=0),
             node("Expand", ["one", "shape"], ["made"])]  # fmt: skip
    return using(nodes, "made", [tensor("shape", [HUGE], np.int64)])


def tile() -> bytes:
    """The spectrum, a terabyte of times."""
    nodes = [node("Tile", ["spectrum", "times"], ["made"])]
    return using(nodes, "made", [tensor("times", [1, HUGE, 1, 1], np.int64)])


def range_(limit: Any = HUGE, dtype: Any = np.int64) -> bytes:
    """All numbers up to a trillion."""
    nodes = [node("Range", ["start", "limit", "step"], ["long"]), node("Cast", ["long"], ["made"],
             to=TensorProto.FLOAT)]  # fmt: skip
    values = {"start": 0, "limit": limit, "step": 1}
    return using(nodes, "made", [tensor(k, v, dtype) for k, v in values.items()])


def size_from_the_sound() -> bytes:
    """As many elements as the loudest bin says: harmless in silence."""
    nodes = [
        node("ReduceMax", ["spectrum"], ["loudest"], keepdims=0),
        node("Cast", ["loudest"], ["count"], to=TensorProto.INT64),
        node("Reshape", ["count", "one"], ["shape"]),
        node("ConstantOfShape", ["shape"], ["made"]),
    ]
    return using(nodes, "made", [tensor("one", [1], np.int64)])


def size_at_one_length() -> bytes:
    """A terabyte when exactly 57 frames come, nothing at other times."""
    nodes = [
        node("Shape", ["spectrum"], ["frames"], start=1, end=2),
        node("Equal", ["frames", "n57"], ["now"]),
        node("Where", ["now", "huge", "one"], ["shape"]),
        node("ConstantOfShape", ["shape"], ["made"]),
    ]
    tensors = [tensor("n57", [57], np.int64), tensor("huge", [HUGE], np.int64),
               tensor("one", [1], np.int64)]  # fmt: skip
    return using(nodes, "made", tensors)


def pad(amount: int = HUGE) -> bytes:
    """The spectrum with a terabyte of zeros around."""
    nodes = [node("Pad", ["spectrum", "pads"], ["made"])]
    return using(nodes, "made", [tensor("pads", [0, 0, 0, 0, 0, amount, 0, 0], np.int64)])


def conv_pads(amount: int = HUGE) -> bytes:
    """A convolution padded by a terabyte."""
    nodes = [
        node("Reshape", ["spectrum", "shape"], ["line"]),
        node("Conv", ["line", "kernel"], ["made"], pads=[amount, amount]),
    ]
    tensors = [tensor("shape", [1, 1, -1], np.int64), tensor("kernel", np.ones((1, 1, 1)))]
    return using(nodes, "made", tensors)


def gru_size() -> bytes:
    """A GRU of 2^31 - 1 units."""
    nodes = [
        node("Reshape", ["spectrum", "shape"], ["steps"]),
        node("GRU", ["steps", "W", "R"], ["made"], hidden_size=2**31 - 1),
    ]
    tensors = [tensor("shape", [-1, 1, 2], np.int64), tensor("W", np.ones((1, 3, 2))),
               tensor("R", np.ones((1, 3, 1)))]  # fmt: skip
    return using(nodes, "made", tensors)


def outer_product() -> bytes:
    """A vector of 4 million times itself: 64 TB from a file of 40 bytes more."""
    nodes = [
        node("ConstantOfShape", ["million"], ["row"]),
        node("Reshape", ["row", "upright"], ["column"]),
        node("MatMul", ["column", "row2"], ["made"]),
        node("Reshape", ["row", "flat"], ["row2"]),
    ]
    nodes[2], nodes[3] = nodes[3], nodes[2]
    tensors = [tensor("million", [1 << 20], np.int64), tensor("upright", [-1, 1], np.int64),
               tensor("flat", [1, -1], np.int64)]  # fmt: skip
    return using(nodes, "made", tensors)


def hours_of_products(count: int = 400) -> bytes:
    """Many products of a matrix made of nothing: loads of computing, little memory."""
    nodes = [node("ConstantOfShape", ["square"], ["m0"])]
    nodes += [node("MatMul", [f"m{i}", f"m{i}"], [f"m{i + 1}"]) for i in range(count)]
    return using(nodes, f"m{count}", [tensor("square", [1024, 1024], np.int64)])


def long_chain(count: int = 100_000) -> bytes:
    """A hundred thousand nodes in a row."""
    # By hand: the onnx package takes ten seconds.
    model = graphs.model([], [IN], [OUT])
    names = [b"spectrum", *(b"x%d" % i for i in range(count - 1)), b"mask"]
    parts = [
        text_field(1, text_field(1, one) + text_field(2, other) + text_field(4, b"Neg"))
        for one, other in itertools.pairwise(names)
    ]
    graph = model.graph.SerializeToString() + b"".join(parts)
    model.ClearField("graph")
    return add_card(model.SerializeToString() + text_field(7, graph), card())


def unknown_domain() -> bytes:
    """An operator of somebody's library."""
    model = graphs.model([node("Evil", ["spectrum"], ["mask"], domain="x.y")], [IN], [OUT])
    model.opset_import.append(helper.make_opsetid("x.y", 1))
    return file_of(model)


def sparse() -> bytes:
    """A sparse tensor of a trillion elements with one value."""
    model = graphs.model([node("Identity", ["spectrum"], ["mask"])], [IN], [OUT])
    values, places = tensor("s", [1.0]), tensor("", [0], np.int64)
    model.graph.sparse_initializer.append(helper.make_sparse_tensor(values, places, [HUGE]))
    return file_of(model)


def einsum() -> bytes:
    """An equation of 26 letters."""
    letters = ",".join("abcdefghijklmnopqrstuvwxyz")
    nodes = [node("Einsum", ["spectrum"] * 26, ["mask"], equation=letters)]
    return file_of(graphs.model(nodes, [IN], [OUT]))


def external_tensor(where: str) -> bytes:
    """A tensor that lies in another file."""
    weight = tensor("w", np.zeros(4))
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    weight.external_data.add(key="location", value=where)
    nodes = [node("Add", ["spectrum", "w"], ["mask"])]
    return file_of(graphs.model(nodes, [IN], [OUT], [weight]))


def half_precision() -> bytes:
    """Valid, and at ONNX Runtime's default level a crash: Cast, GRU, Squeeze, Transpose, MatMul."""
    half = np.float16
    nodes = [
        node("Reshape", ["spectrum", "shape"], ["steps"]),
        node("Cast", ["steps"], ["x"], to=TensorProto.FLOAT16),
        node("GRU", ["x", "W", "R"], ["y"], hidden_size=4, linear_before_reset=1),
        node("Squeeze", ["y", "one"], ["flat"]),
        node("Transpose", ["flat"], ["turned"], perm=[1, 0, 2]),
        node("MatMul", ["turned", "V"], ["z"]),
        node("Cast", ["z"], ["made"], to=TensorProto.FLOAT),
    ]
    tensors = [
        tensor("shape", [-1, 1, 2], np.int64), tensor("one", [1], np.int64),
        tensor("W", np.ones((1, 12, 2)), half), tensor("R", np.ones((1, 12, 4)), half),
        tensor("V", np.ones((4, 3)), half),
    ]  # fmt: skip
    return using(nodes, "made", tensors)


def half_precision_inside() -> bytes:
    """The same with weights in float32, halved by the graph itself."""
    nodes = [
        node("Cast", ["spectrum"], ["half"], to=TensorProto.FLOAT16),
        node("Cast", ["half"], ["mask"], to=TensorProto.FLOAT),
    ]
    return file_of(graphs.model(nodes, [IN], [OUT]))


def dynamic_quantisation() -> bytes:
    """A result that depends on the block: refused, though it is harmless."""
    nodes = [
        node("DynamicQuantizeLinear", ["spectrum"], ["q", "scale", "zero"]),
        node("DequantizeLinear", ["q", "scale", "zero"], ["mask"]),
    ]
    return file_of(graphs.model(nodes, [IN], [OUT]))


def huge_declared_input() -> bytes:
    """An input declared with 2^31 - 1 bins."""
    wide = floats("spectrum", ["batch", "frames", 2**31 - 1, 2])
    return file_of(graphs.model([node("Identity", ["spectrum"], ["mask"])], [wide], [OUT]))


def long_payload() -> bytes:
    """A tensor that claims more bytes than its file has left."""
    model = graphs.model([node("Identity", ["spectrum"], ["mask"])], [IN], [OUT])
    model.graph.initializer.append(tensor("w", [1.0]))
    data = model.SerializeToString()
    at = data.index(b"\x4a\x04\x00\x00\x80\x3f")  # field 9, 4 bytes, 1.0
    return add_card(data[: at + 1] + b"\x7f" + data[at + 2 :], card())


def _with_graph_bytes(more: bytes, after: bytes = b"") -> bytes:
    """Append raw bytes to the graph of a harmless model, and to the model itself."""
    model = graphs.model([node("Identity", ["spectrum"], ["mask"])], [IN], [OUT])
    graph = model.graph.SerializeToString() + more
    model.ClearField("graph")
    data = model.SerializeToString() + text_field(7, graph) + after
    entry = text_field(1, KEY.encode()) + text_field(2, card().to_json().encode())
    return data + text_field(14, entry)


_MANY = 8 << 20

SLOW: dict[str, Callable[[], bytes]] = {
    "8 million empty nodes": lambda: _with_graph_bytes(b"\x0a\x00" * _MANY),
    "8 million numbers": lambda: _with_graph_bytes(
        text_field(5, b"\x08\x01\x10\x07" + text_field(7, b"\x01" * _MANY))
    ),
    "8 million numbers, each a field": lambda: _with_graph_bytes(
        text_field(5, b"\x08\x01\x10\x07" + b"\x38\x01" * _MANY)
    ),
    "a node of 8 million inputs": lambda: _with_graph_bytes(text_field(1, b"\x0a\x00" * _MANY)),
    "8 million fields in the model": lambda: _with_graph_bytes(b"", b"\x28\x01" * _MANY),
    "8 million metadata": lambda: _with_graph_bytes(b"", b"\x72\x00" * _MANY),
    "a metadata entry of 8 million fields": lambda: _with_graph_bytes(
        b"", text_field(14, b"\x18\x01" * _MANY)
    ),
}
"""Aim at the walk itself: Python would spend minutes and gigabytes on them."""

REFUSED: dict[str, Callable[[], bytes]] = {
    "functions that call twice": functions_calling_twice,
    "a function that calls itself": recursive_function,
    "an endless loop": endless_loop,
    "4 GB of zeros": lambda: constant_of_shape(1 << 30),
    "40 GB of zeros": lambda: constant_of_shape(10, 1 << 30),
    "expand": expand,
    "tile": tile,
    "range": range_,
    "a size from the sound": size_from_the_sound,
    "a size at one length": size_at_one_length,
    "padded convolution": conv_pads,
    "a huge GRU": gru_size,
    "a chain of 100 000 nodes": long_chain,
    "an unknown domain": unknown_domain,
    "a sparse tensor": sparse,
    "einsum": einsum,
    "an absolute path": lambda: external_tensor("/etc/passwd"),
    "a path upwards": lambda: external_tensor("../../secret"),
    "half precision": half_precision,
    "half precision inside": half_precision_inside,
    "dynamic quantisation": dynamic_quantisation,
    "a huge declared input": huge_declared_input,
    "a long payload": long_payload,
}
"""Refused by the walk of the file, before ONNX Runtime sees it."""

TRIED: dict[str, Callable[[], bytes]] = {
    "zeros of a computed shape": computed_constant_of_shape,
    "a range of floats": lambda: range_(1e12, np.float32),
    "a padded spectrum": pad,
    "an outer product": outer_product,
    "hours of products": hours_of_products,
}
"""Pass the walk; fail in the process of their own."""
