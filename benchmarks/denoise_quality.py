# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge denoisers by all metrics on one set, recording by recording: the engine of `bench denoise`.

Finished rows are kept in rows.jsonl: an interrupted run goes on where it was, and a run after a
change judges anew only the boxes that changed (their fingerprint tells).
"""

from __future__ import annotations

import hashlib
import itertools
import json
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

from neuralboard.benchmarks.contenders import Contender
from neuralboard.benchmarks.denoise_set import DenoiseSet
from neuralboard.benchmarks.pairs import FolderPairs, Recordings
from neuralboard.benchmarks.results import plain
from neuralboard.benchmarks.scoring import VERSION, run_one
from neuralboard.benchmarks.sources import Sources
from neuralboard.benchmarks.synthetic import SyntheticSet
from neuralboard.errors import NeuralboardError

__all__ = ["Judged", "Task", "run"]

Row = dict[str, Any]
Key = tuple[str, str, str, str]
Moved = Callable[[int, int | None], None]
ROWS = "rows.jsonl"


@dataclass(frozen=True)
class Task:
    """What is judged on what; small enough to be sent to a worker process.

    Attributes
    ----------
    boxes : tuple of str
        Chain texts; "noisy" is the input itself.
    recordings, pairs, data, folders
        Where the sound comes from; the first that is given counts: files without a reference, a
        folder of pairs, a folder with {speech,noise,rir}/test, folders of speech, noise and
        (perhaps) rooms. Nothing given: the small synthetic set.
    count, seed : int
        Of a mixed set.
    """

    boxes: tuple[str, ...]
    recordings: tuple[str, ...] = ()
    pairs: str | None = None
    data: str | None = None
    folders: tuple[str, str, str | None] | None = None
    count: int = 72
    seed: int = 15

    @property
    def synthetic(self) -> bool:
        """True where no recordings are given at all."""
        return not (self.recordings or self.pairs or self.data or self.folders)

    def items(self) -> Any:
        """Return the recordings: a sequence of Pair with a `name(index)`."""
        if self.recordings:
            return Recordings(self.recordings)
        if self.pairs is not None:
            return FolderPairs(self.pairs)
        if self.data is not None:
            return DenoiseSet(Sources.find(Path(self.data)), self.count, self.seed)
        if self.folders is not None:
            speech, noise, rooms = (Path(f) if f is not None else None for f in self.folders)
            if speech is None or noise is None:
                raise NeuralboardError("mixing needs --speech and --noise; give both")
            return DenoiseSet(Sources.from_folders(speech, noise, rooms), self.count, self.seed)
        return SyntheticSet(self.seed)

    def said(self) -> str:
        """Return in words what was judged; it names no folder of the machine."""
        if self.recordings:
            return "recordings without a reference"
        if self.pairs is not None:
            layout = FolderPairs(self.pairs).layout
            return f"recordings of {Path(self.pairs).name} (recognised as: {layout.kind})"
        if self.synthetic:
            return f"synthetic mixtures, seed {self.seed}"
        return f"mixtures of speech and noise, seed {self.seed}"


class Judged(NamedTuple):
    """Rows of all boxes on all recordings, and the recordings that could not be used, with why."""

    rows: list[Row]
    skipped: list[dict[str, str]]


class _Item(NamedTuple):
    """What a worker gives back."""

    name: str
    digest: str
    rows: list[Row]
    skipped: dict[str, str] | None = None


def run(
    task: Task,
    out: Path,
    jobs: int = 1,
    *,
    known: Sequence[Row] = (),
    moved: Moved | None = None,
) -> Judged:
    """Judge every box on every recording; rows that are there already are not made again.

    Parameters
    ----------
    task : Task
    out : Path
        Folder; its rows.jsonl holds finished rows.
    jobs : int
        Processes.
    known : sequence of dict
        Rows of an older result.
    moved : callable, optional
        Called with (recordings done, all).

    Returns
    -------
    Judged
        One row per box and recording, boxes in the order of the task.
    """
    out.mkdir(parents=True, exist_ok=True)
    kept = out / ROWS
    prints = {text: _fingerprint(text) for text in task.boxes}
    labels = {text: Contender(text).label for text in task.boxes}
    # What failed is tried again: a package may have been installed, a file repaired.
    older = [row for row in [*known, *_kept_rows(kept)] if "failed" not in row]
    by_key = {_key(row): row for row in older}
    rows: list[Row] = []
    skipped: list[dict[str, str]] = []
    total = len(task.items())
    with kept.open("a", encoding="utf-8") as file:
        work = _work(task, prints, labels, frozenset(by_key), total, jobs)
        for number, item in enumerate(work):
            for row in item.rows:
                by_key[_key(row)] = row
                file.write(json.dumps(row) + "\n")
            file.flush()
            if item.skipped is not None:
                skipped.append(item.skipped)
            else:
                rows += [by_key[labels[t], prints[t], item.digest, item.name] for t in task.boxes]
            if moved is not None:
                moved(number + 1, total)
    order = {label: number for number, label in enumerate(labels.values())}
    rows.sort(key=lambda row: (order[row["box"]], row["pair"]))
    return Judged(rows, sorted(skipped, key=lambda item: item["pair"]))


def _fingerprint(text: str) -> str:
    """Return a hash of the box and of the judges."""
    parts = [Contender(text).fingerprint(), f"judge {VERSION}"]
    for package in ("pesq", "pystoi", "speechmos"):
        try:
            parts.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            continue
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _key(row: Row) -> Key:
    return row["box"], row["fingerprint"], row["digest"], row["pair"]


def _work(
    task: Task,
    prints: dict[str, str],
    labels: dict[str, str],
    have: frozenset[Key],
    total: int,
    jobs: int,
) -> Iterator[_Item]:
    calls = [(task, prints, labels, have, index) for index in range(total)]
    if jobs <= 1:
        yield from itertools.starmap(_one_item, calls)
        return
    # Each worker is one core's worth: threads of a matrix library would only wait for each other.
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    context, others = multiprocessing.get_context("spawn"), set(multiprocessing.active_children())
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=_leave_ctrl_c) as pool:
        waiting: set[Future[_Item]] = {pool.submit(_one_item, *call) for call in calls}
        try:
            while waiting:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for worker in set(multiprocessing.active_children()) - others:
                worker.terminate()  # what it was at is not kept; nothing else is lost
            raise


def _leave_ctrl_c() -> None:
    """Let Ctrl-C reach the parent only, which ends the workers without their tracebacks."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _one_item(
    task: Task,
    prints: dict[str, str],
    labels: dict[str, str],
    have: frozenset[Key],
    index: int,
) -> _Item:
    """Judge one recording by all boxes that have no row for it yet."""
    items = _items(replace(task, boxes=()))
    try:
        pair = items[index]
    except (NeuralboardError, OSError) as error:  # the run goes on; the report lists it
        reason = " ".join(str(error).split())
        name = items.name(index)
        return _Item(name, "", [], {"pair": name, "reason": _without_folders(reason)})
    digest = pair.digest()
    rows = []
    for text in task.boxes:
        if (labels[text], prints[text], digest, pair.name) not in have:
            head = {"box": labels[text], "fingerprint": prints[text], "digest": digest}
            rows.append(plain(head | run_one(_contender(text), pair)))
    return _Item(pair.name, digest, rows)


def _without_folders(text: str) -> str:
    """Cut paths to their last part: a report names no machine's folders."""
    return " ".join(
        word if "/" not in word or not word.startswith("/") else word.rpartition("/")[2]
        for word in text.split(" ")
    )


@lru_cache(maxsize=2)
def _items(task: Task) -> Any:
    return task.items()


@lru_cache(maxsize=32)
def _contender(text: str) -> Any:
    board = Contender(text).board()  # kept: opening a voice anew for each pair would cost more
    return lambda audio, sample_rate: board(audio, sample_rate)


def _kept_rows(path: Path) -> list[Row]:
    """Read finished rows; a line cut short by a crash is left out."""
    rows = []
    if path.is_file():
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                rows.append(json.loads(line))
            except json.JSONDecodeError:
                continue
    return rows
