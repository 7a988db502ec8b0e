# SPDX-License-Identifier: GPL-3.0-or-later
"""Small graphs and model files for tests, made with the onnx package, without torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from neuralboard.effects.model_file import Card, ModelParameter, State, Stft, add_card

Shape = Sequence[int | str]
Maker = Callable[[], bytes]
BINS = 17  # n_fft 32
STFT = Stft(32, 16)
BLOCK = 8  # of the waveform model


def floats(name: str, shape: Shape) -> onnx.ValueInfoProto:
    """Declare a float32 input or output."""
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape))


def tensor(name: str, values: Any, dtype: Any = np.float32) -> onnx.TensorProto:
    """Make an initialiser."""
    return numpy_helper.from_array(np.asarray(values, dtype), name)


def model(
    nodes: Sequence[onnx.NodeProto],
    inputs: Sequence[onnx.ValueInfoProto],
    outputs: Sequence[onnx.ValueInfoProto],
    tensors: Sequence[onnx.TensorProto] = (),
    opset: int = 17,
) -> onnx.ModelProto:
    """Put a graph into a model that today's and older runtimes read."""
    graph = helper.make_graph(list(nodes), "graph", list(inputs), list(outputs), list(tensors))
    opsets = [helper.make_opsetid("", opset)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def spectrum_model(hidden: int = 8, rng: np.random.Generator | None = None) -> onnx.ModelProto:
    """Give spectrum → GRU → real mask, times the parameter `strength`; one state `h`."""
    rng = rng or np.random.default_rng(7)

    def weights(name: str, *shape: int) -> onnx.TensorProto:
        return tensor(name, 0.3 * rng.standard_normal(shape))

    node = helper.make_node
    nodes = [
        node("Mul", ["spectrum", "spectrum"], ["squares"]),
        node("ReduceSum", ["squares", "last"], ["power"], keepdims=0),
        node("MatMul", ["power", "into"], ["features"]),
        node("Transpose", ["features"], ["in_time"], perm=[1, 0, 2]),
        node("Transpose", ["h"], ["h_first"], perm=[1, 0, 2]),
        node("GRU", ["in_time", "W", "R", "B", "", "h_first"], ["steps", "h_last"],
             hidden_size=hidden, linear_before_reset=1),
        node("Transpose", ["h_last"], ["h_out"], perm=[1, 0, 2]),
        node("Squeeze", ["steps", "direction"], ["flat"]),
        node("Transpose", ["flat"], ["in_batch"], perm=[1, 0, 2]),
        node("MatMul", ["in_batch", "out_of"], ["logits"]),
        node("Sigmoid", ["logits"], ["gains"]),
        node("Mul", ["gains", "strength"], ["mask"]),
    ]  # fmt: skip
    tensors = [
        tensor("last", [-1], np.int64),
        tensor("direction", [1], np.int64),
        weights("into", BINS, hidden),
        weights("W", 1, 3 * hidden, hidden),
        weights("R", 1, 3 * hidden, hidden),
        weights("B", 1, 6 * hidden),
        weights("out_of", hidden, BINS),
    ]
    inputs = [
        floats("spectrum", ["batch", "frames", BINS, 2]),
        floats("strength", ["batch", "frames", 1]),
        floats("h", ["batch", 1, hidden]),
    ]
    outputs = [floats("mask", ["batch", "frames", BINS]), floats("h_out", ["batch", 1, hidden])]
    return model(nodes, inputs, outputs, tensors)


def spectrum_card(**changes: Any) -> Card:
    """Give the card of `spectrum_model`."""
    fields: dict[str, Any] = {
        "name": "toy",
        "version": "1.0",
        "task": "test",
        "domain": "spectrum",
        "sample_rate": 16_000,
        "inputs": ("spectrum", "strength", "h"),
        "outputs": ("mask", "h_out"),
        "licence": "CC0-1.0",
        "stft": STFT,
        "states": (State("h", "h_out", (1, 8)),),
        "parameters": (ModelParameter("strength", 1.0, 0.0, 2.0, "", "how much"),),
    }
    return Card(**{**fields, **changes})


def spectrum_file() -> bytes:
    """Give a whole model file of the domain spectrum."""
    return add_card(spectrum_model().SerializeToString(), spectrum_card())


def waveform_model(taps: int = 5) -> onnx.ModelProto:
    """Give audio → FIR on an explicit ring of samples → tanh(drive x); one state `past`."""
    node = helper.make_node
    nodes = [
        node("Concat", ["past", "audio"], ["long"], axis=1),
        node("Unsqueeze", ["long", "one"], ["line"]),
        node("Conv", ["line", "kernel"], ["filtered"], kernel_shape=[taps]),
        node("Squeeze", ["filtered", "one"], ["flat"]),
        node("Reshape", ["flat", "in_blocks"], ["blocks"]),
        node("Mul", ["blocks", "drive"], ["driven"]),
        node("Tanh", ["driven"], ["bent"]),
        node("Reshape", ["bent", "in_line"], ["audio_out"]),
        node("Slice", ["long", "from", "to", "one"], ["past_out"]),
    ]
    tensors = [
        tensor("one", [1], np.int64),
        tensor("in_blocks", [0, -1, BLOCK], np.int64),
        tensor("in_line", [0, -1], np.int64),
        tensor("from", [1 - taps], np.int64),
        tensor("to", [np.iinfo(np.int64).max], np.int64),
        tensor("kernel", np.linspace(0.1, 0.5, taps).reshape(1, 1, taps)),
    ]
    inputs = [
        floats("audio", ["batch", "samples"]),
        floats("drive", ["batch", "blocks", 1]),
        floats("past", ["batch", taps - 1]),
    ]
    outputs = [floats("audio_out", ["batch", "samples"]), floats("past_out", ["batch", taps - 1])]
    return model(nodes, inputs, outputs, tensors)


def waveform_card(**changes: Any) -> Card:
    """Give the card of `waveform_model`."""
    fields: dict[str, Any] = {
        "name": "toy amp",
        "version": "2",
        "task": "amp",
        "domain": "waveform",
        "sample_rate": 48_000,
        "block": BLOCK,
        "latency": 2,
        "inputs": ("audio", "drive", "past"),
        "outputs": ("audio_out", "past_out"),
        "licence": "CC0-1.0",
        "states": (State("past", "past_out", (4,)),),
        "parameters": (ModelParameter("drive", 1.0, 0.1, 10.0, "", "gain before the bend"),),
    }
    return Card(**{**fields, **changes})


def waveform_file() -> bytes:
    """Give a whole model file of the domain waveform."""
    return add_card(waveform_model().SerializeToString(), waveform_card())


def noise(rng: np.random.Generator, *shape: int) -> NDArray[np.float32]:
    """Give float32 noise."""
    return rng.standard_normal(shape, dtype=np.float32)
