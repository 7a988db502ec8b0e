# SPDX-License-Identifier: GPL-3.0-or-later
"""mix.toml: a whole mix in one text file; all that is wrong with it is found at once.

Paths are relative to the file. Tables: [[track]], [[bus]] (or [[group]]: the same), [master],
[output]; the keys are the settings of `Track`, `Bus`, `Master` and `OutputSettings`.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from neuralboard.audio import check_sample_rate
from neuralboard.errors import MixError, NeuralboardError, did_you_mean
from neuralboard.mixing.mixer import Mixer
from neuralboard.mixing.panning import check_pan_law
from neuralboard.mixing.settings import MASTER_KEYS, OUTPUT_KEYS, OutputSettings, check_setting
from neuralboard.mixing.strips import MASTER, Bus, Master, Strip, Track, read_chain
from neuralboard.parameter import Descriptor

__all__ = ["MixFile", "MixFileError", "read_mix", "read_mix_text"]

_LARGEST = 16 << 20
_TOP = ("sample_rate", "pan_law_db", "title", "track", "bus", "group", "master", "output")


class MixFileError(MixError):
    """A mix file with problems.

    Attributes
    ----------
    problems : tuple of str
        All of them, one line each.
    """

    def __init__(self, name: str, problems: list[str]) -> None:
        self.problems = tuple(problems)
        more = f" (and {len(problems) - 1} more: neuralboard mix --check lists them)"
        super().__init__(f"{name}: {problems[0]}" + (more if len(problems) > 1 else ""))


@dataclass
class MixFile:
    """A mix file, read and checked.

    Attributes
    ----------
    mixer : Mixer
    settings : OutputSettings
    title : str
    path : Path
    """

    mixer: Mixer
    settings: OutputSettings
    title: str
    path: Path


@dataclass
class _Reading:
    """What was found so far."""

    folder: Path
    problems: list[str] = field(default_factory=list)
    titles: dict[str, str] = field(default_factory=dict)

    def add(self, where: str, what: str) -> None:
        self.problems.append(f"{where}: {what}" if where else what)


def read_mix(path: str | os.PathLike[str]) -> MixFile:
    """Return the mix that a file describes.

    Raises
    ------
    MixFileError
        With every problem that was found: unknown keys (with a did-you-mean), values out of range,
        files that can't be read, buses that don't exist, circles.
    """
    name = os.fspath(path)
    try:
        with open(name, "rb") as file:
            data = file.read(_LARGEST + 1)
        if len(data) > _LARGEST:
            raise MixFileError(name, ["it is no mix file: larger than 16 MB"])
        text = data.decode("utf-8-sig")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise MixFileError(name, [f"can't be read: {reason}"]) from None
    except UnicodeDecodeError:
        raise MixFileError(name, ["it is no text, so no mix file"]) from None
    return read_mix_text(text, Path(name))


def read_mix_text(text: str, path: Path) -> MixFile:
    """Return the mix that a text describes, as if it stood in the file `path`."""
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise MixFileError(str(path), [f"it can't be read as TOML: {error}"]) from None
    reading = _Reading(path.resolve().parent)
    for key in document:
        if key not in _TOP:
            reading.add("", _unknown(key, _TOP, "the file"))
    mixer = Mixer(_rate(document, reading), pan_law_db=_law(document, reading))
    for kind, key in ((Track, "track"), (Bus, "group"), (Bus, "bus")):
        for number, table in enumerate(_tables(document, key, reading), 1):
            _add_strip(mixer, kind, f"{key} {number}", table, reading)
    settings = _read_master(mixer, document, reading)
    settings |= _read_output(document, reading)
    for name, problem in mixer.named_problems():
        if name == MASTER and "no tracks" in problem and document.get("track"):
            continue  # there are, but each has a problem of its own
        reading.add(reading.titles.get(name, name), problem)
    found = _output_settings(settings, mixer.sample_rate, reading)
    if reading.problems or found is None:
        raise MixFileError(str(path), list(dict.fromkeys(reading.problems)))
    title = str(document.get("title", path.stem))
    return MixFile(mixer, found, title, path)


def _output_settings(
    settings: dict[str, Any], sample_rate: int, reading: _Reading
) -> OutputSettings | None:
    """Return the settings as a whole, which may be wrong where each by itself is right."""
    try:
        found = OutputSettings(**settings)
    except NeuralboardError as error:
        reading.add("output", str(error))
        return None
    problem = found.problem(sample_rate)
    if problem:
        reading.add("output", problem)
    return found


def _rate(document: Mapping[str, Any], reading: _Reading) -> int:
    try:
        return check_sample_rate(document.get("sample_rate", 48_000))
    except NeuralboardError as error:
        reading.add("", str(error))
        return 48_000


def _law(document: Mapping[str, Any], reading: _Reading) -> float:
    try:
        return check_pan_law(document.get("pan_law_db", -3.0))
    except NeuralboardError as error:
        reading.add("", str(error))
        return -3.0


def _tables(document: Mapping[str, Any], key: str, reading: _Reading) -> list[Mapping[str, Any]]:
    found = document.get(key, [])
    if isinstance(found, Mapping):
        reading.add("", f"[{key}] stands once only; write [[{key}]], there may be several")
        return [found]
    if not isinstance(found, list) or not all(isinstance(table, Mapping) for table in found):
        reading.add("", f"{key} = {found!r} is no table; write [[{key}]]")
        return []
    return found


def _add_strip(
    mixer: Mixer,
    kind: type[Track | Bus],
    title: str,
    table: Mapping[str, Any],
    reading: _Reading,
) -> None:
    table = dict(table)
    name = table.get("name")
    if name is None and kind is Track and isinstance(table.get("file"), str):
        name = table["name"] = Path(table["file"]).stem
    title = f"{title} '{name}'" if isinstance(name, str) else title
    if name is None:
        reading.add(title, 'it has no name; write name = "..."')
        return
    if kind is Track:
        if "file" in table:
            table["source"] = _path(table.pop("file"), title, reading)
        if "sample_rate" in table:
            reading.add(title, "the key 'sample_rate' is the file's own; take it out")
            del table["sample_rate"]
    known = ["file" if n == "source" else n for n in kind._descriptors if n != "sample_rate"]
    values = _checked(kind, table, title, known, reading)
    if "name" not in values or (kind is Track and "source" not in values):
        if kind is Track and "source" not in table:
            reading.add(title, 'it has no sound; write file = "stems/x.wav"')
        return
    try:
        strip = mixer._added(kind(**values))
    except NeuralboardError as error:
        reading.add(title, str(error).partition(": ")[2] or str(error))
        return
    reading.titles[strip.name] = title


def _checked(
    kind: type[Strip],
    table: Mapping[str, Any],
    title: str,
    known: list[str],
    reading: _Reading,
) -> dict[str, Any]:
    """Return the settings that are right, and note those that are not."""
    values: dict[str, Any] = {}
    for key, value in table.items():
        descriptor = kind._descriptors.get(key)
        if descriptor is None or (key not in known and key != "source"):
            reading.add(title, _unknown(key, known, "it"))
            continue
        if key == "sends" and isinstance(value, Mapping):
            values[key] = _sends(descriptor, value, title, reading)
            continue
        try:
            if key == "chain":
                values[key] = read_chain(value, reading.folder)
            else:
                values[key] = descriptor.check(value, "?")
        except NeuralboardError as error:
            text = str(error).removeprefix("?.")
            reading.add(title, f"chain: {text}" if key == "chain" else text)
        except (ValueError, TypeError) as error:
            reading.add(title, f"{key} = {value!r}: {error}")
    return values


def _sends(
    descriptor: Descriptor, value: Mapping[str, Any], title: str, reading: _Reading
) -> dict[str, Any]:
    """Return the sends that are right: a wrong one must not hide what is wrong with the others."""
    right: dict[str, Any] = {}
    for bus, level in value.items():
        try:
            right |= descriptor.check({bus: level}, "?")
        except NeuralboardError as error:
            reading.add(title, str(error).removeprefix("?."))
    return right


def _path(value: Any, title: str, reading: _Reading) -> Any:
    if not isinstance(value, str) or not value:
        reading.add(title, f"file = {value!r} is no path")
        return None
    return str(reading.folder / value)


def _read_master(mixer: Mixer, document: Mapping[str, Any], reading: _Reading) -> dict[str, Any]:
    table = document.get("master", {})
    if not isinstance(table, Mapping):
        reading.add("", "master is written [master], once")
        return {}
    strip_keys = ["chain", "gain_db", "automation"]
    mine = {key: value for key, value in table.items() if key not in MASTER_KEYS}
    values = _checked(Master, mine, "master", [*strip_keys, *MASTER_KEYS], reading)
    mixer.master = Master(**{key: values[key] for key in strip_keys if key in values})
    return _settings({k: v for k, v in table.items() if k in MASTER_KEYS}, "master", reading)


def _read_output(document: Mapping[str, Any], reading: _Reading) -> dict[str, Any]:
    table = document.get("output", {})
    if not isinstance(table, Mapping):
        reading.add("", "output is written [output], once")
        return {}
    for key in table:
        if key not in OUTPUT_KEYS:
            reading.add("output", _unknown(key, OUTPUT_KEYS, "it"))
    return _settings({k: v for k, v in table.items() if k in OUTPUT_KEYS}, "output", reading)


def _settings(table: Mapping[str, Any], title: str, reading: _Reading) -> dict[str, Any]:
    values = {}
    for key, value in table.items():
        try:
            values[key] = check_setting(key, value)
        except NeuralboardError as error:
            reading.add(title, str(error))
    return values


def _unknown(key: str, known: Any, owner: str) -> str:
    has = f"{owner} has {', '.join(known)}"
    return f"there is no key '{key}'{did_you_mean(key, known)}; {has}"
