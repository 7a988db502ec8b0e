# SPDX-License-Identifier: GPL-3.0-or-later
"""The model file: one ``.onnx`` with its card inside (format 1, docs/model-file.md).

    card = Card(name=..., domain="spectrum", ...)      # any trainer
    data = add_card(onnx_bytes, card)                  # append it to the file's metadata
    model = load_model("my_model.onnx")                # checked, then loaded

The bytes are untrusted until they passed every check; a bad file is a `ModelFileError`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neuralboard.effects import model_trust
from neuralboard.effects.model_card import Card, DataSource, Golden, ModelParameter, State, Stft
from neuralboard.effects.model_golden import compute_golden, verify_golden
from neuralboard.effects.model_metadata import KEY, read_parts, with_metadata
from neuralboard.effects.model_probe import check_ports, input_shapes, probe
from neuralboard.effects.model_rules import check_graph
from neuralboard.effects.model_trial import try_apart
from neuralboard.effects.runtime import Graph, Limits, StepRunner, open_graph
from neuralboard.effects.shipped import SHIPPED
from neuralboard.errors import ModelFileError

__all__ = ["Card", "DataSource", "Golden", "ModelFile", "ModelParameter", "State", "Stft"]
__all__ += ["add_card", "add_golden", "load_model", "read_card"]

Floats = NDArray[np.float32]
Source = str | os.PathLike[str] | bytes


@dataclasses.dataclass(frozen=True)
class ModelFile:
    """A loaded model: its card and its graph. Holds no state; share it freely.

    Attributes
    ----------
    card : Card
    graph : Graph
        Shared by all that load the same bytes in this process.
    output_kind : str
        What the main output is: ``mask`` (complex pairs), ``gain`` (a real mask), ``spectrum``,
        ``audio`` or ``probabilities``.
    source : str
        The path, or a word for bytes; for messages.
    size : int
        Bytes of the file.
    """

    card: Card
    graph: Graph
    output_kind: str
    source: str
    size: int

    def start_states(self, batch: int) -> dict[str, Floats]:
        """Return the states of a new stream: name of the input → zeros ``[batch, *shape]``."""
        return {
            state.input: np.zeros((batch, *state.shape), np.float32) for state in self.card.states
        }

    def run(
        self,
        main: Floats,
        states: dict[str, Floats],
        parameters: Mapping[str, Floats] | None = None,
    ) -> Floats:
        """Run frames (or samples) through the graph; `states` is brought up to date in place.

        Parameters
        ----------
        main : float32
            ``spectrum [batch, frames, bins, 2]`` or ``audio [batch, samples]``.
        states : dict
            From `start_states`, or the last call.
        parameters : name → float32 ``[batch, frames, 1]``, optional
            Those left out are at their default.

        Returns
        -------
        float32
            The main output.
        """
        card = self.card
        feeds = {card.inputs[0]: main, **states, **(parameters or {})}
        if len(feeds) < len(card.inputs):
            shape = (main.shape[0], self.frames_of(main), 1)
            for p in card.parameters:
                if p.name not in feeds:
                    feeds[p.name] = np.full(shape, p.default, np.float32)
        found = dict(zip(self._names, self.graph.run(feeds), strict=True))
        for state in card.states:
            states[state.input] = found[state.output]
        return found[card.outputs[0]]

    def frames_of(self, main: Floats) -> int:
        """Return the number of frames (waveform: blocks), which parameters have values for."""
        return main.shape[1] // (1 if self.card.stft is not None else self.card.block)

    def runner(self, batch: int, frames: int = 1) -> StepRunner:
        """Return the fast path for calls of one fixed size, its states carried inside."""
        shapes = input_shapes(self.card, batch, frames)
        carry = {state.input: state.output for state in self.card.states}
        return self.graph.runner(shapes, carry)

    def verify(self) -> float:
        """Repeat the self-test; return the largest deviation from the golden output.

        Raises
        ------
        ModelFileError
            The output is another, or the card has none.
        """
        return verify_golden(self)

    @property
    def _names(self) -> list[str]:
        return [port.name for port in self.graph.outputs]


def read_card(source: Source, limits: Limits | None = None) -> Card:
    """Read the card alone; ONNX Runtime is not needed.

    Raises
    ------
    ModelFileError
        No model file, or a card that is wrong.
    """
    name = _name_of(source)
    with _naming(name):
        return _card_of(_read(source, limits or Limits()), name)


def _card_of(data: bytes, name: str) -> Card:
    parts = read_parts(data)
    if KEY not in parts.metadata:
        raise ModelFileError(
            f"{name} has no model card (metadata key '{KEY}'); add one with add_card"
            " (docs/model-file.md)"
        )
    card = Card.from_json(parts.metadata[KEY])
    if card.sha256 and card.sha256 != parts.graph_sha256:
        raise ModelFileError(
            f"the graph in {name} is not the one that its card was written for (SHA-256"
            f" {parts.graph_sha256[:12]}…, not {card.sha256[:12]}…): damaged or edited; get it anew"
        )
    return card


def add_card(data: bytes, card: Card) -> bytes:
    """Return the bytes of a model file: those of an ONNX model with its card appended.

    Parameters
    ----------
    data : bytes
        A serialised ModelProto, tensors inside. The graph stays byte for byte what it is.
    card : Card
        Its `sha256` is computed here. A card that was there before is replaced.
    """
    card = dataclasses.replace(card, sha256=read_parts(data).graph_sha256)
    return with_metadata(data, KEY, card.to_json())


def add_golden(data: bytes, seed: int = 1) -> bytes:
    """Return the bytes of a model file with its golden output, computed here, in its card.

    The file counts as trusted: its graph runs in this process.
    """
    model = load_model(data, trust=True)
    return add_card(data, dataclasses.replace(model.card, golden=compute_golden(model, seed)))


def load_model(
    source: Source, *, trust: bool = False, verify: bool = False, limits: Limits | None = None
) -> ModelFile:
    """Load a model file.

    Parameters
    ----------
    source : path or bytes
        The file, or what it holds.
    trust : bool
        Skip the first load in a process of its own, for a file that you made yourself.
    verify : bool
        Run the self-test against the card's golden output.
    limits : Limits, optional
        Other bounds than the usual ones.

    Raises
    ------
    ModelFileError
        The file can't be read, is broken, forbidden, or doesn't do what its card says.
    """
    name, limits = _name_of(source), limits or Limits()
    with _naming(name):
        model = _load(_read(source, limits), name, trust, limits)
        if verify:
            model.verify()
    return model


def _load(data: bytes, name: str, trust: bool, limits: Limits) -> ModelFile:
    card = _card_of(data, name)
    check_graph(data, limits)
    sha256 = hashlib.sha256(data).hexdigest()
    if not (trust or sha256 in SHIPPED.values() or model_trust.is_known(sha256)):
        try_apart(data, limits)
        model_trust.remember(sha256)
    graph = open_graph(data, limits)
    check_ports(card, graph)
    return ModelFile(card, graph, probe(card, graph, 1, 2), name, len(data))


@contextmanager
def _naming(name: str) -> Iterator[None]:
    """Let every error say which file it is about."""
    try:
        yield
    except ModelFileError as error:
        if name in str(error):
            raise
        raise type(error)(f"{name}: {error}") from None


def _name_of(source: Source) -> str:
    return "the model" if isinstance(source, bytes) else os.fspath(source)


def _read(source: Source, limits: Limits) -> bytes:
    if isinstance(source, bytes):
        data = source
    else:
        try:
            with Path(source).open("rb") as file:
                data = file.read(limits.max_bytes + 1)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise ModelFileError(
                f"can't read the model file {os.fspath(source)!r}: {reason.lower()}"
            ) from None
    if len(data) > limits.max_bytes:
        raise ModelFileError(
            f"the model file {_name_of(source)} is larger than {limits.max_bytes >> 20} MiB;"
            " a graph of this size is too slow for a board"
        )
    return data
