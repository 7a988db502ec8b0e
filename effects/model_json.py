# SPDX-License-Identifier: GPL-3.0-or-later
"""From the JSON of a file to a checked `Card`: strict, because the text may be anybody's."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, NoReturn

from neuralboard.effects.model_card import FORMAT, Card
from neuralboard.effects.model_fields import refuse
from neuralboard.errors import ModelFileError, did_you_mean

__all__ = ["read_card"]

_LISTS = ("states", "parameters", "data")
_LONGEST = 4 << 20  # characters; a card with golden output and window values has some 50,000


def read_card(text: str) -> Card:
    """Read and check the JSON of a card.

    Raises
    ------
    ModelFileError
        No JSON, a field that is missing, unknown, given twice, or wrong.
    """
    if len(text) > _LONGEST:
        raise ModelFileError(
            f"model card: {len(text)} characters are too many; keep it below {_LONGEST}"
        )
    try:
        found = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except ModelFileError:
        raise
    except (ValueError, RecursionError) as error:
        raise ModelFileError(
            f"model card: the text is no JSON ({error}); write it with Card.to_json"
        ) from None
    if not isinstance(found, dict):
        raise ModelFileError(
            f"model card: the text holds a {type(found).__name__}, not a table of fields;"
            " write it with Card.to_json"
        )
    if found.get("format") != FORMAT:  # first: the fields of another format are not ours to judge
        refuse("format", found.get("format"), f"not {FORMAT}, which this version reads",
               "upgrade neuralboard (docs/model-file.md has a table)")  # fmt: skip
    for field, kind in Card._PARTS.items():
        value = found.get(field)
        if field not in _LISTS:
            found[field] = None if value is None else _make(kind, field, value)
        elif isinstance(value, list):
            found[field] = tuple(
                _make(kind, f"{field}[{index}]", each) for index, each in enumerate(value)
            )
        elif value is not None:
            refuse(field, value, "not a list", f"give a list of tables of {kind.__name__}")
    return _make(Card, "", found)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for name, value in pairs:
        if name in table:
            refuse(name, value, "given twice", "give each field once")
        table[name] = value
    return table


def _no_constant(name: str) -> NoReturn:
    raise ModelFileError(f"model card: the text holds {name}, which is no JSON; use a number")


def _make(kind: type[Any], where: str, found: Any) -> Any:
    """Make a dataclass of a table: every field known, none missing, lists as tuples."""
    if not isinstance(found, dict):
        refuse(where, found, "not a table of fields", f"give the fields of {kind.__name__}")
    prefix = f"{where}." if where else ""
    known = {field.name: field for field in dataclasses.fields(kind)}
    for name in found:
        if name not in known:
            refuse(f"{prefix}{name}", found[name], f"unknown{did_you_mean(name, known)}",
                   "leave it out")  # fmt: skip
    for name, field in known.items():
        no_default = (
            field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        )
        if no_default and name not in found:
            refuse(f"{prefix}{name}", None, "missing", "give it")
    values = {name: tuple(v) if isinstance(v, list) else v for name, v in found.items()}
    return kind(**values)
