# SPDX-License-Identifier: GPL-3.0-or-later
"""A model file is read as it was written, and runs as its card says."""

from __future__ import annotations

import json

import numpy as np
import pytest

from neuralboard.effects.model_file import Card, Stft, add_card, load_model, read_card
from neuralboard.errors import ModelFileError, NeuralboardError
from tests.effects import graphs


def test_a_card_survives_the_way_into_a_file_and_back() -> None:
    card = graphs.spectrum_card(metrics={"pesq": 2.5, "sets": [1, 2]}, created="2026-01-31")
    data = add_card(graphs.spectrum_model().SerializeToString(), card)
    found = read_card(data)
    assert len(found.sha256) == 64
    assert Card.from_json(found.to_json()) == found
    assert {**json.loads(card.to_json()), "sha256": found.sha256} == json.loads(found.to_json())


def test_frames_at_once_equal_frames_one_by_one(rng: np.random.Generator) -> None:
    model = load_model(graphs.spectrum_file(), trust=True)
    assert model.output_kind == "gain"
    spectrum = graphs.noise(rng, 2, 20, graphs.BINS, 2)
    states = model.start_states(2)
    whole = model.run(spectrum, states)
    runner = model.runner(batch=2, frames=1)
    runner.inputs["strength"].fill(1.0)
    steps = []
    for frame in range(20):
        runner.inputs["spectrum"][...] = spectrum[:, frame : frame + 1]
        steps.append(runner.run()["mask"].copy())
    np.testing.assert_allclose(np.concatenate(steps, 1), whole, atol=2e-6)
    np.testing.assert_allclose(runner.states()["h"], states["h"], atol=2e-6)


def test_a_flipped_bit_in_the_graph_is_found() -> None:
    data = bytearray(graphs.spectrum_file())
    data[data.index(b"mask") + 200] ^= 0x10
    with pytest.raises(ModelFileError, match="get it anew"):
        load_model(bytes(data), trust=True)


def test_a_card_that_is_wrong_names_the_field() -> None:
    with pytest.raises(ModelFileError, match=r"stft\.n_fft is 33: odd; use 34") as caught:
        Stft(33, 16)
    assert isinstance(caught.value, NeuralboardError)
    assert isinstance(caught.value, ValueError)
