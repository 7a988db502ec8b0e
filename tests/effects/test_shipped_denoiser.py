# SPDX-License-Identifier: GPL-3.0-or-later
"""What the shipped denoiser promises by ear: quiet voices stay, noise goes, silence is silence."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

import neuralboard as nb
from neuralboard.benchmarks.metrics import active_level_db, si_sdr
from neuralboard.benchmarks.metrics.speech_level import projection_gain
from tests.conftest import Clip

RATE = 48_000
Audio = NDArray[np.float32]


def level_db(audio: Audio) -> float:
    """Level of the speech, not of its pauses, dBFS."""
    return active_level_db(audio, RATE)


def speech_48k(clip: Clip) -> Audio:
    """Give the clip's first channel at 48 kHz."""
    import soxr

    audio: Audio = soxr.resample(clip.audio[0], clip.sample_rate, RATE, quality="VHQ")
    return audio.astype(np.float32)


def mixture(clean: Audio, noise: Audio) -> Audio:
    """Add the noise, looped, 5 dB under the speech."""
    noise = np.resize(noise, len(clean))
    mixed: Audio = clean + noise * np.float32(10 ** ((level_db(clean) - level_db(noise) - 5) / 20))
    return mixed


@pytest.fixture(scope="module")
def box() -> nb.Denoiser:
    return nb.Denoiser()


@pytest.mark.audio
@pytest.mark.parametrize("wanted_db", [-55.0, -45.0, -25.0, -8.0])
def test_clean_speech_keeps_its_level_whether_quiet_or_loud(
    box: nb.Denoiser, speech_clip: Clip, wanted_db: float
) -> None:
    clean = speech_48k(speech_clip)
    clean = clean * np.float32(10 ** ((wanted_db - level_db(clean)) / 20))
    out = box(clean[None], RATE)[0]
    assert abs(level_db(out) - level_db(clean)) < 1.0
    assert si_sdr(clean, out) > 15.0


@pytest.mark.audio
@pytest.mark.xfail(reason="1.9 dB of a deep voice in low, steady noise go, 1.5 may: train on")
def test_noise_goes_and_the_voice_stays(
    box: nb.Denoiser, speech_clip: Clip, noise_clip: Clip
) -> None:
    clean = speech_48k(speech_clip)
    noisy = mixture(clean, speech_48k(noise_clip))
    out = box(noisy[None], RATE)[0]
    assert si_sdr(clean, out) > si_sdr(clean, noisy) + 4.0
    assert abs(20 * np.log10(projection_gain(clean, out))) < 1.5


@pytest.mark.audio
def test_noisy_speech_comes_nearer_to_clean_speech(
    box: nb.Denoiser, speech_clip: Clip, noise_clip: Clip
) -> None:
    clean = speech_48k(speech_clip)
    noisy = mixture(clean, speech_48k(noise_clip))
    out = box(noisy[None], RATE)[0]
    assert si_sdr(clean, out) > si_sdr(clean, noisy) + 1.0
    # A deep voice in low, steady noise: 1.5 is the goal above, this the bar meanwhile.
    assert abs(20 * np.log10(projection_gain(clean, out))) < 4.5


@pytest.mark.audio
def test_noise_alone_is_turned_down(box: nb.Denoiser, noise_clip: Clip) -> None:
    noise = speech_48k(noise_clip)
    out = box(noise[None], RATE)[0]
    settled = slice(RATE, None)
    assert level_db(out[settled]) < level_db(noise[settled]) - 15.0


@pytest.mark.audio
def test_a_lead_of_silence_does_no_harm(
    box: nb.Denoiser, speech_clip: Clip, noise_clip: Clip
) -> None:
    clean = speech_48k(speech_clip)
    noisy = mixture(clean, speech_48k(noise_clip))
    at_once = box(noisy[None], RATE)[0]
    later = box(np.concatenate([np.zeros(10 * RATE, np.float32), noisy])[None], RATE)[0]
    assert si_sdr(clean, later[10 * RATE :]) > si_sdr(clean, at_once) - 1.0


@pytest.mark.audio
def test_speech_above_8_khz_is_kept(box: nb.Denoiser, speech_clip: Clip) -> None:
    clean = speech_48k(speech_clip)
    out = box(clean[None], RATE)[0]
    top = np.fft.rfftfreq(len(clean), 1 / RATE) > 8_000
    before, after = (np.sum(np.abs(np.fft.rfft(x)[top]) ** 2) for x in (clean, out))
    assert 10 * np.log10(after / before) > -3.0


def test_silence_stays_silent_and_strength_nought_changes_nothing(box: nb.Denoiser) -> None:
    assert not box(np.zeros((2, RATE), np.float32), RATE).any()
    rng = np.random.default_rng(5)
    sound = (0.1 * rng.standard_normal((1, RATE))).astype(np.float32)
    np.testing.assert_allclose(nb.Denoiser(strength=0.0)(sound, RATE), sound, atol=1e-5)


def test_strength_scales_the_suppression() -> None:
    rng = np.random.default_rng(6)
    hiss = (0.05 * rng.standard_normal((1, 3 * RATE))).astype(np.float32)
    levels = [level_db(nb.Denoiser(strength=s)(hiss, RATE)[0, RATE:]) for s in (0.0, 0.5, 1.0)]
    assert levels[0] > levels[1] + 3.0 > levels[2] + 6.0
    limited = nb.Denoiser(attenuation_limit_db=12.0)(hiss, RATE)[0, RATE:]
    assert level_db(limited) == pytest.approx(levels[0] - 12.0, abs=1.5)


def test_the_latency_is_thirty_milliseconds_and_a_sample_less(box: nb.Denoiser) -> None:
    assert box.latency(RATE) == 959 + 480
