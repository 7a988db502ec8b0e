# SPDX-License-Identifier: GPL-3.0-or-later
"""Worker processes of this machine: each a pool of one, so that a death is blamed on one file.

Workers are spawned, never forked (ONNX Runtime hangs in forks), with one thread each. They hang on
a leash: a pipe whose other end this process holds. Let go, or torn when this process is killed, it
ends them at once, so that there are no orphans.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

from neuralboard.batching.errors import BatchError
from neuralboard.batching.executors import Lost, result_of
from neuralboard.batching.jobs import Job, Outcome, run_job

__all__ = ["LocalCrew", "usable_cpus"]

_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
_FALSE_STARTS = 3  # workers in a row that died before they began: no file is to blame
_NOT_BEGUN = -1.0


def usable_cpus() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class LocalCrew:
    """Local worker processes.

    Parameters
    ----------
    jobs : int
        How many, at least 1.

    Raises
    ------
    BatchError
        From `wait`: workers die before they begin.
    """

    def __init__(self, jobs: int) -> None:
        self._slots = [_Slot() for _ in range(jobs)]
        self._false_starts = 0

    def takes_more(self) -> bool:
        return any(slot.job is None for slot in self._slots)

    def hand_out(self, job: Job) -> None:
        next(slot for slot in self._slots if slot.job is None).take(job)

    def wait(self, seconds: float) -> list[tuple[Job, Outcome | Lost]]:
        futures = [slot.future for slot in self._slots if slot.future is not None]
        wait(futures, seconds, FIRST_COMPLETED)
        finished = [slot for slot in self._slots if slot.future is not None and slot.future.done()]
        return [self._answer(slot) for slot in finished]

    def _answer(self, slot: _Slot) -> tuple[Job, Outcome | Lost]:
        had_begun = slot.had_begun()
        job, answer = slot.give_back()
        self._false_starts = 0 if had_begun else self._false_starts + 1
        if self._false_starts >= _FALSE_STARTS:
            raise BatchError(
                "the workers die before they begin; in a script, start the batch under"
                " `if __name__ == '__main__':` (workers import the script), and see what they wrote"
            )
        return job, answer

    def under_way(self) -> list[tuple[Job, float]]:
        return [
            (slot.job, max(slot.position.value, 0.0))
            for slot in self._slots
            if slot.job is not None
        ]

    def close(self, *, at_once: bool) -> None:
        for slot in self._slots:
            if at_once:
                slot.let_go()
        for slot in self._slots:
            slot.end()


class _Slot:
    """A place for one worker: another one comes when it dies."""

    def __init__(self) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._pool: ProcessPoolExecutor | None = None
        self._leash: Connection | None = None
        # Plain shared memory: a worker killed while it writes leaves no lock behind.
        self.position: Any = self._context.RawValue("d", 0.0)
        self.job: Job | None = None
        self.future: Future[Outcome] | None = None

    def take(self, job: Job) -> None:
        """Give the worker a job; start one where there is none."""
        self.job = job
        if self._pool is not None:
            self.position.value = 0.0
            self.future = self._pool.submit(_work, job)
            return
        self.position.value = _NOT_BEGUN
        their_end, self._leash = self._context.Pipe(duplex=False)
        self._pool = ProcessPoolExecutor(
            1, self._context, initializer=_begin, initargs=(their_end, self.position)
        )
        with _calm_start():
            self.future = self._pool.submit(_work, job)  # the process starts in here
        their_end.close()

    def had_begun(self) -> bool:
        """Return False where the worker never got so far as to run our code."""
        return bool(self.position.value != _NOT_BEGUN)

    def give_back(self) -> tuple[Job, Outcome | Lost]:
        """Return the finished job and how it went; a dead worker's pool is cleared away."""
        job, future = self.job, self.future
        assert job is not None
        assert future is not None
        self.job = self.future = None
        if isinstance(future.exception(), BrokenProcessPool):
            self.end()
            return job, Lost("its worker process died")
        return job, result_of(future)

    def let_go(self) -> None:
        """Let the worker end at once, whatever it does."""
        if self._leash is not None:
            self._leash.close()
            self._leash = None

    def end(self) -> None:
        """Wait until the worker is gone; the job that it has is done first, if it still can be."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None
        self.let_go()


@contextmanager
def _calm_start() -> Iterator[None]:
    """Start a process that Ctrl-C does not reach and whose libraries use one thread.

    Ctrl-C goes to all processes of a terminal; we end the workers ourselves. The mask is inherited:
    a worker is deaf from its first instruction on. Here, what came meanwhile comes afterwards.
    """
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))
    mask = getattr(signal, "pthread_sigmask", None)
    old = mask(signal.SIG_BLOCK, {signal.SIGINT}) if mask else None
    try:
        yield
    finally:
        if mask and old is not None:
            mask(signal.SIG_SETMASK, old)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


# ---------------------------------------------------------------------------- in the worker
_position: Any = None


def _begin(leash: Connection, position: Any) -> None:
    """Set up a worker before its first job."""
    global _position
    _position = position
    position.value = 0.0
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # where there are no masks
    threading.Thread(target=_end_with, args=(leash,), daemon=True).start()


def _end_with(leash: Connection) -> None:
    try:
        leash.recv_bytes()
    except (EOFError, OSError):
        os._exit(1)


def _work(job: Job) -> Outcome:
    """Do one job and show which part of it is done."""

    def progress(done: int, total: int | None) -> None:
        _position.value = done / total if total else 0.0

    return run_job(job, progress)
