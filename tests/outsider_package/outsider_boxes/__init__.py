# SPDX-License-Identifier: GPL-3.0-or-later
"""A box made by others, registered by an entry point."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

import neuralboard as nb

__all__ = ["RingModulator"]


class RingModulator(nb.Effect):
    """Multiply by a sine: robots and bells."""

    carrier_hz = nb.Parameter(440.0, 1.0, 8000.0, unit="Hz", doc="frequency of the sine")

    def start(self, sample_rate: int, channels: int) -> Any:
        return SimpleNamespace(step=2 * np.pi / sample_rate, phase=0.0)

    def process_block(self, block: Any, state: Any, p: Any) -> Any:
        steps = np.broadcast_to(p.carrier_hz * state.step, block.shape[1:])
        phase = np.add.accumulate(np.concatenate([[state.phase], steps]))
        state.phase = phase[-1]
        return block * np.sin(phase[:-1]).astype(np.float32)
