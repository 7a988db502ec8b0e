# SPDX-License-Identifier: GPL-3.0-or-later
"""Promise: BusCompressor does to all channels what its curve and its times say, to the sample."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import neuralboard as nb
from neuralboard import testing

Audio = NDArray[np.float32]
RATE = 48_000


def tone(db: float, frequency: float = 1000.0, seconds: float = 1.0, rate: int = RATE) -> Audio:
    """Return a tone of that peak level, one channel."""
    time = np.arange(round(seconds * rate)) / rate
    return (10 ** (db / 20) * np.sin(2 * np.pi * frequency * time)).astype(np.float32)[np.newaxis]


def reduction(box: Any, audio: Audio, rate: int = RATE, sidechain: Any = None) -> Audio:
    """Return what the box tells, `[n]`."""
    with box.stream(rate, audio.shape[0]) as stream:
        stream.process(audio, sidechain)
        return np.asarray(stream.controls["gain_reduction_db"])


def curve(level: float, threshold: float, ratio: float, knee: float) -> float:
    """Return the output level of Giannoulis, Massberg and Reiss (2012), eq. 4."""
    over = level - threshold
    if 2 * over < -knee:
        return level
    if knee > 0 and 2 * abs(over) <= knee:
        return level + (1 / ratio - 1) * (over + knee / 2) ** 2 / (2 * knee)
    return threshold + over / ratio


@pytest.mark.parametrize(
    "box",
    [
        nb.BusCompressor(),
        nb.BusCompressor(-40, 8, 0.0, 1.0, knee_db=0, hold_ms=0, makeup_db=6, key_high_pass_hz=90),
        nb.BusCompressor(ratio=20, range_db=4, sidechain="drums", key_high_pass_hz=200),
    ],
)
def test_it_keeps_the_contract(box: nb.Effect) -> None:
    testing.check_box(box)


@pytest.mark.parametrize("knee", [0.0, 6.0, 12.0])
@pytest.mark.parametrize("ratio", [1.5, 4.0, 100.0])
def test_the_static_curve_is_the_formula(ratio: float, knee: float) -> None:
    """A settled tone, in and out, from 20 dB below the threshold to 20 dB above it."""
    box = nb.BusCompressor(-20.0, ratio, 1.0, 50.0, knee_db=knee)
    for level in (-40.0, -25.0, -22.0, -20.0, -18.5, -16.0, -12.0, -6.0, 0.0):
        out = box(tone(level), RATE)[0, RATE // 2 :]
        told = 20 * np.log10(np.abs(out).max())
        assert told == pytest.approx(curve(level, -20.0, ratio, knee), abs=0.02)  # 0.1 is promised


def test_a_bass_tone_meets_the_curve_too() -> None:
    """With 10 ms of hold from 50 Hz on; and the wave is not bent."""
    audio = tone(-8.0, 50.0)
    out = nb.BusCompressor(-20.0, 4.0)(audio, RATE)[0, RATE // 2 :]
    assert 20 * np.log10(np.abs(out).max()) == pytest.approx(-17.0, abs=0.02)
    spectrum = np.abs(np.fft.rfft(out * np.hanning(out.size)))
    harmonics = spectrum[[75, 100, 125, 150]]  # of 25 cycles
    assert 20 * np.log10(harmonics.max() / spectrum[25]) < -80.0


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
@pytest.mark.parametrize("ms", [0.5, 10.0, 80.0])
def test_attack_and_release_take_63_percent_in_their_time(ms: float, rate: int) -> None:
    """Of a step in dB: from 0 to 9 dB of reduction and back to 3; the release after the hold."""
    box = nb.BusCompressor(-20.0, 4.0, ms, 2 * ms, knee_db=0.0, hold_ms=5.0)
    step = rate // 10 * 8
    # Steady values, not tones: their level steps at one sample.
    levels = [np.full(step, 10 ** (db / 20), np.float32) for db in (-60.0, -8.0, -16.0)]
    told = reduction(box, np.concatenate(levels)[np.newaxis], rate)
    share = 1 - np.exp(-1)
    up = int(np.argmax(told >= 9 * share)) + 1 - step
    assert abs(up - ms * rate / 1000) <= 1
    down = int(np.argmax(told[2 * step :] <= 9 - 6 * share)) + 1
    assert abs(down - (5.0 + 2 * ms) * rate / 1000) <= 2
    assert told[2 * step - 1] == pytest.approx(9.0, abs=0.01)
    assert told[-1] == pytest.approx(3.0, abs=0.1)


@pytest.mark.parametrize("hold_ms", [0.0, 20.0, 500.0])
def test_the_hold_lasts_as_long_as_it_says(hold_ms: float) -> None:
    box = nb.BusCompressor(-20.0, 4.0, 1.0, 50.0, knee_db=0.0, hold_ms=hold_ms)
    loud = np.full(RATE // 2, 0.5, np.float32)
    told = reduction(box, np.concatenate([loud, np.zeros(RATE, np.float32)])[np.newaxis])
    full = told[RATE // 2 - 1]
    begun = int(np.argmax(told[RATE // 2 :] < full))
    assert begun == round(hold_ms * RATE / 1000)


def test_it_never_turns_down_by_more_than_its_range(rng: np.random.Generator) -> None:
    audio = rng.uniform(-1, 1, (2, RATE)).astype(np.float32)
    box = nb.BusCompressor(-50.0, 20.0, 0.0, range_db=4.0)
    told = reduction(box, audio)
    assert told.max() == 4.0
    assert np.all(
        np.abs(box(audio, RATE)) >= np.abs(audio) * np.float32(10 ** (-4.0 / 20) * 0.9999)
    )


def test_both_channels_move_alike() -> None:
    """pedalboard's Compressor turned this tone down by 14 dB on the left and by 0 on the right."""
    audio = np.concatenate([tone(0.0), tone(-26.0, 330.0)])
    out = nb.BusCompressor(-20.0, 4.0)(audio, RATE)
    told = reduction(nb.BusCompressor(-20.0, 4.0), audio)
    assert told[-1] == pytest.approx(15.0, abs=0.1)
    gain = 10 ** (-told / 20)
    np.testing.assert_allclose(out, audio * gain, rtol=2e-6, atol=1e-9)


def test_the_key_high_pass_is_deaf_to_bass_and_leaves_the_sound() -> None:
    bass = tone(-3.0, 40.0)
    deaf = nb.BusCompressor(-20.0, 4.0, key_high_pass_hz=400.0, knee_db=0.0)
    assert reduction(deaf, bass)[-1] == 0.0
    np.testing.assert_array_equal(deaf(bass, RATE)[:, RATE // 2 :], bass[:, RATE // 2 :])
    assert reduction(deaf, tone(-8.0, 4000.0))[-1] == pytest.approx(9.0, abs=0.1)


def test_makeup_is_a_gain_afterwards(rng: np.random.Generator) -> None:
    audio = rng.uniform(-1, 1, (2, 5000)).astype(np.float32)
    louder = nb.BusCompressor(makeup_db=6.0)(audio, RATE)
    np.testing.assert_allclose(
        louder, nb.BusCompressor()(audio, RATE) * 10 ** (6 / 20), rtol=3e-6, atol=1e-7
    )


class Late(nb.Effect):
    """A delay that owns up to it."""

    def latency_samples(self, sample_rate: int) -> int:
        return 777

    def start(self, sample_rate: int, channels: int) -> Any:
        return [np.zeros((channels, 777), np.float32)]

    def process_block(self, block: Audio, state: Any, p: Any) -> Audio:
        line = np.concatenate([state[0], block], axis=1)
        state[0] = line[:, block.shape[1] :].copy()
        return line[:, : block.shape[1]].copy()


def test_a_side_chain_is_aligned_to_the_sample_behind_a_latent_box(
    rng: np.random.Generator,
) -> None:
    pad = rng.uniform(-0.1, 0.1, (2, RATE)).astype(np.float32)
    drums = np.zeros((2, RATE), np.float32)
    drums[:, 20_000:24_000] = 0.9
    box = nb.BusCompressor(-20.0, 20.0, 0.0, range_db=4.0, hold_ms=0.0, sidechain="drums")
    alone = box(pad, RATE, sidechain={"drums": drums})
    ducked = np.flatnonzero(np.any(alone != pad, axis=0))
    assert ducked[0] == 20_000
    gain = alone[:, 20_100:24_000] / pad[:, 20_100:24_000]
    np.testing.assert_allclose(gain, 10 ** (-4 / 20), rtol=1e-5)
    board = nb.Board([Late(), box, Late()])
    np.testing.assert_array_equal(board(pad, RATE, sidechain={"drums": drums}), alone)
    with board.stream(RATE, 2) as stream:
        told = [
            (stream.process(pad[:, i : i + 480], {"drums": drums[:, i : i + 480]}),
             stream.controls["gain_reduction_db"])
            for i in range(0, RATE, 480)
        ]  # fmt: skip
    begin = int(np.argmax(np.concatenate([controls for _, controls in told]) > 0))
    assert begin == 20_000 + stream.latency  # on the output's time line


def test_an_unnamed_side_chain_for_another_box_is_not_for_it(rng: np.random.Generator) -> None:
    audio = rng.uniform(-1, 1, (2, RATE // 10)).astype(np.float32)
    silence = np.zeros_like(audio)
    board = nb.Board([nb.BusCompressor(sidechain="key"), nb.BusCompressor()])
    want = nb.BusCompressor()(audio, RATE)
    np.testing.assert_array_equal(board(audio, RATE, sidechain=silence), want)
    with pytest.raises(nb.AudioError, match="side chain 'key' is asked for by a box"):
        board(audio, RATE)


def test_a_change_of_side_chain_waits_for_the_next_stream(rng: np.random.Generator) -> None:
    audio = rng.uniform(-1, 1, (2, 512)).astype(np.float32)
    box = nb.BusCompressor(sidechain="drums")
    with box.stream(RATE, 2) as stream:
        stream.process(audio, {"drums": audio})
        box.sidechain = None
        with pytest.warns(nb.LatencyChangeWarning, match=r"sidechain was changed"):
            stream.process(audio, {"drums": audio})


def test_the_places_of_its_values_are_those_of_pedalboards_compressor() -> None:
    assert nb.BusCompressor(-12, 4, 5, 50) == nb.BusCompressor(
        threshold_db=-12, ratio=4, attack_ms=5, release_ms=50
    )
