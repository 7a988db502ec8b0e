# SPDX-License-Identifier: GPL-3.0-or-later
"""RNNoise: a recurrent network of about 1.3 M parameters on 22 bands, 48 kHz.

Source: J.-M. Valin, "A hybrid DSP/deep learning approach to real-time full-band speech
enhancement", 2018; version 0.2 of xiph's library as the package `pyrnnoise` ships it, called by its
C function. (The package's own wrapper cuts the sound to 16 bits and imports PyAV and matplotlib.)
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

import numpy as np

from neuralboard.effects.peers.frame_peer import Frame, FramePeer
from neuralboard.effects.peers.packages import FLOATS, peer_library

__all__ = ["RNNoise"]

_FULL_SCALE = np.float32(32768.0)  # the library takes floats in the range of 16-bit integers


class RNNoise(FramePeer):
    """xiph's RNNoise; needs the package pyrnnoise. Latency 30 ms."""

    model_rate = 48_000
    frame_length = 480
    frame_delay = 960

    def open_channel(self) -> Any:
        return _State(_library())

    def run_frame(self, channel: Any, frame: Frame, p: Any) -> Frame:
        scaled, out = frame * _FULL_SCALE, np.empty_like(frame)
        channel.process(channel.handle, out.ctypes.data, scaled.ctypes.data)
        return np.asarray(out / _FULL_SCALE, np.float32)


class _State:
    def __init__(self, library: ctypes.CDLL) -> None:
        self._library, self.process = library, library.rnnoise_process_frame
        self.handle = library.rnnoise_create(None)

    def __del__(self) -> None:
        self._library.rnnoise_destroy(self.handle)


@cache
def _library() -> ctypes.CDLL:
    library = peer_library("rnnoise", "pyrnnoise", "pyrnnoise", "rnnoise")
    library.rnnoise_create.restype = ctypes.c_void_p
    library.rnnoise_create.argtypes = [ctypes.c_void_p]
    library.rnnoise_destroy.argtypes = [ctypes.c_void_p]
    library.rnnoise_destroy.restype = None
    library.rnnoise_process_frame.restype = ctypes.c_float
    library.rnnoise_process_frame.argtypes = [ctypes.c_void_p, FLOATS, FLOATS]  # state, out, in
    return library
