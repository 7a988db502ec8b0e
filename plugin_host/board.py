# SPDX-License-Identifier: GPL-3.0-or-later
"""Board: boxes in series, called as a pedalboard.Pedalboard is, and streamed."""

from __future__ import annotations

from neuralboard.boxlist import BoxList
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

    def _open(self, sample_rate: int, channels: int) -> Voice:
        return open_series(self._items, sample_rate, channels)
