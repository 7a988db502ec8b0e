# SPDX-License-Identifier: GPL-3.0-or-later
"""mix.lock.json: what a mix was made of and with, so that the same can be made again, and less.

Every output has a recipe, the hash of all that decides its samples: settings and chains of the
strips that reach it, hashes of sounds and model files, versions, the level of vector instructions.
Equal recipe, equal bytes. A rerun writes only what is missing, damaged, or of another recipe.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import NoneType
from typing import Any

import numpy as np

from neuralboard.errors import MixError
from neuralboard.fingerprint import by_content, code_of
from neuralboard.mixing.strips import Strip
from neuralboard.report import write_text

__all__ = ["LOCK_NAME", "Lock", "strip_recipe"]

LOCK_NAME = "mix.lock.json"
_FORMAT = 1
_KINDS: dict[str, Any] = {
    "made_with": dict,
    "inputs": dict,
    "outputs": dict,
    "writing": list,
    "length": (int, NoneType),
    "mix": (str, NoneType),
}


@dataclass
class Lock:
    """What stands in the lock file.

    Attributes
    ----------
    made_with : dict of str to str
        Versions, the processor's level, the system.
    inputs : dict of str to str
        Sounds, models and responses, relative to the mix where they are beside it → sha256.
    outputs : dict of str to dict
        File → {"recipe", "sha256"}.
    writing : list of str
        Files that a run was about to put in place; it may have been stopped.
    length : int or None
        Samples of the mix.
    mix : str or None
        The mix file that the folder belongs to.
    """

    made_with: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    writing: list[str] = field(default_factory=list)
    length: int | None = None
    mix: str | None = None

    @classmethod
    def read(cls, folder: Path) -> Lock:
        """Return the lock of an output folder; an empty one where there is none."""
        path = folder / LOCK_NAME
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError) as error:
            raise MixError(f"{path} can't be read ({error}); remove it to begin anew") from None
        if not isinstance(found, dict) or found.get("format") != _FORMAT:
            raise MixError(f"{path} is of another version; remove it to begin anew")
        lock = cls(**{key: found[key] for key in _KINDS if key in found})
        for key, kind in _KINDS.items():
            if not isinstance(getattr(lock, key), kind):
                raise MixError(f"{path} can't be read ('{key}' is odd); remove it to begin anew")
        if not all(isinstance(known, dict) for known in lock.outputs.values()):
            raise MixError(f"{path} can't be read ('outputs' is odd); remove it to begin anew")
        return lock

    def write(self, folder: Path) -> Path:
        """Write it, whole or not at all."""
        content = {
            "format": _FORMAT,
            "made_with": self.made_with,
            "inputs": dict(sorted(self.inputs.items())),
            "outputs": dict(sorted(self.outputs.items())),
            "length": self.length,
            "mix": self.mix,
        }
        if self.writing:
            content["writing"] = sorted(self.writing)
        return write_text(folder / LOCK_NAME, json.dumps(content, indent=2) + "\n")


def strip_recipe(strip: Strip, hashes: Mapping[Path, str]) -> dict[str, Any]:
    """Return what decides the sound of a strip, its sounds and models by hash."""
    from neuralboard.presets import describe_box

    values = {name: getattr(strip, name) for name in strip.parameters}
    source = values.pop("source", None)
    if isinstance(source, np.ndarray):
        values["source"] = hashlib.sha256(np.ascontiguousarray(source).tobytes()).hexdigest()
    elif source is not None:
        values["source"] = hashes.get(Path(source), "")
    values["sends"] = {
        bus: [send.db, send.pre] for bus, send in (values.get("sends") or {}).items()
    }
    board = values.pop("chain")
    return values | {"chain": by_content(describe_box(board), hashes), "code": code_of(board)}
