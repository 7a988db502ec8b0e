# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files were tried in a process of their own already, by SHA-256.

A small file in the user's cache remembers them across runs. It is a convenience: where it can't be
read or written, the trial is simply made again.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import sys
import threading
from pathlib import Path

from neuralboard.effects.runtime import runtime_version

__all__ = ["cache_file", "is_known", "remember"]

_RULES = 1  # raise when the checks become stricter: old files are then tried again
_MOST = 1_000
_lock = threading.Lock()
_known: set[str] = set()  # of this process


def cache_file() -> Path:
    """Return where the hashes are kept: the system's folder for caches, ours in it."""
    if sys.platform == "win32":
        root = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        root = Path.home() / "Library" / "Caches"
    else:
        root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "neuralboard" / "tried_models.json"


def _tried_by() -> str:
    return f"rules {_RULES}, onnxruntime {runtime_version()}"


def _load() -> list[str]:
    try:
        found = json.loads(cache_file().read_text(encoding="utf-8"))
        if found["tried_by"] != _tried_by():
            return []
        return [str(each) for each in found["sha256"]][-_MOST:]
    except (OSError, RuntimeError, ValueError, TypeError, KeyError, RecursionError):
        return []  # RuntimeError: no home folder


def is_known(sha256: str) -> bool:
    """Return whether these bytes passed the trial before, in this process or another."""
    with _lock:
        return sha256 in _known or sha256 in _load()


def remember(sha256: str) -> None:
    """Note that these bytes passed."""
    with _lock:
        _known.add(sha256)
        hashes = [each for each in _load() if each != sha256]
        text = json.dumps({"tried_by": _tried_by(), "sha256": [*hashes[-_MOST + 1 :], sha256]})
        with contextlib.suppress(OSError, RuntimeError, ValueError):
            _write(cache_file(), text)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
    try:
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
