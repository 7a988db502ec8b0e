# SPDX-License-Identifier: GPL-3.0-or-later
"""Board: boxes in series, called as a pedalboard.Pedalboard is, and streamed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neuralboard.audio import Audio
from neuralboard.boxlist import BoxList
from neuralboard.errors import StreamError
from neuralboard.series import open_series
from neuralboard.voice import Voice

__all__ = ["Board"]


class Board(BoxList):
    """Boxes in series: ours, pedalboard's, VST3s, other boards and mixes; None is an empty slot.

    Parameters
    ----------
    plugins : iterable, optional
        What sound goes through, in this order.

    Examples
    --------
    >>> import numpy as np
    >>> from pedalboard import Gain
    >>> board = Board([Gain(6.0)])
    >>> board(np.full(4, 0.25, np.float32), 48_000).round(3)
    array([0.499, 0.499, 0.499, 0.499], dtype=float32)
    """

    def __call__(
        self,
        input_array: Audio,
        sample_rate: float,
        buffer_size: int = 8192,
        reset: bool = True,
        *,
        sidechain: Any = None,
        automation: Mapping[str, Any] | None = None,
    ) -> Audio:
        """Process audio; see `Processor.__call__`.

        Parameters
        ----------
        automation : mapping of str to breakpoints, optional
            "box.parameter" → [[seconds, value], ...]: the value at time t acts on the sound that
            entered at t. The board's own settings stay as they are.
        """
        if not automation:
            return super().__call__(
                input_array, sample_rate, buffer_size, reset, sidechain=sidechain
            )
        from neuralboard.automated import Automated

        if not reset:
            raise StreamError(
                "automation counts from the beginning of the sound, so reset=False can't take it;"
                " use Automated(board, automation).stream(sample_rate, channels)"
            )
        moving = Automated(self, automation)
        return moving(input_array, sample_rate, buffer_size, sidechain=sidechain)

    def process(
        self,
        input_array: Audio,
        sample_rate: float,
        buffer_size: int = 8192,
        reset: bool = True,
        *,
        sidechain: Any = None,
        automation: Mapping[str, Any] | None = None,
    ) -> Audio:
        """Process audio: the same as calling the board."""
        return self(
            input_array,
            sample_rate,
            buffer_size,
            reset,
            sidechain=sidechain,
            automation=automation,
        )

    def _open(self, sample_rate: int, channels: int) -> Voice:
        return open_series(self._items, sample_rate, channels)
