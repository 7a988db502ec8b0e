# SPDX-License-Identifier: GPL-3.0-or-later
"""Live sound: what comes out is the board streamed; drop-outs are counted; it ends cleanly."""

from __future__ import annotations

import itertools
import signal
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import neuralboard as nb
from neuralboard import live_stream
from neuralboard.audio import Audio
from neuralboard.live_devices import DeviceError
from neuralboard.live_figures import LiveFigures
from tests.plugin_host.fake_sound import BLOCK, BLOCKS, CARD, SPEAKERS, FakeSound, Flags, plug_in

RATE = 48_000


class Fuse(nb.Effect):
    """Blows at the first loud sample."""

    def process_block(self, block: Audio, state: Any, p: Any) -> Audio:
        if np.abs(block).max(initial=0.0) > 0.9:
            raise RuntimeError("the fuse blew")
        return block


class Stems(nb.SpectralEffect):
    """Gives two outputs."""

    n_fft, hop_length = 256, 128
    stems = ("one", "other")

    def process_frames(self, frames: Any, state: Any, p: Any) -> Any:
        return np.stack([frames, frames])


def board() -> nb.Board:
    return nb.Board([nb.HighpassFilter(80.0), nb.WienerDenoiser(), nb.Gain(-6.0)])


@pytest.fixture
def sound(monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator) -> FakeSound:
    return plug_in(monkeypatch, rng)


def streamed(heard: Audio, processor: nb.Board) -> Audio:
    """Return what the board gives for [samples, channels] in blocks, latency left in."""
    with processor.stream(RATE, heard.shape[1]) as stream:
        return np.concatenate(
            [
                stream.process(np.ascontiguousarray(heard[at : at + BLOCK].T)).T
                for at in range(0, heard.shape[0], BLOCK)
            ]
        )


# ---------------------------------------------------------------------------- the sound
def test_what_is_played_is_the_board_streamed(sound: FakeSound) -> None:
    figures = nb.live(board(), CARD, CARD)
    np.testing.assert_array_equal(np.concatenate(sound.played), streamed(sound.heard, board()))
    assert figures.blocks == BLOCKS
    assert figures.seconds == BLOCKS * BLOCK / RATE
    assert sound.settings["latency"] == "low"
    assert sound.settings["device"] == (CARD, CARD)


def test_a_mono_microphone_is_heard_on_both_sides(sound: FakeSound) -> None:
    nb.live(board())
    expected = streamed(sound.heard[:, :1], board())
    np.testing.assert_array_equal(np.concatenate(sound.played), np.repeat(expected, 2, axis=1))


def test_a_mono_microphone_may_feed_a_stereo_board(sound: FakeSound) -> None:
    nb.live(board(), channels=2)
    expected = streamed(np.repeat(sound.heard[:, :1], 2, axis=1), board())
    np.testing.assert_array_equal(np.concatenate(sound.played), expected)


def test_stereo_goes_to_a_mono_output_as_its_mean(sound: FakeSound) -> None:
    sound.table[SPEAKERS]["max_output_channels"] = 1
    nb.live(nb.Board([]), CARD)
    np.testing.assert_array_equal(
        np.concatenate(sound.played)[:, 0], sound.heard.T.mean(axis=0), strict=True
    )


def test_more_channels_than_the_device_has_are_left_out_and_missing_ones_silent() -> None:
    six = np.arange(12, dtype=np.float32).reshape(6, 2)
    two = np.full((2, 2), np.nan, np.float32)
    live_stream.spread(six, two)
    np.testing.assert_array_equal(two, six[:2])
    target = np.full((3, 2), np.nan, np.float32)
    live_stream.spread(six[:2], target)
    np.testing.assert_array_equal(target, [*six[:2], np.zeros(2)])


def test_another_block_than_was_asked_for_is_played_too(sound: FakeSound) -> None:
    stream = nb.LiveStream(nb.Board([nb.Gain(0.0)]), CARD, CARD, 64)
    heard, played = sound.heard[:50].copy(), np.zeros((50, 2), np.float32)
    stream._callback(heard, played, 50, None, Flags())
    np.testing.assert_array_equal(played, heard)
    stream.close()


def test_it_ends_after_the_seconds_that_were_asked_for(sound: FakeSound) -> None:
    figures = nb.live(board(), seconds=10.5 * BLOCK / RATE)  # whole blocks, the last one too
    assert figures.blocks == 11
    assert len(sound.played) == 11
    assert sound.log == ["open", "start", "close"]


def test_a_stream_lets_this_thread_turn_knobs(sound: FakeSound) -> None:
    sound.at_the_end = lambda: None
    with nb.LiveStream(board(), CARD, CARD) as stream:
        assert not stream.wait(0.0)
        assert "'Scarlett 2i2' to 'Scarlett 2i2', 48000 Hz, 2" in repr(stream)
    assert sound.log == ["open", "start", "close"]
    with pytest.raises(nb.StreamError, match="started already"), stream:
        pass


def test_threads_change_quickly_while_it_plays_and_as_before_afterwards(sound: FakeSound) -> None:
    before = sys.getswitchinterval()
    sound.at_the_end = lambda: None
    with nb.LiveStream(board()) as stream:
        with nb.LiveStream(board(), CARD, CARD):
            assert sys.getswitchinterval() < 0.001
        assert sys.getswitchinterval() < 0.001
        stream.close()
        assert sys.getswitchinterval() == before
    assert sys.getswitchinterval() == before


# ---------------------------------------------------------------------------- the figures
def test_drop_outs_and_late_blocks_are_counted(
    sound: FakeSound, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound.flags = {
        3: Flags(output_underflow=True),
        5: Flags(input_overflow=True),
        7: Flags(priming_output=True),  # how some systems start: nothing is lost
    }
    lasts = BLOCK / RATE
    takes = [0.25 * lasts] * BLOCKS
    takes[10], takes[20] = 1.5 * lasts, 2.0 * lasts
    readings = itertools.accumulate(step for take in takes for step in (0.0, take))
    clock = SimpleNamespace(perf_counter=lambda: next(readings))
    monkeypatch.setattr(live_stream, "time", clock)
    figures = nb.live(nb.Board([]), CARD, CARD)
    assert (figures.overruns, figures.late_blocks) == (2, 2)
    assert figures.worst_load == pytest.approx(2.0)
    assert figures.load == pytest.approx((38 * 0.25 + 3.5) / BLOCKS)


def test_latency_is_that_of_the_devices_and_of_the_board(sound: FakeSound) -> None:
    figures = nb.live(board(), CARD, CARD)
    assert figures.device_latency_ms == pytest.approx(8.0)
    assert figures.board_latency_ms == pytest.approx(1000 * board().latency(RATE) / RATE)
    assert figures.latency_ms == figures.device_latency_ms + figures.board_latency_ms


def test_levels_are_peaks_since_the_last_look_and_of_all(sound: FakeSound) -> None:
    sound.heard[:] = 0.0
    sound.heard[100, 1] = -0.5
    sound.at_the_end = lambda: None
    with nb.LiveStream(nb.Board([nb.Gain(0.0)]), CARD, CARD) as stream:
        first, second = stream.figures(), stream.figures()
    assert first.input_db == first.output_db == pytest.approx(-6.02, abs=0.01)
    assert second.input_db == float("-inf")
    assert stream.total().input_db == first.input_db


def test_figures_are_shown_while_it_runs(
    sound: FakeSound, capsys: pytest.CaptureFixture[str]
) -> None:
    sound.at_the_end = lambda: None

    def look(figures: LiveFigures) -> None:
        print(figures)
        raise KeyboardInterrupt  # Ctrl-C while it runs

    nb.live(board(), show=look)
    shown = capsys.readouterr().out
    assert "latency" in shown
    assert f"of {BLOCKS} blocks late" in shown
    assert sound.log == ["open", "start", "close"]


# ---------------------------------------------------------------------------- the end
def test_an_error_in_a_box_stops_the_sound_and_reaches_the_caller(sound: FakeSound) -> None:
    sound.heard[10 * BLOCK, 0] = 0.95
    with pytest.raises(RuntimeError, match="the fuse blew"):
        nb.live(nb.Board([Fuse()]), CARD, CARD)
    assert len(sound.played) == 10
    assert sound.log == ["open", "start", "close"]


def test_ctrl_c_closes_the_stream_whenever_it_comes(sound: FakeSound) -> None:
    sound.at_start = lambda: signal.raise_signal(signal.SIGINT)  # before any sound
    assert nb.live(board()).blocks == 0
    assert sound.log == ["open", "start", "close"]


def test_a_device_that_is_pulled_out_is_told(sound: FakeSound) -> None:
    sound.at_the_end = lambda: sound.settings["finished_callback"]()
    with pytest.raises(DeviceError, match=r"ended the sound from 'Built-in Mic.*' after 0\.1 s"):
        nb.live(board())
    assert sound.log == ["open", "start", "close"]


def test_a_device_that_does_not_start_is_told(sound: FakeSound) -> None:
    def busy() -> None:
        raise sound.PortAudioError("Device unavailable")

    sound.at_start = busy
    with pytest.raises(DeviceError, match="at 48000 Hz: Device unavailable; choose others"):
        nb.live(board())
    assert sound.log == ["open", "start", "close"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"block": 0}, "block = 0 is outside 1 to 16384"),
        ({"block": 1.5}, "block = 1.5 is no whole number"),
        ({"seconds": -1}, "seconds = -1 is no length"),
        ({"buffering": "none"}, "buffering = 'none' is neither"),
        ({"channels": 40}, "40 channels"),
        ({"board": nb.PitchShift()}, "PitchShift needs the whole recording"),
        ({"board": Stems()}, "several outputs"),
    ],
)
def test_what_makes_no_sense_is_refused_before_there_is_sound(
    sound: FakeSound, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(nb.NeuralboardError, match=message):
        nb.LiveStream(settings.pop("board", board()), **settings)
    assert sound.log == []
