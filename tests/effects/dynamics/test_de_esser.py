# SPDX-License-Identifier: GPL-3.0-or-later
"""Promise: DeEsser turns /s/ down and leaves vowels as they are."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

import neuralboard as nb
from neuralboard import testing

Audio = NDArray[np.float32]
RATE = 48_000
SECOND = RATE


def vowel(pitch_hz: float = 120.0) -> Audio:
    """Return a second of an /a/ at -3 dBFS: pulses through three formants."""
    click = np.zeros(SECOND)
    click[:: round(RATE / pitch_hz)] = 1.0
    spectrum = np.fft.rfft(click)
    hz = np.fft.rfftfreq(SECOND, 1 / RATE)
    spectrum *= 1 / (1 + (hz / 100) ** 2)  # the glottis: -12 dB an octave
    formants = np.zeros_like(spectrum)
    for centre, width in ((700, 80), (1200, 90), (2600, 120), (3500, 200)):
        formants += 1 / (1 + 1j * (hz**2 - centre**2) / (hz * width + 1e-9))
    audio = np.fft.irfft(spectrum * formants)
    edge = np.minimum(np.arange(SECOND) / 960, 1.0)  # 20 ms: a cut would be sharp by itself
    return np.asarray(0.7 * audio / np.abs(audio).max() * edge * edge[::-1], np.float32)


def hiss(rng: np.random.Generator, low_hz: float, high_hz: float, peak: float) -> Audio:
    """Return 150 ms of band noise with soft edges: an /s/."""
    n = round(0.15 * RATE)
    spectrum = np.fft.rfft(rng.standard_normal(n))
    hz = np.fft.rfftfreq(n, 1 / RATE)
    spectrum[(hz < low_hz) | (hz > high_hz)] = 0
    audio = np.fft.irfft(spectrum) * np.sin(np.linspace(0, np.pi, n)) ** 0.5
    return np.asarray(peak * audio / np.abs(audio).max(), np.float32)


def level(audio: Audio) -> float:
    return float(10 * np.log10(np.mean(audio.astype(np.float64) ** 2)))


@pytest.mark.parametrize("box", [nb.DeEsser(), nb.DeEsser(4000, -60, 20, 30, 0.0, 5.0)])
def test_it_keeps_the_contract(box: nb.Effect) -> None:
    testing.check_box(box)


@pytest.mark.parametrize("pitch_hz", [100.0, 220.0])
def test_vowels_are_left_alone_and_s_is_turned_down(
    rng: np.random.Generator, pitch_hz: float
) -> None:
    vowels, sharp = vowel(pitch_hz), hiss(rng, 6000, 10_000, 0.3)
    speech = np.concatenate([vowels, sharp, vowels])[np.newaxis]
    out = nb.DeEsser()(speech, RATE)
    at = slice(SECOND, SECOND + sharp.size)
    taken = level(speech[:, at]) - level(out[:, at])
    assert 6.0 < taken < 12.0  # of its range of 12 dB
    for part in (slice(0, SECOND), slice(SECOND + sharp.size + RATE // 5, None)):
        assert abs(level(out[:, part]) - level(speech[:, part])) < 0.1
    np.testing.assert_array_equal(out[:, : SECOND // 2], speech[:, : SECOND // 2])


def test_while_it_works_the_lows_stay(rng: np.random.Generator) -> None:
    """A 500 Hz tone under an /s/ keeps its level within 0.1 dB."""
    sharp = hiss(rng, 6000, 10_000, 0.5)
    time = np.arange(sharp.size) / RATE
    low = (0.3 * np.sin(2 * np.pi * 500 * time)).astype(np.float32)
    out = nb.DeEsser(range_db=12.0, threshold_db=-50)((low + sharp)[np.newaxis], RATE)[0]
    middle = slice(1200, 6000)  # 50 whole periods
    gain = np.dot(out[middle], low[middle]) / np.dot(low[middle], low[middle])
    assert abs(20 * np.log10(gain)) < 0.1


def test_the_shelf_takes_its_range_above_and_half_of_it_at_the_frequency() -> None:
    box = nb.DeEsser(6000, threshold_db=-80.0, ratio=100.0, range_db=10.0, attack_ms=0.0)
    for frequency, wanted, tolerance in ((1000, 0.0, 0.1), (6000, 5.0, 0.1), (16_000, 10.0, 0.3)):
        time = np.arange(RATE) / RATE
        audio = (0.5 * np.sin(2 * np.pi * frequency * time)).astype(np.float32)[np.newaxis]
        out = box(audio, RATE)
        assert level(audio) - level(out[:, RATE // 2 :]) == pytest.approx(wanted, abs=tolerance)


def test_both_channels_move_alike_and_it_tells_by_how_much(rng: np.random.Generator) -> None:
    left = hiss(rng, 6000, 10_000, 0.4)
    right = hiss(rng, 6000, 10_000, 0.01)  # far below the threshold: by itself left alone
    audio = np.stack([left, right])
    out = nb.DeEsser()(audio, RATE)
    taken = [level(audio[c : c + 1]) - level(out[c : c + 1]) for c in (0, 1)]
    assert taken[0] > 5.0
    assert taken[1] == pytest.approx(taken[0], abs=1.0)
    with nb.DeEsser().stream(RATE, 2) as stream:
        stream.process(audio)
        told = stream.controls["gain_reduction_db"]
    assert told.shape == (left.size,)
    assert 6.0 < told.max() <= 12.0
