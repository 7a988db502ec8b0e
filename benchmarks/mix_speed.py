# SPDX-License-Identifier: GPL-3.0-or-later
"""A long mix: how fast, in how much memory, and what each part of it costs.

    python -m neuralboard.benchmarks.mix_speed --minutes 60 --tracks 8 --folder /big/disk

Stereo tracks of 24-bit WAV, each with high-pass, peak filter and compressor, a send to a reverb, a
true-peak limiter on the master; mix, premaster and all stems as 24-bit WAV. The parts are CPU
seconds by thread, so they add up to more than the wall clock's where several run.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from neuralboard import fingerprint
from neuralboard.audio_writer import AudioWriter
from neuralboard.benchmarks.machine import describe, peak_memory
from neuralboard.mixing import outputs, running, sources, stream
from neuralboard.mixing.mixer import Mixer
from neuralboard.mixing.outputs import render_mix
from neuralboard.mixing.settings import OutputSettings

__all__ = ["main", "measure"]

RATE = 48_000
CHAIN = "highpass_filter(80) | peak_filter(1000, 3, 1) | compressor(-20, 3)"


def make_tracks(folder: Path, tracks: int, seconds: int) -> list[Path]:
    """Write the tracks: noise under a slow swell, the same ten seconds over and over."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number in range(tracks):
        path = folder / f"track{number}_{seconds}.wav"
        paths.append(path)
        if path.exists():
            continue
        rng = np.random.default_rng(number)
        swell = 0.15 + 0.1 * np.sin(np.arange(10 * RATE) * (2 * np.pi * (number + 1) / (10 * RATE)))
        piece = (rng.uniform(-1, 1, (2, 10 * RATE)) * swell).astype(np.float32)
        with AudioWriter(path, RATE, 2, 24) as file:
            for start in range(0, seconds, 10):
                file.write(piece[:, : min(10, seconds - start) * RATE])
    return paths


def desk(paths: list[Path]) -> Mixer:
    """Return the mix of the bar."""
    mixer = Mixer(RATE)
    for number, path in enumerate(paths):
        mixer.track(f"track {number}", path, chain=CHAIN, gain_db=-6.0, sends={"plate": -18.0})
    mixer.bus("plate", chain="reverb(wet_level=0.6, dry_level=0)")
    mixer.master.chain = "brickwall_limiter(ceiling_db=-1, true_peak=True)"
    return mixer


class Parts:
    """CPU seconds of parts, gathered over all threads."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._lock = threading.Lock()

    def timed(self, owner: Any, name: str, part: str) -> None:
        """Let a function or method of `owner` count towards a part."""
        function: Callable[..., Any] = getattr(owner, name)

        def wrapper(*args: Any, **kwargs: Any) -> Any:
            begun = time.thread_time()
            try:
                return function(*args, **kwargs)
            finally:
                with self._lock:
                    self.seconds[part] += time.thread_time() - begun

        setattr(owner, name, wrapper)


def measure(folder: Path, minutes: float, tracks: int, *, report: bool) -> dict[str, Any]:
    """Render the mix once and return what it took."""
    seconds = round(minutes * 60)
    mixer = desk(make_tracks(folder / "in", tracks, seconds))
    shutil.rmtree(folder / "out", ignore_errors=True)
    parts = Parts()
    parts.timed(sources.TrackSource, "read", "reading")
    parts.timed(running.RunningStrip, "run", "strips, reading included")
    parts.timed(stream.MixStream, "_collected", "aligning the outputs")
    parts.timed(AudioWriter, "write", "rounding and writing")
    parts.timed(AudioWriter, "close", "closing files (to the disk)")
    for module in (outputs, fingerprint):
        parts.timed(module, "hash_file", "hashing")
    settings = OutputSettings(stems=True, stems_bit_depth=24, bit_depth=24, tail=0.0, report=report)
    begun, cpu = time.perf_counter(), time.process_time()
    render_mix(mixer, folder / "out", settings)
    wall = time.perf_counter() - begun
    found = {
        "seconds": seconds,
        "tracks": tracks,
        "wall_seconds": round(wall, 2),
        "times_real_time": round(seconds / wall, 1),
        "cpu_seconds": round(time.process_time() - cpu, 2),
        "peak_rss_mb": round(peak_memory() / 1e6),
        "parts_cpu_seconds": {
            name: round(value, 2)
            for name, value in sorted(parts.seconds.items(), key=lambda item: -item[1])
        },
        "measured_on": describe(),
    }
    shutil.rmtree(folder / "out", ignore_errors=True)
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--tracks", type=int, default=8)
    parser.add_argument("--folder", type=Path, required=True, help="room for 20 GB an hour")
    parser.add_argument("--report", action="store_true", help="draw report.html as well")
    found = parser.parse_args()
    json.dump(
        measure(found.folder, found.minutes, found.tracks, report=found.report),
        sys.stdout,
        indent=1,
    )
    print()


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
