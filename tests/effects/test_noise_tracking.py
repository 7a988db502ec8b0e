# SPDX-License-Identifier: GPL-3.0-or-later
"""Promise: the noise is known within a second, silence does not mislead, first words survive."""

from __future__ import annotations

import numpy as np
import pytest
import soxr
from numpy.typing import NDArray

import neuralboard as nb
from neuralboard.effects.classic.noise_tracking import TRACKERS
from tests.conftest import Clip

RATE = 16_000
HOP, N_FFT = 128, 512
REDUCERS = (nb.SpectralSubtraction, nb.WienerDenoiser, nb.SpectralGate)


def _db(audio: NDArray[np.float32]) -> float:
    return float(10 * np.log10(np.mean(audio.astype(np.float64) ** 2) + 1e-20))


def _tracked(kind: str, audio: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the tracked power in dB over the true one of white noise of rms 1, per frame."""
    padded = np.concatenate([np.zeros(N_FFT - HOP), audio])
    window = np.sin(np.pi * np.arange(N_FFT) / N_FFT)
    tracker = TRACKERS[kind]((1, N_FFT // 2 + 1), RATE / HOP)
    found = []
    for start in range(0, len(padded) - N_FFT, HOP):
        power = np.abs(np.fft.rfft(padded[start : start + N_FFT] * window)[None]) ** 2
        found.append(np.mean(tracker.update(power.astype(np.float32))[0, 4:-4]))
    return 10 * np.log10(np.maximum(found, 1e-20) / np.sum(window**2))


@pytest.mark.parametrize("kind", TRACKERS)
@pytest.mark.parametrize("silence", [0.0, 3.0], ids=["at once", "after digital silence"])
def test_white_noise_is_known_within_a_second(
    kind: str, silence: float, rng: np.random.Generator
) -> None:
    noise = np.concatenate([np.zeros(round(silence * RATE)), rng.standard_normal(3 * RATE)])
    tracked = _tracked(kind, noise)[-2 * RATE // HOP :]
    assert abs(np.mean(tracked)) < 1.5  # dB
    assert np.abs(tracked).max() < 3.0


def test_a_louder_noise_is_followed(rng: np.random.Generator) -> None:
    noise = np.concatenate([rng.standard_normal(2 * RATE), 3.16 * rng.standard_normal(3 * RATE)])
    tracked = _tracked("presence", noise)
    assert abs(tracked[2 * RATE // HOP - 10]) < 2.0
    assert abs(tracked[-RATE // 2 // HOP :].mean() - 10.0) < 2.0


@pytest.mark.parametrize("box", REDUCERS)
def test_hiss_goes_down_within_a_second(
    box: type[nb.SpectralEffect], rng: np.random.Generator
) -> None:
    hiss = (0.05 * rng.standard_normal((1, 3 * RATE))).astype(np.float32)
    rest = box()(hiss, RATE)[:, RATE:]
    assert _db(rest) < _db(hiss) - 10.0


@pytest.mark.parametrize("box", REDUCERS)
def test_a_tone_that_a_recording_begins_with_is_not_taken_for_noise(
    box: type[nb.SpectralEffect],
) -> None:
    time = np.arange(RATE // 2) / RATE
    partials = [np.sin(2 * np.pi * 200 * n * time) / n for n in range(1, 20)]
    voiced = (0.1 * np.sum(partials, axis=0)).astype(np.float32)
    kept = box()(voiced, RATE)
    assert _db(kept[: RATE // 10]) > _db(voiced[: RATE // 10]) - 2.0


@pytest.mark.audio
@pytest.mark.parametrize("box", REDUCERS)
def test_clean_speech_that_starts_at_once_keeps_its_level(
    box: type[nb.SpectralEffect], speech_clip: Clip
) -> None:
    voice = speech_clip.audio[0]
    loud = np.abs(voice) > 0.1 * np.abs(voice).max()
    voice = voice[int(np.argmax(loud)) :]
    rate = speech_clip.sample_rate
    kept = box()(voice, rate)
    assert _db(kept[: rate // 5]) > _db(voice[: rate // 5]) - 3.0
    assert abs(_db(kept) - _db(voice)) < 1.5
    quiet = box()((voice * 0.03).astype(np.float32), rate)
    assert abs(_db(quiet) - _db(kept) - 20 * np.log10(0.03)) < 0.1  # no care for the level


@pytest.mark.audio
@pytest.mark.parametrize(
    ("box", "snr", "gain"),
    [
        (nb.WienerDenoiser, 0.0, 3.0),
        (nb.WienerDenoiser, 10.0, 2.0),
        (nb.SpectralSubtraction, 0.0, 3.0),
        (nb.SpectralSubtraction, 10.0, 1.2),
        (nb.SpectralGate, 0.0, 2.0),  # it leaves the noise under the voice
        (nb.SpectralGate, 10.0, 1.0),
    ],
)
def test_real_noise_under_real_speech(
    box: type[nb.SpectralEffect], snr: float, gain: float, speech_clip: Clip, noise_clip: Clip
) -> None:
    rate = speech_clip.sample_rate
    voice = speech_clip.audio[0, : 8 * rate].astype(np.float64)
    noise = soxr.resample(noise_clip.audio[0].astype(np.float64), noise_clip.sample_rate, rate)
    noise = np.resize(noise, len(voice))
    noise *= np.std(voice) / np.std(noise) * 10 ** (-snr / 20)
    noisy = (voice + noise).astype(np.float32)
    clean = box()(noisy, rate).astype(np.float64)
    assert _si_sdr(voice, clean) > _si_sdr(voice, noisy.astype(np.float64)) + gain


def _si_sdr(wanted: NDArray[np.float64], heard: NDArray[np.float64]) -> float:
    part = np.dot(heard, wanted) / np.dot(wanted, wanted) * wanted
    return float(10 * np.log10(np.dot(part, part) / np.dot(heard - part, heard - part)))
