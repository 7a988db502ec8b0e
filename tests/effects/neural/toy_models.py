# SPDX-License-Identifier: GPL-3.0-or-later
"""Toy model files, each with one property that a test needs; weights are seeded, not trained."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper

from neuralboard.effects import model_trust
from neuralboard.effects.model_file import Card, ModelParameter, State, Stft, add_card
from tests.effects.graphs import Shape, floats, model, tensor

N_FFT, HOP, BINS, RATE = 960, 480, 481, 48_000
STFT = Stft(N_FFT, HOP)
HIDDEN = 24
node = helper.make_node

GAIN_ABOVE, GAIN_BELOW = 1.0, 0.1
THRESHOLD = 100.0  # energy of a frame, between a quiet and a loud one of `gate`


def card(**changes: Any) -> Card:
    """Give the card of a mask model without states."""
    fields: dict[str, Any] = {
        "name": "toy",
        "version": "1.0",
        "task": "test",
        "domain": "spectrum",
        "sample_rate": RATE,
        "inputs": ("spectrum",),
        "outputs": ("mask",),
        "licence": "CC0-1.0",
        "stft": STFT,
    }
    return Card(**{**fields, **changes})


def write(path: Path, graph: onnx.ModelProto, its_card: Card) -> str:
    """Write a model file and return its path."""
    data = add_card(graph.SerializeToString(), its_card)
    path.write_bytes(data)
    # Ours: no need to try each in a process of its own, nor to leave its hash in the user's cache.
    model_trust._known.add(hashlib.sha256(data).hexdigest())
    return str(path)


def late(name: str) -> list[onnx.NodeProto]:
    """Delay `name` [batch, frames, n] by the frames held in the state `held`."""
    return [
        node("Concat", ["held", name], ["tape"], axis=1),
        node("Slice", ["tape", "zero", "minus_late", "one"], [f"late_{name}"]),
        node("Slice", ["tape", "minus_late", "end", "one"], ["held_out"]),
    ]


def indices(lookahead: int) -> list[onnx.TensorProto]:
    numbers = {"zero": 0, "one": 1, "minus_late": -lookahead, "end": 2**31 - 1}
    return [tensor(name, [value], np.int64) for name, value in numbers.items()]


def identity(path: Path, lookahead: int = 0, sample_rate: int = RATE) -> str:
    """Give a complex mask of (1, 0), whatever comes in."""
    nodes = [
        node("Mul", ["spectrum", "nothing"], ["zeros"]),
        node("Add", ["zeros", "unity"], ["mask"]),
    ]
    tensors = [tensor("nothing", 0.0), tensor("unity", [1.0, 0.0])]
    shape: Shape = ["batch", "frames", BINS, 2]
    graph = model(nodes, [floats("spectrum", shape)], [floats("mask", shape)], tensors)
    return write(path, graph, card(lookahead_frames=lookahead, sample_rate=sample_rate))


def gate(path: Path, lookahead: int = 0) -> str:
    """Give a real mask, GAIN_ABOVE where the frame's energy is above THRESHOLD, else GAIN_BELOW.

    With look-ahead the energies wait in a state, so that mask t belongs to frame t - lookahead.
    """
    nodes = [
        node("Mul", ["spectrum", "spectrum"], ["squares"]),
        node("ReduceSum", ["squares", "inner"], ["sums"], keepdims=0),
        node("Unsqueeze", ["sums", "last"], ["energy"]),
        *(late("energy") if lookahead else []),
        node("Greater", ["late_energy" if lookahead else "energy", "threshold"], ["above"]),
        node("Where", ["above", "high", "low"], ["mask"]),
    ]
    tensors = [
        tensor("inner", [2, 3], np.int64),
        tensor("last", [2], np.int64),
        tensor("threshold", THRESHOLD),
        tensor("high", np.full(BINS, GAIN_ABOVE)),
        tensor("low", np.full(BINS, GAIN_BELOW)),
    ]
    inputs = [floats("spectrum", ["batch", "frames", BINS, 2])]
    outputs = [floats("mask", ["batch", "frames", BINS])]
    changes: dict[str, Any] = {}
    if lookahead:
        tensors += indices(lookahead)
        inputs.append(floats("held", ["batch", lookahead, 1]))
        outputs.append(floats("held_out", ["batch", lookahead, 1]))
        changes = {
            "inputs": ("spectrum", "held"),
            "outputs": ("mask", "held_out"),
            "states": (State("held", "held_out", (lookahead, 1)),),
            "lookahead_frames": lookahead,
        }
    return write(path, model(nodes, inputs, outputs, tensors), card(**changes))


def recurrent(path: Path, *, complex_mask: bool = True, linked: bool = False) -> str:
    """Give a mask by a GRU on band levels, with the parameters `drive` and `bias`."""
    rng = np.random.default_rng(3)

    def weights(name: str, *shape: int, scale: float = 0.3) -> onnx.TensorProto:
        return tensor(name, scale * rng.standard_normal(shape))

    nodes = [
        node("Mul", ["spectrum", "spectrum"], ["squares"]),
        node("ReduceSum", ["squares", "last"], ["power"], keepdims=0),
        node("Add", ["power", "eps"], ["power_eps"]),
        node("Log", ["power_eps"], ["levels"]),
        node("MatMul", ["levels", "into"], ["bands"]),
        node("Mul", ["bands", "drive"], ["driven"]),
        node("Add", ["driven", "bias"], ["features"]),
        node("Transpose", ["features"], ["in_time"], perm=[1, 0, 2]),
        node("Transpose", ["h"], ["h_first"], perm=[1, 0, 2]),
        node("GRU", ["in_time", "W", "R", "B", "", "h_first"], ["steps", "h_last"],
             hidden_size=HIDDEN, linear_before_reset=1),
        node("Transpose", ["h_last"], ["h_out"], perm=[1, 0, 2]),
        node("Squeeze", ["steps", "direction"], ["flat"]),
        node("Transpose", ["flat"], ["in_batch"], perm=[1, 0, 2]),
        node("MatMul", ["in_batch", "out_of"], ["wide"]),
    ]  # fmt: skip
    tensors = [
        tensor("last", [-1], np.int64),
        tensor("direction", [1], np.int64),
        tensor("eps", 1e-6),
        weights("into", BINS, HIDDEN, scale=0.3 / np.sqrt(BINS)),
        weights("W", 1, 3 * HIDDEN, HIDDEN),
        weights("R", 1, 3 * HIDDEN, HIDDEN),
        weights("B", 1, 6 * HIDDEN),
    ]
    if complex_mask:
        nodes += [
            node("Reshape", ["wide", "pairs"], ["logits"]),
            node("Tanh", ["logits"], ["mask"]),
        ]
        tensors += [weights("out_of", HIDDEN, 2 * BINS), tensor("pairs", [0, 0, BINS, 2], np.int64)]
    else:
        nodes.append(node("Sigmoid", ["wide"], ["mask"]))
        tensors.append(weights("out_of", HIDDEN, BINS))
    inputs = [
        floats("spectrum", ["batch", "frames", BINS, 2]),
        floats("drive", ["batch", "frames", 1]),
        floats("bias", ["batch", "frames", 1]),
        floats("h", ["batch", 1, HIDDEN]),
    ]
    pair = [2] if complex_mask else []
    outputs = [
        floats("mask", ["batch", "frames", BINS, *pair]),
        floats("h_out", ["batch", 1, HIDDEN]),
    ]
    its_card = _recurrent_card(linked=linked)
    return write(path, model(nodes, inputs, outputs, tensors), its_card)


def _recurrent_card(*, linked: bool) -> Card:
    return card(
        inputs=("spectrum", "drive", "bias", "h"),
        outputs=("mask", "h_out"),
        states=(State("h", "h_out", (1, HIDDEN)),),
        parameters=(
            ModelParameter("drive", 0.5, 0.0, 1.0, "", "how far the levels count"),
            ModelParameter("bias", 0.0, -3.0, 3.0, "dB", "added to every band"),
        ),
        channels="linked" if linked else "mono",
    )


def denoiser(path: Path, lookahead: int = 1) -> str:
    """Give a complex mask that turns frames below THRESHOLD down by 40 dB and a third of a turn."""
    turn = 2 * np.pi / 3
    quiet = np.tile([0.01 * np.cos(turn), 0.01 * np.sin(turn)], (BINS, 1))
    nodes = [
        node("Mul", ["spectrum", "spectrum"], ["squares"]),
        node("ReduceSum", ["squares", "inner"], ["sums"], keepdims=0),
        node("Unsqueeze", ["sums", "last"], ["energy"]),
        *late("energy"),
        node("Greater", ["late_energy", "threshold"], ["above_flat"]),
        node("Unsqueeze", ["above_flat", "last_of_four"], ["above"]),
        node("Where", ["above", "high", "low"], ["mask"]),
    ]
    tensors = [
        *indices(lookahead),
        tensor("inner", [2, 3], np.int64),
        tensor("last", [2], np.int64),
        tensor("last_of_four", [3], np.int64),
        tensor("threshold", THRESHOLD),
        tensor("high", np.tile([1.0, 0.0], (BINS, 1))),
        tensor("low", quiet),
    ]
    inputs = [
        floats("spectrum", ["batch", "frames", BINS, 2]),
        floats("held", ["batch", lookahead, 1]),
    ]
    outputs = [
        floats("mask", ["batch", "frames", BINS, 2]),
        floats("held_out", ["batch", lookahead, 1]),
    ]
    its_card = card(
        inputs=("spectrum", "held"),
        outputs=("mask", "held_out"),
        states=(State("held", "held_out", (lookahead, 1)),),
        lookahead_frames=lookahead,
    )
    return write(path, model(nodes, inputs, outputs, tensors), its_card)


def split(path: Path) -> str:
    """Give two stems by real masks: the lower half of the bins, and the rest."""
    low = (np.arange(BINS) < BINS // 2).astype(np.float32)
    nodes = [
        node("ReduceSum", ["spectrum", "last"], ["sums"], keepdims=0),
        node("Mul", ["sums", "nothing"], ["zeros"]),
        node("Unsqueeze", ["zeros", "first"], ["one_stem"]),
        node("Add", ["one_stem", "masks"], ["mask"]),
    ]
    tensors = [
        tensor("last", [-1], np.int64),
        tensor("first", [0], np.int64),
        tensor("nothing", 0.0),
        tensor("masks", np.stack([low, 1 - low])[:, None, None]),
    ]
    inputs = [floats("spectrum", ["batch", "frames", BINS, 2])]
    outputs = [floats("mask", [2, "batch", "frames", BINS])]
    return write(path, model(nodes, inputs, outputs, tensors), card(stems=("low", "high")))


def echo(path: Path) -> str:
    """Give the spectrum itself, one frame late, as `spectrum_out` of look-ahead 1."""
    nodes = [
        node("Concat", ["held", "spectrum"], ["tape"], axis=1),
        node("Slice", ["tape", "zero", "minus_late", "one"], ["spectrum_out"]),
        node("Slice", ["tape", "minus_late", "end", "one"], ["held_out"]),
    ]
    shape: Shape = ["batch", "frames", BINS, 2]
    held: Shape = ["batch", 1, BINS, 2]
    graph = model(
        nodes,
        [floats("spectrum", shape), floats("held", held)],
        [floats("spectrum_out", shape), floats("held_out", held)],
        indices(1),
    )
    its_card = card(
        inputs=("spectrum", "held"),
        outputs=("spectrum_out", "held_out"),
        states=(State("held", "held_out", (1, BINS, 2)),),
        lookahead_frames=1,
    )
    return write(path, graph, its_card)


def poisonous(path: Path) -> str:
    """Give NaN once a frame's energy is above THRESHOLD, and keep it in a sum over all frames."""
    nodes = [
        node("Mul", ["spectrum", "spectrum"], ["squares"]),
        node("ReduceSum", ["squares", "inner"], ["sums"], keepdims=0),
        node("Unsqueeze", ["sums", "last"], ["energy"]),
        node("Sub", ["threshold", "energy"], ["left"]),
        node("Sqrt", ["left"], ["root"]),  # of a negative number above the threshold
        node("ReduceSum", ["root", "frames_axis"], ["all"], keepdims=0),
        node("Add", ["h", "all"], ["h_out"]),
        node("Unsqueeze", ["h", "last_one"], ["h_wide"]),
        node("Mul", ["h_wide", "nothing"], ["memory"]),
        node("Add", ["root", "memory"], ["doubt"]),
        node("Mul", ["doubt", "nothing"], ["zeros"]),
        node("Add", ["zeros", "ones"], ["mask"]),
    ]
    tensors = [
        tensor("inner", [2, 3], np.int64),
        tensor("last", [2], np.int64),
        tensor("last_one", [2], np.int64),
        tensor("frames_axis", [1], np.int64),
        tensor("threshold", THRESHOLD),
        tensor("nothing", 0.0),
        tensor("ones", np.ones(BINS)),
    ]
    inputs = [floats("spectrum", ["batch", "frames", BINS, 2]), floats("h", ["batch", 1])]
    outputs = [floats("mask", ["batch", "frames", BINS]), floats("h_out", ["batch", 1])]
    its_card = card(
        inputs=("spectrum", "h"),
        outputs=("mask", "h_out"),
        states=(State("h", "h_out", (1,)),),
    )
    return write(path, model(nodes, inputs, outputs, tensors), its_card)


def with_parameter(path: Path, parameter: ModelParameter) -> str:
    """Give a mask of ones times one parameter, of any name."""
    nodes = [
        node("ReduceSum", ["spectrum", "last"], ["sums"], keepdims=0),
        node("Mul", ["sums", "nothing"], ["zeros"]),
        node("Add", ["zeros", parameter.name], ["mask"]),
    ]
    inputs = [
        floats("spectrum", ["batch", "frames", BINS, 2]),
        floats(parameter.name, ["batch", "frames", 1]),
    ]
    outputs = [floats("mask", ["batch", "frames", BINS])]
    tensors = [tensor("last", [-1], np.int64), tensor("nothing", 0.0)]
    its_card = card(inputs=("spectrum", parameter.name), parameters=(parameter,))
    return write(path, model(nodes, inputs, outputs, tensors), its_card)


def constant(path: Path, lookahead: int) -> str:
    """Give a `spectrum_out` of ones from the first frame on."""
    nodes = [
        node("Mul", ["spectrum", "nothing"], ["zeros"]),
        node("Add", ["zeros", "one"], ["spectrum_out"]),
    ]
    shape: Shape = ["batch", "frames", BINS, 2]
    tensors = [tensor("nothing", 0.0), tensor("one", 1.0)]
    graph = model(nodes, [floats("spectrum", shape)], [floats("spectrum_out", shape)], tensors)
    return write(path, graph, card(outputs=("spectrum_out",), lookahead_frames=lookahead))
