# SPDX-License-Identifier: GPL-3.0-or-later
"""Promise: a package made by others brings a box by an entry point, and it is like ours."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pedalboard.io import AudioFile

PACKAGE = Path(__file__).resolve().parent / "outsider_package"


def install(source: Path, target: Path) -> Path:
    """Install a package by pip, from its source alone, into a folder of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
         "--no-deps", "--no-build-isolation", "--no-index", "--target", str(target), str(source)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return target


def variant(folder: Path, project: str, *changes: tuple[str, str]) -> Path:
    """Return a copy of the package under another name, with words of its pyproject replaced."""
    copy = folder / project
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    text = (copy / "pyproject.toml").read_text(encoding="utf-8")
    for old, new in (("outsider-boxes", project), *changes):
        assert old in text
        text = text.replace(old, new)
    (copy / "pyproject.toml").write_text(text, encoding="utf-8")
    return copy


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder in which the package of others is installed."""
    folder = tmp_path_factory.mktemp("outsider")
    return install(variant(folder, "outsider-boxes"), folder / "site")


def neuralboard(*words: str, path: list[Path], cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the command line with folders of other packages on the path."""
    done = subprocess.run(
        [sys.executable, "-m", "neuralboard.main", *words],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path)), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done


def test_it_is_listed_with_its_package(installed: Path, tmp_path: Path) -> None:
    done = neuralboard("boxes", "--json", path=[installed], cwd=tmp_path)
    (facts,) = [box for box in json.loads(done.stdout) if box["name"] == "ring_modulator"]
    assert facts["origin"] == "outsider-boxes"
    assert facts["summary"] == "Multiply by a sine: robots and bells."
    assert facts["latency"] == 0
    assert (facts["parameters"][0]["name"], facts["parameters"][0]["unit"]) == ("carrier_hz", "Hz")
    shown = neuralboard("boxes", "ring_modulator", path=[installed], cwd=tmp_path).stdout
    assert "RingModulator, from outsider-boxes" in shown
    assert "1 to 8000" in shown


def test_it_works_in_a_chain_and_in_a_preset(installed: Path, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (2, 4800)).astype(np.float32)
    with AudioFile(str(tmp_path / "in.wav"), "w", 48_000, 2, bit_depth=16) as file:
        file.write(noise)
    with AudioFile(str(tmp_path / "in.wav")) as file:
        audio = file.read(4800)
    chain = "gain(0) | ring_modulator(carrier_hz=3000, mix=0.5)"
    preset = {
        "neuralboard": 1,
        "item": {"board": [{"box": "ring_modulator", "parameters": {"carrier_hz": 3000.0,
                                                                   "mix": 0.5}}]},
    }  # fmt: skip
    (tmp_path / "voice.json").write_text(json.dumps(preset), encoding="utf-8")
    for number, words in enumerate((["--chain", chain], ["--board", "voice.json"])):
        out = f"out{number}.wav"
        done = neuralboard("process", "in.wav", "-o", out, *words, path=[installed], cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        with AudioFile(str(tmp_path / out)) as file:
            got = file.read(4800)
        sine = np.sin(2 * np.pi * 3000 / 48_000 * np.arange(4800))
        np.testing.assert_allclose(got, audio * (0.5 + 0.5 * sine), atol=1e-4)


def test_it_passes_check(installed: Path, tmp_path: Path) -> None:
    done = neuralboard("check", "ring_modulator(carrier_hz=50)", path=[installed], cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "FAIL" not in done.stdout
    assert done.stdout.count("  ok  ") >= 15


@pytest.mark.parametrize(
    ("name", "owner"), [("ring_modulator", "outsider-boxes"), ("gain", "pedalboard"),
                        ("wiener_denoiser", "neuralboard")],
)  # fmt: skip
def test_a_name_taken_twice_is_an_error_that_names_both(
    installed: Path, tmp_path: Path, name: str, owner: str
) -> None:
    twin = variant(tmp_path, "rival-boxes", ("ring_modulator =", f"{name} ="))
    site = install(twin, tmp_path / "site")
    for words in (["boxes"], ["process", "a.wav", "-o", "b.wav", "--chain", "reverb()"]):
        done = neuralboard(*words, path=[installed, site], cwd=tmp_path)
        assert done.returncode in (1, 2)
        assert done.stderr.count("\n") == 1
        assert f"the box name '{name}' is taken twice" in done.stderr
        assert owner in done.stderr
        assert "rival-boxes" in done.stderr


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("outsider_boxes:Nothing", "has no attribute 'Nothing'"),
        ("no_such_module:Box", "No module named 'no_such_module'"),
        ("outsider_boxes:np", "no box; its entry point must name a subclass of nb.Effect"),
    ],
)
def test_a_broken_package_is_named_and_hides_nothing(
    tmp_path: Path, target: str, says: str
) -> None:
    broken = variant(tmp_path, "broken-boxes", ("outsider_boxes:RingModulator", target))
    site = install(broken, tmp_path / "site")
    listed = neuralboard("boxes", path=[site], cwd=tmp_path)
    assert listed.returncode == 0
    assert "compressor" in listed.stdout
    assert "not usable" in listed.stdout
    done = neuralboard("check", "ring_modulator()", path=[site], cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "broken-boxes" in done.stderr
    assert says in done.stderr
