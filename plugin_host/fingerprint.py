# SPDX-License-Identifier: GPL-3.0-or-later
"""What decides the bytes of an output: hashes of files, of settings and chains, and versions."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from neuralboard import cpp_ext

__all__ = ["files_in", "hash_file", "hash_files", "made_with", "recipe"]

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
    """Return the files that a described chain names: models, impulse responses."""
    if isinstance(described, Mapping):
        return [path for value in described.values() for path in files_in(value)]
    if isinstance(described, (list, tuple)):
        return [path for value in described for path in files_in(value)]
    if isinstance(described, str) and 0 < len(described) < 4096 and "\n" not in described:
        try:
            return [Path(described)] if os.path.isfile(described) else []
        except ValueError:
            return []
    return []


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    return repr(value)
