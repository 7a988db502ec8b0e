# SPDX-License-Identifier: GPL-3.0-or-later
"""Promise: a model file with several stems parts files of any length, at any rate, as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

import neuralboard as nb
from neuralboard import main as door
from neuralboard.errors import BoxError
from tests.effects.neural.conftest import Models
from tests.plugin_host.file_helpers import float_wav

SUM_DB = -100.0


def _sum_db(stems: Any, mix: NDArray[np.float32]) -> float:
    total = np.sum([np.asarray(stem, np.float64) for stem in stems], axis=0)
    return float(10 * np.log10(np.sum((total - mix) ** 2) / np.sum(mix.astype(np.float64) ** 2)))


@pytest.mark.parametrize("rate", [48_000, 44_100])
def test_the_stems_of_a_model_file(
    models: Models, tmp_path: Path, rng: np.random.Generator, rate: int
) -> None:
    mix = (0.1 * rng.standard_normal((2, 3 * rate))).astype(np.float32)
    (tmp_path / "song.wav").write_bytes(float_wav(mix, rate))
    words = ["separate", str(tmp_path / "song.wav"), "-o", str(tmp_path / "out"), "-q"]
    words += ["--model", models("split")]
    # At its own rate the masks sum to one; at another one the resampler's band edge is missing.
    words += [] if rate == 48_000 else ["--residual"]
    assert door.main(words) == 0
    paths = sorted((tmp_path / "out").iterdir())
    names = ["high.wav", "low.wav"] + ([] if rate == 48_000 else ["rest.wav"])
    assert [path.name for path in paths] == names
    stems = {p.stem: soundfile.read(p, dtype="float32")[0].T for p in paths}
    assert _sum_db(stems.values(), mix) < SUM_DB
    one_shot = nb.NeuralEffect(models("split"), stem="low")(mix, rate)
    np.testing.assert_allclose(stems["low"], one_shot, atol=2e-6)


def test_a_model_of_one_output_can_not(models: Models) -> None:
    with pytest.raises(BoxError, match="NeuralEffect gives one output"):
        nb.Separator(nb.NeuralEffect(models("gate")))
    with pytest.raises(BoxError, match="stem = 'low' picks one"):
        nb.Separator(nb.NeuralEffect(models("split"), stem="low"))
