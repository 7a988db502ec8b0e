# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be said about a box: parameters, units, ranges, defaults, latency, cautions."""

from __future__ import annotations

import inspect
import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from neuralboard.errors import NeuralboardError
from neuralboard.native_facts import CAUTIONS, RANGES, SUMMARIES, unit_of
from neuralboard.natives import property_names
from neuralboard.parameter import Configurable, Descriptor, Parameter

__all__ = ["RATE", "BoxFacts", "ParameterFacts", "describe"]

RATE = 48_000
"""Latencies are told at this rate, Hz."""


@dataclass(frozen=True)
class ParameterFacts:
    """One parameter, in words and numbers. `minimum` and `maximum` are None where there is none."""

    name: str
    default: Any
    unit: str
    range: str
    minimum: float | None = None
    maximum: float | None = None
    doc: str = ""


@dataclass(frozen=True)
class BoxFacts:
    """One box.

    Attributes
    ----------
    name : str
        As written in a chain.
    origin : str
        The package that brings it.
    latency : int or None
        Samples at 48 kHz, stereo; None where there is no telling without more settings.
    """

    name: str
    class_name: str
    origin: str
    summary: str
    parameters: tuple[ParameterFacts, ...]
    latency: int | None
    streamable: bool
    cautions: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the facts as JSON can hold them."""
        facts = asdict(self)
        for parameter in facts["parameters"]:
            default = parameter["default"]
            plain = default is None or isinstance(default, (bool, int, str))
            finite = isinstance(default, float) and math.isfinite(default)
            parameter["default"] = default if plain or finite else str(default)
        return facts


def describe(name: str, cls: type, origin: str) -> BoxFacts:
    """Return the facts about a box class, ours or pedalboard's."""
    example = _example(cls)
    native = cls.__name__ if cls.__module__.startswith("pedalboard") else ""
    latency, streamable = _latency(example)
    parameters = _native_parameters(example, native) if native else _parameters(cls)
    cautions = CAUTIONS.get(native, ()) or tuple(getattr(cls, "cautions", ()))
    return BoxFacts(
        name=name,
        class_name=cls.__name__,
        origin=origin,
        summary=SUMMARIES.get(native, "") or first_line(cls),
        parameters=parameters,
        latency=latency,
        streamable=streamable,
        cautions=cautions,
    )


def first_line(cls: type) -> str:
    """Return the first line of a class's own docstring."""
    text = inspect.cleandoc(cls.__doc__ or "")
    return text.splitlines()[0].strip() if text else ""


def _example(cls: type) -> Any:
    """Return an instance with all defaults, or None where something must be given."""
    try:
        if cls.__module__.startswith("pedalboard") and cls.__name__ == "Convolution":
            return cls(np.ones((1, 1), np.float32), 1.0, RATE)  # it needs a response: the shortest
        return cls()
    except (TypeError, ValueError, OSError):
        return None


def _latency(example: Any) -> tuple[int | None, bool]:
    from neuralboard.board import Board

    if example is None:
        return None, True
    try:
        board = Board([example])
        if not board.streamable:
            return None, False
        return int(board.latency(RATE, 2)), True
    except (NeuralboardError, ValueError, RuntimeError):
        return None, True  # a box that wants one channel, or a model that is not there


def _parameters(cls: type) -> tuple[ParameterFacts, ...]:
    if not issubclass(cls, Configurable):
        return ()
    return tuple(_of_descriptor(d) for d in cls._descriptors.values())


def _of_descriptor(descriptor: Descriptor) -> ParameterFacts:
    limits: dict[str, float | None] = {}
    words = descriptor.describe_range()
    if isinstance(descriptor, Parameter):
        low, high = descriptor.minimum, descriptor.maximum
        limits = {
            "minimum": low if math.isfinite(low) else None,
            "maximum": high if math.isfinite(high) else None,
        }
        words = words.removesuffix(f" {descriptor.unit}")
    return ParameterFacts(
        descriptor.name, descriptor.default, descriptor.unit, words, doc=descriptor.doc, **limits
    )


def _native_parameters(example: Any, native: str) -> tuple[ParameterFacts, ...]:
    ranges = RANGES.get(native, {})
    if example is None:
        return tuple(ParameterFacts(n, None, unit_of(n), words) for n, words in ranges.items())
    return tuple(
        ParameterFacts(n, _plain(getattr(example, n)), unit_of(n), ranges.get(n, "any"))
        for n in property_names(example)
    )


def _plain(value: Any) -> Any:
    """Return a native's value as a user would write it: 0.707107, without float32's tail."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    return getattr(value, "name", value)  # an enumeration's word
