# SPDX-License-Identifier: GPL-3.0-or-later
"""Promises: the board's list, presets and copies, alignment, broken numbers, errors."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pedalboard as pb
import pytest

import neuralboard as nb
from neuralboard import natives, testing

RATE = 48_000


class LateBy(nb.Effect):
    """Delays by 37 samples and says so."""

    def latency_samples(self, sample_rate: int) -> int:
        return 37

    def start(self, sample_rate: int, channels: int) -> Any:
        return {"held": np.zeros((channels, 37), np.float32)}

    def process_block(self, block: np.ndarray, state: Any, p: Any) -> np.ndarray:
        joined = np.concatenate([state["held"], block], axis=1)
        state["held"] = joined[:, -37:].copy()
        return joined[:, : block.shape[1]].copy()


class Ducker(nb.Effect):
    """Multiplies by its side chain."""

    uses_sidechain = True

    def process_block(self, block: Any, state: Any, p: Any, side: Any = None) -> np.ndarray:
        return np.asarray(block if side is None else block * side, np.float32)


@pytest.fixture
def audio() -> np.ndarray:
    return testing.signal_of(RATE, 2, 0.5)


def test_parallel_paths_align_to_the_sample(audio: np.ndarray) -> None:
    mix = nb.Mix([nb.Board([]), nb.Board([LateBy(), LateBy()]), nb.SpectralSubtraction(0.0)])
    out = mix(audio, RATE)
    np.testing.assert_allclose(out, 3 * audio, atol=2e-6)
    assert mix.latency(RATE) == 1535


def test_a_side_chain_meets_the_main_path(audio: np.ndarray) -> None:
    side = testing.signal_of(RATE, 2, 0.5, seed=9)
    out = nb.Board([LateBy(), nb.SpectralSubtraction(0.0), Ducker()])(audio, RATE, sidechain=side)
    np.testing.assert_allclose(out, audio * side, atol=1e-6)


def test_the_list_protocol() -> None:
    gains = [pb.Gain(n) for n in range(4)]
    board = nb.Board(gains)
    assert board[1:3][0] is gains[1]
    assert board.pop() is gains[3]
    board.extend([None, gains[3]])
    assert board.index(gains[3]) == 4
    board.reverse()
    assert board[0] is gains[3]
    assert len(board + [pb.Invert()]) == 6
    del board[1:]
    assert list(board) == [gains[3]]
    board.clear()
    assert len(board) == 0


@pytest.mark.parametrize("thing", [3, "reverb", lambda x: x, pb.Compressor])
def test_what_is_no_box_is_refused(thing: Any) -> None:
    with pytest.raises(nb.BoxError, match="is no box"):
        nb.Board([thing])


def test_a_board_in_itself_is_refused() -> None:
    board = nb.Board([])
    outer = nb.Board([nb.Mix([board])])
    with pytest.raises(nb.BoxError, match="into itself"):
        board.append(outer)
    with pytest.raises(nb.BoxError, match="into itself"):
        board.append(board)


def test_presets_and_copies_sound_the_same(audio: np.ndarray) -> None:
    board = nb.Board(
        [
            pb.HighpassFilter(90),
            nb.Box(pb.Compressor(-25, 3), mix=0.5, name="parallel"),
            nb.Mix([None, pb.LadderFilter(pb.LadderFilter.Mode.HPF24)], gains_db=[0, -6]),
            nb.WienerDenoiser(0.5),
        ]
    )
    want = board(audio, RATE)
    twins = (
        nb.from_json(board.to_json()),
        pickle.loads(pickle.dumps(board)),
        copy.deepcopy(board),
        nb.parse_chain(board.to_chain()),
    )
    for twin in twins:
        np.testing.assert_array_equal(twin(audio, RATE), want)
        assert twin == board
    board[1].mix = 0.1
    assert twins[0] != board


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("compressor(threshold_db=-18.3)", "threshold_db=-18.3,"),
        ("highpass_filter(80.1)", "cutoff_frequency_hz=80.1)"),
        ("reverb(wet_level=0.33)", "wet_level=0.33,"),  # kept scaled by 3
        ("gain(-inf)", "gain_db=-inf)"),
        ("gain(1.0000001)", "gain_db=1.0000001)"),  # next to 1: no shorter text sets it
        ("gain(16777217)", "gain_db=16777216.0)"),  # float32 can't tell it from its neighbour
        ("compressor(ratio=1.5, bypass=True)", "bypass=True)"),
    ],
)
def test_chain_text_shows_what_was_set(text: str, shown: str) -> None:
    board = nb.parse_chain(text)
    assert shown in board.to_chain()
    assert nb.parse_chain(board.to_chain()) == board


def test_chain_text_of_any_value_sets_it_again_and_is_no_longer_than_what_was_typed() -> None:
    rng = np.random.default_rng(5)
    from_1 = ("ratio", "drive", "centre_delay_ms")
    for name in ("compressor", "reverb", "peak_filter", "delay", "chorus", "ladder_filter"):
        item = nb.parse_chain(name)[0]
        for key in natives.property_names(item):
            if not isinstance(getattr(item, key), float):
                continue
            for places in (1, 2, 3, 5, 12):  # more than float32 has are cut
                typed = round(rng.uniform(0.1, 1.0) + (key in from_1), places)
                setattr(item, key, typed)
                text = nb.Board([item]).to_chain()
                assert getattr(nb.parse_chain(text)[0], key) == getattr(item, key), text
                written = text.partition(f"{key}=")[2].partition(",")[0].rstrip(")")
                assert len(written) <= len(repr(typed)), text


def test_what_is_hosted_has_no_chain_text(monkeypatch: pytest.MonkeyPatch) -> None:
    native = pb.Gain()
    monkeypatch.setattr(natives, "is_hosted", lambda thing: thing is native)
    with pytest.raises(nb.ChainError, match="is a hosted plug-in"):
        nb.Board([native]).to_chain()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("__import__('os').system('true')", "is no box"),
        ("gain(__import__('os'))", "no plain value"),
        ("compresor(ratio=3)", "did you mean 'compressor'"),
        ("compressor(ration=3)", "did you mean 'ratio'"),
        ("spectral_subtraction(strength=7)", "0 to 2"),
        ("compressor(ratio=0.5)", "ratio"),
        ("gain(1, gain_db=2)", "twice"),
        ("gain(", "can't be read"),
        ("gain() gain()", "can't be read"),
        ("(lambda: 1)()", "is no box"),
        ("[gain()]", "is no box"),
    ],
)
def test_bad_chain_text_gets_one_line(text: str, fault: str) -> None:
    with pytest.raises(nb.NeuralboardError, match=fault) as caught:
        nb.parse_chain(text)
    assert "\n" not in str(caught.value)


def test_broken_samples_are_replaced_and_reported(audio: np.ndarray) -> None:
    spoilt = audio.copy()
    spoilt[1, 100] = np.nan
    clean = audio.copy()
    clean[1, 100] = 0.0
    board = nb.Board([pb.Reverb(), pb.NoiseGate(-40)])
    with pytest.warns(UserWarning, match="1 broken sample .* at sample 100"):
        got = board(spoilt, RATE)
    np.testing.assert_array_equal(got, board(clean, RATE))


@pytest.mark.parametrize(
    ("array", "rate", "options", "fault"),
    [
        (np.zeros((2, 100), np.int16), RATE, {}, "int16"),
        (np.zeros((2, 2), np.float32), RATE, {}, r"\(2, 2\)"),
        (np.zeros((2, 2, 2), np.float32), RATE, {}, "3 dimensions"),
        (np.zeros((40, 100), np.float32), RATE, {}, "40 channels"),
        ([0.0, 1.0], RATE, {}, "list"),
        (np.zeros(100, np.float32), 0, {}, "8000 to 192000"),
        (np.zeros(100, np.float32), -1, {}, "8000 to 192000"),
        (np.zeros(100, np.float32), float("nan"), {}, "nan"),
        (np.zeros(100, np.float32), "48000", {}, "48000"),
        (np.zeros(100, np.float32), RATE, {"buffer_size": 0}, "buffer_size = 0"),
    ],
)
def test_bad_audio_gets_one_line(array: Any, rate: Any, options: Any, fault: str) -> None:
    with pytest.raises(nb.AudioError, match=fault) as caught:
        nb.Board([pb.Reverb(), pb.PitchShift(2)])(array, rate, **options)
    assert "\n" not in str(caught.value)


def test_a_stream_refuses_another_shape(audio: np.ndarray) -> None:
    with nb.Board([pb.Reverb()]).stream(RATE, 2) as stream:
        with pytest.raises(nb.AudioError, match="2 channels"):
            stream.process(np.zeros((1, 10), np.float32))
        stream.flush()
        with pytest.raises(nb.StreamError, match="flushed"):
            stream.process(audio)


def test_removed_is_what_is_taken_away(audio: np.ndarray) -> None:
    box = nb.SpectralSubtraction()
    np.testing.assert_allclose(box.removed(audio, RATE) + box(audio, RATE), audio, atol=1e-6)
