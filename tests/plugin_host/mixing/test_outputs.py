# SPDX-License-Identifier: GPL-3.0-or-later
"""A mix as files: they sum, they are whole or absent, and a rerun makes only what is due."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neuralboard as nb
from neuralboard.loudness import measure_loudness
from neuralboard.mixing.lock import LOCK_NAME
from neuralboard.mixing.mixer import Mixer
from neuralboard.mixing.outputs import MixReport, render_mix
from neuralboard.mixing.settings import OutputSettings
from tests.plugin_host.file_helpers import int_wav
from tests.plugin_host.mixing.sounds import RATE, noise, peak_db, read, write
from tests.plugin_host.wav_chunks import MIDNIGHT, bext, chunks_of, with_chunks

FULL = OutputSettings(stems=True, report=False, tail=0.0)


def _mixer(folder: Path, gain_db: float = 0.0) -> Mixer:
    mixer = Mixer(RATE)
    for number in range(3):
        path = folder / f"in{number}.wav"
        if not path.exists():
            write(path, noise(number, 0.6 + 0.1 * number))
        mixer.track(f"t{number}", path, chain="compressor(threshold_db=-30, ratio=3)")
    mixer.strips["t0"].sends = {"fx": -6.0}
    mixer.strips["t1"].gain_db = gain_db
    mixer.bus("fx", chain="brickwall_limiter(ceiling_db=0) | reverb(dry_level=0)")
    mixer.master.chain = nb.parse_chain("compressor(threshold_db=-12, ratio=2)")
    return mixer


def _bytes(folder: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }  # fmt: skip


def test_the_stems_sum_to_the_premaster_and_the_mix_is_what_render_gives(tmp_path: Path) -> None:
    mixer, out = _mixer(tmp_path), tmp_path / "out"
    render_mix(mixer, out, OutputSettings(stems=True, report=False, bit_depth=32, tail=0.5))
    stems = {p.stem: read(p) for p in (out / "stems").glob("*.wav")}
    premaster = read(out / "premaster.wav")
    assert set(stems) == {"t0", "t1", "t2", "fx"}
    assert {s.shape for s in stems.values()} == {premaster.shape} == {(2, round(1.3 * RATE))}
    assert peak_db(sum(stems.values()) - premaster) < -120
    rendered = mixer.render(tail=0.5)
    np.testing.assert_array_equal(read(out / "mix.wav"), rendered.mix)
    np.testing.assert_array_equal(stems["fx"], rendered.stems["fx"])


def test_stems_of_24_bits_sum_within_minus_120(tmp_path: Path) -> None:
    out = tmp_path / "out"
    render_mix(
        _mixer(tmp_path),
        out,
        OutputSettings(stems=True, stems_bit_depth=24, report=False, tail=0.0),
    )
    total = sum(read(p).astype(np.float64) for p in (out / "stems").glob("*.wav"))
    assert peak_db(total - read(out / "premaster.wav")) < -120


def test_the_same_mix_gives_the_same_bytes(tmp_path: Path) -> None:
    for name, threads in (("a", 1), ("b", 4)):
        render_mix(_mixer(tmp_path), tmp_path / name, FULL, threads=threads)
    assert _bytes(tmp_path / "a") == _bytes(tmp_path / "b")


def _written(report: MixReport) -> set[str]:
    return set(report.written) - {LOCK_NAME}


def test_a_rerun_makes_what_is_missing_changed_or_damaged_and_nothing_else(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert _written(render_mix(_mixer(tmp_path), out, FULL)) == {
        "mix.wav", "premaster.wav", "stems/t0.wav", "stems/t1.wav", "stems/t2.wav", "stems/fx.wav",
    }  # fmt: skip
    first = _bytes(out)
    assert render_mix(_mixer(tmp_path), out, FULL).written == []
    (out / "stems/t2.wav").unlink()
    assert _written(render_mix(_mixer(tmp_path), out, FULL)) == {"stems/t2.wav"}
    (out / "mix.wav").unlink()
    assert _written(render_mix(_mixer(tmp_path), out, FULL)) == {"mix.wav"}
    assert _bytes(out) == first
    changed = _written(render_mix(_mixer(tmp_path, gain_db=-3.0), out, FULL))
    assert changed == {"mix.wav", "premaster.wav", "stems/t1.wav"}
    after = _bytes(out)
    assert after["stems/t0.wav"] == first["stems/t0.wav"]
    write(tmp_path / "in0.wav", noise(77, 0.6))
    changed = _written(render_mix(_mixer(tmp_path, gain_db=-3.0), out, FULL))
    assert changed == {"mix.wav", "premaster.wav", "stems/t0.wav", "stems/fx.wav"}


def test_what_was_kept_is_made_anew_where_the_mix_became_longer(tmp_path: Path) -> None:
    out = tmp_path / "out"
    auto = OutputSettings(stems=True, report=False)
    first = render_mix(_mixer(tmp_path), out, auto)
    longer = _mixer(tmp_path)
    longer.strips["fx"].chain = nb.parse_chain("reverb(room_size=1, dry_level=0)")
    second = render_mix(longer, out, auto)
    assert second.samples > first.samples
    lengths = {read(p).shape[1] for p in out.rglob("*.wav")}
    assert lengths == {second.samples}
    assert render_mix(longer, out, auto).written == []


def test_files_of_others_and_inputs_are_never_replaced(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write(out / "mix.wav", noise(5, 0.1))
    before = _bytes(out)
    with pytest.raises(nb.NeuralboardError, match=r"mix\.wav exists and was not made by this mix"):
        render_mix(_mixer(tmp_path), out, FULL)
    assert _bytes(out) == before
    render_mix(_mixer(tmp_path), out, FULL, force=True)
    own = Mixer(RATE)
    own.track("a", write(tmp_path / "again" / "mix.wav", noise(1, 0.2)))
    with pytest.raises(nb.NeuralboardError, match="it is the input"):
        render_mix(own, tmp_path / "again", FULL, force=True)


def test_what_somebody_changed_is_kept_and_the_rest_is_made(tmp_path: Path) -> None:
    out = tmp_path / "out"
    render_mix(_mixer(tmp_path), out, FULL)
    (out / "premaster.wav").write_bytes(b"mine")
    (out / "stems/t1.wav").unlink()
    report = render_mix(_mixer(tmp_path), out, FULL)
    assert _written(report) == {"stems/t1.wav"}
    assert any("premaster.wav was changed since it was rendered" in n for n in report.notes)
    assert (out / "premaster.wav").read_bytes() == b"mine"
    assert _written(render_mix(_mixer(tmp_path), out, FULL, force=True)) == {"premaster.wav"}


def test_what_was_ours_stays_ours_when_options_come_and_go(tmp_path: Path) -> None:
    """Another format and back, a track renamed and back, no stems and stems again."""
    out = tmp_path / "out"
    flac = replace(FULL, format="flac", stems=False)
    for settings, changed in ((FULL, 0.0), (flac, -1.0), (FULL, -2.0)):
        report = render_mix(_mixer(tmp_path, gain_db=changed), out, settings)
    assert any("mix.flac is of an earlier run and no part" in note for note in report.notes)
    for name in ("t1", "renamed", "t1"):
        mixer = Mixer(RATE)
        mixer.track(name, tmp_path / "in1.wav")
        report = render_mix(mixer, out, FULL)
        assert f"stems/{name}.wav" in [*report.written, *report.kept]
    assert any("stems/renamed.wav is of an earlier run" in note for note in report.notes)


def test_the_report_is_protected_and_repaired(tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / "report").mkdir(parents=True)
    (out / "report/loudness.svg").write_text("mine")
    with pytest.raises(nb.NeuralboardError, match=r"loudness\.svg exists and was not made by"):
        render_mix(_mixer(tmp_path), out, replace(FULL, report=True))
    (out / "report/loudness.svg").unlink()
    render_mix(_mixer(tmp_path), out, replace(FULL, report=True), title="one")
    assert render_mix(_mixer(tmp_path), out, replace(FULL, report=True), title="one").written == []
    (out / "report/loudness.svg").unlink()
    again = render_mix(_mixer(tmp_path), out, replace(FULL, report=True), title="one")
    assert "report/loudness.svg" in again.written
    renamed = render_mix(_mixer(tmp_path), out, replace(FULL, report=True), title="two")
    assert "report.html" in renamed.written
    assert "two" in (out / "report.html").read_text(encoding="utf-8")


def test_a_moved_folder_is_up_to_date_and_other_code_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").mkdir()
    write(tmp_path / "a/room.wav", noise(3, 0.01, 1))

    def mixer(folder: Path) -> Mixer:
        made = _mixer(folder)
        made.strips["t0"].chain = nb.parse_chain("convolution('room.wav')", folder)
        return made

    render_mix(mixer(tmp_path / "a"), tmp_path / "a/out", FULL)
    (tmp_path / "a").rename(tmp_path / "b")
    assert render_mix(mixer(tmp_path / "b"), tmp_path / "b/out", FULL).written == []
    monkeypatch.setattr("neuralboard.mixing.lock.code_of", lambda board: {"mine": "other code"})
    assert render_mix(mixer(tmp_path / "b"), tmp_path / "b/out", FULL).written != []


def test_what_the_report_needs_is_missed_before_anything_is_rendered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    out = tmp_path / "out"
    with pytest.raises(nb.NeuralboardError, match=r"neuralboard\[mix\]'?, or set report = false"):
        render_mix(_mixer(tmp_path), out, replace(FULL, report=True))
    assert not out.exists()
    render_mix(_mixer(tmp_path), out, FULL)


def test_a_folder_belongs_to_one_mix(tmp_path: Path) -> None:
    out = tmp_path / "out"
    render_mix(_mixer(tmp_path), out, FULL, mix_file=tmp_path / "one.toml")
    with pytest.raises(nb.NeuralboardError, match=r"holds the mix of one\.toml; choose another"):
        render_mix(_mixer(tmp_path), out, FULL, mix_file=tmp_path / "two.toml")
    (tmp_path / "file").write_text("")
    with pytest.raises(nb.NeuralboardError, match="is a file; name a folder"):
        render_mix(_mixer(tmp_path), tmp_path / "file", FULL)


@pytest.mark.parametrize(
    "odd",
    [
        "[]",
        '{"format": 1, "outputs": []}',
        '{"format": 1, "writing": 5}',
        '{"format": 1, "outputs": {"mix.wav": 3}}',
        "{",
        '{"format": 9}',
    ],
)
def test_an_odd_lock_is_one_line(tmp_path: Path, odd: str) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / LOCK_NAME).write_text(odd)
    with pytest.raises(nb.NeuralboardError, match="remove it to begin anew"):
        render_mix(_mixer(tmp_path), tmp_path / "out", FULL)


def test_another_order_of_tracks_is_another_sum(tmp_path: Path) -> None:
    out = tmp_path / "out"
    for order in ((0, 1, 2), (2, 0, 1)):
        mixer = Mixer(RATE)
        for number in order:
            mixer.track(f"t{number}", noise(number, 0.3))
        written = _written(render_mix(mixer, out, FULL))
        assert {"mix.wav", "premaster.wav"} <= written


class Failing(nb.Effect):
    """Raises in its third block."""

    def start(self, sample_rate: int, channels: int) -> Any:
        return [0]

    def process_block(self, block: Any, state: Any, p: Any) -> Any:
        state[0] += 1
        if state[0] > 2:
            raise RuntimeError("gone")
        return block


def test_a_box_that_raises_leaves_nothing_behind_and_names_its_track(tmp_path: Path) -> None:
    out = tmp_path / "out"
    mixer = _mixer(tmp_path)
    mixer.track("bad", write(tmp_path / "long.wav", noise(1, 4.0)), chain=nb.Board([Failing()]))
    with pytest.raises(nb.NeuralboardError, match=r"^track 'bad': RuntimeError: gone$"):
        render_mix(mixer, out, FULL)
    assert _bytes(out) == {}
    del mixer._strips["bad"]
    render_mix(mixer, out, FULL)
    kept = _bytes(out)
    again = _mixer(tmp_path)
    again.track("bad", tmp_path / "long.wav", chain=nb.Board([Failing()]))
    with pytest.raises(nb.NeuralboardError, match="track 'bad'"):
        render_mix(again, out, FULL)
    assert _bytes(out) == kept


def test_loudness_and_true_peak_are_reached(tmp_path: Path) -> None:
    out = tmp_path / "out"
    mixer = Mixer(RATE)
    rng = np.random.default_rng(3)
    beats = rng.normal(0, 0.2, (2, 6 * RATE)) * np.tile(np.exp(-np.arange(RATE) / 6000), 6)
    mixer.track("beats", write(tmp_path / "beats.wav", beats.astype(np.float32)))
    settings = OutputSettings(loudness_lufs=-16.0, true_peak_db=-1.0, report=False, tail=0.0)
    report = render_mix(mixer, out, settings)
    found = measure_loudness(read(out / "mix.wav"), RATE, oversampling=16)
    assert found.integrated_lufs == pytest.approx(-16.0, abs=0.1)
    assert found.true_peak_db <= -1.0
    assert any("LUFS" in note for note in report.notes)


def test_tracks_of_one_take_give_the_mix_their_timecode(tmp_path: Path) -> None:
    """At two rates, and one that began a second later and is put there."""

    def take(name: str, rate: int, start: float) -> Path:
        levels = np.random.default_rng(1).integers(-3000, 3000, (1, rate))
        reference = round((MIDNIGHT / 48_000 + start) * rate)
        path = tmp_path / name
        path.write_bytes(with_chunks(int_wav(levels, 16, rate), [(b"bext", bext(reference))]))
        return path

    mixer = Mixer(RATE)
    mixer.track("boom", take("boom.wav", 48_000, 0.0))
    mixer.track("lav", take("lav.wav", 44_100, 1.0), offset=1.0)
    mixer.track("music", noise(1, 0.5))
    report = render_mix(mixer, tmp_path / "out", FULL)
    for file in ("mix.wav", "stems/lav.wav", "premaster.wav"):
        chunks = dict(chunks_of((tmp_path / "out" / file).read_bytes()))
        assert int.from_bytes(chunks[b"bext"][338:346], "little") == MIDNIGHT
    assert not any("timecode" in note for note in report.notes)
    mixer.track("other", take("other.wav", 48_000, 7.0))
    report = render_mix(mixer, tmp_path / "out", FULL)
    assert any("'boom' and 'other' carry timecodes 7.000 s apart" in n for n in report.notes)
    assert b"bext" not in dict(chunks_of((tmp_path / "out/mix.wav").read_bytes()))


def test_a_silent_mix_is_told_and_left_alone(tmp_path: Path) -> None:
    mixer = Mixer(RATE)
    mixer.track("a", np.zeros((2, RATE), np.float32))
    report = render_mix(
        mixer, tmp_path / "out", OutputSettings(loudness_lufs=-16.0, report=False, tail=0.0)
    )
    assert any("can't be measured" in note for note in report.notes)
    assert not read(tmp_path / "out" / "mix.wav").any()


def test_clipping_is_told(tmp_path: Path) -> None:
    mixer = Mixer(RATE)
    mixer.track("a", np.full((2, RATE), 1.5, np.float32))
    report = render_mix(mixer, tmp_path / "out", OutputSettings(report=False, tail=0.0))
    assert any("mix.wav: 96,000 samples were beyond full scale" in note for note in report.notes)


def test_the_lock_names_what_the_mix_was_made_of(tmp_path: Path) -> None:
    render_mix(_mixer(tmp_path), tmp_path / "out", FULL)
    lock = json.loads((tmp_path / "out" / LOCK_NAME).read_text())
    assert set(lock["inputs"]) == {"in0.wav", "in1.wav", "in2.wav"}
    assert {"neuralboard", "pedalboard", "numpy", "simd"} <= set(lock["made_with"])
    assert "writing" not in lock
    assert str(tmp_path) not in json.dumps(lock)


def test_a_full_disk_leaves_no_half_file(tmp_path: Path) -> None:
    """A limit on file sizes stands for the full disk: the error names the file and the cure."""
    _mixer(tmp_path)
    write(tmp_path / "in2.wav", noise(2, 20.0))
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20));"
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "from pathlib import Path; from tests.plugin_host.mixing import test_outputs as t;"
        f"t.render_mix(t._mixer(Path({str(tmp_path)!r})), {str(tmp_path / 'out')!r}, t.FULL)"
    )
    root = Path(__file__).resolve().parents[3]
    run = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert run.returncode == 1
    assert "can't write" in run.stderr
    assert "too large for this disk" in run.stderr
    assert _bytes(tmp_path / "out") == {}


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no kill -9 here")
def test_a_kill_between_files_is_mended_by_a_rerun(tmp_path: Path) -> None:
    """The process dies when the first file has its name; nothing asks for --force afterwards."""
    mixer, out = _mixer(tmp_path), tmp_path / "out"
    code = (
        "import os, signal; from pathlib import Path; from neuralboard.safe_file import SafeFile;"
        "from tests.plugin_host.mixing import test_outputs as t;"
        "commit = SafeFile.commit\n"
        "def dying(self):\n"
        "    commit(self)\n"
        "    if self.name.endswith('.wav'): os.kill(os.getpid(), signal.SIGKILL)\n"
        "SafeFile.commit = dying\n"
        f"t.render_mix(t._mixer(Path({str(tmp_path)!r})), {str(out)!r}, t.FULL, threads=1)"
    )
    root = Path(__file__).resolve().parents[3]
    run = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True)
    assert run.returncode == -signal.SIGKILL
    named = [p for p in out.rglob("*.wav") if not p.name.startswith(".")]
    assert named, "the kill came too early to tell anything"
    render_mix(mixer, out, FULL)
    render_mix(mixer, tmp_path / "fresh", FULL)
    whole = {n: b for n, b in _bytes(out).items() if not Path(n).name.startswith(".")}
    assert whole == _bytes(tmp_path / "fresh")
