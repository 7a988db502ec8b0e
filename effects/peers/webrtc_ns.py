# SPDX-License-Identifier: GPL-3.0-or-later
"""WebRTC's noise suppression: a Wiener filter with tracked noise, 16 kHz, 16 bits, mono.

The package `webrtc-noise-gain` brings Google's audio processing module with its high-pass filter,
which cannot be switched off; its automatic gain is.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from neuralboard.effects.peers.frame_peer import Frame, FramePeer
from neuralboard.effects.peers.packages import import_peer
from neuralboard.parameter import Choice

__all__ = ["WebrtcNS"]

_LEVELS = ("off", "low", "moderate", "high", "very_high")


class WebrtcNS(FramePeer):
    """WebRTC NS; needs the package webrtc-noise-gain. Everything above 8 kHz goes.

    Parameters
    ----------
    suppression : str
        "off" (the high-pass filter alone), "low", "moderate", "high" or "very_high".
    """

    suppression = Choice("moderate", _LEVELS, doc="how much is taken away", next_stream=True)
    model_rate = 16_000
    frame_length = 160
    frame_delay = 96

    def open_channel(self) -> Any:
        package = import_peer("webrtc_ns", "webrtc_noise_gain", "webrtc-noise-gain")
        return package.AudioProcessor(0, _LEVELS.index(self.suppression))

    def run_frame(self, channel: Any, frame: Frame, p: Any) -> Frame:
        whole = np.clip(np.rint(frame * 32768.0), -32768, 32767).astype(np.int16)
        out = np.frombuffer(channel.Process10ms(whole.tobytes()).audio, np.int16)
        return np.asarray(out / np.float32(32768.0), np.float32)
