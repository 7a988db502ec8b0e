# SPDX-License-Identifier: GPL-3.0-or-later
"""CPU time of denoisers per second of audio, paired: all in one process, taking turns.

    python -m neuralboard.benchmarks.denoise_speed --boxes "denoiser()" --peers --out results/

Every repetition runs every box once, in an order that is rotated, on the same recording: streamed
in blocks, and over the whole at once. The clock is the CPU time of the thread, so that other
programs count less; what a busy machine adds is taken out by the least of all repetitions. Ratios
to the anchor are the result: least by least, and the median of those within one repetition.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralboard.benchmarks.contenders import CLASSIC, Contender, chosen
from neuralboard.benchmarks.contenders import facts as measured_on
from neuralboard.benchmarks.pairs import read_mono
from neuralboard.console import progress_bar, say
from neuralboard.errors import NeuralboardError
from neuralboard.voice import Voice

__all__ = ["Timing", "main", "measure", "ratios", "write_table"]

RATE = 48_000
DISAGREE = 1.2  # the two ratios differ by more: the machine was too busy to believe either

Mono = NDArray[np.float32]


@dataclass
class Timing:
    """CPU seconds of one box per second of audio, one value a repetition.

    Attributes
    ----------
    offline, streamed : list of float
        Over the whole recording at once; in blocks (empty where the box can't stream).
    blocks : list of float
        CPU seconds of every block of every repetition.
    processes : list of float
        As `offline`, but of all threads: more than that means that the box starts threads.
    load_seconds : float
        From chain text to the end of the first block, in a process that is warm.
    """

    box: str
    latency: int = 0
    load_seconds: float = 0.0
    offline: list[float] = field(default_factory=list)
    streamed: list[float] = field(default_factory=list)
    processes: list[float] = field(default_factory=list)
    blocks: list[float] = field(default_factory=list)


class _Runner:
    """One box with an open voice, which is reset (outside the clock) before each run."""

    def __init__(self, contender: Contender, audio: Mono, block: int) -> None:
        self.audio, self.block = audio[None], block
        started = time.perf_counter()
        self.voice: Voice = contender.board().open(RATE, 1)
        if self.voice.streamable:
            self.voice.process(np.zeros((1, block), np.float32))
        self.timing = Timing(contender.label, self.voice.latency, time.perf_counter() - started)

    def run(self, keep: bool) -> None:
        seconds = self.audio.shape[1] / RATE
        self.voice.reset()
        before, whole = time.thread_time(), time.process_time()
        self.voice.render(self.audio)
        offline, threads = time.thread_time() - before, time.process_time() - whole
        costs = self._stream() if self.voice.streamable else []
        if keep:
            self.timing.offline.append(offline / seconds)
            self.timing.processes.append(threads / seconds)
            if costs:
                covered = len(costs) * self.block / RATE
                self.timing.streamed.append(sum(costs) / covered)
                self.timing.blocks += costs

    def _stream(self) -> list[float]:
        self.voice.reset()
        clock, costs = time.thread_time, []
        for start in range(0, self.audio.shape[1] - self.block + 1, self.block):
            block = np.ascontiguousarray(self.audio[:, start : start + self.block])
            before = clock()
            self.voice.process(block)
            costs.append(clock() - before)
        return costs


def measure(
    texts: Sequence[str], audio: Mono, *, block: int = 480, repetitions: int = 15
) -> list[Timing]:
    """Time boxes in turns on mono audio at 48 kHz.

    Parameters
    ----------
    texts : sequence of str
        Chain texts.
    audio : ndarray, float32 [samples]
        At least one block.
    block : int
        Samples per block when streamed.
    repetitions : int
        Counted runs of each box; one more goes before them to warm up.

    Returns
    -------
    list of Timing
        In the order of `texts`.
    """
    runners = [_Runner(Contender(text), audio, block) for text in texts]
    with progress_bar(f"{len(texts)} boxes", quiet=False) as moved:
        for repetition in range(-1, repetitions):
            turn = max(repetition, 0) % len(runners)
            for runner in runners[turn:] + runners[:turn]:
                runner.run(keep=repetition >= 0)
            if moved is not None:
                moved(repetition + 2, repetitions + 1)
    return [runner.timing for runner in runners]


def ratios(mine: Sequence[float], anchor: Sequence[float]) -> tuple[float, float]:
    """Return (least / least, median of the ratios within one repetition); NaN without values."""
    if not mine or not anchor:
        return float("nan"), float("nan")
    pairs = [a / b for a, b in zip(mine, anchor, strict=True)]
    return min(mine) / min(anchor), float(np.median(pairs))


def write_table(timings: Sequence[Timing], anchor: str, block: int) -> str:
    """Return Markdown: milliseconds per second of audio, ratios to the anchor, per block."""
    found = [t for t in timings if t.box.startswith(anchor.rstrip("()"))]
    base = (found or list(timings))[0]
    how = base.streamed or base.offline
    heads = (
        "box", "latency, ms", "streamed: least, median (ms per s)", "offline: least, median",
        f"ratio to {base.box}: least / least, median", "block p50, p99 (µs)", "open, ms", "note",
    )  # fmt: skip
    lines = ["| " + " | ".join(heads) + " |", "|" + " --- |" * len(heads)]
    for t in timings:
        ratio = ratios(t.streamed or t.offline, how)
        notes = []
        if max(ratio) > DISAGREE * min(ratio):
            notes.append("ratios disagree: busy machine, run again")
        if min(t.processes) > 1.1 * min(t.offline):
            notes.append("starts threads: the time is of one of them")
        if not t.streamed:
            notes.append("whole recordings only")
        cells = (
            f"`{t.box}`",
            f"{1e3 * t.latency / RATE:.1f}",
            _two(t.streamed),
            _two(t.offline),
            f"{ratio[0]:.2f}, {ratio[1]:.2f}",
            _blocks(t.blocks),
            f"{1e3 * t.load_seconds:.0f}",
            "; ".join(notes),
        )
        lines.append("| " + " | ".join(cells) + " |")
    lines.append(f"\nBlocks of {block} samples at 48 kHz, mono: {1e6 * block / RATE:.0f} µs each.")
    return "\n".join(lines)


def _two(values: Sequence[float]) -> str:
    return f"{1e3 * min(values):.1f}, {1e3 * float(np.median(values)):.1f}" if values else "–"


def _blocks(values: Sequence[float]) -> str:
    if not values:
        return "–"
    return ", ".join(f"{1e6 * v:.0f}" for v in np.quantile(values, [0.5, 0.99]))


def _recording(path: Path | None, seconds: float) -> Mono:
    """Read a recording, or the noisy demo clip: what a box does may depend on what it hears."""
    if path is None:
        with as_file(files("neuralboard") / "assets" / "demo_noisy.flac") as clip:
            audio = read_mono(clip, RATE)[0]
    else:
        audio = read_mono(path, RATE)[0]
    return np.resize(audio, round(seconds * RATE))


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line; 0 done, 1 failed."""
    parser = argparse.ArgumentParser(prog="denoise_speed", description=__doc__.split("\n")[0])
    parser.add_argument("--input", type=Path, help="a recording (else the demo clip)")
    parser.add_argument("--seconds", type=float, default=10.0, help="how much of it")
    parser.add_argument("--boxes", default="; ".join(CLASSIC), help="chain texts, split by ';'")
    parser.add_argument("--peers", action="store_true", help="the packaged peers, too")
    parser.add_argument("--onnx-dir", type=Path, help="folder with public ONNX files")
    parser.add_argument("--anchor", default="deepfilternet3", help="ratios to this box")
    parser.add_argument("--block", type=int, default=480, help="samples")
    parser.add_argument("--repetitions", type=int, default=15)
    parser.add_argument("--out", type=Path, default=Path("report"))
    options = parser.parse_args(argv)
    try:
        texts = chosen(options.boxes, options.peers, options.onnx_dir)
        audio = _recording(options.input, options.seconds)
        timings = measure(texts, audio, block=options.block, repetitions=options.repetitions)
    except NeuralboardError as error:
        say(str(error), "red")
        return 1
    table = write_table(timings, options.anchor, options.block)
    _store(timings, table, options.block, options.out)
    print(table)
    return 0


def _store(timings: Sequence[Timing], table: str, block: int, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    facts: dict[str, Any] = {"measured_on": measured_on(), "block": block}
    plain = [
        {key: value for key, value in vars(t).items() if key != "blocks"}
        | {"block_p50_p99": list(np.quantile(t.blocks, [0.5, 0.99])) if t.blocks else None}
        for t in timings
    ]
    content = json.dumps(facts | {"timings": plain}, indent=1)
    (out / "speed.json").write_text(content + "\n", encoding="utf-8")
    head = "# Denoisers: CPU time\n\n" + ", ".join(
        f"{name} {value}" for name, value in facts["measured_on"].items()
    )
    (out / "speed.md").write_text(f"{head}\n\n{table}\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
