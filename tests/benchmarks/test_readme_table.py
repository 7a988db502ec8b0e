# SPDX-License-Identifier: GPL-3.0-or-later
"""The README's figures are the committed ones: its table, and the sentences around it."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

import neuralboard as nb
from neuralboard.benchmarks import readme_table
from neuralboard.benchmarks.readme_claims import claims
from neuralboard.effects.shipped import shipped_model

PROJECT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module")
def results() -> Any:
    return json.loads((PROJECT / readme_table.RESULTS).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def readme() -> str:
    return (PROJECT / "README.md").read_text(encoding="utf-8")


def test_the_readme_shows_the_committed_results(results: Any, readme: str) -> None:
    table = readme_table.render(results)
    shown = readme.split(readme_table.BEGIN)[1].split(readme_table.END)[0].strip()
    assert shown == table
    assert "nb.Denoiser" in shown
    assert "DeepFilterNet3" in shown


def test_the_sentences_say_what_the_committed_results_say(results: Any, readme: str) -> None:
    missing = [claim for claim in claims(results) if claim not in readme]
    assert not missing, f"the results say so, the README does not: {missing}"


def test_the_sentences_follow_the_results(results: Any) -> None:
    before = " ".join(claims(results))
    changed = copy.deepcopy(results)
    for row in changed["denoise"]["rows"]:
        row.pop("speechless", None)
        if row["box"].startswith("ul_unas"):
            row["estoi"] = 0.99
        if row["box"].startswith("dtln"):
            row["dnsmos_ovrl"] = 1.0
    after = " ".join(claims(changed))
    for told, told_then in (
        ("on ESTOI and SI-SDR better than all but UL-UNAS", "on SI-SDR better than all but UL-U"),
        ("by DNSMOS the five neural peers are better", "GTCRN, DeepFilterNet3, UL-UNAS and RNN"),
        ("RNNoise and DeepFilterNet3 leave no speech at all in 3", "Each leaves some speech"),
        ("it is level with DTLN and GTCRN on all four", "it is level with GTCRN on all four"),
    ):
        assert told in before
        assert told not in after
        assert told_then in after


def test_the_shipped_denoiser_is_as_the_readme_says(readme: str) -> None:
    size, latency = shipped_model("denoiser").stat().st_size, nb.Denoiser().latency(48_000)
    assert f"48 kHz full band, {latency / 48:.0f} ms, {size / 1e6:.2f} MB" in readme
