# SPDX-License-Identifier: GPL-3.0-or-later
"""`neuralboard inspect` and `neuralboard models`."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path

import pytest

from neuralboard import main as door
from neuralboard.effects import cli, shipped
from neuralboard.effects.model_file import DataSource, add_card, add_golden, read_card
from tests.effects import graphs

pytestmark = pytest.mark.usefixtures("fresh_cache")


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = door.main(list(words))
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return code, out, err


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Give a model file with everything on its card."""
    card = graphs.spectrum_card(
        lookahead_frames=2,
        data=(DataSource("VCTK [0.92]", "CC BY 4.0"),),
        metrics={"PESQ-WB": 2.61, "sets": {"test": 60}},
        trained_with="a test",
        created="2026-01-31",
    )
    path = tmp_path / "toy.onnx"
    path.write_bytes(add_golden(add_card(graphs.spectrum_model().SerializeToString(), card)))
    return path


def test_inspect_shows_the_card(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "inspect", str(file))
    assert (code, err) == (0, "")
    for words in (
        "toy 1.0: test", "16000 Hz", "63 samples (3.9 ms): frame 31 + look-ahead 32", "CC0-1.0",
        "VCTK [0.92] (CC BY 4.0)", "PESQ-WB 2.61", '{"test": 60}', "h → h_out [1, 8]", "strength",
        "0 to 2", "how much", "self-test", "passed", "2026-01-31",
    ):  # fmt: skip
        assert words in out


def test_inspect_for_programs(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "inspect", str(file), "--json")
    found = json.loads(out)
    assert code == 0
    assert found["latency"] == {"samples": 63, "ms": 3.9375}
    assert found["self_test"]["passed"] is True
    assert found["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert found["bytes"] == file.stat().st_size
    assert found["card"] == json.loads(read_card(file).to_json())


def test_a_failing_self_test_is_exit_1(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    card = read_card(file)
    assert card.golden is not None
    golden = dataclasses.replace(card.golden, output=(9.0, *card.golden.output[1:]))
    changed = dataclasses.replace(card, golden=golden)
    file.write_bytes(add_card(graphs.spectrum_model().SerializeToString(), changed))
    code, out, err = run(capsys, "inspect", str(file))
    assert code == 1
    assert "FAILED" in out
    assert "fails its self-test" in err
    assert err.count("\n") == 1


def test_a_file_without_self_test_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "amp.onnx"
    path.write_bytes(graphs.waveform_file())
    code, out, _ = run(capsys, "inspect", str(path))
    assert code == 0
    assert "none (the card has no golden output)" in out
    assert "9 samples (0.2 ms): block 7 + model 2" in out


@pytest.mark.parametrize("content", [b"", b"RIFF....WAVE", b"\x00" * 1000, b"\xff" * 1000])
def test_what_is_no_model_is_one_line(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "broken.onnx"
    path.write_bytes(content)
    code, out, err = run(capsys, "inspect", str(path))
    assert (code, out) == (1, "")
    assert err.startswith("error: ")
    assert "broken.onnx" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "said"),
    [("nowhere.onnx", "no such file"), ("denoisr", "no model 'denoisr' is shipped")],
)
def test_what_is_not_there_is_one_line(
    name: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = run(capsys, "inspect", name)
    assert code == 1
    assert said in err


def test_models_says_that_there_are_none(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("neuralboard.effects.cli.SHIPPED", {})
    assert run(capsys, "models")[:2] == (
        0,
        "no models are shipped with this version; neuralboard inspect FILE shows one of yours\n",
    )
    assert json.loads(run(capsys, "models", "--json")[1]) == []


def test_shipped_models_are_listed_and_inspected_by_name(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipped, "FOLDER", file.parent)
    toy = {"toy": hashlib.sha256(file.read_bytes()).hexdigest()}
    for table in (shipped, cli):
        monkeypatch.setattr(table, "SHIPPED", toy)
    code, out, _ = run(capsys, "models")
    assert code == 0
    (line,) = [line for line in out.splitlines() if line.startswith("toy ")]
    for word in ("1.0", "test", "16000 Hz", "3.9 ms", "kB", "CC0-1.0"):
        assert word in line
    assert "toy" in [each["model"] for each in json.loads(run(capsys, "models", "--json")[1])]
    assert run(capsys, "inspect", "toy")[0] == 0
