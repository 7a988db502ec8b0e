# SPDX-License-Identifier: GPL-3.0-or-later
"""The sound devices of this machine, found by number or by a part of their name.

sounddevice (PortAudio) is imported here and nowhere else. PortAudio counts devices once, when it
is loaded: what is plugged in later is seen by the next program.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from types import ModuleType
from typing import Literal

from neuralboard.errors import NeuralboardError, did_you_mean

__all__ = ["Device", "DeviceError", "Direction", "devices", "find_device", "sound_library"]

Direction = Literal["input", "output"]

_PORTAUDIO = {
    "linux": "sudo apt install libportaudio2 (Debian, Ubuntu), or your system's package of it",
    "darwin": "brew install portaudio",
}


class DeviceError(NeuralboardError, OSError):
    """A sound device that is not there, does not fit, or stopped; or no library to reach one."""


@dataclass(frozen=True)
class Device:
    """A sound device as PortAudio tells it.

    Attributes
    ----------
    index : int
        What chooses it for sure, until devices come or go.
    name, system : str
        Its own name, and the sound system that offers it (ALSA, Core Audio, WASAPI ...): one
        device may be offered by several.
    inputs, outputs : int
        Channels.
    sample_rate : int
        Its default, in Hz.
    is_default_input, is_default_output : bool
        Whether it is taken where none is named.
    """

    index: int
    name: str
    system: str
    inputs: int
    outputs: int
    sample_rate: int
    is_default_input: bool = False
    is_default_output: bool = False

    def channels(self, direction: Direction) -> int:
        """Return how many channels it has in this direction."""
        return self.inputs if direction == "input" else self.outputs

    def is_default(self, direction: Direction) -> bool:
        """Return whether it is the system's choice in this direction."""
        return self.is_default_input if direction == "input" else self.is_default_output


def sound_library() -> ModuleType:
    """Import sounddevice.

    Raises
    ------
    DeviceError
        Where it, or the PortAudio library under it, is missing: with the line that installs it.
    """
    try:
        import sounddevice
    except ModuleNotFoundError as error:
        raise DeviceError(
            f'live sound needs {error.name}: pip install "neuralboard[live]"'
        ) from None
    except OSError as error:  # its wheels for Linux hold no PortAudio
        cure = _PORTAUDIO.get(sys.platform, 'pip install --force-reinstall "neuralboard[live]"')
        raise DeviceError(f"live sound needs PortAudio ({error}): {cure}") from None
    return sounddevice


def devices() -> list[Device]:
    """Return all sound devices, in PortAudio's order; an empty list where there is none."""
    library = sound_library()
    defaults = tuple(library.default.device)
    return [
        Device(
            index=index,
            name=" ".join(str(facts["name"]).split()),  # some hold line breaks
            system=str(library.query_hostapis(facts["hostapi"])["name"]),
            inputs=int(facts["max_input_channels"]),
            outputs=int(facts["max_output_channels"]),
            sample_rate=round(facts["default_samplerate"]),
            is_default_input=defaults[0] == index,
            is_default_output=defaults[1] == index,
        )
        for index, facts in enumerate(library.query_devices())
    ]


def find_device(wanted: int | str | None, direction: Direction) -> Device:
    """Return the device that is meant.

    Parameters
    ----------
    wanted : int, str or None
        Its index; a part of its name, or parts of its name and system with a comma between, in
        upper or lower case; None for the system's default. What fits several is settled by being
        one's whole name, else by one of them being the default.
    direction : "input" or "output"
        What it must be able to do.

    Raises
    ------
    DeviceError
        Where none fits or several do.
    """
    every = devices()
    able = [device for device in every if device.channels(direction) > 0]
    if not able:
        raise DeviceError(
            f"this machine has no sound {direction} that PortAudio sees; connect one, or let this"
            " user reach it (in a container there is none)"
        )
    if wanted is None:
        for device in able:
            if device.is_default(direction):
                return device
        raise DeviceError(f"the system has no default {direction}; name one of {_list(able)}")
    if isinstance(wanted, int) or wanted.strip().isdecimal():
        return _by_index(int(wanted), every, able, direction)
    return _by_name(wanted, able, direction)


def _by_index(index: int, every: list[Device], able: list[Device], direction: Direction) -> Device:
    for device in able:
        if device.index == index:
            return device
    there = [device.name for device in every if device.index == index]
    why = f"is {there[0]}, which has no {direction}" if there else "does not exist"
    raise DeviceError(f"{direction} device {index} {why}; there are {_list(able)}")


def _by_name(wanted: str, able: list[Device], direction: Direction) -> Device:
    text = wanted.strip().lower()
    parts = [part.strip() for part in text.split(",")]
    full = [f"{device.name}, {device.system}".lower() for device in able]
    fitting = [d for d, name in zip(able, full, strict=True) if all(p in name for p in parts)]
    whole = [device for device in fitting if device.name.lower() == text]
    for chosen in (fitting, whole, [d for d in fitting if d.is_default(direction)]):
        if len(chosen) == 1 and text:
            return chosen[0]
    if fitting and text:
        raise DeviceError(
            f"{direction} device '{wanted}' may be {_list(fitting)}; say more of its name, or its"
            " number"
        )
    # A word of a name would have done, so it is offered too; case does not matter.
    names = [device.name.lower() for device in able]
    near = did_you_mean(text, [*names, *(word for name in names for word in name.split())])
    raise DeviceError(f"there is no {direction} device '{wanted}'{near}; there are {_list(able)}")


def _list(some: list[Device]) -> str:
    return ", ".join(f"{device.index} {device.name} ({device.system})" for device in some)
