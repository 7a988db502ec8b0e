# SPDX-License-Identifier: GPL-3.0-or-later
"""Promise: `bench denoise` and `bench mine` go on whatever they get, and say what happened."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

import neuralboard as nb
from neuralboard.benchmarks import (
    contenders,
    denoise_quality,
    page,
    quality_report,
    results,
    scoring,
)
from neuralboard.benchmarks.denoise_quality import Task, run
from neuralboard.benchmarks.listening import chosen_items, matching_gain_db
from neuralboard.benchmarks.pairs import Pair
from neuralboard.benchmarks.scoring import judge, judge_blind, score
from neuralboard.benchmarks.self_check import check_metrics, faults_of
from neuralboard.benchmarks.statistics import Estimate
from neuralboard.benchmarks.summary import in_words
from neuralboard.benchmarks.synthetic import SyntheticSet
from neuralboard.benchmarks.tables import conditions, faults, main_table
from neuralboard.main import main
from neuralboard.report import markdown
from tests.benchmarks.clips import RATE, voice, with_noise

for _package in ("jinja2", "matplotlib"):
    pytest.importorskip(_package, reason=f"{_package} comes with the extra [bench]")

CLEAN = voice(3.0)
NOISY = with_noise(CLEAN, 5.0, np.random.default_rng(3))


@pytest.fixture(autouse=True)
def quick_judges(monkeypatch: pytest.MonkeyPatch) -> None:
    """Judge by the one metric that needs no package and no time; the others have their tests."""

    def judged(clean: Any, out: Any, rate: int) -> dict[str, float]:
        from neuralboard.benchmarks.metrics import si_sdr, si_sdr_aligned

        found = {"si_sdr": si_sdr(clean, out), "si_sdr_aligned": si_sdr_aligned(clean, out, rate)}
        return found | scoring._faithfulness(clean, out, rate)

    monkeypatch.setattr("neuralboard.benchmarks.scoring.judge", judged)
    monkeypatch.setattr("neuralboard.benchmarks.self_check.check_metrics", lambda: None)


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    for name, cut in (("a", slice(0, 2 * RATE)), ("b", slice(RATE, 3 * RATE))):
        for kind, audio in (("clean", CLEAN), ("noisy", NOISY)):
            (tmp_path / "set" / kind).mkdir(parents=True, exist_ok=True)
            soundfile.write(tmp_path / "set" / kind / f"{name}.wav", audio[cut], RATE)
    return tmp_path / "set"


def _bench(*words: object) -> int:
    return main(["bench", *(str(word) for word in words), "--quiet"])


def _part(out: Path, kind: str = "denoise") -> Any:
    return json.loads((out / "results.json").read_text(encoding="utf-8"))[kind]


def test_broken_files_and_boxes_are_listed_and_the_rest_is_judged(
    pairs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (pairs / "noisy/c.wav").write_bytes(b"no sound")
    soundfile.write(pairs / "clean/c.wav", CLEAN, RATE)
    soundfile.write(pairs / "clean/d.wav", CLEAN, RATE)
    soundfile.write(pairs / "noisy/e.wav", CLEAN[RATE : RATE + 24_000], RATE)
    soundfile.write(pairs / "clean/e.wav", CLEAN[RATE : 2 * RATE], RATE)
    out = tmp_path / "out"
    boxes = "gain(gain_db=-3); gtcrn()"
    words = ["--pairs", pairs, "--boxes", boxes, "--jobs", 1, "--excerpts", 0, "--out", out]
    assert _bench("denoise", *words) == 1
    part, text = _part(out), (out / "index.html").read_text(encoding="utf-8")
    assert [item["pair"] for item in part["skipped"]] == ["c"]
    assert "skipped c:" in capsys.readouterr().err
    assert part["without_twin"] == ["clean/d.wav"]
    assert len(part["notes"]) == 1
    assert "cut to 24000" in part["notes"][0]
    assert part["means"]["gain(gain_db=-3)"]["si_sdr"]["n"] == 3
    assert part["faults"]["gtcrn()"][0].startswith("failed on 3 of 3: MissingPeerError")
    assert not any("Not told apart" in line for line in quality_report.summary(part))
    for said in ("skipped", "clean/d.wav", "cut to 24000", "failed: MissingPeerError"):
        assert said in text
    assert str(tmp_path) not in text


def test_no_audio_and_wrong_words_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _bench("denoise", "--pairs", tmp_path, "--out", tmp_path / "o") == 1
    assert "looked for clean/NAME and noisy/NAME" in capsys.readouterr().err
    assert _bench("denoise", "--speech", tmp_path, "--out", tmp_path / "o") == 2
    assert "mixing needs both" in capsys.readouterr().err
    assert _bench("denoise", "--speech", tmp_path, "--noise", tmp_path, "--out", tmp_path) == 1
    assert "no speech to mix" in capsys.readouterr().err
    (tmp_path / "index.html").write_text("somebody's site")
    assert _bench("denoise", "--out", tmp_path) == 1
    assert "no report of ours" in capsys.readouterr().err
    assert (tmp_path / "index.html").read_text() == "somebody's site"


def test_a_missing_judge_is_one_line_that_says_what_to_install(
    pairs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("neuralboard.benchmarks.self_check.check_metrics", check_metrics)
    monkeypatch.setattr("neuralboard.benchmarks.self_check.judge", judge)
    monkeypatch.setitem(sys.modules, "pesq", None)
    monkeypatch.setitem(sys.modules, "speechmos", None)
    assert _bench("denoise", "--pairs", pairs, "--out", tmp_path / "out") == 1
    said = capsys.readouterr().err
    assert "pip install 'neuralboard[bench]'" in said
    assert len(said.strip().splitlines()) == 1
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert _bench("speed", "--out", tmp_path / "out") == 1
    assert "matplotlib is not installed" in capsys.readouterr().err


def test_rows_that_are_there_are_not_made_again_and_failed_ones_are(
    pairs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = Task(("noisy", "gtcrn()"), pairs=str(pairs))
    first = run(task, tmp_path / "out")
    made: list[str] = []

    def counted_run(process: Any, pair: Pair) -> Any:
        made.append(pair.name)
        return scoring.run_one(process, pair)

    monkeypatch.setattr(denoise_quality, "run_one", counted_run)
    again = run(task, tmp_path / "out")
    assert made == ["a", "b"]  # gtcrn() failed; "noisy" is kept
    assert again.rows[:2] == first.rows[:2]
    assert [row["box"] for row in again.rows] == ["noisy", "noisy", "gtcrn()", "gtcrn()"]
    made.clear()
    run(task, tmp_path / "elsewhere", known=again.rows)  # those of an older results.json
    assert made == ["a", "b"]


def test_a_result_depends_on_all_code_that_makes_the_sound_and_on_no_other() -> None:
    ours = {path.name for path in contenders._sources_of(nb.Board([nb.Denoiser()]))}
    assert {"denoiser.py", "mask_shaper.py", "spectrum_core.py"} <= ours
    assert "wiener_denoiser.py" not in ours
    peer = contenders._sources_of(nb.parse_chain("rnnoise()"))
    assert [path.name for path in peer] == ["frame_peer.py", "rnnoise.py"]
    assert contenders._sources_of(nb.parse_chain("gain(gain_db=1)")) == []
    prints = {contenders.Contender(text).fingerprint() for text in ("noisy", "gain(gain_db=1)")}
    assert len(prints) == 2


def test_ctrl_c_keeps_finished_rows_and_leaves_no_trace_of_python(
    pairs: Path, tmp_path: Path
) -> None:
    for number in range(40):
        for kind in ("clean", "noisy"):
            source = pairs / kind / "a.wav"
            (pairs / kind / f"x{number:02d}.wav").write_bytes(source.read_bytes())
    out = tmp_path / "out"
    code = (
        "import sys, numpy\n"
        "from neuralboard.benchmarks import scoring, self_check\n"
        "self_check.check_metrics = lambda: None\n"
        "scoring.judge = lambda c, o, r: {'si_sdr': 1.0, 'lag_ms': 0.0, 'speech_gain_db': 0.0}\n"
        "from neuralboard.main import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    words = ["bench", "denoise", "--pairs", str(pairs), "--boxes", "wiener_denoiser()"]
    words += ["--jobs", "1", "--out", str(out), "--quiet"]
    process = subprocess.Popen(
        [sys.executable, "-c", code, *words], stderr=subprocess.PIPE, text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    rows = out / "rows.jsonl"
    while process.poll() is None and not (rows.is_file() and rows.stat().st_size):
        pass
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 130, said
    assert "finished rows are kept" in said
    assert "Traceback" not in said
    assert 2 <= len(rows.read_text().splitlines()) < 84
    assert not (out / "index.html").exists()


def test_the_synthetic_set_says_first_that_it_decides_nothing(tmp_path: Path) -> None:
    items = SyntheticSet()
    rows = [
        {"box": "noisy", "pair": pair.name, "seconds": 1.0, "si_sdr": 1.0, "lag_ms": 0.0,
         "speech_gain_db": 0.0, **pair.facts}
        for pair in (items[0], items[5])
    ]  # fmt: skip
    task = Task(("noisy",))
    part = quality_report.part_of(denoise_quality.Judged(rows, []), task, "noisy", [])
    first = markdown(page.build(tmp_path, {"denoise": part})).split("\n\n")[1]
    assert first.startswith("**Synthetic speech")
    assert "decide nothing" in first
    mixed = quality_report.part_of(
        denoise_quality.Judged(rows, []), Task(("noisy",), data="x"), "noisy", []
    )
    assert page.build(tmp_path, {"denoise": mixed}).first == []
    np.testing.assert_array_equal(items[7].noisy, SyntheticSet()[7].noisy)
    assert not np.array_equal(items[7].noisy, SyntheticSet(seed=16)[7].noisy)


def _rows(box: str, pesq: float, spread: float = 0.0, **more: Any) -> list[dict[str, Any]]:
    return [
        {"box": box, "pair": f"p{i}", "seconds": 1.0, "pesq_wb": pesq + i * spread, **more}
        for i in range(10)
    ]


def test_a_better_peer_is_said_first() -> None:
    groups = {
        "noisy": _rows("noisy", 1.0),
        "denoiser()": _rows("denoiser()", 2.0, cpu_seconds=0.02),
        "worse()": _rows("worse()", 1.5, cpu_seconds=0.01),
        "better()": _rows("better()", 2.5, cpu_seconds=0.04),
        "alike()": _rows("alike()", 1.55, spread=0.1, cpu_seconds=0.02),
    }
    said = in_words(groups, "denoiser()", ["worse()", "better()", "alike()"])
    assert said[0] == "`better()` is better than `denoiser()` by PESQ-WB (+0.50)."
    assert said[1] == "Less processor time than `denoiser()`: `worse()` (0.50 of it)."
    assert said[2] == "`denoiser()` is better than `worse()` by PESQ-WB (+0.50)."
    assert "`alike()`: PESQ-WB" in said[3]
    assert "makes the recordings better by PESQ-WB (+1.00)" in said[4]
    few = {box: rows[:7] for box, rows in groups.items()}
    assert "better than" not in " ".join(in_words(few, "denoiser()", ["worse()", "better()"]))


def test_what_failed_or_holds_no_speech_has_no_rank() -> None:
    pairs = [Pair("p", NOISY.astype(np.float32), CLEAN.astype(np.float32), RATE, {})]

    def broken(audio: Any, rate: int) -> Any:
        raise RuntimeError("no weights")

    def muted(audio: Any, rate: int) -> Any:
        return audio * np.float32(10 ** (-41 / 20))

    def quiet(audio: Any, rate: int) -> Any:
        return audio * np.float32(10 ** (-39 / 20))

    groups = {
        name: score(process, pairs, name=name)
        for name, process in (("broken", broken), ("muted", muted), ("quiet", quiet))
    }
    by_name = {row[0].key: row for row in main_table(groups).rows}
    assert by_name["broken"][0].text == "`broken` (failed: RuntimeError: no weights)"
    assert by_name["muted"][0].text == "`muted` (no speech: unranked)"
    assert [by_name[name][1].text for name in groups] == ["0", "0", "1"]
    # What has no key is sorted to the end of every column.
    assert all(cell.key is None for cell in by_name["muted"][2:-1])
    assert all(cell.key is not None for cell in by_name["quiet"][2:-1])
    assert [row[0].key for row in main_table(groups).rows] == ["broken", "quiet", "muted"]


def test_silence_does_not_win() -> None:
    groups = {
        "denoiser()": _rows("denoiser()", 2.0),
        "mute()": _rows("mute()", 4.0, speechless=True),
    }
    said = in_words(groups, "denoiser()", ["mute()"])
    assert not any("better" in line for line in said)
    assert any("no speech left in 10 of 10" in line for line in said)
    half = [*_rows("x()", 2.0)[:5], *_rows("x()", 4.0, speechless=True)[5:]]
    assert "means are those of the other 5" in faults(half)[0]


def test_many_snrs_are_gathered_by_5_db() -> None:
    rows = [{"box": "noisy", "snr_db": 0.7 * i} for i in range(20)]
    assert conditions({"noisy": rows}, "snr_db") == [0.0, 5.0, 10.0, 15.0]
    assert conditions({"noisy": rows[:3]}, "snr_db") == [0.0, 0.7, 1.4]


def test_players_match_the_speech_not_the_loudness() -> None:
    pair = Pair("p", NOISY.astype(np.float32), CLEAN.astype(np.float32), RATE, {})
    assert matching_gain_db(pair, pair.noisy) == pytest.approx(0.0, abs=0.3)  # louder, not moved
    assert matching_gain_db(pair, pair.clean * 0.5) == pytest.approx(6.02, abs=0.01)
    blind = Pair("p", pair.noisy, np.zeros(0, np.float32), RATE, {})
    assert matching_gain_db(blind, pair.noisy * 0.25) == pytest.approx(12.04, abs=0.01)
    assert matching_gain_db(blind, pair.noisy * 0.0) == 30.0


def test_excerpts_are_spread_over_the_snrs() -> None:
    rows = [{"box": b, "pair": f"p{i}", "snr_db": -i} for b in "xy" for i in range(9)]
    assert chosen_items(rows, 3) == ["p7", "p4", "p1"]
    assert chosen_items(rows[:2], 5) == ["p1", "p0"] or len(chosen_items(rows[:2], 5)) <= 2
    assert chosen_items([], 3) == []


def test_the_self_check_finds_a_metric_that_lies() -> None:
    good = {"pesq_wb": 4.64, "stoi": 1.0, "estoi": 1.0, "si_sdr": 150.0, "si_sdr_aligned": 150.0,
            "dnsmos_ovrl": 3.0, "lsd": 0.0}  # fmt: skip
    better = good | {"si_sdr": 20.0, "si_sdr_aligned": 20.0, "pesq_wb": 3.0, "stoi": 0.9,
                     "estoi": 0.9, "lsd": 2.0}  # fmt: skip
    worse = {name: value - 1.0 for name, value in better.items()} | {"lsd": 5.0}
    assert faults_of(good, better, worse) == []
    (said,) = faults_of(good | {"pesq_wb": 3.9}, better, worse)
    assert said == "PESQ-WB of a voice against itself is 3.9"
    (said,) = faults_of(good, better | {"lsd": 6.0}, worse)
    assert said.startswith("LSD to 24 kHz, dB is 6 with little noise")


def test_results_can_be_read_again_and_broken_ones_are_refused(tmp_path: Path) -> None:
    parts = {"denoise": {"rows": [{"a": 1 / 3, "b": None}, {"a": 2.0}], "means": {}, "n": []}}
    results.store(tmp_path, results.plain(parts))
    assert results.load(tmp_path) == results.plain(parts)
    assert results.plain({"a": float("nan")}) == {"a": None}
    assert (tmp_path / "results.json").read_text().count("\n") > 3  # a diff can show it
    (tmp_path / "results.json").write_text("{}")
    with pytest.raises(results.ReportError, match="no result of this version"):
        results.load(tmp_path)


def test_recordings_of_ones_own_are_judged_without_a_reference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from neuralboard.benchmarks.metrics.dnsmos import Dnsmos

    heard: list[float] = []

    def guess(audio: Any, rate: int, windows: int) -> Dnsmos:
        heard.append(float(np.sqrt(np.mean(np.square(audio)))))
        return Dnsmos(3.0, 3.0, 3.0)

    monkeypatch.setattr("neuralboard.benchmarks.metrics.dnsmos_of", guess)
    mine = tmp_path / "mine.wav"
    soundfile.write(mine, NOISY, RATE)
    out = tmp_path / "out"
    words = ["--input", mine, "--boxes", "gain(gain_db=-12)", "--out", out]
    assert _bench("mine", *words) == 0
    part = _part(out, "mine")
    assert list(part["metrics"]) == ["dnsmos_sig", "dnsmos_bak", "dnsmos_ovrl", "input_level"]
    assert heard[0] == pytest.approx(heard[1], rel=1e-3)  # turning down gains nothing
    first, *_ = quality_report.summary(part)
    assert first.startswith("Too few recordings to decide. By DNSMOS OVRL")
    quiet = part["rows"][1]
    assert quiet["input_level"] == pytest.approx(-12.0, abs=0.1)
    (excerpt,) = part["excerpts"]
    assert [v["label"] for v in excerpt["versions"]] == ["noisy", "gain(gain_db=-12)"]
    assert excerpt["versions"][1]["gain_db"] == pytest.approx(12.0, abs=0.1)
    sounds = [soundfile.read(out / version["file"])[0] for version in excerpt["versions"]]
    np.testing.assert_allclose(sounds[0], sounds[1], atol=3e-4)
    assert judge_blind(NOISY, NOISY * 0.001, RATE)["speech_gain_db"] < -40


def test_estimates_without_a_value_are_a_dash() -> None:
    from neuralboard.benchmarks.tables import cell_of

    assert cell_of(Estimate(float("nan"), float("nan"), float("nan"), 0), 2).text == "–"
    assert cell_of(Estimate(1.234, 1.234, 1.234, 1), 2).note == ""
    cell = cell_of(Estimate(1.234, 1.0, 1.5, 9), 2, "+")
    assert (cell.text, cell.note, cell.strong) == ("+1.23", "[+1.00, +1.50]", True)
