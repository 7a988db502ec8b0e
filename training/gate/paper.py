# SPDX-License-Identifier: GPL-3.0-or-later
"""The file as a document: small, plain, complete, and silent about the machine that wrote it."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import onnx

from neuralboard.effects.model_golden import TOLERANCE
from neuralboard.effects.model_metadata import KEY
from neuralboard.effects.model_rules import check_graph
from neuralboard.effects.runtime import Limits
from neuralboard.training.gate.subject import ExportError, Finding, Subject, within

__all__ = ["card_complete", "no_traces", "within_limits"]

OPSET = 17
UNKNOWN = ("", "unknown", "tbd", "todo", "none", "not stated")


def within_limits(subject: Subject) -> Finding:
    """(8) The loader's list of operators and sizes, the written operator set, and the size."""
    data = subject.path.read_bytes()
    check_graph(data, Limits())
    try:
        model = onnx.load_from_string(data)
        onnx.checker.check_model(model, full_check=True)
    except Exception as error:  # of several classes, none derived from another
        raise ExportError(f"the onnx package refuses the file: {error}") from None
    opsets = {entry.domain: entry.version for entry in model.opset_import}
    if opsets != {"": OPSET}:
        raise ExportError(f"the operator sets are {opsets}, only opset {OPSET} is allowed")
    return within("bytes of the file", len(data), subject.max_bytes)


def card_complete(subject: Subject) -> Finding:
    """(9) Licence, data and held-out metrics are named; the golden output repeats."""
    card = subject.model.card
    missing = [
        name for name in ("licence", "trained_with", "created") if _is_unknown(getattr(card, name))
    ]
    missing += [] if card.data else ["data"]
    missing += [f"licence of {source.name}" for source in card.data if _is_unknown(source.licence)]
    numbers = [v for v in _leaves(card.metrics) if isinstance(v, (int, float))]
    if not numbers or _is_unknown(card.metrics.get("split", "")):
        missing.append("metrics (numbers, and the held-out 'split' they were measured on)")
    if missing:
        raise ExportError(f"{len(missing)} missing on the card, 0 allowed: {', '.join(missing)}")
    return within("deviation from the golden output", subject.model.verify(), TOLERANCE)


def _is_unknown(text: Any) -> bool:
    return not isinstance(text, str) or text.strip().lower() in UNKNOWN


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _leaves(inner)
    else:
        yield value


# An absolute path (not a web address, not "CC BY/CC0"), of Unix or of Windows.
_PATH = re.compile(r"(?<![\w:/.)\]])(?:/[\w.+-]+){2,}|[A-Za-z]:\\\\?\w+")


def no_traces(subject: Subject) -> Finding:
    """(10) No path, host name, documentation string or foreign metadata of this machine."""
    data = subject.path.read_bytes()
    model = onnx.load_from_string(data)
    found = [entry.key for entry in model.metadata_props if entry.key != KEY]
    for field, text in _texts(model):
        if text and (field == "doc_string" or (field == "key" and text != KEY)):
            found.append(f"{field} {text[:40]!r}")
        else:
            found += [f"{field} {hit[:40]!r}" for hit in _PATH.findall(text)]
    words = {str(Path.home()), str(Path.cwd()), str(subject.path.parent.resolve())}
    words.add(socket.gethostname())
    found += [word for word in words if len(word) > 5 and word.encode() in data]
    if found:
        raise ExportError(f"{len(found)} traces of this machine, 0 allowed: {', '.join(found[:3])}")
    return within("traces of this machine", len(found), 0)


def _texts(message: Any) -> Iterator[tuple[str, str]]:
    """Walk every text of a protobuf message, (field, text); raw weights are bytes, not texts."""
    for field, value in message.ListFields():
        several = value if hasattr(value, "__len__") and not isinstance(value, (str, bytes)) else [
            value
        ]  # fmt: skip
        if field.type == field.TYPE_MESSAGE:
            for inner in several:
                yield from _texts(inner)
        elif field.type == field.TYPE_STRING:
            for text in several:
                yield field.name, text
        elif field.type == field.TYPE_BYTES and field.name in ("s", "strings"):
            for text in several:
                yield field.name, bytes(text).decode("utf-8", "replace")
