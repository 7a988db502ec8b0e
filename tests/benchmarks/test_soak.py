# SPDX-License-Identifier: GPL-3.0-or-later
"""Promise: minutes of random blocks and changes leave a model's voice as sound as it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import neuralboard as nb
from neuralboard.benchmarks.soak import Soak, soak
from tests.effects.neural import toy_models

Make = Callable[[Path], Any]


def neural_effect(folder: Path) -> Any:
    return nb.NeuralEffect(toy_models.recurrent(folder / "recurrent.onnx"))


def denoiser(folder: Path) -> Any:
    return nb.Denoiser(model=toy_models.denoiser(folder / "denoiser.onnx", lookahead=1))


@pytest.mark.parametrize(("make", "rate"), [(neural_effect, 48_000), (denoiser, 44_100)])
def test_two_minutes_of_random_blocks_and_changes(make: Make, rate: int, tmp_path: Path) -> None:
    result = soak(make(tmp_path), seconds=120.0, sample_rate=rate, channels=1)
    assert result.seconds >= 120.0
    assert result.changes > 200
    assert result.faults() == []


class Clicking(nb.Effect):
    """Takes over its gain at once, which a soak must hear."""

    gain = nb.Parameter(1.0, 0.0, 1.0)

    def process_block(self, block: Any, state: Any, p: Any) -> Any:
        return block * np.float32(self.gain)  # the target, not the value as heard


class Leaking(nb.Effect):
    """Keeps all that it hears, often: memory that other tests freed can't take it in."""

    def start(self, sample_rate: int, channels: int) -> Any:
        return SimpleNamespace(heard=[])

    def process_block(self, block: Any, state: Any, p: Any) -> Any:
        state.heard.append(np.concatenate([block] * 20))
        return block


@pytest.mark.parametrize(("box", "fault"), [(Clicking, "a click"), (Leaking, "memory grew")])
def test_it_hears_what_is_wrong(box: type[nb.Effect], fault: str) -> None:
    faults = soak(box(), seconds=60.0, channels=1).faults()
    assert any(line.startswith(fault) for line in faults)


def test_broken_samples_and_drift_are_faults() -> None:
    assert Soak(broken=1).faults() == ["1 output samples are NaN or Inf"]
    assert Soak(state_early=1.0, state_late=9.0).faults() == ["states drift: 1 became 9"]
    assert Soak(state_early=1.0, state_late=float("nan")).faults() != []
