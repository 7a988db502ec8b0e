# SPDX-License-Identifier: GPL-3.0-or-later
"""finish: the loudness is met, no true peak passes the ceiling, what is missed is told."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neuralboard as nb
from neuralboard.errors import AudioError, AudioFileError, ParameterError
from neuralboard.finish import Finished, finish
from neuralboard.spool import Spool
from tests.conftest import Clip
from tests.plugin_host.file_helpers import float_wav
from tests.plugin_host.loudness_signals import RATE, tones

Audio = Any


def hits(seconds: float = 4.0, channels: int = 2, rate: int = RATE, seed: int = 5) -> Audio:
    """Decaying noise four times a second over a hum: peaks 17 dB above the loudness."""
    rng = np.random.default_rng(seed)
    n = round(seconds * rate)
    beat = np.arange(n) % (rate // 4) / rate
    audio = rng.standard_normal((channels, n)) * np.exp(-beat / 0.02)
    audio += 0.5 * np.sin(2 * np.pi * 110 / rate * np.arange(n))
    return (0.05 * audio).astype(np.float32)


def done(audio: Audio, rate: int = RATE, block: int = 7000, **options: Any) -> tuple[Finished, Any]:
    def blocks() -> Iterator[Audio]:
        for start in range(0, audio.shape[1], block):
            yield np.ascontiguousarray(audio[:, start : start + block])

    found = finish(blocks, rate, audio.shape[0], **options)
    empty = np.zeros((audio.shape[0], 0), np.float32)
    return found, np.concatenate([empty, *found.blocks()], axis=1)


def _reads(audio: Audio, rate: int = RATE, **options: Any) -> nb.Loudness:
    return nb.measure_loudness(audio, rate, oversampling=16, **options)


@pytest.mark.parametrize("target", [-40.0, -23.0, -16.0, -14.0])
def test_the_loudness_is_met_below_the_ceiling(target: float) -> None:
    audio = hits()
    found, out = done(audio, loudness_lufs=target)
    read = _reads(out)
    assert read.integrated_lufs == pytest.approx(target, abs=0.1)
    assert read.true_peak_db <= -1.0  # the ceiling that a loudness implies
    assert out.shape == audio.shape
    assert found.loudness.integrated_lufs == pytest.approx(read.integrated_lufs, abs=1e-3)
    assert found.true_peak_db == pytest.approx(read.true_peak_db, abs=1e-3)
    assert found.before == _reads(audio)
    assert (found.limited_db > 0) == (target > -20)


def test_without_a_limiter_it_is_a_gain_alone() -> None:
    audio = hits()
    found, out = done(audio, loudness_lufs=-30)
    assert found.limited_db == 0
    assert found.warnings == ()
    np.testing.assert_array_equal(out, audio * np.float32(10 ** (found.gain_db / 20)))


@pytest.mark.parametrize("rate", [8000, 44_100, 96_000])
@pytest.mark.parametrize("channels", [1, 6])
def test_any_rate_and_layout(rate: int, channels: int) -> None:
    _, out = done(hits(2.0, channels, rate), rate, loudness_lufs=-15, true_peak_db=-2)
    read = _reads(out, rate)
    assert read.integrated_lufs == pytest.approx(-15, abs=0.1)
    assert read.true_peak_db <= -2


@pytest.mark.parametrize("ceiling", [0.0, -3.0, -10.0])
def test_a_ceiling_alone_keeps_the_gain_at_0(ceiling: float) -> None:
    audio = 10 * hits()
    found, out = done(audio, true_peak_db=ceiling)
    assert found.gain_db == 0
    assert ceiling - 0.5 < _reads(out).true_peak_db <= ceiling
    _, same = done(hits(), true_peak_db=0.0)
    np.testing.assert_array_equal(same, hits())  # nothing to limit: bit for bit


def test_limiting_is_aligned_and_links_the_channels() -> None:
    """The sound isn't shifted, and a loud left channel lowers the right one too."""
    audio = tones((-20, 1))
    audio[0, RATE // 2 : RATE // 2 + 200] *= 12
    _, out = done(audio, true_peak_db=-10)
    np.testing.assert_allclose(out[:, : RATE // 3], audio[:, : RATE // 3], atol=1e-6)
    here = slice(RATE // 2 + 50, RATE // 2 + 150)
    gains = np.abs(out[:, here]).sum(axis=1) / np.abs(audio[:, here]).sum(axis=1)
    assert gains[1] < 0.9
    assert gains[0] == pytest.approx(gains[1], rel=1e-3)


def test_dual_mono_leaves_3_db() -> None:
    found, out = done(hits(channels=1), loudness_lufs=-20, dual_mono=True)
    assert _reads(out).integrated_lufs == pytest.approx(-23.01, abs=0.1)
    assert found.loudness.integrated_lufs == pytest.approx(-20, abs=0.1)


@pytest.mark.parametrize("seconds", [0.0, 0.39, 1.0])
def test_what_can_t_be_measured_keeps_its_level(seconds: float) -> None:
    audio = hits(seconds) if seconds < 0.4 else np.zeros((2, RATE), np.float32)
    found, out = done(audio, loudness_lufs=-16)
    assert found.gain_db == 0
    assert found.warnings == (
        "its loudness can't be measured (silence, or shorter than 0.4 s): the gain is 0 dB",
    )
    np.testing.assert_array_equal(out, audio)
    assert "unmeasurable" in found.describe()
    assert "inf" not in found.describe()


def test_a_missed_loudness_is_told_with_the_value_reached() -> None:
    """Single clicks: a limiter makes no loudness of them."""
    audio = np.zeros((1, 3 * RATE), np.float32)
    audio[0, ::12_000] = 0.5
    found, out = done(audio, loudness_lufs=-9)
    read = _reads(out)
    assert read.integrated_lufs < -15
    assert len(found.warnings) == 1
    assert f"its loudness is {read.integrated_lufs:.1f} LUFS, not -9: " in found.warnings[0]
    assert "ceiling of -1 dBTP" in found.warnings[0]
    assert read.true_peak_db <= -1


def test_much_limiting_is_told() -> None:
    found, out = done(hits(), loudness_lufs=-13)
    assert _reads(out).integrated_lufs == pytest.approx(-13, abs=0.1)
    assert found.limited_db > 6
    assert len(found.warnings) == 1
    assert f"takes up to {found.limited_db:.1f} dB to reach -13.0 LUFS" in found.warnings[0]
    found, _ = done(4 * hits(), true_peak_db=-12)
    assert "to keep -12 dBTP" in found.warnings[0]


def test_the_same_source_gives_the_same_bytes_in_any_blocks(tmp_path: Path) -> None:
    audio = hits(2.0)
    first, expected = done(audio, loudness_lufs=-14)
    again, out = done(audio, block=333, loudness_lufs=-14)
    np.testing.assert_array_equal(out, expected)
    assert again == first
    with Spool(2, tmp_path / "song.wav") as spool:
        spool.write(audio[:, :5])
        spool.write(audio[:, 5:])
        found = finish(spool, RATE, 2, loudness_lufs=-14)
        for _ in range(2):  # as often as asked for
            out = np.concatenate(list(found.blocks()), axis=1)
            np.testing.assert_array_equal(out, expected)


def test_what_is_finished_stays_as_it_is(tmp_path: Path) -> None:
    """Written with 16 bits and dither, and finished again: bit for bit."""
    from neuralboard.files import process_file

    (tmp_path / "in.wav").write_bytes(float_wav(hits(), RATE))
    names = [tmp_path / name for name in ("in.wav", "once.wav", "twice.wav")]
    for source, target in zip(names, names[1:], strict=False):
        report = process_file(nb.Board([]), source, target, loudness=-14, bit_depth=16)
    assert report.gain_db == report.limited_db == 0
    assert names[1].read_bytes() == names[2].read_bytes()


def test_neither_target_changes_nothing() -> None:
    found, out = done(10 * hits())
    assert found.gain_db == found.limited_db == 0
    assert found.warnings == ()
    np.testing.assert_array_equal(out, 10 * hits())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"loudness_lufs": 3}, "loudness_lufs = 3 is outside -70 to 0; give a number of LUFS"),
        ({"loudness_lufs": math.nan}, "loudness_lufs = nan is outside"),
        ({"loudness_lufs": "loud"}, "loudness_lufs = 'loud' is outside"),
        ({"true_peak_db": 0.5}, "true_peak_db = 0.5 is outside -30 to 0; give a number of dBTP"),
        ({"true_peak_db": True}, "true_peak_db = True is outside"),
    ],
)
def test_bad_targets(options: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        done(hits(0.1), **options)


@pytest.mark.audio
def test_real_songs(stems: dict[str, Clip]) -> None:
    for clip in stems.values():
        found, out = done(clip.audio, clip.sample_rate, loudness_lufs=-16)
        read = _reads(out, clip.sample_rate)
        assert read.true_peak_db <= -1, clip.path
        missed = abs(read.integrated_lufs + 16) > 0.1
        assert missed == any("not -16" in warning for warning in found.warnings), clip.path


def test_a_spool_leaves_nothing_and_gives_back_what_it_took(tmp_path: Path) -> None:
    audio = hits(1.5, 3)
    spool = Spool(3, tmp_path / "new.wav")
    for start in range(0, audio.shape[1], 10_000):
        spool.write(audio[:, start : start + 10_000])
    assert spool.num_samples == audio.shape[1]
    sizes = [block.shape for block in spool.blocks()]
    assert max(sizes) == (3, 16_384)
    np.testing.assert_array_equal(np.concatenate(list(spool.blocks()), axis=1), audio)
    with pytest.raises(AudioError, match=r"block of shape \(2, 5\) in a spool of 3 channels"):
        spool.write(np.zeros((2, 5), np.float32))
    spool.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a disk always full")
def test_a_spool_that_can_t_be_kept_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(AudioFileError, match=r"can.t keep the sound between .*nowhere"):
        Spool(2, tmp_path / "nowhere" / "new.wav")
    with (
        Spool(1, tmp_path / "new.wav") as spool,
        Path("/dev/full").open("r+b", 0) as full,
        monkeypatch.context() as patch,
    ):
        patch.setattr(spool, "_file", full)
        with pytest.raises(AudioFileError, match="the disk is full"):
            spool.write(np.zeros((1, 50_000), np.float32))
