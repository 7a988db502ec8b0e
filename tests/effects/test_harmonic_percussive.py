# SPDX-License-Identifier: GPL-3.0-or-later
"""Promise: strokes and tones come apart, and the parts sum to the input."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

import neuralboard as nb
from neuralboard import testing
from neuralboard.effects.classic.harmonic_percussive import HarmonicPercussiveStems
from neuralboard.effects.classic.median import median_of, median_over_bins
from tests.conftest import Clip

RATE = 48_000
OFF = -80.0


def _db(audio: NDArray[np.float32]) -> float:
    return float(10 * np.log10(np.mean(audio.astype(np.float64) ** 2) + 1e-20))


def _parts(audio: NDArray[np.float32], margin: float = 1.0) -> list[NDArray[np.float32]]:
    """Return the harmonic part, the percussive one, and the residual."""
    gains = ((0.0, OFF, OFF), (OFF, 0.0, OFF), (OFF, OFF, 0.0))
    return [nb.HarmonicPercussive(*gain, margin=margin)(audio, RATE) for gain in gains]


@pytest.fixture
def tones() -> NDArray[np.float32]:
    time = np.arange(2 * RATE) / RATE
    partials = [0.1 * np.sin(2 * np.pi * f * time) for f in (220.0, 660.0, 1500.0)]
    return np.sum(partials, axis=0).astype(np.float32)


@pytest.fixture
def clicks() -> NDArray[np.float32]:
    audio = np.zeros(2 * RATE, np.float32)
    audio[6000::12_000] = 1.0
    return audio


@pytest.mark.parametrize(
    "box",
    [
        nb.HarmonicPercussive(-6.0, 3.0, residual_db=-12.0, margin=2.0),
        HarmonicPercussiveStems(margin=2.0),
    ],
)
def test_it_keeps_the_contract_with_other_gains_and_in_stems(box: nb.SpectralEffect) -> None:
    """As it is by default it stands in test_contract.py."""
    testing.check_box(box)


def test_a_click_train_and_tones_come_apart(
    tones: NDArray[np.float32], clicks: NDArray[np.float32]
) -> None:
    harmonic, percussive, residual = _parts(tones + clicks)
    inner = slice(12_000, -12_000)  # the tones' own beginning and end are strokes
    assert _db((harmonic - tones)[inner]) < _db(tones[inner]) - 20.0
    assert _db((percussive - clicks)[inner]) < _db(clicks[inner]) - 6.0
    assert _db(percussive[inner][np.convolve(clicks[inner], np.ones(4001), "same") == 0]) < -55.0
    assert _db(residual) < -120.0  # margin 1 leaves none


@pytest.mark.parametrize("margin", [1.0, 3.0])
def test_the_parts_sum_to_the_input(margin: float, rng: np.random.Generator) -> None:
    audio = (0.1 * rng.standard_normal((2, RATE))).astype(np.float32)
    np.testing.assert_allclose(sum(_parts(audio, margin)), audio, atol=2e-6)


def test_a_margin_makes_the_parts_purer(
    tones: NDArray[np.float32], clicks: NDArray[np.float32]
) -> None:
    mixed = tones + clicks
    away = np.convolve(clicks, np.ones(4001), "same") == 0
    away[:12_000] = away[-12_000:] = False
    leak = [_db(_parts(mixed, margin)[1][away]) for margin in (1.0, 4.0)]
    assert leak[1] < leak[0] - 6.0


def test_the_latency_is_frame_and_look_ahead() -> None:
    box = nb.HarmonicPercussive()
    n_fft, hop = box.framing(RATE)
    assert box.latency(RATE) == n_fft - 1 + box.lookahead_frames * hop


@pytest.mark.parametrize("size", [1, 3, 9, 17, 21, 31])
def test_the_network_gives_the_median(size: int, rng: np.random.Generator) -> None:
    arrays = list(rng.standard_normal((size, 2, 40)).astype(np.float32))
    np.testing.assert_array_equal(median_of(arrays), np.median(arrays, axis=0))
    line = arrays[0]
    padded = np.pad(line, ((0, 0), (size // 2, size // 2)), mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, size, axis=1)
    np.testing.assert_array_equal(median_over_bins(line, size), np.median(windows, axis=-1))


@pytest.mark.audio
def test_real_drums_come_out_of_a_real_mix(stems: dict[str, Clip]) -> None:
    drums, tune = (stems[kind].audio.mean(axis=0) for kind in ("drums", "other"))
    drums, tune = (part / np.std(part) * np.float32(0.1) for part in (drums, tune))
    harmonic, percussive, _ = _parts((drums + tune).astype(np.float32))
    assert _si_sdr(tune, harmonic) > 2.5  # both began at 0 dB
    assert _si_sdr(drums, percussive) > 2.5


def _si_sdr(wanted: NDArray[np.float32], heard: NDArray[np.float32]) -> float:
    a, b = wanted.astype(np.float64), heard.astype(np.float64)
    part = np.dot(b, a) / np.dot(a, a) * a
    return float(10 * np.log10(np.dot(part, part) / np.dot(b - part, b - part)))
