# SPDX-License-Identifier: GPL-3.0-or-later
"""A chain in a script: neuralboard's boxes and pedalboard's natives on one board."""

import sys

import neuralboard as nb
from neuralboard.assets import DEMO_NOISY

recording = sys.argv[1] if len(sys.argv) > 1 else DEMO_NOISY
board = nb.Board(
    [
        nb.HighpassFilter(cutoff_frequency_hz=80),
        nb.WienerDenoiser(),
        nb.Compressor(threshold_db=-24, ratio=2),
    ]
)
report = nb.process_file(board, recording, "clean.flac", force=True)
print(f"{report.output}: {report.seconds:.1f} s, chain: {board.to_chain()}")
