# SPDX-License-Identifier: GPL-3.0-or-later
"""noisereduce: spectral gating in Python, the whole recording at once.

Source: T. Sainburg, "noisereduce", package of the same name. It looks ahead over seconds and can't
be streamed: `stream()` raises `StreamingNotSupported`.
"""

from __future__ import annotations

import warnings
from typing import Any, ClassVar

import numpy as np

from neuralboard.audio import Audio
from neuralboard.effect import EffectBase
from neuralboard.effects.peers.packages import import_peer
from neuralboard.guard import BrokenSamples
from neuralboard.parameter import Parameter, Switch
from neuralboard.voice import Sidechains, Voice

__all__ = ["Noisereduce"]

_LEAST_SECONDS = 0.1  # it raises on recordings shorter than a few of its frames


class Noisereduce(EffectBase):
    """Spectral gating by the package noisereduce; whole recordings only.

    Parameters
    ----------
    stationary : bool
        True: one noise level for all of the recording; False: a moving one.
    reduction : float
        0 removes nothing, 1 all that is below the threshold.
    """

    stationary = Switch(False, doc="one noise level for the whole recording")
    reduction = Parameter(1.0, 0.0, 1.0, doc="share of the noise that is removed")
    neutral: ClassVar[dict[str, Any]] = {"reduction": 0.0}

    @property
    def streamable(self) -> bool:
        return False

    def _open(self, sample_rate: int, channels: int) -> Voice:
        return _WholeVoice(self, sample_rate, channels)


class _WholeVoice(Voice):
    streamable = False
    whole_name = "noisereduce"

    def __init__(self, box: Noisereduce, sample_rate: int, channels: int) -> None:
        super().__init__(sample_rate, channels)
        self._package = import_peer("noisereduce", "noisereduce", "noisereduce")
        self._box = box
        self._guard = BrokenSamples("the output of noisereduce")

    def reset(self) -> None:
        self._guard.reset()

    def render(self, audio: Audio, side: Sidechains | None = None) -> Audio:
        box = self._box
        wet = 0.0 if box.bypass else float(box.mix)
        if wet == 0.0 or not np.any(audio):
            return audio.copy()
        length = max(audio.shape[1], round(_LEAST_SECONDS * self.sample_rate))
        padded = np.zeros((audio.shape[0], length), np.float32)
        padded[:, : audio.shape[1]] = audio
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # divisions by 0 in digital silence, cured below
            out = self._package.reduce_noise(
                y=padded,
                sr=self.sample_rate,
                stationary=bool(box.stationary),
                prop_decrease=float(box.reduction),
            )
        clean = self._guard.clean(np.ascontiguousarray(out[:, : audio.shape[1]], np.float32))
        return np.asarray(audio * (1 - wet) + clean * wet, np.float32) if wet < 1.0 else clean
