# SPDX-License-Identifier: GPL-3.0-or-later
"""mix-init: whatever lies in a folder of stems, what it writes is a mix that --check accepts."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neuralboard.errors import AudioFileError, BrokenSamplesWarning, MixError, ParameterError
from neuralboard.main import main
from neuralboard.mixing.first_mix import first_mix
from neuralboard.mixing.mix_file import MixFileError, read_mix, read_mix_text
from neuralboard.mixing.sources import inspect_source
from neuralboard.mixing.strips import Bus, Track
from tests.plugin_host.mixing.sounds import noise, write


def _mix(folder: Path) -> tuple[Any, list[str]]:
    """Return the first mix of a folder, checked, and what was said."""
    text, notes, _ = first_mix(folder, folder)
    read_mix_text(text, folder / "mix.toml")
    return tomllib.loads(text), notes


def _names(folder: Path) -> dict[str, str]:
    return {track["file"]: track["name"] for track in _mix(folder)[0]["track"]}


def test_the_second_of_a_pair_is_number_two_and_a_taken_number_is_passed_over(
    tmp_path: Path,
) -> None:
    for name in ("kick.wav", "kick.flac", "kick 3.wav", "KICK.aiff"):
        write(tmp_path / name, noise(1, 0.2, 1), bits=24 if "wav" not in name else 32)
    assert _names(tmp_path) == {
        "KICK.aiff": "KICK", "kick.flac": "kick 2", "kick 3.wav": "kick 3", "kick.wav": "kick 4",
    }  # fmt: skip


def test_a_stem_named_as_its_own_bus_keeps_its_name_and_the_bus_takes_another(
    tmp_path: Path,
) -> None:
    write(tmp_path / "plate.wav", noise(1, 0.2, 1))
    write(tmp_path / "snare.wav", noise(2, 0.2, 1))
    mix, _ = _mix(tmp_path)
    assert [track["name"] for track in mix["track"]] == ["plate", "snare"]
    assert mix["bus"][0]["name"] == "plate 2"
    assert mix["track"][1]["sends"] == {"plate 2": -24.0}


def test_reserved_long_and_control_names_become_names_that_a_mix_takes(tmp_path: Path) -> None:
    odd = ["mix", "premaster", "Master", "a\x01b\x7f", "x" * 100, "x" * 99 + "y", "tab\there"]
    for name in odd:
        write(tmp_path / f"{name}.wav", noise(1, 0.2, 1))
    names = _names(tmp_path)
    assert [names[f"{name}.wav"] for name in odd] == [
        "mix 2", "premaster 2", "Master 2", "a b", "x" * 80, "x" * 78 + " 2", "tab here",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["mix", "Premaster", "MASTER", "a\x01b"])
@pytest.mark.parametrize("kind", [Track, Bus])
def test_no_strip_takes_a_reserved_name(kind: Any, name: str) -> None:
    with pytest.raises(ParameterError, match=r"choose another name|no control characters"):
        kind(name=name)


def test_samples_that_are_no_numbers_count_as_silence_and_are_told(
    tmp_path: Path, capsys: Any
) -> None:
    sound = noise(1, 0.5, 1)
    sound[0, [7, 90, 100]] = np.nan, np.inf, -np.inf
    write(tmp_path / "whole.wav", np.nan_to_num(sound, nan=0.0, posinf=0.0, neginf=0.0))
    raw = bytearray((tmp_path / "whole.wav").read_bytes())
    raw[-sound.nbytes :] = sound.tobytes()
    (tmp_path / "broken.wav").write_bytes(raw)
    with pytest.warns(BrokenSamplesWarning, match=r"broken\.wav holds 3 broken samples"):
        mix, _ = _mix(tmp_path)
    assert mix["track"][0]["gain_db"] == mix["track"][1]["gain_db"]
    assert abs(mix["track"][0]["gain_db"]) < 24


def test_hidden_files_are_left_out_and_sub_folders_counted(tmp_path: Path) -> None:
    for name in (".x.wav", "._a.wav", "a.wav", "takes/b.wav", "old.wav/c.wav", ".git/d.wav"):
        write(tmp_path / name, noise(1, 0.2, 1))
    mix, notes = _mix(tmp_path)
    assert [track["file"] for track in mix["track"]] == ["a.wav"]
    assert [note for note in notes if "2 sub-folders were not looked into" in note] == notes
    (tmp_path / "a.wav").unlink()
    with pytest.raises(MixError, match="2 sub-folders were not looked into"):
        first_mix(tmp_path, tmp_path)


def test_a_short_sound_is_as_loud_as_all_of_it(tmp_path: Path) -> None:
    write(tmp_path / "click.wav", np.full((1, 10), 10 ** (-10.8 / 20), np.float32))
    # A loud tenth of a second and silence: over its 2 s the power is 13 dB below that of the tenth.
    burst = np.zeros((1, 96_000), np.float32)
    burst[:, :4800] = noise(1, 0.1, 1, 0.1)
    write(tmp_path / "tick.wav", burst)
    text, _, _ = first_mix(tmp_path, tmp_path)
    assert "silent" not in text
    click, tick = tomllib.loads(text)["track"]
    assert click["gain_db"] == pytest.approx(-25 + 10.8, abs=0.3)
    level = 10 * np.log10(np.mean(burst**2))
    assert tick["gain_db"] == pytest.approx(min(-25 - level, 14.0), abs=0.3)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_named_and_never_opened(tmp_path: Path, capsys: Any) -> None:
    os.mkfifo(tmp_path / "p.wav")  # whoever opens it waits for a writer that never comes
    target = tmp_path / "mix.toml"
    assert main(["mix-init", str(tmp_path), "-o", str(target)]) == 1
    assert "p.wav is a pipe" in capsys.readouterr().err
    write(tmp_path / "a.wav", noise(1, 0.2, 1))
    assert main(["mix-init", str(tmp_path), "-o", str(target)]) == 1
    assert "left out: " in capsys.readouterr().err
    read_mix(target)
    target.write_text('[[track]]\nfile = "p.wav"\n')
    with pytest.raises(MixFileError, match=r"p\.wav is a pipe; a mix needs files"):
        read_mix(target)


def test_a_mix_reads_no_standard_input() -> None:
    with pytest.raises(AudioFileError, match="standard input is a pipe"):
        inspect_source(Track(name="x", source="-"), 48_000)
