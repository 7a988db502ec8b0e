# SPDX-License-Identifier: GPL-3.0-or-later
"""A sounddevice without sound: the names that live sound uses, blocks given in at once.

`start()` runs the callback over the whole recording before it returns, so that nothing waits and
nothing depends on time. What PortAudio's callbacks get is what these get: C-ordered float32
[frames, channels], and status flags.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from neuralboard.audio import Audio

BLOCK, BLOCKS = 128, 40
MIC, SPEAKERS, HEADSET, CARD = range(4)


class PortAudioError(Exception):
    """As sounddevice's."""


class CallbackAbort(Exception):
    """As sounddevice's."""


class CallbackStop(Exception):
    """As sounddevice's."""


class Flags(SimpleNamespace):
    """As sounddevice.CallbackFlags: true where any flag is set."""

    priming_output = False

    def __bool__(self) -> bool:
        return any(vars(self).values())


def device(name: str, inputs: int, outputs: int, rate: float = 48_000.0) -> dict[str, Any]:
    return {
        "name": name, "hostapi": 0, "max_input_channels": inputs,
        "max_output_channels": outputs, "default_samplerate": rate,
    }  # fmt: skip


class FakeSound(ModuleType):
    """Put into sys.modules as `sounddevice`.

    Attributes
    ----------
    heard : ndarray `[samples, channels]`
        What the microphone gives.
    played : list of ndarray
        What the loudspeaker got, a block each.
    flags : dict of int to Flags
        Status of the block of this number.
    rates : set of int
        What all devices can do.
    at_the_end : callable
        Called when the recording is over (Ctrl-C, a device pulled out).
    log : list of str
        What was done to the device.
    """

    def __init__(self) -> None:
        super().__init__("sounddevice")
        self.PortAudioError = PortAudioError
        self.CallbackAbort, self.CallbackStop = CallbackAbort, CallbackStop
        self.Stream = self._stream
        self.table = [
            device("Built-in Microphone", 1, 0),
            device("Built-in Output", 0, 2),
            device("USB Headset", 1, 2, 44_100.0),
            device("Scarlett 2i2", 2, 2),
        ]
        self.default = SimpleNamespace(device=[MIC, SPEAKERS])
        self.rates = {44_100, 48_000}
        self.heard = np.zeros((0, 1), np.float32)
        self.played: list[Audio] = []
        self.flags: dict[int, Flags] = {}
        self.settings: dict[str, Any] = {}
        self.log: list[str] = []
        self.at_start: Callable[[], None] = lambda: None
        self.at_the_end: Callable[[], None] = lambda: None

    def query_devices(self) -> list[dict[str, Any]]:
        return self.table

    def query_hostapis(self, index: int) -> dict[str, Any]:
        return {"name": ["Fake Audio"][index]}

    def check_input_settings(
        self, *, device: int, channels: int, dtype: str, samplerate: int
    ) -> None:
        self._check(self.table[device]["max_input_channels"], channels, dtype, samplerate)

    def check_output_settings(
        self, *, device: int, channels: int, dtype: str, samplerate: int
    ) -> None:
        self._check(self.table[device]["max_output_channels"], channels, dtype, samplerate)

    def _check(self, most: int, channels: int, dtype: str, rate: int) -> None:
        assert dtype == "float32"
        if not 1 <= channels <= most:
            raise PortAudioError("Invalid number of channels")
        if rate not in self.rates:
            raise PortAudioError("Invalid sample rate")

    def _stream(self, **settings: Any) -> FakeStream:
        self.settings = settings
        return FakeStream(self, settings)


class FakeStream:
    """A duplex stream that is over when it has started."""

    latency = (0.003, 0.005)

    def __init__(self, sound: FakeSound, settings: dict[str, Any]) -> None:
        self.sound, self.settings = sound, settings
        sound.log.append("open")

    def start(self) -> None:
        self.sound.log.append("start")
        self.sound.at_start()
        size, (inputs, outputs) = self.settings["blocksize"], self.settings["channels"]
        heard = np.ascontiguousarray(self.sound.heard[:, :inputs])
        assert heard.shape[0] % size == 0
        for number in range(heard.shape[0] // size):
            played = np.full((size, outputs), np.nan, np.float32)  # whoever forgets, is heard
            status = self.sound.flags.get(number, Flags())
            block = heard[number * size : (number + 1) * size].copy()
            try:
                self.settings["callback"](block, played, size, None, status)
            except CallbackAbort:
                self.settings["finished_callback"]()
                return
            except CallbackStop:
                self.sound.played.append(played)
                self.settings["finished_callback"]()
                return
            self.sound.played.append(played)
        self.sound.at_the_end()

    def close(self) -> None:
        self.sound.log.append("close")


def plug_in(monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator) -> FakeSound:
    """Let sounddevice be a fake whose microphone hears noise until Ctrl-C."""
    fake = FakeSound()
    fake.heard = 0.1 * rng.standard_normal((BLOCKS * BLOCK, 2), dtype=np.float32)
    fake.at_the_end = lambda: signal.raise_signal(signal.SIGINT)
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    return fake
