# SPDX-License-Identifier: GPL-3.0-or-later
"""A chain in a script: neuralboard's boxes and pedalboard's natives on one board."""

import neuralboard as nb
from neuralboard.assets import DEMO_NOISY  # or the path of a recording of yours

board = nb.Board(
    [
        nb.HighpassFilter(cutoff_frequency_hz=80),
        nb.Denoiser(strength=0.9),
        nb.Compressor(threshold_db=-24, ratio=2),
    ]
)
report = nb.process_file(board, DEMO_NOISY, "clean.flac", force=True)
print(f"{report.output}: {report.seconds:.1f} s through {board.to_chain()}")
