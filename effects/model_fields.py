# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of single fields of a model card: each error names the field, the value and the cure."""

from __future__ import annotations

import math
import numbers
from collections.abc import Sequence
from typing import Any, NoReturn

from neuralboard.errors import ModelFileError, did_you_mean

__all__ = ["integer", "names", "number", "one_of", "refuse", "text"]

_LONGEST_TEXT = 2_000


def refuse(field: str, value: object, reason: str, cure: str) -> NoReturn:
    """Raise the one error that a wrong card ends in."""
    shown = repr(value)
    shown = shown if len(shown) <= 80 else shown[:77] + "..."
    raise ModelFileError(f"model card: {field} is {shown}: {reason}; {cure}")


def text(field: str, value: Any, *, empty: bool = False) -> str:
    """Return a text of one line."""
    if not isinstance(value, str):
        refuse(field, value, "not a text", "give a text of one line")
    if not value.strip() and not empty:
        refuse(field, value, "empty", "give a text")
    if len(value) > _LONGEST_TEXT or not value.isprintable():
        refuse(field, value, "not a printable line", f"give at most {_LONGEST_TEXT} characters")
    return value


def integer(field: str, value: Any, least: int, most: int) -> int:
    """Return a whole number in a range."""
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not whole or not least <= value <= most:
        reason = "out of range" if whole else "not a whole number"
        refuse(field, value, reason, f"give one from {least} to {most}")
    return int(value)


def number(field: str, value: Any) -> float:
    """Return a finite number."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        refuse(field, value, "not a number", "give a finite number")
    try:
        result = float(value)
    except OverflowError:
        result = math.inf
    if not math.isfinite(result):
        refuse(field, value, "not finite", "give a finite number")
    return result


def one_of(field: str, value: Any, options: Sequence[str]) -> str:
    """Return one of some words."""
    if value not in options:
        hint = did_you_mean(value, options) if isinstance(value, str) else ""
        refuse(field, value, f"unknown{hint}", f"use one of {', '.join(options)}")
    return str(value)


def names(field: str, values: Any, most: int) -> tuple[str, ...]:
    """Return a tuple of distinct texts."""
    if isinstance(values, str) or not isinstance(values, Sequence):
        refuse(field, values, "not a list", "give a list of names")
    if len(values) > most:
        refuse(field, len(values), "too many names", f"give at most {most}")
    result = tuple(text(f"{field}[{index}]", value) for index, value in enumerate(values))
    seen: set[str] = set()
    for index, name in enumerate(result):
        if name in seen:
            refuse(f"{field}[{index}]", name, "given twice", "give each name once")
        seen.add(name)
    return result
