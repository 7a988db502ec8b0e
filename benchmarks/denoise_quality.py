# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge denoisers by all metrics on one set, pair by pair.

    python -m neuralboard.benchmarks.denoise_quality --data DIR --peers --out results/
    python -m neuralboard.benchmarks.denoise_quality --pairs DIR --boxes "denoiser(); noisy" ...

`--data` holds {speech,noise,rir}/test and mixes the seeded set; `--pairs` holds clean/ and noisy/.
Finished rows are kept in rows.jsonl: an interrupted run goes on where it was. The result is
results.json (every number) and results.md (tables).
"""

from __future__ import annotations

import argparse
import itertools
import json
import multiprocessing
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from neuralboard.benchmarks.contenders import (
    CLASSIC,
    NOISY,
    Contender,
    chosen,
)
from neuralboard.benchmarks.contenders import facts as measured_on
from neuralboard.benchmarks.denoise_set import DenoiseSet
from neuralboard.benchmarks.pairs import FolderPairs, Pair
from neuralboard.benchmarks.scoring import METRICS, run_one, summarise
from neuralboard.benchmarks.sources import Sources
from neuralboard.benchmarks.tables import (
    by_box,
    compare,
    condition_table,
    faults,
    main_table,
    paired_table,
)
from neuralboard.console import INTERRUPTED, progress_bar, say
from neuralboard.errors import NeuralboardError

__all__ = ["Task", "main", "run", "write_results"]

Row = dict[str, Any]
_FACTS = ("snr_db", "noise_type", "room", "band", "level_db")
_SHOWN = ("pesq_wb", "estoi", "si_sdr_aligned", "dnsmos_ovrl", "lsd")


@dataclass(frozen=True)
class Task:
    """What is judged on what; small enough to be sent to a worker process."""

    boxes: tuple[str, ...]
    data: str | None = None
    pairs: str | None = None
    count: int = 72
    seed: int = 15

    def items(self) -> Sequence[Pair]:
        """Return the recordings."""
        if self.pairs is not None:
            return FolderPairs(self.pairs)
        return DenoiseSet(Sources.find(Path(self.data or ".")), self.count, self.seed)


def run(task: Task, out: Path, jobs: int = 1) -> list[Row]:
    """Judge every box on every item; rows that `out`/rows.jsonl holds already are not made again.

    Returns
    -------
    list of dict
        One row per box and item, boxes in the order of the task.
    """
    out.mkdir(parents=True, exist_ok=True)
    kept = out / "rows.jsonl"
    prints = {text: Contender(text).fingerprint() for text in task.boxes}
    labels = {text: Contender(text).label for text in task.boxes}
    known = {(r["box"], r["fingerprint"], r["digest"]): r for r in _kept_rows(kept)}
    have = frozenset(known)
    rows: list[Row] = []
    total = len(task.items())
    with (
        progress_bar(f"{len(task.boxes)} boxes", quiet=False) as moved,
        kept.open("a", encoding="utf-8") as file,
    ):
        for number, (digest, made) in enumerate(_work(task, prints, labels, have, total, jobs)):
            for row in made:
                known[(row["box"], row["fingerprint"], row["digest"])] = row
                file.write(json.dumps(row) + "\n")
            file.flush()
            rows += [known[(labels[text], prints[text], digest)] for text in task.boxes]
            if moved is not None:
                moved(number + 1, total)
    order = {label: number for number, label in enumerate(labels.values())}
    return sorted(rows, key=lambda row: (order[row["box"]], row["pair"]))


def _work(
    task: Task,
    prints: dict[str, str],
    labels: dict[str, str],
    have: frozenset[tuple[str, str, str]],
    total: int,
    jobs: int,
) -> Iterator[tuple[str, list[Row]]]:
    calls = [(task, prints, labels, have, index) for index in range(total)]
    if jobs <= 1:
        yield from itertools.starmap(_one_item, calls)
        return
    # Each worker is one core's worth: threads of a matrix library would only wait for each other.
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        waiting: set[Future[tuple[str, list[Row]]]] = {
            pool.submit(_one_item, *call) for call in calls
        }
        try:
            while waiting:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _one_item(
    task: Task,
    prints: dict[str, str],
    labels: dict[str, str],
    have: frozenset[tuple[str, str, str]],
    index: int,
) -> tuple[str, list[Row]]:
    """Judge one recording by all boxes that have no row for it yet."""
    pair = _items(task)[index]
    digest = pair.digest()
    rows = []
    for text in task.boxes:
        if (labels[text], prints[text], digest) in have:
            continue
        head = {"box": labels[text], "fingerprint": prints[text], "digest": digest}
        rows.append(head | run_one(_contender(text), pair))
    return digest, rows


@lru_cache(maxsize=1)
def _items(task: Task) -> Sequence[Pair]:
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


def write_results(rows: list[Row], task: Task, anchor: str, out: Path) -> str:
    """Write results.json and results.md; return the Markdown."""
    groups = by_box(rows)
    anchor = next(
        (box for box in groups if box.startswith(anchor.rstrip("()"))), next(iter(groups))
    )
    facts = {
        "recordings": len({row["pair"] for row in rows}),
        "seed": None if task.pairs else task.seed,
        "measured_on": measured_on(),
        "anchor": anchor,
    }
    content = {
        **facts,
        "metrics": {name: asdict(metric) for name, metric in METRICS.items()},
        "means": {box: _plain(summarise(group)) for box, group in groups.items()},
        "paired_with_anchor": {
            box: _plain(compare(group, groups[anchor])) for box, group in groups.items()
        },
        "faults": {box: faults(group) for box, group in groups.items() if faults(group)},
        "rows": rows,
    }
    (out / "results.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    text = _markdown(groups, anchor, facts)
    (out / "results.md").write_text(text, encoding="utf-8")
    return text


def _plain(estimates: dict[str, Any]) -> dict[str, Any]:
    return {name: value._asdict() for name, value in estimates.items()}


def _markdown(groups: dict[str, list[Row]], anchor: str, facts: dict[str, Any]) -> str:
    machine = ", ".join(f"{name} {value}" for name, value in facts["measured_on"].items())
    parts = [
        "# Denoisers: quality",
        f"{facts['recordings']} recordings, seed {facts['seed']}; {machine}.\n\n"
        "Means with 95 % bootstrap intervals over recordings; the range that a metric hears stands"
        " beside it. Speech level is no score: 0 is best.",
        main_table(groups),
        f"## Paired differences with `{anchor}`\n\nBold: the 95 % interval"
        " leaves 0 out (8 recordings or more).",
        paired_table(groups, anchor),
    ]
    said = [f"- `{box}`: {line}" for box, rows in groups.items() for line in faults(rows)]
    if said:
        parts.append("## To be said\n\n" + "\n".join(said))
    for fact in _FACTS:
        tables = [condition_table(groups, fact, metric) for metric in _SHOWN]
        if any(tables):
            parts.append(f"## By {fact}\n\n" + "\n\n".join(tables))
    return "\n\n".join(parts) + "\n"


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="denoise_quality", description=__doc__.split("\n")[0])
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--data", help="folder with {speech,noise,rir}/test")
    source.add_argument("--pairs", help="folder with clean/ and noisy/")
    parser.add_argument("--boxes", default="; ".join(CLASSIC), help="chain texts, split by ';'")
    parser.add_argument("--peers", action="store_true", help="the packaged peers, too")
    parser.add_argument("--onnx-dir", type=Path, help="folder with public ONNX files")
    parser.add_argument("--anchor", default="deepfilternet3", help="compared with (a box's name)")
    parser.add_argument("--count", type=int, default=72)
    parser.add_argument("--seed", type=int, default=15)
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--out", type=Path, default=Path("report"))
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line; 0 done, 1 failed, 130 interrupted (finished rows are kept)."""
    options = arguments(argv)
    try:
        texts = (NOISY, *chosen(options.boxes, options.peers, options.onnx_dir))
        task = Task(
            tuple(dict.fromkeys(texts)), options.data, options.pairs, options.count, options.seed
        )
        rows = run(task, options.out, options.jobs)
        print(write_results(rows, task, options.anchor, options.out))
    except KeyboardInterrupt:
        say(f"stopped; finished rows are kept in {options.out / 'rows.jsonl'}", "yellow")
        return INTERRUPTED
    except NeuralboardError as error:
        say(str(error), "red")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
