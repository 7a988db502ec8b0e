# SPDX-License-Identifier: GPL-3.0-or-later
"""`run_batch`: hand out jobs, try again what was lost, journal what is done, give it its name."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import secrets
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from neuralboard.audio_reader import AudioReader
from neuralboard.batching.errors import BatchError
from neuralboard.batching.executors import Crew, ExecutorCrew, Lost
from neuralboard.batching.jobs import Job, Outcome
from neuralboard.batching.journal import Journal
from neuralboard.batching.local import LocalCrew, usable_cpus
from neuralboard.batching.results import BatchReport, FileResult
from neuralboard.batching.standing import Standing, Verdict
from neuralboard.batching.tree import FileTask
from neuralboard.batching.work import Work, make_work
from neuralboard.errors import AudioFileError, NeuralboardError
from neuralboard.safe_file import put_in_place, reason_of

__all__ = ["run_batch"]

Progress = Callable[[float, float], None]
Tell = Callable[[FileResult], None]

_STAGING = ".neuralboard-batch."
_BEAT = 0.2  # seconds between movements of the progress bar


def run_batch(
    tasks: Iterable[FileTask],
    chain: Any,
    folder: str | os.PathLike[str],
    *,
    jobs: int | None = None,
    cluster: str | None = None,
    executor: Executor | None = None,
    retries: int = 2,
    force: bool = False,
    settings: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
    tell: Tell | None = None,
) -> BatchReport:
    """Process many files; each comes out whole, once, or not at all.

    Parameters
    ----------
    tasks : iterable of FileTask
        Inputs and outputs; all outputs lie in `folder`.
    chain : Processor or str
        A board, or chain text. It travels as a preset.
    folder : path
        Holds the journal; made if missing.
    jobs : int, optional
        Local worker processes; as many as there are processors where not given.
    cluster : str, optional
        "tcp://host:port" of a Dask scheduler, or "local"; then there are no local workers.
    executor : concurrent.futures.Executor, optional
        Any other executor; it stays open.
    retries : int
        How often a file is tried again when its worker died or the system stumbled.
    force : bool
        Replace existing files that are not ours. Ours, of which the journal tells the hash, are
        replaced where the input, the chain or a version is another one now.
    settings : dict, optional
        Keywords of `process_file`: `sample_rate`, `bit_depth`, `tail`, ...
    progress : callable, optional
        Called with (seconds of audio done, in all).
    tell : callable, optional
        Called with each `FileResult` as it comes.

    Returns
    -------
    BatchReport

    Raises
    ------
    BatchError, ParameterError, ChainError, PresetError
        What concerns all files. What befalls one is in its result, and the others go on.
    KeyboardInterrupt
        Ctrl-C: the workers have ended, what was done is kept and journalled.
    """
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise BatchError(
            "a batch was started while a worker imported this script; start it under"
            " `if __name__ == '__main__':`"
        )
    if jobs is not None and (isinstance(jobs, bool) or not isinstance(jobs, int) or jobs < 1):
        raise BatchError(f"jobs = {jobs!r} is no number of workers; use 1 or more")
    if isinstance(retries, bool) or not isinstance(retries, int) or retries < 0:
        raise BatchError(f"retries = {retries!r} is no count; use 0 or more")
    if cluster is not None and executor is not None:
        raise BatchError("give a cluster or an executor, not both")
    tasks = list(tasks)
    _check_outputs(tasks)
    work = make_work(chain, settings or {})
    with _Run(Path(folder), work, retries, progress, tell) as run:
        run.sort_out(tasks, force)
        if run.waiting:
            run.run(lambda: _crew(jobs, len(run.waiting), cluster, executor, retries))
        return run.report()


def _check_outputs(tasks: list[FileTask]) -> None:
    """Refuse two inputs for one output, and an output that is an input."""
    inputs = {_identity(task.input) for task in tasks} - {None}
    seen: dict[str, str] = {}
    for task in tasks:
        other = seen.setdefault(os.path.abspath(task.output), task.input)
        if other != task.input:
            raise BatchError(f"{other} and {task.input} would both become {task.output}")
        if _identity(task.output) in inputs:
            raise BatchError(
                f"can't write {task.output}: it is one of the inputs; choose another folder"
            )


def _identity(path: str) -> tuple[int, int] | None:
    """Return what two names of one file share, links followed; None where there is no file."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino


def _crew(
    jobs: int | None, files: int, cluster: str | None, executor: Executor | None, retries: int
) -> Crew:
    if executor is not None:
        return ExecutorCrew(executor)
    count = min(jobs or usable_cpus(), files)
    if cluster is None:
        return LocalCrew(count)
    from neuralboard.batching.cluster import ClusterCrew

    return ClusterCrew(cluster, count, retries)


class _Run:
    """One batch at work in its folder. A context manager: it cleans up behind dead workers."""

    def __init__(
        self, folder: Path, work: Work, retries: int, progress: Progress | None, tell: Tell | None
    ) -> None:
        self.waiting: deque[Job] = deque()
        self._retries, self._progress, self._tell = retries, progress, tell
        self._work = work
        self._results: dict[FileTask, FileResult] = {}
        self._tasks: list[FileTask] = []
        self._verdicts: dict[Job, Verdict] = {}
        self._tries: dict[Job, int] = {}
        self._seconds: dict[Job, float] = {}
        self._seconds_done = 0.0
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._folder = folder.resolve()
        except OSError as error:
            raise BatchError(f"can't make the folder {folder}: {reason_of(error)}") from None
        self._journal = Journal(self._folder)
        try:
            self._staging = self._new_staging()
        except OSError as error:
            self._journal.close()
            raise BatchError(f"can't write into {folder}: {reason_of(error)}") from None

    def _new_staging(self) -> Path:
        """Make a hidden folder for the workers; those of killed runs go (the journal is ours)."""
        for old in self._folder.glob(f"{_STAGING}*"):
            shutil.rmtree(old, ignore_errors=True)
        staging = self._folder / f"{_STAGING}{secrets.token_hex(6)}"
        staging.mkdir()
        return staging

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        shutil.rmtree(self._staging, ignore_errors=True)
        self._journal.close()

    # ------------------------------------------------------------------ before
    def sort_out(self, tasks: list[FileTask], force: bool) -> None:
        """Find what is done, what may not be written, and what is to be done."""
        self._tasks = tasks
        standing = Standing(self._folder, self._journal, self._work, tasks, force)
        for task, verdict in standing.verdicts():
            if verdict.status == "to do":
                job = Job(
                    os.path.abspath(task.input),
                    os.path.abspath(task.output),
                    str(self._staging),
                    self._work.key,
                )
                self._verdicts[job] = verdict
                self.waiting.append(job)
            else:
                self._finish(FileResult(task.input, task.output, verdict.status, verdict.why))
        if self._progress is not None:
            self._seconds = {job: _seconds_of(job.input) for job in self.waiting}

    # ------------------------------------------------------------------ while
    def run(self, make_crew: Callable[[], Crew]) -> None:
        """Do all that is waiting."""
        path = self._staging / "work.json"
        try:
            path.write_text(self._work.to_json(), encoding="utf-8")
        except OSError as error:
            raise BatchError(f"can't write {path}: {reason_of(error)}") from None
        crew = make_crew()
        done = False
        open_jobs = len(self.waiting)
        try:
            while open_jobs:
                while self.waiting and crew.takes_more():
                    crew.hand_out(self.waiting.popleft())
                for job, answer in crew.wait(_BEAT):
                    open_jobs -= self._settle(job, answer)
                self._show(crew)
            done = True
        finally:
            crew.close(at_once=not done)

    def _show(self, crew: Crew) -> None:
        if self._progress is None:
            return
        parts = sum(self._seconds[job] * min(part, 1.0) for job, part in crew.under_way())
        self._progress(self._seconds_done + parts, sum(self._seconds.values()))

    def _settle(self, job: Job, answer: Outcome | Lost) -> bool:
        """Take an answer; return whether the job is at its end."""
        tries = self._tries[job] = self._tries.get(job, 0) + 1
        if isinstance(answer, Lost):
            again, error = not answer.final, f"{job.input}: {answer.why}"
        else:
            again, error = answer.passing, answer.error
        if error and again and tries <= self._retries:
            self.waiting.append(job)
            return False
        if not error:
            assert isinstance(answer, Outcome)
            error = self._keep(job, answer, tries)
        if error:
            self._note_failure(job, error, tries)
        task = self._verdicts[job].task

        def as_given(text: str) -> str:
            return text.replace(job.input, task.input).replace(job.output, task.output)

        error = as_given(error)
        if error and tries > 1:
            error += f" (tried {tries} times)"
        report = answer.report if isinstance(answer, Outcome) and not error else None
        if report is not None:
            report = replace(
                report,
                notes=tuple(map(as_given, report.notes)),
                warnings=tuple(map(as_given, report.warnings)),
            )
        took = answer.took if isinstance(answer, Outcome) else 0.0
        worker = answer.worker if isinstance(answer, Outcome) else ""
        self._seconds_done += self._seconds.get(job, 0.0)
        self._finish(
            FileResult(
                task.input, task.output, "failed" if error else "done", error, tries, report, took,
                worker,
            )
        )  # fmt: skip
        return True

    def _keep(self, job: Job, outcome: Outcome, tries: int) -> str:
        """Journal a finished file, then give it its name; return what went wrong, or ""."""
        report = outcome.report
        assert report is not None
        verdict = self._verdicts[job]
        try:
            if verdict.changed():
                raise AudioFileError(
                    f"can't write {job.output}: somebody changed it meanwhile; --force (force=True)"
                    " replaces it"
                )
            self._journal.add(
                {
                    "output": verdict.name,
                    "status": "done",
                    "input": job.input,
                    "input_sha256": outcome.input_sha256,
                    "work": job.key,
                    "output_sha256": outcome.output_sha256,
                    "samples": report.samples,
                    "sample_rate": report.sample_rate,
                    "tries": tries,
                    "worker": outcome.worker,
                    "boards_built": outcome.builds,
                    "made_with": outcome.made_with,
                    "at": _now(),
                }
            )
            put_in_place(
                Path(outcome.staged), verdict.target, force=verdict.replace, name=job.output
            )
        except OSError as error:
            with contextlib.suppress(OSError):
                os.unlink(outcome.staged)
            own = isinstance(error, AudioFileError)
            return str(error) if own else f"can't write {job.output}: {reason_of(error)}"
        return ""

    def _note_failure(self, job: Job, error: str, tries: int) -> None:
        with contextlib.suppress(AudioFileError):  # on a full disk the result alone tells it
            self._journal.add(
                {
                    "output": self._verdicts[job].name,
                    "status": "failed",
                    "input": job.input,
                    "work": job.key,
                    "error": error,
                    "tries": tries,
                    "at": _now(),
                }
            )

    def _finish(self, result: FileResult) -> None:
        self._results[FileTask(result.input, result.output)] = result
        if self._tell is not None:
            self._tell(result)

    # ------------------------------------------------------------------ after
    def report(self) -> BatchReport:
        """Return what became of every file, in the order of the tasks."""
        return BatchReport(
            tuple(self._results[task] for task in self._tasks), str(self._journal.path)
        )


def _seconds_of(name: str) -> float:
    """Return the length of a file, 0 where nobody knows: its worker will say why."""
    try:
        with AudioReader(name) as reader:
            return (reader.num_samples or 0) / reader.sample_rate
    except (NeuralboardError, OSError, ValueError):
        return 0.0


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
