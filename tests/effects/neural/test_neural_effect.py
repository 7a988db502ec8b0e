# SPDX-License-Identifier: GPL-3.0-or-later
"""Promise: a model file is a box like any other; its card brings the parameters."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neuralboard as nb
from neuralboard import testing
from neuralboard.effects.model_file import ModelParameter
from neuralboard.errors import UnknownParameterError
from tests.effects.neural import toy_models
from tests.effects.neural.conftest import Models

TOLERANCE = 2e-6  # ONNX Runtime rounds otherwise when it gets other numbers of frames at once

KINDS: list[tuple[str, dict[str, Any]]] = [
    ("recurrent", {}),
    ("recurrent", {"complex_mask": False}),
    ("recurrent", {"linked": True}),
    ("gate", {"lookahead": 1}),
    ("echo", {}),
    ("split", {}),
    ("amp", {"block": 1}),
    ("amp", {"block": 480}),
    ("amp", {"linked": True}),
    ("delay", {"block": 10, "latency": 37, "sample_rate": 16_000}),
]


@pytest.mark.parametrize(("kind", "options"), KINDS, ids=lambda value: str(value))
def test_it_keeps_the_contract(models: Models, kind: str, options: dict[str, Any]) -> None:
    testing.check_box(nb.NeuralEffect(models(kind, **options)), tolerance=TOLERANCE)


def test_the_cards_parameters_are_the_boxs(models: Models) -> None:
    box = nb.NeuralEffect(models("recurrent"), drive=0.25)
    assert list(box.parameters) == ["model", "drive", "bias", "mix", "bypass", "name"]
    bias = box.parameters["bias"]
    assert (bias.default, bias.minimum, bias.maximum, bias.unit) == (0.0, -3.0, 3.0, "dB")
    assert (box.drive, box.bias) == (0.25, 0.0)
    box.bias = 2
    assert box.bias == 2.0
    with pytest.raises(nb.ParameterError, match=r"NeuralEffect\.bias = 4: out of range"):
        box.bias = 4
    with pytest.raises(UnknownParameterError, match="did you mean 'drive'"):
        nb.NeuralEffect(models("recurrent"), drve=0.5)


def test_two_models_do_not_share_parameters(models: Models) -> None:
    assert "drive" in nb.NeuralEffect(models("recurrent")).parameters
    assert "drive" not in nb.NeuralEffect(models("gate")).parameters
    assert "drive" not in nb.NeuralEffect.__dict__


def test_a_parameter_reaches_the_graph(models: Models, rng: np.random.Generator) -> None:
    audio = rng.uniform(-0.5, 0.5, (1, 4096)).astype(np.float32)
    drive = 2.5
    out = nb.NeuralEffect(models("amp"), drive=drive)(audio, toy_models.RATE)
    before = np.concatenate([np.zeros((1, 1), np.float32), audio[:, :-1]], axis=1)
    np.testing.assert_allclose(out, np.tanh(drive * (audio + before) / 2), atol=1e-6)


def test_it_travels_in_text_presets_pickles_and_copies(
    models: Models, rng: np.random.Generator
) -> None:
    path = models("recurrent")
    box = nb.NeuralEffect(path, drive=0.7, mix=0.5, name="mine")
    assert repr(box) == f"NeuralEffect(model={path!r}, drive=0.7, mix=0.5, name='mine')"
    board = nb.Board([box])
    twins = {
        "repr": eval(repr(box), {"NeuralEffect": nb.NeuralEffect}),
        "pickle": pickle.loads(pickle.dumps(box)),
        "deepcopy": copy.deepcopy(box),
        "copy": copy.copy(box),
        "chain": nb.parse_chain(board.to_chain())[0],
        "preset": nb.from_json(board.to_json())[0],
    }
    audio = rng.uniform(-0.5, 0.5, (2, 6000)).astype(np.float32)
    want = box(audio, 44_100)
    for way, twin in twins.items():
        assert twin == box, way
        np.testing.assert_array_equal(twin(audio, 44_100), want, err_msg=way)
        twin.drive = 0.1
        assert box.drive == 0.7, way
        assert twin != box, way


def test_chain_text_takes_the_path_by_position(models: Models) -> None:
    path = models("recurrent")
    (box,) = nb.parse_chain(f"neural_effect({path!r}, drive=0.7)")
    assert (box.model, box.drive) == (path, 0.7)
    with pytest.raises(nb.PresetError, match="unknown parameter 'drve'"):
        nb.from_json(nb.Board([box]).to_json().replace("drive", "drve"))


def test_it_keeps_its_model(models: Models) -> None:
    box = nb.NeuralEffect(models("recurrent"))
    with pytest.raises(nb.ParameterError, match="keeps its model"):
        box.model = models("gate")
    assert box.model == models("recurrent")


def test_what_is_wrong_is_said(models: Models, tmp_path: Path) -> None:
    with pytest.raises(nb.ParameterError, match="needs a model file"):
        nb.NeuralEffect()
    with pytest.raises(nb.ParameterError, match="model = 3: not the path"):
        nb.NeuralEffect(3)
    with pytest.raises(nb.ModelFileError, match="nowhere"):
        nb.NeuralEffect(str(tmp_path / "nowhere.onnx"))
    with pytest.raises(nb.AudioError, match="44101"):
        nb.NeuralEffect(models("gate")).stream(44_101, 1)


@pytest.mark.parametrize("name", ["process", "mix", "stem", "_values"])
def test_a_model_cannot_take_a_name_that_the_box_needs(tmp_path: Path, name: str) -> None:
    path = toy_models.with_parameter(tmp_path / "odd.onnx", ModelParameter(name, 0.0, 0.0, 1.0))
    with pytest.raises(nb.ModelFileError, match=f"a parameter '{name}'.*rename it"):
        nb.NeuralEffect(path)


def test_importing_neuralboard_loads_no_runtime() -> None:
    code = (
        "import sys, neuralboard as nb; nb.Denoiser(); nb.parse_chain('denoiser(strength=0.9)');"
        "sys.exit('onnxruntime' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
