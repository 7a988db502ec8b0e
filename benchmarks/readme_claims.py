# SPDX-License-Identifier: GPL-3.0-or-later
"""What the README says in words about the denoiser, drawn from the committed results.

    python -m neuralboard.benchmarks.readme_claims [PROJECT]     # prints what should stand there

The table is drawn by `readme_table`. These are the figures and verdicts in the sentences around it:
a test looks for each in the README. "Better" is as in `summary`: by paired 95 % intervals.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from neuralboard.benchmarks.readme_table import NAMES, RESULTS
from neuralboard.benchmarks.scoring import METRICS
from neuralboard.benchmarks.statistics import Estimate
from neuralboard.benchmarks.tables import by_box, compare

__all__ = ["claims"]

# In the order in which the README tells them.
NEURAL = ("dtln", "gtcrn", "deepfilternet3", "ul_unas", "rnnoise")
WORDS = {
    "pesq_wb": "PESQ",
    "lsd": "LSD",
    "estoi": "ESTOI",
    "si_sdr_aligned": "SI-SDR",
    "dnsmos_ovrl": "DNSMOS",
}
# Beside LSD, which hears rooms and bandwidth more than voices.
FOUR = ("pesq_wb", "estoi", "si_sdr_aligned", "dnsmos_ovrl")
COUNTS = ("no", "one", "two", "three", "four", "five")

Rows = Sequence[Mapping[str, Any]]
Differences = Mapping[str, Mapping[str, Estimate]]  # box → metric → what it is ahead of ours


def claims(results: Mapping[str, Any]) -> list[str]:
    """Return the phrases that the README must hold, of a results.json of `bench denoise`."""
    rows: Rows = results["denoise"]["rows"]
    ours = next(box for box in results["denoise"]["means"] if box.startswith("denoiser("))
    everywhere = _against(rows, ours)
    dry = _against([row for row in rows if row["room"] == "none"], ours)
    return [
        *_set(results["denoise"]),
        *_speechless(rows),
        *_ahead(everywhere, "dnsmos_ovrl"),
        *_behind(everywhere),
        *_dry(dry),
    ]


def _against(rows: Rows, ours: str) -> Differences:
    groups = {box.split("(")[0]: group for box, group in by_box(rows).items()}
    mine = groups.pop(ours.split("(")[0])
    return {box: compare(group, mine) for box, group in groups.items() if box != "noisy"}


def _set(part: Mapping[str, Any]) -> list[str]:
    one_box = [row for row in part["rows"] if row["box"] == "noisy"]
    snrs = [row["snr_db"] for row in one_box]
    found = [f"{part['recordings']} mixtures", f"{min(snrs):g} to {max(snrs):g} dB"]
    if 2 * sum(row["room"] != "none" for row in one_box) == len(one_box):
        found.append("half of them in rooms")
    return found


def _speechless(rows: Rows) -> list[str]:
    """Say who leaves no speech, in how many: one phrase where the number is the same."""
    by_number: dict[int, list[str]] = {}
    groups = by_box(rows)
    for box, group in groups.items():
        number = sum(bool(row.get("speechless")) for row in group)
        if number:
            by_number.setdefault(number, []).append(box.split("(")[0])
    whole = len(next(iter(groups.values())))
    if not by_number:
        return ["Each leaves some speech"]
    return [
        f"{_names(boxes)} {'leave' if len(boxes) > 1 else 'leaves'} no speech at all in {number}"
        f" of the {whole}"
        for number, boxes in by_number.items()
    ]


def _ahead(differences: Differences, metric: str) -> list[str]:
    """Say which neural peers are better by a metric, and by how much."""
    gains = {box: differences[box][metric] for box in NEURAL if box in differences}
    ahead = {box: gain.mean for box, gain in gains.items() if _better(gain, metric) > 0}
    if not ahead:
        return [f"by {WORDS[metric]} no neural peer is better"]
    all_of_them = len(ahead) == len(gains)
    who = f"the {COUNTS[len(ahead)]} neural peers" if all_of_them else _names(ahead)
    verb = "are" if len(ahead) > 1 else "is"
    low, high = (f"{value:.2f}" for value in (min(ahead.values()), max(ahead.values())))
    span = low if low == high else f"{low} to {high}"
    return [f"by {WORDS[metric]} {who} {verb} better**, by {span}"]


def _behind(differences: Differences) -> list[str]:
    """Say by which metrics ours is better than all, or all but those not told apart."""
    found: dict[tuple[str, ...], list[str]] = {}
    for metric in WORDS:
        verdicts = {box: _better(found[metric], metric) for box, found in differences.items()}
        if not any(verdict > 0 for verdict in verdicts.values()):
            even = tuple(box for box, verdict in verdicts.items() if verdict == 0)
            found.setdefault(even, []).append(WORDS[metric])
    told = [
        f"on {_listed(metrics)} "
        + (
            f"better than all but {_names(even)}, from which it is not told apart"
            if even
            else "it is better than all"
        )
        for even, metrics in found.items()
    ]
    return [_sentence("; ".join(told))] if told else ["On nothing it is better than all."]


def _dry(differences: Differences) -> list[str]:
    """Say how ours stands beside each neural peer where there is no room."""
    there = {box: differences[box] for box in NEURAL if box in differences}
    level = [b for b, found in there.items() if all(_better(found[m], m) == 0 for m in FOUR)]
    behind: dict[tuple[str, ...], list[str]] = {}
    for box, found in there.items():
        by = tuple(WORDS[m] for m in FOUR if _better(found[m], m) > 0)
        if by:
            behind.setdefault(by, []).append(box)
    told = [f"level with {_names(level)} on all four"] if level else []
    told += [f"behind {_names(boxes)} by {_listed(by)}" for by, boxes in behind.items()]
    if len(told) > 1:
        told[-1] = f"and {told[-1]}"
    return [f"In the half without rooms it is {', '.join(told)}."] if told else []


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _better(gain: Estimate, metric: str) -> int:
    """Return 1 where the other box is better than ours, -1 where ours is, 0 where it is open."""
    if not gain.significant:
        return 0
    return 1 if (gain.mean > 0) == METRICS[metric].higher_is_better else -1


def _names(boxes: Iterable[str]) -> str:
    return _listed([NAMES[box] for box in boxes])


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


if __name__ == "__main__":
    _project = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    _results = json.loads((_project / RESULTS).read_text(encoding="utf-8"))
    sys.stdout.write("\n".join(claims(_results)) + "\n")
