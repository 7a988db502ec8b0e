# SPDX-License-Identifier: GPL-3.0-or-later
"""A wrong card is refused with an error that names the field, its value and the cure."""

from __future__ import annotations

import json
from typing import Any

import pytest

from neuralboard.effects.model_card import Card, DataSource, Golden, ModelParameter, State, Stft
from neuralboard.effects.model_file import add_card, read_card
from neuralboard.effects.model_metadata import read_parts, with_metadata
from neuralboard.errors import ModelFileError
from tests.effects import graphs

# field of the card → value → what the message says beside the field and the value
WRONG: list[tuple[str, Any, str]] = [
    ("format", 2, "upgrade neuralboard"),
    ("format", None, "upgrade neuralboard"),
    ("format", True, "upgrade neuralboard"),
    ("name", "", "give a text"),
    ("name", "two\nlines", "not a printable line"),
    ("version", 1, "not a text"),
    ("task", None, "not a text"),
    ("domain", "spectra", "did you mean 'spectrum'"),
    ("domain", ["spectrum"], "use one of spectrum, waveform, labels"),
    ("sample_rate", 4_000, "give one from 8000 to 192000"),
    ("sample_rate", 44_100.5, "not a whole number"),
    ("sample_rate", True, "not a whole number"),
    ("channels", "stereo", "use one of mono, linked"),
    ("block", 0, "give one from 1 to"),
    ("block", 4, "only waveform graphs have blocks"),
    ("stft", None, "a model of the domain spectrum needs it"),
    ("stft", 512, "not a table of fields"),
    ("stft", {"n_fft": 32}, "stft.hop_length is None: missing"),
    ("stft", {"n_fft": 33, "hop_length": 16}, "odd; use 34"),
    ("stft", {"n_fft": 32, "hop_length": 33}, "give one from 1 to 32"),
    ("stft", {"n_fft": 32, "hop_length": 16, "window": "han"}, "did you mean 'hann'"),
    ("stft", {"n_fft": 32, "hop_length": 16, "window": [1.0, 2.0]}, "neither a name nor n_fft"),
    ("stft", {"n_fft": 32, "hop_length": 16, "window": ["a"] * 32}, r"stft.window\[0\] is 'a'"),
    ("stft", {"n_fft": 32, "hop_length": 32, "window": "hann"}, "can't be rebuilt"),
    ("stft", {"n_fft": 32, "hop_length": 16, "hop_lenght": 3}, "did you mean 'hop_length'"),
    ("lookahead_frames", -1, "give one from 0"),
    ("latency", 5, "use lookahead_frames"),
    ("latency", 1.5, "not a whole number"),
    ("stems", "voice", "give a list of names"),
    ("stems", ["voice", "voice"], "give each name once"),
    ("labels", ["speech"], "wanted by the domain labels, and by no other"),
    ("inputs", 5, "give a list of names"),
    ("inputs", ["strength", "spectrum", "h"], "'spectrum' doesn't come first"),
    ("inputs", ["spectrum", "strength"], "give spectrum, strength, h"),
    ("outputs", ["gain", "h_out"], "call it mask or spectrum_out"),
    ("outputs", ["mask"], "give mask, h_out"),
    ("outputs", [], "call it mask or spectrum_out"),
    ("states", {"input": "h"}, "not a list"),
    ("states", [{"input": "h", "output": "h_out", "shape": []}], "leave out the batch only"),
    ("states", [{"input": "h", "output": "h_out", "shape": [0]}], "give one from 1"),
    ("states", [{"input": "h", "output": "h_out", "shape": [2048, 4096]}], "too many floats"),
    ("states", [3], r"states\[0\] is 3: not a table of fields"),
    ("parameters", [{"name": "a b", "default": 0, "min": 0, "max": 1}], "not a Python name"),
    ("parameters", [{"name": "a", "default": 2, "min": 0, "max": 1}], "give one from 0 to 1"),
    ("parameters", [{"name": "a", "default": 0, "min": 1, "max": 0}], "not above min 1"),
    ("parameters", [{"name": "a", "default": 0, "min": 0}], r"parameters\[0\].max is None"),
    ("golden", {"signal": "sine", "seed": 0, "output": [0.0]}, "use one of lcg"),
    ("golden", {"signal": "lcg", "seed": -1, "output": [0.0]}, "give one from 0"),
    ("golden", {"signal": "lcg", "seed": 0, "output": []}, "add_golden"),
    ("golden", {"signal": "lcg", "seed": 0, "output": [None]}, r"golden.output\[0\] is None"),
    ("sha256", "abc", "let add_card compute it"),
    ("licence", " ", "give a text"),
    ("data", [{"name": "VCTK"}], r"data\[0\].licence is None: missing"),
    ("metrics", [1], "give name → value"),
    ("trained_with", 3, "not a text"),
    ("created", "yesterday", "give one as 2026-01-31"),
    ("created", 2026, "not a text"),
    ("sampel_rate", 1, "did you mean 'sample_rate'"),
]


@pytest.mark.parametrize(
    ("field", "value", "said"), WRONG, ids=[f"{f}={v}"[:40] for f, v, _ in WRONG]
)
def test_a_wrong_field_is_named(field: str, value: Any, said: str) -> None:
    table = {**json.loads(graphs.spectrum_card().to_json()), field: value}
    with pytest.raises(ModelFileError, match=said) as caught:
        Card.from_json(json.dumps(table))
    assert str(caught.value).startswith("model card: ")
    assert field.rstrip("s") in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("field", ["name", "licence", "inputs", "sample_rate", "format"])
def test_a_missing_field_is_named(field: str) -> None:
    table = json.loads(graphs.spectrum_card().to_json())
    del table[field]
    with pytest.raises(ModelFileError, match=f"model card: {field} is None"):
        Card.from_json(json.dumps(table))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("[1]", "holds a list"),
        ('{"format": 1, "format": 1}', "given twice"),
        ('{"format": 1, "latency": NaN}', "holds NaN"),
        ('{"format": 1, "latency": 1' + "0" * 5000 + "}", "no JSON"),
        ("x" * (5 << 20), "too many"),
    ],
)
def test_a_text_that_is_no_card_is_refused(text: str, said: str) -> None:
    with pytest.raises(ModelFileError, match=said):
        Card.from_json(text)


def test_numbers_beyond_all_floats_are_refused() -> None:
    text = graphs.waveform_card().to_json().replace('"max": 10.0', '"max": 1e999')
    with pytest.raises(ModelFileError, match=r"parameters\.drive\.max is inf: not finite"):
        Card.from_json(text)


def test_a_card_made_in_python_is_checked_alike() -> None:
    for make in (
        lambda: graphs.spectrum_card(states=[1]),
        lambda: graphs.spectrum_card(stft="hann"),
        lambda: graphs.waveform_card(stft=Stft(32, 16)),
        lambda: graphs.waveform_card(lookahead_frames=1),
        lambda: graphs.spectrum_card(domain="labels", outputs=("probabilities", "h_out")),
        lambda: State("h", "", (1,)),
        lambda: ModelParameter("a", float("nan"), 0.0, 1.0),
        lambda: Golden("lcg", 1, (float("inf"),)),
        lambda: DataSource("a", ""),
        lambda: graphs.spectrum_card(metrics={"pesq": float("nan")}),
    ):
        with pytest.raises(ModelFileError, match=r"^model card: "):
            make()


def test_latency_is_the_sum_of_its_causes() -> None:
    assert graphs.spectrum_card().total_latency == 31
    assert graphs.spectrum_card(lookahead_frames=3).total_latency == 31 + 3 * 16
    assert graphs.waveform_card().total_latency == graphs.BLOCK - 1 + 2


def test_writing_a_card_leaves_the_rest_of_the_file_alone() -> None:
    model = graphs.spectrum_model()
    model.metadata_props.add(key="other", value="kept")
    plain = model.SerializeToString()
    once = add_card(plain, graphs.spectrum_card())
    twice = add_card(once, graphs.spectrum_card(version="2.0"))
    assert once.startswith(plain)
    assert read_card(twice).version == "2.0"
    assert len(twice) == len(once)
    parts = read_parts(twice)
    assert parts.metadata["other"] == "kept"
    assert parts.graph_sha256 == read_parts(plain).graph_sha256
    found = type(model).FromString(twice)  # by the onnx package's own reader
    assert found.graph == model.graph
    assert [entry.key for entry in found.metadata_props] == ["other", "neuralboard"]


def test_a_key_given_twice_is_refused() -> None:
    data = with_metadata(graphs.spectrum_file(), "other", "1")
    again = type(graphs.spectrum_model())()
    again.metadata_props.add(key="neuralboard", value="{}")
    with pytest.raises(ModelFileError, match="'neuralboard' twice"):
        read_card(data + again.SerializeToString())


def test_a_file_without_a_card_says_how_to_add_one() -> None:
    with pytest.raises(ModelFileError, match=r"no model card .* add_card"):
        read_card(graphs.spectrum_model().SerializeToString())
