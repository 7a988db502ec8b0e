# SPDX-License-Identifier: GPL-3.0-or-later
"""`neuralboard batch` as a user runs it, and as it is stopped: Ctrl-C, kill -9, a full disk.

A box waits in the middle of a loud file for a named pipe. Where the test can open the pipe for
writing, a worker is at work; where writing into it ends with a broken pipe, that worker is gone.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import soundfile

import neuralboard as nb
from neuralboard import main as door
from tests.conftest import PROJECT
from tests.plugin_host.batching.batch_boxes import Waiting
from tests.plugin_host.batching.batch_files import (
    LOUD,
    command,
    entries,
    song,
    songs,
    started,
    there_are,
    written_once,
)
from tests.plugin_host.file_helpers import int_wav

# The command line builds no box that isn't registered, so the script stands in for it.
_SCRIPT = """
import sys
from tests.plugin_host.batching import batch_boxes
from neuralboard.main import main
if __name__ == "__main__":
    sys.exit(main(["batch", *sys.argv[1:]]))
"""


def _waiting_batch(folder: Path, jobs: int) -> tuple[subprocess.Popen[bytes], int, list[str]]:
    """Start a batch of four songs, the third loud; return it when a worker waits on that one."""
    songs(folder / "songs", 4, loud=2)
    pipe = folder / "pipe"
    os.mkfifo(pipe)
    (folder / "board.json").write_text(nb.Board([Waiting(pipe=str(pipe))]).to_json())
    (folder / "run.py").write_text(_SCRIPT)
    words = [str(folder / "songs"), "-o", str(folder / "out"), "--board",
             str(folder / "board.json"), "--jobs", str(jobs)]  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, str(folder / "run.py"), *words],
        cwd=PROJECT, env={**os.environ, "PYTHONPATH": str(PROJECT)},
        stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    return process, os.open(pipe, os.O_WRONLY), words


def _until_gone(pipe: int) -> None:
    """Wait until nobody holds the other end of the pipe."""
    with suppress(BrokenPipeError):
        while os.write(pipe, bytes(4096)):
            pass
    os.close(pipe)


def _resumed(folder: Path, words: list[str]) -> None:
    """Run the same again, with something in the pipe to read, and look at the outputs."""
    pipe = os.open(folder / "pipe", os.O_RDWR)
    os.write(pipe, b"go")
    done = subprocess.run(
        [sys.executable, str(folder / "run.py"), *words],
        cwd=PROJECT, env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True, check=False,
    )  # fmt: skip
    os.close(pipe)
    assert done.returncode == 0, done.stderr
    there_are(folder / "out", *(f"{n}.wav" for n in range(4)))


def test_ctrl_c_ends_the_workers_and_keeps_what_is_done(tmp_path: Path) -> None:
    process, pipe, words = _waiting_batch(tmp_path, jobs=1)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all processes
    _, said = process.communicate(timeout=60)  # workers hold standard error, too
    assert process.returncode == 130
    assert b"Traceback" not in said
    assert b"2 done; the same command goes on" in said
    assert said.endswith(b"stopped; nothing half-written was kept\n")
    _until_gone(pipe)
    written_once(tmp_path / "out", "0.wav", "1.wav")
    _resumed(tmp_path, words)
    written_once(tmp_path / "out", *(f"{n}.wav" for n in range(4)))


def test_a_kill_of_the_batch_itself_leaves_no_orphans_and_loses_nothing(tmp_path: Path) -> None:
    process, pipe, words = _waiting_batch(tmp_path, jobs=2)
    process.kill()
    _until_gone(pipe)  # nobody told the workers: they saw that nobody is there any more
    process.communicate(timeout=60)
    done = {entry["output"] for entry in entries(tmp_path / "out")}
    assert "2.wav" not in done
    # Killed between the journal's line and the output's name, that one file is done again.
    assert {path.name for path in (tmp_path / "out").glob("*.wav")} <= done
    _resumed(tmp_path, words)


def test_a_full_disk_names_the_file_and_others_go_on(tmp_path: Path) -> None:
    song(tmp_path / "songs" / "a.wav")
    song(tmp_path / "songs" / "b.wav")
    big = tmp_path / "songs" / "big.wav"
    big.write_bytes(_long_song())
    limited = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000));"
        "from neuralboard.main import main; sys.exit(main())"
    )
    words = [str(tmp_path / "songs"), "-o", str(tmp_path / "out"), "--chain", "gain(-1)"]
    done = subprocess.run(
        [sys.executable, "-c", limited, "batch", *words, "--jobs", "1", "-q"],
        cwd=tmp_path, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    first, last = done.stderr.decode().splitlines()
    assert first.startswith(f"error: can't write {tmp_path}/out/big.wav: the file is too large")
    assert last == f"2 of 3 files done; failed: {big}"
    written_once(tmp_path / "out", "a.wav", "b.wav")


def _long_song() -> bytes:
    return int_wav(np.random.default_rng(0).integers(-900, 900, (2, 60_000)), 16)


def test_the_command_line(tmp_path: Path) -> None:
    song(tmp_path / "songs" / "a.wav", LOUD)
    (tmp_path / "songs" / "b.flac").write_bytes(b"")
    words = ["songs", "-o", "out", "--chain", "gain(12)", "--format", "flac", "--rate", "44100"]
    for expected, kept in (("0:00.5", ""), ("", ", 1 done before")):
        done = subprocess.run(
            [*command(*words), "--tail", "0.25", "--jobs", "1"],
            cwd=tmp_path, capture_output=True, check=False,
        )  # fmt: skip
        said = done.stderr.decode()
        assert (done.returncode, done.stdout) == (1, b""), said
        assert "error: songs/b.flac is no audio file" in said
        count = 0 if kept else 1
        assert said.endswith(f"{count} of 2 files done{kept}; failed: songs/b.flac\n")
        assert ("out/a.flac: 0:00.8" in said) == bool(expected)
        assert ("warning: out/a.flac: " in said) == bool(expected)
    written_once(tmp_path / "out", "a.flac")


def test_every_file_comes_to_the_loudness_that_is_asked_for(tmp_path: Path) -> None:
    """As one by one: what `process` writes, to the byte."""
    for n, peak in enumerate((2000, 9000)):
        song(tmp_path / "songs" / f"{n}.wav", peak, seed=n)
    options = ["--chain", "gain(-1)", "--loudness", "-20", "--true-peak", "-2", "-q"]
    words = ["batch", str(tmp_path / "songs"), "-o", str(tmp_path / "out"), "--jobs", "1"]
    assert door.main([*words, *options]) == 0
    one = tmp_path / "one"
    one.mkdir()
    names = [str(tmp_path / "songs" / f"{n}.wav") for n in range(2)]
    assert door.main(["process", *names, "-o", str(one), *options]) == 0
    for n in range(2):
        out = tmp_path / "out" / f"{n}.wav"
        assert out.read_bytes() == (one / f"{n}.wav").read_bytes()
        read, rate = soundfile.read(out, dtype="float32")
        assert abs(nb.measure_loudness(read.T, rate).integrated_lufs + 20) < 0.1
    assert door.main(["batch", *words[1:], "--chain", "", "--loudness", "high"]) == 2


@pytest.mark.parametrize(
    ("words", "match"),
    [
        (["songs", "-o", "out"], "give --chain TEXT or --board FILE"),
        (["songs", "-o", "out", "--chain", "", "--jobs", "0"], "--jobs"),
        (["songs", "-o", "out", "--chain", "", "--rate", "12"], "12 Hz is outside"),
        (["songs", "-o", "out", "--chain", "", "--format", "doc"], "'doc' is written by nobody"),
        (["songs", "-o", "out", "--chain", "", "--tail", "long"], "--tail = 'long'"),
        (["songs", "-o", "out", "--chain", "", "--bit-depth", "7"], "no bit depth 7"),
        (["nowhere/", "-o", "out", "--chain", ""], "there is no file or folder nowhere/"),
        (["songs", "-o", "songs", "--chain", ""], "songs/a.wav: it is one of the inputs"),
        (["songs", "-o", "songs/a.wav", "--chain", ""], "is a file"),
        (["songs", "-o", "out", "--chain", "", "--loudness", "5"], "--loudness"),
        (["songs", "-o", "out", "--chain", "", "--dual-mono"], "--dual-mono is for --loudness"),
    ],
)
def test_wrong_usage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str],
    words: list[str], match: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    song(tmp_path / "songs" / "a.wav")
    assert door.main(["batch", *words]) == 2
    said = capfd.readouterr().err
    assert match in said
    assert said.count("\n") == 1
    assert not (tmp_path / "out").exists()
    assert [path.name for path in (tmp_path / "songs").iterdir()] == ["a.wav"]


def test_a_note_names_its_file_once_and_silence_has_no_level(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "songs").mkdir()
    (tmp_path / "songs" / "a.wav").write_bytes(int_wav(np.zeros((2, 24_000), np.int64), 16))
    words = ["songs", "-o", "out", "--chain", "", "--format", "mp3", "--true-peak", "-1"]
    assert door.main(["batch", *words, "--jobs", "1"]) == 0
    said = capfd.readouterr().err
    assert "note: out/a.mp3 decodes to silence\n" in said
    assert "inf" not in said
    assert [line for line in said.splitlines() if line.count("a.mp3") > 1] == []


def test_a_script_without_a_guard_is_told_about_it(tmp_path: Path) -> None:
    songs(tmp_path / "songs", 1)
    script = tmp_path / "script.py"
    script.write_text(
        "import neuralboard as nb\n"
        "try:\n"
        "    nb.batch('songs', 'out', 'gain(-1)', jobs=1, retries=5)\n"
        "except nb.NeuralboardError as error:\n"
        "    print(f'told: {error}')\n"
        "    raise SystemExit(7)\n"
    )
    done = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 7, done.stderr
    last = done.stdout.splitlines()[-1]
    assert "told: the workers die before they begin; in a script" in last


def test_a_box_of_the_script_itself_is_refused(tmp_path: Path) -> None:
    songs(tmp_path / "songs", 1)
    script = tmp_path / "script.py"
    script.write_text(
        "import neuralboard as nb\n"
        "class Mine(nb.Effect):\n"
        "    def process_block(self, block, state, p):\n"
        "        return block\n"
        "if __name__ == '__main__':\n"
        "    nb.batch('songs', 'out', nb.Board([Mine()]))\n"
    )
    done = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "put its class into a module of its own" in done.stderr.splitlines()[-1]


def test_the_journal_is_json_that_others_can_read(tmp_path: Path) -> None:
    songs(tmp_path / "songs", 1)
    process = started(tmp_path / "songs", "-o", tmp_path / "out", "--chain", "gain(-1)", "-q")
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (0, b"")
    (entry,) = entries(tmp_path / "out")
    assert entry["made_with"]["neuralboard"] == nb.__version__
    assert {"input_sha256", "output_sha256", "work", "worker", "at", "tries"} <= set(entry)
    assert json.dumps(entry)
