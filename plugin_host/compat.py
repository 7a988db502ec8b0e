# SPDX-License-Identifier: GPL-3.0-or-later
"""pedalboard's functions whose own versions can't hold our boxes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pedalboard.io
from pedalboard_native.utils import Chain

from neuralboard import natives
from neuralboard.audio import Audio
from neuralboard.board import Board
from neuralboard.errors import BoxError

__all__ = ["AudioStream", "process"]


def process(
    input_array: Audio,
    sample_rate: float,
    plugins: Iterable[Any],
    buffer_size: int = 8192,
    reset: bool = True,
) -> Audio:
    """Process audio through a list of boxes, as pedalboard.process does."""
    return Board(plugins)(input_array, sample_rate, buffer_size, reset)


class AudioStream(pedalboard.io.AudioStream):
    """pedalboard's AudioStream; it runs native effects only, and says so when given others."""

    def __init__(self, *args: Any, plugins: Any = None, **kwargs: Any) -> None:
        if plugins is not None:
            items = list(plugins) if isinstance(plugins, Iterable) else [plugins]
            ours = [item for item in items if not natives.is_native(item)]
            if ours:
                raise BoxError(
                    f"AudioStream(plugins=...) can't run {type(ours[0]).__name__}: it is native"
                    " code inside pedalboard; open board.stream(sample_rate, channels) and process"
                    " the blocks between AudioStream.read and write"
                )
            kwargs["plugins"] = Chain(items)
        super().__init__(*args, **kwargs)
        self._opened = True

    def __repr__(self) -> str:
        # pedalboard's own text of a stream that did not open reads memory that is not there, and a
        # traceback that shows arguments asks for it.
        return super().__repr__() if hasattr(self, "_opened") else "<AudioStream, not opened>"
