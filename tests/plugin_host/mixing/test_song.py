# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole songs: the one that makes its own stems, and real ones where they are at hand."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neuralboard.benchmarks.mix_songs import measure_song
from neuralboard.file_loudness import measure_file
from neuralboard.main import main
from neuralboard.mixing.mixer import Mixer
from neuralboard.mixing.outputs import render_mix
from neuralboard.mixing.settings import OutputSettings
from tests.conftest import Clip
from tests.plugin_host.browser import Browser, find
from tests.plugin_host.mixing.sounds import RATE, peak_db, read
from tests.test_examples import PROJECT, run


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of the example's song, mixed by the command line."""
    folder = tmp_path_factory.mktemp("song")
    done = run(PROJECT / "examples/mix_song/make_stems.py", folder, str(folder))
    assert done.returncode == 0, done.stderr
    assert main(["mix", str(folder / "mix.toml"), "-o", str(folder / "out")]) == 0
    return folder


def test_the_example_meets_its_loudness_and_its_ceiling(song: Path) -> None:
    _, found = measure_file(song / "out/mix.wav", oversampling=16)
    assert found.integrated_lufs == pytest.approx(-14.0, abs=0.1)
    assert found.true_peak_db <= -1.0


def test_the_examples_stems_are_whole_and_sum_to_the_premaster(song: Path) -> None:
    stems = {path.stem: read(path) for path in (song / "out/stems").glob("*.wav")}
    assert set(stems) == {"vocals", "drums", "bass", "band", "plate", "echo"}
    premaster = read(song / "out/premaster.wav")
    assert {stem.shape for stem in stems.values()} == {premaster.shape}
    assert peak_db(sum(stems.values()) - premaster) < -120
    assert premaster.shape[1] > 20 * RATE  # the echo rings on
    for name, stem in stems.items():
        assert peak_db(stem) > -40, name


def test_the_bass_makes_room_for_the_drums(song: Path) -> None:
    """The ducker takes at most its 4 dB, and takes them at the kick: the beat is audible in it."""
    bass = read(song / "out/stems/bass.wav")[0, : 19 * RATE]
    beat = round(0.6 * RATE)
    beats = bass[: bass.size // (2 * beat) * 2 * beat].reshape(-1, 2 * beat)[2:]
    level = np.sqrt((beats.reshape(len(beats), -1, RATE // 50) ** 2).mean(axis=(0, 2)))
    assert 1.0 < 20 * np.log10(level.max() / level[1:8].min()) < 12.0


def test_the_report_opens_in_a_browser_on_a_screen_and_a_phone(song: Path, tmp_path: Path) -> None:
    program = find()
    if program is None:
        pytest.skip("no Chromium on PATH")
    with Browser(program, tmp_path / "profile") as browser:
        for width in (1200, 390):
            browser.open(song / "out/report.html", width)
            assert browser.evaluate("document.documentElement.scrollWidth") == width
            pictures = "[...document.images].map(i => (i.loading = 'eager', i.decode()))"
            browser.evaluate(f"Promise.all({pictures}).then(() => true)")
            missing = "[...document.images].filter(i => !i.naturalWidth).length"
            assert browser.evaluate(missing) == 0
        assert browser.said == []


def test_the_report_shows_what_each_box_did(song: Path) -> None:
    page = (song / "out/report.html").read_text(encoding="utf-8")
    for words in ("-14.0 LUFS", "vocals: change of level by high_pass, compressor, de_esser"):
        assert words in page
    lock = json.loads((song / "out/mix.lock.json").read_text())
    assert "report.html" in lock["outputs"]
    assert "stems/vocals.wav" in lock["inputs"]


def _folders(root: Path) -> Iterator[Path]:
    return (path for path in sorted(root.iterdir()) if path.is_dir())


@pytest.mark.audio
def test_real_songs_meet_their_loudness_and_their_ceiling(music_stem: Clip, tmp_path: Path) -> None:
    """One song as 24-bit WAV and as Ogg; benchmarks/mix_songs.py does all of them."""
    stems: Any = next(_folders(music_stem.path.parent.parent))
    wav, ogg = measure_song(stems, tmp_path, ("wav", "ogg"))
    assert wav.loudness.integrated_lufs == pytest.approx(wav.target_lufs, abs=0.1)
    assert wav.loudness.true_peak_db <= wav.ceiling_db
    assert any("decodes to a true peak" in note for note in ogg.notes)


def test_a_lossy_mix_above_its_ceiling_is_a_warning(tmp_path: Path) -> None:
    """A loudness alone asks for -1 dBTP too; corners overshoot in any encoder."""
    mixer = Mixer(RATE)
    loud = np.sign(np.sin(2 * np.pi * 220.5 * np.arange(3 * RATE) / RATE)).astype(np.float32)
    mixer.track("square", loud)
    settings = OutputSettings(format="mp3", quality="64 kbps", loudness_lufs=0.0, report=False)
    report = render_mix(mixer, tmp_path / "out", settings)
    (line,) = [note for note in report.notes if "decodes to a true peak" in note]
    assert re.fullmatch(r"warning: .*mix\.mp3 decodes .*above the -1 dBTP before encoding.*", line)
