# SPDX-License-Identifier: GPL-3.0-or-later
"""From two folders of recordings to a box on the board, at toy size, by the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the [train] extra")
pytest.importorskip("soundfile", reason="training needs the [train] extra")
pytest.importorskip("onnx", reason="export needs the [train] extra")

import neuralboard as nb  # noqa: E402
from neuralboard.effects.model_file import load_model  # noqa: E402
from neuralboard.main import main  # noqa: E402
from neuralboard.training import checkpoint  # noqa: E402
from neuralboard.training import train as training  # noqa: E402
from neuralboard.training.data import held_out  # noqa: E402
from neuralboard.training.gate import states  # noqa: E402
from neuralboard.training.models.denoiser import Denoiser  # noqa: E402
from neuralboard.training.recipe import (  # noqa: E402
    RecipeError,
    apply_recipe,
    packaged_recipe,
)  # fmt: skip

TOY = (
    "channels = 8\ncontext = 16\nbatch = 1\nseconds = 0.5\nlong_seconds = 0.5\nworkers = 0\n"
    "valid_count = 2\n"
)


@pytest.fixture(scope="module")
def run(folders: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the run folder of three steps."""
    pytest.importorskip("torch")
    out = tmp_path_factory.mktemp("run")
    (out / "toy.toml").write_text(TOY + "every = 1\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEURALBOARD_NO_KERNELS", "1")
        assert main(_train(folders, out)) == 0
    return out / "run"


def _train(folders: Path, out: Path, *more: str) -> list[str]:
    return [
        "train", "denoiser", "--speech", str(folders / "voices"),
        "--noise", str(folders / "noises"), "--out", str(out / "run"),
        "--recipe", str(out / "toy.toml"), "--steps", "3", "--device", "cpu",
        "--data-licence", "CC0 1.0", "-q", *more,
    ]  # fmt: skip


def test_a_run_leaves_checkpoints_metrics_and_pictures(run: Path) -> None:
    for name in ("last.safetensors", "best.safetensors", "log.csv", "data.json"):
        assert (run / name).stat().st_size > 0
    for name in ("curves.png", "spectrograms.png"):
        assert (run / name).read_bytes().startswith(b"\x89PNG")
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    assert "kept back" in metrics["split"]
    assert np.isfinite(metrics["si_sdr_db"])


def test_the_exported_model_plays_on_a_board(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(states, "SECONDS_PER_MINUTE", 1.0)  # ten seconds will do here
    target = tmp_path / "denoiser.onnx"
    assert main(["export", str(run / "best.safetensors"), str(target), "--licence", "CC0 1.0"]) == 0
    assert capsys.readouterr().out.count("gate ") == 10
    card = load_model(target, verify=True).card
    assert {source.licence for source in card.data} == {"CC0 1.0"}
    assert card.metrics["mixtures"] == 2
    noise = 0.1 * np.random.default_rng(1).standard_normal((2, 24_000)).astype(np.float32)
    out = nb.Board([nb.NeuralEffect(str(target))])(noise, 48_000)
    assert out.shape == noise.shape
    assert np.isfinite(out).all()
    assert not np.allclose(out, noise, atol=1e-3)


def test_the_averaged_weights_are_exported(run: Path) -> None:
    from safetensors.torch import load_file

    from neuralboard.training.export import load_network

    tensors = load_file(run / "best.safetensors")
    network, _ = load_network(run / "best.safetensors")
    name = "encode_low.weight"
    found = dict(network.named_parameters())[name].detach()
    assert torch.equal(found, tensors[f"average.{name}"])
    assert not torch.equal(found, tensors[f"model.{name}"])


def test_a_missing_licence_stops_at_the_gate(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(states, "SECONDS_PER_MINUTE", 1.0)
    assert main(["export", str(run / "best.safetensors"), str(tmp_path / "d.onnx")]) == 1
    assert "gate 9/10, card: 1 missing on the card, 0 allowed: licence" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_run_goes_on_only_when_asked_to(
    run: Path, folders: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = run.parent
    before = checkpoint.load(run / "last.safetensors", Denoiser(channels=8, context=16)).step
    assert main(_train(folders, out)) == 1
    assert "holds a run already; add --resume" in capsys.readouterr().err
    assert main(_train(folders, out, "--resume")) == 0
    after = checkpoint.load(run / "last.safetensors", Denoiser(channels=8, context=16)).step
    assert after == before + 3


def test_an_interrupted_run_keeps_its_state(
    folders: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    (tmp_path / "toy.toml").write_text(TOY, encoding="utf-8")
    whole = training.Training.step

    def interrupted(self: training.Training, batch: list[Any], rate: float) -> None:
        if self.progress.step == 2:
            raise KeyboardInterrupt
        whole(self, batch, rate)

    monkeypatch.setattr(training.Training, "step", interrupted)
    assert main(_train(folders, tmp_path)) == 130
    assert "--resume goes on from it" in capsys.readouterr().err
    last = tmp_path / "run" / "last.safetensors"
    assert checkpoint.load(last, Denoiser(channels=8, context=16)).step == 2


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["export", "absent", "d.onnx"], "there is no checkpoint absent"),
        (["train", "denoisr", "--speech", ".", "--noise", ".", "--out", "r"], "recipe 'denoisr'"),
        (["train", "denoiser", "--speech", "absent", "--noise", ".", "--out", "r"],
         "there is no folder absent"),
    ],
)  # fmt: skip
def test_errors_are_one_line(
    arguments: list[str], why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 1
    said = capsys.readouterr().err
    assert why in said
    assert len(said.strip().splitlines()) == 1


def test_the_recipe_says_what_the_settings_say() -> None:
    given = training.Settings(Path(), Path())
    assert apply_recipe(given, packaged_recipe("denoiser")) == given


def test_a_recipe_with_a_wrong_setting_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("lerning_rate = 1.0", encoding="utf-8")
    with pytest.raises(RecipeError, match=r"sets 'lerning_rate'.*learning_rate"):
        apply_recipe(training.Settings(Path(), Path()), path)
    path.write_text('batch = "many"', encoding="utf-8")
    with pytest.raises(RecipeError, match="batch = 'many'; give a int as 8"):
        apply_recipe(training.Settings(Path(), Path()), path)


def test_of_few_voices_one_is_kept_back_and_of_many_one_in_25() -> None:
    assert len(held_out({("speech", "a"), ("speech", "b"), ("noise", "x")})) == 1
    many = {("speech", f"voice {index}") for index in range(1000)}
    assert 20 < len(held_out(many)) < 60
