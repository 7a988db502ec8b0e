# SPDX-License-Identifier: GPL-3.0-or-later
"""process_file and the command line bring files to a loudness; `meter` tells what there is."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

import neuralboard as nb
from neuralboard import main as door
from neuralboard.errors import ParameterError
from neuralboard.files import process_file
from tests.plugin_host.file_helpers import Wire, float_wav, int_wav, levels_of
from tests.plugin_host.test_cli_process import run
from tests.plugin_host.test_finish import hits

RATE = 48_000


def _file(path: Path, audio: Any, rate: int = RATE) -> Path:
    path.write_bytes(float_wav(audio, rate))
    return path


def _reads(path: Path | io.BytesIO, **options: Any) -> nb.Loudness:
    audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return nb.measure_loudness(np.ascontiguousarray(audio.T), rate, oversampling=16, **options)


@pytest.mark.parametrize("name", ["out.wav", "out.flac"])
@pytest.mark.parametrize("bits", [16, 24])
def test_the_written_file_has_the_loudness(tmp_path: Path, name: str, bits: int) -> None:
    source = _file(tmp_path / "in.wav", hits())
    report = process_file(
        Wire(latency=500), source, tmp_path / name, bit_depth=bits, loudness=-14, true_peak=-2
    )
    read = _reads(tmp_path / name)
    assert read.integrated_lufs == pytest.approx(-14, abs=0.1)
    assert read.true_peak_db <= -2  # rounding and dither included
    assert report.loudness is not None
    assert report.loudness.integrated_lufs == pytest.approx(read.integrated_lufs, abs=0.01)
    assert report.gain_db > 3
    assert report.limited_db > 1
    assert report.clipped == 0
    told = [note for note in report.notes if note.startswith("loudness ")]
    assert len(told) == 1
    assert f"-> {read.integrated_lufs:.1f} LUFS, gain {report.gain_db:+.1f} dB" in told[0]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["in.wav", name])


def test_the_order_is_chain_rate_gain_limiter(tmp_path: Path) -> None:
    """At another rate, with a tail and a part of the input: still met, still as long."""
    source = _file(tmp_path / "in.wav", hits(3.0))
    report = process_file(
        Wire(gain=0.1), source, tmp_path / "out.wav", sample_rate=44_100, start=0.5, tail=0.25,
        loudness=-15, bit_depth=24,
    )  # fmt: skip
    read = _reads(tmp_path / "out.wav")
    assert report.samples == round(2.75 * 44_100)
    assert read.integrated_lufs == pytest.approx(-15, abs=0.1)
    assert read.true_peak_db <= -1


def test_what_was_removed_is_what_the_boxes_removed(tmp_path: Path) -> None:
    audio = hits(1.0)
    source = _file(tmp_path / "in.wav", audio)
    process_file(
        Wire(latency=100, gain=0.25), source, tmp_path / "out.wav",
        removed=tmp_path / "removed.wav", loudness=-30,
    )  # fmt: skip
    removed, _ = soundfile.read(tmp_path / "removed.wav", dtype="float32")
    np.testing.assert_allclose(removed.T, 0.75 * audio, atol=1e-7)


def test_silence_keeps_its_level_and_is_told(tmp_path: Path) -> None:
    levels = np.zeros((1, RATE), np.int64)
    (tmp_path / "in.wav").write_bytes(int_wav(levels, 16))
    report = process_file(Wire(), tmp_path / "in.wav", tmp_path / "out.wav", loudness=-16)
    assert np.array_equal(levels_of(tmp_path / "out.wav", 16), levels)
    assert report.gain_db == 0
    assert len(report.warnings) == 1
    assert "can't be measured" in report.warnings[0]
    assert report.loudness is not None
    assert report.loudness.integrated_lufs == -math.inf


@pytest.mark.parametrize(("name", "quality"), [("out.mp3", "64 kbps"), ("out.ogg", "64 kbps")])
def test_lossy_files_are_decoded_again(tmp_path: Path, name: str, quality: str) -> None:
    source = _file(tmp_path / "in.wav", hits())
    report = process_file(
        Wire(), source, tmp_path / name, loudness=-14, true_peak=-1, quality=quality
    )
    said = [line for line in (*report.notes, *report.warnings) if "decodes to" in line]
    assert len(said) == 1
    peak = float(said[0].split("true peak of ")[1].split(" dBTP")[0])
    from pedalboard.io import AudioFile

    with AudioFile(str(tmp_path / name)) as file:
        audio = file.read(file.frames)
    decoded = nb.measure_loudness(audio, RATE, oversampling=16)
    assert peak == pytest.approx(decoded.true_peak_db, abs=0.02)
    assert (said[0] in report.warnings) == (peak > -1)
    plain = process_file(Wire(), source, tmp_path / f"plain-{name}", quality=quality)
    assert plain.loudness is None
    assert not any("decodes" in line for line in plain.notes)


def test_bad_targets_are_found_before_anything_is_read(tmp_path: Path) -> None:
    every: list[dict[str, Any]] = [{"loudness": 1.0}, {"true_peak": math.inf}, {"loudness": "-16"}]
    for options in every:
        with pytest.raises(ParameterError, match="is outside"):
            process_file(Wire(), tmp_path / "missing.wav", tmp_path / "o.wav", **options)


def test_progress_tells_every_pass(tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    process_file(
        Wire(), _file(tmp_path / "in.wav", hits(2.0)), tmp_path / "out.wav", loudness=-14,
        progress=lambda done, total: seen.append((done, total)),
    )  # fmt: skip
    assert {total for _, total in seen} == {2 * RATE}
    assert sum(done == 2 * RATE for done, _ in seen) >= 3  # rendering, measuring, a limited pass


def test_from_the_command_line(tmp_path: Path) -> None:
    audio = hits(channels=1)
    _file(tmp_path / "talk.wav", audio)
    done = run("process", "talk.wav", "-o", "talk.flac", "--chain", "gain(-3)", "--loudness", "-16",
               "--true-peak", "-1.5", "--dual-mono", folder=tmp_path)  # fmt: skip
    said = done.stderr.decode()
    assert done.returncode == 0, said
    assert "note: loudness " in said
    read = _reads(tmp_path / "talk.flac", dual_mono=True)
    assert read.integrated_lufs == pytest.approx(-16, abs=0.1)
    assert read.true_peak_db <= -1.5
    done = run("process", "talk.wav", "-o", "x.wav", "--chain", "", "--true-peak", "-20", "-q",
               folder=tmp_path)  # fmt: skip
    assert done.stderr.decode().startswith("warning: x.wav: the limiter takes up to ")


def test_a_pipe_is_kept_on_the_disk_for_the_passes(tmp_path: Path) -> None:
    piped = float_wav(hits(), RATE)
    done = run("process", "-", "-o", "-", "--chain", "", "--loudness", "-15", folder=tmp_path,
               stdin=piped)  # fmt: skip
    assert done.returncode == 0, done.stderr
    read = _reads(io.BytesIO(done.stdout))
    assert read.integrated_lufs == pytest.approx(-15, abs=0.1)
    assert read.true_peak_db <= -1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--loudness", "2"], "--loudness = 2.0 is outside -70 to 0; give a number of LUFS"),
        (["--true-peak", "1"], "--true-peak = 1.0 is outside -30 to 0; give a number of dBTP"),
        (["--dual-mono"], "--dual-mono is for --loudness; give --loudness LUFS too"),
    ],
)
def test_wrong_usage(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    source = str(_file(tmp_path / "in.wav", hits(0.5)))
    code = door.main(["process", source, "-o", str(tmp_path / "o.wav"), "--chain", "", *words])
    assert code == 2
    assert message in capfd.readouterr().err
    assert not (tmp_path / "o.wav").exists()
