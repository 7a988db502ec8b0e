# SPDX-License-Identifier: GPL-3.0-or-later
"""What the boxes for a mix cost beside the pedalboard effects that stand next to them.

    python -m neuralboard.benchmarks.mix_box_speed [--seconds 20] [--repetitions 15]

Processor time per second of stereo noise at 48 kHz, called one-shot, paired in one process. What
stands side by side is not the same work: ours link their channels, or have steeper slopes. The exit
status is 1 where BusCompressor takes more than 1.5 times pedalboard's Compressor.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from typing import Any

import numpy as np
import pedalboard as pb

import neuralboard as nb
from neuralboard.benchmarks.paired import paired, ratios

RATE = 48_000
BOUND = 1.5
COMPRESSOR = "pedalboard.Compressor"
FILTER = "pedalboard.HighpassFilter"


def contenders() -> dict[str, tuple[Any, str]]:
    """Return name → (effect, the one that it is held against)."""
    return {
        COMPRESSOR: (pb.Compressor(-20.0, 4.0, 10.0, 100.0), COMPRESSOR),
        "BusCompressor": (nb.BusCompressor(-20.0, 4.0, 10.0, 100.0), COMPRESSOR),
        "BusCompressor, key high-pass": (
            nb.BusCompressor(-20.0, 4.0, 10.0, 100.0, key_high_pass_hz=100.0),
            COMPRESSOR,
        ),
        "DeEsser": (nb.DeEsser(), COMPRESSOR),
        FILTER: (pb.HighpassFilter(80.0), FILTER),
        "HighPass, 12 dB": (nb.HighPass(80.0), FILTER),
        "HighPass, 24 dB": (nb.HighPass(80.0, slope=24), FILTER),
        "HighPass, 48 dB": (nb.HighPass(80.0, slope=48), FILTER),
        "HumFilter, 10 notches": (nb.HumFilter(), FILTER),
    }


def main(arguments: list[str] | None = None) -> int:
    """Print a table; return the exit status."""
    parser = argparse.ArgumentParser(description="Processor time of the boxes for a mix.")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--repetitions", type=int, default=15)
    options = parser.parse_args(arguments)
    rng = np.random.default_rng(3)
    noise = rng.uniform(-0.5, 0.5, (2, round(options.seconds * RATE))).astype(np.float32)
    made = contenders()
    calls = {name: partial(effect, noise, RATE) for name, (effect, _) in made.items()}
    times = paired(calls, options.repetitions)
    print("| | core-ms per second | to | best | median |\n|---|---|---|---|---|")
    for name, (_, anchor) in made.items():
        best, median = ratios(times[name], times[anchor])
        cost = 1000.0 * min(times[name]) / options.seconds
        print(f"| {name} | {cost:.2f} | {anchor} | {best:.2f} x | {median:.2f} x |")
    return int(ratios(times["BusCompressor"], times[COMPRESSOR])[0] > BOUND)


if __name__ == "__main__":
    sys.exit(main())
