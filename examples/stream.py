# SPDX-License-Identifier: GPL-3.0-or-later
"""Blocks of any size, as a sound card or a network gives them: the same samples as in one go."""

import numpy as np

import neuralboard as nb

SAMPLE_RATE = 48_000
rng = np.random.default_rng(0)
audio = 0.1 * rng.standard_normal((2, SAMPLE_RATE), dtype=np.float32)  # [channels, samples]

board = nb.Board([nb.WienerDenoiser(), nb.Reverb(room_size=0.3, wet_level=0.1)])
whole = board(audio, SAMPLE_RATE)

heard = []
with board.stream(SAMPLE_RATE, channels=2) as stream:
    start = 0
    while start < audio.shape[1]:
        block = audio[:, start : start + rng.integers(1, 2000)]
        heard.append(stream.process(block))  # as many samples as went in, `latency` late
        start += block.shape[1]
    heard.append(stream.flush())  # the rest
streamed = np.concatenate(heard, axis=1)[:, stream.latency :]

print(f"latency {stream.latency} samples, equal: {np.array_equal(streamed, whole)}")
