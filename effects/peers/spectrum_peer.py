# SPDX-License-Identifier: GPL-3.0-or-later
"""SpectrumPeer: the base of public 16 kHz models that take one complex frame and their states."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np

from neuralboard.effects.peers.graphs import open_public, path_setting
from neuralboard.spectral import Frames, SpectralEffect

__all__ = ["SpectrumPeer"]


class SpectrumPeer(SpectralEffect):
    """Base: graph input 0 is `[1, bins, 1, 2]`, the rest are states; outputs in the same order."""

    path = path_setting("the public ONNX file")
    model_rate = 16_000
    n_fft, hop_length = 512, 256
    box_name: ClassVar[str] = ""
    source: ClassVar[str] = ""

    def start(self, sample_rate: int, channels: int) -> Any:
        graph = open_public(self.box_name, self.path, self.source)
        fixed = {port.name: [int(n or 0) for n in port.shape] for port in graph.inputs[1:]}
        zeros = {name: np.zeros(shape, np.float32) for name, shape in fixed.items()}
        return SimpleNamespace(
            run=graph.run,
            entry=graph.inputs[0].name,
            states=[dict(zeros) for _ in range(channels)],
        )

    def process_frames(self, frames: Frames, state: Any, p: Any) -> Frames:
        out = np.empty_like(frames)
        for channel, states in enumerate(state.states):
            for k in range(frames.shape[1]):
                frame = np.ascontiguousarray(frames[channel, k]).view(np.float32)
                feeds = {state.entry: frame.reshape(1, -1, 1, 2), **states}
                spectrum, *later = state.run(feeds)
                states.update(zip(states, later, strict=True))
                out[channel, k] = spectrum[0, :, 0, 0] + 1j * spectrum[0, :, 0, 1]
        return out
