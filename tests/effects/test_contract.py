# SPDX-License-Identifier: GPL-3.0-or-later
"""Promise: every box of ours keeps the contract. A box enters this list by being registered."""

from __future__ import annotations

from typing import Any

import pytest

import neuralboard as nb
from neuralboard import registry, testing

# Peers wrap what others made, mostly from packages that are not installed: test_peers.py.
OURS = [
    name for name, where in nb.effects.BOXES.items() if name != "box" and ".peers." not in where
]
# ONNX Runtime adds in another order for another number of frames; DSP is bit for bit.
NEURAL_TOLERANCE = 2e-6


@pytest.mark.parametrize("name", OURS)
def test_it_keeps_the_contract(name: str) -> None:
    cls: Any = registry.find(name)
    neural = cls.__module__.startswith("neuralboard.effects.neural.")
    try:
        box = cls()
        box.open(48_000, 2).close()
    except (nb.ModelFileError, nb.ParameterError) as error:
        pytest.skip(f"it needs a file, tests/effects/neural gives it one: {error}")
    testing.check_box(box, tolerance=NEURAL_TOLERANCE if neural else 0.0)
