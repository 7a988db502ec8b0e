# SPDX-License-Identifier: GPL-3.0-or-later
"""Dask.distributed: the same jobs on the workers of a cluster, or of one on this machine.

A worker that dies is Dask's business: its scheduler gives the job to another one. All workers need
the folders of inputs and outputs under the same names, and the same version of neuralboard.
"""

from __future__ import annotations

import time
from typing import Any

from neuralboard.batching.errors import BatchError
from neuralboard.batching.executors import ExecutorCrew, Lost
from neuralboard.batching.jobs import Job, Outcome
from neuralboard.extras import needs

__all__ = ["ClusterCrew"]

_CONNECT_SECONDS = 20
_LOOK_SECONDS = 5.0  # between looks whether any worker is left
_PATIENCE_SECONDS = 300.0  # without any worker: a scheduler may need minutes for new ones


class ClusterCrew:
    """Workers of a Dask cluster.

    Parameters
    ----------
    address : str
        "tcp://host:port" of a scheduler, or "local": a cluster of our own, bound to 127.0.0.1.
    jobs : int
        Workers of a cluster of our own.
    retries : int
        How many deaths of workers a job survives on a cluster of our own; elsewhere the scheduler
        decides (`distributed.scheduler.allowed-failures`).

    Raises
    ------
    MissingPackageError
        With the pip line for `distributed`.
    BatchError
        Nobody answers there, or it has no workers.
    """

    def __init__(self, address: str, jobs: int, retries: int) -> None:
        distributed = needs("distributed", "distributed", "cluster")
        self._address, self._cluster = address, None
        if address == "local":
            self._cluster = _own_cluster(distributed, jobs, retries)
        try:
            self._client = distributed.Client(self._cluster or address, timeout=_CONNECT_SECONDS)
        except (OSError, ValueError, TypeError) as error:
            self._close_cluster()
            raise BatchError(
                f"no Dask scheduler answers at {address} ({_first_line(error)}); start one, or use"
                " --cluster local"
            ) from None
        try:
            self._client.wait_for_workers(1, timeout=_CONNECT_SECONDS)
        except TimeoutError:
            self.close(at_once=True)
            raise BatchError(
                f"the Dask scheduler at {address} has no workers; start some: dask worker {address}"
            ) from None
        except BaseException:
            self.close(at_once=True)
            raise
        # Not pure: a job is to be done, even where one of that name was done before.
        self._crew = ExecutorCrew(self._client.get_executor(pure=False), window=256)
        self._looked = self._seen = time.monotonic()

    def takes_more(self) -> bool:
        return self._crew.takes_more()

    def hand_out(self, job: Job) -> None:
        self._crew.hand_out(job)

    def wait(self, seconds: float) -> list[tuple[Job, Outcome | Lost]]:
        found = self._crew.wait(seconds)
        now = time.monotonic()
        if found:
            self._seen = now
        elif now - self._looked > _LOOK_SECONDS:
            self._look_for_workers(now)
        return found

    def _look_for_workers(self, now: float) -> None:
        self._looked = now
        try:
            alive = bool(self._client.nthreads())
        except Exception:  # of many kinds, while the scheduler is away
            alive = False
        if alive:
            self._seen = now
        elif now - self._seen > _PATIENCE_SECONDS:
            raise BatchError(
                f"the Dask scheduler at {self._address} has had no workers for"
                f" {_PATIENCE_SECONDS / 60:.0f} minutes; run the batch again when it has some"
            )

    def under_way(self) -> list[tuple[Job, float]]:
        return []

    def close(self, *, at_once: bool) -> None:
        crew = getattr(self, "_crew", None)
        if crew is not None:
            crew.close(at_once=at_once)
        self._client.close()
        self._close_cluster()

    def _close_cluster(self) -> None:
        if self._cluster is not None:
            self._cluster.close()


def _own_cluster(distributed: Any, jobs: int, retries: int) -> Any:
    """Start a scheduler and worker processes that nobody outside this machine can reach."""
    import logging

    import dask

    with dask.config.set({"distributed.scheduler.allowed-failures": retries}):
        return distributed.LocalCluster(
            n_workers=jobs,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address=None,
            silence_logs=logging.CRITICAL,
        )


def _first_line(error: BaseException) -> str:
    return " ".join(str(error).split()).partition(". ")[0] or type(error).__name__
