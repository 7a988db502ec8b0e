# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job, what `make demo` runs: take the noise out of a recording and show what changed.

usage: demo.py [RECORDING] [--out FOLDER] [--picture FILE]

Without a recording it takes the clip that comes with the package, whose clean twin is known, and
prints how much nearer to it the neural denoiser brings the sound, beside the best classic one. All
that is compared goes through the same chain, so that its filters and compressor do not count as
distortion.

SI-SDR: Le Roux et al., "SDR - half-baked or well done?", ICASSP 2019. LSD: log-spectral distance
to 24 kHz, 80 dB under the loudest at most (Gray & Markel, 1976). Speech level: how loud the voice
still is beside the clean one; a denoiser that swallows speech shows here.
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


def si_sdr(estimate: Audio, reference: Audio) -> float:
    """Scale-invariant signal-to-distortion ratio in dB."""
    heard = estimate.astype(np.float64) - estimate.mean()
    wanted = reference.astype(np.float64) - reference.mean()
    target = heard @ wanted / (wanted @ wanted) * wanted
    return float(10 * np.log10(np.sum(target**2) / np.sum((heard - target) ** 2)))


def lsd(estimate: Audio, reference: Audio) -> float:
    """Log-spectral distance in dB over all bins and frames, 80 dB deep."""
    powers = []
    for audio in (estimate, reference):
        frames = np.lib.stride_tricks.sliding_window_view(audio, 2048)[::512]
        powers.append(np.abs(np.fft.rfft(frames * np.hanning(2048), axis=1)) ** 2)
    floor = powers[1].max() * 1e-8
    levels = [10 * np.log10(np.maximum(power, floor)) for power in powers]
    return float(np.mean(np.sqrt(np.mean((levels[0] - levels[1]) ** 2, axis=1))))


def speech_level(estimate: Audio, reference: Audio) -> float:
    """Level of the voice in dB against the clean one: the projection on it, where it speaks."""
    blocks = reference[: len(reference) // 960 * 960].reshape(-1, 960)
    power = np.mean(blocks.astype(np.float64) ** 2, axis=1)
    speaks = np.repeat(power > power.max() * 1e-3, 960)
    wanted, heard = (x[: len(speaks)][speaks].astype(np.float64) for x in (reference, estimate))
    return float(20 * np.log10(max(heard @ wanted / (wanted @ wanted), 1e-6)))


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
        yield (
            f"{title:<22}{si_sdr(out, wanted):>6.1f} dB{lsd(out, wanted):>6.1f} dB"
            f"{speech_level(out, wanted):>+12.1f} dB"
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
