# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are broken, and places where nothing may be written: one line each, nothing lost."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from neuralboard.audio_reader import AudioReader
from neuralboard.audio_sinks import PedalboardSink
from neuralboard.audio_writer import AudioWriter
from neuralboard.errors import AudioFileError, NeuralboardError
from neuralboard.files import process_file
from tests.plugin_host.file_helpers import Wire, int_wav, levels_of, write_levels

LEVELS = np.tile(np.arange(-2000, 2000), (2, 12))  # one second


def _read_through(path: Path | str) -> None:
    with AudioReader(path) as reader:
        while reader.read(4096).shape[1]:
            pass


def _refuses(path: Path | str, match: str) -> None:
    with pytest.raises(AudioFileError, match=match) as caught:
        _read_through(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def _no_leftovers(folder: Path, *expected: str) -> None:
    assert sorted(p.name for p in folder.iterdir()) == sorted(expected)


# ---------------------------------------------------------------------------------- reading
@pytest.mark.parametrize("extension", ["wav", "flac", "aiff", "ogg", "mp3"])
def test_files_that_are_cut_short_are_errors(tmp_path: Path, extension: str) -> None:
    whole = tmp_path / f"whole.{extension}"
    soundfile.write(whole, LEVELS.T / 2.0**15, 48_000)
    cut = tmp_path / f"cut.{extension}"
    data = whole.read_bytes()
    cut.write_bytes(data[: len(data) * 2 // 3])
    _refuses(cut, "cut short")
    with AudioReader(whole) as reader:  # the positive control
        assert reader.read(10).shape == (2, 10)


def test_a_cut_wav_names_both_lengths_and_the_cure(tmp_path: Path) -> None:
    path = tmp_path / "cut.wav"
    path.write_bytes(int_wav(LEVELS, 16)[:-4000])
    _refuses(path, r"promises 48000 samples, there are 47000; .*neuralboard process - \.\.\. <")


def test_a_damaged_flac_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "damaged.flac"
    write_levels(path, LEVELS * 7 % 30_011, 16)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    _refuses(path, "damaged")


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.aiff", "a.ogg", "a.mp3", "a.m4a", "a.txt"])
def test_what_is_no_audio_is_an_error(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"")
    _refuses(path, "it is empty")
    path.write_bytes(b"this is a letter to my aunt\n" * 30)
    _refuses(path, "no audio file|can't be read|needs ffmpeg|can't be decoded")
    path.write_bytes(np.random.default_rng(1).bytes(3000))
    _refuses(path, "no audio file|can't be read|needs ffmpeg|can't be decoded")


def test_missing_folder_device_and_odd_names(tmp_path: Path) -> None:
    _refuses(tmp_path / "nowhere.wav", "no such file")
    _refuses(tmp_path, "is a folder")
    _refuses("/dev/null", "is a device")
    with pytest.raises(AudioFileError, match="null byte"):
        AudioReader("a\0b.wav")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda d: d[:30], "ends before any sample"),
        (lambda d: d[:44], "cut short"),
        (lambda d: d.replace(b"fmt ", b"fnt "), "says nothing about its samples"),
        (lambda d: d[:22] + b"\0\0" + d[24:], "0 channels at 48000 Hz"),
        (lambda d: d[:24] + b"\0\0\0\0" + d[28:], "2 channels at 0 Hz"),
        (lambda d: d[:22] + b"\2\x16" + d[24:], "5634 channels of 16 bits"),  # hung pedalboard.io
        (lambda d: d[:20] + b"\x11\0\2\x16" + d[24:], "5634 channels of 16 bits"),
        (lambda d: d[:34] + b"\x11\0" + d[36:], "2 channels of 17 bits"),
        (lambda d: d[:16] + b"\xff\xff\xff\x7f" + d[20:], "ends before any sample"),
    ],
)
def test_broken_wav_headers_are_errors(tmp_path: Path, change: Any, match: str) -> None:
    path = tmp_path / "broken.wav"
    path.write_bytes(change(int_wav(LEVELS, 16)))
    _refuses(path, match)


def test_an_aiff_that_hangs_pedalboard_io_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "many.aiff"
    write_levels(path, LEVELS, 16)
    data = path.read_bytes()
    at = data.index(b"COMM") + 8
    path.write_bytes(data[:at] + b"\x16\x02" + data[at + 2 :])
    _refuses(path, "says that it has 5634 channels")
    path.write_bytes(data[: at + 6] + b"\x7f\x10" + data[at + 8 :])  # 32528 bits hang it, too
    _refuses(path, "needs ffmpeg|can't be decoded")


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 0x7FFFF000])
def test_a_wav_that_does_not_know_its_length_is_read_to_its_end(tmp_path: Path, size: int) -> None:
    path = tmp_path / "crashed.wav"
    path.write_bytes(int_wav(LEVELS, 16, data_size=size))
    with AudioReader(path) as reader:
        assert reader.num_samples == 48_000
        assert "does not say how long it is" in reader.notes[0]
        assert np.array_equal(reader.read(99_999), LEVELS / 2.0**15)


def test_an_empty_wav_with_chunks_after_it_stays_empty(tmp_path: Path) -> None:
    path = tmp_path / "empty.wav"
    path.write_bytes(int_wav(LEVELS[:, :0], 16) + b"LIST\x04\0\0\0INFO")
    with AudioReader(path) as reader:
        assert (reader.num_samples, reader.notes) == (0, [])


def test_a_wrong_extension_does_not_matter(tmp_path: Path) -> None:
    write_levels(tmp_path / "a.flac", LEVELS, 16)
    (tmp_path / "a.flac").rename(tmp_path / "a.wav")
    with AudioReader(tmp_path / "a.wav") as reader:
        assert (reader.format, reader.num_samples) == ("flac", 48_000)


# ---------------------------------------------------------------------------------- writing
def _input(folder: Path) -> Path:
    path = folder / "in.wav"
    path.write_bytes(int_wav(LEVELS, 16))
    return path


def test_places_where_nothing_is_written(tmp_path: Path) -> None:
    source = _input(tmp_path)
    os.mkfifo(tmp_path / "pipe.wav")
    (tmp_path / "folder.wav").mkdir()
    (tmp_path / "link.wav").symlink_to("/dev/null")
    for name, match in (
        ("pipe.wav", "it is a pipe"),
        ("folder.wav", "it is a folder"),
        ("link.wav", "it is a device"),
        ("in.wav", "it is the input"),
        ("no/where.wav", "there is no folder"),
        ("out.m4a", "'.m4a' is written by nobody here"),
        ("out", "it has no extension"),
    ):
        for force in (False, True):
            with pytest.raises(AudioFileError, match=match):
                process_file(Wire(), source, tmp_path / name, force=force)
    assert stat.S_ISFIFO((tmp_path / "pipe.wav").stat().st_mode)
    _no_leftovers(tmp_path, "in.wav", "pipe.wav", "folder.wav", "link.wav")


def test_an_existing_file_is_kept_without_force(tmp_path: Path) -> None:
    source, out = _input(tmp_path), tmp_path / "out.wav"
    out.write_bytes(b"precious")
    with pytest.raises(AudioFileError, match="exists already; --force"):
        process_file(Wire(), source, out)
    assert out.read_bytes() == b"precious"
    out.chmod(0o640)
    process_file(Wire(), source, out, force=True)
    assert np.array_equal(levels_of(out, 16), LEVELS)
    assert out.stat().st_mode & 0o777 == 0o640
    _no_leftovers(tmp_path, "in.wav", "out.wav")


def test_a_file_that_appears_meanwhile_is_kept(tmp_path: Path) -> None:
    out = tmp_path / "out.flac"
    writer = AudioWriter(out, 48_000, 1, 16)
    writer.write(np.zeros((1, 100), np.float32))
    out.write_bytes(b"somebody else's")
    with pytest.raises(AudioFileError, match="somebody wrote it meanwhile"):
        writer.close()
    assert out.read_bytes() == b"somebody else's"
    _no_leftovers(tmp_path, "out.flac")


def test_a_link_leads_to_the_file_that_is_replaced(tmp_path: Path) -> None:
    source = _input(tmp_path)
    real, link = tmp_path / "real.wav", tmp_path / "link.wav"
    real.write_bytes(b"old")
    link.symlink_to(real)
    process_file(Wire(), source, link, force=True)
    assert link.is_symlink()
    assert np.array_equal(levels_of(real, 16), LEVELS)


@pytest.mark.parametrize("extension", ["wav", "flac", "aiff", "ogg", "mp3"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, SystemExit])
def test_whatever_happens_leaves_the_old_file(
    tmp_path: Path, extension: str, error: type[BaseException]
) -> None:
    class Breaks(Wire):
        def stream(self, sample_rate: int, channels: int) -> Any:
            line = super().stream(sample_rate, channels)
            process, calls = line.process, iter(range(99))

            def breaking(block: Any) -> Any:
                if next(calls) == 2:
                    raise error("enough")
                return process(block)

            line.process = breaking  # type: ignore[method-assign]
            return line

    source, out = _input(tmp_path), tmp_path / f"out.{extension}"
    out.write_bytes(b"old")
    with pytest.raises(error):
        process_file(Breaks(), source, out, removed=tmp_path / "removed.wav", force=True)
    assert out.read_bytes() == b"old"
    _no_leftovers(tmp_path, "in.wav", out.name)


class _FullDisk:
    """Stands in for the file of a writer: the disk is full after some bytes."""

    def __init__(self, file: Any, room: int) -> None:
        self._file, self._room = file, room

    def write(self, data: Any) -> int:
        if self._file.tell() + len(data) > self._room:
            raise OSError(28, "No space left on device")
        return int(self._file.write(data))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


@pytest.mark.parametrize("extension", ["wav", "flac", "aiff", "ogg", "mp3"])
@pytest.mark.parametrize("share", [0.001, 0.5, 0.98])
def test_a_full_disk_is_an_error_and_keeps_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, extension: str, share: float
) -> None:
    audio = np.random.default_rng(0).uniform(-0.5, 0.5, (2, 100_000)).astype(np.float32)
    depth = None if extension in ("ogg", "mp3") else 16
    with AudioWriter(tmp_path / f"ok.{extension}", 48_000, 2, depth) as writer:
        writer.write(audio)
    room = int(share * (tmp_path / f"ok.{extension}").stat().st_size)

    plain = os.fdopen
    monkeypatch.setattr(os, "fdopen", lambda *a: _FullDisk(plain(*a), room))
    out = tmp_path / f"out.{extension}"
    out.write_bytes(b"old")

    def write() -> None:
        with AudioWriter(out, 48_000, 2, depth, force=True) as writer:
            for start in range(0, 100_000, 5000):
                writer.write(audio[:, start : start + 5000])

    with pytest.raises(AudioFileError, match="the disk is full") as caught:
        write()
    assert "\n" not in str(caught.value)
    assert out.read_bytes() == b"old"
    _no_leftovers(tmp_path, f"ok.{extension}", out.name)


_LIMITED = """
import resource, sys
import numpy as np
from neuralboard.audio_writer import AudioWriter
from neuralboard.errors import AudioFileError
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
audio = np.random.default_rng(0).uniform(-0.5, 0.5, (2, 400_000)).astype(np.float32)
depth = None if sys.argv[1].endswith(("ogg", "mp3")) else 16
try:
    with AudioWriter(sys.argv[1], 48_000, 2, depth, force=True) as writer:
        for start in range(0, 400_000, 10_000):
            writer.write(audio[:, start : start + 10_000])
except AudioFileError as error:
    print(error)
    sys.exit(7)
"""


@pytest.mark.parametrize("extension", ["wav", "flac", "aiff", "ogg", "mp3"])
def test_a_limited_file_size_in_a_process_of_its_own(tmp_path: Path, extension: str) -> None:
    out = tmp_path / f"out.{extension}"
    out.write_bytes(b"old")
    done = subprocess.run(
        [sys.executable, "-c", _LIMITED, str(out)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 7, done.stderr
    assert "too large" in done.stdout
    assert out.read_bytes() == b"old"
    _no_leftovers(tmp_path, out.name)


def test_an_encoder_that_loses_data_silently_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pedalboard.io can lose the end of an Ogg file without an error: what is there is counted."""
    monkeypatch.setattr(PedalboardSink, "write", lambda self, samples: None)
    with (
        pytest.raises(AudioFileError, match="48000 samples went in and 0 came out"),
        AudioWriter(tmp_path / "out.ogg", 48_000, 2) as writer,
    ):
        writer.write(np.zeros((2, 48_000), np.float32))
    _no_leftovers(tmp_path)


@pytest.mark.parametrize(
    ("name", "settings", "match"),
    [
        ("o.flac", {"bit_depth": 32}, "flac has no bit depth 32; use 16, 24"),
        ("o.mp3", {"bit_depth": 16}, "mp3 has no bit depth 16; leave it out"),
        ("o.wav", {"quality": "V2"}, "wav has no quality"),
        ("o.mp3", {"quality": "fine"}, "fine.*V0"),
        ("o.mp3", {"sample_rate": 96_000}, "no rate of 96000 Hz; set one of 32000"),
        ("o.wav", {"sample_rate": 10}, "10 Hz"),
        ("o.wav", {"tail": -1}, "tail = -1"),
        ("o.wav", {"tail": "long"}, "tail = 'long'"),
        ("o.wav", {"start": "1:75"}, "carry it over"),
        ("o.wav", {"start": 0.5, "end": 0.2}, "end = 0.2 s is not after start = 0.5 s"),
        ("o.wav", {"start": 3}, "is 1.000 s long"),
        ("o.wav", {"learn": "5-6"}, "no box here can learn"),
        ("o.wav", {"learn": (3, 2)}, "ends before it begins"),
        ("o.wav", {"learn": "soon"}, "is no range"),
        ("o.wav", {"removed": "-"}, "can't go to standard output"),
    ],
)
def test_wrong_settings_are_one_line(
    tmp_path: Path, name: str, settings: dict[str, Any], match: str
) -> None:
    with pytest.raises(NeuralboardError, match=match) as caught:
        process_file(Wire(), _input(tmp_path), tmp_path / name, **settings)
    assert "\n" not in str(caught.value)
    _no_leftovers(tmp_path, "in.wav")


def test_too_many_channels_for_a_format(tmp_path: Path) -> None:
    (tmp_path / "in.wav").write_bytes(int_wav(np.zeros((9, 10), np.int64), 16))
    with pytest.raises(AudioFileError, match="at most 8 channels, not 9; write a wav"):
        process_file(Wire(), tmp_path / "in.wav", tmp_path / "out.flac")


def test_removed_must_be_a_file_of_its_own(tmp_path: Path) -> None:
    source, out = _input(tmp_path), tmp_path / "out.wav"
    with pytest.raises(AudioFileError, match="is the output already"):
        process_file(Wire(), source, out, removed=out)
    with pytest.raises(AudioFileError, match="it is the input"):
        process_file(Wire(), source, out, removed=source, force=True)
