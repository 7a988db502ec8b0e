# SPDX-License-Identifier: GPL-3.0-or-later
"""A crew: who does the jobs of a batch. Here its interface, and any concurrent.futures.Executor."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass
from typing import Protocol

from neuralboard.batching.jobs import Job, Outcome, run_job

__all__ = ["Crew", "ExecutorCrew", "Lost"]


@dataclass(frozen=True)
class Lost:
    """A job whose worker died, or never answered: nothing of it was kept.

    Attributes
    ----------
    why : str
        One line.
    final : bool
        Another try makes no sense: nobody is left to do it.
    """

    why: str
    final: bool = False


class Crew(Protocol):
    """Workers that take jobs."""

    def takes_more(self) -> bool:
        """Return True where another job may be handed out now."""

    def hand_out(self, job: Job) -> None:
        """Let somebody do it."""

    def wait(self, seconds: float) -> list[tuple[Job, Outcome | Lost]]:
        """Return what was finished or lost; wait so long at most."""

    def under_way(self) -> list[tuple[Job, float]]:
        """Return unfinished jobs with the part of each that is done, as far as is known."""

    def close(self, *, at_once: bool) -> None:
        """Send the workers home: after their jobs, or at once."""


class ExecutorCrew:
    """Jobs through an executor that somebody else has made and will shut down.

    Parameters
    ----------
    executor : concurrent.futures.Executor
        Threads, processes, or those of a cluster.
    window : int
        Jobs that are handed out at a time.
    """

    def __init__(self, executor: Executor, window: int = 64) -> None:
        self._executor, self._window = executor, window
        self._running: dict[Future[Outcome], Job] = {}
        self._refused: list[tuple[Job, Lost]] = []

    def takes_more(self) -> bool:
        return len(self._running) < self._window

    def hand_out(self, job: Job) -> None:
        try:
            self._running[self._executor.submit(run_job, job)] = job
        except Exception as error:  # broken, shut down, unreachable
            why = f"the executor takes no more jobs ({type(error).__name__}: {error})"
            self._refused.append((job, Lost(" ".join(why.split()), final=True)))

    def wait(self, seconds: float) -> list[tuple[Job, Outcome | Lost]]:
        found: list[tuple[Job, Outcome | Lost]] = [*self._refused]
        self._refused = []
        if found or not self._running:
            return found
        done, _ = wait(self._running, seconds, FIRST_COMPLETED)
        return [(self._running.pop(future), result_of(future)) for future in done]

    def under_way(self) -> list[tuple[Job, float]]:
        return []

    def close(self, *, at_once: bool) -> None:
        for future in self._running:
            future.cancel()
        if self._running and not at_once:
            wait(self._running)
        self._running = {}


def result_of(future: Future[Outcome]) -> Outcome | Lost:
    """Return what a finished future holds; `run_job` itself raises nothing."""
    try:
        return future.result()
    except BaseException as error:
        if isinstance(error, (KeyboardInterrupt, SystemExit)) and not future.done():
            raise
        text = " ".join(str(error).split()).partition(". ")[0]
        return Lost(f"its worker was lost ({type(error).__name__}{': ' * bool(text)}{text})")
