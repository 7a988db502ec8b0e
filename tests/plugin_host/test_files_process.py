# SPDX-License-Identifier: GPL-3.0-or-later
"""process_file: lengths, tails, parts, rates, noise prints, what was removed, decoding."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from neuralboard.audio_reader import AudioReader
from neuralboard.errors import AudioError, AudioFileError, NeuralboardError
from neuralboard.files import process_file
from neuralboard.times import parse_range, parse_seconds
from tests.plugin_host.file_helpers import Wire, float_wav, int_wav, levels_of

RATE = 8000


def _noise(seconds: float, channels: int = 2) -> np.ndarray:
    generator = np.random.default_rng(3)
    return (generator.standard_normal((channels, round(seconds * RATE))) * 0.1).astype(np.float32)


def _file(path: Path, audio: np.ndarray) -> Path:
    path.write_bytes(float_wav(audio, RATE))
    return path


def _sound(path: Path) -> np.ndarray:
    audio, _ = soundfile.read(path, dtype="float32", always_2d=True)
    return np.asarray(audio.T)


class Echo(Wire):
    """Adds one echo."""

    def __init__(self, seconds: float, gain: float = 0.5, latency: int = 300) -> None:
        super().__init__(latency)
        self.seconds, self.echo_gain = seconds, np.float32(gain)

    def stream(self, sample_rate: int, channels: int) -> Any:
        line = super().stream(sample_rate, channels)
        plain, size = line.process, round(self.seconds * sample_rate)
        memory = [np.zeros((channels, size), np.float32)]

        def process(block: np.ndarray) -> np.ndarray:
            joined = np.concatenate([memory[0], block], axis=1)
            memory[0] = joined[:, block.shape[1] :]
            return plain(block + self.echo_gain * joined[:, : block.shape[1]])

        line.process = process  # type: ignore[method-assign]
        return line


@pytest.mark.parametrize("tail", [0.0, 0.25, "auto"])
def test_tails(tmp_path: Path, tail: Any) -> None:
    """`auto` waits through the silence between the sound and its echo."""
    audio = _noise(1.0)
    report = process_file(
        Echo(7.0), _file(tmp_path / "in.wav", audio), tmp_path / "out.wav", tail=tail
    )
    out = _sound(tmp_path / "out.wav")
    assert np.array_equal(out[:, :RATE], audio)
    if tail == "auto":
        assert out.shape[1] == 8 * RATE
        assert np.allclose(out[:, 7 * RATE :], audio * 0.5)
    else:
        assert out.shape[1] == round((1 + tail) * RATE)
    assert report.samples == out.shape[1]
    assert report.seconds == out.shape[1] / RATE


def test_an_endless_sound_ends_after_a_minute(tmp_path: Path) -> None:
    class Hum(Wire):
        def stream(self, sample_rate: int, channels: int) -> Any:
            line = super().stream(sample_rate, channels)
            line.process = lambda block: block + np.float32(0.01)  # type: ignore[method-assign]
            return line

    source = _file(tmp_path / "in.wav", _noise(0.5))
    assert process_file(Hum(), source, tmp_path / "out.wav", tail="auto").seconds == 60.5


def test_an_echo_below_the_threshold_is_no_tail(tmp_path: Path) -> None:
    source = _file(tmp_path / "in.wav", _noise(0.5))
    report = process_file(Echo(1.0, gain=1e-5), source, tmp_path / "out.wav", tail="auto")
    assert report.seconds == 0.5


def test_parts(tmp_path: Path) -> None:
    audio = _noise(3.0)
    source = _file(tmp_path / "in.wav", audio)
    parts: list[tuple[Any, Any, int, int]]
    parts = [("0:01", "0:02.5", 8000, 20_000), (None, 0.001, 0, 8), (2.5, None, 20_000, 24_000)]
    for number, (start, end, first, last) in enumerate(parts):
        out = tmp_path / f"{number}.wav"
        process_file(Wire(1000), source, out, start=start, end=end)
        assert np.array_equal(_sound(out), audio[:, first:last])
    report = process_file(Wire(), source, tmp_path / "long.wav", end=99)
    assert report.samples == 24_000
    assert "ends at 3.000 s, before end" in report.notes[0]


def test_removed_is_the_aligned_difference(tmp_path: Path) -> None:
    audio = _noise(2.0)
    source = _file(tmp_path / "in.wav", audio)
    process_file(
        Wire(latency=5000, gain=0.25), source, tmp_path / "out.wav",
        removed=tmp_path / "removed.flac", tail=0.1,
    )  # fmt: skip
    removed = _sound(tmp_path / "removed.flac")
    assert removed.shape == (2, round(2.1 * RATE))
    assert np.allclose(removed[:, : 2 * RATE], audio * 0.75, atol=2**-24)
    assert not removed[:, 2 * RATE :].any()


@pytest.mark.parametrize(
    ("source_rate", "rate"), [(48_000, 44_100), (44_100, 48_000), (8000, 9001)]
)
def test_another_rate_is_aligned_and_exactly_as_long(
    tmp_path: Path, source_rate: int, rate: int
) -> None:
    n = 20_001

    def sound(r: int, m: int) -> np.ndarray:
        fade = np.sin(np.pi * np.clip(np.arange(m) / r / (n / source_rate), 0, 1)) ** 4
        return np.asarray(0.5 * np.sin(2 * np.pi * 997 * np.arange(m) / r) * fade)

    audio = sound(source_rate, n).astype(np.float32)[np.newaxis]
    (tmp_path / "in.wav").write_bytes(float_wav(audio, source_rate))
    process_file(
        Wire(latency=77), tmp_path / "in.wav", tmp_path / "out.wav", sample_rate=rate,
        removed=tmp_path / "removed.wav",
    )  # fmt: skip
    out, got = soundfile.read(tmp_path / "out.wav", dtype="float32")
    assert got == rate
    assert len(out) == round(n * rate / source_rate)
    assert np.max(np.abs(out - sound(rate, len(out)))) < 2e-6
    assert not _sound(tmp_path / "removed.wav").any()


class Learner(Wire):
    """Subtracts the mean of what it learned, so that a test can see it."""

    print: Any = None

    def learn(self, audio: np.ndarray, sample_rate: int) -> None:
        assert sample_rate == RATE
        self.print = audio.copy()
        self.gain = float(np.mean(audio))


@pytest.mark.parametrize("piped", [False, True])
def test_a_noise_print_from_the_input_itself(tmp_path: Path, piped: bool) -> None:
    audio = np.repeat(np.array([[0.1, 0.2, 0.5, 0.3]], np.float32), RATE, axis=1)
    source = _file(tmp_path / "in.wav", audio)
    board = [Wire(), Learner()]

    class Board(list[Any]):
        latency_samples, streamable = 0, True

        def stream(self, sample_rate: int, channels: int) -> Any:
            return self[1].stream(sample_rate, channels)

    mine = Board(board)
    for number, (start, end) in enumerate([(None, None), ("0:01.5", None), (3.5, 3.9), (0.5, 1.5)]):
        given: Path = source
        if piped:
            given = tmp_path / f"pipe{number}.wav"
            os.mkfifo(given)
            threading.Thread(target=_feed, args=(given, source.read_bytes())).start()
        out = tmp_path / f"{number}.wav"
        process_file(mine, given, out, learn=("0:02", 3.0), start=start, end=end)
        first = 0 if start is None else round(parse_seconds(start, "start") * RATE)
        last = 4 * RATE if end is None else round(end * RATE)
        assert np.allclose(_sound(out), audio[:, first:last] * 0.5)
    assert mine[1].print is None  # the caller's box learned nothing: a copy did
    with pytest.raises(AudioFileError, match="ends before learn = 9 s"):
        process_file(mine, source, tmp_path / "none.wav", learn=(9, 10))


def _feed(path: Path, data: bytes) -> None:
    try:
        with path.open("wb") as pipe:
            pipe.write(data)
    except BrokenPipeError:
        pass  # the reader had enough: `end`


@pytest.mark.parametrize("size", [None, 0, 0xFFFFFFFF, 10_000_000, 400])
def test_a_pipe_ends_where_it_ends(tmp_path: Path, size: int | None) -> None:
    levels = np.random.default_rng(0).integers(-(2**15), 2**15, (2, 40_000))
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    data = int_wav(levels, 16, data_size=size)
    # A chunk after the sound is no sound, where the header tells how long the sound is.
    data += b"LIST\x04\0\0\0INFO" if size is None else b""
    feeder = threading.Thread(target=_feed, args=(pipe, data))
    feeder.start()
    report = process_file(Wire(500), pipe, tmp_path / "out.wav")
    feeder.join()
    expected = levels[:, :100] if size == 400 else levels
    assert np.array_equal(levels_of(tmp_path / "out.wav", 16), expected)
    assert len(report.notes) == (size == 10_000_000)


def test_a_pipe_of_something_else_is_an_error(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    feeder = threading.Thread(target=_feed, args=(pipe, b"fLaC" + bytes(100)))
    feeder.start()
    with pytest.raises(AudioFileError, match="is no WAV file: it begins with b'fLaC"):
        process_file(Wire(), pipe, tmp_path / "out.wav")
    feeder.join()


def test_a_processor_for_whole_recordings_says_so(tmp_path: Path) -> None:
    audio = _noise(1.0)
    source = _file(tmp_path / "in.wav", audio)
    report = process_file(Wire(gain=0.5, streamable=False), source, tmp_path / "out.wav", tail=0.5)
    assert report.samples == 12_000
    assert np.array_equal(_sound(tmp_path / "out.wav")[:, :RATE], audio * np.float32(0.5))
    assert report.notes == ("a box works on the whole recording: all of it was loaded into memory",)
    report = process_file(Wire(streamable=False), source, tmp_path / "auto.wav", tail="auto")
    assert report.samples == RATE


@pytest.mark.parametrize("stems", [True, False])
def test_a_processor_that_breaks_its_promise_is_an_error(tmp_path: Path, stems: bool) -> None:
    class Odd(Wire):
        def stream(self, sample_rate: int, channels: int) -> Any:
            line = super().stream(sample_rate, channels)
            bad = (lambda b: np.stack([b, b])) if stems else (lambda b: b[:, 1:])
            line.process = bad  # type: ignore[method-assign]
            return line

    source = _file(tmp_path / "in.wav", _noise(0.1))
    with pytest.raises(AudioError, match="pick one of them" if stems else "as many samples"):
        process_file(Odd(), source, tmp_path / "out.wav")
    assert not (tmp_path / "out.wav").exists()


def test_progress_counts_to_the_end(tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    process_file(
        Wire(900), _file(tmp_path / "in.wav", _noise(6.0)), tmp_path / "out.wav",
        progress=lambda done, total: seen.append((done, total)),
    )  # fmt: skip
    assert seen == [(16_384, 48_000), (32_768, 48_000), (48_000, 48_000)]


_FAKE_FFMPEG = """#!{python}
import sys
source = sys.argv[sys.argv.index("-i") + 1].removeprefix("file:")
data = open(source, "rb").read()
if b"broken" in data:
    sys.stderr.write("file:" + source + ": moov atom not found\\n")
    sys.exit(1)
sys.stdout.buffer.write(data[64:])
if b"fails late" in data[:64]:
    sys.stderr.write("it fell over\\n")
    sys.exit(3)
"""


@pytest.fixture
def fake_ffmpeg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a program named ffmpeg on PATH that unwraps a WAV from behind 64 bytes."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "ffmpeg"
    program.write_text(_FAKE_FFMPEG.format(python=sys.executable))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(folder))
    return program


def test_other_formats_are_decoded_by_ffmpeg(tmp_path: Path, fake_ffmpeg: Path) -> None:
    audio = _noise(4.0)
    head = b"\0\0\0\x20ftypM4A ".ljust(64, b"\0")
    source = tmp_path / "-odd name; $x.m4a"
    source.write_bytes(head + float_wav(audio, RATE))
    report = process_file(Wire(100), source, tmp_path / "out.wav")
    assert (report.bit_depth, report.samples) == (24, audio.shape[1])
    assert report.notes == (f"{source} was decoded by ffmpeg",)
    assert np.allclose(_sound(tmp_path / "out.wav"), audio, atol=2**-23)
    with AudioReader(source) as reader:  # going back starts it anew
        reader.seek(20_000)
        late = reader.read(10)
        reader.seek(0)
        assert np.array_equal(reader.read(20_010)[:, 20_000:], late)
        assert np.array_equal(late, audio[:, 20_000:20_010])

    source.write_bytes(b"fails late".ljust(64) + float_wav(audio, RATE))
    with pytest.raises(AudioFileError, match="can't be decoded by ffmpeg: it fell over"):
        process_file(Wire(), source, tmp_path / "late.wav")
    assert not (tmp_path / "late.wav").exists()
    source.write_bytes(head + b"broken")
    with pytest.raises(AudioFileError, match=r"ffmpeg: moov atom not found$"):
        AudioReader(source)


def test_without_ffmpeg_the_error_tells_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "a.opus").write_bytes(b"OggS".ljust(28, b"\0") + b"OpusHead")
    with pytest.raises(AudioFileError, match=r"needs ffmpeg .* install it: \S+ .*install"):
        AudioReader(tmp_path / "a.opus")


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs the real ffmpeg on PATH")
@pytest.mark.parametrize("extension", ["m4a", "opus", "webm"])
def test_the_real_ffmpeg(tmp_path: Path, extension: str) -> None:
    import subprocess

    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(96_000) / 48_000)
    soundfile.write(tmp_path / "a.wav", np.stack([tone, tone], axis=1), 48_000)
    source = tmp_path / f"a.{extension}"
    subprocess.run(["ffmpeg", "-v", "error", "-i", tmp_path / "a.wav", source], check=True)
    report = process_file(Wire(), source, tmp_path / "out.wav")
    assert report.bit_depth == 24
    assert 1.9 < report.seconds < 2.1
    middle = _sound(tmp_path / "out.wav")[0, 24_000:72_000]
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.05)


def test_times() -> None:
    for text, seconds in [("70", 70), ("1:10", 70), ("0:01.2", 1.2), ("1:02:03.5", 3723.5)]:
        assert parse_seconds(text, "start") == pytest.approx(seconds)
    assert parse_range("0:01.2-0:03.5", "learn") == pytest.approx((1.2, 3.5))
    for bad in ("", "a", "1:2:3:4", "-3", "1:60", "1:75:00", "nan", "inf", "1e3"):
        with pytest.raises(NeuralboardError):
            parse_seconds(bad, "start")
    for value in (-1.0, float("nan"), float("inf"), True, None):
        with pytest.raises(NeuralboardError):
            parse_seconds(value, "start")  # type: ignore[arg-type]
