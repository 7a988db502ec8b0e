# SPDX-License-Identifier: GPL-3.0-or-later
"""Two processes under torchrun, gloo on the CPU, train one model; its checkpoint works."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="training needs the [train] extra")
pytest.importorskip("soundfile", reason="training needs the [train] extra")

from neuralboard.training import checkpoint  # noqa: E402
from neuralboard.training.folders import prepare_folders  # noqa: E402
from neuralboard.training.models.denoiser import Denoiser, enhance  # noqa: E402

RECIPE = (
    "channels = 8\nbatch = 1\nseconds = 0.5\nlong_seconds = 0.5\nworkers = 0\nvalid_count = 1\n"
    "max_steps = 2\ndevice = 'cpu'\n"
)


def test_torchrun_with_two_processes_gives_a_working_checkpoint(
    folders: Path, tmp_path: Path
) -> None:
    corpus = prepare_folders(
        [folders / "voices"], [folders / "noises"], [], tmp_path / "corpus", "CC0 1.0"
    )
    (tmp_path / "toy.toml").write_text(RECIPE, encoding="utf-8")
    command = [
        sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
        "-m", "neuralboard.training.train", "--corpus", str(corpus), "--out", str(tmp_path / "run"),
        "--recipe", str(tmp_path / "toy.toml"),
    ]  # fmt: skip
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=600, check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    network, average = Denoiser(channels=8), Denoiser(channels=8)
    progress = checkpoint.load(tmp_path / "run" / "best.safetensors", network, average)
    assert progress.step == 2
    # Two devices, two steps, half a second each: a run on one device alone would have seen half.
    assert progress.hours_seen == pytest.approx(2 * 2 * 0.5 / 3600, abs=1e-4)
    assert torch.isfinite(enhance(average.eval(), torch.randn(1, 9_600))).all()
