# SPDX-License-Identifier: GPL-3.0-or-later
"""Toy model files of the domain waveform."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from neuralboard.effects.model_file import ModelParameter, State
from tests.effects.graphs import Shape, floats, model, tensor
from tests.effects.neural.toy_models import RATE, card, indices, node, write


def amp(path: Path, block: int = 64, latency: int = 0, *, linked: bool = False) -> str:
    """Give tanh(drive · (x + x one sample earlier) / 2): a waveform model with one state."""
    nodes = [
        node("Concat", ["before", "audio"], ["tape"], axis=1),
        node("Slice", ["tape", "zero", "minus_late", "one"], ["earlier"]),
        node("Slice", ["tape", "minus_late", "end", "one"], ["before_out"]),
        node("Add", ["audio", "earlier"], ["sum"]),
        node("Mul", ["sum", "half"], ["smooth"]),
        node("Reshape", ["smooth", "blocks"], ["in_blocks"]),
        node("Mul", ["in_blocks", "drive"], ["driven"]),
        node("Tanh", ["driven"], ["bent"]),
        node("Reshape", ["bent", "flat"], ["audio_out"]),
    ]
    tensors = [
        *indices(1),
        tensor("half", 0.5),
        tensor("blocks", [0, -1, block], np.int64),
        tensor("flat", [0, -1], np.int64),
    ]
    shape = ["batch", "samples"]
    inputs = [
        floats("audio", shape),
        floats("drive", ["batch", "frames", 1]),
        floats("before", ["batch", 1]),
    ]
    outputs = [floats("audio_out", shape), floats("before_out", ["batch", 1])]
    its_card = card(
        domain="waveform",
        stft=None,
        block=block,
        latency=latency,
        inputs=("audio", "drive", "before"),
        outputs=("audio_out", "before_out"),
        states=(State("before", "before_out", (1,)),),
        parameters=(ModelParameter("drive", 1.0, 0.1, 4.0, "", "how hard"),),
        channels="linked" if linked else "mono",
    )
    return write(path, model(nodes, inputs, outputs, tensors), its_card)


def delay(path: Path, block: int, latency: int, sample_rate: int = RATE) -> str:
    """Give the audio `latency` samples late, and say so."""
    nodes = [
        node("Concat", ["held", "audio"], ["tape"], axis=1),
        node("Slice", ["tape", "zero", "minus_late", "one"], ["audio_out"]),
        node("Slice", ["tape", "minus_late", "end", "one"], ["held_out"]),
    ]
    shape: Shape = ["batch", "samples"]
    held: Shape = ["batch", latency]
    graph = model(
        nodes,
        [floats("audio", shape), floats("held", held)],
        [floats("audio_out", shape), floats("held_out", held)],
        indices(latency),
    )
    its_card = card(
        domain="waveform",
        stft=None,
        block=block,
        latency=latency,
        sample_rate=sample_rate,
        inputs=("audio", "held"),
        outputs=("audio_out", "held_out"),
        states=(State("held", "held_out", (latency,)),),
    )
    return write(path, graph, its_card)
