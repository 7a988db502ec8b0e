# SPDX-License-Identifier: GPL-3.0-or-later
"""Convolution on a Board is ours, and sounds as pedalboard's, from files and arrays."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pedalboard as pb
import pytest
from pedalboard.io import AudioFile

import neuralboard as nb
from neuralboard import natives, responses, testing
from neuralboard.errors import AudioError, AudioFileError

RATE = 48_000


def room(channels: int, seconds: float, seed: int = 1) -> Any:
    rng = np.random.default_rng(seed)
    decay = np.exp(-6.9 * np.linspace(0, 1, round(seconds * RATE)))
    return (0.3 * rng.standard_normal((channels, decay.size)) * decay).astype(np.float32)


def written(path: Path, audio: Any, depth: int = 16) -> str:
    with AudioFile(str(path), "w", RATE, audio.shape[0], bit_depth=depth) as file:
        file.write(audio)
    return str(path)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("seconds", [1e-4, 0.02, 0.3])
def test_it_sounds_as_pedalboards(rate: int, channels: int, seconds: float) -> None:
    audio = testing.signal_of(rate, channels, 0.7, seed=2)
    for taps in (room(1, seconds), room(2, seconds)):
        for mix in (0.0, 0.3, 1.0):
            theirs = pb.Convolution(taps, mix, RATE)(audio, rate)
            board = nb.Board([pb.Convolution(taps, mix, RATE)])
            np.testing.assert_allclose(board(audio, rate), theirs, rtol=0, atol=3e-7)
            assert board.latency(rate) == 0


@pytest.mark.parametrize("name", ["a.wav", "b.aiff", "c.ogg"])
def test_a_response_from_a_file(tmp_path: Path, name: str) -> None:
    path = written(tmp_path / name, room(2, 0.1))
    audio = testing.signal_of(44_100, 2, 0.5, seed=2)
    theirs = pb.Convolution(path, 0.5)(audio, 44_100)
    board = nb.Board([pb.Convolution(path, 0.5)])
    ours = board(audio, 44_100)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=3e-7)
    for again in (nb.parse_chain(f"convolution({path!r}, mix=0.5)"), nb.from_json(board.to_json())):
        np.testing.assert_array_equal(again(audio, 44_100), ours)


def test_a_file_that_pedalboard_ignores_is_refused(tmp_path: Path) -> None:
    """It takes a FLAC without a word and changes nothing."""
    path = written(tmp_path / "a.flac", room(1, 0.1))
    audio = testing.signal_of(RATE, 1, 0.1, seed=2)
    np.testing.assert_allclose(pb.Convolution(path, 1.0)(audio, RATE), audio, rtol=0, atol=1e-6)
    with pytest.raises(AudioFileError, match="name a WAV, AIFF or Ogg"):
        nb.Board([pb.Convolution(path)])(audio, RATE)


def test_a_file_that_goes_away_is_missed_at_the_next_rate_only(tmp_path: Path) -> None:
    path = written(tmp_path / "a.wav", room(1, 0.05))
    audio = testing.signal_of(RATE, 1, 0.1, seed=2)
    board = nb.Board([pb.Convolution(path)])
    before = board(audio, RATE)
    (tmp_path / "a.wav").unlink()
    with board.stream(RATE, 1) as stream:
        np.testing.assert_array_equal(stream.process(audio), before)
    with pytest.raises(AudioFileError, match=r"a\.wav holds no impulse response"):
        board(audio, 44_100)


def test_the_mix_ramps() -> None:
    native = pb.Convolution(room(1, 0.2), 1.0, RATE)
    tone = np.sin(np.arange(RATE) * 2 * np.pi * 100 / RATE)[None].astype(np.float32)
    schedules, ends = ((64, 1000), (977,)), []
    for sizes in schedules:
        native.mix = 1.0
        parts, start, number = [], 0, 0
        with nb.Board([native]).stream(RATE, 1) as stream:
            while start < 30_000:
                size = min(sizes[number % len(sizes)], 20_000 - start if start < 20_000 else 10**6)
                native.mix = 1.0 if start < 20_000 else 0.0
                parts.append(stream.process(tone[:, start : start + size]))
                start, number = start + size, number + 1
        ends.append(np.concatenate(parts, axis=1)[:, :30_000])
    np.testing.assert_array_equal(ends[0], ends[1])
    np.testing.assert_array_equal(ends[0][:, 21_000:], tone[:, 21_000:30_000])
    assert np.abs(np.diff(ends[0][0, 19_900:21_100])).max() < 0.03  # a step of the sine is 0.013


def test_more_than_two_channels_are_refused() -> None:
    with pytest.raises(AudioError, match="Convolution does 1 or 2 channels, not 3"):
        nb.Board([pb.Convolution(room(1, 0.01), 1.0, RATE)]).stream(RATE, 3)


def test_taps_are_measured_once_and_forgotten_with_the_instance() -> None:
    native = pb.Convolution(room(2, 0.1), 1.0, RATE)
    taps = responses.taps_of(native, RATE, 2)
    assert taps is responses.taps_of(native, RATE, 2)
    assert taps.shape == (2, 4800)
    assert natives.recipe(native) == "own"
    gone = weakref.ref(native)
    del native
    gc.collect()
    assert gone() is None
