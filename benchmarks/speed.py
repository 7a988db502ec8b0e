# SPDX-License-Identifier: GPL-3.0-or-later
"""What boxes cost: processor time offline and in blocks, deadlines, latency, loading, memory.

All boxes run in one process, warmed, taking turns on the same recording in an order that is rotated
each repetition. Cost is processor time of the thread, so that other programs count less; what a
busy machine adds is taken out by the least of all repetitions. Ratios to one box are the result:
least by least, and the median of those within one repetition; where they differ by more than 20 %
everything is measured again, at most twice, and what still differs is said.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralboard.benchmarks.contenders import Contender
from neuralboard.benchmarks.metrics.alignment import best_lag
from neuralboard.benchmarks.paired import REPETITIONS, disagree, in_turns, ratios
from neuralboard.benchmarks.synthetic import RATE, demo_voice
from neuralboard.errors import AudioError, NeuralboardError

__all__ = ["BLOCKS", "Blocks", "Timing", "measure", "measured_lag", "unsure"]

BLOCKS = (64, 128, 256, 512, 1024)
ROUNDS = 3
LAG_REACH_MS = 100.0

Mono = NDArray[np.float32]


@dataclass
class Blocks:
    """One box streamed in blocks of one size.

    Attributes
    ----------
    size : int
        Samples a block; at 48 kHz it lasts `size` / 48 ms, which is the deadline.
    cost : list of float
        Processor seconds per second of audio, one value a repetition.
    each : list of float
        Processor seconds of every block.
    late_on_the_wall : int
        Blocks that took longer than they last by the clock on the wall: a busy machine's fault as
        well as the box's.
    """

    size: int
    cost: list[float] = field(default_factory=list)
    each: list[float] = field(default_factory=list)
    late_on_the_wall: int = 0

    @property
    def late(self) -> int:
        """Blocks whose processor time alone is longer than they last."""
        return sum(1 for spent in self.each if spent > self.size / RATE)

    def facts(self) -> dict[str, Any]:
        """Return what is kept of it."""
        p50, p99 = (float(value) for value in np.quantile(self.each, [0.5, 0.99]))
        return {
            "size": self.size, "cost": self.cost, "p50": p50, "p99": p99, "max": max(self.each),
            "blocks": len(self.each), "late": self.late,
            "late_on_the_wall": self.late_on_the_wall,
        }  # fmt: skip


@dataclass
class Timing:
    """What was measured of one box.

    Attributes
    ----------
    box : str
    latency : int
        Declared, samples at 48 kHz.
    lag : float
        Samples by which a voice comes later than declared (measured; 0 is right).
    offline, processes : list of float
        Processor seconds per second of audio, whole recordings, one value a repetition: of the
        calling thread, and of all threads of the process.
    blocks : dict of int to Blocks
        By block size; empty where the box can't stream.
    failed : str
        Why it could not be measured.
    """

    box: str
    latency: int = 0
    lag: float = 0.0
    offline: list[float] = field(default_factory=list)
    processes: list[float] = field(default_factory=list)
    blocks: dict[int, Blocks] = field(default_factory=dict)
    failed: str = ""


class _Runner:
    """One box, opened once; it is reset, outside the clock, before each run."""

    def __init__(self, contender: Contender, audio: Mono, sizes: Sequence[int]) -> None:
        self.audio, self.board = audio[None], contender.board()
        self.timing = Timing(contender.label, self.board.latency(RATE, 1))
        self.timing.lag = measured_lag(contender)
        self.stream = self.board.stream(RATE, 1) if self.board.streamable else None
        if self.stream is not None:
            self.timing.blocks = {size: Blocks(size) for size in sizes}

    def warm(self) -> None:
        self.board(self.audio, RATE)
        if self.stream is not None:
            self.stream.process(self.audio)

    def run(self) -> None:
        seconds, timing = self.audio.shape[1] / RATE, self.timing
        before, whole = time.thread_time(), time.process_time()
        self.board(self.audio, RATE)
        timing.offline.append((time.thread_time() - before) / seconds)
        timing.processes.append((time.process_time() - whole) / seconds)
        for found in timing.blocks.values():
            costs = self._stream(found)
            found.each += costs
            found.cost.append(sum(costs) / (len(costs) * found.size / RATE))

    def _stream(self, found: Blocks) -> list[float]:
        stream, size, costs = self.stream, found.size, []
        assert stream is not None
        stream.reset()
        for start in range(0, self.audio.shape[1] - size + 1, size):
            block = self.audio[:, start : start + size]
            wall, before = time.perf_counter(), time.thread_time()
            stream.process(block)
            costs.append(time.thread_time() - before)
            found.late_on_the_wall += time.perf_counter() - wall > size / RATE
        return costs


def measure(
    texts: Sequence[str],
    audio: Mono,
    *,
    anchor: str | None = None,
    sizes: Sequence[int] = BLOCKS,
    repetitions: int = REPETITIONS,
    moved: Callable[[int, int | None], None] | None = None,
) -> tuple[list[Timing], int]:
    """Time boxes in turns on mono audio at 48 kHz.

    Parameters
    ----------
    texts : sequence of str
        Chain texts.
    audio : ndarray, float32 [samples]
        At least one block of every size.
    anchor : str, optional
        Label of the box that ratios refer to; the first where it is not given.
    sizes : sequence of int
        Samples per block.
    repetitions : int
        Counted runs of each box.
    moved : callable, optional
        Called with (runs done, all).

    Returns
    -------
    list of Timing, int
        In the order of `texts`; how many rounds of repetitions it took.

    Raises
    ------
    AudioError
    """
    if len(audio) < max(sizes):
        raise AudioError(
            f"{len(audio)} samples are shorter than a block of {max(sizes)}; give more sound"
        )
    timings: dict[str, Timing] = {}
    runners: list[_Runner] = []
    for text in texts:
        try:
            runner = _Runner(Contender(text), audio, sizes)
            runner.warm()
        except (NeuralboardError, ValueError, RuntimeError, OSError) as error:
            reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
            timings[text] = Timing(text, failed=reason)
            continue
        runners.append(runner)
        timings[text] = runner.timing
    rounds, done = 0, 0
    while rounds < ROUNDS and runners:
        total = (rounds + 1) * repetitions * len(runners)
        for _, runner in in_turns(runners, repetitions):
            runner.run()
            done += 1
            if moved is not None:
                moved(done, total)
        rounds += 1
        if not any(unsure(timing, _anchor(timings, anchor)) for timing in timings.values()):
            break
    return list(timings.values()), rounds


def _anchor(timings: dict[str, Timing], label: str | None) -> Timing:
    measured = [timing for timing in timings.values() if not timing.failed]
    return next((timing for timing in measured if timing.box == label), measured[0])


def unsure(timing: Timing, anchor: Timing) -> bool:
    """Return True where the two ways to take the ratio differ by more than 20 %."""
    pairs = [ratios(timing.offline, anchor.offline)]
    both = timing.blocks.keys() & anchor.blocks.keys()
    pairs += [ratios(timing.blocks[size].cost, anchor.blocks[size].cost) for size in both]
    return any(disagree(pair) for pair in pairs)


def measured_lag(contender: Contender) -> float:
    """Return by how many samples a clean voice comes out later than declared."""
    voice = demo_voice()[: 4 * RATE]
    out = contender.process(voice.astype(np.float32), RATE)
    return best_lag(voice, out, RATE, LAG_REACH_MS)
