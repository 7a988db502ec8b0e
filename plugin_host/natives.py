# SPDX-License-Identifier: GPL-3.0-or-later
"""What the host knows about pedalboard's own effects: their properties, checks, copies.

Each class belongs to one recipe, found by measurement (pedalboard 0.9.26):

======= ===================================================================================
direct  any blocks after priming: exact, no added latency
chunk   exactly 512 samples per call behind a FIFO: exact for anything, 511 samples latency
own     ours do it: filters, Gain, Invert, Convolution; Mix, Chain, Pedalboard
whole   needs the whole recording at once (PitchShift, GSMFullRateCompressor): one-shot only
======= ===================================================================================

A voice never runs a user's instance but a clone of it, so one instance may sit on many boards and
run in many threads at once. Only VST3 and Audio Unit plug-ins can't be cloned: they are leased.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any

import numpy as np
import pedalboard

from neuralboard import responses
from neuralboard.errors import (
    AudioError,
    BoardError,
    BoxError,
    ParameterError,
)

__all__ = [
    "FILTER_KINDS",
    "TESTED_VERSIONS",
    "changes_latency",
    "check_nesting",
    "check_values",
    "clone",
    "is_native",
    "native_class",
    "neighbours",
    "property_names",
    "read_values",
    "recipe",
    "set_as_read",
    "waits_for_next_stream",
]

TESTED_VERSIONS = frozenset({"0.9.26"})
"""Versions whose classes follow the table; in others each class is tried at first use."""

_DIRECT = {
    "Bitcrush", "BrickwallLimiter", "Chorus", "Clipping", "Compressor", "Delay", "Distortion",
    "LadderFilter", "Limiter", "NoiseGate", "Phaser", "Reverb",
}  # fmt: skip
_OWN = {
    "Gain", "HighpassFilter", "LowpassFilter", "HighShelfFilter", "LowShelfFilter", "PeakFilter",
    "Convolution", "Invert", "Mix", "Chain", "Pedalboard",
}  # fmt: skip
_WHOLE = {"PitchShift", "GSMFullRateCompressor"}

# A change of these changes the number of samples withheld: they wait for the next stream.
_LATENCY_PROPERTIES = {
    "BrickwallLimiter": ("lookahead_ms", "true_peak"),
    "Resample": ("target_sample_rate", "quality"),
    "MP3Compressor": ("vbr_quality",),  # a new encoder begins and owes its delay once more
}

# What pedalboard takes without a word and then never returns from, or answers with noise: measured.
_BOUNDS = {
    ("Phaser", "rate_hz"): (0.0, 100.0),  # JUCE's own; 1e30 is an endless loop
    ("Resample", "target_sample_rate"): (100.0, 768_000.0),  # 1e-30 and 1e9 are minutes and more
    ("HighShelfFilter", "q"): (1e-3, 1e3),
    ("LowShelfFilter", "q"): (1e-3, 1e3),
    ("PeakFilter", "q"): (1e-3, 1e3),
}

FILTER_KINDS = {
    "HighpassFilter": "highpass1",
    "LowpassFilter": "lowpass1",
    "HighShelfFilter": "highshelf",
    "LowShelfFilter": "lowshelf",
    "PeakFilter": "peak",
}
"""pedalboard's IIR filters → the kind of our own biquad."""


def is_native(thing: Any) -> bool:
    """Return True for pedalboard's effects and for plug-ins that it hosts."""
    return isinstance(thing, pedalboard.Plugin)


def is_hosted(thing: Any) -> bool:
    """Return True for a VST3 or Audio Unit plug-in, which can't be cloned."""
    return isinstance(thing, pedalboard.ExternalPlugin)


def native_class(native: Any) -> type:
    """Return pedalboard's class of an instance (of a Python subclass: the native one below)."""
    for cls in type(native).__mro__:
        if cls.__module__.startswith("pedalboard"):
            return cls
    raise BoxError(f"{native!r} is no effect of pedalboard; put a box, board or plugin here")


def recipe(native: Any) -> str:
    """Return "direct", "chunk", "own" or "whole" for an instance."""
    name = native_class(native).__name__
    if name in _OWN:
        return "own"
    if name in _WHOLE:
        return "whole"
    if name in _DIRECT and not is_hosted(native) and _streams_directly(native):
        return "direct"
    return "chunk"


_tried: dict[str, bool] = {}


def _streams_directly(native: Any) -> bool:
    """Return whether priming works for this class: known for tested versions, else tried once.

    Priming rests on unwritten behaviour (a container's reset keeps the block size of its
    children), which another release of pedalboard may change.
    """
    if pedalboard.version.__version__ in TESTED_VERSIONS:
        return True
    name = native_class(native).__name__
    if name not in _tried:
        from neuralboard.native_voices import priming_works

        _tried[name] = priming_works(native)
    return _tried[name]


_names: dict[type, tuple[str, ...]] = {}
_getters: dict[type, Callable[[Any], Any]] = {}


def property_names(native: Any) -> tuple[str, ...]:
    """Return the names of the settable properties, in pedalboard's order."""
    cls = native_class(native)
    if cls not in _names:
        found: dict[str, None] = {}
        for base in reversed(cls.__mro__):
            for name, value in vars(base).items():
                if isinstance(value, property) and value.fset is not None:
                    found[name] = None
        _names[cls] = tuple(found)
    return _names[cls]


def read_values(native: Any) -> tuple[Any, ...]:
    """Return the values of all settable properties, as a tuple that compares cheaply."""
    return value_reader(native)(native)


def value_reader(native: Any) -> Callable[[Any], tuple[Any, ...]]:
    """Return the function that reads all settable properties of an instance of this class."""
    cls = native_class(native)
    if cls not in _getters:
        names = property_names(native)
        if not names:
            _getters[cls] = _nothing
        elif len(names) == 1:
            read = attrgetter(names[0])
            _getters[cls] = lambda native: (read(native),)
        else:
            _getters[cls] = attrgetter(*names)
    return _getters[cls]


def _nothing(native: Any) -> tuple[Any, ...]:
    return ()


def clone(native: Any, values: tuple[Any, ...] | None = None) -> Any:
    """Return a new instance with the same properties (an impulse response is shared).

    Parameters
    ----------
    native
        Any of pedalboard's effects; not a container, not a hosted plug-in.
    values : tuple, optional
        Of `read_values`, where they were read already.
    """
    cls = native_class(native)
    copy = cls(*responses.source_of(native) if cls.__name__ == "Convolution" else ())
    for name, value in zip(property_names(native), values or read_values(native), strict=True):
        set_as_read(copy, name, value)
    return copy


def set_as_read(native: Any, name: str, value: Any) -> None:
    """Set a property so that it reads as `value`, which was read from another instance.

    pedalboard keeps a filter's `gain_db` as a factor: what it then reads is not always what was
    set, but up to three steps of float32 beside it. Some number near by was set and read as
    `value`; the nearest such is set here.
    """
    setattr(native, name, value)
    if not isinstance(value, float) or getattr(native, name) == value:
        return
    if not abs(value) < 1e30 or np.float32(value) != value:
        return  # nobody has read it: no float32 of sense
    for near in neighbours(value):
        setattr(native, name, near)
        if getattr(native, name) == value:
            return
    setattr(native, name, value)


def neighbours(value: float) -> Iterator[float]:
    """Yield the numbers of float32 around one, the nearest first."""
    below = above = np.float32(value)
    for _ in range(4):
        below = np.nextafter(below, np.float32(-np.inf))
        above = np.nextafter(above, np.float32(np.inf))
        yield from (float(below), float(above))


_DEEPEST = 100


def check_nesting(item: Any, depth: int = 0) -> None:
    """Raise `BoardError` for a native container in itself: pedalboard dies of one (SIGSEGV)."""
    if not isinstance(item, pedalboard.PluginContainer):
        return
    if depth > _DEEPEST:
        raise BoardError(
            f"a {native_class(item).__name__} of pedalboard's holds itself, or is nested more than"
            f" {_DEEPEST} deep; put a copy in, or flatten it"
        )
    for child in item:
        check_nesting(child, depth + 1)


def check_values(native: Any, values: tuple[Any, ...], sample_rate: int) -> None:
    """Raise `ParameterError` for property values that would break the sound or the process."""
    if is_hosted(native):  # a plug-in checks its own
        return
    cls = native_class(native).__name__
    for name, value in zip(property_names(native), values, strict=True):
        if not isinstance(value, float):
            continue
        silence = cls == "Gain" and value == -math.inf
        if not math.isfinite(value) and not silence:
            raise ParameterError(f"{cls}.{name} = {value}: not finite; set a number")
        if name == "cutoff_frequency_hz" and not 0.0 < value < sample_rate / 2:
            raise ParameterError(
                f"{cls}.{name} = {value:g} Hz: outside 0 to {sample_rate / 2:g} Hz, half of the"
                " sample rate; set a value between"
            )
        low, high = _BOUNDS.get((cls, name), (-math.inf, math.inf))
        if not low <= value <= high:
            raise ParameterError(
                f"{cls}.{name} = {value:g}: outside {low:g} to {high:g}; set a value between"
            )
        if name == "cutoff_hz" and not value > 0.0:
            raise ParameterError(f"{cls}.{name} = {value:g} Hz: not above 0; set a frequency")
        if cls == "NoiseGate" and name == "ratio" and not value >= 1.0:
            raise ParameterError(f"{cls}.{name} = {value:g}: below 1; set 1 or more")


def check_format(native: Any, sample_rate: int, channels: int) -> None:
    """Raise `AudioError` where an effect can't do this channel count."""
    name = native_class(native).__name__
    if name in ("Convolution", "MP3Compressor", "Reverb") and channels > 2:
        raise AudioError(
            f"{name} does 1 or 2 channels, not {channels}; process pairs of channels by themselves"
        )


def changes_latency(native: Any, old: tuple[Any, ...], new: tuple[Any, ...]) -> bool:
    """Return True where two sets of values differ in a property that sets the latency."""
    fixed = _LATENCY_PROPERTIES.get(native_class(native).__name__, ())
    names = property_names(native)
    return any(a != b for name, a, b in zip(names, old, new, strict=True) if name in fixed)


def waits_for_next_stream(native: Any, name: str) -> bool:
    """Return True for a property that sets the latency: a running stream can't take it over."""
    return name in _LATENCY_PROPERTIES.get(native_class(native).__name__, ())
