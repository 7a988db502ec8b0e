# SPDX-License-Identifier: GPL-3.0-or-later
"""Three denoisers on one recording: files to listen to, a picture, a table.

usage: compare_denoisers.py [RECORDING] [--out FOLDER]

pauses: the level that the quietest tenth of the recording stays below; the lower, the more noise
is gone. voice: the level of the loudest tenth against the recording's; far below 0, speech went
with the noise. Of the clip that comes with the package the clean twin is known, so that SI-SDR and
LSD (neuralboard.benchmarks.metrics) can be told. `neuralboard bench` measures on many recordings.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pedalboard.io import AudioFile

import neuralboard as nb
from neuralboard.assets import DEMO_CLEAN, DEMO_NOISY
from neuralboard.benchmarks import metrics

Audio = NDArray[np.float32]  # [channels, samples]

BOXES: dict[str, nb.Processor] = {
    "denoiser": nb.Denoiser(),
    "wiener_denoiser": nb.WienerDenoiser(),
    "spectral_subtraction": nb.SpectralSubtraction(),
}
PICTURE_SECONDS, PICTURE_TOP_HZ, PICTURE_RANGE_DB = 20.0, 12_000, (-120.0, -55.0)


def read(path: Path) -> tuple[Audio, int]:
    """Read a whole file."""
    with AudioFile(str(path)) as file:
        return file.read(file.frames), int(file.samplerate)


def level_db(audio: Audio, rate: int, share: float) -> float:
    """Return the RMS level of 50 ms that this share of the recording stays below, in dBFS."""
    window = rate // 20
    mono = audio.mean(axis=0, dtype=np.float64)
    mono = np.pad(mono, (0, -len(mono) % window))
    powers = np.square(mono).reshape(-1, window).mean(axis=1)
    return float(10 * np.log10(np.quantile(powers, share) + 1e-12))


def row(name: str, noisy: Audio, out: Audio, rate: int, clean: Audio | None) -> str:
    """Return one line of the table, without time and latency."""
    voice = level_db(out, rate, 0.9) - level_db(noisy, rate, 0.9)
    line = f"{name:<22}{level_db(out, rate, 0.1):>8.1f} dBFS{voice:>+8.1f} dB"
    if clean is not None:
        si_sdr, lsd = (metrics.si_sdr(clean[0], out[0]), metrics.lsd(clean[0], out[0], rate))
        line += f"{si_sdr:>8.1f} dB{lsd:>8.1f} dB"
    return line


def draw(picture: Path, panels: dict[str, Audio], rate: int) -> None:
    """Save one spectrogram above the other, on one scale."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(
        len(panels), 1, figsize=(9, 2 * len(panels)), sharex=True, layout="constrained"
    )
    low, high = PICTURE_RANGE_DB
    top = min(PICTURE_TOP_HZ, rate / 2)
    image: Any = None
    for axis, (title, audio) in zip(axes, panels.items(), strict=True):
        mono = audio[:, : int(PICTURE_SECONDS * rate)].mean(axis=0)
        *_, image = axis.specgram(
            mono + 1e-9,  # there is no logarithm of 0
            NFFT=2048, Fs=rate, noverlap=1536, cmap="magma", vmin=low, vmax=high,
        )  # fmt: skip
        axis.set_title(title, loc="left", fontsize=11)
        ticks = np.arange(0, top + 1, 4000)
        axis.set_yticks(ticks, [f"{tick / 1000:.0f}" for tick in ticks])
        axis.set_ylim(0, top)
        axis.set_ylabel("kHz")
    axes[-1].set_xlabel("seconds")
    figure.colorbar(image, ax=axes, label="dB", shrink=0.8, pad=0.01)
    figure.savefig(picture, dpi=90)
    plt.close(figure)


def main() -> int:
    """Compare on one recording; 0 when it worked."""
    parser = argparse.ArgumentParser(description="Compare three denoisers on one recording.")
    parser.add_argument("recording", nargs="?", type=Path, default=DEMO_NOISY)
    parser.add_argument("--out", type=Path, default=Path("compared"), metavar="FOLDER")
    options = parser.parse_args()
    if not options.recording.is_file():
        print(f"compare_denoisers: there is no file {options.recording}", file=sys.stderr)
        return 1
    noisy, rate = read(options.recording)
    clean = read(DEMO_CLEAN)[0] if options.recording == DEMO_NOISY else None
    options.out.mkdir(parents=True, exist_ok=True)

    known = f"{'SI-SDR':>11}{'LSD':>11}" if clean is not None else ""
    print(f"{'':<22}{'pauses':>13}{'voice':>11}{known}{'latency':>12}{'time':>16}")
    print(row("before", noisy, noisy, rate, clean))
    panels = {"before": noisy}
    for name, box in BOXES.items():
        box(noisy[:, :rate], rate)  # opens the model: not counted
        began = time.perf_counter()
        out = panels[name] = box(noisy, rate)
        share = (time.perf_counter() - began) * rate / noisy.shape[1]
        with AudioFile(
            str(options.out / f"{name}.flac"), "w", rate, len(out), bit_depth=24
        ) as file:
            file.write(out)
        latency = 1000 * box.latency(rate, len(out)) / rate
        line = row(name, noisy, out, rate, clean)
        print(f"{line}{latency:>9.1f} ms{100 * share:>7.1f} % of it")
    draw(options.out / "spectrograms.png", panels, rate)
    print(f"\nlisten to {options.out}/*.flac, look at {options.out / 'spectrograms.png'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
