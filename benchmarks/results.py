# SPDX-License-Identifier: GPL-3.0-or-later
"""results.json: every number of a report, one part a command, so that one folder holds one page.

`bench denoise --out report` and then `bench speed --out report` fill the same page; running one of
them again replaces its part only.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from neuralboard.errors import NeuralboardError
from neuralboard.report import write_text

__all__ = ["ReportError", "load", "plain", "store"]

NAME, FORMAT = "results.json", "neuralboard bench 1"


class ReportError(NeuralboardError, ValueError):
    """A folder that can't take a report."""


def load(folder: Path) -> dict[str, Any]:
    """Return the parts that a folder holds, {} where it holds no report yet.

    Raises
    ------
    ReportError
        Where the folder holds a page or results that are not ours.
    """
    path = folder / NAME
    if folder.exists() and not folder.is_dir():
        raise ReportError(f"can't write a report to {folder}: it is a file; name a folder")
    if not path.is_file():
        if (folder / "index.html").exists():
            raise ReportError(
                f"{folder} holds an index.html that is no report of ours; name another folder"
            )
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise KeyError("format")
    except (ValueError, KeyError, TypeError):
        raise ReportError(
            f"{path} is no result of this version; name another folder, or move it away"
        ) from None
    return {name: part for name, part in content.items() if name != "format"}


def store(folder: Path, parts: dict[str, Any]) -> None:
    """Write all parts; rows one a line, numbers to 7 digits, NaN as null."""
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / NAME, _text({"format": FORMAT, **parts}) + "\n")


def _text(value: Any, depth: int = 0) -> str:
    """Return JSON that a diff can show: what holds no lists or mappings stands on one line."""
    value = plain(value) if depth == 0 else value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if not any(isinstance(each, (dict, list)) and each for each in inner):
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    space = "\n" + " " * (depth + 1)
    if isinstance(value, dict):
        parts = [
            f"{json.dumps(k, ensure_ascii=False)}: {_text(v, depth + 1)}" for k, v in value.items()
        ]
    else:
        parts = [_text(v, depth + 1) for v in value]
    ends = "{}" if isinstance(value, dict) else "[]"
    return ends[0] + space + f",{space}".join(parts) + "\n" + " " * depth + ends[1]


def plain(value: Any) -> Any:
    """Return what JSON can hold: numbers to 7 digits, None for what is none."""
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, float):
        return float(f"{value:.7g}") if math.isfinite(value) else None
    return value
