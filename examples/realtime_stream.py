# SPDX-License-Identifier: GPL-3.0-or-later
"""Does a chain keep up with a sound card? Blocks of 128 samples, timed one by one.

usage: realtime_stream.py [CHAIN] [--block SAMPLES]

A sound card asks for the next block when this one has played: what counts is not the mean time but
the slowest block. `neuralboard live` plays the same chain through a real sound card.
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np
from pedalboard.io import AudioFile

import neuralboard as nb
from neuralboard.assets import DEMO_NOISY

CHAIN = "highpass_filter(80) | denoiser() | compressor(threshold_db=-24, ratio=2)"
SECONDS = 4.0


def main() -> int:
    """Stream the start of the demo clip, check the samples, print times."""
    parser = argparse.ArgumentParser(description="Time a chain block by block.")
    parser.add_argument("chain", nargs="?", default=CHAIN)
    parser.add_argument("--block", type=int, default=128, metavar="SAMPLES")
    options = parser.parse_args()
    with AudioFile(str(DEMO_NOISY)) as file:
        rate = int(file.samplerate)
        audio = file.read(int(SECONDS * rate))  # [channels, samples]
    board = nb.parse_chain(options.chain)

    heard, times = [], []
    with board.stream(rate, channels=audio.shape[0]) as stream:
        stream.process(audio[:, :4096])  # the first blocks of a network cost more than all others
        stream.reset()
        for start in range(0, audio.shape[1], options.block):
            block = np.ascontiguousarray(audio[:, start : start + options.block])
            began = time.perf_counter()
            heard.append(stream.process(block))
            times.append(time.perf_counter() - began)
        heard.append(stream.flush())
        latency = stream.latency
    streamed = np.concatenate(heard, axis=1)[:, latency:]
    off = float(np.abs(streamed - board(audio, rate)).max())

    lasts = options.block / rate
    p50, p99, most = 1000 * np.quantile(times, [0.5, 0.99, 1.0])
    late = sum(took > lasts for took in times)
    print(f"chain     {board.to_chain()}")
    print(f"latency   {1000 * latency / rate:.1f} ms, and {1000 * lasts:.1f} ms for a block")
    print(f"time      {100 * sum(times) * rate / audio.shape[1]:.1f} % of real time, one thread")
    print(f"a block   p50 {p50:.2f} ms, p99 {p99:.2f} ms, slowest {most:.2f} ms")
    print(f"late      {late} of {len(times)} blocks took longer than they last")
    print(f"samples   differ from the whole recording in one go by at most {off:.1e}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
