# SPDX-License-Identifier: GPL-3.0-or-later
"""`neuralboard live`: plays, lists, shows, ends with the right exit code and one line an error."""

from __future__ import annotations

import io
import sys

import numpy as np
import pytest
from rich.console import Console

import neuralboard as nb
from neuralboard import main as door
from neuralboard.cli_live import meters
from neuralboard.live_figures import LiveFigures
from tests.plugin_host.fake_sound import BLOCK, FakeSound, Flags, plug_in


@pytest.fixture
def sound(monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator) -> FakeSound:
    return plug_in(monkeypatch, rng)


def test_the_command_plays_until_ctrl_c_and_sums_up(
    sound: FakeSound, capsys: pytest.CaptureFixture[str]
) -> None:
    sound.heard[5 * BLOCK] = 0.5
    sound.flags = {3: Flags(output_underflow=True)}
    assert door.main(["live", "--chain", "gain(6)", "-i", "scarlett", "-o", "scarlett"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    begun, played, drops, hint = err.splitlines()
    assert begun.startswith("Scarlett 2i2 -> Scarlett 2i2, 48000 Hz, 2 channels, blocks of 128")
    assert played.startswith("0.1 s played; peaks: in -6.0 dBFS, out -0.0 dBFS; latency 8.0 ms")
    assert drops.startswith("drop-outs: 1 by the device, ")
    assert hint.startswith("note: a larger --block")
    assert sound.log == ["open", "start", "close"]


def test_the_command_passes_its_options_on_and_can_be_quiet(
    sound: FakeSound, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--block", "64", "--rate", "44100", "--channels", "2", "--buffering", "high"]
    assert door.main(["live", "--chain", "", *words, "--seconds", "0.01", "-q"]) == 0
    assert capsys.readouterr() == ("", "")
    assert sound.settings["blocksize"] == 64
    assert sound.settings["samplerate"] == 44_100
    assert sound.settings["latency"] == "high"
    assert len(sound.played) == 7


def test_the_command_shows_meters_where_there_is_a_terminal(
    sound: FakeSound, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sound.at_the_end = lambda: None
    waits = iter([False, False, True])
    monkeypatch.setattr(nb.LiveStream, "wait", lambda self, seconds=None: next(waits))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    assert door.main(["live", "--chain", "gain(0)"]) == 0
    assert "8.0 ms: devices 8.0 + board 0.0" in capsys.readouterr().err


def test_the_command_lists_devices(sound: FakeSound, capsys: pytest.CaptureFixture[str]) -> None:
    assert door.main(["live", "--list"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[1] == ["0", "Built-in", "Microphone", "1", "0", "48000", "input", "Fake", "Audio"]
    assert lines[4] == ["3", "Scarlett", "2i2", "2", "2", "48000", "Fake", "Audio"]
    sound.table = []
    assert door.main(["live", "--list"]) == 0
    assert "no sound devices" in capsys.readouterr().err


def test_the_command_tells_errors_in_one_line(
    sound: FakeSound, capsys: pytest.CaptureFixture[str]
) -> None:
    for words, code, said in (
        (["--chain", "gain(0)", "-i", "usx"], 2, "did you mean 'usb'?"),
        ([], 2, "give --chain TEXT or --board FILE"),
        (["--chain", "pitch_shift(2)"], 2, "needs the whole recording"),
        (["--chain", "gain(0)", "--block", "0"], 2, "block = 0"),
    ):
        assert door.main(["live", *words]) == code
        err = capsys.readouterr().err
        assert said in err
        assert err.count("\n") == 1
    assert sound.log == []
    sound.at_the_end = lambda: sound.settings["finished_callback"]()
    assert door.main(["live", "--chain", "gain(0)", "-q"]) == 1
    assert capsys.readouterr().err.startswith("error: the sound system ended the sound")


def test_the_meters_tell_what_is_wrong_in_red() -> None:
    figures = LiveFigures(3.0, 1125, -60.0, 0.5, 8.0, 30.0, 2, 7, 0.1, 1.5)
    text = io.StringIO()
    Console(file=text, width=100, color_system="standard", force_terminal=True).print(
        meters(figures)
    )
    shown = text.getvalue()
    assert "38.0 ms: devices 8.0 + board 30.0" in shown
    assert "\x1b[31m2 by the device, 7 of 1125 blocks late" in shown
    assert "0.5 dBFS, clipped" in shown
    assert "10 % of the time, worst block 150 %" in shown


def test_without_sounddevice_the_line_that_installs_it_is_given(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)  # import raises ModuleNotFoundError
    expected = 'error: live sound needs sounddevice: pip install "neuralboard[live]"\n'
    for words in (["--list"], ["--chain", "gain(0)"]):
        assert door.main(["live", *words]) == 2
        assert capsys.readouterr().err == expected
