# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking into running voices: where their models are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from neuralboard.effects.neural.model_stream import ModelStream

__all__ = ["model_streams"]


def model_streams(voice: Any) -> Iterator[ModelStream]:
    """Give every model that runs in a voice, in its core or in those of its children."""
    todo = [voice]
    while todo:
        inner = todo.pop()
        if isinstance(inner, ModelStream):
            yield inner
            continue
        todo.extend(getattr(inner, "children", ()))
        todo.extend(
            value
            for value in vars(inner).values()
            if isinstance(value, ModelStream) or hasattr(value, "restart")
        )
