# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal of a batch: one JSON line per file that was done or failed, beside the outputs.

A line is written in one piece and is on the disk before the output gets its name, so every output
of ours is listed, and a run that was killed goes on where it stopped. A line that a crash cut off
is passed over. One batch at a time works in a folder: the journal is locked while it runs.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from neuralboard.batching.errors import BatchError
from neuralboard.errors import AudioFileError
from neuralboard.safe_file import reason_of, sync_folder

__all__ = ["JOURNAL_NAME", "Journal"]

JOURNAL_NAME = "neuralboard-batch.jsonl"


class Journal:
    """An open journal. A context manager.

    Parameters
    ----------
    folder : Path
        Of the outputs; it exists.

    Raises
    ------
    BatchError
        Another batch is at work in this folder, or the journal can't be opened.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / JOURNAL_NAME
        self._done: dict[str, list[dict[str, Any]]] = {}
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
        try:
            self._file = os.open(self.path, flags, 0o666)
        except OSError as error:
            raise BatchError(f"can't open the journal {self.path}: {reason_of(error)}") from None
        try:
            _lock(self._file, self.path)
            data = self.path.read_bytes()
            if data and not data.endswith(b"\n"):
                self._append(b"\n")  # what a crash cut off stays a line of its own
        except OSError as error:
            self.close()
            raise BatchError(f"can't use the journal {self.path}: {reason_of(error)}") from None
        except BaseException:
            self.close()
            raise
        sync_folder(folder)
        for entry in _entries(data):
            self._remember(entry)

    def done(self, output: str) -> list[dict[str, Any]]:
        """Return what is known of an output that was written, newest last."""
        return self._done.get(output, [])

    def add(self, entry: dict[str, Any]) -> None:
        """Append one entry; it is on the disk when this returns.

        Raises
        ------
        AudioFileError
            The disk is full, for one; the journal is as it was.
        """
        size = os.fstat(self._file).st_size
        try:
            self._append(json.dumps(entry).encode() + b"\n")
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, size)
            raise AudioFileError(f"can't write {self.path}: {reason_of(error)}") from None
        self._remember(entry)

    def _append(self, line: bytes) -> None:
        while line:
            line = line[os.write(self._file, line) :]
        os.fsync(self._file)

    def _remember(self, entry: dict[str, Any]) -> None:
        if entry.get("status") == "done":
            self._done.setdefault(str(entry.get("output")), []).append(entry)

    def close(self) -> None:
        """Give it back to other batches."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _entries(data: bytes) -> Iterator[dict[str, Any]]:
    for line in data.splitlines():
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(entry, dict):
            yield entry


def _lock(file: int, path: Path) -> None:
    """Hold the journal until its descriptor is closed, as a kill does, too."""
    try:
        import fcntl
    except ImportError:  # Windows; its own locks would keep others from reading
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise BatchError(
            f"another batch is at work in {path.parent}; wait for its end, or choose another folder"
        ) from None
    except OSError:
        return  # a file system without locks
