# SPDX-License-Identifier: GPL-3.0-or-later
"""Promise: Denoiser's knobs scale and bound what its model takes away."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import neuralboard as nb
from neuralboard import testing
from neuralboard.effects.neural import denoiser
from tests.effects.neural.conftest import Models
from tests.effects.neural.toy_models import RATE

Audio = NDArray[np.float32]
MODEL_DB = -40.0  # what the toy denoiser does to quiet frames


@pytest.fixture
def quiet(rng: np.random.Generator) -> Audio:
    return (1e-3 * rng.standard_normal((1, 24_000))).astype(np.float32)


def level_db(audio: Audio) -> float:
    """Level of the middle, away from the edges."""
    return float(10 * np.log10(np.mean(audio[:, 4000:-4000].astype(np.float64) ** 2)))


@pytest.mark.parametrize("lookahead", [1, 2])
def test_it_keeps_the_contract(models: Models, lookahead: int) -> None:
    path = models("denoiser", lookahead=lookahead)
    testing.check_box(nb.Denoiser(model=path), tolerance=2e-6)
    testing.check_box(nb.Denoiser(0.7, 30.0, model=path, mix=0.8), tolerance=2e-6)


@pytest.mark.parametrize("strength", [0.0, 0.25, 0.5, 0.9, 1.0])
def test_strength_scales_the_suppression_in_db(
    models: Models, quiet: Audio, strength: float
) -> None:
    out = nb.Denoiser(strength, model=models("denoiser"))(quiet, RATE)
    assert level_db(out) - level_db(quiet) == pytest.approx(strength * MODEL_DB, abs=0.02)
    # The phase goes along: the toy turns it by a third.
    overlap = np.sum(out * quiet) / np.sqrt(np.sum(out**2) * np.sum(quiet**2))
    assert overlap == pytest.approx(np.cos(strength * 2 * np.pi / 3), abs=0.02)


def test_strength_0_is_the_sound_itself(models: Models, quiet: Audio) -> None:
    out = nb.Denoiser(0.0, model=models("denoiser"))(quiet, RATE)
    np.testing.assert_allclose(out, quiet, atol=1e-8)


@pytest.mark.parametrize(("limit", "reached"), [(100.0, -40.0), (40.0, -40.0), (12.0, -12.0)])
def test_the_limit_floors_it(models: Models, quiet: Audio, limit: float, reached: float) -> None:
    box = nb.Denoiser(attenuation_limit_db=limit, model=models("denoiser"))
    assert level_db(box(quiet, RATE)) - level_db(quiet) == pytest.approx(reached, abs=0.02)


def test_a_limit_of_0_is_the_sound_itself(models: Models, quiet: Audio) -> None:
    """Where the floor is all, nothing of the model's phase is left but what its size weighs."""
    box = nb.Denoiser(attenuation_limit_db=0.0, model=models("denoiser"))
    assert level_db(box(quiet, RATE) - quiet) - level_db(quiet) < -30.0


def test_loud_frames_are_left_alone(models: Models, rng: np.random.Generator) -> None:
    loud = (0.3 * rng.standard_normal((2, 24_000))).astype(np.float32)
    out = nb.Denoiser(model=models("denoiser"))(loud, RATE)
    np.testing.assert_allclose(out[:, 1000:-1000], loud[:, 1000:-1000], atol=1e-6)


def test_a_real_mask_works_as_well(models: Models, quiet: Audio) -> None:
    path = models("gate", lookahead=1)
    for strength in (0.5, 1.0):
        out = nb.Denoiser(strength, model=path)(quiet, RATE)
        assert level_db(out) - level_db(quiet) == pytest.approx(-20.0 * strength, abs=0.02)
    out = nb.Denoiser(1.0, 6.0, model=path)(quiet, RATE)
    assert level_db(out) - level_db(quiet) == pytest.approx(-6.0, abs=0.02)


def test_mix_blends_with_the_aligned_dry_sound(models: Models, quiet: Audio) -> None:
    path = models("denoiser")
    wet = nb.Denoiser(model=path)(quiet, 44_100)
    half = nb.Denoiser(model=path, mix=0.5)(quiet, 44_100)
    np.testing.assert_allclose(half, 0.5 * (quiet + wet), atol=1e-7)


def test_a_missing_model_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(denoiser, "FOLDER", tmp_path)
    box = nb.Denoiser(strength=0.5)
    assert repr(nb.Board([box])[0]) == "Denoiser(strength=0.5)"  # made, kept and shown without it
    with pytest.raises(nb.ModelFileError, match=r"denoiser\.onnx.*missing.*Denoiser\(model="):
        box.stream(RATE, 1)


@pytest.mark.parametrize("kind", ["echo", "split", "amp", "recurrent"])
def test_a_model_that_is_no_denoiser_is_refused(models: Models, kind: str) -> None:
    with pytest.raises(nb.ModelFileError, match="no denoiser"):
        nb.Denoiser(model=models(kind)).stream(RATE, 1)


def test_another_model_takes_effect_in_the_next_stream(models: Models, quiet: Audio) -> None:
    box = nb.Denoiser(model=models("denoiser", lookahead=1))
    first = box.latency(RATE)
    box.model = models("denoiser", lookahead=2)
    assert box.latency(RATE) == first + 480
    assert box(quiet, RATE).shape == quiet.shape
