# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs that depend on each other, block after block, on a few threads.

Every job of a block waits for what it hears and for itself in the block before. Jobs are started in
the order in which they were handed in, so whatever a job waits for runs already: nothing can lock.
While the last jobs of a block run (a bus, the master, a file), the first of the next begin.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Self

from neuralboard import cpp_ext

__all__ = ["Flow"]

Work = Callable[[int, dict[str, Any]], Any]


class Flow:
    """Runs named jobs over numbered blocks.

    Parameters
    ----------
    jobs : mapping of str to callable (count, results)
        In an order in which each comes behind those that it hears. A job gets the number of
        samples of the block and the results of those that it hears, by name.
    hears : mapping of str to sequence of str
    threads : int
        1 runs everything where it is asked for, in the caller's thread.
    """

    def __init__(
        self, jobs: Mapping[str, Work], hears: Mapping[str, Sequence[str]], threads: int
    ) -> None:
        self._jobs, self._hears = jobs, hears
        self._before: dict[str, Future[Any]] = {}
        self._pool = ThreadPoolExecutor(threads, "neuralboard-mix") if threads > 1 else None

    def submit(self, count: int) -> Callable[[], dict[str, Any]]:
        """Start a block of `count` samples; the answer waits for all of its results."""
        if self._pool is None:
            return lambda: self._all_at_once(count)
        futures: dict[str, Future[Any]] = {}
        for name, job in self._jobs.items():
            waits = [futures[other] for other in self._hears[name]]
            futures[name] = self._pool.submit(
                _run, job, count, self._hears[name], waits, self._before.get(name)
            )
        self._before = futures
        return lambda: {name: future.result() for name, future in futures.items()}

    def _all_at_once(self, count: int) -> dict[str, Any]:
        results: dict[str, Any] = {}
        for name, job in self._jobs.items():
            results[name] = _job(job, count, {o: results[o] for o in self._hears[name]})
        return results

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)


def _run(
    job: Work,
    count: int,
    heard: Sequence[str],
    waits: list[Future[Any]],
    before: Future[Any] | None,
) -> Any:
    if before is not None:
        before.result()
    return _job(job, count, {n: w.result() for n, w in zip(heard, waits, strict=True)})


def _job(job: Work, count: int, results: dict[str, Any]) -> Any:
    token = cpp_ext.denormals_off()
    try:
        return job(count, results)
    finally:
        cpp_ext.denormals_restore(token)
