# SPDX-License-Identifier: GPL-3.0-or-later
"""The probe run: a graph, fed with zeros, must give what its card says.

What a graph declares about its outputs may be odd or false, so it is run and looked at.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuralboard.effects.model_card import Card
from neuralboard.effects.runtime import Graph
from neuralboard.errors import ModelFileError

__all__ = ["MAX_FRAMES", "MAX_SAMPLES", "check_ports", "input_shapes", "most_frames", "probe"]

MAX_FRAMES = 128
MAX_SAMPLES = 16_384
"""Per call, what a host asks for at most: beyond, memory grows and nothing gets faster."""


def most_frames(card: Card) -> int:
    """Return how many frames (waveform: blocks) a host may ask for in one call."""
    return MAX_FRAMES if card.stft is not None else max(1, MAX_SAMPLES // card.block)


def input_shapes(card: Card, batch: int, frames: int) -> dict[str, tuple[int, ...]]:
    """Return the shape of every input for a call of so many frames (waveform: blocks)."""
    if card.stft is not None:
        main: tuple[int, ...] = (batch, frames, card.stft.bins, 2)
    else:
        main = (batch, frames * card.block)
    return {
        card.inputs[0]: main,
        **{p.name: (batch, frames, 1) for p in card.parameters},
        **{state.input: (batch, *state.shape) for state in card.states},
    }


def check_ports(card: Card, graph: Graph) -> None:
    """Compare the names, types and ranks of the graph's inputs and outputs with the card."""
    for what, ports, wanted in (
        ("inputs", graph.inputs, card.inputs),
        ("outputs", graph.outputs, card.outputs),
    ):
        names = [port.name for port in ports]
        if sorted(names) != sorted(wanted):
            raise ModelFileError(
                f"the graph's {what} are {', '.join(names)}, its card says {', '.join(wanted)};"
                " make them equal"
            )
        for port in ports:
            if port.type != "tensor(float)":
                raise ModelFileError(
                    f"the graph's '{port.name}' is a {port.type}; it must be float32"
                )
    shapes = input_shapes(card, 1, 1)
    states = {state.input for state in card.states}
    for port in graph.inputs:
        wanted_shape = shapes[port.name]
        if len(port.shape) != len(wanted_shape):
            raise ModelFileError(
                f"the graph's input '{port.name}' has the shape {list(port.shape)}; by its card it"
                f" must have {len(wanted_shape)} axes"
            )
        moving = 1 if port.name in states else 2
        for axis, size in enumerate(port.shape):
            if axis < moving and isinstance(size, int):
                raise ModelFileError(
                    f"the graph's input '{port.name}' has the fixed size {size} at axis {axis};"
                    " export it with dynamic batch and frames (dynamic_axes)"
                )
            if axis >= moving and isinstance(size, int) and size != wanted_shape[axis]:
                raise ModelFileError(
                    f"the graph's input '{port.name}' has the size {size} at axis {axis}; by its"
                    f" card it must be {wanted_shape[axis]}"
                )


def probe(card: Card, graph: Graph, batch: int, frames: int) -> str:
    """Run zeros through the graph and compare every output with the card.

    Returns
    -------
    str
        What the main output is: ``mask``, ``gain``, ``spectrum``, ``audio`` or ``probabilities``.

    Raises
    ------
    ModelFileError
    """
    shapes = input_shapes(card, batch, frames)
    feeds = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
    for p in card.parameters:
        feeds[p.name].fill(p.default)
    outputs = [port.name for port in graph.outputs]
    found = dict(zip(outputs, graph.run(feeds), strict=True))
    for state in card.states:
        _same_shape(found[state.output], state.output, [(batch, *state.shape)])
    main, shape = found[card.outputs[0]], shapes[card.inputs[0]]
    stems = (len(card.stems),) if card.stems else ()
    if card.domain == "labels":
        _same_shape(main, card.outputs[0], [(batch, frames, len(card.labels))])
        return "probabilities"
    if card.outputs[0] != "mask":
        _same_shape(main, card.outputs[0], [(*stems, *shape)])
        return "audio" if card.domain == "waveform" else "spectrum"
    _same_shape(main, card.outputs[0], [(*stems, *shape), (*stems, *shape[:-1])])
    return "mask" if main.ndim == len(stems) + len(shape) else "gain"


def _same_shape(found: NDArray[np.float32], name: str, wanted: list[tuple[int, ...]]) -> None:
    if found.dtype != np.float32 or found.shape not in wanted:
        raise ModelFileError(
            f"the graph's output '{name}' is {found.dtype}{list(found.shape)}; by its card it must"
            f" be float32{' or '.join(str(list(shape)) for shape in wanted)}"
        )
    if not np.all(np.isfinite(found)):
        raise ModelFileError(
            f"the graph's output '{name}' is not finite when zeros come in; add a floor before"
            " logarithms and divisions"
        )
