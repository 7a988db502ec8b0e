# SPDX-License-Identifier: GPL-3.0-or-later
"""200 damaged model files: each loads and passes, or is a ModelFileError (10,000: make fuzz)."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

COUNT = 200


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_damaged_files_load_and_pass_or_are_refused(project: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.effects.fuzz_models", str(COUNT)],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    last = done.stdout.splitlines()[-1]
    assert last.startswith(f"{COUNT} files: ")
    counts = {word: int(n) for n, word in re.findall(r"(\d+) ([a-z ]+)(?:,|$)", last)}
    # The damage is neither so slight that all pass nor so gross that nothing gets through.
    assert counts["loaded and ran"] >= COUNT // 20
    assert counts["refused by the checks"] >= COUNT // 4
    assert counts["refused by the trial"] >= COUNT // 50
