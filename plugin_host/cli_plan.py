# SPDX-License-Identifier: GPL-3.0-or-later
"""Which input goes to which output: all wrong usage is found here, before anything runs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from neuralboard.audio_sinks import check_encoder, format_of
from neuralboard.console import UsageError
from neuralboard.errors import AudioFileError
from neuralboard.safe_file import check_output

__all__ = ["Task", "make_folders", "plan"]

_WRITABLE = {".wav", ".flac", ".aif", ".aiff", ".ogg", ".mp3"}


@dataclass(frozen=True)
class Task:
    """One file: where it comes from, where it goes, where what was removed goes."""

    input: str
    output: str
    removed: str | None = None


def plan(
    inputs: list[str],
    output: str,
    removed: str | None = None,
    *,
    force: bool = False,
    rate: int | None = None,
    bit_depth: int | None = None,
    quality: str | None = None,
) -> list[Task]:
    """Return one task per input.

    Raises
    ------
    UsageError
        Outputs that would replace an input, each other, or an existing file without `force`;
        formats that can't be written so.
    """
    if inputs.count("-") > 1:
        raise UsageError("standard input ('-') can be read once only")
    if removed == "-":
        raise UsageError("--removed needs a file: standard output is for the sound itself")
    into_folder = len(inputs) > 1 or _is_folder(output)
    if into_folder and output == "-":
        raise UsageError(f"{len(inputs)} inputs can't go to standard output; name a folder with -o")
    if not into_folder:
        tasks = [Task(inputs[0], output, removed)]
    else:
        tasks = _into_folders(inputs, output, removed)
    try:
        for task in tasks:
            for name in _names(task):
                check_encoder(name, format_of(name), rate or 48_000, 1, bit_depth, quality)
        _check_files(tasks, force=force, folders=into_folder)
    except AudioFileError as error:
        raise UsageError(str(error)) from None
    return tasks


def make_folders(tasks: list[Task]) -> None:
    """Make the folders of several outputs."""
    for task in tasks:
        for name in _names(task):
            if name != "-":
                try:
                    Path(name).parent.mkdir(parents=True, exist_ok=True)
                except OSError as error:
                    raise UsageError(
                        f"can't make the folder {Path(name).parent}: {error.strerror}"
                    ) from None


def _names(task: Task) -> list[str]:
    return [task.output] if task.removed is None else [task.output, task.removed]


def _is_folder(name: str) -> bool:
    return name != "-" and (name.endswith(("/", os.sep)) or os.path.isdir(name))


def _into_folders(inputs: list[str], output: str, removed: str | None) -> list[Task]:
    """One file per input, named after it, in a folder that is made if missing."""
    for folder in (output, removed):
        if folder is not None and os.path.exists(folder) and not os.path.isdir(folder):
            raise UsageError(f"{len(inputs)} inputs need an output folder; {folder} is a file")
        if folder is not None and not _is_folder(folder) and Path(folder).suffix in _WRITABLE:
            raise UsageError(
                f"{len(inputs)} inputs need an output folder; {folder} looks like a file"
                f" (a folder of that name: {folder}/)"
            )
    if "-" in inputs:
        raise UsageError("standard input ('-') has no name; name an output file and no folder")
    by_name: dict[str, str] = {}
    tasks = list[Task]()
    for name in inputs:
        path = Path(name)
        target = path.name if path.suffix.lower() in _WRITABLE else f"{path.stem}.wav"
        other = by_name.setdefault(target.casefold(), name)
        if other != name or (tasks and name in (task.input for task in tasks)):
            raise UsageError(f"{other} and {name} would both become {target} in {output}")
        tasks.append(
            Task(
                name,
                os.path.join(output, target),
                None if removed is None else os.path.join(removed, target),
            )
        )
    return tasks


def _check_files(tasks: list[Task], *, force: bool, folders: bool) -> None:
    inputs = [Path(task.input) for task in tasks if task.input != "-"]
    targets: dict[Path, str] = {}
    for task in tasks:
        for name in _names(task):
            if name == "-":
                continue
            target = Path(name).resolve()
            if target in targets:
                raise UsageError(f"{name} would be written twice; give --removed another place")
            targets[target] = name
            if target.parent.is_dir() or not folders:  # a missing folder is made later
                check_output(name, force=force, inputs=inputs)
