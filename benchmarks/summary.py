# SPDX-License-Identifier: GPL-3.0-or-later
"""The result in plain words. What is better than we are is said first.

"Better" is by paired differences whose 95 % interval leaves 0 out, on 8 recordings or more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from neuralboard.benchmarks.scoring import METRICS, counted, metrics_in
from neuralboard.benchmarks.tables import FEWEST, compare, cost, faults, speechless

__all__ = ["DECISIVE", "in_words"]

# One of a kind each, so that no kind speaks twice.
DECISIVE = ("pesq_wb", "estoi", "si_sdr_aligned", "dnsmos_ovrl", "lsd")
DEARER = 1.1  # a difference in processor time below 10 % is none

Groups = Mapping[str, Sequence[Mapping[str, Any]]]


def in_words(groups: Groups, ours: str, peers: Sequence[str]) -> list[str]:
    """Return the lines of a summary.

    Parameters
    ----------
    groups : mapping of box to rows
    ours : str
        The box of ours that peers are compared with.
    peers : sequence of str
        Boxes that are the work of others.
    """
    rows = [row for group in groups.values() for row in group]
    shown = [m.name for m in metrics_in(rows) if m.name in DECISIVE]
    better, worse, even = [], [], []
    for peer in peers:
        if not _ranked(groups, peer) or not _ranked(groups, ours):
            continue
        wins, losses, open_ = _against(groups, peer, ours, shown)
        if wins:
            better.append(f"`{peer}` is better than `{ours}` by {_listed(wins)}.")
        if losses:
            worse.append(f"`{ours}` is better than `{peer}` by {_listed(losses)}.")
        if open_:
            even.append(f"`{peer}`: {', '.join(open_)}")
    lines = better + _cheaper(groups, ours, peers) + worse
    if even:
        lines.append(
            f"Not told apart from `{ours}` (too few recordings, or too alike): {'; '.join(even)}."
        )
    lines += _noisy(groups, ours, shown)
    lines += [f"`{box}`: {line}." for box, group in groups.items() for line in faults(group)]
    return lines


def _ranked(groups: Groups, box: str) -> bool:
    return box in groups and bool(counted(groups[box])) and not speechless(groups[box])


def _against(
    groups: Groups, box: str, other: str, shown: Sequence[str]
) -> tuple[list[str], list[str], list[str]]:
    wins, losses, even = [], [], []
    differences = compare(groups[box], groups[other])
    for name in shown:
        value, metric = differences[name], METRICS[name]
        heading = metric.heading.partition(",")[0]
        if value.n < FEWEST or not value.significant:
            even.append(heading)
            continue
        said = f"{heading} ({value.mean:+.{metric.digits}f})"
        said_back = f"{heading} ({-value.mean:+.{metric.digits}f})"
        if (value.mean > 0) == metric.higher_is_better:
            wins.append(said)
        else:
            losses.append(said_back)
    return wins, losses, even


def _cheaper(groups: Groups, ours: str, peers: Sequence[str]) -> list[str]:
    mine = cost(groups[ours])
    found = [
        (cost(groups[peer]) / mine, peer)
        for peer in peers
        if _ranked(groups, peer) and cost(groups[peer]) * DEARER < mine
    ]
    told = [f"`{peer}` ({ratio:.2f} of it)" for ratio, peer in sorted(found)]
    return [f"Less processor time than `{ours}`: {', '.join(told)}."] if told else []


def _noisy(groups: Groups, ours: str, shown: Sequence[str]) -> list[str]:
    if ours == "noisy" or not _ranked(groups, "noisy") or not _ranked(groups, ours):
        return []
    wins, losses, _ = _against(groups, ours, "noisy", shown)
    lines = []
    if losses:
        lines.append(f"`{ours}` makes the recordings worse by {_listed(losses)}.")
    if wins:
        lines.append(f"`{ours}` makes the recordings better by {_listed(wins)}.")
    return lines


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
