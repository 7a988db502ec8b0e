# SPDX-License-Identifier: GPL-3.0-or-later
"""Lay out `build/typing/neuralboard`, the package as type checkers and editors expect to find it.

The folders at the top of the repository are mapped into one import package by an import hook
that only a running Python follows. Checkers look for files, so they get a tree of links: one per
file of `plugin_host/`, one per mapped folder. Point `MYPYPATH` (mypy), `extraPaths` (pyright) or
`PYTHONPATH` (import-linter) at the folder that this script prints. It is quick, so `make` lays
the tree anew before each check.
"""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
TREE = PROJECT / "build" / "typing"


def mapped_folders() -> dict[str, Path]:
    """Read the mapping of import names to folders from pyproject.toml, its only home."""
    settings = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    mapping: dict[str, str] = settings["tool"]["setuptools"]["package-dir"]
    return {name: PROJECT / folder for name, folder in mapping.items()}


def lay_tree(tree: Path = TREE) -> Path:
    """Make the tree of links afresh and return the folder to put on the search path."""
    shutil.rmtree(tree, ignore_errors=True)
    folders = mapped_folders()
    package = tree / "neuralboard"
    package.mkdir(parents=True)
    for entry in sorted(folders.pop("neuralboard").iterdir()):
        if entry.name != "__pycache__":
            (package / entry.name).symlink_to(entry, target_is_directory=entry.is_dir())
    for name, folder in folders.items():
        (package / name.removeprefix("neuralboard.")).symlink_to(folder, target_is_directory=True)
    return tree


if __name__ == "__main__":
    print(lay_tree())
