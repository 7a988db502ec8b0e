# SPDX-License-Identifier: GPL-3.0-or-later
"""`nb.batch`: folders and files through a chain in one call."""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import Executor
from typing import Any

from neuralboard.batching.results import BatchReport
from neuralboard.batching.running import Progress, Tell, run_batch
from neuralboard.batching.tree import check_formats, plan_tree

__all__ = ["batch"]

StrPath = str | os.PathLike[str]


def batch(
    inputs: StrPath | Iterable[StrPath],
    output: StrPath,
    chain: Any,
    *,
    format: str | None = None,  # noqa: A002 - the word that users know
    jobs: int | None = None,
    cluster: str | None = None,
    executor: Executor | None = None,
    retries: int = 2,
    force: bool = False,
    progress: Progress | None = None,
    tell: Tell | None = None,
    **settings: Any,
) -> BatchReport:
    """Process folders and files into a folder, on several processors or machines.

    Parameters
    ----------
    inputs : path or iterable of paths
        Audio files, and folders, whose tree is mirrored in `output`.
    output : path
        A folder, made if missing. Beside the outputs lies the journal: the same call again does
        what is missing, what failed, and what has another input, chain or version now.
    chain : Processor or str
        A board, or chain text.
    format : str, optional
        "wav", "flac", "aiff", "ogg" or "mp3"; the input's where not given.
    jobs, cluster, executor, retries, force, progress, tell
        See `neuralboard.batching.running.run_batch`.
    **settings
        Keywords of `process_file`: `sample_rate`, `bit_depth`, `quality`, `tail`, ...

    Returns
    -------
    BatchReport

    Raises
    ------
    BatchError, NeuralboardError
        What concerns all files. What befalls one is in its result, and the others go on.

    Examples
    --------
    >>> report = batch("songs", "out", "denoiser()", jobs=2)           # doctest: +SKIP
    >>> [result.error for result in report.failed]                     # doctest: +SKIP
    []
    """
    given = [inputs] if isinstance(inputs, (str, os.PathLike)) else list(inputs)
    tasks = plan_tree(given, output, format=format)
    check_formats(
        tasks, settings.get("sample_rate"), settings.get("bit_depth"), settings.get("quality")
    )
    return run_batch(
        tasks,
        chain,
        output,
        jobs=jobs,
        cluster=cluster,
        executor=executor,
        retries=retries,
        force=force,
        settings=settings,
        progress=progress,
        tell=tell,
    )
