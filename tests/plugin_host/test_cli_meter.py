# SPDX-License-Identifier: GPL-3.0-or-later
"""`neuralboard meter`: a table, JSON, bad files in one line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import neuralboard as nb
from neuralboard import main as door
from tests.plugin_host.file_helpers import float_wav
from tests.plugin_host.loudness_signals import tones
from tests.plugin_host.test_cli_process import run


def _said(capfd: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = door.main(["meter", *words])
    return (code, *capfd.readouterr())


def test_a_table(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    audio = tones((-23, 4), (-33, 62), channels=1, rate=8000)
    (tmp_path / "[tone].wav").write_bytes(float_wav(audio, 8000))
    (tmp_path / "silence.wav").write_bytes(float_wav(np.zeros((1, 4800)), 48_000))
    code, out, said = _said(capfd, *(str(tmp_path / n) for n in ("[tone].wav", "silence.wav")))
    assert (code, said) == (0, "")
    head, tone, silence = out.splitlines()
    headings = "file  I LUFS  max M  max S  LRA LU  dBTP  dBFS  crest dB  length"
    assert head.split() == headings.split()
    found = nb.measure_loudness(audio, 8000)
    expected = f"{found.integrated_lufs:.1f} -26.0 -26.0 {found.range_lu:.1f}"
    expected += f" {found.true_peak_db:.2f} -23.00 {found.crest_db:.1f} 1:06.0"
    assert tone.split()[1:] == expected.split()
    assert "[tone].wav" in tone
    assert silence.split()[1:] == ["-"] * 7 + ["0:00.1"]


def test_json(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    name = str(tmp_path / "a.wav")
    audio = tones((-20, 1.5), channels=1, rate=44_100)
    (tmp_path / "a.wav").write_bytes(float_wav(audio, 44_100))
    code, out, _ = _said(capfd, "--json", name)
    found = nb.measure_loudness(audio, 44_100)
    assert code == 0
    (row,) = json.loads(out)
    assert row == {
        "file": name, "sample_rate": 44_100, "channels": 1, "seconds": 1.5,
        "integrated_lufs": round(found.integrated_lufs, 3),
        "momentary_max_lufs": round(found.momentary_max_lufs, 3), "short_term_max_lufs": None,
        "range_lu": None, "true_peak_db": round(found.true_peak_db, 3),
        "sample_peak_db": round(found.sample_peak_db, 3), "crest_db": round(found.crest_db, 3),
    }  # fmt: skip
    (dual,) = json.loads(_said(capfd, "--json", "--curve", "--dual-mono", name)[1])
    assert dual["integrated_lufs"] == pytest.approx(row["integrated_lufs"] + 3.01, abs=0.01)
    assert dual["momentary_lufs"][:3] == [None] * 3
    assert dual["momentary_lufs"][3:] == pytest.approx([-20] * 12, abs=0.1)
    assert dual["short_term_lufs"] == [None] * 15


def test_bad_files_are_one_line_each(tmp_path: Path) -> None:
    (tmp_path / "good.wav").write_bytes(float_wav(tones((-20, 1)), 48_000))
    (tmp_path / "bad.wav").write_bytes(b"RIFF no")
    done = run("meter", "missing.wav", "good.wav", "bad.wav", folder=tmp_path)
    assert done.returncode == 1
    assert "good.wav" in done.stdout.decode()
    lines = done.stderr.decode().splitlines()
    assert lines[0] == "error: can't read missing.wav: no such file or directory"
    assert lines[1].startswith("error: bad.wav is no")
    assert len(lines) == 2


def test_a_pipe(tmp_path: Path) -> None:
    done = run("meter", "-", "--json", folder=tmp_path, stdin=float_wav(tones((-20, 1)), 48_000))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[0]["integrated_lufs"] == pytest.approx(-20, abs=0.1)


def test_wrong_usage(capfd: pytest.CaptureFixture[str]) -> None:
    code, _, said = _said(capfd, "--curve", "x.wav")
    assert (code, said) == (2, "error: --curve is for --json; give both\n")
