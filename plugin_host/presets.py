# SPDX-License-Identifier: GPL-3.0-or-later
"""Presets: a board as JSON and back. What runs is never stored, only what a user set.

{"neuralboard": 1, "item": {"board": [{"native": "Compressor", "parameters": {...}}, ...]}}
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pedalboard
from pedalboard._pedalboard import load_plugin as _load_plugin

from neuralboard import natives, registry, responses
from neuralboard.audio import check_sample_rate
from neuralboard.errors import NeuralboardError, ParameterError, PresetError, did_you_mean

__all__ = ["build_item", "describe_box", "describe_item", "from_json", "to_json"]

FORMAT = 1


def to_json(item: Any) -> str:
    """Return a board, mix or box as a preset."""
    return json.dumps({"neuralboard": FORMAT, "item": describe_item(item)}, indent=1)


def from_json(text: str, *, allow_vst3: bool = False) -> Any:
    """Return what a preset describes.

    Parameters
    ----------
    text : str
        From `to_json`.
    allow_vst3 : bool
        True lets it load VST3 plug-ins from anywhere; they are native code.

    Raises
    ------
    PresetError
        For text that is no preset, an unknown version, field or box.
    """
    try:
        data = json.loads(text)
    except (ValueError, TypeError, RecursionError) as error:
        raise PresetError(f"this is no preset: {error}; write one with board.to_json()") from None
    if not isinstance(data, dict) or "neuralboard" not in data:
        raise PresetError("this JSON is no preset: it has no 'neuralboard'; see board.to_json()")
    if data["neuralboard"] != FORMAT:
        raise PresetError(
            f"the preset has format {data['neuralboard']!r}, this version reads {FORMAT}; update"
            " neuralboard"
        )
    _known_fields(data, {"neuralboard", "item"})
    try:
        return build_item(data.get("item"), allow_vst3=allow_vst3)
    except PresetError:
        raise
    except (
        NeuralboardError, RuntimeError, TypeError, ValueError, OSError, LookupError, AttributeError,
        ArithmeticError,
    ) as error:  # fmt: skip
        own = isinstance(error, NeuralboardError)
        reason = str(error) if own else f"{type(error).__name__}: {_first_line(error)}"
        raise PresetError(f"the preset can't be built: {reason}") from None


def describe_box(item: Any) -> Any:
    """Return the description by which two boards are compared."""
    return describe_item(item)


def describe_item(item: Any) -> Any:
    """Return a box, native or container as JSON can hold it."""
    from neuralboard.board import Board
    from neuralboard.mix import Mix

    if item is None:
        return None
    if isinstance(item, Mix):
        return {"mix": [describe_item(i) for i in item], "gains_db": item.gains_db}
    if isinstance(item, Board):
        return {"board": [describe_item(i) for i in item]}
    if natives.is_hosted(item):
        return _describe_hosted(item)
    if natives.is_native(item):
        return _describe_native(item)
    cls = type(item)
    name = registry.name_of(cls) or f"{cls.__module__}:{cls.__qualname__}"
    values = {}
    for key, value in item._values.items():
        if key == "processor":
            values[key] = describe_item(value)
        else:
            values[key] = cls._descriptors[key].encode(value)
    return {"box": name, "parameters": values}


def _describe_native(item: Any) -> dict[str, Any]:
    name = natives.native_class(item).__name__
    if name in ("Mix", "Chain", "Pedalboard"):
        natives.check_nesting(item)
        kind = "native_mix" if name == "Mix" else "native_chain"
        return {kind: [describe_item(child) for child in item]}
    values = {}
    for key, value in zip(natives.property_names(item), natives.read_values(item), strict=True):
        values[key] = value.name if hasattr(value, "__members__") else value
    described = {"native": name, "parameters": values}
    if name == "Convolution":
        source = responses.source_of(item)
        if isinstance(source[0], str):
            described["impulse_response"] = source[0]
        else:
            described["impulse_response"] = _array_to_json(source[0])
            described["sample_rate"] = source[2]
    return described


def _describe_hosted(item: Any) -> dict[str, Any]:
    # raw_state lacks what was set since loading until one block was processed.
    item.process(np.zeros((2, 512), np.float32), 48_000.0, reset=False)
    values = {name: item.parameters[name].raw_value for name in item.parameters}
    path = getattr(item, "path_to_plugin_file", None) or getattr(item, "identifier", "")
    return {
        "vst3": str(path),
        "plugin_name": item.name,
        "parameters": values,
        "raw_state": base64.b64encode(item.raw_state).decode(),
    }


def build_item(data: Any, *, allow_vst3: bool = False) -> Any:
    """Return what `describe_item` described."""
    from neuralboard.board import Board
    from neuralboard.mix import Mix

    def build_all(items: Any) -> list[Any]:
        if not isinstance(items, list):
            raise PresetError(f"a list of boxes is {items!r}; write [...]")
        return [build_item(i, allow_vst3=allow_vst3) for i in items]

    if data is None:
        return None
    if not isinstance(data, dict):
        raise PresetError(f"a box is described by {data!r}; write an object with 'box' or 'native'")
    if "board" in data:
        _known_fields(data, {"board"})
        return Board(build_all(data["board"]))
    if "mix" in data:
        _known_fields(data, {"mix", "gains_db"})
        return Mix(build_all(data["mix"]), data.get("gains_db"))
    if "native_mix" in data:
        return pedalboard.Mix(build_all(data["native_mix"]))
    if "native_chain" in data:
        return pedalboard.Chain(build_all(data["native_chain"]))
    if "native" in data:
        return _build_native(data)
    if "vst3" in data:
        return _build_hosted(data, allow_vst3)
    if "box" in data:
        return _build_box(data, allow_vst3)
    raise PresetError(
        f"a box has the fields {', '.join(data) or 'none'}; it needs 'box', 'native', 'board',"
        " 'mix' or 'vst3'"
    )


def _build_native(data: dict[str, Any]) -> Any:
    _known_fields(data, {"native", "parameters", "impulse_response", "sample_rate"})
    name = str(data["native"])
    cls = registry.find(registry.snake_case(name))
    values = _parameters_of(data)
    if name == "Convolution":
        source = data.get("impulse_response")
        if isinstance(source, dict):
            # At a rate of 1e308 pedalboard never comes back.
            rate = check_sample_rate(data.get("sample_rate"))
            response = _array_from_json(source)
            responses.check_array(response, rate)
            item = cls(response, 1.0, float(rate))
        else:
            item = cls(source)
            responses.check_file(item)
    else:
        item = cls()
    set_native_values(item, values, as_read=True)
    return item


def set_native_values(item: Any, values: dict[str, Any], *, as_read: bool = False) -> None:
    """Set properties of one of pedalboard's effects by name, enumerations by their word.

    `as_read`: values were read from another one and shall be read from this one.
    """
    set_one = natives.set_as_read if as_read else setattr
    cls = natives.native_class(item).__name__
    known = natives.property_names(item)
    for name, value in values.items():
        if name not in known:
            raise ParameterError(
                f"{cls} has no parameter '{name}' (= {value!r}){did_you_mean(name, known)}; it has"
                f" {', '.join(known) or 'none'}"
            )
        current = getattr(item, name)
        if hasattr(current, "__members__"):
            members = type(current).__members__
            if not isinstance(value, str) or value not in members:
                hint = did_you_mean(str(value), members)
                raise ParameterError(
                    f"{cls}.{name} = {value!r}: no such choice{hint}; use {' or '.join(members)}"
                )
            value = members[value]
        try:
            if isinstance(value, bool) and not isinstance(current, bool):
                raise TypeError
            set_one(item, name, value)
        except (TypeError, ValueError, RuntimeError) as error:
            reason = "not a number" if isinstance(error, TypeError) else _first_line(error)
            raise ParameterError(f"{cls}.{name} = {value!r}: {reason}") from None


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0]


def _build_hosted(data: dict[str, Any], allow_vst3: bool) -> Any:
    _known_fields(data, {"vst3", "plugin_name", "parameters", "raw_state"})
    path = Path(str(data["vst3"]))
    standard = [Path(p).resolve() for p in _plugin_folders()]
    if not allow_vst3 and not any(folder in path.resolve().parents for folder in standard):
        raise PresetError(
            f"the preset wants to load the plug-in {path}, which is native code outside the"
            " system's plug-in folders; pass allow_vst3=True (--allow-vst3) if you trust it"
        )
    plugin: Any = _load_plugin(str(path), plugin_name=data.get("plugin_name"))
    if data.get("raw_state"):
        plugin.raw_state = base64.b64decode(data["raw_state"])
    for name, value in _parameters_of(data).items():
        if name in plugin.parameters:
            plugin.parameters[name].raw_value = value
    return plugin


def _plugin_folders() -> list[str]:
    home = str(Path.home())
    return [
        "/usr/lib/vst3", "/usr/local/lib/vst3", f"{home}/.vst3", "/Library/Audio/Plug-Ins/VST3",
        f"{home}/Library/Audio/Plug-Ins/VST3", "C:/Program Files/Common Files/VST3",
    ]  # fmt: skip


def _build_box(data: dict[str, Any], allow_vst3: bool) -> Any:
    _known_fields(data, {"box", "parameters"})
    name = str(data["box"])
    cls: Any = _loaded_class(name) if ":" in name else registry.find(name)
    values = _parameters_of(data)
    descriptors = cls._descriptors_for(values)
    for key in values:
        descriptor = descriptors.get(key)
        if descriptor is None:
            raise PresetError(
                f"the preset of '{name}' sets the unknown parameter '{key}'"
                f"{did_you_mean(key, descriptors)}; remove it"
            )
        if key == "processor":
            values[key] = build_item(values[key], allow_vst3=allow_vst3)
        else:
            values[key] = descriptor.decode(values[key])
    return cls(**values)


def _loaded_class(name: str) -> Any:
    """Return a box class that the program has imported already; a preset imports nothing."""
    from neuralboard.effect import EffectBase

    todo: list[Any] = [EffectBase]
    while todo:
        cls = todo.pop()
        if f"{cls.__module__}:{cls.__qualname__}" == name:
            return cls
        todo.extend(cls.__subclasses__())
    raise PresetError(f"the preset needs the box {name}; import its module before loading it")


def _parameters_of(data: dict[str, Any]) -> dict[str, Any]:
    values = data.get("parameters")
    if values is not None and not isinstance(values, dict):
        raise PresetError(f"the parameters of a box are {values!r}; write an object of names")
    return dict(values or {})


def _known_fields(data: dict[str, Any], known: set[str]) -> None:
    for name in data:
        if name not in known:
            raise PresetError(
                f"the preset has the unknown field '{name}'{did_you_mean(name, known)}; it may"
                f" have {', '.join(sorted(known))}"
            )


def _array_to_json(array: Any) -> dict[str, Any]:
    array = np.ascontiguousarray(array, "<f4")
    return {"shape": list(array.shape), "float32": base64.b64encode(array.tobytes()).decode()}


def _array_from_json(data: dict[str, Any]) -> Any:
    raw = np.frombuffer(base64.b64decode(data["float32"]), "<f4")
    return raw.reshape(data["shape"]).astype(np.float32)
