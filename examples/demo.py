# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job, what `make demo` runs: take the noise out of a recording and show what changed.

usage: demo.py [RECORDING] [--learn FROM TO] [--out FOLDER] [--picture FILE]

From FROM to TO (seconds) the recording holds noise alone, and the noise removal takes its print
there; without it the noise is tracked as the sound goes on.

Without a recording it takes the clip that comes with the package, whose clean twin is known, and
prints how much nearer to it the noise removal brings the sound (SI-SDR: Le Roux et al., "SDR -
half-baked or well done?", ICASSP 2019). All that is compared goes through the same chain, so that
its filter and compressor do not count as distortion.
"""

from __future__ import annotations

import argparse
import copy
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pedalboard.io import AudioFile

import neuralboard as nb
from neuralboard.assets import DEMO_CLEAN, DEMO_NOISY

Audio = NDArray[np.float32]  # [samples]

DENOISER = 1  # where on the board it stands
NOISE_OF_CLIP = (0.0, 0.7)  # seconds of the demo clip before the voice begins
PICTURE_TOP_HZ = 8_000
PICTURE_RANGE_DB = (-105.0, -40.0)
PICTURE_SECONDS = 30.0


def denoising_board() -> nb.Board:
    """Rumble out, noise out, level evened a little."""
    return nb.Board(
        [
            nb.HighpassFilter(cutoff_frequency_hz=80),
            nb.WienerDenoiser(),
            nb.Compressor(threshold_db=-20, ratio=1.5, attack_ms=10, release_ms=200),
        ]
    )


def read(path: Path, seconds: float | None = None) -> tuple[Audio, int]:
    """Read a file, its channels averaged."""
    with AudioFile(str(path)) as file:
        rate = int(file.samplerate)
        frames = file.frames if seconds is None else min(file.frames, int(seconds * rate))
        return file.read(frames).mean(axis=0), rate


def si_sdr(estimate: Audio, reference: Audio) -> float:
    """Scale-invariant signal-to-distortion ratio in dB."""
    heard = estimate.astype(np.float64) - estimate.mean()
    wanted = reference.astype(np.float64) - reference.mean()
    target = heard @ wanted / (wanted @ wanted) * wanted
    return float(10 * np.log10(np.sum(target**2) / np.sum((heard - target) ** 2)))


def measure(board: nb.Board, learn: tuple[float, float]) -> tuple[float, float]:
    """Give the SI-SDR of the demo clip with the noise removal bypassed and at work, in dB."""
    (clean, rate), (noisy, _) = read(DEMO_CLEAN), read(DEMO_NOISY)
    bypassed, at_work = copy.deepcopy(board), copy.deepcopy(board)
    bypassed[DENOISER].bypass = True
    first, last = (round(second * rate) for second in learn)
    at_work[DENOISER].learn(noisy[None, first:last], rate)
    wanted = bypassed(clean, rate)
    return si_sdr(bypassed(noisy, rate), wanted), si_sdr(at_work(noisy, rate), wanted)


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
    parser.add_argument("--learn", nargs=2, type=float, metavar=("FROM", "TO"))
    parser.add_argument("--out", type=Path, default=Path("build/demo"), metavar="FOLDER")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="where else to draw to")
    options = parser.parse_args(arguments)
    is_clip = options.recording == DEMO_NOISY
    learn = tuple(options.learn) if options.learn else NOISE_OF_CLIP if is_clip else None

    out: Path = options.out
    out.mkdir(parents=True, exist_ok=True)
    clean = out / f"{options.recording.stem}_cleaned.flac"
    removed = out / f"{options.recording.stem}_removed.flac"
    picture = options.picture or out / f"{options.recording.stem}_spectrograms.png"
    board = denoising_board()
    began = time.perf_counter()
    try:
        report = nb.process_file(
            board, options.recording, clean, removed=removed, learn=learn, force=True
        )
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
        noisy_db, cleaned_db = measure(board, learn or NOISE_OF_CLIP)
        print(f"SI-SDR   {noisy_db:.1f} dB before, {cleaned_db:.1f} dB after (more is better)")
    for title, path in (("result", clean), ("removed", removed), ("picture", picture)):
        print(f"{title:<8} {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
