# SPDX-License-Identifier: GPL-3.0-or-later
"""Promise: what both channels share is parted from the rest, and the two sum to the input."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

import neuralboard as nb
from neuralboard import testing
from neuralboard.effects.classic.center_extractor import CenterStems
from tests.conftest import Clip

RATE = 48_000
OFF = -80.0


def _db(audio: NDArray[np.float32]) -> float:
    return float(10 * np.log10(np.mean(audio.astype(np.float64) ** 2) + 1e-20))


def _tone(frequency: float) -> NDArray[np.float32]:
    time = np.arange(RATE) / RATE
    return (0.1 * np.sin(2 * np.pi * frequency * time)).astype(np.float32)


@pytest.mark.parametrize("box", [nb.CenterExtractor(OFF, 0.0, width=0.8), CenterStems()])
def test_it_keeps_the_contract_without_the_centre_and_in_stems(box: nb.SpectralEffect) -> None:
    """As it is by default it stands in test_contract.py."""
    testing.check_box(box)


def test_center_and_sides_come_apart() -> None:
    middle = np.stack([_tone(1000.0)] * 2)
    sides = np.stack([_tone(300.0), _tone(3000.0)])
    center = nb.CenterExtractor()(middle + sides, RATE)
    inner = slice(6000, -6000)
    assert _db((center - middle)[:, inner]) < _db(middle) - 40.0
    karaoke = nb.CenterExtractor(OFF, 0.0)(middle + sides, RATE)
    assert _db((karaoke - sides)[:, inner]) < _db(sides) - 40.0


def test_the_two_parts_sum_to_the_input(rng: np.random.Generator) -> None:
    audio = (0.1 * rng.standard_normal((2, RATE))).astype(np.float32)
    audio[1] += audio[0]
    parts = nb.CenterExtractor()(audio, RATE) + nb.CenterExtractor(OFF, 0.0)(audio, RATE)
    np.testing.assert_allclose(parts, audio, atol=1e-6)


def test_width_decides_what_is_center() -> None:
    panned = np.stack([_tone(1000.0), 0.5 * _tone(1000.0)])  # (1 - 0.5) / (1 + 0.5) = 1/3 off
    inner = slice(6000, -6000)
    wide = _db(nb.CenterExtractor(width=1.0)(panned, RATE)[:, inner])
    narrow = _db(nb.CenterExtractor(width=0.25)(panned, RATE)[:, inner])
    assert wide > _db(panned) - 3.0
    assert narrow < _db(panned) - 40.0


def test_bass_below_low_hz_stays_with_the_sides() -> None:
    bass = np.stack([_tone(50.0)] * 2)
    inner = slice(6000, -6000)
    karaoke = nb.CenterExtractor(OFF, 0.0, low_hz=150.0)(bass, RATE)
    assert abs(_db(karaoke[:, inner]) - _db(bass[:, inner])) < 0.1
    karaoke = nb.CenterExtractor(OFF, 0.0, low_hz=0.0)(bass, RATE)
    assert _db(karaoke[:, inner]) < _db(bass) - 40.0


@pytest.mark.parametrize("channels", [1, 3])
def test_other_channel_counts_are_refused_when_the_stream_opens(channels: int) -> None:
    with pytest.raises(nb.AudioError, match=f"2 channels, not {channels}"):
        nb.CenterExtractor().stream(RATE, channels)
    with pytest.raises(nb.AudioError, match=f"2 channels, not {channels}"):
        nb.Board([nb.CenterExtractor()])(np.zeros((channels, 100), np.float32), RATE)


@pytest.mark.audio
def test_a_real_voice_is_moved_out_of_panned_instruments(
    speech_clip: Clip, stems: dict[str, Clip]
) -> None:
    rate = stems["drums"].sample_rate
    tracks = [clip.audio.mean(axis=0) for clip in (stems["drums"], stems["other"])]
    length = min(len(track) for track in tracks)
    assert speech_clip.sample_rate == rate
    voice = np.stack([np.resize(speech_clip.audio[0], length)] * 2)
    sides = np.stack([track[:length] / np.std(track) for track in tracks])
    sides = (sides * np.std(voice)).astype(np.float32)
    mixed = (voice + sides).astype(np.float32)
    center = nb.CenterExtractor()(mixed, rate)
    assert _si_sdr(voice, center) > _si_sdr(voice, mixed) + 8.0
    assert _si_sdr(sides, mixed - center) > _si_sdr(sides, mixed) + 8.0
    gain = np.sum((mixed - center) * voice) / np.sum(voice**2)
    assert 20 * np.log10(abs(gain)) < -15.0  # of the voice, in what is left


def _si_sdr(wanted: NDArray[np.float32], heard: NDArray[np.float32]) -> float:
    a, b = wanted.ravel().astype(np.float64), heard.ravel().astype(np.float64)
    part = np.dot(b, a) / np.dot(a, a) * a
    return float(10 * np.log10(np.dot(part, part) / np.dot(b - part, b - part)))
