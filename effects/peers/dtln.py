# SPDX-License-Identifier: GPL-3.0-or-later
"""DTLN: a mask on the spectrum, then one on a learned transform; 1 M parameters, 16 kHz.

Source: N. L. Westhausen, B. T. Meyer, "Dual-signal transformation LSTM network for real-time noise
suppression", 2020; the public files are its two ONNX graphs, trained on 500 h of DNS data.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from neuralboard.effects.peers.frame_peer import Frame, FramePeer
from neuralboard.effects.peers.graphs import open_public, path_setting

__all__ = ["DTLN"]

_BLOCK, _SHIFT = 512, 128
_SOURCE = "the folder with model_1.onnx and model_2.onnx: pretrained_model of breizhn/DTLN (github)"


class DTLN(FramePeer):
    """DTLN from the folder of its two public ONNX files. Everything above 8 kHz goes."""

    path = path_setting("the folder with model_1.onnx and model_2.onnx")
    model_rate = 16_000
    frame_length = _SHIFT
    frame_delay = _BLOCK - _SHIFT

    def open_channel(self) -> Any:
        names = ("model_1.onnx", "model_2.onnx")
        files = [self.path and str(Path(self.path) / name) for name in names]
        graphs = [open_public("dtln", file, _SOURCE) for file in files]
        return SimpleNamespace(
            graphs=graphs,
            names=[[port.name for port in graph.inputs] for graph in graphs],
            states=[
                np.zeros([int(n or 0) for n in graph.inputs[1].shape], np.float32)
                for graph in graphs
            ],
            heard=np.zeros(_BLOCK, np.float32),
            made=np.zeros(_BLOCK, np.float32),
        )

    def run_frame(self, channel: Any, frame: Frame, p: Any) -> Frame:
        channel.heard = np.concatenate([channel.heard[_SHIFT:], frame])
        spectrum = np.fft.rfft(channel.heard)
        mask = self._run(channel, 0, np.abs(spectrum).astype(np.float32))
        block = np.fft.irfft(spectrum * mask).astype(np.float32)
        channel.made = np.concatenate([channel.made[_SHIFT:], np.zeros(_SHIFT, np.float32)])
        channel.made += self._run(channel, 1, block)
        return np.asarray(channel.made[:_SHIFT].copy())

    @staticmethod
    def _run(channel: Any, number: int, values: Frame) -> Frame:
        entry, state = channel.names[number]
        feeds = {entry: values[None, None], state: channel.states[number]}
        out, channel.states[number] = channel.graphs[number].run(feeds)
        return np.asarray(out).reshape(-1)
