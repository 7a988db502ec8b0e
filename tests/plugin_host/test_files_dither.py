# SPDX-License-Identifier: GPL-3.0-or-later
"""Dither, rounding and clipping: what happens to floats on their way to integers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neuralboard.audio_writer import AudioWriter
from neuralboard.files import process_file
from neuralboard.pcm import Quantiser
from tests.plugin_host.file_helpers import Wire, float_wav, levels_of, write_levels

STEP = 2.0**-15


def _levels(audio: np.ndarray, bits: int = 16, seed: int = 0, blocks: int = 0) -> np.ndarray:
    quantiser = Quantiser(bits, audio.shape[0], seed)
    size = blocks or max(1, audio.shape[1])
    parts = [
        quantiser.push(audio[:, start : start + size]) for start in range(0, audio.shape[1], size)
    ]
    return np.concatenate([*parts, quantiser.finish()], axis=1)


def test_dither_has_the_level_and_the_spectrum_of_tpdf(rng: np.random.Generator) -> None:
    audio = rng.uniform(-0.5, 0.5, (2, 400_000)).astype(np.float32)
    error = _levels(audio) - audio.astype(np.float64) / STEP
    # Triangular noise of ±1 step has a variance of 1/6, rounding adds 1/12: 0.25 in all.
    assert np.mean(error**2) == pytest.approx(0.25, rel=0.02)
    assert abs(np.mean(error)) < 0.005  # no DC
    assert np.max(np.abs(error)) <= 1.5
    power: Any = np.abs(np.fft.rfft(error.reshape(2, 400, 1000), axis=-1)) ** 2
    bins = np.asarray(power.mean(axis=(0, 1)))[1:-1]
    assert np.max(bins) / np.min(bins) < 1.6  # white
    assert abs(np.asarray(np.corrcoef(error))[0, 1]) < 0.01  # channels have their own noise


def test_dither_takes_distortion_away_from_a_quiet_tone() -> None:
    """A tone of 0.6 steps is a square wave when rounded; dithered, its harmonics vanish."""
    n = 480_000
    tone = (0.6 * STEP * np.sin(2 * np.pi * 1000 * np.arange(n) / 48_000)).astype(np.float32)
    window = np.hanning(n)

    def third_harmonic(levels: np.ndarray) -> float:
        spectrum = np.abs(np.fft.rfft(levels * window)) / (window.sum() / 2)
        return float(20 * np.log10(spectrum[30_000] / spectrum[10_000]))

    assert third_harmonic(np.rint(tone / STEP)) > -15
    assert third_harmonic(_levels(tone[np.newaxis])[0]) < -40


def test_the_noise_does_not_depend_on_the_blocks(rng: np.random.Generator) -> None:
    audio = rng.uniform(-1.1, 1.1, (3, 30_000)).astype(np.float32)
    whole = _levels(audio)
    for blocks in (1 << 14, 4096, 4095, 777):
        assert np.array_equal(_levels(audio, blocks=blocks), whole)
    assert np.array_equal(_levels(audio[:, :20_001]), whole[:, :20_001])  # nor on the length
    assert not np.array_equal(_levels(audio, seed=1), whole)


def test_silence_and_what_is_on_the_grid_stay_untouched(rng: np.random.Generator) -> None:
    levels = rng.integers(-(2**15), 2**15, (2, 20_000))
    audio = (levels * STEP).astype(np.float32)
    assert np.array_equal(_levels(audio), levels)
    changed = audio.copy()
    changed[0] *= np.float32(0.7)
    changed[0, 7000:9000] = 0.0
    out = _levels(changed)
    assert np.array_equal(out[1], levels[1])  # the other channel was not touched
    assert not np.any(out[0, 7000:9000])  # digital silence, whatever its edges
    assert np.std(out[0, :7000] - changed[0, :7000] / STEP) > 0.45


def test_24_bits_are_rounded_to_the_nearest(rng: np.random.Generator) -> None:
    audio = rng.uniform(-1, 0.999, (2, 10_000)).astype(np.float32)
    assert np.array_equal(_levels(audio, bits=24), np.rint(audio.astype(np.float64) * 2**23))


def test_clipping_is_counted_and_cut() -> None:
    audio = np.array([[0.5, 1.0, -1.0, 1.0001, -1.5, np.inf, -np.inf, 0.0]], np.float32)
    for bits in (8, 16, 24):
        quantiser = Quantiser(bits, 1)
        levels = np.concatenate([quantiser.push(audio), quantiser.finish()], axis=1)[0]
        assert quantiser.clipped == 4  # full scale itself is none
        assert levels.max() == 2 ** (bits - 1) - 1
        assert levels.min() == -(2 ** (bits - 1))


def test_samples_that_are_no_number_become_silence() -> None:
    quantiser = Quantiser(24, 1)
    assert np.array_equal(quantiser.push(np.array([[np.nan, 0.5]], np.float32)), [[0, 2**22]])
    assert quantiser.broken == 1


def test_a_file_says_how_many_samples_were_clipped(tmp_path: Path) -> None:
    audio = np.full((2, 1000), 0.5, np.float32)
    audio[0, 100:110] = 1.2
    (tmp_path / "in.wav").write_bytes(float_wav(audio))
    for name, clipped in (("out.flac", 10), ("out.ogg", 10), ("out.wav", 0)):
        report = process_file(Wire(), tmp_path / "in.wav", tmp_path / name)
        assert report.clipped == clipped
        assert any("10 samples were beyond full scale" in n for n in report.notes) == (clipped > 0)


def test_a_gain_of_a_half_dithers_only_a_16_bit_file(tmp_path: Path) -> None:
    levels = np.tile(np.arange(-1000, 1001), 20)[np.newaxis]
    write_levels(tmp_path / "16.wav", levels, 16)
    write_levels(tmp_path / "24.wav", levels, 24)
    process_file(Wire(gain=0.5), tmp_path / "16.wav", tmp_path / "16.flac")
    process_file(Wire(gain=0.5), tmp_path / "24.wav", tmp_path / "24.flac")
    assert np.array_equal(levels_of(tmp_path / "24.flac", 24), np.rint(levels / 2))
    error = levels_of(tmp_path / "16.flac", 16) - levels / 2
    assert 0.2 < np.var(error) < 0.45
    assert abs(error.mean()) < 0.02


def test_a_writer_is_the_same_whatever_the_blocks(tmp_path: Path, rng: np.random.Generator) -> None:
    audio = (rng.standard_normal((2, 50_000)) * 0.2).astype(np.float32)
    for name, size in (("a.flac", 50_000), ("b.flac", 1234)):
        with AudioWriter(tmp_path / name, 48_000, 2, 16) as writer:
            for start in range(0, 50_000, size):
                writer.write(audio[:, start : start + size])
    assert np.array_equal(levels_of(tmp_path / "a.flac", 16), levels_of(tmp_path / "b.flac", 16))
