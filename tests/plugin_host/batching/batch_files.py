# SPDX-License-Identifier: GPL-3.0-or-later
"""Small songs for the tests of batches, and what every batch leaves behind."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from neuralboard.batching.journal import JOURNAL_NAME
from neuralboard.fingerprint import hash_file
from tests.conftest import PROJECT
from tests.plugin_host.file_helpers import int_wav

QUIET, LOUD = 3000, 20_000  # peaks of 16 bits


def song(path: Path, peak: int = QUIET, seed: int = 0) -> Path:
    """Write half a second of noise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    levels = np.random.default_rng(seed).integers(-peak, peak, (2, 24_000))
    path.write_bytes(int_wav(levels, 16))
    return path


def songs(folder: Path, count: int = 4, loud: int | None = None) -> list[Path]:
    """Write several songs, one of them loud."""
    return [song(folder / f"{n}.wav", LOUD if n == loud else QUIET, seed=n) for n in range(count)]


def entries(folder: Path) -> list[dict[str, Any]]:
    """Return what the journal of an output folder tells."""
    text = (folder / JOURNAL_NAME).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def written_once(folder: Path, *names: str) -> None:
    """Assert that just these outputs are there, each journalled as done once, and no remains."""
    done = sorted(entry["output"] for entry in entries(folder) if entry["status"] == "done")
    assert done == sorted(names)
    there_are(folder, *names)


def there_are(folder: Path, *names: str) -> None:
    """Assert that just these outputs are there, with the hashes of the journal, and no remains."""
    for name in names:
        digest = hash_file(folder / name)
        assert digest in {e["output_sha256"] for e in entries(folder) if e["output"] == name}
    there = {str(p.relative_to(folder)) for p in folder.rglob("*") if not p.is_dir()}
    assert there == {*names, JOURNAL_NAME}
    assert not [p for p in folder.iterdir() if p.name.startswith(".")]


def command(*words: str | Path) -> list[str]:
    """Return `neuralboard batch ...` as a process of its own can run it."""
    return [sys.executable, "-m", "neuralboard.main", "batch", *map(str, words)]


def started(*words: str | Path, **options: Any) -> subprocess.Popen[bytes]:
    """Start a batch in a session of its own; workers find the boxes of the tests."""
    return subprocess.Popen(
        command(*words),
        cwd=PROJECT,
        stderr=subprocess.PIPE,
        start_new_session=True,
        **options,
    )
