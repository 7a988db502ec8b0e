# SPDX-License-Identifier: GPL-3.0-or-later
"""What a neural box costs: its model's own time, and what streaming adds to it.

    python -m neuralboard.benchmarks.neural_speed "denoiser()"

All times are processor time of the calling thread.
"""

from __future__ import annotations

import argparse
import platform
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

import neuralboard as nb
from neuralboard.audio import Audio
from neuralboard.benchmarks.voices import model_streams
from neuralboard.effects import runtime
from neuralboard.effects.model_file import load_model

__all__ = ["measure"]

SHORT = 128


def measure(box: Any, blocks: int = 4000) -> dict[str, float]:
    """Measure one mono box at its model's own rate.

    Parameters
    ----------
    box : NeuralEffect or Denoiser
    blocks : int
        How many blocks of each size.

    Returns
    -------
    dict of str to float
        `load_ms` of a file whose onnxruntime is imported; per frame (waveform: block) in
        microseconds: `box_us` streamed frame by frame, `graph_us` of it in the graph,
        `overhead_us` around it, `offline_us` in one go; `short_p50_us`, `short_p99_us` of blocks
        of 128 samples, and `short_block_us`, how long such a block lasts.
    """
    model = box._model()
    card = model.card
    rate = card.sample_rate
    hop = card.stft.hop_length if card.stft is not None else card.block
    rng = np.random.default_rng(0)
    audio = (0.05 * rng.standard_normal((1, hop * 1024))).astype(np.float32)
    in_box, in_graph = _streamed(box, audio, rate, hop, blocks)
    short, _ = _streamed(box, audio, rate, SHORT, blocks)
    box(audio, rate)
    offline = _time(lambda: box(audio, rate)) / 1024
    return {
        "load_ms": _load_ms(model.source),
        "box_us": float(np.median(in_box)),
        "graph_us": float(np.median(in_graph)),
        "overhead_us": float(np.median(in_box - in_graph)),
        "offline_us": offline,
        "short_p50_us": float(np.median(short)),
        "short_p99_us": float(np.percentile(short, 99)),
        "short_block_us": 1e6 * SHORT / rate,
    }


def _streamed(
    box: Any, audio: Audio, rate: int, size: int, blocks: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the time of each block, and how much of it went to the graph, microseconds."""
    spent = np.zeros((2, blocks))
    inside = [0.0]
    with box.stream(rate, 1) as stream:
        for model in model_streams(stream._voice):
            _watch(model._runner, inside)
        for number in range(-100, blocks):
            start = number * size % (audio.shape[1] - size)
            block = np.ascontiguousarray(audio[:, start : start + size])
            inside[0] = 0.0
            total = _time(partial(stream.process, block))
            if number >= 0:
                spent[:, number] = total, inside[0]
    return spent[0], spent[1]


def _watch(runner: Any, inside: list[float]) -> None:
    """Let a runner add the time of its runs to `inside`."""
    run = runner.run

    def watched() -> Any:
        begin = time.thread_time_ns()
        outputs = run()
        inside[0] += (time.thread_time_ns() - begin) / 1e3
        return outputs

    runner.run = watched


def _load_ms(source: str) -> float:
    """Load a file as a fresh process does, onnxruntime's import apart."""
    runtime._open.clear()
    runtime._recent.clear()
    return _time(lambda: load_model(source)) / 1e3


def _time(call: Callable[[], Any]) -> float:
    """Return the processor time of a call, microseconds."""
    begin = time.thread_time_ns()
    call()
    return (time.thread_time_ns() - begin) / 1e3


def main() -> int:
    """Print the figures of one box."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("chain", nargs="?", default="denoiser()", help="one box, as in chain text")
    args = parser.parse_args()
    found = measure(nb.parse_chain(args.chain)[0])
    print(f"{platform.machine()} {platform.processor() or ''} Python {platform.python_version()}")
    for name, value in found.items():
        print(f"{name:15} {value:10.2f}")
    half = found["short_block_us"] / 2
    print(f"p99 of 128-sample blocks: {found['short_p99_us'] / half:.2f} of half a block")
    return 0


if __name__ == "__main__":
    sys.exit(main())
