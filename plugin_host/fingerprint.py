# SPDX-License-Identifier: GPL-3.0-or-later
"""What decides the bytes of an output: hashes of files, code, settings and chains, and versions."""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import platform
import sys
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from neuralboard import cpp_ext, natives
from neuralboard.processor import Processor

__all__ = [
    "FILE_FIELDS", "by_content", "code_of", "files_in", "hash_file", "hash_files", "made_with",
    "recipe",
]  # fmt: skip

FILE_FIELDS = ("impulse_response", "model", "path", "vst3")
"""What names a file in a described chain, absolute or not."""

_OURS = {"neuralboard", "pedalboard", "pedalboard_native", "pybind11_builtins"}
_PACKAGES = ("neuralboard", "numpy", "pedalboard", "onnxruntime", "soxr")


def made_with() -> dict[str, str]:
    """Return versions and the level of vector instructions: what decides the last bits."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "unknown"
    return found | {"simd": cpp_ext.simd_level()}


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file, "" where it can't be read or is none (a pipe may never end)."""
    try:
        if not path.is_file():
            return ""
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError):  # ValueError: a NUL byte in the name
        return ""


def hash_files(paths: Iterable[Path]) -> dict[Path, str]:
    """Return the SHA-256 of files; several at once, since hashing needs no Python."""
    unique = list(dict.fromkeys(paths))
    with ThreadPoolExecutor(max(min(len(unique), os.cpu_count() or 1), 1)) as pool:
        return dict(zip(unique, pool.map(hash_file, unique), strict=True))


def recipe(*parts: Any) -> str:
    """Return the hash of all that decides an output."""
    text = json.dumps(parts, sort_keys=True, default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()


def files_in(described: Any) -> list[Path]:
    """Return the files that a described chain names: models, impulse responses.

    A word counts where its field holds files (`FILE_FIELDS`), else where it is a full path with a
    suffix: a box named "a" has nothing to do with a file "a" in the folder of the day.
    """
    return [Path(word) for word in _file_words(described, "")]


def by_content(described: Any, hashes: Mapping[Path, str], field: str = "") -> Any:
    """Return a described chain that has the hash of each file in place of its path.

    What is equal then sounds equal, wherever its files lie.

    Parameters
    ----------
    described
        From `describe_item`.
    hashes : mapping of Path to str
        From `hash_files(files_in(described))`; a file without a hash keeps its path.
    field : str
        What holds it.
    """
    if isinstance(described, Mapping):
        return {name: by_content(value, hashes, str(name)) for name, value in described.items()}
    if isinstance(described, (list, tuple)):
        return [by_content(value, hashes, field) for value in described]
    if _is_file(described, field) and hashes.get(Path(described)):
        return f"sha256 {hashes[Path(described)]}"
    return described


def _file_words(described: Any, field: str) -> Iterator[str]:
    if isinstance(described, Mapping):
        for name, value in described.items():
            yield from _file_words(value, str(name))
    elif isinstance(described, (list, tuple)):
        for value in described:
            yield from _file_words(value, field)
    elif _is_file(described, field):
        yield described


def _is_file(word: Any, field: str) -> bool:
    if not isinstance(word, str) or not 0 < len(word) < 4096 or "\n" in word:
        return False
    if field not in FILE_FIELDS and not (os.path.isabs(word) and Path(word).suffix):
        return False
    try:
        return os.path.isfile(word)
    except ValueError:
        return False


def code_of(board: Any) -> dict[str, str]:
    """Return the code that runs on a board besides neuralboard's and pedalboard's own.

    Parameters
    ----------
    board
        A board, a box, one of pedalboard's effects, or a list of them.

    Returns
    -------
    dict of str to str
        "module:Class" of every class of somebody else's (bases too) → SHA-256 of the source file
        of its module, "" where there is none. What that file imports is not looked at.
    """
    found: dict[str, str] = {}
    seen = set[int]()
    todo = [board]
    while todo:
        item = todo.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        if isinstance(item, (list, tuple)):
            todo += item
        if not (isinstance(item, Processor) or natives.is_native(item)):
            continue
        if hasattr(type(item), "__iter__"):  # boards, mixes, pedalboard's containers
            todo += list(item)
        todo += getattr(item, "_values", {}).values()
        for cls in type(item).__mro__:
            if _is_somebody_elses(cls):
                found[f"{cls.__module__}:{cls.__qualname__}"] = _source_hash(cls)
    return dict(sorted(found.items()))


def _is_somebody_elses(cls: type) -> bool:
    package = cls.__module__.partition(".")[0]
    ours = package in _OURS
    return not ours and (package not in sys.stdlib_module_names or package == "__main__")


def _source_hash(cls: type) -> str:
    try:
        name = inspect.getsourcefile(cls)
    except (TypeError, OSError):  # built in, or typed into a prompt
        return ""
    return hash_file(Path(name)) if name else ""


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    return repr(value)
