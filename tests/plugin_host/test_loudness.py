# SPDX-License-Identifier: GPL-3.0-or-later
"""The meter reads what EBU Tech 3341 and 3342 ask for, and what pyloudnorm reads."""

from __future__ import annotations

import math
import re
import shutil
import subprocess
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pyloudnorm
import pytest

import neuralboard as nb
from neuralboard.errors import AudioError, BrokenSamplesWarning, ParameterError
from neuralboard.loudness import channel_weights
from tests.conftest import Clip
from tests.plugin_host.file_helpers import float_wav
from tests.plugin_host.loudness_signals import RATE, hidden_peak, steady, tones

LU = 0.1  # Tech 3341's tolerance
SILENCE = -np.inf


def read(audio: Any, rate: int = RATE, **options: Any) -> nb.Loudness:
    return nb.measure_loudness(audio, rate, **options)


@pytest.mark.parametrize(
    ("case", "parts", "expected"),
    [
        (1, [(-23, 20)], -23),
        (2, [(-33, 20)], -33),
        (3, [(-36, 10), (-23, 60), (-36, 10)], -23),
        (4, [(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], -23),
        (5, [(-26, 20), (-20, 20.1), (-26, 20)], -23),
    ],
)
def test_tech_3341_integrated(case: int, parts: Any, expected: float) -> None:
    found = read(tones(*parts))
    assert found.integrated_lufs == pytest.approx(expected, abs=LU)
    if case <= 2:
        assert found.momentary_max_lufs == pytest.approx(expected, abs=LU)
        assert found.short_term_max_lufs == pytest.approx(expected, abs=LU)


@pytest.mark.parametrize("lfe", [False, True])
def test_tech_3341_surround(lfe: bool) -> None:
    """Case 6: 5.0, and 5.1 with a loud subwoofer that doesn't count."""
    levels = [-28, -28, -24, -30, -30]
    rows = [tones((level, 20), channels=1)[0] for level in levels]
    if lfe:
        rows.insert(3, tones((-6, 20), channels=1, hertz=60)[0])
    found = read(np.stack(rows), channel_mask=0x3F if lfe else None)
    assert found.integrated_lufs == pytest.approx(-23, abs=LU)
    assert read(np.stack(rows)).integrated_lufs == found.integrated_lufs


def test_tech_3341_short_term_is_constant() -> None:
    """Case 9: after 3 s, S = -23.0."""
    curve = read(tones(*[(-20, 1.34), (-30, 1.66)] * 5)).short_term_lufs
    assert np.isnan(curve[:29]).all()
    np.testing.assert_allclose(curve[29:], -23, atol=LU)


def test_tech_3341_momentary_is_constant() -> None:
    """Case 12: after 1 s, M = -23.0."""
    curve = read(tones(*[(-20, 0.18), (-30, 0.22)] * 25)).momentary_lufs
    assert np.isnan(curve[:3]).all()
    assert curve.size == 100
    np.testing.assert_allclose(curve[10:], -23, atol=LU)


@pytest.mark.parametrize("level", [-23, -38, -19])
@pytest.mark.parametrize("index", [0, 1, 3, 7, 19])
def test_tech_3341_maxima(index: int, level: int) -> None:
    """Cases 10 and 11 (S, after 0.15 i s), 13 and 14 (M, after 0.02 i s), at any place in time."""
    short = read(tones((SILENCE, 0.15 * index), (level, 3), (SILENCE, 1)))
    assert short.short_term_max_lufs == pytest.approx(level, abs=LU)
    for step in (0.02, 0.2):
        momentary = read(tones((SILENCE, step * index), (level, 0.4), (SILENCE, 1)))
        assert momentary.momentary_max_lufs == pytest.approx(level, abs=LU)


@pytest.mark.parametrize(
    ("audio", "expected"),
    [
        pytest.param(steady(1 / 4, 0, 0.5), -6, id="15"),
        pytest.param(steady(1 / 4, 45, 0.5), -6, id="16"),
        pytest.param(steady(1 / 6, 60, 0.5), -6, id="17"),
        pytest.param(steady(1 / 8, 67.5, 0.5), -6, id="18"),
        pytest.param(steady(1 / 4, 45, 1.41), 3, id="19"),
        *[pytest.param(hidden_peak(k), 0, id=str(20 + k)) for k in range(4)],
    ],
)
@pytest.mark.parametrize("oversampling", [4, 8, 16])
def test_tech_3341_true_peak(audio: Any, expected: float, oversampling: int) -> None:
    found = read(audio, oversampling=oversampling)
    assert expected - 0.4 <= found.true_peak_db <= expected + 0.2
    if oversampling > 4:  # ours is better than that
        assert found.true_peak_db == pytest.approx(expected, abs=0.15)


def test_the_sample_peak_misses_what_the_true_peak_finds() -> None:
    found = read(steady(1 / 4, 45, 1.0))
    assert found.sample_peak_db == pytest.approx(-3.01, abs=0.01)
    assert found.true_peak_db == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([(-20, 20), (-30, 20)], 10),
        ([(-20, 20), (-15, 20)], 5),
        ([(-40, 20), (-20, 20)], 20),
        ([(-50, 20), (-35, 20), (-20, 20), (-35, 20), (-50, 20)], 15),
    ],
)
def test_tech_3342_loudness_range(parts: Any, expected: float) -> None:
    assert read(tones(*parts)).range_lu == pytest.approx(expected, abs=1)


def _oracle(audio: Any, rate: int) -> float:
    meter = pyloudnorm.Meter(rate, filter_class="DeMan")
    return float(meter.integrated_loudness(audio.T.astype(np.float64)))


@pytest.mark.parametrize("rate", [8000, 16_000, 22_050, 44_100, 48_000, 96_000, 192_000])
@pytest.mark.parametrize("channels", [1, 2, 5])
def test_pyloudnorm_reads_the_same(rate: int, channels: int, rng: np.random.Generator) -> None:
    """Noise in syllables of all levels: both gates work."""
    n = 5 * rate
    syllables = 10 ** (rng.uniform(-4.5, -0.5, 25) - 0.5)
    audio = rng.standard_normal((channels, n)) * np.repeat(syllables, n // 25)
    block = np.cumsum(audio, axis=1) * 0.1 + audio if rate > 50_000 else audio
    block = (0.2 * block).astype(np.float32)
    assert read(block, rate).integrated_lufs == pytest.approx(_oracle(block, rate), abs=0.02)


def _whole_steps(clip: Clip) -> Any:
    """Without the last part of 0.1 s: pyloudnorm rounds the number of its blocks."""
    n = clip.audio.shape[1]
    return np.ascontiguousarray(clip.audio[:, : n - n % (clip.sample_rate // 10)])


@pytest.mark.audio
def test_pyloudnorm_reads_the_same_of_real_audio(
    speech_clip: Clip, noise_clip: Clip, music_stem: Clip
) -> None:
    for clip in (speech_clip, noise_clip, music_stem):
        audio = _whole_steps(clip)
        expected = _oracle(audio, clip.sample_rate)
        found = read(audio, clip.sample_rate).integrated_lufs
        assert found == pytest.approx(expected, abs=0.02), clip.path


def test_any_schedule_gives_the_same_bits(rng: np.random.Generator) -> None:
    rate = 11_025  # slots of 110 and 111 samples
    audio = (rng.standard_normal((3, 4 * rate)) * np.linspace(0, 0.5, 4 * rate)).astype(np.float32)
    whole = read(audio, rate)
    for sizes in ([1, 0, 7], [109, 110, 111], [5000], list(rng.integers(0, 900, 50))):
        meter, position, turn = nb.Meter(rate, 3), 0, 0
        # One sample at a time for a while, then on: the whole would take long.
        while position < audio.shape[1]:
            size = int(sizes[turn % len(sizes)]) if turn < 3000 else 4000
            meter.push(np.ascontiguousarray(audio[:, position : position + size]))
            position, turn = position + size, turn + 1
            if turn in (10, 200):
                meter.result()  # a look in between changes nothing
        found = meter.result()
        assert found == whole
        np.testing.assert_array_equal(found.momentary_lufs, whole.momentary_lufs)
        np.testing.assert_array_equal(found.short_term_lufs, whole.short_term_lufs)


def test_what_can_t_be_told() -> None:
    for audio in (np.zeros((2, 3 * RATE), np.float32), np.zeros((1, 0), np.float32)):
        found = read(audio)
        numbers = (found.integrated_lufs, found.momentary_max_lufs, found.short_term_max_lufs,
                   found.true_peak_db, found.sample_peak_db)  # fmt: skip
        assert all(number == -math.inf for number in numbers)
        assert math.isnan(found.range_lu)
        assert math.isnan(found.crest_db)
    almost = read(tones((-20, 0.399)))
    assert almost.integrated_lufs == almost.momentary_max_lufs == -math.inf
    assert almost.sample_peak_db == pytest.approx(-20, abs=0.01)
    assert read(tones((-20, 0.4))).integrated_lufs == pytest.approx(-20, abs=LU)
    below = read(tones((-71, 3)))  # below the absolute gate, and yet there
    assert below.integrated_lufs == -math.inf
    assert below.momentary_max_lufs == pytest.approx(-71, abs=LU)


def test_levels_and_length() -> None:
    found = read(tones((0, 2), channels=1))
    assert found.seconds == 2
    assert found.crest_db == pytest.approx(3.01, abs=0.01)
    assert found.sample_peak_db == pytest.approx(0, abs=0.01)
    assert found.integrated_lufs == pytest.approx(-3.0, abs=0.02)
    assert found.range_lu != found.range_lu  # nan: there are no 3 s


def test_dual_mono_counts_as_two_channels() -> None:
    mono = tones((-20, 1), channels=1)
    twice = read(np.repeat(mono, 2, axis=0)).integrated_lufs
    assert read(mono, dual_mono=True).integrated_lufs == pytest.approx(twice, abs=1e-9)
    assert read(mono).integrated_lufs == pytest.approx(twice - 3.01, abs=0.01)
    stereo = tones((-20, 1))
    assert read(stereo, dual_mono=True) == read(stereo)


@pytest.mark.parametrize(
    ("channels", "mask", "weights"),
    [
        (1, None, [1]),
        (2, None, [1, 1]),
        (3, None, [1, 1, 1]),
        (4, None, [1, 1, 1, 1]),
        (4, 0x33, [1, 1, 1.41, 1.41]),  # quadro: the backs are the surrounds
        (5, None, [1, 1, 1, 1.41, 1.41]),
        (6, None, [1, 1, 1, 0, 1.41, 1.41]),
        (6, 0x60F, [1, 1, 1, 0, 1.41, 1.41]),  # 5.1 with side channels
        (8, None, [1, 1, 1, 0, 1, 1, 1.41, 1.41]),  # 7.1: what is behind 120 degrees counts 1
        (3, 0xB, [1, 1, 0]),  # 2.1
        (4, 0x3, [1, 1, 1, 1]),  # a mask that names fewer channels than there are
    ],
)
def test_channel_weights(channels: int, mask: int | None, weights: list[float]) -> None:
    assert channel_weights(channels, mask) == weights


def test_broken_samples_count_as_zero_and_are_told() -> None:
    audio = tones((-20, 1))
    clean = audio.copy()
    clean[0, 500] = clean[1, 900] = 0
    audio[0, 500], audio[1, 900] = np.nan, np.inf
    with pytest.warns(BrokenSamplesWarning, match="holds 2 broken samples"):
        found = read(audio)
    assert found == read(clean)


def test_bad_arguments() -> None:
    with pytest.raises(ParameterError, match="oversampling = 3 is none of 4, 8, 16"):
        nb.Meter(RATE, 2, oversampling=3)
    with pytest.raises(AudioError, match="sample_rate"):
        nb.Meter(100, 2)
    with pytest.raises(AudioError, match="33 channels"):
        nb.Meter(RATE, 33)
    meter = nb.Meter(RATE, 2)
    with pytest.raises(AudioError, match="stream of 2 channels"):
        meter.push(np.zeros((1, 10), np.float32))


@pytest.mark.parametrize("rate", [8000, 192_000])
def test_32_channels(rate: int, rng: np.random.Generator) -> None:
    audio = (0.01 * rng.standard_normal((32, rate // 2))).astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = read(audio, rate)
    one = read(np.ascontiguousarray(audio[:1]), rate)
    assert found.integrated_lufs == pytest.approx(one.integrated_lufs + 15.05, abs=0.3)


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg on PATH (its ebur128)")
def test_ffmpeg_reads_the_same(tmp_path: Path, rng: np.random.Generator) -> None:
    """ffmpeg prints one decimal."""
    steps = np.repeat(10 ** (rng.uniform(-1.5, -0.5, 40)), RATE // 2)
    audio = (0.5 * steps * rng.standard_normal((2, 20 * RATE))).astype(np.float32)
    (tmp_path / "in.wav").write_bytes(float_wav(audio, RATE))
    command = ["ffmpeg", "-nostats", "-i", str(tmp_path / "in.wav"), "-af"]
    command += ["ebur128=peak=true+sample", "-f", "null", "-"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    said = said[said.rindex("Summary:") :]
    integrated, loudness_range = (
        float(match[1]) for key in ("I", "LRA") if (match := re.search(rf"{key}:\s+(\S+) LU", said))
    )
    sample, true = (float(value) for value in re.findall(r"Peak:\s+(\S+) dBFS", said))
    found = read(audio)
    assert found.integrated_lufs == pytest.approx(integrated, abs=0.06)
    assert found.range_lu == pytest.approx(loudness_range, abs=0.3)
    assert found.sample_peak_db == pytest.approx(sample, abs=0.06)
    assert found.true_peak_db == pytest.approx(true, abs=0.3)  # it reads 4 values per sample
