# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files a batch takes, and where each goes: folders are mirrored, formats are kept."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from neuralboard.audio_sinks import check_encoder, format_of
from neuralboard.batching.errors import BatchError

__all__ = ["FileTask", "plan_tree"]

_READABLE = {
    ".wav", ".wave", ".bwf", ".rf64", ".flac", ".aif", ".aiff", ".aifc", ".ogg", ".oga", ".mp3",
    ".m4a", ".mp4", ".aac", ".opus", ".webm", ".wma", ".caf", ".w64", ".ac3", ".alac", ".ape",
    ".wv", ".mka",
}  # fmt: skip
_WRITABLE = {".wav", ".flac", ".aif", ".aiff", ".ogg", ".mp3"}


@dataclass(frozen=True)
class FileTask:
    """One file: where it comes from and where it goes."""

    input: str
    output: str


def plan_tree(
    inputs: Iterable[str | os.PathLike[str]],
    output: str | os.PathLike[str],
    *,
    format: str | None = None,  # noqa: A002 - the word that users know
) -> list[FileTask]:
    """Return one task per audio file, in the order of names.

    Parameters
    ----------
    inputs : paths
        Audio files, and folders: of these, all audio files in them and below, without hidden ones
        and without what lies in `output`.
    output : path
        A folder; it need not exist. What is in a folder keeps its place relative to it.
    format : str, optional
        "wav", "flac", "aiff", "ogg" or "mp3"; the input's where not given (wav where that can't be
        written).

    Raises
    ------
    BatchError
        No audio, no such folder, two inputs for one output, a format that nobody writes.
    """
    inputs = list(inputs)
    folder = os.fspath(output)
    if os.path.exists(folder) and not os.path.isdir(folder):
        raise BatchError(f"a batch writes into a folder; {folder} is a file")
    extension = None if format is None else f".{format.lower().lstrip('.')}"
    if extension is not None and extension not in _WRITABLE:
        raise BatchError(f"format '{format}' is written by nobody here; use wav, flac, aiff, ogg"
                         " or mp3")  # fmt: skip
    _check_there(inputs)
    tasks = list[FileTask]()
    sources: dict[str, str] = {}
    for source, relative in _found(inputs, Path(folder)):
        target = relative.with_suffix(_suffix(relative, extension))
        other = sources.setdefault(str(target).casefold(), source)
        if other != source:
            raise BatchError(
                f"{other} and {source} would both become {target} in {folder}; give them other"
                " names, or do them one after the other"
            )
        task = FileTask(source, os.path.join(folder, target))
        if task not in tasks[-1:]:
            tasks.append(task)
    if not tasks:
        raise BatchError(f"there are no audio files in {', '.join(str(name) for name in inputs)}")
    return tasks


def _check_there(inputs: list[str | os.PathLike[str]]) -> None:
    """Refuse a folder that isn't there. A file among others that isn't is told with them."""
    missing = [os.fspath(name) for name in inputs if not os.path.exists(name) and name != "-"]
    for name in missing:
        if len(missing) == len(inputs) or Path(name).suffix.lower() not in _READABLE:
            raise BatchError(f"there is no file or folder {name}")


def check_formats(
    tasks: Iterable[FileTask], rate: int | None, bit_depth: int | None, quality: str | float | None
) -> None:
    """Refuse what an output's format can't hold, before anything is processed.

    Raises
    ------
    AudioFileError
    """
    seen = set[str]()
    for task in tasks:
        kind = format_of(task.output)
        if kind not in seen:
            seen.add(kind)
            check_encoder(task.output, kind, rate or 48_000, 1, bit_depth, quality)


def _suffix(path: Path, wanted: str | None) -> str:
    if wanted is not None:
        return wanted
    return path.suffix if path.suffix.lower() in _WRITABLE else ".wav"


def _found(inputs: Iterable[str | os.PathLike[str]], output: Path) -> Iterator[tuple[str, Path]]:
    """Yield each file and its place in the output folder."""
    seen = set[str]()
    for given in inputs:
        name = os.fspath(given)
        if name == "-":
            raise BatchError("a batch takes files and folders; neuralboard process reads '-'")
        pairs = _in_folder(name, output) if os.path.isdir(name) else [(name, Path(Path(name).name))]
        for source, relative in pairs:
            real = os.path.realpath(source)
            if real not in seen:
                seen.add(real)
                yield source, relative


def _in_folder(name: str, output: Path) -> Iterator[tuple[str, Path]]:
    """Yield the audio files of a folder. Links to folders are left out: they may go in rings."""
    ours = output.resolve()
    for where, folders, files in os.walk(name):
        folders[:] = sorted(
            folder
            for folder in folders
            if not folder.startswith(".") and Path(where, folder).resolve() != ours
        )
        for file in sorted(files):
            if not file.startswith(".") and Path(file).suffix.lower() in _READABLE:
                path = Path(where, file)
                yield str(path), path.relative_to(name)
