# SPDX-License-Identifier: GPL-3.0-or-later
"""What our Board costs beside pedalboard's own, and what the host costs beside the sound.

    python -m neuralboard.benchmarks.board_speed [--json out.json] [--memory] [--quick]

Whole recordings: 10 s of stereo through the same effects on pedalboard's Pedalboard and on our
Board, as a ratio. Short blocks: 128 samples of stereo, as microseconds above pedalboard's call.
Own boxes: microseconds per block. Import: seconds. With --memory, only: the peak of a child process
that sends a 60-minute file through four boxes (minutes of work and 0.6 GB of disk, twice).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pedalboard as pb
from pedalboard import Pedalboard  # type: ignore[attr-defined]  # a star import there

import neuralboard as nb
from neuralboard.benchmarks import footprint, machine
from neuralboard.benchmarks.paired import REPETITIONS, Times, paired

RATE = 48_000
BLOCK = 128
CALLS = 200  # that are timed together on short blocks

Effects = Callable[[], list[Any]]


class Line(NamedTuple):
    """One figure: what was asked, what came out, what it may be at most (None: only told)."""

    group: str
    case: str
    theirs: str
    ours: str
    best: float
    median: float
    unit: str
    bound: float | None = None


class _Nothing(nb.Effect):
    """Passes the block on: what is left is the host's own cost."""

    def process_block(self, block: Any, state: Any, p: Any) -> Any:
        return block


def _response(seconds: float) -> Any:
    rng = np.random.default_rng(1)
    time = np.arange(round(seconds * RATE))
    return (rng.standard_normal(time.size) * np.exp(-6.9 * time / time.size)).astype(np.float32)


def _filters() -> list[Any]:
    return [
        pb.HighpassFilter(80), pb.LowShelfFilter(200, 3), pb.PeakFilter(800, 3, 1),
        pb.HighShelfFilter(3000, 3), pb.LowpassFilter(15_000),
    ]  # fmt: skip


def _voice() -> list[Any]:
    return [
        pb.NoiseGate(-50), pb.HighpassFilter(80), pb.Compressor(-20, 4),
        pb.HighShelfFilter(4000, 3), pb.BrickwallLimiter(),
    ]  # fmt: skip


def _direct(count: int) -> Effects:
    def make() -> list[Any]:
        effects = [
            pb.Compressor(-20, 4), pb.Chorus(), pb.Delay(), pb.Reverb(), pb.Distortion(6),
            pb.Phaser(), pb.LadderFilter(cutoff_hz=900), pb.Bitcrush(12), pb.Limiter(),
        ]  # fmt: skip
        return effects[:count]

    return make


# Name → effects and the ratio that a Board may cost on 10 s.
WHOLE: dict[str, tuple[Effects, float | None]] = {
    "Compressor": (lambda: [pb.Compressor(-20, 4)], 1.05),
    "Reverb": (lambda: [pb.Reverb()], 1.05),
    "BrickwallLimiter": (lambda: [pb.BrickwallLimiter()], 1.05),
    "5 direct": (_direct(5), 1.05),
    "9 direct": (_direct(9), 1.05),
    "5 IIR": (_filters, 1.05),
    "voice: gate, high-pass, compressor, shelf, limiter": (_voice, 1.05),
    "high-pass, compressor, peak, reverb, gain": (
        lambda: [
            pb.HighpassFilter(80), pb.Compressor(-20, 4), pb.PeakFilter(800, 3, 1), pb.Reverb(),
            pb.Gain(2),
        ],
        1.05,
    ),
    "Invert": (lambda: [pb.Invert()], 1.05),
    "Convolution, 0.1 s": (lambda: [pb.Convolution(_response(0.1), 0.5, RATE)], 1.2),
    "Convolution, 0.5 s": (lambda: [pb.Convolution(_response(0.5), 0.5, RATE)], 1.2),
    "Convolution, 2 s": (lambda: [pb.Convolution(_response(2.0), 0.5, RATE)], 1.2),
    "MP3Compressor": (lambda: [pb.MP3Compressor()], 1.2),
    "Resample": (lambda: [pb.Resample(16_000)], 1.2),
    "high-pass, Convolution 0.5 s, Resample, reverb": (
        lambda: [
            pb.HighpassFilter(80), pb.Convolution(_response(0.5), 0.5, RATE),
            pb.Resample(16_000), pb.Reverb(),
        ],
        1.2,
    ),
}  # fmt: skip

SINGLE: dict[str, Effects] = {
    "Compressor": _direct(1),
    "Reverb": lambda: [pb.Reverb()],
    "BrickwallLimiter": lambda: [pb.BrickwallLimiter()],
    "HighpassFilter": lambda: [pb.HighpassFilter(80)],
    "Gain": lambda: [pb.Gain(-3)],
    "Convolution, 0.1 s": lambda: [pb.Convolution(_response(0.1), 0.5, RATE)],
}

SEVERAL: dict[str, Effects] = {
    "5 direct": _direct(5),
    "9 direct": _direct(9),
    "5 IIR": _filters,
    "voice, 5": _voice,
}

OWN: dict[str, Callable[[], nb.Processor]] = {
    "an Effect that does nothing": _Nothing,
    "the same at mix=0.5": lambda: _Nothing(mix=0.5),
    "SpectralSubtraction": lambda: nb.SpectralSubtraction(),
    "WienerDenoiser": lambda: nb.WienerDenoiser(),
}


def _sound(samples: int) -> Any:
    rng = np.random.default_rng(0)
    swell = 0.1 + 0.1 * np.sin(np.arange(samples) * (2 * np.pi / RATE))
    return (rng.standard_normal((2, samples)) * swell).astype(np.float32)


def whole_recordings(repetitions: int) -> list[Line]:
    """Time 10 s of stereo in one call."""
    audio, lines = _sound(10 * RATE), []
    for case, (make, bound) in WHOLE.items():
        times = _rivals(make, audio, repetitions, calls=1, reset=True)
        theirs, ours = (f"{1e3 * seconds:.2f} ms" for seconds in times.best)
        lines.append(Line("10 s of stereo", case, theirs, ours, *times.ratio, "x", bound))
    return lines


def short_blocks(repetitions: int) -> list[Line]:
    """Time 128 samples of stereo, and what each native beyond the first adds."""
    block, lines = _sound(BLOCK), []
    for reset, first, further in ((False, 30.0, 4.0), (True, 50.0, 15.0)):
        group = f"{BLOCK} samples, reset={reset}"
        for case, make in {**SINGLE, **SEVERAL}.items():
            times = _rivals(make, block, repetitions, CALLS, reset)
            theirs, ours = (f"{1e6 * seconds:.1f} µs" for seconds in times.best)
            above = [1e6 * seconds for seconds in times.excess]
            count = len(make())
            bound = first + further * (count - 1)
            lines.append(Line(group, case, theirs, ours, above[0], above[1], "µs above", bound))
            if count == 1:
                continue
            first_alone = partial(_first, make)
            alone = _rivals(first_alone, block, repetitions, CALLS, reset).excess
            each = [(a - 1e6 * one) / (count - 1) for a, one in zip(above, alone, strict=True)]
            case = f"{case}: each after the first"
            lines.append(Line(group, case, "", "", each[0], each[1], "µs above", further))
    return lines


def _first(make: Effects) -> list[Any]:
    return make()[:1]


def _rivals(make: Effects, audio: Any, repetitions: int, calls: int, reset: bool) -> Times:
    """Time the effects on pedalboard's board (one alone: by itself) and on ours."""
    effects = make()
    theirs = effects[0] if len(effects) == 1 else Pedalboard(effects)
    ours = nb.Board(make())
    times = paired(
        {
            "theirs": lambda: theirs.process(audio, RATE, 8192, reset),
            "ours": lambda: ours.process(audio, RATE, 8192, reset),
        },
        repetitions,
        calls,
    )
    return Times(times["theirs"], times["ours"])


def own_boxes(repetitions: int) -> list[Line]:
    """Time our own boxes in a stream of 128-sample blocks (8 frames and more are averaged over)."""
    block, lines = _sound(BLOCK), []
    streams = {case: make().stream(RATE, 2) for case, make in OWN.items()}
    calls = {case: (lambda s=stream: s.process(block)) for case, stream in streams.items()}
    for case, times in paired(calls, repetitions, CALLS).items():
        best, median = 1e6 * min(times), 1e6 * float(np.median(times))
        lines.append(Line(f"own boxes, {BLOCK} samples", case, "", "", best, median, "µs"))
    return lines


def imports(tries: int) -> list[Line]:
    """Time the import in fresh processes, beside that of NumPy alone."""
    numpy_wall, numpy_cpu = footprint.import_seconds("numpy", tries)
    wall, cpu = footprint.import_seconds("neuralboard", tries)
    loaded = [name for name in footprint.FORBIDDEN if name in footprint.loaded_modules()]
    group = f"import, best of {tries} processes"
    theirs, ours = f"numpy {numpy_wall:.3f} s", f"{wall:.3f} s"
    return [
        Line(
            group, "processor time", f"numpy {numpy_cpu:.3f} s", f"{cpu:.3f} s", cpu, cpu, "s", 0.5
        ),
        Line(group, "wall time", theirs, ours, wall, wall, "s", 0.5),
        Line(group, "wall, to numpy's", theirs, ours, wall / numpy_wall, wall / numpy_wall, "x"),
        Line(group, "loads " + ", ".join(footprint.FORBIDDEN), "", ", ".join(loaded) or "none",
             len(loaded), len(loaded), "", 0.0),
    ]  # fmt: skip


def memory(minutes: float) -> list[Line]:
    """Measure the peak of a child process on a long file."""
    got = footprint.memory_of_file(minutes)
    group, peak = f"{minutes:g} minutes of stereo, 4 boxes", got["peak_mb"]
    before, seconds = f"{got['before_mb']:.0f} MB before", got["cpu_seconds"]
    return [
        Line(group, "peak memory (RSS)", before, f"{peak:.0f} MB", peak, peak, "MB", 250.0),
        Line(group, "processor time", "", f"{seconds:.0f} s", seconds, seconds, "s"),
    ]


def table(lines: list[Line]) -> str:
    """Return the figures as Markdown."""
    rows: list[tuple[str, str]] = []
    for line in lines:
        if not rows or line.group != rows[-1][0]:
            head = "| | pedalboard | neuralboard | best | median | at most |"
            rows.append((line.group, f"\n**{line.group}**\n\n{head}\n|---|---|---|---|---|---|"))
        limit = "" if line.bound is None else f"{line.bound:g} {line.unit}"
        mark = "" if line.bound is None or line.best <= line.bound else " **missed**"
        figures = f"{line.best:.3g} {line.unit} | {line.median:.3g} {line.unit}"
        text = f"| {line.case} | {line.theirs} | {line.ours} | {figures} | {limit}{mark} |"
        rows.append((line.group, text))
    return "\n".join(text for _, text in rows)


def main(arguments: list[str] | None = None) -> int:
    """Measure, print a table, write JSON; 1 where a bound is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, help="write all figures there")
    parser.add_argument("--memory", action="store_true", help="only the memory of a long file")
    parser.add_argument("--minutes", type=float, default=60.0, help="of that file")
    parser.add_argument("--repetitions", type=int, default=REPETITIONS)
    options = parser.parse_args(arguments)
    about = machine.describe()
    sys.stdout.write("".join(f"{key}: {value}\n" for key, value in about.items()))
    if options.memory:
        lines = memory(options.minutes)
    else:
        count = options.repetitions
        lines = [*whole_recordings(count), *short_blocks(count), *own_boxes(count), *imports(9)]
    sys.stdout.write(table(lines) + "\n")
    if options.json:
        figures = {"machine": about, "figures": [line._asdict() for line in lines]}
        options.json.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return int(any(line.bound is not None and line.best > line.bound for line in lines))


if __name__ == "__main__":
    sys.exit(main())
