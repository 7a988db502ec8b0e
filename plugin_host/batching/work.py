# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done to every file of a batch, as it travels to the workers: a preset and settings."""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import neuralboard
from neuralboard.batching.errors import BatchError
from neuralboard.errors import ParameterError, did_you_mean
from neuralboard.files import process_file
from neuralboard.fingerprint import (
    FILE_FIELDS,
    by_content,
    code_of,
    files_in,
    hash_files,
    made_with,
    recipe,
)
from neuralboard.presets import describe_item

__all__ = ["Work", "make_work", "settings_of_process_file"]

_OWN = {"processor", "input", "output", "removed", "force", "progress"}
_VERSION_FIELDS = ("neuralboard", "numpy", "onnxruntime", "pedalboard", "soxr")


@dataclass(frozen=True)
class Work:
    """A chain and settings.

    Attributes
    ----------
    item : object
        The board as a preset describes it, the files it names by their full paths.
    settings : dict
        Keywords of `process_file`.
    modules : tuple of str
        To import before the board is built: where its boxes live that no package registers.
    version : str
        Of neuralboard; workers must have the same.
    key : str
        Hash of all this, of the files that the chain names (not of where they lie), of the code of
        boxes that aren't neuralboard's, and of the versions: what is equal gives the same sound.
    """

    item: Any
    settings: Mapping[str, Any] = field(default_factory=dict)
    modules: tuple[str, ...] = ()
    version: str = ""
    key: str = ""

    def to_json(self) -> str:
        """Return it as text."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Work:
        """Return what `to_json` wrote."""
        data = json.loads(text)
        return cls(**{**data, "modules": tuple(data["modules"])})


def settings_of_process_file() -> set[str]:
    """Return the keywords of `process_file` that a batch takes."""
    return set(inspect.signature(process_file).parameters) - _OWN


def make_work(chain: Any, settings: Mapping[str, Any]) -> Work:
    """Return the work that a board (or chain text) and settings make.

    Raises
    ------
    ParameterError
        A setting that `process_file` doesn't have.
    BatchError
        A box that other processes can't build.
    """
    from neuralboard.chain import parse_chain

    known = settings_of_process_file()
    defaults = inspect.signature(process_file).parameters
    for name in settings:
        if name not in known:
            raise ParameterError(
                f"a batch has no setting '{name}'{did_you_mean(name, known)}; it has"
                f" {', '.join(sorted(known))}"
            )
    # What is as it would be anyway makes no other work of it.
    kept = {n: v for n, v in sorted(settings.items()) if v is not None and v != defaults[n].default}
    board = parse_chain(chain) if isinstance(chain, str) else chain
    item = _with_full_paths(describe_item(board))
    modules = tuple(sorted(set(_modules(item))))
    if "__main__" in modules or "__mp_main__" in modules:
        raise BatchError(
            "a box of this chain is defined in the script itself, where workers can't find it;"
            " put its class into a module of its own and import it"
        )
    content = by_content(item, hash_files(files_in(item)))
    versions = {name: value for name, value in made_with().items() if name in _VERSION_FIELDS}
    key = recipe(content, kept, code_of(board), versions)
    return Work(item, kept, modules, neuralboard.__version__, key)


def _with_full_paths(described: Any) -> Any:
    """Return a description whose files are found from any folder: workers may have another one."""
    if isinstance(described, list):
        return [_with_full_paths(value) for value in described]
    if not isinstance(described, dict):
        return described
    return {
        name: str(Path(value).resolve())
        if name in FILE_FIELDS and isinstance(value, str) and os.path.exists(value)
        else _with_full_paths(value)
        for name, value in described.items()
    }


def _modules(described: Any) -> list[str]:
    """Return the modules of boxes that are named "module:Class"."""
    if isinstance(described, list):
        return [name for value in described for name in _modules(value)]
    if not isinstance(described, dict):
        return []
    found = [name for value in described.values() for name in _modules(value)]
    box = described.get("box")
    return [*found, box.partition(":")[0]] if isinstance(box, str) and ":" in box else found
