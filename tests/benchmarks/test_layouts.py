# SPDX-License-Identifier: GPL-3.0-or-later
"""Promise: one points to a folder of pairs; what does not fit is cured and noted, or named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from neuralboard.benchmarks.layouts import recognise
from neuralboard.benchmarks.pairs import FolderPairs, Recordings
from neuralboard.errors import AudioError, AudioFileError


def _write(path: Path, samples: int = 800, rate: int = 16_000, level: float = 0.1) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    wave = level * np.sin(np.arange(samples) * 0.05 * 16_000 / rate)
    soundfile.write(path, wave, rate, subtype="FLOAT")


PUBLIC = {
    "VoiceBank+DEMAND": (
        "clean_testset_wav/p232_001.wav", "noisy_testset_wav/p232_001.wav",
        {"noise_type": "bus", "snr_db": 17.5},
    ),
    "DNS-Challenge, synthetic": (
        "no_reverb/clean/clean_fileid_7.wav",
        "no_reverb/noisy/clnsp9_door_snr4_tl-21_fileid_7.wav",
        {"snr_db": 4.0, "room": "none"},
    ),
    "EARS-WHAM": (
        "test/clean/p102/00042.wav", "test/noisy/p102/00042_-1.5dB.wav", {"snr_db": -1.5},
    ),
    "clean/ and noisy/": ("clean/a/b.wav", "noisy/a/b.aiff", {}),
}  # fmt: skip


@pytest.mark.parametrize("kind", PUBLIC)
def test_the_layouts_of_public_sets_are_recognised(kind: str, tmp_path: Path) -> None:
    clean, noisy, facts = PUBLIC[kind]
    _write(tmp_path / clean)
    _write(tmp_path / noisy)
    if kind.startswith("VoiceBank"):
        (tmp_path / "log_testset.txt").write_text("p232_001 bus 17.5\n")
    layout = recognise(tmp_path)
    assert layout.kind == kind
    (pair,) = layout.pairs
    assert (pair.clean, pair.noisy) == (tmp_path / clean, tmp_path / noisy)
    assert pair.facts == facts
    if kind.startswith("DNS"):  # the folder below will do as well
        assert recognise(tmp_path / "no_reverb").kind == kind


def test_ids_are_numbers_not_text(tmp_path: Path) -> None:
    for number in (1, 11):
        _write(tmp_path / f"clean/clean_fileid_{number}.wav")
        _write(tmp_path / f"noisy/x_snr0_fileid_{number}.wav")
    found = {pair.noisy.name: pair.clean for pair in recognise(tmp_path).pairs}
    for name, clean in found.items():
        assert clean is not None
        assert clean.stem.rpartition("_")[2] == Path(name).stem.rpartition("_")[2]


def test_a_blind_set_has_no_reference(tmp_path: Path) -> None:
    _write(tmp_path / "noreverb_fileid_3.wav")
    (pair,) = FolderPairs(tmp_path)
    assert pair.blind
    assert len(pair.noisy) == 800
    assert FolderPairs(tmp_path).layout.kind == "no reference"


def test_files_without_a_twin_are_listed(tmp_path: Path) -> None:
    for name in ("clean/a.wav", "noisy/a.wav", "clean/b.wav", "noisy/c.wav"):
        _write(tmp_path / name)
    layout = recognise(tmp_path)
    assert [pair.name for pair in layout.pairs] == ["a"]
    assert sorted(layout.alone) == ["clean/b.wav", "noisy/c.wav"]


def test_no_audio_at_all_says_what_was_looked_for(tmp_path: Path) -> None:
    (tmp_path / "readme.txt").write_text("no sound")
    with pytest.raises(AudioError, match="looked for clean/NAME and noisy/NAME"):
        recognise(tmp_path)
    with pytest.raises(AudioError, match="there is no such folder"):
        recognise(tmp_path / "nowhere")
    _write(tmp_path / "clean/a.wav")
    _write(tmp_path / "noisy/b.wav")
    with pytest.raises(AudioError, match="1 clean and 1 noisy ones are there, none of the same"):
        recognise(tmp_path)


def test_another_rate_and_length_are_cured_and_noted(tmp_path: Path) -> None:
    _write(tmp_path / "clean/a.wav", 9600, 48_000)
    _write(tmp_path / "noisy/a.wav", 3000, 16_000)
    (pair,) = FolderPairs(tmp_path)
    assert pair.sample_rate == 16_000
    assert len(pair.clean) == len(pair.noisy) == 3000
    assert "clean has 48000 Hz, noisy 16000 Hz" in pair.facts["note"]
    assert "cut to 3000" in pair.facts["note"]
    assert pair.facts["snr_db"] > 30  # the same wave at both rates


@pytest.mark.parametrize("what", ["NaN or Inf", "digital silence", "no samples", "broken"])
def test_a_file_that_can_not_be_judged_is_named(what: str, tmp_path: Path) -> None:
    path = tmp_path / "noisy/a.wav"
    _write(tmp_path / "clean/a.wav")
    _write(path, 0 if what == "no samples" else 800, level=0.0 if "silence" in what else 0.1)
    if what.startswith("NaN"):
        soundfile.write(path, np.full(800, np.nan), 16_000, subtype="FLOAT")
    elif what == "broken":
        path.write_bytes(b"RIFF no sound at all")
    pairs = FolderPairs(tmp_path)
    with pytest.raises(AudioFileError, match=what if what != "broken" else r"a\.wav"):
        pairs[0]


def test_a_recording_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(AudioFileError, match="there is no such file"):
        Recordings([tmp_path / "mine.wav"])
