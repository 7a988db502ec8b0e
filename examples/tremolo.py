# SPDX-License-Identifier: GPL-3.0-or-later
"""A box of your own. Streaming, ramps, mix, bypass, presets and checks come with the base class."""

from types import SimpleNamespace
from typing import Any

import numpy as np

import neuralboard as nb
from neuralboard.testing import check_box


class Tremolo(nb.Effect):
    """Make the level swing."""

    rate_hz = nb.Parameter(5.0, 0.1, 20.0, unit="Hz", doc="swings per second")
    depth = nb.Parameter(0.5, 0.0, 1.0, doc="0 leaves the sound alone")

    def start(self, sample_rate: int, channels: int) -> Any:
        """Remember where the swing is."""
        return SimpleNamespace(step=2 * np.pi / sample_rate, phase=0.0)

    def process_block(self, block: Any, state: Any, p: Any) -> Any:
        """Turn the level of `block` [channels, samples]."""
        steps = np.broadcast_to(p.rate_hz * state.step, block.shape[1:])
        phase = np.add.accumulate(np.concatenate([[state.phase], steps]))
        state.phase = phase[-1]
        swing = 1 - p.depth * (0.5 - 0.5 * np.cos(phase[:-1]))
        return block * swing.astype(np.float32)


check_box(Tremolo(depth=0.8))  # the conformance suite that neuralboard's own boxes pass
print(nb.Board([Tremolo(rate_hz=3.0), nb.Delay(delay_seconds=0.2)]))
