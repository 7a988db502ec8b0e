# SPDX-License-Identifier: GPL-3.0-or-later
"""`neuralboard bench stft`: all cells measured, a part of results.json, a section of the page."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neuralboard import cpp_ext
from neuralboard.benchmarks import machine, stft_probes, stft_speed
from neuralboard.benchmarks.stft_peers import available
from neuralboard.report import Block, Cell, Column, Lines, Section, Table

__all__ = ["Plan", "measure", "sections", "summary"]

LARGE_SIZES = ((2048, 512), (960, 480))  # of stereo and long signals: the others tell no more
# What is compared with, by name or by how the name begins.
KINDS: dict[str, tuple[str, ...] | str] = {
    "the better of mkl_fft and pyfftw": stft_speed.FASTEST,
    "torch": ("torch",),
    "the yardstick's better layout": "yardstick",
}
NAMES = {"stft": "STFT", "istft": "inverse", "masked": "masked round trip", "push": "masked stream"}


@dataclass(frozen=True)
class Plan:
    """Which cells are measured: whole signals of `seconds`, streams of `blocks` samples."""

    sizes: Sequence[tuple[int, int]] = stft_speed.SIZES
    seconds: Sequence[float] = (1.0, 10.0, 60.0)
    blocks: Sequence[int] = stft_speed.BLOCKS
    peers: Sequence[str] | None = None  # all that are installed
    yardstick: str | None = None
    repetitions: int = 31

    def signals(self) -> list[tuple[int, int, float, int, int]]:
        """Return (n_fft, hop, seconds, channels, threads) of every cell of whole signals."""
        cells = [(n, hop, s, 1, 1) for s in self.seconds if s < 60 for n, hop in self.sizes]
        large = [size for size in self.sizes if size in LARGE_SIZES] or list(self.sizes[:1])
        for n, hop in large:
            cells += [(n, hop, s, 1, 1) for s in self.seconds if s >= 60]
            cells += [
                (n, hop, s, 2, t) for s in self.seconds if s > min(self.seconds) for t in (1, 2)
            ]
        return cells


def measure(plan: Plan, moved: Callable[[int, int | None], None] | None = None) -> dict[str, Any]:
    """Measure all cells; return what results.json keeps of them."""
    peers = list(available() if plan.peers is None else plan.peers)
    folder = stft_speed.yardsticks(plan.yardstick)
    signals = plan.signals()
    streams = [(n, hop, block) for n, hop in plan.sizes for block in plan.blocks]
    total, rows = len(signals) + len(streams), []
    for done, (n, hop, seconds, channels, threads) in enumerate(signals):
        count = plan.repetitions if seconds * channels <= 10 else max(plan.repetitions // 3, 1)
        rows += stft_speed.offline(
            n, hop, seconds, peers, folder, count, channels=channels, threads=threads
        )
        if moved is not None:
            moved(done + 1, total)
    for done, (n, hop, block) in enumerate(streams, len(signals)):
        rows.append(stft_speed.streaming(n, hop, block, peers, folder, plan.repetitions))
        if moved is not None:
            moved(done + 1, total)
    installed = [name for name in ("mkl_fft", "pyfftw", "scipy", "torch") if name in peers]
    return {
        "measured_on": machine.describe(*installed) | {"level": cpp_ext.simd_level()},
        "repetitions": plan.repetitions,
        "rows": rows,
        "others": _others(plan),
        "probes": _probes(plan),
    }


def _others(plan: Plan) -> dict[str, Any]:
    count, seconds = plan.repetitions, max(plan.seconds)
    size = plan.sizes[min(1, len(plan.sizes) - 1)]
    halves = {
        f"{n}/{hop} x {channels}": stft_speed.two_halves(n, hop, channels, count)
        for n, hop in ((960, 480), (1024, 256), (1024, 512))
        for channels in (1, 2)
    }
    return {
        "analysis and synthesis of one frame a block, ns per sample": halves,
        "a complex mask's time over a real one's": {
            f"{n}/{hop}": stft_speed.complex_over_real(n, hop, count) for n, hop in plan.sizes
        },
        "denormal input's time over noise's": {
            f"{size[0]}/{size[1]}": stft_speed.denormal_cost(*size, count)
        },
        f"two threads' gain on stereo of {seconds:g} s": stft_probes.two_threads(
            seconds, min(count, 9)
        ),
    }


def _probes(plan: Plan) -> dict[str, Any]:
    peak = stft_probes.fma_peak(plan.repetitions)
    found: dict[str, Any] = {
        "fma_peak": peak,
        **stft_probes.bandwidth(repetitions=plan.repetitions),
    }
    found["in_cache"] = {
        str(n): stft_probes.in_cache(n, peak, plan.repetitions) for n, _ in plan.sizes
    }
    return found


def _best(row: Mapping[str, Any], names: tuple[str, ...] | str) -> list[float] | None:
    """Return the least ratios, of the fastest of those that are meant."""
    chosen = [
        value
        for name, value in row["ratios"].items()
        if (name.startswith(names) if isinstance(names, str) else name in names)
    ]
    return [min(column) for column in zip(*chosen, strict=True)] if chosen else None


def _bars(part: Mapping[str, Any]) -> list[tuple[str, str, list[list[float]]]]:
    """Return (operation, against whom, [least, median] of each cell on one thread)."""
    found = []
    for operation in dict.fromkeys(row["op"] for row in part["rows"]):
        rows = [row for row in part["rows"] if row["op"] == operation and " x " not in row["cell"]]
        for kind, names in KINDS.items():
            values = [value for row in rows if (value := _best(row, names))]
            if values:
                found.append((operation, kind, values))
    return found


def summary(part: Mapping[str, Any]) -> list[str]:
    """Return where others are faster, then how much faster than the fastest of them we are."""
    lost = [
        f"{NAMES[row['op']]} {row['cell']} ({name}: {value[0]:.2f})"
        for row in part["rows"]
        for name, value in row["ratios"].items()
        if value[0] < 1 and not name.startswith("yardstick")
    ]
    lines = [f"Slower than others: {'; '.join(lost)}."] if lost else []
    for operation, kind, values in _bars(part):
        best = [value[0] for value in values]
        lines.append(
            f"{NAMES[operation]}: {statistics.geometric_mean(best):.2f} times as fast as {kind}"
            f" (geometric mean of {len(best)} cells; lowest {min(best):.2f})."
        )
    return lines


def sections(part: Mapping[str, Any], folder: Path, kind: str) -> list[Section]:
    """Return the section of the page."""
    said = (
        f"Level {part['measured_on']['level']}; {part['repetitions']} repetitions (a third of them"
        " on stereo and long signals), all in turns in one process. Ratios are their time over"
        " ours, above 1 ours is faster: least by least, median within a repetition. Errors are the"
        " greatest against double precision, relative to the greatest value. Our time is that of"
        " one frame."
    )
    blocks: list[Block] = [Lines([said]), _bar_table(part), _cells(part), _probe_lines(part)]
    return [Section("Short-time Fourier transform", blocks)]


def _bar_table(part: Mapping[str, Any]) -> Table:
    columns = [
        Column("operation", number=False), Column("against", number=False), Column("lowest cell"),
        Column("geometric mean"), Column("lowest", "by medians"), Column("mean", "by medians"),
    ]  # fmt: skip
    rows = []
    for operation, kind, values in _bars(part):
        figures = []
        for column in zip(*values, strict=True):
            figures += [min(column), statistics.geometric_mean(column)]
        cells = [Cell(f"{figure:.2f}", figure) for figure in figures]
        rows.append([Cell(NAMES[operation], operation), Cell(kind, kind), *cells])
    return Table(columns, rows)


def _cells(part: Mapping[str, Any]) -> Table:
    names = list(dict.fromkeys(name for row in part["rows"] for name in row["ratios"]))
    columns = [
        Column("operation", number=False), Column("cell", number=False), Column("ours", "µs"),
        Column("error"), *(Column(name) for name in names),
    ]  # fmt: skip
    rows = []
    for row in part["rows"]:
        wrong = row["error"]
        known = wrong is not None and not math.isnan(wrong)
        cells = [
            Cell(NAMES[row["op"]], row["op"]), Cell(row["cell"], row["cell"]),
            Cell(f"{row['us_per_frame']:.3f}", row["us_per_frame"]),
            Cell(f"{wrong:.1e}", wrong) if known else Cell("–"),
        ]  # fmt: skip
        for name in names:
            pair = row["ratios"].get(name)
            if pair is None:
                cells.append(Cell("–"))
            else:
                cells.append(Cell(f"{pair[0]:.2f}", pair[0], note=f"median {pair[1]:.2f}"))
        rows.append(cells)
    return Table(columns, rows)


def _probe_lines(part: Mapping[str, Any]) -> Lines:
    probes = part["probes"]
    lines = []
    if probes["fma_peak"]:
        lines.append(
            f"Peak of multiply-adds at this level: {probes['fma_peak'] / 1e9:.0f} GFLOP/s. Memory:"
            f" {probes['read'] / 1e9:.1f} GB/s read, {probes['copied'] / 1e9:.1f} GB/s read and"
            " written by copying. (One core.)"
        )
        shares = [
            f"{n}: {100 * share['forward']:.0f} and {100 * share['masked']:.0f} %"
            for n, share in probes["in_cache"].items()
        ]
        lines.append(f"Share of that peak in the cache, forward and masked: {', '.join(shares)}.")
    for name, values in part["others"].items():
        told = ", ".join(f"{cell}: {value:.2f}" for cell, value in values.items())
        lines.append(f"{name[0].upper()}{name[1:]}: {told}.")
    return Lines(lines, listed=True)
