# SPDX-License-Identifier: GPL-3.0-or-later
"""FramePeer: the base of peers that take exactly one frame of samples and give one.

Blocks of any size are collected into frames, and the output waits in a queue. A sample may have to
wait for the last of its frame, so that the smallest constant latency is `frame_length - 1` plus the
delay of the peer itself; that is what is declared.

    block ──▶ [ frame being filled ] ──full──▶ peer ──▶ [ queue, begun with L - 1 zeros ] ──▶ block
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralboard.effect import Effect

__all__ = ["Frame", "FramePeer"]

Frame = NDArray[np.float32]


class FramePeer(Effect):
    """Base: `open_channel` makes a peer's state, `run_frame` takes `[frame_length]` to the same.

    Attributes
    ----------
    frame_length : int
        Samples at `model_rate` that the peer takes at a time.
    frame_delay : int
        Samples by which its output is late when whole frames go in.
    """

    frame_length: int = 480
    frame_delay: int = 0

    def open_channel(self) -> Any:
        """Return the state of one channel, or raise `MissingPeerError`."""
        raise TypeError(f"{type(self).__name__} has no open_channel")

    def run_frame(self, channel: Any, frame: Frame, p: Any) -> Frame:
        """Process one contiguous frame."""
        raise TypeError(f"{type(self).__name__} has no run_frame")

    def latency_samples(self, sample_rate: int) -> int:
        return self.frame_length - 1 + self.frame_delay

    def start(self, sample_rate: int, channels: int) -> Any:
        return SimpleNamespace(
            channels=[self.open_channel() for _ in range(channels)],
            waiting=np.zeros((channels, 0), np.float32),
            queue=np.zeros((channels, self.frame_length - 1), np.float32),
        )

    def process_block(self, block: NDArray[np.float32], state: Any, p: Any) -> NDArray[np.float32]:
        length, held = self.frame_length, state.waiting.shape[1]
        joined = np.concatenate([state.waiting, block], axis=1)
        count = joined.shape[1] // length
        parts = [state.queue]
        for number in range(count):
            # What is heard when the frame is full: the same sample under any block schedule.
            values = _values_at(p, (number + 1) * length - held - 1, self._ramped())
            piece = joined[:, number * length : (number + 1) * length]
            parts.append(
                np.stack(
                    [
                        self.run_frame(channel, np.ascontiguousarray(row), values)
                        for channel, row in zip(state.channels, piece, strict=True)
                    ]
                )
            )
        state.waiting = joined[:, count * length :].copy()
        queue = np.concatenate(parts, axis=1) if count else state.queue
        out, state.queue = queue[:, : block.shape[1]].copy(), queue[:, block.shape[1] :]
        return out

    def _ramped(self) -> list[str]:
        return [name for name in self.parameters if name not in self._shared_names]


def _values_at(p: Any, index: int, names: list[str]) -> Any:
    """Return the parameters as one sample hears them."""
    values = {name: getattr(p, name) for name in names}
    return SimpleNamespace(
        **{n: float(v[index]) if isinstance(v, np.ndarray) else v for n, v in values.items()}
    )
