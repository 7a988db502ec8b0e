# SPDX-License-Identifier: GPL-3.0-or-later
"""Promise: `bench stft` measures what it was asked for, and says first where others are faster."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from neuralboard import cpp_ext
from neuralboard.benchmarks import stft_bench, stft_probes, stft_speed
from neuralboard.main import main

for _package in ("jinja2", "matplotlib"):
    pytest.importorskip(_package, reason=f"{_package} comes with the extra [bench]")


def row(op: str, cell: str, **values: float) -> dict[str, Any]:
    pairs = {name: [value, value] for name, value in values.items()}
    return {"op": op, "cell": cell, "us_per_frame": 1.0, "error": 1e-7, "ratios": pairs}


def test_who_is_faster_is_said_first_and_means_are_geometric() -> None:
    rows = [row("stft", "512/128 1 s", mkl_fft=2.0, pyfftw=9.0, torch=0.5)]
    rows += [row("stft", "960/480 1 s", mkl_fft=8.0, torch=2.0)]
    rows += [row("stft", "960/480 1 s x 2, 2 thread(s)", mkl_fft=100.0)]
    said = stft_bench.summary({"rows": rows})
    assert said[0] == "Slower than others: STFT 512/128 1 s (torch: 0.50)."
    assert said[1].startswith("STFT: 4.00 times as fast as the better of mkl_fft and pyfftw")
    assert "lowest 2.00" in said[1]
    assert len(said) == 3


def test_errors_are_those_of_single_precision() -> None:
    for found in stft_speed.offline(64, 16, 0.1, ["scipy.fft"], [], 1, channels=2, threads=2):
        assert found["error"] < 1e-6
        assert set(found["ratios"]) == {"scipy.fft"}
        assert found["cell"] == "64/16 0.1 s x 2, 2 thread(s)"


@pytest.mark.skipif(not cpp_ext.HAVE_EXTENSION, reason="the probe is C++")
def test_no_transform_is_faster_than_the_peak() -> None:
    peak = stft_probes.fma_peak(3)
    assert peak > 1e8
    shares = stft_probes.in_cache(512, peak, 3)
    assert all(0 < share < 1 for share in shares.values())


def test_the_command_writes_what_it_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new"
    given = ["--sizes", "64/16,960/480", "--seconds", "0.1,0.2", "--blocks", "64,480"]
    given += ["--peers", "scipy.fft", "--repetitions", "1", "--quiet", "--out", str(out)]
    assert main(["bench", "stft", *given]) == 0
    part = json.loads((out / "results.json").read_text(encoding="utf-8"))["stft"]
    cells = [(found["op"], found["cell"]) for found in part["rows"]]
    assert ("masked", "960/480 0.2 s x 2, 2 thread(s)") in cells
    assert ("push", "64/16 block 480") in cells
    assert len(cells) == 3 * (4 + 2) + 4
    assert all(found["ratios"] for found in part["rows"])
    assert part["probes"]["copied"] > 0
    text = (out / "results.md").read_text(encoding="utf-8")
    assert "| masked stream | 64/16 block 64 |" in text
    assert "Peak of multiply-adds" in text or not cpp_ext.HAVE_EXTENSION
    capsys.readouterr()


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--sizes", "512", "'512' holds no sizes"),
        ("--sizes", "512/100", "'512/100' can't be compared"),
        ("--seconds", "a", "'a' holds no lengths"),
        ("--peers", "fftw9", "'fftw9' is none of mkl_fft"),
    ],
)
def test_what_can_t_be_measured_is_refused(
    option: str, value: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "stft", option, value, "--out", str(tmp_path)]) == 2
    assert said in capsys.readouterr().err
