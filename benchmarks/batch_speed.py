# SPDX-License-Identifier: GPL-3.0-or-later
"""A batch on two workers beside the same on one: what a second processor is worth.

    python -m neuralboard.benchmarks.batch_speed --pairs 5

Two songs are made (or taken from --songs), and done by one worker and by two in turns, start and
end of the workers included. Wall-clock times say something only where no other program is at work;
the processor times beside them say what the second worker costs, on a busy machine as well, and
what ratio a quiet one would give: the longest worker's share of the work.
"""

from __future__ import annotations

import argparse
import hashlib
import resource
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import neuralboard as nb
from neuralboard.audio_writer import AudioWriter
from neuralboard.batching.results import BatchReport

__all__ = ["Pair", "make_songs", "measure"]

CHAIN = "denoiser() | compressor(threshold_db=-20, ratio=3) | reverb(wet_level=0.1)"
RATE = 48_000


@dataclass(frozen=True)
class Pair:
    """One worker, then two (or the other way about); each value is (one, two).

    Attributes
    ----------
    wall, processor : tuple of float
        Seconds from the call of `nb.batch` to its end; of processor time, this process and its
        workers together.
    busiest : tuple of float
        Seconds of processor time of this process and of that worker that had most to do, where
        songs share the workers' time by their length.
    same : bool
        Both gave the same bytes.
    """

    wall: tuple[float, float]
    processor: tuple[float, float]
    busiest: tuple[float, float]
    same: bool


def make_songs(folder: Path, count: int, seconds: float) -> list[Path]:
    """Write songs of that length, stereo, 16 bit: chords, strokes and noise."""
    paths = [folder / f"song{number}.wav" for number in range(count)]
    for number, path in enumerate(paths):
        generator = np.random.default_rng(number)
        with AudioWriter(path, RATE, 2, 16) as writer:
            for start in range(0, round(seconds * RATE), RATE):
                size = min(RATE, round(seconds * RATE) - start)
                time_ = (start + np.arange(size)) / RATE
                chord = sum(np.sin(2 * np.pi * f * time_) for f in (220.0, 277.2, 329.6))
                stroke = np.exp(-((time_ % 0.5) * 30)) * generator.standard_normal(size)
                noise = 0.01 * generator.standard_normal((2, size))
                writer.write((0.1 * chord + 0.2 * stroke + noise).astype(np.float32))
    return paths


def measure(songs: list[Path], chain: str, pairs: int, folder: Path) -> list[Pair]:
    """Do the songs by one worker and by two, in turns."""
    found = []
    for number in range(pairs):
        runs = {}
        for jobs in (1, 2) if number % 2 == 0 else (2, 1):
            runs[jobs] = _run(songs, chain, jobs, folder / f"{number}-{jobs}")
        one, two = runs[1], runs[2]
        found.append(
            Pair(
                (one.wall, two.wall),
                (one.processor, two.processor),
                (one.busiest, two.busiest),
                one.digests == two.digests,
            )
        )
    return found


@dataclass(frozen=True)
class _Run:
    wall: float
    processor: float
    busiest: float
    digests: list[str]


def _run(songs: list[Path], chain: str, jobs: int, out: Path) -> _Run:
    own, workers = _processor(resource.RUSAGE_SELF), _processor(resource.RUSAGE_CHILDREN)
    begun = time.perf_counter()
    report = nb.batch(songs, out, chain, jobs=jobs)
    wall = time.perf_counter() - begun
    own = _processor(resource.RUSAGE_SELF) - own
    workers = _processor(resource.RUSAGE_CHILDREN) - workers
    if report.failed:
        raise SystemExit(f"error: {report.failed[0].error}")
    digests = [hashlib.sha256(Path(r.output).read_bytes()).hexdigest() for r in report.results]
    return _Run(wall, own + workers, own + workers * _largest_share(report), digests)


def _processor(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def _largest_share(report: BatchReport) -> float:
    """Return the part of all audio that the busiest worker had."""
    by_worker: dict[str, float] = {}
    for result in report.results:
        assert result.report is not None
        by_worker[result.worker] = by_worker.get(result.worker, 0.0) + result.report.seconds
    return max(by_worker.values()) / sum(by_worker.values())


def _line(pair: Pair) -> str:
    (wall1, wall2), (used1, used2) = pair.wall, pair.processor
    return (
        f"wall {wall1:6.2f} s | {wall2:6.2f} s  x {wall2 / wall1:.3f}"
        f"   processor {used1:6.2f} s | {used2:6.2f} s  x {used2 / used1:.3f}"
        f"   busiest worker x {pair.busiest[1] / pair.busiest[0]:.3f}"
        f"{'' if pair.same else '   OTHER BYTES'}"
    )


def main() -> int:
    """Run from the command line; 0 where both gave the same bytes."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=200.0, help="of each song")
    parser.add_argument("--chain", default=CHAIN)
    parser.add_argument("--songs", type=Path, nargs="+", help="audio files instead")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        songs = args.songs or make_songs(Path(name), 2, args.seconds)
        found = measure(songs, args.chain, args.pairs, Path(name))
    for pair in found:
        print(_line(pair))
    best = min(p.wall[1] for p in found) / min(p.wall[0] for p in found)
    middle = statistics.median(p.wall[1] / p.wall[0] for p in found)
    print(f"two workers over one, wall: best by best {best:.3f}, median of pairs {middle:.3f}")
    return int(not all(pair.same for pair in found))


if __name__ == "__main__":
    sys.exit(main())
