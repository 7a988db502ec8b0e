# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job, what `make demo` runs: take the noise out of a recording and show what changed.

usage: demo.py [RECORDING] [--out FOLDER] [--picture FILE]

Without a recording it takes the clip that comes with the package, whose clean twin is known, and
prints how much nearer to it the neural denoiser brings the sound, beside the best classic one. All
that is compared goes through the same chain, so that its filters and compressor do not count as
distortion.

SI-SDR and LSD (log-spectral distance to 24 kHz) are neuralboard.benchmarks.metrics'. Speech level:
the clean voice's share in the result; a denoiser that swallows speech shows here.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pedalboard.io import AudioFile

import neuralboard as nb
from neuralboard.assets import DEMO_CLEAN, DEMO_NOISY
from neuralboard.benchmarks import metrics
from neuralboard.benchmarks.metrics.speech_level import projection_gain

Audio = NDArray[np.float32]  # [samples]

PICTURE_TOP_HZ = 12_000
PICTURE_RANGE_DB = (-105.0, -40.0)
PICTURE_SECONDS = 30.0


def voice_board(denoiser: nb.Processor) -> nb.Board:
    """Rumble out, noise out, a little air, the level evened, peaks held."""
    return nb.Board(
        [
            nb.HighpassFilter(cutoff_frequency_hz=80),
            denoiser,
            nb.HighShelfFilter(cutoff_frequency_hz=6000, gain_db=1.5),
            nb.Compressor(threshold_db=-20, ratio=1.5, attack_ms=10, release_ms=200),
            nb.BrickwallLimiter(ceiling_db=-1.0, true_peak=True),
        ]
    )


def read(path: Path, seconds: float | None = None) -> tuple[Audio, int]:
    """Read a file, its channels averaged."""
    with AudioFile(str(path)) as file:
        rate = int(file.samplerate)
        frames = file.frames if seconds is None else min(file.frames, int(seconds * rate))
        return file.read(frames).mean(axis=0), rate


def table() -> Iterator[str]:
    """Measure the demo clip through the chain with three denoisers: none, classic, neural."""
    (clean, rate), (noisy, _) = read(DEMO_CLEAN), read(DEMO_NOISY)
    idle = voice_board(nb.Denoiser(bypass=True))
    wanted = idle(clean, rate)
    yield f"{'':<22}{'SI-SDR':>9}{'LSD':>9}{'speech level':>15}"
    rows = {
        "before": idle,
        "classic (Wiener)": voice_board(nb.WienerDenoiser()),
        "neural (Denoiser)": voice_board(nb.Denoiser()),
    }
    for title, board in rows.items():
        out = board(noisy, rate)
        level = 20 * np.log10(abs(projection_gain(wanted, out)))
        yield (
            f"{title:<22}{metrics.si_sdr(wanted, out):>6.1f} dB"
            f"{metrics.lsd(wanted, out, rate):>6.1f} dB{level:>+12.1f} dB"
        )


def draw(picture: Path, panels: dict[str, tuple[Audio, int]]) -> None:
    """Save one spectrogram above the other, on one scale."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt
    from PIL import Image

    figure, axes = plt.subplots(
        len(panels), 1, figsize=(9, 2.3 * len(panels)), sharex=True, layout="constrained"
    )
    image: Any = None
    for axis, (title, (audio, rate)) in zip(axes, panels.items(), strict=True):
        *_, image = axis.specgram(
            np.maximum(audio, -1) + 1e-9,
            NFFT=2048,
            Fs=rate,
            noverlap=2048 - 512,
            cmap="magma",
            vmin=PICTURE_RANGE_DB[0],
            vmax=PICTURE_RANGE_DB[1],
        )
        axis.set_title(title, loc="left", fontsize=11)
        top = min(PICTURE_TOP_HZ, rate / 2)
        ticks = np.arange(0, top + 1, 2000)
        axis.set_ylim(0, top)
        axis.set_yticks(ticks, [f"{tick / 1000:.0f}" for tick in ticks])
        axis.set_ylabel("kHz")
    axes[-1].set_xlabel("seconds")
    figure.colorbar(image, ax=axes, label="dB", shrink=0.8, pad=0.01)
    picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(picture, dpi=100)
    plt.close(figure)
    Image.open(picture).quantize(64, dither=Image.Dither.NONE).save(picture, optimize=True)


def main(arguments: list[str] | None = None) -> int:
    """Clean one recording; 0 when it worked, 1 when this recording could not be processed."""
    parser = argparse.ArgumentParser(description="Take the noise out of a recording.")
    parser.add_argument("recording", nargs="?", type=Path, default=DEMO_NOISY)
    parser.add_argument("--out", type=Path, default=Path("build/demo"), metavar="FOLDER")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="where else to draw to")
    options = parser.parse_args(arguments)
    is_clip = options.recording == DEMO_NOISY
    out: Path = options.out
    out.mkdir(parents=True, exist_ok=True)
    clean = out / f"{options.recording.stem}_cleaned.flac"
    removed = out / f"{options.recording.stem}_removed.flac"
    picture = options.picture or out / f"{options.recording.stem}_spectrograms.png"
    board = voice_board(nb.Denoiser())
    began = time.perf_counter()
    try:
        report = nb.process_file(board, options.recording, clean, removed=removed, force=True)
    except nb.NeuralboardError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    seconds = time.perf_counter() - began
    before, after = (read(path, PICTURE_SECONDS) for path in (options.recording, clean))
    draw(picture, {"before": before, "after": after})

    delay = board.latency(report.sample_rate, report.channels) / report.sample_rate
    print(f"chain    {board.to_chain()}")
    print(f"time     {report.seconds:.1f} s of audio in {seconds:.2f} s; live latency", end=" ")
    print(f"{1000 * delay:.1f} ms")
    if is_clip:
        print("\nagainst the clean voice (more SI-SDR, less LSD, a level near 0 are better)")
        print("\n".join(table()), end="\n\n")
    for title, path in (("result", clean), ("removed", removed), ("picture", picture)):
        print(f"{title:<8} {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
