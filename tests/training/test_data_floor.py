# SPDX-License-Identifier: GPL-3.0-or-later
"""A clean recording loses its floor and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from neuralboard.training.data_floor import lower_floor

RATE = 48_000
Audio = NDArray[np.float32]


@pytest.fixture
def voice() -> Audio:
    """Two phrases of harmonics with a pause of half a second around and between them."""
    time = np.arange(2 * RATE) / RATE
    tone = sum(np.sin(2 * np.pi * 140 * k * time) / k for k in range(1, 12))
    said = ((time > 0.4) & (time < 0.9)) | ((time > 1.3) & (time < 1.7))
    return (0.1 * tone * said).astype(np.float32)


def level_db(audio: Audio) -> float:
    return float(10 * np.log10(np.mean(audio.astype(np.float64) ** 2) + 1e-20))


def test_the_pauses_get_quieter_and_the_voice_keeps_its_level(
    voice: Audio, rng: np.random.Generator
) -> None:
    floor = (0.1 * 10 ** (-35 / 20) * rng.standard_normal(len(voice))).astype(np.float32)
    out = lower_floor(voice + floor)
    pause, said = slice(RATE // 20, RATE // 3), slice(RATE // 2, RATE * 4 // 5)
    assert -14.1 < level_db(out[pause]) - level_db(floor[pause]) < -9.0
    assert abs(level_db(out[said]) - level_db(voice[said])) < 0.05
    assert level_db(out[said] - voice[said]) < level_db(floor[said])


def test_a_clip_without_a_pause_or_of_a_few_frames_stays_as_it_is(
    rng: np.random.Generator,
) -> None:
    steady = (0.05 * rng.standard_normal(RATE)).astype(np.float32)
    assert lower_floor(steady) is steady
    np.testing.assert_array_equal(lower_floor(steady[:2000]), steady[:2000])


def test_no_floor_no_change(voice: Audio) -> None:
    np.testing.assert_allclose(lower_floor(voice), voice, atol=1e-5)
