# SPDX-License-Identifier: GPL-3.0-or-later
"""Every box by its name in chain text: ours, pedalboard's, and those of other packages.

Ours stand in one table of strings in `neuralboard.effects`; others register classes by the
entry-point group `neuralboard.boxes`; pedalboard's are its classes in snake case.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from typing import Any

import pedalboard

from neuralboard.errors import BoxError, ChainError, did_you_mean
from neuralboard.processor import Processor

__all__ = ["find", "name_of", "names", "origin"]

_NATIVES = (
    "Bitcrush BrickwallLimiter Chorus Clipping Compressor Convolution Delay Distortion"
    " GSMFullRateCompressor Gain HighShelfFilter HighpassFilter Invert LadderFilter Limiter"
    " LowShelfFilter LowpassFilter MP3Compressor NoiseGate PeakFilter Phaser PitchShift Resample"
    " Reverb"
)


def snake_case(name: str) -> str:
    """Return "mp3_compressor" for "MP3Compressor"."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


@cache
def _table() -> dict[str, tuple[str, Any]]:
    """Return name → (package, class or "module:Class")."""
    from importlib.metadata import entry_points  # a third of our import: wanted by names only

    found: dict[str, tuple[str, Any]] = {
        name: ("neuralboard", where)
        for name, where in import_module("neuralboard.effects").BOXES.items()
    }
    for class_name in _NATIVES.split():
        cls = getattr(pedalboard, class_name, None)
        if cls is not None:
            found[snake_case(class_name)] = ("pedalboard", cls)
    for point in entry_points(group="neuralboard.boxes"):
        package = point.dist.name if point.dist is not None else point.value.partition(".")[0]
        if point.name in found:
            raise BoxError(
                f"the box name '{point.name}' is taken twice, by {found[point.name][0]} and by"
                f" {package}; uninstall one of them"
            )
        found[point.name] = (package, point)
    return found


def names() -> list[str]:
    """Return all names, sorted."""
    return sorted(_table())


def origin(name: str) -> str:
    """Return the package that a box comes from."""
    return _entry(name)[0]


def find(name: str) -> type:
    """Return the class behind a name; `ChainError` with a did-you-mean for an unknown one."""
    where = _entry(name)[1]
    if isinstance(where, type):
        return where
    if isinstance(where, str):
        module, _, attribute = where.partition(":")
        found: Any = getattr(import_module(module), attribute)
    else:
        try:
            found = where.load()
        except Exception as error:  # whatever its module does when it is imported
            raise BoxError(
                f"the box '{name}' of {_entry(name)[0]} can't be loaded"
                f" ({type(error).__name__}: {' '.join(str(error).split())}); mend or uninstall it"
            ) from None
    if not (isinstance(found, type) and issubclass(found, Processor)):
        raise BoxError(
            f"'{name}' of {_entry(name)[0]} is {found!r}, no box; its entry point must name a"
            " subclass of nb.Effect or nb.SpectralEffect"
        )
    return found


def name_of(cls: type) -> str | None:
    """Return the name under which a class is registered, or None."""
    wanted = f"{cls.__module__}:{cls.__qualname__}"
    for name, (_, where) in _table().items():
        # An entry point can't be compared with text: its value can.
        if where is cls or getattr(where, "value", where) == wanted:
            return name
    return None


def _entry(name: str) -> tuple[str, Any]:
    table = _table()
    if name not in table:
        raise ChainError(
            f"there is no box '{name}'{did_you_mean(name, table)}; neuralboard boxes lists them"
        )
    return table[name]
