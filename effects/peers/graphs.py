# SPDX-License-Identifier: GPL-3.0-or-later
"""Public ONNX files of other people's denoisers: where they come from, and how they are opened."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Any

from neuralboard.effects.peers.packages import MissingPeerError
from neuralboard.parameter import Setting

__all__ = ["path_setting", "session"]


def path_setting(what: str) -> Setting:
    """Return a parameter that holds the path of a file (or folder)."""
    return Setting(None, check=_check_path, expects=f"the path of {what}", doc=f"path of {what}")


def _check_path(value: Any) -> str:
    path = os.fspath(value)
    if not isinstance(path, str) or not Path(path).exists():
        raise ValueError("there is no such file")
    return path


def session(box: str, path: str | None, source: str) -> Any:
    """Open an ONNX file on one thread, once; `source` says where the public file is."""
    if path is None:
        raise MissingPeerError(
            f"{box}() needs the path of its public model: {box}(path='...'); it is {source}"
        )
    return _open(path, os.stat(path).st_mtime_ns)


@lru_cache(maxsize=8)
def _open(path: str, stamp: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
