# SPDX-License-Identifier: GPL-3.0-or-later
"""Promise: boxes take turns, ratios are pairs, late blocks and wrong latencies are told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neuralboard as nb
from neuralboard.benchmarks import chains, page, speed, speed_report
from neuralboard.benchmarks.contenders import Contender
from neuralboard.benchmarks.footprint import of_box
from neuralboard.benchmarks.paired import disagree, in_turns, ratios
from neuralboard.benchmarks.speed import Blocks, Timing, measure, measured_lag, unsure
from neuralboard.errors import AudioError
from neuralboard.main import main

for _package in ("jinja2", "matplotlib"):
    pytest.importorskip(_package, reason=f"{_package} comes with the extra [bench]")


class Late(nb.Effect):
    """Declares no latency and comes a millisecond late."""

    def start(self, sample_rate: int, channels: int) -> Any:
        return [np.zeros((channels, sample_rate // 1000), np.float32)]

    def process_block(self, block: Any, state: Any, p: Any) -> Any:
        joined = np.concatenate([state[0], block], axis=1)
        out, state[0] = joined[:, : block.shape[1]], joined[:, block.shape[1] :]
        return out


def _timing(name: str, offline: list[float]) -> Timing:
    return Timing(name, offline=offline, processes=offline)


def test_the_order_is_rotated_each_repetition() -> None:
    turns = list(in_turns("abc", 3))
    assert "".join(name for _, name in turns) == "abcbcacab"
    assert [number for number, _ in turns] == [0, 0, 0, 1, 1, 1, 2, 2, 2]


def test_ratios_are_least_by_least_and_the_median_of_pairs() -> None:
    assert ratios([2.0, 4.0, 9.0], [1.0, 4.0, 3.0]) == (2.0, 2.0)
    assert np.isnan(ratios([], [1.0])[0])
    assert disagree((1.0, 1.21))
    assert not disagree((1.0, 1.19))


def test_every_box_is_timed_as_often_and_its_blocks_are_counted() -> None:
    audio = np.zeros(4800, np.float32)
    texts = ["gain(gain_db=1)", "gtcrn()", "wiener_denoiser()"]
    found, rounds = measure(texts, audio, sizes=(64, 480), repetitions=2)
    assert 1 <= rounds <= speed.ROUNDS
    for timing in (found[0], found[2]):
        assert len(timing.offline) == len(timing.processes) == 2 * rounds
        assert len(timing.blocks[64].each) == 2 * rounds * 75
        assert len(timing.blocks[480].cost) == 2 * rounds
        assert min(timing.offline) > 0
    assert found[1].failed.startswith("MissingPeerError: gtcrn() needs the path")
    assert found[2].latency == 1535


def test_ratios_that_disagree_are_measured_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "unsure", lambda timing, anchor: True)
    silence = np.zeros(960, np.float32)
    found, rounds = measure(["gain(gain_db=1)"], silence, sizes=(480,), repetitions=1)
    assert rounds == speed.ROUNDS == len(found[0].offline)
    with pytest.raises(AudioError, match="960 samples are shorter than a block of 1024"):
        measure(["gain(gain_db=1)"], silence)


def test_a_torn_measurement_is_called_unsure_and_said() -> None:
    calm, torn = _timing("a()", [1e-3] * 3), _timing("b()", [1e-3, 3e-3, 3e-3])
    assert unsure(torn, calm)
    assert not unsure(calm, calm)
    part = speed_report.part_of([calm, torn], {}, ["noisy"], "a()", 3, 3, 1.0)
    assert any(
        "Not to be believed" in line and "b()" in line for line in speed_report.summary(part)
    )


def test_a_box_that_is_late_is_called_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Contender, "board", lambda self: nb.Board([Late()]))
    lag = measured_lag(Contender("late()"))
    assert lag == pytest.approx(48.0, abs=0.05)
    late = Timing("late()", lag=lag, offline=[1e-3], processes=[1e-3])
    part = speed_report.part_of([late], {}, [], "late()", 1, 1, 1.0)
    assert "`late()`: its declared latency is wrong by +1.00 ms." in speed_report.summary(part)


def test_a_missed_deadline_is_counted() -> None:
    found = Blocks(64, cost=[1.0], each=[1e-4, 2e-3, 64 / 48_000])
    assert found.late == 1
    assert found.facts()["max"] == 2e-3


def test_who_is_faster_is_said_first() -> None:
    mine, fast, slow = (_timing(n, [t]) for n, t in (("m()", 1e-2), ("f()", 1e-3), ("s()", 1.0)))
    part = speed_report.part_of([mine, fast, slow], {}, [], "m()", 1, 15, 1.0)
    said = speed_report.summary(part | {"peers": ["f()", "s()"]})
    assert said[0] == "Faster than `m()`: `f()` (0.10 of its time)."
    assert said[1] == "Slower than `m()`: `s()` (100.0 times)."


def test_nothing_is_faster_or_slower_than_itself_or_by_a_hair() -> None:
    times = (("m()", 1.0), ("equal()", 1.05), ("f()", 0.5))
    part = speed_report.part_of(
        [_timing(name, [t]) for name, t in times], {}, [], "m()", 1, 15, 1.0
    )
    said = speed_report.summary(part | {"peers": ["m()", "equal()"]})
    assert said[0] == "Faster than `m()`: `f()` (0.50 of its time)."
    assert not any("equal()" in line or "Slower" in line for line in said)


def _in_blocks(name: str, whole: float, cost: dict[int, float]) -> Timing:
    blocks = {size: Blocks(size, cost=[t], each=[1e-6]) for size, t in cost.items()}
    return Timing(name, offline=[whole], processes=[whole], blocks=blocks)


def test_ratios_in_blocks_stand_beside_those_on_whole_recordings() -> None:
    mine = _in_blocks("m()", 1e-2, {64: 2e-2, 128: 1e-2})
    peer = _in_blocks("p()", 8e-3, {64: 6e-2, 128: 2e-2})  # faster at once, slower in blocks
    own, whole = _in_blocks("own()", 1e-2, {64: 1e-2}), _timing("whole()", [1e-2])
    part = speed_report.part_of([mine, peer, own, whole], {}, [], "m()", 1, 15, 1.0)
    said = speed_report.summary(part | {"peers": ["p()", "whole()"]})
    assert said[0] == "Faster than `m()`: `p()` (0.80 of its time)."
    assert said[1] == (
        "In blocks of 64 to 128, times the time of `m()`: `p()` 2.00 to 3.00 (0.80 on whole"
        " recordings)."
    )
    turned = speed_report.summary(part | {"anchor": "p()", "peers": ["p()"]})
    assert turned[-1] == (
        "In blocks of 64 to 128, times the time of `p()`: `m()` 0.33 to 0.50 (1.25 on whole"
        " recordings), `own()` 0.17 (1.25 on whole recordings)."
    )
    alone = speed_report.part_of([mine, whole], {}, [], "m()", 1, 15, 1.0)
    assert not any("In blocks" in line for line in speed_report.summary(alone))


def test_the_cost_of_a_box_is_the_least_of_both_ways() -> None:
    timings = [
        _in_blocks("at once()", 1e-3, {64: 2e-3, 128: 3e-3}),
        _in_blocks("in blocks()", 5e-3, {64: 4e-3, 128: 2e-3}),
        _timing("whole()", [4e-3]),
        Timing("failed()", failed="no"),
    ]
    part = speed_report.part_of(timings, {}, [], "whole()", 1, 2, 1.0)
    assert page._costs(part) == {"at once()": 1e-3, "in blocks()": 2e-3, "whole()": 4e-3}
    assert page._costs(None) == {}


def test_the_command_writes_what_it_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--boxes", "gain(gain_db=1); pitch_shift()", "--seconds", "0.1", "--repetitions", "1"]
    assert main(["bench", "speed", *given, "--no-memory", "--quiet", "--out", str(tmp_path)]) == 0
    part = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))["speed"]
    facts = part["boxes"]["gain(gain_db=1)"]
    assert list(facts["blocks"]) == ["64", "128", "256", "512", "1024"]
    assert part["boxes"]["pitch_shift()"]["blocks"] == {}
    assert "whole recordings only" in (tmp_path / "index.html").read_text(encoding="utf-8")
    capsys.readouterr()
    assert main(["bench", "speed", "--boxes", "no_such_box()", "--out", str(tmp_path)]) == 1
    assert "no box 'no_such_box'" in capsys.readouterr().err
    assert main(["bench", "speed", "--blocks", "128,x", "--out", str(tmp_path)]) == 2
    assert "'128,x' holds no block sizes" in capsys.readouterr().err


def test_blocks_are_compared_at_the_sizes_that_were_asked_for(tmp_path: Path) -> None:
    given = ["--boxes", "gain(gain_db=1); wiener_denoiser()", "--seconds", "0.1", "--blocks", "480"]
    given += ["--repetitions", "1", "--no-memory", "--quiet", "--out", str(tmp_path)]
    assert main(["bench", "speed", *given]) == 0
    part = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))["speed"]
    assert list(part["boxes"]["wiener_denoiser()"]["blocks"]) == ["480"]
    lines = (tmp_path / "results.md").read_text(encoding="utf-8").splitlines()
    (row,) = (line for line in lines if line.startswith("| `gain(gain_db=1)` | 480 |"))
    assert "1.000 median 1.000" in row or "| 1.000" in row


def test_a_fresh_process_tells_loading_and_memory() -> None:
    figures = of_box("gain(gain_db=1)", seconds=0.1)
    assert figures["peak_mb"] >= figures["before_mb"] > 10
    assert figures["load_seconds"] > 0


def test_chains_show_what_each_box_costs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toy = "gain(gain_db=1) | wiener_denoiser() | gain(gain_db=2)", "gain(gain_db=1)", 1
    monkeypatch.setattr(chains, "CHAINS", {"toy": toy})
    given = ["--repetitions", "2", "--seconds", "0.5", "--quiet", "--out", str(tmp_path)]
    assert main(["bench", "chains", *given]) == 0
    facts = json.loads((tmp_path / "results.json").read_text())["chains"]["chains"]["toy"]
    assert list(facts["boxes"]["ours"]) == ["gain", "wiener_denoiser", "gain 3"]
    assert max(facts["boxes"]["ours"], key=facts["boxes"]["ours"].get) == "wiener_denoiser"
    assert "of it is `wiener_denoiser`" in capsys.readouterr().out
