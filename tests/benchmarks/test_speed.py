# SPDX-License-Identifier: GPL-3.0-or-later
"""Promise: boxes are timed in turns, ratios are pairs, what can't stream has no block columns."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from neuralboard.benchmarks import denoise_speed
from neuralboard.benchmarks.denoise_speed import Timing, measure, ratios, write_table


def test_ratios_are_least_by_least_and_the_median_of_pairs() -> None:
    least, median = ratios([2.0, 4.0, 9.0], [1.0, 4.0, 3.0])
    assert least == 2.0
    assert median == 2.0
    assert np.isnan(ratios([], [1.0])[0])


def test_every_box_is_timed_as_often_and_its_blocks_are_counted() -> None:
    audio = np.zeros(4800, np.float32)
    found = measure(["gain(gain_db=1)", "wiener_denoiser()"], audio, repetitions=3)
    for timing in found:
        assert len(timing.offline) == len(timing.streamed) == len(timing.processes) == 3
        assert len(timing.blocks) == 3 * 10
        assert min(timing.offline) > 0
    assert found[1].latency == 1535


def test_the_table_says_when_it_is_not_to_be_believed() -> None:
    calm = Timing("a()", offline=[1e-3] * 3, streamed=[1e-3] * 3, processes=[1e-3] * 3)
    torn = Timing("b()", offline=[1e-3] * 3, streamed=[1e-3, 3e-3, 3e-3], processes=[3e-3] * 3)
    whole = Timing("c()", offline=[2e-3] * 3, processes=[2e-3] * 3)
    lines = write_table([calm, torn, whole], "a", 480).splitlines()
    assert "1.00, 1.00" in lines[2]
    assert "busy machine" in lines[3]
    assert "starts threads" in lines[3]
    assert "whole recordings only" in lines[4]
    assert "2.00, 2.00" in lines[4]


def test_the_command_writes_what_it_prints(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--boxes", "gain(gain_db=1)", "--seconds", "0.1", "--repetitions", "1"]
    assert denoise_speed.main([*given, "--anchor", "gain", "--out", str(tmp_path)]) == 0
    table = capsys.readouterr().out.strip()
    assert table in (tmp_path / "speed.md").read_text(encoding="utf-8")
    (timing,) = json.loads((tmp_path / "speed.json").read_text(encoding="utf-8"))["timings"]
    assert timing["box"] == "gain(gain_db=1)"
    assert denoise_speed.main(["--boxes", "no_such_box()", "--out", str(tmp_path)]) == 1
    assert "no box 'no_such_box'" in capsys.readouterr().err
