# SPDX-License-Identifier: GPL-3.0-or-later
"""How each file of a batch stands before it begins: done already, to be done, or not to be touched.

A file that exists is ours where the journal tells its very hash. It is done where the input, the
chain, the settings and the versions are those that made it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from neuralboard.audio_reader import check_is_file
from neuralboard.batching.journal import Journal
from neuralboard.batching.tree import FileTask
from neuralboard.batching.work import Work
from neuralboard.errors import AudioFileError
from neuralboard.fingerprint import hash_files
from neuralboard.safe_file import check_output, reason_of

__all__ = ["Standing", "Verdict"]


@dataclass(frozen=True)
class Verdict:
    """What is to happen to a file.

    Attributes
    ----------
    task : FileTask
    status : str
        "to do", "skipped" or "failed".
    why : str
        Where it failed.
    name : str
        The output's name in the journal, relative to it.
    target : Path
        The file that is written, links followed.
    replace : bool
        What is there may be replaced.
    stamp : tuple or None
        Size and time of what was there.
    """

    task: FileTask
    status: str
    why: str = ""
    name: str = ""
    target: Path = Path()
    replace: bool = False
    stamp: tuple[int, int] | None = None

    def changed(self) -> bool:
        """Tell whether somebody else has changed what is there, so that it isn't ours any more."""
        return self.replace and self.stamp is not None and _stamp(self.target) != self.stamp


class Standing:
    """Judges the files of a batch."""

    def __init__(
        self, folder: Path, journal: Journal, work: Work, tasks: list[FileTask], force: bool
    ) -> None:
        self._folder, self._journal, self._work, self._force = folder, journal, work, force
        self._tasks = tasks
        # Only what exists and is in the journal needs hashing.
        known = [t for t in tasks if journal.done(self._name(t)) and os.path.isfile(t.output)]
        files = [path for t in known for path in (Path(t.input), Path(t.output))]
        self._hashes = hash_files(files)

    def _name(self, task: FileTask) -> str:
        return Path(os.path.relpath(os.path.abspath(task.output), self._folder)).as_posix()

    def verdicts(self) -> Iterator[tuple[FileTask, Verdict]]:
        """Judge every file, in order."""
        for task in self._tasks:
            try:
                yield task, self._verdict(task)
            except OSError as error:
                own = isinstance(error, AudioFileError)
                why = str(error) if own else f"can't write {task.output}: {reason_of(error)}"
                yield task, Verdict(task, "failed", why)

    def _verdict(self, task: FileTask) -> Verdict:
        name, output = self._name(task), Path(task.output)
        if os.path.exists(task.input):  # what is missing its worker tells
            check_is_file(task.input, "a batch")
        digest = self._hashes.get(output, "")
        entries = [
            e for e in self._journal.done(name) if digest and e.get("output_sha256") == digest
        ]
        source = self._hashes.get(Path(task.input), "")
        for entry in entries:
            made_of = (entry.get("input_sha256"), entry.get("work"))
            if source and made_of == (source, self._work.key):
                return Verdict(task, "skipped", name=name)
        if digest and self._journal.done(name) and not (entries or self._force):
            raise AudioFileError(
                f"can't write {task.output}: it was changed since a batch wrote it; --force"
                " (force=True) replaces it"
            )
        output.parent.mkdir(parents=True, exist_ok=True)
        replace = self._force or bool(entries)
        target = check_output(output, force=replace)
        stamp = None if self._force else _stamp(target)
        return Verdict(task, "to do", "", name, target, replace, stamp)


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status.st_size, status.st_mtime_ns
