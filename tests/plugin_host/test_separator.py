# SPDX-License-Identifier: GPL-3.0-or-later
"""Separation: aligned stems that sum to the mix, streamed in bounded memory, all files or none."""

from __future__ import annotations

import errno
import re
import tracemalloc
from pathlib import Path
from typing import Any

import mutagen.flac
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

import neuralboard as nb
from neuralboard import main as door
from neuralboard import safe_file
from neuralboard.errors import AudioError, AudioFileError, BoxError
from tests.plugin_host.file_helpers import float_wav, write_levels

RATE = 48_000
SUM_DB = -100.0
Audio = NDArray[np.float32]


def _song(seconds: float, channels: int = 2, rate: int = RATE) -> Audio:
    """Tones, clicks and noise, different in the channels."""
    generator = np.random.default_rng(1)
    count = round(seconds * rate)
    audio = 0.05 * generator.standard_normal((channels, count))
    audio += 0.2 * np.sin(2 * np.pi * 440 * np.arange(count) / rate)
    audio[:, :: rate // 4] += 0.5
    return audio.astype(np.float32)


def _file(folder: Path, audio: Audio, rate: int = RATE) -> Path:
    path = folder / "song.wav"
    path.write_bytes(float_wav(audio, rate))
    return path


def _sum_db(stems: Any, mix: Audio) -> float:
    """Return what is missing, beside the mix, in dB; float64."""
    total = np.sum([np.asarray(stem, np.float64) for stem in stems], axis=0)
    return float(10 * np.log10(np.sum((total - mix) ** 2) / np.sum(mix.astype(np.float64) ** 2)))


def _sound(path: str | Path) -> Audio:
    read, _ = soundfile.read(path, dtype="float32", always_2d=True)
    return np.ascontiguousarray(read.T)


class Bands(nb.SpectralEffect):
    """Lows and highs; with `leak` the highs are too quiet, so that something is left."""

    n_fft, hop_length = 512, 256
    stems = ("low", "high")
    leak = nb.Parameter(0.0, 0.0, 1.0)

    def process_frames(self, frames: Any, state: Any, p: Any) -> Any:
        low = np.where(np.arange(frames.shape[-1]) < 20, frames, 0)
        return np.stack([low, (frames - low) * np.float32(1 - p.leak)])


# ---------------------------------------------------------------------------------- in memory
@pytest.mark.parametrize(
    ("box", "names"),
    [
        (nb.HarmonicPercussive(), ("harmonic", "percussive")),
        (nb.CenterExtractor(width=0.8), ("center", "sides")),
        (Bands(), ("low", "high")),
    ],
    ids=["harmonic", "center", "bands"],
)
def test_stems_are_aligned_and_sum_to_the_mix(box: Any, names: tuple[str, ...]) -> None:
    mix = _song(1.5)
    separator = nb.Separator(box)
    assert separator.stems == names
    stems = separator.separate(mix, RATE)
    assert tuple(stems) == names
    assert _sum_db(stems.values(), mix) < SUM_DB
    with separator.stream(RATE, 2) as stream:
        parts = [stream.process(mix[:, a : a + 997]) for a in range(0, mix.shape[1], 997)]
        streamed = np.concatenate([*parts, stream.flush()], axis=-1)[..., stream.latency :]
        assert stream.latency == separator.latency(RATE)
    np.testing.assert_array_equal(streamed, np.stack(list(stems.values())))


def test_the_parts_are_those_of_the_boxes_with_gains() -> None:
    """Two doors to one thing: gains that leave one part, and the part as an output."""
    mix = _song(1.0)
    off = -80.0
    parts = nb.Separator(nb.HarmonicPercussive(margin=2.0)).separate(mix, RATE)
    gains = {"harmonic": (0.0, off, off), "percussive": (off, 0.0, off)}
    for name, gain in gains.items():
        alone = nb.HarmonicPercussive(*gain, margin=2.0)(mix, RATE)
        np.testing.assert_allclose(parts[name], alone, atol=1e-6)
    parts = nb.Separator(nb.CenterExtractor(low_hz=300.0)).separate(mix, RATE)
    np.testing.assert_allclose(
        parts["center"], nb.CenterExtractor(low_hz=300.0)(mix, RATE), atol=1e-6
    )


@pytest.mark.parametrize("channels", [1, 2])
def test_the_rest_is_what_the_others_lack(channels: int) -> None:
    mix = _song(1.0, channels)
    plain = nb.Separator(Bands(leak=0.5)).separate(mix, RATE)
    assert _sum_db(plain.values(), mix) > -20.0
    separator = nb.Separator(Bands(leak=0.5), residual=True)
    assert separator.stems == ("low", "high", "rest")
    stems = separator.separate(mix, RATE)
    assert _sum_db(stems.values(), mix) < SUM_DB
    np.testing.assert_array_equal(stems["low"], plain["low"])
    with separator.stream(RATE, channels) as stream:  # one sample first: the rest waits, too
        parts = [stream.process(mix[:, :1]), stream.process(mix[:, 1:]), stream.flush()]
    streamed = np.concatenate(parts, axis=-1)[..., stream.latency :]
    np.testing.assert_array_equal(streamed, np.stack(list(stems.values())))


def test_silence_gives_silence() -> None:
    stems = nb.Separator(nb.HarmonicPercussive(), residual=True)(
        np.zeros((2, 9000), np.float32), RATE
    )
    assert np.max(np.abs(stems)) < 1e-5


def test_what_can_not_separate_is_refused() -> None:
    class Picked(Bands):
        stem = nb.Choice(None, ("low", "high"), optional=True)

    class HasRest(Bands):
        stems = ("rest", "high")

    for box, more, match in [
        (nb.Board([]), {}, "Board gives one output and can't separate"),
        (nb.SpectralGate(), {}, "SpectralGate gives one output"),
        (object(), {}, "object gives one output"),
        (Picked(stem="low"), {}, r"Picked.stem = 'low' picks one output; .* low, high"),
        (HasRest(), {"residual": True}, "has an output 'rest' of its own"),
    ]:
        with pytest.raises(BoxError, match=match):
            nb.Separator(box, **more)
    with pytest.raises(AudioError, match="2 channels, not 1"):
        nb.Separator(nb.CenterExtractor()).stream(RATE, 1)


# ---------------------------------------------------------------------------------- files
@pytest.mark.parametrize("residual", [False, True])
def test_files_of_any_length(tmp_path: Path, residual: bool) -> None:
    """Lengths around the latency and the blocks, none at all, and a real one."""
    for count in (0, 1, 511, 16_384, 16_385, 5 * RATE):
        mix = _song(6.0)[:, :count]
        out = tmp_path / f"{count}"
        report = nb.separate_file(Bands(), _file(tmp_path, mix), out, residual=residual)
        names = ["high", "low", "rest"] if residual else ["high", "low"]
        assert sorted(path.name for path in out.iterdir()) == [f"{n}.wav" for n in names]
        stems = [_sound(out / f"{name}.wav") for name in names]
        assert {stem.shape for stem in stems} == {(2, count)}
        assert report.samples == count
        if count > 1:
            assert _sum_db(stems, mix) < SUM_DB
            assert report.error_db < SUM_DB


def test_memory_is_bounded(tmp_path: Path) -> None:
    """Two minutes of stereo are 46 MB, and 138 MB as three stems."""
    path = _file(tmp_path, np.tile(_song(2.0), 60))
    separator = nb.Separator(Bands(), residual=True)
    separator.separate(_song(0.5), RATE)  # what is loaded once
    tracemalloc.start()
    try:
        report = nb.separate_file(separator, path, tmp_path / "stems")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert report.samples == 120 * RATE
    assert peak < 12 << 20


def test_bit_depth_and_what_it_costs(tmp_path: Path) -> None:
    mix = _song(1.0)
    report = nb.separate_file(
        nb.HarmonicPercussive(), _file(tmp_path, mix), tmp_path, format="flac"
    )
    assert report.bit_depth == 24
    assert _sum_db([_sound(name) for name in report.files.values()], mix) < SUM_DB
    loud = np.full((1, RATE), 0.9, np.float32)
    loud[0, ::2] = -0.9

    class Twice(Bands):
        def process_frames(self, frames: Any, state: Any, p: Any) -> Any:
            return np.stack([frames * 2, -frames])

    report = nb.separate_file(Twice(), _file(tmp_path, loud), tmp_path / "a", bit_depth=16)
    assert "low.wav: " in report.warnings[0]
    assert "were clipped" in report.warnings[0]
    assert report.levels_db["low"] == pytest.approx(6.02, abs=0.1)
    report = nb.separate_file(Twice(), _file(tmp_path, loud), tmp_path / "b")
    assert (report.warnings, report.bit_depth) == ((), 32)
    assert _sum_db([_sound(name) for name in report.files.values()], loud) < SUM_DB


def test_tags_stay(tmp_path: Path) -> None:
    path = tmp_path / "song.flac"
    write_levels(path, np.arange(-9000, 9000)[np.newaxis], 16)
    kind: Any = mutagen.flac.FLAC
    tags = kind(path)
    tags["title"] = "Two parts"
    tags.save()
    report = nb.separate_file(Bands(), path, tmp_path / "out", format="flac")
    for name in report.files.values():
        assert kind(name)["title"] == ["Two parts"]


def _left(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.mark.parametrize("force", [False, True])
def test_all_files_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, force: bool) -> None:
    """The second of three can't be put in its place: a disk, or somebody who was quicker."""
    path = _file(tmp_path, _song(0.5))
    out = tmp_path / "out"
    out.mkdir()
    calls = iter(range(9))

    def put_in_place(whole: Path, target: Path, **more: Any) -> None:
        if next(calls) == 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        safe_file.put_in_place(whole, target, **more)

    monkeypatch.setattr("neuralboard.separating.put_in_place", put_in_place)
    with pytest.raises(AudioFileError, match=r"can't write .*high\.wav: the disk is full"):
        nb.separate_file(Bands(), path, out, residual=True, force=force)
    assert _left(out) == (["low.wav"] if force else [])


def test_an_error_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    class Breaks(Bands):
        def process_frames(self, frames: Any, state: Any, p: Any) -> Any:
            if abs(frames).max() > 100:
                raise ZeroDivisionError
            return super().process_frames(frames, state, p)

    mix = _song(1.0)
    mix[:, 40_000:] = 0.9
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "low.wav").write_bytes(b"old")
    path = _file(tmp_path, mix)
    with pytest.raises(ZeroDivisionError):
        nb.separate_file(Breaks(), path, tmp_path / "out", force=True)
    assert _left(tmp_path / "out") == ["low.wav"]
    assert (tmp_path / "out" / "low.wav").read_bytes() == b"old"
    with pytest.raises(AudioFileError, match=r"low\.wav: it exists already; --force"):
        nb.separate_file(Bands(), path, tmp_path / "out")
    assert (tmp_path / "out" / "low.wav").read_bytes() == b"old"


def test_a_stem_never_replaces_the_input_and_stays_in_its_folder(tmp_path: Path) -> None:
    class Odd(Bands):
        stems = ("../../low", "so/ng")

    path = _file(tmp_path, _song(0.2))
    report = nb.separate_file(Odd(), path, tmp_path / "out")
    assert _left(tmp_path / "out") == ["______low.wav", "so_ng.wav"]
    assert set(report.files) == {"../../low", "so/ng"}

    class Song(Bands):
        stems = ("song", "high")

    before = path.read_bytes()
    with pytest.raises(AudioFileError, match="it is the input"):
        nb.separate_file(Song(), path, tmp_path, force=True)
    assert path.read_bytes() == before

    class Same(Bands):
        stems = ("A", "a")

    with pytest.raises(AudioFileError, match="would share a file"):
        nb.separate_file(Same(), path, tmp_path / "two")


# ---------------------------------------------------------------------------------- the command
def test_the_command(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    mix = _song(1.0)
    path, out = _file(tmp_path, mix), tmp_path / "out"
    assert door.main(["separate", str(path), "-o", str(out)]) == 0
    said = capfd.readouterr().err
    assert f"{out}/harmonic.wav: -" in said
    assert "the stems sum to the mix within -1" in said
    assert _sum_db([_sound(p) for p in out.glob("*.wav")], mix) < SUM_DB
    words = ["separate", str(path), "-o", str(out), "--box", "harmonic_percussive(margin=3)", "-q"]
    assert door.main(words) == 2  # the files are there
    assert "exists already" in capfd.readouterr().err
    assert door.main([*words, "--force"]) == 0
    assert "--residual writes it to rest" in capfd.readouterr().err
    assert door.main([*words, "--force", "--residual"]) == 0
    assert capfd.readouterr().err == ""
    assert _sum_db([_sound(p) for p in out.glob("*.wav")], mix) < SUM_DB


@pytest.mark.parametrize(
    ("words", "least", "most", "when"),
    [
        (["--bit-depth", "24"], -130.0, -100.0, ""),
        (["--bit-depth", "16"], -90.0, -70.0, ""),
        (["--format", "mp3"], -200.0, -100.0, ", before encoding"),
    ],
)
def test_what_is_said_of_the_sum_is_true_of_the_files(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], words: list[str], least: float, most: float,
    when: str,
) -> None:  # fmt: skip
    mix = _song(1.0)
    out = tmp_path / "out"
    assert door.main(["separate", str(_file(tmp_path, mix)), "-o", str(out), *words]) == 0
    (line,) = [x for x in capfd.readouterr().err.splitlines() if "sum to the mix" in x]
    match = re.fullmatch(r"the stems sum to the mix within (-\d+) dB(.*)", line)
    assert match is not None
    assert match[2] == when
    assert least <= float(match[1]) < most
    if not when:
        found = _sum_db([_sound(path) for path in out.iterdir()], mix)
        assert float(match[1]) == pytest.approx(found, abs=0.6)


def test_from_a_pipe_the_sum_before_rounding_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with _file(tmp_path, _song(0.5)).open("rb") as file:
        monkeypatch.setattr("sys.stdin", file)
        assert door.main(["separate", "-", "-o", str(tmp_path / "o"), "--bit-depth", "16"]) == 0
    assert re.search(r"within -1\d\d dB, before rounding\n", capfd.readouterr().err)


@pytest.mark.parametrize(
    ("words", "match"),
    [
        (["--box", "harmonic_percussive(mix=0.5)"], "HarmonicPercussive.mix = 0.5 makes no"),
        (["--box", "harmonic_percussive(bypass=true)"], "HarmonicPercussive.bypass = True makes"),
        (["--box", "center_extractor(sides_db=-6)"], "CenterExtractor.sides_db = -6.0 makes no"),
        (["--box", "spectral_gate()"], "SpectralGate gives one output"),
        (["--box", "center_extracter()"], "did you mean 'center_extractor'"),
        (["--box", "gain(1) | gain(2)"], "takes one box, not 2"),
        (["--box", "center_extractor()", "--model", "a.onnx"], "not both"),
        (["--model", "nowhere.onnx"], "--model nowhere.onnx: "),
        (["--format", "doc"], "'doc' is written by nobody"),
        (["--format", "flac", "--bit-depth", "32"], "no bit depth 32"),
    ],
)
def test_wrong_usage(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], words: list[str], match: str
) -> None:
    path = _file(tmp_path, _song(0.1))
    assert door.main(["separate", str(path), "-o", str(tmp_path / "out"), *words]) == 2
    said = capfd.readouterr().err
    assert match in said
    assert said.count("\n") == 1
    assert not (tmp_path / "out").exists()
