# SPDX-License-Identifier: GPL-3.0-or-later
"""Promise: any callable can be judged; doing nothing scores as the input, faults are called out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from neuralboard.benchmarks.contenders import Contender, public_onnx
from neuralboard.benchmarks.pairs import Pair
from neuralboard.benchmarks.scoring import METRICS, score, summarise
from neuralboard.benchmarks.tables import compare, faults
from neuralboard.main import main
from tests.benchmarks.clips import RATE, voice, with_noise

for _package in ("pesq", "pystoi", "speechmos"):
    pytest.importorskip(_package, reason=f"{_package} comes with the extra [bench]")

Mono = NDArray[np.float32]


@pytest.fixture(scope="module")
def pairs() -> list[Pair]:
    rng = np.random.default_rng(2)
    clean = voice(8.0)
    cuts = [clean[: 4 * RATE], clean[4 * RATE :]]
    return [
        Pair(
            f"p{number}",
            with_noise(cut, 10.0, rng).astype(np.float32),
            cut.astype(np.float32),
            RATE,
            {"snr_db": 10.0},
        )
        for number, cut in enumerate(cuts)
    ]


@pytest.fixture(scope="module")
def noisy_rows(pairs: list[Pair]) -> list[dict[str, Any]]:
    return score(lambda audio, rate: audio, pairs, name="nothing")


def test_a_better_process_is_better_by_every_metric(
    pairs: list[Pair], noisy_rows: list[dict[str, Any]]
) -> None:
    cleans = {pair.noisy.tobytes(): pair.clean for pair in pairs}

    def half_as_noisy(audio: Mono, rate: int) -> Mono:
        return np.asarray((audio + cleans[audio.tobytes()]) / 2, np.float32)

    seen: list[str] = []
    rows = score(half_as_noisy, pairs, progress=lambda row: seen.append(row["pair"]))
    assert seen == ["p0", "p1"]
    for name, difference in compare(rows, noisy_rows).items():
        better = METRICS[name].higher_is_better
        # The network that guesses SIG hears no difference at 10 and 16 dB.
        if better is not None and name != "dnsmos_sig":
            assert difference.significant, name
            assert (difference.mean > 0) == better, name
    assert summarise(rows)["si_sdr"].mean == pytest.approx(16.0, abs=0.1)


def test_faults_are_called_out_and_the_run_goes_on(pairs: list[Pair]) -> None:
    def late(audio: Mono, rate: int) -> Mono:
        return np.concatenate([np.zeros(rate // 1000, np.float32), audio])[: len(audio)]

    def broken(audio: Mono, rate: int) -> Mono:
        raise RuntimeError("no weights\nhere")

    (said,) = faults(score(late, pairs))
    assert said == "its declared latency is wrong by +1.00 ms (median)"
    (said,) = faults(score(broken, pairs))
    assert said == "failed on 2 of 2: RuntimeError: no weights here"
    (said, *_) = faults(score(lambda audio, rate: audio[:-1], pairs))
    assert "gave shape" in said
    (said, *_) = faults(score(lambda audio, rate: audio * np.float32(1e-3), pairs))
    assert said.startswith("no speech left in 2 of 2")


def test_a_run_keeps_its_rows_and_doing_nothing_scores_as_the_input(
    pairs: list[Pair],
    noisy_rows: list[dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("neuralboard.benchmarks.self_check.check_metrics", lambda: None)
    for pair in pairs:
        for kind, audio in (("clean", pair.clean), ("noisy", pair.noisy)):
            (tmp_path / kind).mkdir(exist_ok=True)
            soundfile.write(tmp_path / kind / f"{pair.name}.wav", audio, RATE, subtype="FLOAT")
    out = tmp_path / "out"
    given = ["bench", "denoise", "--pairs", str(tmp_path), "--boxes", "gain(gain_db=0)"]
    given += ["--out", str(out), "--jobs", "1", "--excerpts", "1", "--quiet"]
    assert main(given) == 0
    kept = (out / "rows.jsonl").read_text().splitlines()
    assert len(kept) == 4  # two boxes (the input is one), two pairs
    first = json.loads((out / "results.json").read_text())["denoise"]
    for name in METRICS:
        if name in first["metrics"]:
            mean = first["means"]["gain(gain_db=0)"][name]["mean"]
            assert mean == first["means"]["noisy"][name]["mean"]
            assert mean == pytest.approx(summarise(noisy_rows)[name].mean, rel=1e-6)

    (out / "results.json").unlink()
    (out / "index.html").unlink()
    (out / "rows.jsonl").write_text("\n".join([*kept[:3], kept[3][:50]]))  # a crash amid a line
    assert main(given) == 0
    again = json.loads((out / "results.json").read_text())["denoise"]
    assert again["means"] == first["means"]  # the same figures twice
    assert again["rows"][:2] == first["rows"][:2]  # kept, processor time and all
    assert "seed 15" not in (out / "results.md").read_text()
    for name in ("index.html", "results.md", "results.json"):
        assert str(tmp_path) not in (out / name).read_text()


def test_a_changed_model_file_is_judged_anew(tmp_path: Path) -> None:
    model = tmp_path / "gtcrn_simple.onnx"
    model.write_bytes(b"one")
    (text,) = public_onnx(tmp_path)
    contender = Contender(text)
    first = contender.fingerprint()
    assert contender.fingerprint() == first
    model.write_bytes(b"two")
    assert contender.fingerprint() != first
    assert contender.label == "gtcrn(path='gtcrn_simple.onnx')"
