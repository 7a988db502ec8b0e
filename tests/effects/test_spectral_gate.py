# SPDX-License-Identifier: GPL-3.0-or-later
"""Promise: the spectral gate shuts out noise in pauses and leaves what stands out of it alone."""

from __future__ import annotations

import numpy as np
import pytest
import soxr
from numpy.typing import NDArray

import neuralboard as nb
from neuralboard import testing
from neuralboard.presets import from_json, to_json
from tests.conftest import Clip

RATE = 48_000


def _db(audio: NDArray[np.float32]) -> float:
    return float(10 * np.log10(np.mean(audio.astype(np.float64) ** 2) + 1e-20))


@pytest.fixture
def hiss(rng: np.random.Generator) -> NDArray[np.float32]:
    return (0.01 * rng.standard_normal(3 * RATE)).astype(np.float32)


def test_it_keeps_the_contract_with_another_tracking() -> None:
    """As it is by default it stands in test_contract.py."""
    testing.check_box(nb.SpectralGate(tracking="minimum"))


@pytest.mark.parametrize("reduction", [6.0, 12.0, 20.0])
def test_noise_alone_goes_down_by_the_reduction(
    reduction: float, hiss: NDArray[np.float32]
) -> None:
    gate = nb.SpectralGate(reduction_db=reduction)
    gate.learn(hiss, RATE)
    rest = gate(hiss, RATE)
    assert abs(_db(rest[RATE:]) - _db(hiss[RATE:]) + reduction) < 0.05 * reduction + 0.5


def test_no_bin_of_the_noise_rings(hiss: NDArray[np.float32]) -> None:
    gate = nb.SpectralGate()
    gate.learn(hiss[:RATE], RATE)
    rest = gate(hiss, RATE)[RATE:]
    frames = np.lib.stride_tricks.sliding_window_view(rest, 1536)[::768] * np.hanning(1536)
    power = np.abs(np.fft.rfft(frames)) ** 2
    # Of exponentially distributed power of white noise 1 in 10,000 lies 9.2 times above the mean.
    # A gate that lets single bins through would leave islands 20 dB above what it shut.
    assert np.mean(power > 20 * power.mean()) < 1e-4


def test_a_tone_above_the_threshold_keeps_its_level(hiss: NDArray[np.float32]) -> None:
    tone = (0.2 * np.sin(2 * np.pi * 1000 * np.arange(len(hiss)) / RATE)).astype(np.float32)
    gate = nb.SpectralGate()
    gate.learn(hiss, RATE)
    kept = gate(tone + hiss, RATE)[RATE:]
    assert abs(_db(kept) - _db(tone)) < 0.2
    gate.threshold_db = 40.0  # 0.2 against 0.01 over all bins: no bin reaches that over the hiss
    gate.learn(10 * hiss, RATE)
    assert _db(gate(tone + hiss, RATE)[RATE:]) < _db(tone) - 10.0


def test_attack_and_release_are_times(hiss: NDArray[np.float32]) -> None:
    burst = hiss.copy()
    burst[RATE : RATE + RATE // 2] *= 30.0

    def tail(release: float) -> float:
        gate = nb.SpectralGate(release_ms=release, reduction_db=40.0)
        gate.learn(hiss, RATE)
        out = gate(burst, RATE)
        return _db(out[RATE + RATE // 2 + 4000 : 2 * RATE])

    assert tail(500.0) > tail(50.0) + 6.0
    gate = nb.SpectralGate(attack_ms=200.0)
    gate.learn(hiss, RATE)
    slow = gate(burst, RATE)[RATE + 1000 : RATE + 3000]
    gate.attack_ms = 0.0
    quick = gate(burst, RATE)[RATE + 1000 : RATE + 3000]
    assert _db(quick) > _db(slow) + 6.0
    assert abs(_db(quick) - _db(burst[RATE + 1000 : RATE + 3000])) < 1.0


def test_it_works_as_chain_text_and_preset(hiss: NDArray[np.float32]) -> None:
    board = nb.parse_chain("spectral_gate(threshold_db=9, reduction_db=12)")
    gate = nb.SpectralGate(9.0, 12.0)
    np.testing.assert_array_equal(board(hiss, RATE), gate(hiss, RATE))
    gate.learn(hiss, RATE)
    twin = from_json(to_json(gate))
    np.testing.assert_array_equal(twin(hiss, RATE), gate(hiss, RATE))


@pytest.mark.audio
def test_it_lowers_real_noise_in_pauses_and_leaves_speech(
    speech_clip: Clip, noise_clip: Clip
) -> None:
    rate = speech_clip.sample_rate
    voice = np.concatenate([np.zeros(2 * rate), speech_clip.audio[0]]).astype(np.float32)
    noise = soxr.resample(noise_clip.audio[0], noise_clip.sample_rate, rate)
    noise = np.resize(noise, len(voice))
    noise = (noise * (np.std(voice) / np.std(noise) * 0.1)).astype(np.float32)  # 20 dB below
    gate = nb.SpectralGate()
    gate.learn(noise[: 2 * rate], rate)
    out = gate(voice + noise, rate)
    pause = slice(rate // 2, 2 * rate - 4000)
    assert _db(out[pause]) < _db(noise[pause]) - 12.0
    speech = voice[2 * rate :].astype(np.float64)
    gain = np.dot(out[2 * rate :], speech) / np.dot(speech, speech)
    assert abs(20 * np.log10(gain)) < 1.0
