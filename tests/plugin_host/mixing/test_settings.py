# SPDX-License-Identifier: GPL-3.0-or-later
"""How a mix is to be written: what can't be is refused before anything runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import neuralboard as nb
from neuralboard.mixing.mixer import Mixer
from neuralboard.mixing.outputs import render_mix
from neuralboard.mixing.settings import OutputSettings
from tests.plugin_host.mixing.sounds import RATE, noise


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"tail": "x"}, "tail"),
        ({"tail": -3}, "tail = -3: out of range"),
        ({"stems": "yes"}, "stems = 'yes': use true or false"),
        ({"format": "mp3", "bit_depth": 16}, "mp3 has none"),
        ({"true_peak_db": -40}, "out of range"),
    ],
)
def test_settings_are_checked(settings: Any, words: str) -> None:
    with pytest.raises(nb.NeuralboardError, match=words):
        OutputSettings(**settings)


@pytest.mark.parametrize(
    "settings", [{"format": "flac", "bit_depth": 32}, {"format": "mp3", "quality": "abc"}]
)
def test_what_no_encoder_writes_is_refused_before_anything_runs(
    tmp_path: Path, settings: Any
) -> None:
    mixer = Mixer(RATE)
    mixer.track("a", noise(1, 0.1))
    with pytest.raises(nb.NeuralboardError):
        render_mix(mixer, tmp_path / "out", OutputSettings(**settings))
    assert not (tmp_path / "out").exists()
