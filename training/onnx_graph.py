# SPDX-License-Identifier: GPL-3.0-or-later
"""From a torch module to the bytes of a plain ONNX graph, and the graph made shorter.

A call of one frame costs about a microsecond a node, so what ONNX Runtime does not remove by itself
is removed here, as far as the result stays the same to the bit. Names become short ones: the
exporter's spell the modules of the network, which look like paths and help nobody.
"""

from __future__ import annotations

import io
import warnings
from collections import Counter
from typing import Any, cast

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from torch import Tensor, nn

from neuralboard.effects.model_card import Card
from neuralboard.effects.model_probe import input_shapes

__all__ = ["export_graph", "shorten"]

OPSET = 17


class _Flat(nn.Module):
    """States as arguments and results of their own, as a graph has them."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, main: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
        result, after = self.network(main, list(states))
        return (result, *after)


def export_graph(network: Any, card: Card) -> bytes:
    """Trace a network and return its graph, shortened, with the names that the card gives.

    Parameters
    ----------
    network : nn.Module
        ``forward(main, states) -> (output, states)``, batch first; ``start_states(batch)``.
    card : Card
        Inputs and outputs in the order of the arguments.
    """
    main = torch.randn(input_shapes(card, 2, 4)[card.inputs[0]])
    axes = {card.inputs[0]: {0: "batch", 1: "frames"}}
    axes[card.outputs[0]] = {1: "batch", 2: "frames"} if card.stems else {0: "batch", 1: "frames"}
    axes |= {name: {0: "batch"} for name in (*card.inputs[1:], *card.outputs[1:])}
    file = io.BytesIO()
    with warnings.catch_warnings(), torch.no_grad():
        # The exporter calls itself legacy, and nn.GRU's own shape checks warn while traced; what
        # could be wrong with the graph is measured by the gate.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _Flat(network.eval()),
            (main, *network.start_states(2)),
            cast(Any, file),
            dynamo=False,
            autograd_inlining=False,  # a function with a symbol of its own is one node
            opset_version=OPSET,
            input_names=list(card.inputs),
            output_names=list(card.outputs),
            dynamic_axes=axes,
        )
    return shorten(file.getvalue())


def shorten(data: bytes) -> bytes:
    """Remove nodes that compute nothing, equal constants, and names; the result stays the same."""
    model = onnx.load_from_string(data)
    graph = model.graph
    _constants_to_initialisers(graph)
    _fold_constants(graph)
    _drop_identities(graph)
    _merge_equal_initialisers(graph)
    _drop_zero_sums(graph)
    _drop_dead(graph)
    graph.value_info.extend(onnx.shape_inference.infer_shapes(model).graph.value_info)
    _slices_to_splits(graph)
    _squeezes_into_reshapes(graph)
    _drop_dead(graph)
    _rename(graph)
    model.producer_name = "neuralboard"
    for field in ("producer_version", "doc_string", "metadata_props"):
        model.ClearField(field)
    graph.name = "graph"
    for field in ("doc_string", "value_info"):
        graph.ClearField(field)
    found: bytes = model.SerializeToString()
    return found


def _constants_to_initialisers(graph: Any) -> None:
    for node in [n for n in graph.node if n.op_type == "Constant"]:
        tensor = onnx.TensorProto()
        tensor.CopyFrom(next(a.t for a in node.attribute if a.name == "value"))
        tensor.name = node.output[0]
        graph.initializer.append(tensor)
        graph.node.remove(node)


def _fold_constants(graph: Any) -> None:
    """Compute now what depends on no input: weights that are cut and joined, say."""
    values = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    for node in list(graph.node):
        names = [name for name in node.input if name]
        if not names or any(name not in values for name in names):
            continue
        found = ReferenceEvaluator(node).run(None, {name: values[name] for name in names})
        for name, value in zip(node.output, found, strict=True):
            values[name] = np.asarray(value)
            graph.initializer.append(numpy_helper.from_array(values[name], name))
        graph.node.remove(node)


def _replace(graph: Any, names: dict[str, str]) -> None:
    """Let every node read other values."""
    for node in graph.node:
        for index, name in enumerate(node.input):
            while name in names:
                name = names[name]
            node.input[index] = name


def _drop_identities(graph: Any) -> None:
    outputs = {value.name for value in graph.output}
    same = [n for n in graph.node if n.op_type == "Identity" and n.output[0] not in outputs]
    _replace(graph, {node.output[0]: node.input[0] for node in same})
    for node in same:
        graph.node.remove(node)


def _drop_zero_sums(graph: Any) -> None:
    """Leave out `x + b` where the bias behind a product is all zeros."""
    zeros = {
        tensor.name
        for tensor in graph.initializer
        if len(tensor.dims) == 1 and not numpy_helper.to_array(tensor).any()
    }
    made_by = {output: node for node in graph.node for output in node.output}
    for node in [n for n in graph.node if n.op_type == "Add"]:
        for bias, product in (tuple(node.input), tuple(node.input)[::-1]):
            # A product's last axis is as long as its bias, so nothing is spread out by the sum.
            if bias in zeros and product in made_by and made_by[product].op_type == "MatMul":
                _replace(graph, {node.output[0]: product})
                graph.node.remove(node)
                break


def _merge_equal_initialisers(graph: Any) -> None:
    first: dict[tuple[Any, ...], str] = {}
    names = {}
    for tensor in list(graph.initializer):
        values = numpy_helper.to_array(tensor)
        key = (tensor.data_type, values.shape, values.tobytes())
        if key in first:
            names[tensor.name] = first[key]
            graph.initializer.remove(tensor)
        else:
            first[key] = tensor.name
    _replace(graph, names)


def _slices_to_splits(graph: Any) -> None:
    """Cut a value once, not twice: two slices of it that meet, [0, k) and [k, end), are a Split."""
    values = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    cuts: dict[tuple[str, int], list[tuple[int, int, Any]]] = {}
    for node in graph.node:
        if node.op_type != "Slice" or any(name not in values for name in node.input[1:]):
            continue
        start, end, axis, step = (values[name].tolist() for name in node.input[1:])
        if len(start) == 1 and step == [1] and start[0] >= 0:
            key = (node.input[0], axis[0])
            cuts.setdefault(key, []).append((start[0], end[0], node))
    for (source, axis), found in cuts.items():
        found.sort(key=lambda cut: cut[0])
        sizes = _sizes(graph, source, axis, found)
        if sizes is None:
            continue
        name = f"split_{source}_{axis}"
        graph.initializer.append(numpy_helper.from_array(np.array(sizes, np.int64), name))
        outputs = [node.output[0] for *_, node in found]
        split = helper.make_node("Split", [source, name], outputs, axis=axis)
        place = min(list(graph.node).index(node) for *_, node in found)
        graph.node.insert(place, split)
        for *_, node in found:
            graph.node.remove(node)


def _squeezes_into_reshapes(graph: Any) -> None:
    """Reshape a recurrent layer's output at once, perhaps after a product with a matrix.

    It has an axis too many, of directions, which the exporter squeezes out.
    """
    recurrent = {n.output[0] for n in graph.node if n.op_type in ("GRU", "LSTM", "RNN")}
    values = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    users = Counter(name for node in graph.node for name in node.input)
    squeezed: dict[str, tuple[str, int]] = {}  # what came out: what went in, the first axis gone
    mapped: dict[str, Any] = {}
    for node in graph.node:
        first, *others = node.input or [""]
        constant = bool(others) and others[0] in values
        if node.op_type == "Squeeze" and constant and first in recurrent:
            squeezed[node.output[0]] = first, int(values[others[0]].min())
        elif node.op_type == "MatMul" and constant and first in squeezed:
            if values[others[0]].ndim == 2 and users[node.output[0]] == 1:
                mapped[node.output[0]] = node
        elif node.op_type == "Reshape" and constant:
            product = mapped.get(first)
            source, axis = squeezed.get(product.input[0] if product else first, ("", -1))
            # A 0 keeps the length of an axis by its number, which must not have moved.
            if axis >= 0 and 0 not in values[others[0]][axis:]:
                (product or node).input[0] = source


def _sizes(graph: Any, source: str, axis: int, cuts: list[tuple[int, int, Any]]) -> Any:
    """Return the two sizes where the cuts meet and cover an axis of known length, or None."""
    declared = [v for v in (*graph.value_info, *graph.input) if v.name == source]
    if len(cuts) != 2 or not declared:
        return None
    dims = declared[0].type.tensor_type.shape.dim
    length = dims[axis].dim_value if -len(dims) <= axis < len(dims) else 0
    (start, middle, _), (second, end, _) = cuts
    if length <= 0 or start != 0 or middle != second or end < length or not 0 < middle < length:
        return None
    return [middle, length - middle]


def _drop_dead(graph: Any) -> None:
    used = {value.name for value in graph.output}
    for node in reversed(list(graph.node)):
        if used.isdisjoint(node.output):
            graph.node.remove(node)
        else:
            used.update(node.input)
    for tensor in [t for t in graph.initializer if t.name not in used]:
        graph.initializer.remove(tensor)


def _rename(graph: Any) -> None:
    """Give every inner value a short name: its operator and a number."""
    kept = {value.name for value in (*graph.input, *graph.output)}
    names = {tensor.name: f"w{index}" for index, tensor in enumerate(graph.initializer)}
    for tensor in graph.initializer:
        tensor.name = names[tensor.name]
        tensor.ClearField("doc_string")
    count: Counter[str] = Counter()
    for node in graph.node:
        kind = node.op_type.lower()
        for output in node.output:
            if output and output not in kept:
                names[output] = f"{kind}{count[kind]}"
                count[kind] += 1
    for node in graph.node:
        node.ClearField("name")
        node.ClearField("doc_string")
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
