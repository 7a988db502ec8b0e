# SPDX-License-Identifier: GPL-3.0-or-later
"""Sound devices are found by number or name; what is missing or fits twice is told in one line."""

from __future__ import annotations

import builtins
import sys
from typing import Any

import numpy as np
import pytest

import neuralboard as nb
from neuralboard.live_devices import DeviceError, find_device
from tests.plugin_host.fake_sound import CARD, HEADSET, MIC, SPEAKERS, FakeSound, plug_in


def board() -> nb.Board:
    return nb.Board([nb.Gain(-6.0)])


@pytest.fixture
def sound(monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator) -> FakeSound:
    return plug_in(monkeypatch, rng)


@pytest.mark.parametrize(
    ("wanted", "direction", "index"),
    [
        (None, "input", MIC),
        (None, "output", SPEAKERS),
        (3, "output", CARD),
        ("2", "input", HEADSET),
        ("usb", "input", HEADSET),
        ("scarlett 2I2, fake", "output", CARD),
        ("2i2,audio", "output", CARD),
        ("built", "output", SPEAKERS),
    ],
)
def test_a_device_is_found(sound: FakeSound, wanted: Any, direction: Any, index: int) -> None:
    assert find_device(wanted, direction).index == index


def test_a_name_that_fits_several_means_the_whole_one_or_the_default(sound: FakeSound) -> None:
    sound.table += [{**sound.table[HEADSET], "name": "USB Headset 2"}]
    assert find_device("usb headset", "input").index == HEADSET
    with pytest.raises(DeviceError, match=r"'headset' may be 2 USB Headset .*, 4 USB Headset 2"):
        find_device("headset", "input")
    sound.default.device = [4, SPEAKERS]
    assert find_device("headset", "input").index == 4


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("scarlet 2i2", r"no input device 'scarlet 2i2' \(did you mean 'scarlett 2i2'\?\); there"),
        (
            "headsed",
            r"\(did you mean 'headset'\?\); there are 0 Built-in Microphone \(Fake Audio\)",
        ),
        ("", "no input device ''"),
        (1, "input device 1 is Built-in Output, which has no input; there are 0 Built"),
        (9, "input device 9 does not exist"),
        (-1, "input device -1 does not exist"),
    ],
)
def test_a_device_that_is_not_there_is_told(sound: FakeSound, wanted: Any, message: str) -> None:
    with pytest.raises(DeviceError, match=message):
        nb.LiveStream(board(), wanted)


def test_no_device_and_no_default_are_told(sound: FakeSound) -> None:
    sound.default.device = [-1, -1]
    with pytest.raises(DeviceError, match="no default input; name one of 0 Built-in Microphone"):
        nb.live(board())
    sound.table = []
    with pytest.raises(DeviceError, match="no sound input that PortAudio sees"):
        nb.live(board())


def test_the_rate_is_one_that_both_devices_do(sound: FakeSound) -> None:
    assert nb.LiveStream(board(), HEADSET).sample_rate == 48_000  # the output's default
    sound.rates = {44_100}
    assert nb.LiveStream(board(), HEADSET).sample_rate == 44_100  # the input's
    assert nb.LiveStream(board(), sample_rate=44_100).sample_rate == 44_100
    with pytest.raises(DeviceError, match=r"can't both run at 96000 Hz \(Invalid sample rate\)"):
        nb.LiveStream(board(), sample_rate=96_000)


def test_without_portaudio_the_line_that_installs_it_is_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = builtins.__import__

    def refuse(name: str, *arguments: Any, **words: Any) -> Any:
        if name == "sounddevice":
            raise OSError("PortAudio library not found")
        return real(name, *arguments, **words)

    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(builtins, "__import__", refuse)
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(
        DeviceError, match=r"PortAudio .*not found\): sudo apt install libportaudio2"
    ):
        nb.live(board())
