# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw docs/images/dynamics.png: BusCompressor's curve, and what it does to a step.

    python scripts/draw_dynamics.py [picture.png]

Both are measured on the box, not drawn from the formula.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

import neuralboard as nb

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "images" / "dynamics.png"
RATE = 48_000
THRESHOLD_DB, RATIO = -20.0, 4.0


def reduction_db(box: nb.Effect, levels_db: Any) -> Any:
    """Return the gain reduction for a key of these levels, one per sample."""
    key = (10 ** (np.asarray(levels_db) / 20)).astype(np.float32)[np.newaxis]
    with box.stream(RATE, 1) as stream:
        stream.process(key)
        return stream.controls["gain_reduction_db"]


def main(path: Path = PICTURE) -> None:
    """Write the picture."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, (curve, step) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    levels = np.linspace(-40, 0, 2000)
    for knee in (0.0, 6.0, 18.0):
        at_once = nb.BusCompressor(THRESHOLD_DB, RATIO, 0.0, 1.0, knee_db=knee, hold_ms=0.0)
        curve.plot(levels, levels - reduction_db(at_once, levels), label=f"knee_db={knee:g}")
    curve.plot(levels, levels, ":", color="0.6")
    curve.set(xlabel="peak in, dBFS", ylabel="peak out, dBFS", title=f"ratio={RATIO:g}")
    curve.legend(frameon=False)
    # 50 ms quiet, 100 ms loud, 300 ms quiet again
    loudness = np.full(round(0.45 * RATE), -60.0)
    loudness[round(0.05 * RATE) : round(0.15 * RATE)] = -8.0
    box = nb.BusCompressor(THRESHOLD_DB, RATIO, 10.0, 80.0, knee_db=0.0, hold_ms=30.0)
    time = np.arange(loudness.size) / RATE * 1000
    step.plot(time, -reduction_db(box, loudness))
    for ms, word in ((60.0, "attack_ms=10\n63 %"), (260.0, "hold_ms=30 +\nrelease_ms=80\n63 %")):
        value = -9 * (1 - np.exp(-1)) if ms < 100 else -9 * np.exp(-1)
        step.plot([ms], [value], "o", color="C3")
        step.annotate(word, (ms, value), (8, -4), textcoords="offset points", va="top")
    step.axvspan(50, 150, color="0.92")
    step.set(xlabel="ms", ylabel="gain, dB", title="100 ms, 12 dB over the threshold")
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:2]))
