# SPDX-License-Identifier: GPL-3.0-or-later
"""The channel strips of a mixer: tracks, buses and the master, with their settings checked.

sound → offset, polarity → chain ─┬→ key of side chains
                                  └→ pan ─┬→ sends that are "pre"
                                          └→ fader, mute ─┬→ sends
                                                          └→ output: a bus, or the master
"""

from __future__ import annotations

import numbers
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from neuralboard import natives
from neuralboard.automated import read_automation
from neuralboard.automation import Curve
from neuralboard.board import Board
from neuralboard.boxlist import BoxList
from neuralboard.errors import NeuralboardError, ParameterError, did_you_mean
from neuralboard.parameter import Configurable, Parameter, Setting, Switch
from neuralboard.processor import Processor

__all__ = [
    "LONGEST_NAME", "MASTER", "RESERVED_NAMES", "Bus", "Master", "Send", "Strip", "Track",
    "read_chain",
]  # fmt: skip

MASTER = "master"
RESERVED_NAMES = ("mix", "premaster", MASTER)
"""What a mix writes beside the stems; no track or bus is called so."""
LONGEST_NAME = 80


@dataclass(frozen=True)
class Send:
    """A part of a sound that goes to a bus as well.

    Attributes
    ----------
    db : float
        Level, dB.
    pre : bool
        Taken before the fader; else after it.
    """

    db: float = 0.0
    pre: bool = False


_LEVEL = Parameter(0.0, maximum=60.0, unit="dB")
_LEVEL.name = "db"


def read_chain(value: Any, folder: Any = None) -> Board:
    """Return a Board of chain text, a list of texts or boxes, a board or a single box."""
    if value is None:
        return Board([])
    if isinstance(value, Board):
        return value
    if isinstance(value, str) or (
        isinstance(value, Sequence)
        and not isinstance(value, BoxList)
        and value
        and all(isinstance(part, str) for part in value)
    ):
        from neuralboard.chain import parse_chain

        texts = [value] if isinstance(value, str) else value
        return Board([item for text in texts for item in parse_chain(text, folder)])
    if isinstance(value, Processor) or natives.is_native(value):
        return Board([value])
    if isinstance(value, Sequence):
        return Board(value)
    raise ValueError("neither chain text nor a board")


def _read_sends(value: Any) -> dict[str, Send]:
    if not isinstance(value, Mapping):
        raise ValueError("no mapping of bus to dB")
    return {str(bus): _read_send(str(bus), level) for bus, level in value.items()}


def _read_send(bus: str, level: Any) -> Send:
    if isinstance(level, Send):
        level = {"db": level.db, "pre": level.pre}
    if isinstance(level, numbers.Real):
        level = {"db": level}
    if not isinstance(level, Mapping):
        raise ValueError(f"'{bus}' is no level; write {bus} = -18.0 or {{db = -18, pre = true}}")
    for key in level:
        if key not in ("db", "pre"):
            raise ValueError(f"'{bus}' has an unknown '{key}'{did_you_mean(key, ('db', 'pre'))}")
    pre = level.get("pre", False)
    if not isinstance(pre, bool):
        raise ValueError(f"'{bus}' has pre = {pre!r}, neither true nor false")
    return Send(_LEVEL.check(level.get("db", 0.0), f"the send to '{bus}':"), pre)


def _read_name(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or value != value.strip():
        raise ValueError("a name is a word")
    if any(c in value for c in "/\\:") or value in (".", "..") or len(value) > LONGEST_NAME:
        raise ValueError(
            f"it becomes a file's name: no slashes or colons, at most {LONGEST_NAME} letters"
        )
    if any(unicodedata.category(c) in ("Cc", "Cs") for c in value):
        raise ValueError("it becomes a file's name: no control characters")
    return value


def _read_own_name(value: Any) -> str:
    name = _read_name(value)
    if name.casefold() in RESERVED_NAMES:
        raise ValueError(f"the mix has {', '.join(RESERVED_NAMES)} already; choose another name")
    return name


class Strip(Configurable):
    """What all strips have: a name, a chain, a fader and automation."""

    _shared_names = ()

    name = Setting(None, check=_read_name, expects="a word", doc="what others call it")
    chain = Setting(None, check=read_chain, expects="chain text or a board", doc="its boxes")
    gain_db = Parameter(0.0, maximum=60.0, unit="dB", doc="the fader; -inf is silence")
    automation = Setting(
        None, expects="{'box.parameter': [[seconds, value], ...]}", doc="values that move with time"
    )

    own_automation: tuple[str, ...] = ("gain_db",)
    """Knobs of the strip itself that automation may turn."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.name is None:
            raise ParameterError(f"{type(self).__name__} has no name; give it one")
        if self.chain is None:
            self.chain = Board([])

    def curves(self) -> tuple[dict[str, Curve], dict[str, Curve]]:
        """Return the curves of the strip's own knobs and of its boxes, checked.

        Raises
        ------
        ParameterError
        """
        found = {address: self._curve(address, points) for address, points in self._automated()}
        own = {address: found[address] for address in self.own_automation if address in found}
        return own, {address: curve for address, curve in found.items() if address not in own}

    def automation_problems(self) -> list[str]:
        """Return what is wrong with the automation, address by address."""
        problems = []
        try:
            for address, points in self._automated():
                try:
                    self._curve(address, points)
                except NeuralboardError as error:
                    problems.append(str(error))
        except ParameterError as error:
            problems.append(str(error))
        return problems

    def _automated(self) -> list[tuple[str, Any]]:
        automation = self.automation or {}
        if not isinstance(automation, Mapping):
            raise ParameterError(
                f"automation is {type(automation).__name__}; write {{'gain_db': [[seconds,"
                " value], ...]}"
            )
        return [(str(address), points) for address, points in automation.items()]

    def _curve(self, address: str, points: Any) -> Curve:
        if "." in address:
            return read_automation(self.chain, {address: points})[address]
        return self._own_curve(address, points)

    def _own_curve(self, address: str, points: Any) -> Curve:
        if address not in self.own_automation:
            words = ", ".join([*self.own_automation, "box.parameter"])
            raise ParameterError(
                f"automation of '{address}'{did_you_mean(address, self.own_automation)}: there are"
                f" {words}"
            )
        curve = Curve(points, f"automation of '{address}'", decibels=address == "gain_db")
        for number, value in enumerate(curve.values, 1):
            try:
                type(self)._descriptors[address].check(value, "value")
            except ParameterError as error:
                text = str(error).removeprefix("value.")
                raise ParameterError(f"{curve.title}, point {number}: {text}") from None
        return curve


class Master(Strip):
    """The last strip: every path ends here. Its gain is before nothing but the loudness gain."""

    name = Setting(MASTER, check=_read_name, expects="a word")


class _Routed(Strip):
    """A strip that stands between others."""

    name = Setting(None, check=_read_own_name, expects="a word", doc="what others call it")
    pan = Parameter(0.0, -1.0, 1.0, doc="-1 left, 0 centre, 1 right")
    mute = Switch(False, doc="silence its output and its sends; side chains still hear it")
    solo = Switch(False, doc="hear only what is soloed")
    invert = Switch(False, doc="turn the polarity")
    output = Setting(MASTER, check=_read_name, expects="a bus or 'master'", doc="where it goes")
    sends = Setting(
        None, check=_read_sends, expects="{bus: dB}", doc="parts that go to other buses as well"
    )
    own_automation = ("gain_db", "pan")

    def all_sends(self) -> dict[str, Send]:
        """Return bus → Send."""
        return dict(self.sends or {})


class Bus(_Routed):
    """What several strips go to: a group, or the return of an effect. Always stereo."""


def _read_channels(value: Any) -> int:
    if isinstance(value, bool) or value not in (1, 2):
        raise ValueError("a track is mono or stereo")
    return int(value)


class Track(_Routed):
    """One sound: a file, or an array.

    Parameters
    ----------
    name : str
    source : path or ndarray
        An audio file, or float32 `[channels, samples]` at `sample_rate`.
    """

    source = Setting(None, expects="a file or an array", doc="the sound")
    sample_rate = Setting(None, expects="Hz", doc="of an array; the mixer's where not given")
    offset = Parameter(
        0.0, -86_400.0, 86_400.0, unit="s", doc="begin later; below 0: skip that much of the sound"
    )
    channels = Setting(
        None, check=_read_channels, expects="1 or 2", doc="2 widens a mono sound before its chain"
    )
