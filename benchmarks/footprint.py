# SPDX-License-Identifier: GPL-3.0-or-later
"""What neuralboard costs beside time per block: imports, loading a box, memory.

Each is measured in a child process, since a process that measures has imported everything already
and never gives all its memory back.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

__all__ = [
    "FORBIDDEN",
    "four_box_board",
    "import_seconds",
    "loaded_modules",
    "memory_of_file",
    "of_box",
]

FORBIDDEN = ("torch", "onnxruntime", "librosa", "matplotlib", "typer")
"""What `import neuralboard` must not load: large, or of no use to a script."""

_TIME_IMPORT = (
    "import time; wall, cpu = time.perf_counter(), time.process_time(); import {module}; "
    "print(time.perf_counter() - wall, time.process_time() - cpu)"
)
_LIST_MODULES = "import json, sys; import {module}; print(json.dumps(sorted(sys.modules)))"


def _child(*arguments: str) -> str:
    done = subprocess.run(  # noqa: S603 - our own interpreter with our own words
        [sys.executable, *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout


def import_seconds(module: str, tries: int = 5) -> tuple[float, float]:
    """Return the least wall time and the least processor time of an import in a fresh process."""
    runs = [
        [float(word) for word in _child("-c", _TIME_IMPORT.format(module=module)).split()]
        for _ in range(tries)
    ]
    return min(run[0] for run in runs), min(run[1] for run in runs)


def loaded_modules(module: str = "neuralboard") -> set[str]:
    """Return the names of all modules that an import loads."""
    return set(json.loads(_child("-c", _LIST_MODULES.format(module=module))))


def memory_of_file(minutes: float) -> dict[str, float]:
    """Process a synthetic stereo file of this length in a child; return its peak and its time."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "in.wav"), Path(folder, "out.wav")
        write_sound(source, minutes)
        return json.loads(_child("-m", __name__, str(source), str(target)))


def write_sound(path: Path, minutes: float, sample_rate: int = 44_100) -> None:
    """Write a stereo 16-bit file of noise that swells and fades, a minute at a time."""
    from pedalboard.io import AudioFile

    rng = np.random.default_rng(60)
    left = round(minutes * 60 * sample_rate)
    with AudioFile(str(path), "w", float(sample_rate), num_channels=2, bit_depth=16) as file:
        while left > 0:
            size = min(left, 60 * sample_rate)
            level = 0.1 + 0.1 * np.sin(np.arange(size) * (2 * np.pi / sample_rate))
            file.write((rng.standard_normal((2, size)) * level).astype(np.float32))
            left -= size


def four_box_board() -> Any:
    """Return the board of the memory figure: a filter, a denoiser of ours, dynamics, a room."""
    import pedalboard

    import neuralboard as nb

    return nb.Board([
        pedalboard.HighpassFilter(80.0),
        nb.SpectralSubtraction(strength=0.8),
        pedalboard.Compressor(threshold_db=-18.0, ratio=3.0),
        pedalboard.Reverb(wet_level=0.1, dry_level=0.8),
    ])  # fmt: skip


def of_box(text: str, seconds: float = 10.0) -> dict[str, float]:
    """Return what one chain costs a fresh process.

    Returns
    -------
    dict
        "load_seconds" (wall): from chain text to the end of the first block, packages and models
        included; "peak_mb": the most memory it held while `seconds` of mono audio ran through it;
        "before_mb": what it held with neuralboard imported and nothing opened.
    """
    return json.loads(_child("-m", __name__, "--box", text, str(seconds)))


def _box(text: str, seconds: float) -> None:
    """Run in the child: open, process, tell the peak."""
    import neuralboard as nb
    from neuralboard.benchmarks.machine import peak_memory

    rate, block = 48_000, 480
    rng = np.random.default_rng(0)
    audio = (0.05 * rng.standard_normal((1, round(seconds * rate)))).astype(np.float32)
    before, started = peak_memory(), time.perf_counter()
    board = nb.Board([]) if text == "noisy" else nb.parse_chain(text)
    if board.streamable:
        with board.stream(rate, 1) as stream:
            stream.process(audio[:, :block])
            load = time.perf_counter() - started
            for start in range(block, audio.shape[1], block):
                stream.process(audio[:, start : start + block])
    else:
        board(audio[:, :rate], rate)
        load = time.perf_counter() - started
        board(audio, rate)
    figures = {
        "load_seconds": load, "before_mb": before / 1e6, "peak_mb": peak_memory() / 1e6
    }  # fmt: skip
    sys.stdout.write(json.dumps(figures))


def _process(source: str, target: str) -> None:
    """Run in the child: process, then tell the peak."""
    import neuralboard as nb
    from neuralboard.benchmarks.machine import peak_memory

    board = four_box_board()
    before = peak_memory()
    wall, cpu = time.perf_counter(), time.process_time()
    nb.process_file(board, source, target)
    figures = {
        "before_mb": before / 1e6,
        "peak_mb": peak_memory() / 1e6,
        "wall_seconds": time.perf_counter() - wall,
        "cpu_seconds": time.process_time() - cpu,
    }
    sys.stdout.write(json.dumps(figures))


if __name__ == "__main__":
    if sys.argv[1] == "--box":
        _box(sys.argv[2], float(sys.argv[3]))
    else:
        _process(*sys.argv[1:])
