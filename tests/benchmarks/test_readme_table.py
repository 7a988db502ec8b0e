# SPDX-License-Identifier: GPL-3.0-or-later
"""The README's figures are the committed ones."""

from __future__ import annotations

import json
from pathlib import Path

from neuralboard.benchmarks import readme_table

PROJECT = Path(__file__).resolve().parent.parent.parent


def test_the_readme_shows_the_committed_results() -> None:
    results = (PROJECT / readme_table.RESULTS).read_text(encoding="utf-8")
    table = readme_table.render(json.loads(results))
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    shown = readme.split(readme_table.BEGIN)[1].split(readme_table.END)[0].strip()
    assert shown == table
    assert "nb.Denoiser" in shown
    assert "DeepFilterNet3" in shown
