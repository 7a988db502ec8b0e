# SPDX-License-Identifier: GPL-3.0-or-later
"""`neuralboard process` as a user runs it: a process of its own, exit codes, one line an error."""

from __future__ import annotations

import io
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from neuralboard import main as door
from tests.plugin_host.file_helpers import int_wav, levels_of

LEVELS = np.tile(np.arange(-2000, 2000), (2, 6))  # half a second


def run(
    *words: str | Path, folder: Path, stdin: bytes | None = None, timeout: float = 120
) -> subprocess.CompletedProcess[bytes]:
    done = subprocess.run(
        [sys.executable, "-m", "neuralboard.main", *map(str, words)],
        cwd=folder,
        input=stdin if stdin is not None else b"",
        capture_output=True,
        check=False,
        timeout=timeout,
    )
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    return done


def _inputs(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(int_wav(LEVELS, 16))


def _wrong(folder: Path, capfd: pytest.CaptureFixture[str], *words: str | Path) -> str:
    """Run what makes no sense: exit 2, one line, nothing written."""
    before = sorted(folder.rglob("*"))
    code = door.main(["process", *map(str, words)])
    out, message = capfd.readouterr()
    assert code == 2, message
    assert message.startswith("error: ")
    assert message.count("\n") == 1
    assert out == ""
    assert sorted(folder.rglob("*")) == before
    return message


def test_one_file(tmp_path: Path) -> None:
    _inputs(tmp_path, "in.wav")
    done = run("process", "in.wav", "-o", "out.flac", "--chain", "", folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, b"")
    assert done.stderr.decode().startswith("out.flac: 0:00.5, 48000 Hz, 16 bit, 2 channels")
    assert np.array_equal(levels_of(tmp_path / "out.flac", 16), LEVELS)
    done = run("process", "in.wav", "-o", "q.wav", "--chain", "", "--quiet", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")


def test_settings_reach_the_file(tmp_path: Path) -> None:
    _inputs(tmp_path, "in.wav")
    options = ["--rate", "44100", "--bit-depth", "24", "--tail", "0.5"]
    options += ["--start", "0.1", "--end", "0:00.3"]
    done = run("process", "in.wav", "-o", "o.wav", "--chain", "invert()", *options,
               "--removed", "r.wav", folder=tmp_path)  # fmt: skip
    assert done.returncode == 0, done.stderr
    for name in ("o.wav", "r.wav"):
        info = soundfile.info(tmp_path / name)
        assert (info.samplerate, info.subtype) == (44_100, "PCM_24")
        assert info.frames == round(0.7 * 44_100)
    out, _ = soundfile.read(tmp_path / "o.wav")
    removed, _ = soundfile.read(tmp_path / "r.wav")
    assert np.allclose(removed, -2 * out, atol=2.0**-22)


def test_a_chain_in_a_file_and_a_preset(tmp_path: Path) -> None:
    _inputs(tmp_path, "in.wav")
    (tmp_path / "half.txt").write_text(
        "# lower it\ngain(gain_db=-6.0206)  # by a half\n| invert()\n"
    )
    done = run("process", "in.wav", "-o", "a.wav", "--board", "half.txt", "--bit-depth", "24",
               folder=tmp_path)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert np.max(np.abs(levels_of(tmp_path / "a.wav", 24) + LEVELS * 128)) < 20
    import neuralboard as nb

    (tmp_path / "half.json").write_text(nb.parse_chain("gain(-6.0206) | invert()").to_json())
    done = run("process", "in.wav", "-o", "b.wav", "--board", "half.json", "--bit-depth", "24",
               folder=tmp_path)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()


def test_several_files_go_into_a_folder_that_is_made(tmp_path: Path) -> None:
    _inputs(tmp_path, "a.wav", "b.wav", "[c].wav")
    (tmp_path / "broken.wav").write_bytes(b"no audio")
    words = ("a.wav", "broken.wav", "missing.wav", "b.wav", "[c].wav")
    done = run("process", *words, "-o", "new/out", "--chain", "", folder=tmp_path)
    said = done.stderr.decode()
    assert done.returncode == 1
    assert "error: broken.wav is no audio file" in said
    assert "error: can't read missing.wav: no such file" in said
    assert said.endswith("3 of 5 files done; failed: broken.wav, missing.wav\n")
    names = sorted(path.name for path in (tmp_path / "new" / "out").iterdir())
    assert names == ["[c].wav", "a.wav", "b.wav"]


def test_pipes(tmp_path: Path) -> None:
    _inputs(tmp_path, "in.wav")
    unknown = int_wav(LEVELS, 16, data_size=0xFFFFFFFF)
    done = run("process", "-", "-o", "-", "--chain", "", folder=tmp_path, stdin=unknown)
    assert done.returncode == 0
    assert done.stderr == b""
    piped = tmp_path / "piped.wav"
    piped.write_bytes(done.stdout)
    assert done.stdout[40:44] == b"\xff\xff\xff\xff"
    again = run("process", "piped.wav", "-o", "-", "--chain", "", folder=tmp_path)
    read, _ = soundfile.read(io.BytesIO(again.stdout), dtype="int16")  # now the length is known
    assert np.array_equal(read.T, LEVELS)
    with (tmp_path / "redirected.wav").open("wb") as file:
        code = subprocess.run(
            [sys.executable, "-m", "neuralboard.main", "process", "-", "-o", "-", "--chain", ""],
            input=unknown, stdout=file, check=False,
        ).returncode  # fmt: skip
    assert code == 0
    assert np.array_equal(levels_of(tmp_path / "redirected.wav", 16), LEVELS)  # a true header
    done = run("process", "-", "-o", "x.wav", "--chain", "", folder=tmp_path, stdin=b"RIFF")
    assert done.returncode == 1
    assert b"standard input is no WAV file" in done.stderr


def test_a_reader_that_leaves_is_no_crash(tmp_path: Path) -> None:
    (tmp_path / "in.wav").write_bytes(int_wav(np.tile(LEVELS, 50), 16))
    process = subprocess.Popen(
        [sys.executable, "-m", "neuralboard.main", "process", "in.wav", "-o", "-", "--chain", ""],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.read(100)
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait(60) == 1
    assert said == b""


def test_wrong_usage_is_found_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    _inputs(tmp_path, "a.wav", "x/a.wav", "exists.wav")
    for words, match in [
        (("a.wav", "-o", "o.wav"), "give --chain TEXT or --board FILE"),
        (("a.wav", "-o", "o.wav", "--chain", "", "--board", "b"), "not both"),
        (("a.wav", "-o", "o.wav", "--board", "none.json"), "can't read --board none.json"),
        (("a.wav", "-o", "o.wav", "--board", "x"), "is a folder"),
        (("a.wav", "-o", "o.wav", "--board", "a.wav"), "is no text"),
        (("a.wav", "-o", "o.wav", "--chain", "__import__('os')"), "__import__"),
        (("a.wav", "-o", "o.wav", "--chain", "compresor()"), "did you mean 'compressor'"),
        (("a.wav", "-o", "o.wav", "--chain", "compressor(ratoi=3)"), "ratio"),
        (("a.wav", "-o", "o.wav", "--chain", "compressor(ratio=0.5)"), "ratio"),
        (("a.wav", "x/a.wav", "-o", "o", "--chain", ""), "would both become a.wav"),
        (("a.wav", "a.wav", "-o", "o", "--chain", ""), "would both become a.wav"),
        (("a.wav", "exists.wav", "-o", "o.wav", "--chain", ""), "need an output folder"),
        (("a.wav", "exists.wav", "-o", "-", "--chain", ""), "standard output"),
        (("a.wav", "exists.wav", "-o", ".", "--chain", "", "--force"), "it is the input"),
        (("x/a.wav", "a.wav", "-o", "x/", "--chain", ""), "would both become"),
        (("a.wav", "-o", "a.wav", "--chain", "", "--force"), "it is the input"),
        (("a.wav", "-o", "exists.wav", "--chain", ""), "exists already; --force"),
        (("a.wav", "-o", "/dev/null", "--chain", "", "--force"), "no extension|device"),
        (("a.wav", "-o", "no/o.wav", "--chain", ""), "there is no folder"),
        (("a.wav", "-o", "o.xyz", "--chain", ""), "use wav, flac"),
        (("a.wav", "-o", "o.wav", "--chain", "", "--start", "3", "--end", "2"), "not after"),
        (("a.wav", "-o", "o.wav", "--chain", "", "--tail", "long"), "--tail = 'long'"),
        (("a.wav", "-o", "o.wav", "--chain", "", "--learn", "3"), "is no range"),
        (("a.wav", "-o", "o.wav", "--chain", "", "--rate", "12"), "12 Hz is outside"),
        (("a.wav", "-o", "o.wav", "--chain", "", "--rate", "high"), "--rate"),
        (("a.wav", "-o", "o.flac", "--chain", "", "--bit-depth", "32"), "no bit depth 32"),
        (("a.wav", "-o", "o.mp3", "--chain", "", "--quality", "best ever"), "quality"),
        (("a.wav", "-o", "o.wav", "--removed", "o.wav", "--chain", ""), "written twice"),
        (("a.wav", "-o", "o.wav", "--removed", "-", "--chain", ""), "needs a file"),
        (("-", "-", "-o", "o", "--chain", ""), "once only"),
        (("a.wav", "--chain", ""), "Missing option"),
        (("-o", "o.wav", "--chain", ""), "Missing argument"),
        (("a.wav", "-o", "o.wav", "--chian", ""), "--chian"),
    ]:
        assert re.search(match, _wrong(tmp_path, capfd, *words)), words


def _slow_process(folder: Path, *extra: str) -> subprocess.Popen[bytes]:
    """Start a run that waits for a pipe, with its half-written file there already."""
    process = subprocess.Popen(
        [sys.executable, "-m", "neuralboard.main", "process", "-", "-o", "out.wav", "--chain", "",
         "--force", *extra],
        cwd=folder, stdin=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    process.stdin.write(int_wav(np.tile(LEVELS, 4), 16, data_size=0))
    process.stdin.flush()
    # 384 KB went in and a pipe holds 64 KB: it has read, so it is at work and writes.
    assert list(folder.glob(".out.wav.*.part"))
    return process


@pytest.mark.parametrize(
    ("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_being_stopped_leaves_the_old_file(tmp_path: Path, sent: signal.Signals, code: int) -> None:
    (tmp_path / "out.wav").write_bytes(b"old")
    process = _slow_process(tmp_path)
    process.send_signal(sent)
    _, said = process.communicate(timeout=60)
    assert process.returncode == code
    assert said == (b"stopped; nothing half-written was kept\n" if code == 130 else b"")
    assert (tmp_path / "out.wav").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["out.wav"]


def test_being_killed_leaves_the_old_file(tmp_path: Path) -> None:
    """After kill -9 nobody cleans up: a hidden file stays, what had the name is whole."""
    (tmp_path / "out.wav").write_bytes(b"old")
    process = _slow_process(tmp_path)
    process.kill()
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    assert (tmp_path / "out.wav").read_bytes() == b"old"
    left = [path.name for path in tmp_path.iterdir() if path.name != "out.wav"]
    assert len(left) == 1
    assert re.fullmatch(r"\.out\.wav\.[0-9a-f]+\.part", left[0])
    _inputs(tmp_path, "in.wav")
    done = run(
        "process", "in.wav", "-o", "out.wav", "--chain", "", "--force", folder=tmp_path
    )  # the next run is not in the way of what the dead one left
    assert done.returncode == 0
    np.testing.assert_array_equal(levels_of(tmp_path / "out.wav", 16), LEVELS)


@pytest.mark.parametrize(
    ("name", "damage", "said"),
    [
        ("cut.wav", lambda data: data[: len(data) * 2 // 3], "cut short"),
        ("cut.flac", lambda data: data[: len(data) * 2 // 3], "cut short"),
        ("head.wav", lambda data: data[:20], "it ends before any sample"),
        (
            "noise.wav",
            lambda data: np.random.default_rng(1).bytes(3000),
            "needs ffmpeg|can't be decoded",
        ),
        ("bent.flac", lambda d: d[: len(d) // 2] + bytes(500) + d[len(d) // 2 + 500 :], "damaged"),
        ("empty.wav", lambda data: b"", "it is empty"),
    ],
)
def test_a_bad_file_is_exit_1_one_line_and_no_output(
    tmp_path: Path, name: str, damage: Any, said: str
) -> None:
    rng = np.random.default_rng(2)
    soundfile.write(tmp_path / name, rng.integers(-9999, 9999, (24_000, 2), np.int16), 48_000)
    (tmp_path / name).write_bytes(damage((tmp_path / name).read_bytes()))
    (tmp_path / "old.wav").write_bytes(b"old")
    before = sorted(tmp_path.rglob("*"))
    for target in (["new.wav"], ["old.wav", "--force"]):
        done = run("process", name, "-o", *target, "--chain", "gain(-3)", folder=tmp_path)
        message = done.stderr.decode()
        assert (done.returncode, done.stdout) == (1, b""), message
        assert message.count("\n") == 1, message
        assert re.search(said, message), message
        assert name in message
    assert (tmp_path / "old.wav").read_bytes() == b"old"
    assert sorted(tmp_path.rglob("*")) == before


def test_a_full_disk_is_exit_1_and_the_old_file_stays(tmp_path: Path) -> None:
    _inputs(tmp_path, "in.wav")
    (tmp_path / "out.wav").write_bytes(b"old")
    limited = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000));"
        "from neuralboard.main import main; sys.exit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", limited, "process", "in.wav", "-o", "out.wav", "--chain", "",
         "--force"],
        cwd=tmp_path, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.count(b"\n") == 1
    assert b"too large" in done.stderr
    assert (tmp_path / "out.wav").read_bytes() == b"old"
