# SPDX-License-Identifier: GPL-3.0-or-later
"""Values that move with time: on the sound that entered then, the same under any schedule."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pedalboard import BrickwallLimiter, Compressor, Gain, HighpassFilter

import neuralboard as nb
from neuralboard.automated import Automated
from neuralboard.automation import SILENCE_DB, Curve

RATE = 48_000


def _noise(seconds: float = 1.0, seed: int = 0) -> Any:
    rng = np.random.default_rng(seed)
    return rng.uniform(-0.5, 0.5, (2, round(seconds * RATE))).astype(np.float32)


def test_a_line_is_straight_and_hold_jumps() -> None:
    curve = Curve([[0.0, 0.0], [1.0, 10.0, "hold"], [2.0, 20.0], [3.0, 0.0]], "x")
    times = np.array([-1.0, 0.0, 0.5, 1.0, 1.999, 2.0, 2.5, 3.0, 9.0])
    wanted = [0.0, 0.0, 5.0, 10.0, 10.0, 20.0, 10.0, 0.0, 0.0]
    np.testing.assert_allclose(curve.at(times), wanted, atol=1e-9)
    assert [curve.value_at(t) for t in (0.5, 1.5, 2.5)] == [5.0, 10.0, 10.0]


def test_minus_infinity_is_silence_and_a_line_from_it_begins_at_the_floor() -> None:
    curve = Curve([[0, -math.inf], [1, 0]], "gain", decibels=True)
    np.testing.assert_allclose(curve.at(np.array([0.0, 0.5])), [SILENCE_DB, SILENCE_DB / 2])


def test_a_gain_in_decibels_follows_its_line() -> None:
    board = nb.Board([Gain(0.0)])
    out = board(
        np.ones((1, 3 * RATE), np.float32),
        RATE,
        automation={"gain.gain_db": [[0, -20], [1, 0], [2, 0, "hold"], [2.5, -6]]},
    )[0]
    for second, wanted in ((0.25, -15.0), (0.5, -10.0), (1.5, 0.0), (2.4, 0.0), (2.9, -6.0)):
        assert 20 * math.log10(out[round(second * RATE)]) == pytest.approx(wanted, abs=0.05)


def test_a_value_acts_on_the_sound_that_entered_then_behind_a_latent_box() -> None:
    """A step at 0.5 s: what entered before it passes untouched, 5 ms of look-ahead or not."""
    board = nb.Board([BrickwallLimiter(ceiling_db=0.0, lookahead_ms=5.0), Gain(0.0)])
    audio = np.full((1, RATE), 0.25, np.float32)
    points = [[0.0, 0.0, "hold"], [0.5, -60.0]]
    out = board(audio, RATE, automation={"gain.gain_db": points})[0]
    half = RATE // 2
    np.testing.assert_allclose(out[1000:half], 0.25, atol=1e-6)
    assert out[half + 100] < 0.25
    assert out[half + 1000] == pytest.approx(0.25e-3, rel=1e-3)


@pytest.mark.parametrize("shape", ["flat", "nested", "boxed", "beside"])
def test_a_value_is_on_time_wherever_its_box_stands(shape: str) -> None:
    """Behind 5 ms of look-ahead, on the board itself, in a board, a Box or a branch on it."""
    gain, late = Gain(0.0), BrickwallLimiter(ceiling_db=0.0, lookahead_ms=5.0)
    inner = nb.Board([late, gain])
    board = {
        "flat": nb.Board([late, gain]),
        "nested": nb.Board([Gain(0.0), nb.Board([inner])][1:]),
        "boxed": nb.Board([nb.Box(inner, name="wrapped")]),
        "beside": nb.Board([nb.Mix([inner, nb.Board([late, Compressor()])], gains_db=[0, -200])]),
    }[shape]
    points = {"gain.gain_db": [[0.0, 0.0, "hold"], [0.5, -60.0]]}
    out = board(np.full((1, RATE), 0.25, np.float32), RATE, automation=points)[0]
    half = RATE // 2
    assert out[half - 1] == pytest.approx(0.25, rel=1e-5)
    assert out[half + 40] < 0.2499
    assert out[half + 1000] == pytest.approx(0.25e-3, rel=1e-2)


def test_natives_and_ours_move_the_same_under_any_schedule() -> None:
    board = nb.Board(
        [HighpassFilter(80), Gain(0), Compressor(threshold_db=-20, ratio=4), nb.Box(Gain(-3))]
    )
    board[3].name = "out"
    motion = {
        "gain.gain_db": [[0, -math.inf], [0.3, 0], [0.9, -6]],
        "compressor.threshold_db": [[0, -20], [1, -40]],
        "out.mix": [[0.2, 1.0, "hold"], [0.6, 0.5]],
        "highpass_filter.cutoff_frequency_hz": [[0, 80], [1, 2000]],
    }
    _schedules_agree(Automated(board, motion), _noise())


@settings(max_examples=15, deadline=None)
@given(sizes=st.lists(st.integers(0, 7000), min_size=1, max_size=12))
def test_any_schedule_gives_the_same_bits(sizes: list[int]) -> None:
    board = nb.Board([Gain(0), Compressor(threshold_db=-30, ratio=4)])
    motion = {"gain.gain_db": [[0.1, -12], [0.3, 0]], "compressor.ratio": [[0.05, 1.5], [0.4, 8]]}
    _schedules_agree(Automated(board, motion), _noise(0.5), sizes)


def _schedules_agree(moving: Automated, audio: Any, sizes: list[int] | None = None) -> None:
    whole = moving(audio, RATE)
    with moving.stream(RATE, audio.shape[0]) as stream:
        pieces, at = [], 0
        for size in sizes or [1, 7, 479, 480, 481, 0, 5000, 16_384, 333]:
            pieces.append(stream.process(audio[:, at : at + size]))
            at += pieces[-1].shape[1]
        pieces += [stream.process(audio[:, at:]), stream.flush()]
        late = stream.latency
    np.testing.assert_array_equal(whole, np.concatenate(pieces, axis=1)[:, late:])


def test_the_board_itself_is_left_alone() -> None:
    board = nb.Board([Gain(-3.0)])
    audio = _noise()
    before = board(audio, RATE)
    board(audio, RATE, automation={"gain.gain_db": [[0, 0], [1, -20]]})
    assert board[0].gain_db == -3.0
    np.testing.assert_array_equal(before, board(audio, RATE))


def test_a_box_by_itself_and_a_mix_take_automation_too() -> None:
    ones = np.ones((1, RATE), np.float32)
    for made in (nb.Box(Gain(0.0), name="pad"), nb.Mix([nb.Box(Gain(0.0), name="pad")])):
        out = made(ones, RATE, automation={"pad.gain_db": [[0, -20], [1, 0]]})
        assert 20 * math.log10(out[0, RATE // 2]) == pytest.approx(-10.0, abs=0.05)
    with pytest.raises(nb.BoxError, match="is no box and no board"):
        Automated(Gain(0.0), {})  # type: ignore[arg-type]


def test_a_switch_is_held() -> None:
    board = nb.Board([nb.Box(Gain(-20.0), name="pad")])
    out = board(
        np.ones((1, RATE), np.float32), RATE, automation={"pad.bypass": [[0, False], [0.5, True]]}
    )
    assert out[0, RATE // 4] == pytest.approx(0.1, rel=1e-4)
    assert out[0, -1] == 1.0


@pytest.mark.parametrize(
    ("automation", "words"),
    [
        ({"gan.gain_db": [[0, 1]]}, "no box 'gan' (did you mean 'gain'?)"),
        ({"gain.gan_db": [[0, 1]]}, "no parameter 'gan_db' (did you mean 'gain_db'?)"),
        ({"gain": [[0, 1]]}, "is no address; write box.parameter"),
        ({"compressor.ratio": [[0, 1]]}, "2 boxes answer to 'compressor'; give one a name"),
        ({"gain.gain_db": [[0, 1], [0, 2]]}, "put the points in the order of time"),
        ({"gain.gain_db": [[-1, 1]]}, "no time"),
        ({"gain.gain_db": [[0, 1, "hlod"]]}, "did you mean 'hold'?"),
        ({"gain.gain_db": [[0, "loud"]]}, "point 1"),
        ({"gain.gain_db": [[0, math.nan]]}, "not finite"),
        ({"gain.gain_db": []}, "no breakpoints"),
        ({"soft.mix": [[0, 0.0], [1, 1.5]]}, "point 2: Box.mix = 1.5: out of range"),
        ([1], "no mapping"),
        ({"brickwall_limiter.lookahead_ms": [[0, 1]]}, "is set when a stream opens"),
        ({"high_pass.slope": [[0, 12], [1, 48]]}, "is set when a stream opens"),
        ({"bus_compressor.sidechain": [[0, "y"]]}, "is set when a stream opens"),
    ],
)
def test_what_is_wrong_is_named(automation: Any, words: str) -> None:
    board = nb.Board([
        Gain(0), Compressor(), Compressor(), nb.Box(Gain(0), name="soft"), BrickwallLimiter(),
        nb.HighPass(), nb.BusCompressor(),
    ])  # fmt: skip
    with pytest.raises(nb.NeuralboardError) as caught:
        board(_noise(0.1), RATE, automation=automation)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_kept_stream_takes_no_automation() -> None:
    with pytest.raises(nb.StreamError, match="reset=False"):
        nb.Board([Gain(0)])(_noise(0.1), RATE, reset=False, automation={"gain.gain_db": [[0, 1]]})
