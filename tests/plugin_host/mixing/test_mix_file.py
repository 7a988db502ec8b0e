# SPDX-License-Identifier: GPL-3.0-or-later
"""mix.toml: what it says is what is rendered, and all that is wrong in it is found at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neuralboard.main import main
from neuralboard.mixing.mix_file import MixFileError, read_mix
from tests.plugin_host.mixing.sounds import RATE, noise, peak_db, read, write

GOOD = """
sample_rate = 48000
pan_law_db = -4.5
title = "a song"
[[track]]
name = "host"
file = "stems/host.wav"
gain_db = -1.5
chain = \"\"\"
highpass_filter(90)
  | compressor(threshold_db=-20, ratio=3)   # a comment
\"\"\"
sends = { plate = -18.0, room = { db = -12, pre = true } }
[track.automation]
"compressor.threshold_db" = [[0.0, -20], [0.3, -26]]
gain_db = [[0, -inf], [0.1, 0]]
[[track]]
file = "stems/drums.wav"
pan = -0.25
output = "beat"
chain = ["gain(-3)", "convolution('room.wav', mix=0.25)"]
[[group]]
name = "beat"
[[bus]]
name = "plate"
chain = "reverb(wet_level=0.6, dry_level=0)"
[[bus]]
name = "room"
[master]
chain = "gain(-2)"
loudness_lufs = -20
[output]
bit_depth = 16
stems = true
tail = 0
report = false
"""


@pytest.fixture
def song(tmp_path: Path) -> Path:
    write(tmp_path / "stems/host.wav", noise(1, 0.8, 1))
    write(tmp_path / "stems/drums.wav", noise(2, 0.7))
    write(tmp_path / "room.wav", noise(3, 0.01, 1))
    path = tmp_path / "mix.toml"
    path.write_text(GOOD)
    return path


def test_a_file_becomes_its_mix(song: Path, monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.chdir("/")  # paths are relative to the file, chains' too
    found = read_mix(song)
    strips: Any = found.mixer.strips
    assert list(strips) == ["host", "drums", "beat", "plate", "room", "master"]
    assert strips["host"].gain_db == -1.5
    assert [type(box).__name__ for box in strips["host"].chain] == ["HighpassFilter", "Compressor"]
    assert strips["host"].sends["room"].pre
    assert not strips["host"].sends["plate"].pre
    assert strips["drums"].output == "beat"
    assert len(strips["drums"].chain) == 2
    assert found.settings.loudness_lufs == -20
    assert found.settings.bit_depth == 16
    assert found.title == "a song"
    assert found.mixer.pan_law_db == -4.5
    assert main(["mix", str(song), "-o", str(tmp_path / "out"), "-q"]) == 0
    stems = {p.stem: read(p) for p in (tmp_path / "out/stems").glob("*.wav")}
    assert set(stems) == {"host", "beat", "plate", "room"}
    assert peak_db(sum(stems.values()) - read(tmp_path / "out/premaster.wav")) < -120
    assert not (tmp_path / "out/report.html").exists()


BAD = """
sample_rate = 48000
smple_rate = 1
[[track]]
name = "host"
file = "nofile.wav"
gian_db = -1.5
chain = "compresor()"
[[track]]
name = "bass"
file = "stems/host.wav"
pan = 3
channels = 5
sends = { plat = -18.0 }
automation = { "compressor.ratio" = [[0, 1]], gain = [[0, 1]], pan = [[0, 2]] }
[[track]]
name = "bass"
file = "stems/drums.wav"
[[track]]
name = "empty"
[[bus]]
name = "plate"
output = "mastr"
[master]
loudness_lufs = 4
chan = "x"
[output]
format = "wave"
tail = -1
bit_depht = 24
"""


def test_everything_that_is_wrong_is_found_at_once(song: Path, capsys: Any) -> None:
    song.write_text(BAD)
    wanted = [
        "there is no key 'smple_rate' (did you mean 'sample_rate'?)",
        "track 1 'host': can't read ",
        "track 1 'host': there is no key 'gian_db' (did you mean 'gain_db'?); it has file, ",
        "track 1 'host': chain: there is no box 'compresor' (did you mean 'compressor'?)",
        "track 2 'bass': pan = 3: out of range; use -1 to 1",
        "track 2 'bass': channels = 5: a track is mono or stereo",
        "track 2 'bass': send to 'plat': there is no such bus (did you mean 'plate'?)",
        "track 2 'bass': 'compressor.ratio': the chain has no box 'compressor'",
        "track 2 'bass': automation of 'gain' (did you mean 'gain_db'?)",
        "track 2 'bass': automation of 'pan', point 1: pan = 2: out of range",
        "track 3 'bass': the name 'bass' is taken",
        "track 4 'empty': it has no sound",
        "bus 1 'plate': output 'mastr': there is no such bus (did you mean 'master'?)",
        "master: loudness_lufs = 4: out of range",
        "master: there is no key 'chan' (did you mean 'chain'?)",
        "output: format = 'wave' (did you mean 'wav'?)",
        "output: tail = -1: out of range",
        "output: there is no key 'bit_depht' (did you mean 'bit_depth'?)",
    ]
    with pytest.raises(MixFileError) as caught:
        read_mix(song)
    problems = list(caught.value.problems)
    for text in wanted:
        assert any(text in problem for problem in problems), (text, problems)
    assert len(problems) == len(wanted), problems
    assert main(["mix", str(song), "--check"]) == 2
    said = capsys.readouterr().err
    assert all(text in said.replace("\n", " ") for text in wanted)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = [", "can't be read as TOML"),
        ("", "the mix has no tracks"),
        ('[track]\nname = "a"', "write [[track]]"),
        ("sample_rate = 1", "outside 8000 to 192000"),
        ("pan_law_db = -5", "use -3, -4.5, -6 or 0"),
    ],
)
def test_what_is_no_mix_is_told(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "mix.toml"
    path.write_text(text)
    with pytest.raises(MixFileError) as caught:
        read_mix(path)
    assert any(words in problem for problem in caught.value.problems), caught.value.problems


def test_a_missing_mix_file_is_one_line(tmp_path: Path, capsys: Any) -> None:
    assert main(["mix", str(tmp_path / "no.toml"), "-o", str(tmp_path / "out")]) == 2
    assert "can't be read: no such file" in capsys.readouterr().err


def test_check_renders_nothing_and_tells_what_is_there(song: Path, capsys: Any) -> None:
    before = sorted(song.parent.rglob("*"))
    assert main(["mix", str(song), "--check"]) == 0
    assert "2 tracks, 3 buses, 0:00.8, 48000 Hz; nothing wrong" in capsys.readouterr().err
    assert sorted(song.parent.rglob("*")) == before


def test_mix_init_writes_a_mix_that_renders(tmp_path: Path, capsys: Any) -> None:
    write(tmp_path / "stems/Kick In.wav", noise(1, 3.5, 1), bits=24)
    write(tmp_path / "stems/lead synth.wav", noise(2, 3.5, level=0.9), 44_100)
    (tmp_path / "stems/broken.wav").write_bytes(b"RIFF")
    (tmp_path / "stems/notes.txt").write_text("no sound")
    target = tmp_path / "mix.toml"
    assert main(["mix-init", str(tmp_path / "stems"), "-o", str(target)]) == 1  # one was left out
    assert "left out" in capsys.readouterr().err
    found = read_mix(target)
    strips: Any = found.mixer.strips
    assert [name for name in strips if name != "master"][:2] == ["Kick In", "lead synth"]
    loudest = found.mixer.render(tail=0).stems
    levels = {n: 10 * np.log10(np.mean(s**2) * 2) for n, s in loudest.items() if n != "plate"}
    assert max(levels.values()) - min(levels.values()) < 12  # white noises of 0.1 and 0.9
    before = target.read_text()
    assert main(["mix-init", str(tmp_path / "stems"), "-o", str(target)]) == 2
    assert target.read_text() == before
    assert main(["mix-init", str(tmp_path), "-o", str(tmp_path / "x.toml")]) == 1
    assert "holds no audio" in capsys.readouterr().err


def test_rates_in_the_file_are_the_mixs(song: Path) -> None:
    song.write_text(GOOD.replace("sample_rate = 48000", "sample_rate = 44100"))
    assert read_mix(song).mixer.num_samples() == pytest.approx(0.8 * 44_100, abs=1)
    assert RATE == 48_000
