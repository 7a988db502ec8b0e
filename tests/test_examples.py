# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples run as they stand, and the README shows them as they are."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pedalboard.io import AudioFile

from neuralboard.assets import DEMO_NOISY

PROJECT = Path(__file__).resolve().parent.parent
SCRIPTS = {"chain": "clean.flac", "stream": "equal: True", "tremolo": "Tremolo"}
# What a longer script must print; the README names these and does not show them.
LONGER = {
    "voice_chain": r"BrickwallLimiter\nbefore {LEVELS}\nafter {LEVELS}\n".replace(
        "{LEVELS}", r" +peak +(-[\d.]+) +RMS +(-[\d.]+) +pauses +(-[\d.]+) dBFS"
    ),
    "compare_denoisers": r"spectral_subtraction( +[-+]?\d+\.\d (dBFS|dB|ms)){5} +\d+\.\d % of it\n",
    "realtime_stream": r"latency   30\.0 ms, .*\ntime .* % of real time(.*\n)+samples .* 0\.0e",
}
WRITES = {
    "voice_chain": ["voice.flac"],
    "compare_denoisers": [
        "compared/denoiser.flac", "compared/spectral_subtraction.flac", "compared/spectrograms.png",
        "compared/wiener_denoiser.flac",
    ],
    "realtime_stream": [],
}  # fmt: skip
# What a denoiser must gain on the demo clip (SI-SDR) and may take of its voice, in dB.
LEAST_GAIN_DB = 3.0
LEAST_LEVEL_DB = -1.0
WORST_LEVEL_DB = -1.5  # meanwhile
LEAST_LSD_GAIN_DB = 4.0


def run(script: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a script as a user would, warnings being errors, in a folder of its own."""
    return subprocess.run(
        [sys.executable, "-W", "error", str(script), *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": "", "MPLCONFIGDIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("name", "said"), SCRIPTS.items())
def test_an_example_runs(name: str, said: str, tmp_path: Path) -> None:
    done = run(PROJECT / "examples" / f"{name}.py", tmp_path)
    assert done.returncode == 0, done.stderr
    assert said in done.stdout


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_readme_shows_the_example_as_it_is(name: str) -> None:
    text = (PROJECT / "examples" / f"{name}.py").read_text(encoding="utf-8")
    docstring = ast.parse(text).body[0]
    body = "\n".join(text.splitlines()[docstring.end_lineno :]).strip()
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    shown = [block.strip() for block in re.findall(r"```python\n(.*?)```", readme, re.DOTALL)]
    assert body in shown


@pytest.mark.parametrize("name", LONGER)
def test_a_longer_example_runs_without_arguments(name: str, tmp_path: Path) -> None:
    done = run(PROJECT / "examples" / f"{name}.py", tmp_path)
    assert done.returncode == 0, done.stderr
    said = re.search(LONGER[name], done.stdout)
    assert said, done.stdout
    written = {path for path in tmp_path.rglob("*") if path.suffix in (".flac", ".png")}
    assert written == {tmp_path / file for file in WRITES[name]}
    for path in written:
        assert path.stat().st_size > 10_000
        if path.suffix == ".flac":
            with AudioFile(str(path)) as sound, AudioFile(str(DEMO_NOISY)) as clip:
                assert (sound.frames, sound.samplerate) == (clip.frames, clip.samplerate)
    if name == "voice_chain":  # louder, never above the ceiling, and the pauses are quieter
        peak, rms, pauses, peak_after, rms_after, pauses_after = map(float, said.groups())
        assert peak < peak_after <= -1.0
        assert rms_after > rms
        assert pauses_after < pauses - 6.0


@pytest.mark.parametrize("name", ["voice_chain", "compare_denoisers"])
def test_an_example_says_in_one_line_that_a_file_is_missing(name: str, tmp_path: Path) -> None:
    done = run(PROJECT / "examples" / f"{name}.py", tmp_path, "nowhere.wav")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "nowhere.wav" in done.stderr


def test_the_readme_names_every_example() -> None:
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    scripts = {path.stem for path in (PROJECT / "examples").glob("*.py")}
    assert scripts == {*SCRIPTS, *LONGER, "demo"}
    for name in LONGER:
        assert f"](examples/{name}.py)" in readme


def figures(printed: str) -> list[dict[str, float]]:
    """Read SI-SDR, LSD and speech level of each row of the demo's table."""
    rows = re.findall(r"^(\w+).*?(-?[\d.]+) dB +([\d.]+) dB +([-+][\d.]+) dB$", printed, re.M)
    assert [row[0] for row in rows] == ["before", "classic", "neural"], printed
    return [{row[0]: float(row[k]) for row in rows} for k in (1, 2, 3)]


def test_the_neural_denoiser_leaves_the_voice_its_level(tmp_path: Path) -> None:
    done = run(PROJECT / "examples" / "demo.py", tmp_path, "--out", "out")
    _, _, level = figures(done.stdout)
    assert level["neural"] > LEAST_LEVEL_DB


def test_the_demo_takes_noise_out(tmp_path: Path) -> None:
    done = run(PROJECT / "examples" / "demo.py", tmp_path, "--out", "out")
    assert done.returncode == 0, done.stderr
    si_sdr, lsd, level = figures(done.stdout)
    assert si_sdr["classic"] - si_sdr["before"] >= LEAST_GAIN_DB
    assert si_sdr["neural"] - si_sdr["before"] >= LEAST_GAIN_DB
    assert si_sdr["neural"] > si_sdr["classic"]
    assert lsd["before"] - lsd["neural"] >= LEAST_LSD_GAIN_DB
    assert lsd["neural"] < lsd["classic"]
    assert level["neural"] > WORST_LEVEL_DB
    assert (tmp_path / "out" / "demo_noisy_spectrograms.png").stat().st_size > 10_000


def test_the_demo_takes_a_stereo_file_of_the_user(tmp_path: Path, rng: np.random.Generator) -> None:
    noise = 0.05 * rng.standard_normal((2, 22_050), dtype=np.float32)
    with AudioFile(str(tmp_path / "mine.wav"), "w", 44_100, 2) as file:
        file.write(noise)
    done = run(PROJECT / "examples" / "demo.py", tmp_path, "mine.wav", "--out", "out")
    assert done.returncode == 0, done.stderr
    with AudioFile(str(tmp_path / "out" / "mine_cleaned.flac")) as file:
        assert (file.samplerate, file.num_channels, file.frames) == (44_100, 2, 22_050)


def test_the_demo_says_in_one_line_that_a_file_is_missing(tmp_path: Path) -> None:
    done = run(PROJECT / "examples" / "demo.py", tmp_path, "nowhere.wav")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "nowhere.wav" in done.stderr
