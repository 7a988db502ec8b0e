# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the package behind a peer, or say in one line what to install."""

from __future__ import annotations

import ctypes
import importlib
import importlib.util
from pathlib import Path
from types import ModuleType

from neuralboard.errors import NeuralboardError

__all__ = ["FLOATS", "MissingPeerError", "import_peer", "package_folder", "peer_library"]

FLOATS = ctypes.c_void_p
"""How a float array enters a C function: `array.ctypes.data` of a contiguous float32 array."""


class MissingPeerError(NeuralboardError, ImportError):
    """The package or file that a peer wraps is not there."""


def _missing(box: str, package: str, why: object = "") -> MissingPeerError:
    because = f" ({why})" if str(why) else ""
    return MissingPeerError(
        f"{box}() needs the package {package}, which is not installed{because}; pip install"
        f" {package}, or 'neuralboard[peers]' for all"
    )


def import_peer(box: str, module: str, package: str) -> ModuleType:
    """Import the package of a peer."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise _missing(box, package, error) from None


def package_folder(box: str, module: str, package: str) -> Path:
    """Return where a package lies, without importing it (and what it would drag in)."""
    found = importlib.util.find_spec(module)
    if found is None or not found.submodule_search_locations:
        raise _missing(box, package)
    return Path(found.submodule_search_locations[0])


def peer_library(box: str, module: str, package: str, stem: str) -> ctypes.CDLL:
    """Load the C library that a package brings, whatever the system calls it."""
    folder = package_folder(box, module, package)
    for path in sorted(folder.rglob(f"*{stem}*")):
        if path.suffix in {".so", ".dylib", ".dll"}:
            return ctypes.CDLL(str(path))
    raise _missing(box, package, f"no {stem} library in {folder}")
