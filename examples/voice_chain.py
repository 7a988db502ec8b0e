# SPDX-License-Identifier: GPL-3.0-or-later
"""A noisy voice made ready to publish: rumble and noise out, clearer, evened, its peaks held.

usage: voice_chain.py [RECORDING] [-o FILE]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from pedalboard.io import AudioFile

import neuralboard as nb
from neuralboard.assets import DEMO_NOISY

board = nb.Board(
    [
        nb.HighpassFilter(cutoff_frequency_hz=80),  # rumble, and handling of the microphone
        nb.Denoiser(strength=0.9),  # before the compressor, which would lift the noise
        nb.PeakFilter(cutoff_frequency_hz=300, gain_db=-2.0, q=0.8),  # less of the box
        nb.PeakFilter(cutoff_frequency_hz=3500, gain_db=2.0, q=0.8),  # consonants
        nb.Compressor(threshold_db=-26, ratio=3, attack_ms=8, release_ms=150),
        nb.Gain(gain_db=12),  # what the compressor took, and more
        nb.BrickwallLimiter(ceiling_db=-1.0, true_peak=True),  # last: nothing clips after it
    ]
)


def levels(path: Path) -> str:
    """Tell peak and RMS, and the level that only the quietest tenth of the file stays below."""
    with AudioFile(str(path)) as file:
        audio, window = file.read(file.frames), int(file.samplerate) // 20
    peak = np.abs(audio).max()
    mean_square = np.square(audio[:, : audio.shape[1] // window * window], dtype=np.float64)
    parts = mean_square.mean(axis=0).reshape(-1, window).mean(axis=1)  # of 50 ms each
    figures = (peak**2, parts.mean(), np.quantile(parts, 0.1))
    in_db = [10 * np.log10(max(figure, 1e-12)) for figure in figures]
    return "peak {:6.1f}   RMS {:6.1f}   pauses {:6.1f} dBFS".format(*in_db)


def main() -> int:
    """Process one recording; 0 when it worked."""
    parser = argparse.ArgumentParser(description="Make a noisy voice ready to publish.")
    parser.add_argument("recording", nargs="?", type=Path, default=DEMO_NOISY)
    parser.add_argument("-o", "--output", type=Path, default=Path("voice.flac"))
    options = parser.parse_args()
    try:
        report = nb.process_file(board, options.recording, options.output, force=True)
    except nb.NeuralboardError as error:
        print(f"voice_chain: {error}", file=sys.stderr)
        return 1
    print(" -> ".join(type(box).__name__ for box in board))
    print(f"before  {levels(options.recording)}")
    print(f"after   {levels(Path(report.output))}")
    print(f"{report.output}: {report.seconds:.1f} s, {report.sample_rate} Hz")
    return 0


if __name__ == "__main__":
    sys.exit(main())
