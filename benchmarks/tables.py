# SPDX-License-Identifier: GPL-3.0-or-later
"""Results as tables: means with intervals, paired differences, one table per condition."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from neuralboard.benchmarks.scoring import METRICS, column, summarise
from neuralboard.benchmarks.statistics import Estimate, mean_interval, paired_difference

__all__ = ["by_box", "compare", "condition_table", "faults", "main_table", "paired_table", "worded"]

Row = dict[str, Any]
LATE_MS = 0.5
FEWEST = 8  # a bootstrap over fewer recordings says nothing


def by_box(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Group rows by box, in order of appearance; each group sorted by pair."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row["box"], []).append(row)
    return {box: sorted(group, key=lambda row: str(row["pair"])) for box, group in groups.items()}


def compare(rows: Sequence[Row], others: Sequence[Row]) -> dict[str, Estimate]:
    """Return the paired difference rows - others of each metric, over pairs that both have."""
    mine, theirs = ({row["pair"]: row for row in side} for side in (rows, others))
    both = sorted(mine.keys() & theirs.keys())
    left, right = [mine[pair] for pair in both], [theirs[pair] for pair in both]
    return {n: paired_difference(column(left, n), column(right, n)) for n in METRICS}


def faults(rows: Sequence[Row]) -> list[str]:
    """Return what must be said of a box: failures, no speech, a latency that is not declared."""
    found = []
    failed = [row for row in rows if "failed" in row]
    if failed:
        found.append(f"failed on {len(failed)} of {len(rows)}: {failed[0]['failed']}")
    silent = sum(1 for row in rows if row.get("speechless"))
    if silent:
        found.append(f"no speech left in {silent} of {len(rows)}: not ranked there")
    lags = sorted(row["lag_ms"] for row in rows if "lag_ms" in row)
    if lags and abs(lags[len(lags) // 2]) > LATE_MS:
        found.append(f"its declared latency is wrong by {lags[len(lags) // 2]:+.2f} ms (median)")
    return found


def worded(value: Estimate, digits: int, sign: str = "") -> str:
    """Return "2.31 [2.20, 2.42]", or a dash where there is nothing."""
    if value.n == 0:
        return "–"
    return (
        f"{value.mean:{sign}.{digits}f} [{value.low:{sign}.{digits}f},"
        f" {value.high:{sign}.{digits}f}]"
    )


def main_table(groups: dict[str, list[Row]]) -> str:
    """Return Markdown: one row a box, mean and 95 % interval of each metric."""
    lines = [_line("box", "n", *(f"{m.heading} ({m.bandwidth})" for m in METRICS.values()))]
    lines.append(_line(*("---" for _ in range(len(METRICS) + 2))))
    for box, rows in groups.items():
        means = summarise(rows)
        good = sum(1 for row in rows if "failed" not in row)
        cells = (worded(means[n], m.digits) for n, m in METRICS.items())
        lines.append(_line(f"`{box}`", str(good), *cells))
    return "\n".join(lines)


def paired_table(groups: dict[str, list[Row]], anchor: str) -> str:
    """Return Markdown: each box minus the anchor; bold where the interval leaves 0 out."""
    lines = [_line("box − anchor", *(m.heading for m in METRICS.values()))]
    lines.append(_line(*("---" for _ in range(len(METRICS) + 1))))
    for box, rows in groups.items():
        if box == anchor:
            continue
        cells = []
        for name, value in compare(rows, groups[anchor]).items():
            text = worded(value, METRICS[name].digits, "+")
            cells.append(f"**{text}**" if value.n >= FEWEST and value.significant else text)
        lines.append(_line(f"`{box}`", *cells))
    return "\n".join(lines)


def condition_table(groups: dict[str, list[Row]], fact: str, metric: str) -> str:
    """Return Markdown: the mean of one metric for each value of a fact (and how many)."""
    found = {row[fact] for rows in groups.values() for row in rows if fact in row}
    values = sorted(found, key=lambda value: (isinstance(value, str), value))
    if not values:
        return ""
    digits = METRICS[metric].digits
    some = next(iter(groups.values()))
    counts = [sum(1 for row in some if row.get(fact) == value) for value in values]
    head = (f"{value} (n={count})" for value, count in zip(values, counts, strict=True))
    lines = [_line(f"{METRICS[metric].heading} by {fact}", *head)]
    lines.append(_line(*("---" for _ in range(len(values) + 1))))
    for box, rows in groups.items():
        cells = []
        for value in values:
            mean = mean_interval(column([r for r in rows if r.get(fact) == value], metric)).mean
            cells.append(f"{mean:.{digits}f}" if mean == mean else "–")
        lines.append(_line(f"`{box}`", *cells))
    return "\n".join(lines)


def _line(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"
