# SPDX-License-Identifier: GPL-3.0-or-later
"""What each box costs inside a realistic chain, ours beside the nearest that pedalboard can do.

A chain is timed by its beginnings: one box, the first two, … all. The difference of two is what the
box between them costs where it stands. All beginnings of both chains take turns in one process
(`paired`), and the least of all repetitions counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pedalboard import Pedalboard  # type: ignore[attr-defined]  # a star import there

from neuralboard.benchmarks import pictures
from neuralboard.benchmarks.contenders import chain_name
from neuralboard.benchmarks.machine import describe
from neuralboard.benchmarks.paired import REPETITIONS, disagree, paired, ratios
from neuralboard.board import Board
from neuralboard.chain import parse_chain
from neuralboard.report import Block, Cell, Column, Lines, Picture, Section, Table

__all__ = ["CHAINS", "measure", "part_of", "sections", "summary"]

RATE, SECONDS, BLOCK, CALLS = 48_000, 10, 128, 100

Audio = NDArray[np.float32]

_END = " | reverb(room_size=0.2, wet_level=0.05, dry_level=0.95) | brickwall_limiter(ceiling_db=-1)"

# name → (ours, the nearest pedalboard can do, channels). Both are chain text; the second one holds
# pedalboard's own effects only and runs on its own board.
CHAINS = {
    "voice": (
        "highpass_filter(80) | denoiser() | compressor(threshold_db=-20, ratio=3)"
        " | high_shelf_filter(6000, 2) | brickwall_limiter(ceiling_db=-1)",
        "highpass_filter(80) | noise_gate(threshold_db=-50) | compressor(threshold_db=-20, ratio=3)"
        " | high_shelf_filter(6000, 2) | brickwall_limiter(ceiling_db=-1)",
        1,
    ),
    "music bus": (
        "highpass_filter(30) | low_shelf_filter(100, 1.5) | compressor(threshold_db=-16, ratio=2)"
        f" | harmonic_percussive() | high_shelf_filter(10000, 1){_END}",
        "highpass_filter(30) | low_shelf_filter(100, 1.5) | compressor(threshold_db=-16, ratio=2)"
        f" | high_shelf_filter(10000, 1){_END}",
        2,
    ),
}


def measure(
    repetitions: int = REPETITIONS,
    seconds: float = SECONDS,
    moved: Callable[[int, int | None], None] | None = None,
) -> dict[str, Any]:
    """Time all chains.

    Returns
    -------
    dict
        Chain → "boxes" (both sides: name → processor ms per second of audio), "whole" and "blocks"
        (ratios ours / pedalboard: least by least, median; and the times they come from).
    """
    found = {}
    for number, (name, (ours, theirs, channels)) in enumerate(CHAINS.items()):
        audio = _sound(channels, round(seconds * RATE))
        whole = paired(_beginnings(ours, theirs, audio), repetitions)
        blocks = paired(_streams(ours, theirs, audio), repetitions)
        found[name] = {
            "text": {"ours": ours, "pedalboard": theirs},
            "boxes": {
                side: _costs(text, side, whole, seconds)
                for side, text in (("ours", ours), ("pedalboard", theirs))
            },
            "whole": _compared(whole, f"ours {_count(ours)}", f"pedalboard {_count(theirs)}"),
            "blocks": _compared(blocks, "ours", "pedalboard"),
        }
        if moved is not None:
            moved(number + 1, len(CHAINS))
    return found


def _count(text: str) -> int:
    return len(parse_chain(text))


def _board(text: str, side: str, count: int | None = None) -> Any:
    boxes = list(parse_chain(text))[:count]
    return Board(boxes) if side == "ours" else Pedalboard(boxes)


def _beginnings(ours: str, theirs: str, audio: Audio) -> dict[str, Callable[[], object]]:
    rivals: dict[str, Callable[[], object]] = {}
    for side, text in (("ours", ours), ("pedalboard", theirs)):
        for count in range(_count(text) + 1):
            board = _board(text, side, count)
            rivals[f"{side} {count}"] = partial(board, audio, RATE)
    return rivals


def _streams(ours: str, theirs: str, audio: Audio) -> dict[str, Callable[[], object]]:
    blocks = [audio[:, i * BLOCK : (i + 1) * BLOCK].copy() for i in range(CALLS)]

    def runner(board: Any) -> Callable[[], object]:
        def run() -> None:
            for block in blocks:
                board(block, RATE, 8192, False)

        return run

    pairs = (("ours", ours), ("pedalboard", theirs))
    return {side: runner(_board(text, side)) for side, text in pairs}


def _costs(
    text: str, side: str, times: Mapping[str, tuple[float, ...]], seconds: float
) -> dict[str, float]:
    names = [chain_name(box) for box in parse_chain(text)]
    least = [1e3 * min(times[f"{side} {count}"]) / seconds for count in range(len(names) + 1)]
    costs: dict[str, float] = {}
    for number, name in enumerate(names):
        shown = name if name not in costs else f"{name} {number + 1}"
        costs[shown] = max(0.0, least[number + 1] - least[number])
    return costs


def _compared(times: Mapping[str, tuple[float, ...]], ours: str, theirs: str) -> dict[str, Any]:
    least, median = ratios(times[ours], times[theirs])
    return {
        "ours": min(times[ours]), "pedalboard": min(times[theirs]),
        "least": least, "median": median,
    }  # fmt: skip


def _sound(channels: int, samples: int) -> Audio:
    rng = np.random.default_rng(0)
    swell = 0.1 + 0.1 * np.sin(np.arange(samples) * (2 * np.pi / RATE))
    return (rng.standard_normal((channels, samples)) * swell).astype(np.float32)


def part_of(found: Mapping[str, Any], repetitions: int, seconds: float) -> dict[str, Any]:
    """Return what results.json keeps of a run."""
    return {
        "measured_on": describe("onnxruntime"),
        "repetitions": repetitions,
        "seconds": seconds,
        "chains": dict(found),
    }


def summary(part: Mapping[str, Any]) -> list[str]:
    """Return one line a chain: what it costs beside pedalboard's, and where that goes."""
    lines = []
    for name, facts in part["chains"].items():
        costs = facts["boxes"]["ours"]
        dearest = max(costs, key=lambda box: costs[box])
        share = 100 * costs[dearest] / max(sum(costs.values()), 1e-9)
        pair = facts["whole"]["least"], facts["whole"]["median"]
        busy = "; the two ratios disagree: busy machine, run again" if disagree(pair) else ""
        lines.append(
            f"The {name} chain takes {pair[0]:.2f} times what pedalboard's nearest takes"
            f" (median {pair[1]:.2f}{busy}); {share:.0f} % of it is `{dearest}`."
        )
    return lines


def sections(part: Mapping[str, Any], folder: Path, kind: str) -> list[Section]:
    """Draw the picture into `folder`/pictures and return the section."""
    bars = {
        f"{name}, {side}": costs
        for name, facts in part["chains"].items()
        for side, costs in facts["boxes"].items()
    }
    file = f"pictures/{kind}.svg"
    pictures.stacked_bars(folder / file, bars, "processor time, ms per second of audio")
    blocks: list[Block] = [
        Lines(
            [
                f"{part['repetitions']} repetitions on {part['seconds']:g} s at 48 kHz, all in"
                " turns; what a box costs is the difference between the chain up to it and the"
                " chain before it."
            ]
        ),
        Picture(file, "cost of each box inside its chain", ""),
        _table(part),
    ]
    texts = [facts["text"] for facts in part["chains"].values()]
    blocks += [Lines([f"`{text}`" for text in pair.values()], listed=True) for pair in texts]
    return [Section("Chains", blocks)]


def _table(part: Mapping[str, Any]) -> Table:
    columns = [
        Column("chain", number=False), Column("whole: ours", "ms per s"),
        Column("whole: pedalboard", "ms per s"), Column("ratio", "least; median"),
        Column(f"blocks of {BLOCK}: ours", "µs"), Column("pedalboard", "µs"),
        Column("ratio", "least; median"),
    ]  # fmt: skip
    rows = []
    for name, facts in part["chains"].items():
        cells = [Cell(name, name)]
        for way, scale in (("whole", 1e3 / part["seconds"]), ("blocks", 1e6 / CALLS)):
            values = facts[way]
            cells += [
                Cell(f"{scale * values[side]:.1f}", scale * values[side])
                for side in ("ours", "pedalboard")
            ]
            note = f"median {values['median']:.2f}"
            cells.append(Cell(f"{values['least']:.2f}", values["least"], note=note))
        rows.append(cells)
    return Table(columns, rows)
