# SPDX-License-Identifier: GPL-3.0-or-later
"""What silence costs beside signal, for every effect of pedalboard on our Board and by itself.

    python -m neuralboard.benchmarks.denormal_cost [--json out.json] [--quick] [EFFECT ...]

Filters and reverbs that ring out into silence end in denormal numbers, which cost a processor up
to a hundred times as much. The Board has them flushed to zero while it runs. Two inputs, each as a
ratio to noise at -6 dBFS of the same length, paired in one process: half a second of noise and
then digital silence; and a constant 1e-40, a denormal by itself. pedalboard's own call on the same
arrays stands beside it. The exit status is 1 where our median exceeds 1.2. (--quick has
too few repetitions to judge by on a busy machine.)
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pedalboard as pb

import neuralboard as nb
from neuralboard.benchmarks import machine
from neuralboard.benchmarks.paired import paired

RATE = 48_000
BOUND = 1.2
INPUTS = ("silence after noise", "constant 1e-40")
EFFECTS = (
    "Bitcrush", "BrickwallLimiter", "Chorus", "Clipping", "Compressor", "Convolution", "Delay",
    "Distortion", "GSMFullRateCompressor", "Gain", "HighShelfFilter", "HighpassFilter", "Invert",
    "LadderFilter", "Limiter", "LowShelfFilter", "LowpassFilter", "MP3Compressor", "NoiseGate",
    "PeakFilter", "Phaser", "PitchShift", "Resample", "Reverb",
)  # fmt: skip

Audio = np.ndarray[Any, np.dtype[np.float32]]


def inputs(seconds: float) -> dict[str, Audio]:
    """Return stereo arrays `[2, samples]` of one length: noise, and what is compared with it."""
    rng = np.random.default_rng(3)
    noise = rng.uniform(-0.5, 0.5, (2, round(seconds * RATE))).astype(np.float32)
    ringing = noise.copy()
    ringing[:, RATE // 2 :] = 0.0
    return {"noise": noise, INPUTS[0]: ringing, INPUTS[1]: np.full_like(noise, 1e-40)}


def make(name: str) -> Any:
    """Return an effect with settings that let it ring."""
    if name == "Convolution":
        rng = np.random.default_rng(1)
        decay = np.exp(-np.arange(12_000) / 1500)
        response = (rng.standard_normal((1, 12_000)) * decay).astype(np.float32)
        return pb.Convolution(response, 0.5, RATE)
    if name == "Delay":
        return pb.Delay(0.01, feedback=0.9)
    return getattr(pb, name)()


def measure(call: Callable[[Audio], object], sounds: dict[str, Audio], repetitions: int) -> Any:
    """Return input → (best by best, median) of its time over that of noise."""
    times = paired({name: partial(call, audio) for name, audio in sounds.items()}, repetitions)
    noise = times["noise"]
    return {
        name: (
            min(times[name]) / min(noise),
            statistics.median(a / b for a, b in zip(times[name], noise, strict=True)),
        )
        for name in INPUTS
    }


def main(arguments: list[str] | None = None) -> int:
    """Measure, print a table, compare with the bound."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("effects", nargs="*", metavar="EFFECT", help="only these classes")
    parser.add_argument("--json", type=Path, help="write the figures here, too")
    parser.add_argument("--quick", action="store_true", help="2 s of sound, 3 repetitions")
    options = parser.parse_args(arguments)
    unknown = set(options.effects) - set(EFFECTS)
    if unknown:
        parser.error(f"no such effect: {', '.join(sorted(unknown))}")
    seconds, repetitions = (2.0, 3) if options.quick else (5.0, 7)
    sounds = inputs(seconds)
    facts = machine.describe()
    print(" | ".join(f"{key}: {value}" for key, value in facts.items()))
    print(f"time over that of noise, best and median of {repetitions}; {seconds:g} s of stereo")
    print(f"{'':24}" + "".join(f"{name:>26}" for name in INPUTS))
    print(f"{'':24}" + f"{'Board':>13}{'pedalboard':>13}" * 2)
    rows: dict[str, Any] = {}
    for name in options.effects or EFFECTS:
        board, native = nb.Board([make(name)]), make(name)
        ours = measure(partial(board, sample_rate=RATE), sounds, repetitions)
        theirs = measure(partial(native, sample_rate=RATE), sounds, max(repetitions // 3, 1))
        rows[name] = {"board": ours, "pedalboard": theirs}
        cells = [f"{a:6.2f} {b:6.2f}" for which in INPUTS for a, b in (ours[which], theirs[which])]
        print(f"{name:24}" + "".join(cells), flush=True)
    slow = [
        f"{name}, {which}: {row['board'][which][1]:.2f}"
        for name, row in rows.items()
        for which in INPUTS
        if row["board"][which][1] > BOUND
    ]
    print("\n".join(f"OVER {BOUND}: {line}" for line in slow) or f"no median is over {BOUND}")
    if options.json:
        figures = {"machine": facts, "bound": BOUND, "ratios": rows}
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
