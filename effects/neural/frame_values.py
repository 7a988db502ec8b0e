# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameters at the centres of frames, however constant pieces and ramps lie among them."""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
from numpy.typing import NDArray

from neuralboard.heard import Heard

__all__ = ["fill", "values_at"]


def values_at(heard: Heard, centres: NDArray[np.int64]) -> SimpleNamespace:
    """Return each parameter at these sample indices: a scalar where all are alike, or `[k]`."""
    edges = heard.edges(int(centres[0]), int(centres[-1]) + 1)
    cuts = sorted({int(np.searchsorted(centres, edge)) for edge in edges})
    pieces = [(b - a, vars(heard.at(centres[a:b]))) for a, b in pairwise(cuts)]
    if len(pieces) == 1:
        return SimpleNamespace(**pieces[0][1])
    joined = {}
    for name, first in pieces[0][1].items():
        values = [values[name] for _, values in pieces]
        if all(value is first for value in values):
            joined[name] = first
        else:
            joined[name] = np.concatenate(
                [np.full(count, values[name], np.float32) for count, values in pieces]
            )
    return SimpleNamespace(**joined)


def fill(target: NDArray[np.float32], value: float | NDArray[np.float32]) -> None:
    """Write a scalar or `[k]` into `[batch, k, 1]`."""
    target[...] = value[:, None] if isinstance(value, np.ndarray) else value
