# SPDX-License-Identifier: GPL-3.0-or-later
"""One file in a worker: processed into the staging folder, hashed, and told in words.

The same code runs in local processes, in Dask workers and in threads. A worker builds the board
once; it never touches an output's own name.
"""

from __future__ import annotations

import errno
import importlib
import os
import secrets
import socket
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import neuralboard
from neuralboard.batching.errors import BatchError
from neuralboard.batching.work import Work
from neuralboard.errors import AudioFileError, NeuralboardError
from neuralboard.files import FileReport, process_file
from neuralboard.fingerprint import hash_file, made_with
from neuralboard.presets import build_item

__all__ = ["Job", "Outcome", "run_job"]

Progress = Callable[[int, int | None], None]

# Reasons that may be gone a moment later: a network disk that stumbles, memory that is short.
_PASSING = {
    getattr(errno, name)
    for name in (
        "EAGAIN", "EBUSY", "ECONNRESET", "EINTR", "EIO", "EMFILE", "ENETDOWN", "ENETUNREACH",
        "ENFILE", "ENOMEM", "ESTALE", "ETIMEDOUT",
    )
    if hasattr(errno, name)
}  # fmt: skip


@dataclass(frozen=True)
class Job:
    """A file to be done.

    Attributes
    ----------
    input, output : str
        Full paths.
    staging : str
        The folder where the worker writes, and where `work.json` says what is to be done.
    key : str
        Of that work.
    """

    input: str
    output: str
    staging: str
    key: str


@dataclass(frozen=True)
class Outcome:
    """How a job went.

    Attributes
    ----------
    error : str
        One line; "" where the staged file is whole and on the disk.
    passing : bool
        Another try may help.
    staged : str
        The finished file.
    input_sha256, output_sha256 : str
    report : FileReport or None
    took : float
        Seconds.
    worker : str
        "host:process".
    builds : int
        How many boards this worker has built so far.
    made_with : dict
        The worker's versions and level of vector instructions.
    """

    error: str = ""
    passing: bool = False
    staged: str = ""
    input_sha256: str = ""
    output_sha256: str = ""
    report: FileReport | None = None
    took: float = 0.0
    worker: str = ""
    builds: int = 0
    made_with: dict[str, str] = field(default_factory=dict)


def run_job(job: Job, progress: Progress | None = None) -> Outcome:
    """Process one file; whatever happens to it is in the outcome."""
    begun = time.monotonic()
    token = secrets.token_hex(8)  # another worker may be on the same file, if this one is slow
    staged = os.path.join(job.staging, token + Path(job.output).suffix)
    try:
        outcome = _done(job, staged, progress)
    except Exception as error:
        with suppress(OSError):
            os.unlink(staged)
        text = _one_line(error).replace(staged, job.output)
        outcome = Outcome(error=_naming(text, job), passing=_is_passing(error))
    worker = f"{socket.gethostname()}:{os.getpid()}"
    took = time.monotonic() - begun
    return replace(outcome, worker=worker, took=took, builds=_boards.builds, made_with=made_with())


def _done(job: Job, staged: str, progress: Progress | None) -> Outcome:
    source = Path(job.input)
    before = _state(source)
    board, settings = _boards.get(job)
    digest = hash_file(source)
    with _caught_warnings() as heard:
        report = process_file(board, job.input, staged, progress=progress, **settings)
    if _state(source) != before:
        raise AudioFileError(f"{job.input} was changed while it was read; run the batch again")
    said = (report.notes, (*report.warnings, *dict.fromkeys(heard)))
    notes, loud = (tuple(line.replace(staged, job.output) for line in lines) for lines in said)
    report = replace(report, output=job.output, notes=notes, warnings=loud)
    return Outcome(
        staged=staged,
        input_sha256=digest,
        output_sha256=hash_file(Path(staged)),
        report=report,
    )


def _state(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None  # process_file says it better
    return status.st_size, status.st_mtime_ns


class _Boards:
    """The board of this worker's batch, built once and kept (models stay loaded)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._key = ""
        self._kept: tuple[Any, dict[str, Any]] = (None, {})
        self.builds = 0

    def get(self, job: Job) -> tuple[Any, dict[str, Any]]:
        """Return the board and the settings of a job's batch."""
        with self._lock:
            if self._key != job.key:
                self._kept = self._built(job)
                self._key = job.key
            return self._kept

    def _built(self, job: Job) -> tuple[Any, dict[str, Any]]:
        path = Path(job.staging) / "work.json"
        try:
            work = Work.from_json(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise BatchError(
                f"the worker on {socket.gethostname()} can't read {path} ({error.strerror}); all"
                " workers need the folders of inputs and outputs under the same names"
            ) from None
        if work.version != neuralboard.__version__:
            raise BatchError(
                f"the worker on {socket.gethostname()} has neuralboard"
                f" {neuralboard.__version__}, this batch comes from {work.version}; install the"
                " same"
            )
        for module in work.modules:
            importlib.import_module(module)
        self.builds += 1
        # The one who started the batch was asked about plug-ins already.
        return build_item(work.item, allow_vst3=True), dict(work.settings)


_boards = _Boards()


@contextmanager
def _caught_warnings() -> Iterator[list[str]]:
    """Collect warnings as lines where that disturbs no other thread."""
    heard: list[str] = []
    if threading.current_thread() is not threading.main_thread():
        yield heard
        return
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        yield heard
    heard += [" ".join(str(entry.message).split()) for entry in caught]


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    if isinstance(error, (NeuralboardError, OSError)) and text:
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _naming(text: str, job: Job) -> str:
    return text if job.input in text or job.output in text else f"{job.input}: {text}"


def _is_passing(error: BaseException) -> bool:
    """Tell whether what was behind an error may be gone a moment later."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, MemoryError):
            return True
        if isinstance(seen, OSError) and seen.errno in _PASSING:
            return True
        seen = seen.__cause__ or seen.__context__
    return False
