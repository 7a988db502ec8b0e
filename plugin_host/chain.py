# SPDX-License-Identifier: GPL-3.0-or-later
"""Chain text: a board in one line, in Python's own call syntax, literals only.

    highpass_filter(80) | spectral_subtraction(strength=1) | mix(gain(0), reverb(dry_level=0))

`|` puts boxes behind each other; `mix(a | b, c)` beside each other; `dry` is an empty branch.
Lines and `#` comments are allowed. Nothing is ever executed: the text is read with `ast`.
"""

from __future__ import annotations

import ast
import math
import os
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import numpy as np

from neuralboard import natives, registry, responses
from neuralboard.board import Board
from neuralboard.box import Box
from neuralboard.errors import ChainError, NeuralboardError, ParameterError
from neuralboard.mix import Mix
from neuralboard.presets import set_native_values

__all__ = ["chain_text", "parse_chain"]

_EMPTY = ("dry", "none")
_SHARED = ("bypass", "name", "mix")

_folder: ContextVar[Path | None] = ContextVar("folder", default=None)


def parse_chain(text: str, folder: str | os.PathLike[str] | None = None) -> Board:
    """Return the board that chain text describes.

    Parameters
    ----------
    text : str
    folder : path, optional
        Where files that the text names are looked for first (`convolution('room.wav')` in a mix
        file means the one beside it).

    Raises
    ------
    ChainError
        For text that is no chain, or an unknown box (with a did-you-mean).
    ParameterError
        For unknown parameters or values out of range.
    """
    token = _folder.set(None if folder is None else Path(folder))
    try:
        return _parsed(text)
    finally:
        _folder.reset(token)


def _parsed(text: str) -> Board:
    if not isinstance(text, str):
        raise ChainError(f"chain text is {type(text).__name__}, not text")
    if len(text) > 100_000:
        raise ChainError(f"chain text of {len(text)} characters is too long; 100000 is the limit")
    try:
        # In brackets, lines and comments are no matter to Python's own tokenizer.
        tree = ast.parse(f"(\n{text}\n)", mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = (getattr(error, "lineno", None) or 2) - 1
        raise ChainError(
            f"chain text can't be read near line {line} ({_reason(error)}); write"
            " box(parameter=value) | box(...)"
        ) from None
    if isinstance(tree, ast.Tuple) and not tree.elts:
        return Board([])
    try:
        return Board(_series(tree))
    except RecursionError:
        raise ChainError("chain text is nested too deeply; split it") from None


def _reason(error: BaseException) -> str:
    return str(getattr(error, "msg", "") or error).partition("\n")[0]


def _series(node: ast.expr) -> list[Any]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _series(node.left) + _series(node.right)
    return [_item(node)]


def _item(node: ast.expr) -> Any:
    if isinstance(node, ast.Name):
        return None if node.id in _EMPTY else _make(node.id, [], {})
    if isinstance(node, ast.Constant) and node.value is None:
        return None
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        raise ChainError(
            f"'{_source(node)}' is no box; write box(parameter=value), boxes joined by |"
        )
    name = node.func.id
    if name == "mix":
        return _mix(node)
    args = [_literal(arg, name) for arg in node.args]
    kwargs = {}
    for keyword in node.keywords:
        if keyword.arg is None:
            raise ChainError(f"'**' in {name}(...) is no value; write parameter=value")
        if keyword.arg in kwargs:
            raise ChainError(f"{name}: '{keyword.arg}' was given twice; give it once")
        kwargs[keyword.arg] = _literal(keyword.value, name)
    return _make(name, args, kwargs)


def _mix(node: ast.Call) -> Mix:
    gains = None
    for keyword in node.keywords:
        if keyword.arg != "gains_db":
            raise ChainError(
                f"mix has no parameter '{keyword.arg}'; write mix(a | b, c, gains_db=[0, -6])"
            )
        gains = _literal(keyword.value, "mix")
    branches = []
    for arg in node.args:
        items = _series(arg)
        branches.append(items[0] if len(items) == 1 else Board(items))
    return Mix(branches, gains)


def _literal(node: ast.expr, box: str) -> Any:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = node.operand
        if isinstance(inner, ast.Name) and inner.id == "inf":
            return float("-inf")
    if isinstance(node, ast.Name) and node.id in ("inf", "true", "false"):
        return {"inf": float("inf"), "true": True, "false": False}[node.id]
    try:
        return _beside(ast.literal_eval(node))
    except (ValueError, TypeError, SyntaxError):
        raise ChainError(
            f"'{_source(node)}' in {box}(...) is no plain value; use numbers, 'text', True or False"
        ) from None


def _beside(value: Any) -> Any:
    """Return the path of a file beside the text's own, where a value names one."""
    folder = _folder.get()
    if folder is None or not isinstance(value, str) or not Path(value).suffix:
        return value
    try:
        found = folder / value
        return str(found) if found.is_file() else value
    except (OSError, ValueError):  # a text that can be no file's name
        return value


def _source(node: ast.expr) -> str:
    text = ast.unparse(node).replace("\n", " ")
    return text if len(text) <= 60 else text[:57] + "..."


def _make(name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
    cls = registry.find(name)
    if not cls.__module__.startswith("pedalboard"):
        try:
            return cls(*args, **kwargs)
        except NeuralboardError:
            raise
        except (TypeError, ValueError) as error:  # a box with an __init__ of its own
            raise ParameterError(f"{name}(...): {_reason(error)}") from None
    return _native(name, cls, args, kwargs)


def _native(name: str, cls: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """Make one of pedalboard's effects; bypass, name (and mix, where it has none) make a Box."""
    if name == "convolution":
        if not args and "impulse_response_filename" not in kwargs:
            raise ChainError("convolution needs a file: convolution('room.wav', mix=0.3)")
        source = kwargs.pop("impulse_response_filename", None) or args.pop(0)
        try:
            item = cls(source)
            responses.check_file(item)
        except (TypeError, ValueError, RuntimeError) as error:
            raise ChainError(
                f"convolution({source!r}): {str(error).partition(chr(10))[0]}"
            ) from None
    else:
        item = cls()
    known = natives.property_names(item)
    if len(args) > len(known):
        raise ParameterError(
            f"{name} takes at most {len(known)} values, not {len(args)}: {', '.join(known)}"
        )
    values = dict(zip(known, args, strict=False))
    for key in kwargs.keys() & values.keys():
        raise ParameterError(f"{name}: '{key}' was given twice; give it once")
    shared = {k: kwargs.pop(k) for k in _SHARED if k in kwargs and k not in known}
    set_native_values(item, values | kwargs)
    return Box(item, **shared) if shared else item


def chain_text(item: Any) -> str:
    """Return the chain text that makes a board (or a single box)."""
    if item is None:
        return "dry"
    if isinstance(item, Mix):
        gains = f", gains_db={item.gains_db}" if any(item.gains_db) else ""
        return f"mix({', '.join(chain_text(branch) for branch in item)}{gains})"
    if isinstance(item, Board):
        return " | ".join(chain_text(part) for part in item) or "dry"
    if isinstance(item, Box):
        shared = {k: getattr(item, k) for k in _SHARED}
        defaults = {"mix": 1.0, "bypass": False, "name": None}
        extra = [f"{k}={v!r}" for k, v in shared.items() if v != defaults[k]]
        if not natives.is_native(item.processor):
            raise ChainError("chain text has no form for a Box around a board; use to_json()")
        return _with(chain_text(item.processor), extra)
    if natives.is_native(item):
        return _native_text(item)
    name = registry.name_of(type(item))
    if name is None:
        raise ChainError(f"{type(item).__name__} is not registered and has no name in chain text")
    defaults = {key: d.default for key, d in item.parameters.items()}
    changed = [f"{k}={v!r}" for k, v in item._values.items() if v is not defaults[k]]
    return f"{name}({', '.join(c for c in changed if not _is_default(c, defaults))})"


def _is_default(text: str, defaults: dict[str, Any]) -> bool:
    key, _, value = text.partition("=")
    return value == repr(defaults[key])


def _with(text: str, extra: list[str]) -> str:
    inside = text[text.index("(") + 1 : -1]
    return f"{text[: text.index('(')]}({', '.join([inside] * bool(inside) + extra)})"


def _native_text(item: Any) -> str:
    cls = natives.native_class(item).__name__
    if natives.is_hosted(item):
        raise ChainError(f"{cls} is a hosted plug-in and has no chain text; use to_json()")
    if cls in ("Chain", "Pedalboard"):
        return " | ".join(chain_text(part) for part in item) or "dry"
    if cls == "Mix":
        return f"mix({', '.join(chain_text(branch) for branch in item)})"
    texts = []
    if cls == "Convolution":
        if not item.impulse_response_filename:
            raise ChainError("a Convolution of an array has no chain text; use to_json()")
        texts.append(repr(item.impulse_response_filename))
    values = natives.read_values(item)
    probe = natives.clone(item, values)
    for key, value in zip(natives.property_names(item), values, strict=True):
        if isinstance(value, float):
            texts.append(f"{key}={_shortest(probe, key, value)}")
        else:
            texts.append(f"{key}={(value.name if hasattr(value, '__members__') else value)!r}")
    return f"{registry.snake_case(cls)}({', '.join(texts)})"


_DIGITS = 9  # tell any float32 from its neighbours


def _shortest(probe: Any, key: str, value: float) -> str:
    """Return the shortest text that sets a property to this value, as a person would write it.

    Natives keep float32, some of them scaled: -18.3 reads back as -18.299999237060547. Which texts
    come out the same is not calculated but tried on `probe`, a clone that nobody hears.
    """
    for candidate in _candidates(value):
        try:
            setattr(probe, key, candidate)
        except (TypeError, ValueError, RuntimeError):  # rounded out of its range
            continue
        if getattr(probe, key) == value:
            return repr(candidate)
    return repr(value)


def _candidates(value: float) -> Iterator[float]:
    """Yield what may have been set where `value` is read: round numbers first."""
    if not math.isfinite(value):
        return
    for digits in range(1, _DIGITS + 1):
        yield float(f"{value:.{digits}g}")
    yield value
    # A gain kept as a factor: its own reading, set again, may come out one step beside it.
    yield from (float(str(np.float32(near))) for near in natives.neighbours(value))
