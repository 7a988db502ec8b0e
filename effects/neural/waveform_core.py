# SPDX-License-Identifier: GPL-3.0-or-later
"""A model on samples, in one stream: blocks of any size are dealt out in the model's own blocks.

    block ─▶ FIFO ─▶ graph, whole blocks of the model ─▶ FIFO, block - 1 zeros in front ─▶ block

A block of one sample must be served at once, so the smallest constant latency of framing is
block - 1 samples; what the model itself delays comes on top.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from neuralboard import cpp_ext
from neuralboard.audio import Audio
from neuralboard.effect import Core
from neuralboard.effects.model_file import ModelFile
from neuralboard.effects.model_probe import most_frames
from neuralboard.effects.neural.frame_values import fill, values_at
from neuralboard.effects.neural.model_stream import ModelStream
from neuralboard.heard import Heard

__all__ = ["WaveformCore"]


class WaveformCore(Core):
    """Runs a model of domain `waveform`; the arguments are those of `SpectrumCore`."""

    def __init__(self, box: Any, model: ModelFile, sample_rate: int, channels: int) -> None:
        card = model.card
        stem = getattr(box, "stem", None)
        self.stems = card.stems if stem is None else ()
        self._pick = None if stem is None else card.stems.index(stem)
        self._channels = channels
        self._batch = 1 if card.channels == "linked" else channels
        self._averages = self._batch != channels
        self._size = size = card.block
        self._longest = size * most_frames(card)
        self.latency = size - 1 + card.latency
        causes = {"block": size - 1, "model": card.latency}
        self.causes = {cause: samples for cause, samples in causes.items() if samples}
        self._rows = channels * max(len(self.stems), 1)
        self._in = cpp_ext.Fifo(channels, size + self._longest)
        self._out = cpp_ext.Fifo(self._rows, 2 * size + self._longest)
        self._heard = Heard(box, sample_rate, box._shared_names)
        self._graph = ModelStream(model, self._batch)
        self._parameters = [parameter.name for parameter in card.parameters]
        self.restart()

    def restart(self) -> None:
        self._position = self._block = 0
        self._in.clear()
        self._out.clear()
        self._out.push(np.zeros((self._rows, self._size - 1), np.float32))
        self._heard.restart()
        self._graph.reset()

    def process(self, block: Audio, side: Audio | None) -> Audio:
        num_samples = block.shape[1]
        constant = self._heard.update(self._position)
        self._position += num_samples
        pieces = []
        for start in range(0, num_samples, self._longest):
            piece = np.ascontiguousarray(block[:, start : start + self._longest])
            self._in.push(piece)
            ready = self._in.size // self._size * self._size
            if ready:
                self._out.push(self._run(self._in.pop(ready), constant))
            pieces.append(self._out.pop(piece.shape[1]))
        out = pieces[0] if len(pieces) == 1 else np.concatenate(pieces, axis=1)
        return out.reshape(len(self.stems), self._channels, -1) if self.stems else out

    def _run(self, audio: Audio, constant: bool) -> Audio:
        """Give the graph whole blocks `[channels, m·block]`; return `[rows, m·block]`."""
        num_samples = audio.shape[1]
        count = num_samples // self._size
        if self._averages:
            audio = np.mean(audio, axis=0, keepdims=True)
        p = self._heard.constant
        if not constant:
            centres = np.arange(self._block, self._block + count) * self._size + self._size // 2
            p = values_at(self._heard, centres)
            self._heard.forget(int(centres[-1]) + self._size)
        self._block += count
        if count == 1:
            np.copyto(self._graph.inputs["audio"], audio)
            for name in self._parameters:
                fill(self._graph.inputs[name], getattr(p, name))
            result = self._graph.step()
        else:
            fed = {name: np.empty((self._batch, count, 1), np.float32) for name in self._parameters}
            for name, array in fed.items():
                fill(array, getattr(p, name))
            result = self._graph.run(audio, fed, count)
        if self._pick is not None:
            result = result[self._pick]
        if self._averages:  # one result for every channel
            result = np.repeat(result, self._channels, axis=-2)
        return np.ascontiguousarray(result.reshape(-1, num_samples))
