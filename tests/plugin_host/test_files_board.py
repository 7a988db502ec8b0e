# SPDX-License-Identifier: GPL-3.0-or-later
"""Files through real boards: the file is what the same board gives in memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pedalboard
import pytest
import soundfile

import neuralboard as nb
from tests.plugin_host.file_helpers import float_wav, int_wav, levels_of

RATE = 48_000


def _file(folder: Path, seconds: float = 1.5) -> tuple[Path, np.ndarray]:
    generator = np.random.default_rng(5)
    audio = (generator.standard_normal((2, round(seconds * RATE))) * 0.05).astype(np.float32)
    audio[:, RATE // 2 :] += np.sin(np.arange(audio.shape[1] - RATE // 2) / 20).astype(
        np.float32
    ) * np.float32(0.3)
    (folder / "in.wav").write_bytes(float_wav(audio, RATE))
    return folder / "in.wav", audio


def _sound(path: Path) -> np.ndarray:
    return np.asarray(soundfile.read(path, dtype="float32", always_2d=True)[0].T)


@pytest.mark.parametrize(
    "chain",
    [
        "compressor(threshold_db=-18, ratio=3) | brickwall_limiter()",
        "highpass_filter(80) | spectral_subtraction() | mix(dry, reverb(dry_level=0))",
        "mp3_compressor() | gain(-3)",
    ],
)
def test_a_file_is_what_the_board_gives_in_memory(tmp_path: Path, chain: str) -> None:
    source, audio = _file(tmp_path)
    board = nb.parse_chain(chain)
    report = nb.process_file(board, source, tmp_path / "out.wav", removed=tmp_path / "gone.wav")
    expected = board(audio, RATE)
    assert report.samples == audio.shape[1]
    assert np.array_equal(_sound(tmp_path / "out.wav"), expected)
    assert np.array_equal(_sound(tmp_path / "gone.wav"), audio - expected)


def test_an_empty_board_copies_bit_for_bit(tmp_path: Path, rng: np.random.Generator) -> None:
    levels = rng.integers(-(2**15), 2**15, (2, 70_000))
    (tmp_path / "in.wav").write_bytes(int_wav(levels, 16))
    nb.process_file(nb.Board([]), tmp_path / "in.wav", tmp_path / "out.flac")
    assert np.array_equal(levels_of(tmp_path / "out.flac", 16), levels)


def test_a_noise_print_reaches_a_box_deep_in_the_board(tmp_path: Path) -> None:
    source, audio = _file(tmp_path)
    board = nb.parse_chain("gain(0) | mix(dry | spectral_subtraction(), dry)")
    before = board.to_json()
    nb.process_file(board, source, tmp_path / "out.wav", learn="0:00-0:00.5")
    assert board.to_json() == before  # a copy learned
    taught = nb.parse_chain("gain(0) | mix(dry | spectral_subtraction(), dry)")
    taught[1][0][1].learn(audio[:, : RATE // 2], RATE)
    assert np.array_equal(_sound(tmp_path / "out.wav"), taught(audio, RATE))
    assert not np.array_equal(_sound(tmp_path / "out.wav"), board(audio, RATE))


def test_a_reverb_rings_out_with_a_tail(tmp_path: Path) -> None:
    source, _ = _file(tmp_path)
    board = nb.parse_chain("reverb(room_size=0.8)")
    report = nb.process_file(board, source, tmp_path / "out.wav", tail="auto")
    out = _sound(tmp_path / "out.wav")
    assert 2.0 < report.seconds < 20.0
    assert np.max(np.abs(out[:, -1])) > 1e-4  # the last sample is the last above -80 dBFS
    assert np.max(np.abs(out[:, -RATE // 10 :])) < 1e-3


def test_pitch_shift_takes_the_whole_file_and_says_so(tmp_path: Path) -> None:
    source, audio = _file(tmp_path)
    board = nb.Board([pedalboard.PitchShift(3)])
    report = nb.process_file(board, source, tmp_path / "out.wav")
    assert np.array_equal(_sound(tmp_path / "out.wav"), board(audio, RATE))
    assert "loaded into memory" in report.notes[0]
