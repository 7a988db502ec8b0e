# SPDX-License-Identifier: GPL-3.0-or-later
"""The speed benchmark does what it says; how fast it finds things is no test."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import pedalboard
import pytest

from neuralboard.benchmarks import board_speed, footprint
from neuralboard.benchmarks.paired import Times, paired


def test_rivals_take_turns_and_each_goes_first_in_its_turn() -> None:
    seen: list[str] = []
    times = paired(
        {name: lambda name=name: seen.append(name) for name in "abc"},  # type: ignore[misc]
        repetitions=3,
        calls=2,
    )
    assert "".join(seen) == "abc" + "aabbcc" + "bbccaa" + "ccaabb"
    assert {name: len(values) for name, values in times.items()} == {"a": 3, "b": 3, "c": 3}


def test_time_spent_waiting_is_not_counted_and_time_at_work_is() -> None:
    def work() -> None:
        end = time.thread_time() + 0.02
        while time.thread_time() < end:
            pass

    def wait_for_another_thread() -> None:
        other = threading.Thread(target=work)
        other.start()
        other.join()

    times = paired({"waiting": wait_for_another_thread, "at work": work}, repetitions=1)
    assert times["waiting"][0] < 0.01
    assert times["at work"][0] >= 0.02


def test_ratio_and_excess_are_told_by_the_best_and_by_the_median() -> None:
    times = Times(theirs=(1.0, 2.0, 1.0), ours=(3.0, 2.0, 1.5))
    assert times.best == (1.0, 1.5)
    assert times.ratio == (1.5, 1.5)
    assert times.excess == (0.5, 0.5)


def test_a_missed_bound_is_marked_and_is_the_exit_code(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = {
        "met": (lambda: [pedalboard.Invert()], 1e9),
        "not met": (lambda: [pedalboard.Invert()], 0.0),
    }
    monkeypatch.setattr(board_speed, "WHOLE", cases)
    monkeypatch.setattr(board_speed, "SINGLE", {})
    monkeypatch.setattr(board_speed, "SEVERAL", {"two": lambda: [pedalboard.Gain(1.0)] * 1})
    monkeypatch.setattr(board_speed, "imports", lambda tries: [])
    target = tmp_path / "figures.json"
    assert board_speed.main(["--repetitions", "1", "--json", str(target)]) == 1
    printed = capsys.readouterr().out
    assert [line for line in printed.splitlines() if "**missed**" in line and "not met" in line]
    assert not [line for line in printed.splitlines() if "**missed**" in line and "| met" in line]
    told = json.loads(target.read_text("utf-8"))
    assert told["machine"]["pedalboard"] == pedalboard.version.__version__
    assert {line["case"] for line in told["figures"]} >= {"met", "not met", "WienerDenoiser"}


def test_a_file_of_any_length_takes_the_same_memory() -> None:
    """Ten times as long, 1.6 MB more of samples a second if they were kept: none are."""
    short = footprint.memory_of_file(0.05)
    long = footprint.memory_of_file(0.5)
    assert long["peak_mb"] - short["peak_mb"] < 5.0
    assert long["peak_mb"] < 250.0


def test_the_peak_of_memory_is_this_programs_own() -> None:
    """In a child: what was held earlier in this process has raised its peak already."""
    held = bytearray(256_000_000)  # in the parent, which a child's peak must not tell
    held[::4096] = b"x" * len(held[::4096])
    code = (
        "from neuralboard.benchmarks.machine import peak_memory\n"
        "before = peak_memory()\n"
        "held = bytearray(64_000_000)\n"
        "held[::4096] = b'x' * len(held[::4096])\n"
        "print(before, peak_memory())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    before, after = (int(word) for word in done.stdout.split())
    assert before < 128_000_000 < len(held)
    assert 60_000_000 < after - before < 80_000_000


def test_the_import_loads_none_of_the_large_packages() -> None:
    loaded = footprint.loaded_modules()
    assert {"neuralboard", "numpy", "pedalboard"} <= loaded
    assert loaded.isdisjoint(footprint.FORBIDDEN)
