# SPDX-License-Identifier: GPL-3.0-or-later
"""Public ONNX files of other people's denoisers: where they come from, and how they are opened."""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

from neuralboard.effects.peers.packages import MissingPeerError
from neuralboard.effects.runtime import Graph, Limits, open_graph
from neuralboard.parameter import Setting

__all__ = ["open_public", "path_setting"]


def path_setting(what: str) -> Setting:
    """Return a parameter that holds the path of a file (or folder)."""
    return Setting(None, check=_check_path, expects=f"the path of {what}", doc=f"path of {what}")


def _check_path(value: Any) -> str:
    path = os.fspath(value)
    if not isinstance(path, str) or not Path(path).exists():
        raise ValueError("there is no such file")
    return path


def open_public(box: str, path: str | None, source: str) -> Graph:
    """Open a public ONNX file, once; `source` says where it is.

    Raises
    ------
    MissingPeerError
        No path was given.
    ModelFileError
        The file is not allowed, and not one of the known ones either.
    """
    if path is None:
        raise MissingPeerError(
            f"{box}() needs the path of its public model: {box}(path='...'); it is {source}"
        )
    data = Path(path).read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    if sha256 in _KNOWN:
        return _known(data, sha256)
    return open_graph(data, _LIMITS)


# Public files that hold an operator outside the list for model files from anywhere, read and run
# by us as they are: gtcrn_simple.onnx (ScatterND, on its caches).
_KNOWN = frozenset(
    {
        "b4718df6228e7bdf1a8a435cf98f838636eb2fd331acabf86ba87c5192ebcb87",
    }
)
_LIMITS = Limits(oldest_opset=7)  # they were exported years ago


@lru_cache(maxsize=4)
def _known(data: bytes, sha256: str) -> Graph:
    return Graph(data, sha256)
