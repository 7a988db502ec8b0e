# SPDX-License-Identifier: GPL-3.0-or-later
"""What judged recordings become: a part of results.json, and the sections of the page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from neuralboard import drawing
from neuralboard.benchmarks import pictures
from neuralboard.benchmarks.contenders import NOISY, Contender
from neuralboard.benchmarks.contenders import facts as measured_on
from neuralboard.benchmarks.denoise_quality import Judged, Task
from neuralboard.benchmarks.pairs import FolderPairs
from neuralboard.benchmarks.scoring import METRICS, column, counted, metrics_in, summarise
from neuralboard.benchmarks.summary import in_words
from neuralboard.benchmarks.tables import (
    FEWEST,
    by_box,
    compare,
    condition,
    condition_table,
    conditions,
    cost,
    faults,
    main_table,
    paired_table,
    shown_as,
)
from neuralboard.report import Block, Lines, Picture, Section, Sounds, Version

__all__ = ["FIRST", "anchor_of", "part_of", "sections", "summary"]

FIRST = (
    "Synthetic speech: one synthetic voice under synthetic noise. Figures on synthetic speech"
    " decide nothing; they show that everything runs. Give --pairs, or --speech and --noise."
)
_FACTS = {"snr_db": "SNR, dB", "noise_type": "noise", "room": "room", "band": "band",
          "level_db": "level, dB"}  # fmt: skip
_TABLED = ("pesq_wb", "estoi", "si_sdr_aligned", "dnsmos_ovrl", "lsd")
_PLOTTED = {"snr_db": ("pesq_wb", "si_sdr_aligned", "dnsmos_ovrl"),
            "noise_type": ("pesq_wb", "si_sdr_aligned", "dnsmos_ovrl")}  # fmt: skip
_SAYS = {
    "pesq_wb": "PESQ-WB: perceived quality up to 8 kHz, 1.04 to 4.64; blind to gain, to latency and"
    " to all above 8 kHz.",
    "stoi": "STOI, ESTOI: intelligibility up to 5 kHz, 0 to 1; blind to gain.",
    "si_sdr": "SI-SDR: speech against everything else, full band. At the declared latency one"
    " sample of delay costs several dB; so it is given at the best lag within ±1 ms as well, and"
    " comparisons use that one.",
    "dnsmos_ovrl": "DNSMOS: a network's guess of what listeners would say of speech (SIG),"
    " background (BAK) and the whole (OVRL), up to 8 kHz. Clean speech gets about 3.3, not 5. It is"
    " blind to wrong words and likes too much suppression: never believe it alone. All are brought"
    " to -26 dBFS first.",
    "lsd": "LSD: log-spectral distance up to 24 kHz; lower is better. The only one that hears the"
    " treble.",
    "speech_level": "Speech level: what became of the level where there is speech. No score: 0 is"
    " best, below it speech was swallowed (noise that is left counts as level).",
    "input_level": "Level in loud frames: output against input where the input is loud. No score:"
    " noise that was removed there counts as well as speech that was swallowed.",
}
_NONE_ALONE = "None decides alone: a claim needs at least three that agree, and ears."


def anchor_of(boxes: Sequence[str], asked: str | None) -> str:
    """Return the label that all others are compared with: the one asked for, else our first."""
    labels = {Contender(text).label: text for text in boxes}
    if asked is not None:
        for label in labels:
            if label.partition("(")[0] == asked.partition("(")[0]:
                return label
    own = [label for label, text in labels.items() if text != NOISY and not Contender(text).peer]
    first = [label for label in own if label.startswith("denoiser(")]
    return next(iter([*first, *own, *labels]))


def part_of(
    judged: Judged, task: Task, anchor: str, excerpts: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return what results.json keeps of a run."""
    groups = by_box(judged.rows)
    alone = FolderPairs(task.pairs).layout.alone if task.pairs is not None else ()
    mixed = task.data is not None or task.folders is not None or task.synthetic
    shown = metrics_in(judged.rows)
    return {
        "what": task.said(),
        "recordings": len({row["pair"] for row in judged.rows}),
        "seed": task.seed if mixed else None,
        "synthetic": task.synthetic,
        "measured_on": measured_on(),
        "anchor": anchor,
        "peers": [Contender(text).label for text in task.boxes if Contender(text).peer],
        "metrics": {metric.name: asdict(metric) for metric in shown},
        "means": {
            box: {name: summarise(rows)[name]._asdict() for name in (m.name for m in shown)}
            for box, rows in groups.items()
        },
        "seconds_per_second": {box: cost(rows) for box, rows in groups.items()},
        "paired_with_anchor": {
            box: {
                name: value._asdict()
                for name, value in compare(rows, groups[anchor]).items()
                if name in {m.name for m in shown}
            }
            for box, rows in groups.items()
        },
        "faults": {box: faults(rows) for box, rows in groups.items() if faults(rows)},
        "skipped": judged.skipped,
        "notes": _notes(judged.rows),
        "without_twin": list(alone),
        "excerpts": list(excerpts),
        "rows": judged.rows,
    }


def _notes(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return sorted({f"{row['pair']}: {row['note']}" for row in rows if "note" in row})


def summary(part: Mapping[str, Any]) -> list[str]:
    """Return the summary of a part in plain words."""
    groups = by_box(part["rows"])
    if not groups:
        return ["Nothing could be judged: see what was skipped."]
    lines = in_words(groups, part["anchor"], part["peers"])
    if part["recordings"] < FEWEST:
        lines = [*_order(groups), *lines]
    lines.append(f"Judged on: {part['recordings']} {part['what']}.")
    if part["skipped"]:
        lines.append(f"{len(part['skipped'])} recordings could not be used; they are listed below.")
    return lines


def _order(groups: Mapping[str, Any]) -> list[str]:
    """Return the order by a guess of the whole: few recordings allow no more than that."""
    means = {box: summarise(rows)["dnsmos_ovrl"].mean for box, rows in groups.items()}
    known = sorted(((mean, box) for box, mean in means.items() if mean == mean), reverse=True)
    if not known:
        return []
    told = ", ".join(f"`{box}` {mean:.2f}" for mean, box in known)
    return [f"Too few recordings to decide. By DNSMOS OVRL (a network's guess: listen): {told}."]


def sections(
    part: Mapping[str, Any], folder: Path, kind: str, costs: Mapping[str, float] | None = None
) -> list[Section]:
    """Draw the pictures of a part into `folder`/pictures and return its sections.

    `costs` are seconds per second of audio from a proper measurement of speed, where there is one.
    """
    groups = by_box(part["rows"])
    found = []
    if groups:
        found.append(Section("Quality", _quality(part, groups, folder, kind, costs or {})))
    sounds = [_sounds(excerpt) for excerpt in part["excerpts"]]
    if sounds:
        heard = any(version.file for each in sounds for version in each.versions)
        found.append(Section("Listen and look" if heard else "Spectrograms", sounds))
    for fact, title in _FACTS.items() if groups else ():
        blocks = _by_fact(groups, fact, title, folder, kind, part)
        if blocks:
            found.append(Section(f"By {title}", blocks))
    if groups:
        says = [text for name, text in _SAYS.items() if name in part["metrics"]]
        says.append(_NONE_ALONE)
        found.append(Section("What the metrics say", [Lines(says, listed=True)]))
    listed = _listed(part)
    if listed:
        found.append(Section("Not used, and notes", listed))
    return found


def _quality(
    part: Mapping[str, Any],
    groups: Mapping[str, Any],
    folder: Path,
    kind: str,
    costs: Mapping[str, float],
) -> list[Block]:
    blocks: list[Block] = [
        Lines(
            [
                "Means with 95 % bootstrap intervals over recordings; the range that a metric hears"
                " stands beneath it. Processor time is the median over recordings, of a run that"
                " shared the machine: `neuralboard bench speed` measures it properly."
            ]
        ),
        main_table(groups),
    ]
    blocks += _cost_pictures(part, groups, folder, kind, costs)
    if len(groups) > 1:
        blocks.append(
            Lines(
                [
                    f"Differences with `{part['anchor']}`, recording by recording. Bold: the 95 %"
                    " interval leaves 0 out (8 recordings or more)."
                ]
            )
        )
        blocks.append(paired_table(groups, part["anchor"]))
    return blocks


def _cost_pictures(
    part: Mapping[str, Any],
    groups: Mapping[str, Any],
    folder: Path,
    kind: str,
    costs: Mapping[str, float],
) -> list[Block]:
    blocks: list[Block] = []
    names, colours = _names(groups), _colours(groups, part["peers"])
    for name in ("pesq_wb", "dnsmos_ovrl"):
        points = {}
        for box, rows in groups.items():
            mean, spent = summarise(rows)[name].mean, costs.get(box) or cost(rows)
            if box != NOISY and mean == mean and spent == spent and spent > 0:
                points[names[box]] = (1e3 * spent, mean)
        if len(points) < 2:
            continue
        file = f"pictures/{kind}-cost-{name}.svg"
        axes = ("processor time, ms per second of audio", METRICS[name].heading)
        pictures.scatter(folder / file, points, axes, colours)
        blocks.append(
            Picture(
                file,
                f"{METRICS[name].heading} against processor time",
                f"{METRICS[name].heading} against processor time; the upper left is best. Blue:"
                " ours, brown: others.",
            )
        )
    return blocks


def _colours(groups: Mapping[str, Any], peers: Sequence[str]) -> dict[str, str]:
    names, colours = _names(groups), {}
    for box in groups:
        ours = drawing.INPUT if box == NOISY else drawing.OURS
        colours[names[box]] = drawing.THEIRS if box in peers else ours
    return colours


def _names(boxes: Iterable[str]) -> dict[str, str]:
    """Return short names for pictures: without paths and empty brackets."""
    return {box: re.sub(r"\((path='[^']*')?\)$", "", box) for box in boxes}


def _by_fact(
    groups: Mapping[str, Any],
    fact: str,
    title: str,
    folder: Path,
    kind: str,
    part: Mapping[str, Any],
) -> list[Block]:
    values = conditions(groups, fact)
    if len(values) < 2:
        return []
    blocks: list[Block] = []
    names, colours = _names(groups), _colours(groups, part["peers"])
    for name in _PLOTTED.get(fact, ()):
        if name not in part["metrics"]:
            continue
        panels = {
            shown_as(fact, value): {
                names[box]: column(
                    [row for row in counted(rows) if condition(row, fact, values) == value], name
                )
                for box, rows in groups.items()
            }
            for value in values
        }
        file = f"pictures/{kind}-{fact}-{name}.svg"
        heading = METRICS[name].heading
        pictures.box_plots(folder / file, panels, heading, colours)
        caption = f"{heading} by {title}: median, quartiles, whiskers from 5 to 95 %."
        blocks.append(Picture(file, f"{heading} by {title}", caption, wide=True))
    tables = [condition_table(groups, fact, name, title) for name in _TABLED]
    return [*blocks, *(table for table in tables if table is not None)]


def _sounds(excerpt: Mapping[str, Any]) -> Sounds:
    versions = [
        Version(v["label"], v.get("file"), v["gain_db"], v.get("picture"))
        for v in excerpt["versions"]
    ]
    return Sounds(excerpt["title"], versions, excerpt["note"])


def _listed(part: Mapping[str, Any]) -> list[Block]:
    blocks: list[Block] = []
    if part["skipped"]:
        lines = [f"`{item['pair']}` skipped: {item['reason']}" for item in part["skipped"]]
        blocks.append(Lines(lines, listed=True))
    if part["without_twin"]:
        lines = [f"`{name}` has no twin" for name in part["without_twin"]]
        blocks.append(Lines(lines, listed=True))
    if part["notes"]:
        blocks.append(Lines(part["notes"], listed=True))
    return blocks
