# SPDX-License-Identifier: GPL-3.0-or-later
"""What measured speed becomes: a part of results.json, and the sections of the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from neuralboard.benchmarks import pictures
from neuralboard.benchmarks.contenders import Contender
from neuralboard.benchmarks.contenders import facts as measured_on
from neuralboard.benchmarks.paired import disagree, ratios
from neuralboard.benchmarks.speed import Timing, unsure
from neuralboard.benchmarks.synthetic import RATE
from neuralboard.report import Block, Cell, Column, Lines, Picture, Section, Table

__all__ = ["part_of", "sections", "summary"]

FASTER = 0.9  # a ratio nearer to 1 is no difference
LATE_MS = 0.5


def part_of(
    timings: Sequence[Timing],
    footprints: Mapping[str, Mapping[str, float]],
    texts: Sequence[str],
    anchor: str,
    rounds: int,
    repetitions: int,
    seconds: float,
) -> dict[str, Any]:
    """Return what results.json keeps of a run."""
    base = next((t for t in timings if t.box == anchor), timings[0])
    return {
        "measured_on": measured_on(),
        "anchor": anchor,
        "peers": [Contender(text).label for text in texts if Contender(text).peer],
        "seconds": seconds,
        "repetitions": repetitions,
        "rounds": rounds,
        "boxes": {
            t.box: {
                "failed": t.failed,
                "latency": t.latency,
                "lag": t.lag,
                "offline": t.offline,
                "processes": t.processes,
                "blocks": {str(size): found.facts() for size, found in t.blocks.items()},
                "unsure": bool(not t.failed and not base.failed and unsure(t, base)),
                **footprints.get(t.box, {}),
            }
            for t in timings
        },
    }


def _running(part: Mapping[str, Any]) -> dict[str, Any]:
    return {box: facts for box, facts in part["boxes"].items() if not facts["failed"]}


def _ratio(part: Mapping[str, Any], facts: Mapping[str, Any]) -> tuple[float, float]:
    base = part["boxes"].get(part["anchor"], {}).get("offline", [])
    return ratios(facts["offline"], base)


def summary(part: Mapping[str, Any]) -> list[str]:
    """Return the summary in plain words: who is faster than we are first."""
    boxes, anchor = _running(part), part["anchor"]
    lines = []
    if anchor in boxes:
        ordered = sorted((_ratio(part, facts)[0], box) for box, facts in boxes.items())
        # Ours beside ours is no news; beside one of others, everything is.
        peers = set(boxes if anchor in part["peers"] else part["peers"]) - {anchor}
        faster = [f"`{b}` ({r:.2f} of its time)" for r, b in ordered if b in peers and r < FASTER]
        slower = [f"`{b}` ({r:.1f} times)" for r, b in ordered if b in peers and r * FASTER > 1]
        if faster:
            lines.append(f"Faster than `{anchor}`: {', '.join(faster)}.")
        mine = 1e3 * boxes[anchor]["latency"] / RATE
        sooner = [
            f"`{box}` ({1e3 * facts['latency'] / RATE:.1f} ms)"
            for box, facts in boxes.items()
            if box in peers and facts["blocks"] and 1e3 * facts["latency"] / RATE < mine - LATE_MS
        ]
        if sooner:
            lines.append(f"Less latency than `{anchor}` ({mine:.1f} ms): {', '.join(sooner)}.")
        if slower:
            lines.append(f"Slower than `{anchor}`: {', '.join(slower)}.")
        lines += _also_in_blocks(part, [box for _, box in ordered if box in peers])
    lines += _warnings(part, boxes)
    return lines


def _also_in_blocks(part: Mapping[str, Any], compared: Sequence[str]) -> list[str]:
    """Return the ratios in blocks beside those on whole recordings, which may turn the order."""
    boxes, anchor = part["boxes"], part["anchor"]
    base, sizes, told = boxes[anchor]["blocks"], set[int](), []
    for box in compared:
        facts = boxes[box]
        both = base.keys() & facts["blocks"].keys()
        if not both:
            continue
        sizes |= {int(size) for size in both}
        found = [ratios(facts["blocks"][size]["cost"], base[size]["cost"])[0] for size in both]
        least, most = (f"{value:.2f}" for value in (min(found), max(found)))
        span = least if least == most else f"{least} to {most}"
        told.append(f"`{box}` {span} ({_ratio(part, facts)[0]:.2f} on whole recordings)")
    if not told:
        return []
    span = " to ".join(str(size) for size in sorted({min(sizes), max(sizes)}))
    return [f"In blocks of {span}, times the time of `{anchor}`: {', '.join(told)}."]


def _warnings(part: Mapping[str, Any], boxes: Mapping[str, Any]) -> list[str]:
    lines = [
        f"`{box}`: failed: {facts['failed']}."
        for box, facts in part["boxes"].items()
        if facts["failed"]
    ]
    for box, facts in boxes.items():
        late_ms = 1e3 * facts["lag"] / RATE
        if abs(late_ms) > LATE_MS:
            lines.append(f"`{box}`: its declared latency is wrong by {late_ms:+.2f} ms.")
        missed = [f"{size} ({f['late']})" for size, f in facts["blocks"].items() if f["late"]]
        if missed:
            lines.append(f"`{box}` misses deadlines by itself in blocks of {', '.join(missed)}.")
    torn = [f"`{box}`" for box, facts in boxes.items() if facts["unsure"]]
    if torn:
        lines.append(
            f"Not to be believed to better than 20 %, after {part['rounds']} rounds (the machine"
            f" was busy): {', '.join(torn)}."
        )
    return lines


def sections(part: Mapping[str, Any], folder: Path, kind: str) -> list[Section]:
    """Draw the picture into `folder`/pictures and return the sections."""
    boxes = _running(part)
    blocks: list[Block] = [
        Lines(
            [
                f"{part['repetitions']} repetitions, {part['rounds']} round(s), on"
                f" {part['seconds']:g} s of mono audio at 48 kHz; one process, all warm, in turns."
                " The result are ratios (least by least, median within a repetition); times are"
                " this machine's. Loading is from chain text to the first block in a fresh process."
            ]
        ),
        _whole_table(part),
    ]
    found = [Section("Speed", blocks)]
    if any(facts["blocks"] for facts in boxes.values()):
        found.append(Section("Blocks and deadlines", _block_parts(part, folder, kind)))
    return found


def _whole_table(part: Mapping[str, Any]) -> Table:
    anchor = part["anchor"]
    columns = [
        Column("box", number=False), Column("ratio", f"to {anchor}"), Column("time", "ms per s"),
        Column("latency", "declared, ms"), Column("latency", "measured, ms"),
        Column("loading", "ms"), Column("peak memory", "MB"), Column("note", number=False),
    ]  # fmt: skip
    rows = []
    for box, facts in part["boxes"].items():
        if facts["failed"]:
            rows.append([Cell(f"`{box}`", box), *[Cell("–")] * 6, Cell(facts["failed"])])
            continue
        ratio = _ratio(part, facts)
        least = 1e3 * min(facts["offline"])
        declared = 1e3 * facts["latency"] / RATE
        measured = declared + 1e3 * facts["lag"] / RATE
        load, peak = facts.get("load_seconds"), facts.get("peak_mb")
        streamed = bool(facts["blocks"])
        rows.append(
            [
                Cell(f"`{box}`", box),
                Cell(f"{ratio[0]:.2f}", ratio[0], note=f"median {ratio[1]:.2f}"),
                Cell(f"{least:.1f}", least),
                Cell(f"{declared:.1f}", declared) if streamed else Cell("–"),
                Cell(f"{measured:.1f}", measured) if streamed else Cell("–"),
                Cell(f"{1e3 * load:.0f}", load) if load is not None else Cell("–"),
                Cell(f"{peak:.0f}", peak) if peak is not None else Cell("–"),
                Cell("; ".join(_notes(part, box, facts, ratio))),
            ]
        )
    return Table(columns, rows)


def _notes(
    part: Mapping[str, Any], box: str, facts: Mapping[str, Any], ratio: tuple[float, float]
) -> list[str]:
    notes = []
    if not facts["blocks"]:
        notes.append("whole recordings only")
    if min(facts["processes"]) > 1.1 * min(facts["offline"]):
        notes.append("starts threads: the time is of one of them")
    if disagree(ratio):
        notes.append("ratios disagree: busy machine, run again")
    elif facts["unsure"]:
        notes.append("ratios in blocks disagree")
    return notes


def _block_parts(part: Mapping[str, Any], folder: Path, kind: str) -> list[Block]:
    boxes = _running(part)
    base = boxes.get(part["anchor"], {}).get("blocks", {})
    file = f"pictures/{kind}-blocks.svg"
    sizes = sorted({int(size) for facts in boxes.values() for size in facts["blocks"]})
    curves = {
        box.removesuffix("()"): {int(size): 1e3 * f["p99"] for size, f in facts["blocks"].items()}
        for box, facts in boxes.items()
        if facts["blocks"]
    }
    limit = {size: 1e3 * size / RATE for size in sizes}
    axes = ("samples per block", "ms per block: 99 % take less", "deadline")
    pictures.lines(folder / file, curves, limit, axes)
    caption = "The time that 99 % of the blocks stay below, against what a block lasts."
    columns = [
        Column("box", number=False), Column("block", "samples"), Column("lasts", "µs"),
        Column("p50", "µs"), Column("p99", "µs"), Column("max", "µs"),
        Column("ratio", f"to {part['anchor']}"), Column("time", "ms per s"),
        Column("missed", "processor"), Column("missed", "wall clock"),
    ]  # fmt: skip
    rows = []
    for box, facts in boxes.items():
        if not facts["blocks"]:
            rows.append([Cell(f"`{box}`", box), *[Cell("–")] * 9])
        for key, f in facts["blocks"].items():
            cells = [Cell(f"`{box}`", box), Cell(str(f["size"]), f["size"])]
            micro = [1e6 * f["size"] / RATE, *(1e6 * f[name] for name in ("p50", "p99", "max"))]
            cells += [Cell(f"{value:.0f}", value) for value in micro]
            ratio = ratios(f["cost"], base.get(key, {}).get("cost", []))
            cells.append(Cell(f"{ratio[0]:.3f}", ratio[0], note=f"median {ratio[1]:.3f}"))
            cells.append(Cell(f"{1e3 * min(f['cost']):.1f}", min(f["cost"])))
            for name in ("late", "late_on_the_wall"):
                share = f[name] / f["blocks"]
                cells.append(Cell(f"{f[name]} of {f['blocks']}", share))
            rows.append(cells)
    said = (
        "Missed by processor time: the box alone is too slow there. Missed by the wall clock: it or"
        " anything else that ran on the machine."
    )
    return [Picture(file, "time per block against block size", caption), Lines([said]),
            Table(columns, rows)]  # fmt: skip
