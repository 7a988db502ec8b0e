# SPDX-License-Identifier: GPL-3.0-or-later
"""Results as tables: means with intervals, paired differences, one table per condition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from neuralboard.benchmarks.scoring import METRICS, column, counted, metrics_in, summarise
from neuralboard.benchmarks.statistics import Estimate, mean_interval, paired_difference
from neuralboard.report import Cell, Column, Table

__all__ = [
    "FEWEST",
    "by_box",
    "cell_of",
    "compare",
    "condition",
    "condition_table",
    "conditions",
    "cost",
    "faults",
    "main_table",
    "paired_table",
    "shown_as",
    "speechless",
]

Row = Mapping[str, Any]
Groups = Mapping[str, Sequence[Row]]
LATE_MS = 0.5
FEWEST = 8  # a bootstrap over fewer recordings says nothing
_MANY, _STEP_DB = 8, 5  # more values than that are gathered: SNRs by 5 dB


def by_box(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Group rows by box, in order of appearance; each group sorted by pair."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row["box"], []).append(row)
    return {box: sorted(group, key=lambda row: str(row["pair"])) for box, group in groups.items()}


def compare(rows: Sequence[Row], others: Sequence[Row]) -> dict[str, Estimate]:
    """Return the paired difference rows - others of each metric, over pairs that both have."""
    mine, theirs = ({row["pair"]: row for row in counted(side)} for side in (rows, others))
    both = sorted(mine.keys() & theirs.keys())
    left, right = [mine[pair] for pair in both], [theirs[pair] for pair in both]
    return {n: paired_difference(column(left, n), column(right, n)) for n in METRICS}


def speechless(rows: Sequence[Row]) -> bool:
    """Return True where a box leaves no speech in most of the recordings: it is not ranked."""
    return 2 * sum(1 for row in rows if row.get("speechless")) > len(rows)


def cost(rows: Sequence[Row]) -> float:
    """Return the median processor time in seconds per second of audio; NaN where none is told."""
    spent = [row["cpu_seconds"] / row["seconds"] for row in rows if "cpu_seconds" in row]
    return float(np.median(spent)) if spent else float("nan")


def faults(rows: Sequence[Row]) -> list[str]:
    """Return what must be said of a box: failures, no speech, a latency that is not declared."""
    found = []
    failed = [row for row in rows if "failed" in row]
    if failed:
        found.append(f"failed on {len(failed)} of {len(rows)}: {failed[0]['failed']}")
    silent = sum(1 for row in rows if row.get("speechless"))
    if silent:
        left = len(rows) - silent - len(failed)
        found.append(
            f"no speech left in {silent} of {len(rows)} (more than 40 dB below the clean level):"
            f" unranked there, its means are those of the other {left}, which flatters it"
        )
    lags = sorted(row["lag_ms"] for row in counted(rows) if "lag_ms" in row)
    if lags and abs(lags[len(lags) // 2]) > LATE_MS:
        found.append(f"its declared latency is wrong by {lags[len(lags) // 2]:+.2f} ms (median)")
    return found


def cell_of(value: Estimate, digits: int, sign: str = "", *, ranked: bool = True) -> Cell:
    """Return a mean, its interval small; a dash where there is nothing, no place where unranked."""
    if value.n == 0:
        return Cell("–")
    strong = bool(sign) and value.n >= FEWEST and value.significant
    interval = f"[{value.low:{sign}.{digits}f}, {value.high:{sign}.{digits}f}]"
    note = interval if value.n > 1 else ""
    key = round(value.mean, 6) if ranked else None
    return Cell(f"{value.mean:{sign}.{digits}f}", key, strong, note)


def shown_as(fact: str, value: Any) -> str:
    """Return a condition as a heading: "5 dB", "steady"."""
    if isinstance(value, (int, float)):
        return f"{value:g} dB" if fact.endswith("_db") else f"{value:g}"
    return str(value)


def main_table(groups: Groups) -> Table:
    """Return one row a box: mean and 95 % interval of each metric, processor time."""
    shown = metrics_in(row for rows in groups.values() for row in rows)
    columns = [Column("box", number=False), Column("n")]
    columns += [Column(m.heading, m.bandwidth) for m in shown]
    columns.append(Column("time, ms per s", "processor"))
    lines = []
    for box, rows in sorted(groups.items(), key=lambda item: speechless(item[1])):
        means, spent = summarise(rows), cost(rows)
        mark = " (no speech: unranked)" if speechless(rows) else ""
        if rows and all("failed" in row for row in rows):
            mark = f" (failed: {rows[0]['failed']})"
        count = len(counted(rows))
        cells = [Cell(f"`{box}`{mark}", box), Cell(str(count), count)]
        cells += [cell_of(means[m.name], m.digits, ranked=not mark) for m in shown]
        known = spent == spent and box != "noisy"
        cells.append(Cell(f"{1e3 * spent:.0f}" if known else "–", spent if known else None))
        lines.append(cells)
    return Table(columns, lines)


def paired_table(groups: Groups, anchor: str) -> Table:
    """Return each box minus the anchor; strong where the interval leaves 0 out."""
    shown = metrics_in(row for rows in groups.values() for row in rows)
    columns = [Column("box − anchor", number=False), *(Column(m.heading) for m in shown)]
    lines = []
    for box, rows in groups.items():
        if box == anchor:
            continue
        cells, differences = [Cell(f"`{box}`", box)], compare(rows, groups[anchor])
        cells += [cell_of(differences[m.name], m.digits, "+") for m in shown]
        lines.append(cells)
    return Table(columns, lines)


def conditions(groups: Groups, fact: str) -> list[Any]:
    """Return the values of a fact, in order; many SNRs are gathered by 5 dB."""
    found = {row[fact] for rows in groups.values() for row in rows if fact in row}
    if fact.endswith("_db") and len(found) > _MANY:
        found = {_gathered(value) for value in found}
    if len(found) > 2 * _MANY:
        return []  # names that are all different say nothing
    return sorted(found, key=lambda value: (isinstance(value, str), value))


def condition(row: Row, fact: str, values: Sequence[Any]) -> Any:
    """Return which of the `conditions` a row belongs to; None where it has no such fact."""
    value = row.get(fact)
    return value if value is None or value in values else _gathered(value)


def _gathered(value: float) -> float:
    return float(np.clip(_STEP_DB * round(value / _STEP_DB), -20, 40))


def condition_table(groups: Groups, fact: str, metric: str, title: str) -> Table | None:
    """Return the mean of one metric for each value of a fact (and how many); None without it."""
    values = conditions(groups, fact)
    if not values or metric not in {m.name for m in _shown(groups)}:
        return None
    digits = METRICS[metric].digits
    some = next(iter(groups.values()))
    counts = [sum(1 for row in some if condition(row, fact, values) == value) for value in values]
    columns = [Column(f"{METRICS[metric].heading} by {title}", number=False)]
    columns += [
        Column(shown_as(fact, v), f"n={count}") for v, count in zip(values, counts, strict=True)
    ]
    lines = []
    for box, rows in groups.items():
        cells = [Cell(f"`{box}`", box)]
        for value in values:
            there = [r for r in counted(rows) if condition(r, fact, values) == value]
            mean = mean_interval(column(there, metric)).mean
            known = mean == mean
            cells.append(Cell(f"{mean:.{digits}f}" if known else "–", mean if known else None))
        lines.append(cells)
    return Table(columns, lines)


def _shown(groups: Groups) -> list[Any]:
    return metrics_in(row for rows in groups.values() for row in rows)
