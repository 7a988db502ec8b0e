# SPDX-License-Identifier: GPL-3.0-or-later
"""The example in docs/model-file.md makes a model file that loads and runs as the page says."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from neuralboard.effects.model_card import Card
from neuralboard.effects.model_file import add_golden, load_model
from neuralboard.effects.model_operators import OPERATORS


@pytest.fixture(scope="module")
def page(project: Path) -> str:
    return (project / "docs" / "model-file.md").read_text(encoding="utf-8")


@pytest.mark.usefixtures("fresh_cache")
def test_the_example_makes_a_model_file(
    page: str, tmp_path: Path, rng: np.random.Generator
) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = [line for line in code.splitlines() if line.strip()]
    assert 10 <= len(lines) <= 30  # short enough to be read
    model = load_model(tmp_path / "gate.onnx")
    assert (model.card.name, model.output_kind) == ("gate", "gain")
    spectrum = rng.standard_normal((2, 40, 257, 2), dtype=np.float32)
    states = model.start_states(2)
    whole = model.run(spectrum, states)
    states = model.start_states(2)
    steps = [model.run(np.ascontiguousarray(spectrum[:, t : t + 1]), states) for t in range(40)]
    np.testing.assert_allclose(np.concatenate(steps, 1), whole, atol=2e-6)
    load_model(add_golden((tmp_path / "gate.onnx").read_bytes()), trust=True, verify=True)


def test_the_table_has_every_field(page: str) -> None:
    card = page.partition("## The card")[2].partition("## The self-test")[0]
    rows = [line.split("|")[1] for line in card.splitlines() if line.startswith("| `")]
    named = re.findall(r"`(\w+)`", "".join(rows))
    assert sorted(named) == sorted(field.name for field in dataclasses.fields(Card))


def test_operators_that_the_page_names_are_in_the_list(page: str) -> None:
    text = page.partition("## What a graph may hold")[2].partition("No loops")[0]
    named = set(re.findall(r"`([A-Z]\w+)`", text))
    assert len(named) > 15
    assert named <= OPERATORS | {"ModelFileError"}
