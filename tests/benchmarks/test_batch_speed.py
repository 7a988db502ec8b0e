# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark of batches: songs as long as asked, the same bytes by one worker and by two."""

from __future__ import annotations

from pathlib import Path

import soundfile

from neuralboard.benchmarks.batch_speed import make_songs, measure


def test_one_worker_and_two_in_turns(tmp_path: Path) -> None:
    songs = make_songs(tmp_path, 2, 1.25)
    assert [soundfile.info(path).frames for path in songs] == [60_000, 60_000]
    assert songs[0].read_bytes() != songs[1].read_bytes()
    (pair,) = measure(songs, "gain(-1)", 1, tmp_path / "out")
    assert pair.same
    assert min(*pair.wall, *pair.processor, *pair.busiest) > 0
    assert pair.busiest[1] <= pair.processor[1]
