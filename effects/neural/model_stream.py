# SPDX-License-Identifier: GPL-3.0-or-later
"""One model running in one stream: its states from call to call, and no broken number in them.

The graph is shared by every stream of a file and remembers nothing. A frame by itself runs on
memory bound once (`StepRunner`); several together cost a fifth per frame.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from neuralboard import cpp_ext
from neuralboard.effects.model_file import ModelFile
from neuralboard.effects.runtime import GraphError
from neuralboard.errors import BrokenSamplesWarning, ModelFileError

__all__ = ["ModelStream"]

Floats = NDArray[np.float32]

_LIMIT = 1e30  # what is larger is on its way to Inf
find_broken = cpp_ext.find_broken


class ModelStream:
    """Runs a model with the states of one stream.

    Where numbers come out broken (NaN, Inf, beyond 1e30), that row of the batch is silent for the
    frame and its states start anew: no state is ever poisoned.

    Parameters
    ----------
    model : ModelFile
    batch : int
        Rows: the channels, or 1.

    Attributes
    ----------
    inputs : dict of str to ndarray
        What `step` reads: the main input and every parameter, of one frame (waveform: block).
    """

    def __init__(self, model: ModelFile, batch: int) -> None:
        card = model.card
        self._model, self._batch = model, batch
        self._main, self._result = card.inputs[0], card.outputs[0]
        self._unit = card.block if card.domain == "waveform" else 1
        self._stems = bool(card.stems)
        self._runner = model.runner(batch)
        self.inputs = self._runner.inputs
        self._warned = False

    def reset(self) -> None:
        """Begin a new stream: all states are 0."""
        self._runner.reset()
        self._warned = False

    def states(self) -> dict[str, Floats]:
        """Return copies of the states, by the name of the input that takes each."""
        return self._runner.states()

    def step(self) -> Floats:
        """Run one frame from `inputs`; the result is overwritten two calls later."""
        try:
            outputs = self._runner.run()
        except GraphError as error:
            raise self._named(error) from None
        if find_broken(self._runner.latest, _LIMIT)[0]:
            self._mend(outputs)
        return outputs[self._result]

    def run(self, main: Floats, parameters: Mapping[str, Floats], frames: int) -> Floats:
        """Run several frames at once; the result is a new array.

        Parameters
        ----------
        main : ndarray of float32
            ``[batch, frames, bins, 2]`` or ``[batch, frames · block]``.
        parameters : dict of str to ndarray of float32, ``[batch, frames, 1]``
        frames : int
        """
        states = self._runner.states()
        try:
            result = self._model.run(main, states, parameters)
        except GraphError as error:
            raise self._named(error) from None
        if _sound(result) and all(_sound(state) for state in states.values()):
            self._runner.load_states(states)
            return result
        # One frame at a time, so that what is lost does not depend on the block schedule.
        results = []
        for t in range(frames):
            cut = slice(t * self._unit, (t + 1) * self._unit)
            np.copyto(self.inputs[self._main], main[:, cut])
            for name, values in parameters.items():
                np.copyto(self.inputs[name], values[:, t : t + 1])
            results.append(self.step().copy())
        return np.concatenate(results, axis=2 if self._stems else 1)

    def _mend(self, outputs: Mapping[str, Floats]) -> None:
        """Silence the rows of one frame's outputs that are broken, and restart their states."""
        for row in range(self._batch):
            pieces = [
                array[:, row] if self._stems and name == self._result else array[row]
                for name, array in outputs.items()
            ]
            if all(_sound(piece) for piece in pieces):
                continue
            for piece in pieces:
                piece[...] = 0.0
            if not self._warned:
                self._warned = True
                warnings.warn(
                    f"the model {self._model.card.name} gave broken numbers (NaN, Inf or beyond"
                    " 1e30): such frames are silenced and its states restart; later ones in this"
                    " stream without a word",
                    BrokenSamplesWarning,
                    stacklevel=8,
                )

    def _named(self, error: GraphError) -> ModelFileError:
        return GraphError(f"{self._model.source}: {error}")


def _sound(values: Floats) -> bool:
    """Return whether no value is broken."""
    flat = np.ascontiguousarray(values).reshape(1, -1)
    return not find_broken(flat, _LIMIT)[0]
