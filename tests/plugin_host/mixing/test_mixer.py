# SPDX-License-Identifier: GPL-3.0-or-later
"""Mixes null: whatever latency is on which path, everything meets to the sample."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from pedalboard import PitchShift

import neuralboard as nb
from neuralboard.mixing.mixer import Mixer
from neuralboard.mixing.panning import panned
from tests.plugin_host.mixing.sounds import RATE, noise, peak_db, write

LATE = "brickwall_limiter(ceiling_db=0, lookahead_ms=5)"  # nothing but 240 samples for quiet sounds


class Ducker(nb.Effect):
    """Takes the key away from the sound: a key that is off by one sample leaves a rest."""

    sidechain = nb.Setting(None)
    uses_sidechain = True

    def process_block(self, block: Any, state: Any, p: Any, side: Any = None) -> Any:
        return block if side is None else block - side


class Late(nb.Effect):
    """A pure delay that says so."""

    samples = nb.Parameter(100, 0, 10_000)

    def latency_samples(self, sample_rate: int) -> int:
        return int(self.samples)

    def start(self, sample_rate: int, channels: int) -> Any:
        return [np.zeros((channels, int(self.samples)), np.float32)]

    def process_block(self, block: Any, state: Any, p: Any) -> Any:
        joined = np.concatenate([state[0], block], axis=1)
        state[0] = joined[:, block.shape[1] :]
        return joined[:, : block.shape[1]].copy()


def test_unity_chains_sum_to_their_inputs() -> None:
    mixer = Mixer(RATE, pan_law_db=0)
    sounds = [noise(n, 1.0 + 0.1 * n) for n in range(4)]
    for number, sound in enumerate(sounds):
        mixer.track(f"t{number}", sound)
    mono = noise(9, 0.5, 1)
    mixer.track("mono", mono, offset=0.25)
    mix, stems = mixer.render()
    wanted = np.zeros((2, round(1.3 * RATE)), np.float32)
    for sound in sounds:
        wanted[:, : sound.shape[1]] += sound
    wanted[:, RATE // 4 : RATE // 4 + mono.shape[1]] += mono
    assert mix.shape == wanted.shape
    assert peak_db(mix - wanted) < -120
    assert peak_db(sum(stems.values()) - wanted) < -120
    assert list(stems) == ["t0", "t1", "t2", "t3", "mono"]


def test_latent_tracks_dry_copies_sends_and_keys_meet_to_the_sample() -> None:
    """The same noise on seven ways with four latencies: each pair cancels."""
    sound = noise(1, 1.0)
    mixer = Mixer(RATE)
    mixer.track("dry", sound, sends={"fx": 0.0}, output="group")
    mixer.track("wet", sound, chain=nb.Board([Late(777)]), invert=True, output="group")
    mixer.bus("group", chain=nb.Board([Late(50)]))
    mixer.bus("fx", chain=nb.Board([Late(1234)]), invert=True)
    mixer.track("again", sound, chain=LATE)
    mixer.track("keyed", sound, chain=nb.Board([Late(31), Ducker(sidechain="again")]))
    mixer.master.chain = nb.Board([Late(10)])
    mix, stems = mixer.render(tail=0)
    assert peak_db(stems["group"]) < -120
    assert peak_db(stems["keyed"]) < -120
    assert peak_db(stems["fx"] + sound) < -120
    assert peak_db(stems["again"] - sound) < -120
    assert peak_db(mix) < -120
    assert peak_db(sound) > -21


def test_a_key_of_other_channels_fits() -> None:
    mono = noise(2, 0.2, 1)
    mixer = Mixer(RATE, pan_law_db=0)
    mixer.track("mono", mono)
    mixer.track("stereo", np.repeat(mono, 2, axis=0), chain=nb.Board([Ducker(sidechain="mono")]))
    mixer.track("wide", np.concatenate([mono, -0.5 * mono]))
    mixer.track("back", mono, chain=nb.Board([Ducker(sidechain="wide")]))
    _, stems = mixer.render(tail=0)
    assert peak_db(stems["stereo"]) < -120
    assert peak_db(stems["back"]) < -120  # the louder side is the key, whatever the other does


def test_sends_before_and_after_the_fader() -> None:
    sound = noise(3, 0.3)
    mixer = Mixer(RATE)
    mixer.track("a", sound, gain_db=-20.0, sends={"post": -6.0, "pre": {"db": -6.0, "pre": True}})
    mixer.bus("post")
    mixer.bus("pre")
    _, stems = mixer.render(tail=0)
    assert peak_db(stems["post"] - sound * 10 ** (-26 / 20)) < -120
    assert peak_db(stems["pre"] - sound * 10 ** (-6 / 20)) < -120


def test_mute_and_solo() -> None:
    def levels(**settings: dict[str, Any]) -> dict[str, float]:
        mixer = Mixer(RATE)
        mixer.track("a", noise(1, 0.1), output="g", sends={"fx": 0.0}, **settings.get("a", {}))
        mixer.track("b", noise(2, 0.1), sends={"fx": 0.0}, **settings.get("b", {}))
        mixer.bus("g", **settings.get("g", {}))
        mixer.bus("fx", **settings.get("fx", {}))
        _, stems = mixer.render(tail=0)
        return {name: peak_db(stem) for name, stem in stems.items()}

    def heard(**settings: dict[str, Any]) -> set[str]:
        return {name for name, level in levels(**settings).items() if level > -100}

    assert heard() == {"g", "b", "fx"}
    assert heard(a={"mute": True}) == {"b", "fx"}
    assert heard(a={"mute": True}, b={"mute": True}) == set()
    assert heard(b={"solo": True}) == {"b", "fx"}
    assert heard(g={"solo": True}) == {"g", "fx"}
    assert heard(fx={"solo": True}) == {"fx"}
    assert heard(g={"mute": True}, a={"solo": True}) == {"fx"}


def test_a_soloed_bus_hears_what_comes_to_it_by_way_of_others() -> None:
    mixer = Mixer(RATE)
    mixer.track("t", noise(1, 0.1), output="g")
    group = mixer.bus("g", sends={"plate": 0.0})
    plate = mixer.bus("plate", solo=True, output="fx")
    fx = mixer.bus("fx")
    _, stems = mixer.render(tail=0)
    assert peak_db(stems["fx"]) > -40
    assert not stems["g"].any()
    plate.solo, fx.solo = False, True
    _, stems = mixer.render(tail=0)
    assert peak_db(stems["fx"]) > -40
    assert not stems["g"].any()
    fx.solo, group.solo = False, True
    _, stems = mixer.render(tail=0)
    assert peak_db(stems["fx"]) > -40
    assert peak_db(stems["g"]) > -40


def test_pan_laws() -> None:
    one = np.ones((1, 4), np.float32)
    for law, level in ((-3.0, -3.01), (-4.5, -4.515), (-6.0, -6.02), (0.0, 0.0)):
        left, right = panned(one, 0.0, law)[:, 0]
        assert 20 * math.log10(left) == pytest.approx(level, abs=0.01)
        assert left == pytest.approx(right)
        assert panned(one, -1.0, law)[:, 0] == pytest.approx([1.0, 0.0], abs=1e-7)
        assert panned(one, 1.0, law)[:, 0] == pytest.approx([0.0, 1.0], abs=1e-7)
    for pan in np.linspace(-1, 1, 9):
        left, right = panned(one, pan, -3.0)[:, 0]
        assert left**2 + right**2 == pytest.approx(1.0, abs=1e-6)
    stereo = np.stack([one[0], 2 * one[0]])
    np.testing.assert_array_equal(panned(stereo, 0.0, -3.0), stereo)
    assert panned(stereo, 0.5, -3.0)[:, 0] == pytest.approx([math.cos(math.pi / 4), 2.0])


def test_automation_of_fader_and_pan_is_smooth_per_sample_and_on_time() -> None:
    mixer = Mixer(RATE)
    mixer.track(
        "a",
        np.full((1, RATE), 0.5, np.float32),
        chain=nb.Board([Late(500)]),
        gain_db=-6.0,
        automation={
            "gain_db": [[0, -math.inf], [0.5, 0], [0.75, 0, "hold"], [0.8, -20]],
            "pan": [[0, -1.0], [1.0, 1.0]],
        },
    )
    mix, _ = mixer.render(tail=0)
    level = np.sqrt((mix.astype(np.float64) ** 2).sum(axis=0))
    trim = 0.5 * 10 ** (-6 / 20)
    assert level[0] == 0.0
    for second, db in ((0.25, -60.0), (0.5, 0.0), (0.7, 0.0), (0.79, 0.0), (0.81, -20.0)):
        assert level[round(second * RATE)] == pytest.approx(trim * 10 ** (db / 20), rel=1e-4)
    assert mix[0, RATE // 2] == pytest.approx(mix[1, RATE // 2], rel=1e-3)
    assert mix[0, RATE // 4] > mix[1, RATE // 4]


def test_a_stream_and_threads_give_the_bits_of_render() -> None:
    mixer = Mixer(RATE)
    mixer.track("a", noise(1, 1.5), chain=f"compressor(ratio=3) | {LATE}", sends={"fx": -9})
    mixer.track("b", noise(2, 1.2, 1), chain="highpass_filter(90)", pan=0.3)
    mixer.bus("fx", chain="reverb(wet_level=0.5, dry_level=0)")
    mixer.master.chain = "compressor(threshold_db=-12)"
    whole = mixer.render(threads=1).mix
    np.testing.assert_array_equal(whole, mixer.render(threads=4).mix)
    for block in (777, 50_000):
        blocks = list(mixer.stream(block))
        assert all(b.shape[1] <= block for b in blocks)
        np.testing.assert_array_equal(whole, np.concatenate(blocks, axis=1))


def test_the_tail_ends_below_minus_80() -> None:
    mixer = Mixer(RATE)
    mixer.track("a", noise(1, 0.2), chain="delay(delay_seconds=0.4, feedback=0.5, mix=0.5)")
    auto = mixer.render().mix
    assert 2.0 < auto.shape[1] / RATE < 12.0
    assert 1e-4 < np.abs(auto[:, -1]).max() < 2e-4
    assert mixer.render(tail=0).mix.shape[1] == round(0.2 * RATE)
    fixed = mixer.render(tail=1.5).mix
    assert fixed.shape[1] == round(1.7 * RATE)
    np.testing.assert_array_equal(fixed, auto[:, : fixed.shape[1]])


def test_echoes_in_a_row_are_waited_for() -> None:
    click = np.zeros((1, 4800), np.float32)
    click[0, 100] = 1.0
    late = "delay(delay_seconds=1.6, mix=1, feedback=0)"
    mixer = Mixer(RATE, pan_law_db=0)
    mixer.track("t", click, chain=f"{late} | {late}", output="far")
    mixer.bus("far", chain=late)
    mix = mixer.render().mix
    assert mix.shape[1] == 101 + round(3 * 1.6 * RATE)


def test_where_the_tail_ends_does_not_depend_on_what_is_asked_for() -> None:
    """Two wet twins cancel in the mix: their stems ring on, and so does the stream."""
    mixer = Mixer(RATE)
    sound = noise(1, 0.3)
    for name, turned in (("a", False), ("b", True)):
        mixer.track(name, sound, chain="reverb(room_size=0.8)", invert=turned)
    whole = mixer.render()
    assert whole.mix.shape[1] > 1.0 * RATE
    assert peak_db(whole.mix) < -120
    assert sum(block.shape[1] for block in mixer.stream()) == whole.mix.shape[1]


def test_other_rates_are_converted_and_stay_in_place(tmp_path: Any) -> None:
    seconds = np.arange(44_100) / 44_100
    tone = (0.25 * np.sin(2 * np.pi * 1000 * seconds)).astype(np.float32)[np.newaxis]
    mixer = Mixer(RATE, pan_law_db=0)
    mixer.track("tone", write(tmp_path / "tone.wav", tone, 44_100))
    mix = mixer.render(tail=0).mix
    wanted = 0.25 * np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE)
    assert mix.shape[1] == RATE
    assert peak_db(mix[0, 2000:-2000] - wanted[2000:-2000]) < -100


def test_an_offset_below_zero_skips_the_beginning() -> None:
    sound = noise(4, 1.0)
    mixer = Mixer(RATE)
    mixer.track("a", sound, offset=-0.25)
    np.testing.assert_array_equal(mixer.render(tail=0).mix, sound[:, RATE // 4 :])


def test_a_mono_track_runs_in_mono_unless_it_is_widened() -> None:
    seen: list[int] = []

    class Watcher(nb.Effect):
        def process_block(self, block: Any, state: Any, p: Any) -> Any:
            seen.append(block.shape[0])
            return block

    for channels in (None, 2):
        mixer = Mixer(RATE)
        mixer.track("a", noise(1, 0.1, 1), chain=nb.Board([Watcher()]), channels=channels)
        mixer.render(tail=0)
    assert seen[0] == 1
    assert seen[-1] == 2


def test_a_box_that_needs_the_whole_recording_works_on_a_track_only() -> None:
    sound = noise(5, 0.5)
    mixer = Mixer(RATE)
    mixer.track("a", sound, chain=nb.Board([PitchShift(semitones=12)]))
    expected = nb.Board([PitchShift(semitones=12)])(sound, RATE)
    np.testing.assert_allclose(mixer.render(tail=0).mix, expected, atol=1e-6)
    mixer.master.chain = nb.Board([PitchShift(semitones=12)])
    assert "master: a box needs the whole recording" in mixer.problems()[0]


def test_circles_and_dead_ends_are_named() -> None:
    mixer = Mixer(RATE)
    mixer.track("a", noise(1, 0.1), output="x", sends={"plat": -3})
    mixer.bus("x", output="y")
    mixer.bus("y", output="x")
    mixer.bus("plate")
    mixer.track("k", noise(1, 0.1), chain=nb.Board([Ducker(sidechain="drms")]))
    found = "\n".join(mixer.problems())
    assert "track 'a': send to 'plat': there is no such bus (did you mean 'plate'?)" in found
    assert "track 'k': a box listens to 'drms'" in found
    mixer.strips["a"].sends = {}
    mixer.strips["k"].chain = None
    mixer.strips["k"].chain = nb.Board([])
    (circle,) = mixer.problems()
    assert "bus 'x': the sound goes in a circle: x → y → x" in circle or "y → x → y" in circle
    with pytest.raises(nb.NeuralboardError, match="circle"):
        mixer.render()


def test_what_fails_names_its_track() -> None:
    class Broken(nb.Effect):
        def process_block(self, block: Any, state: Any, p: Any) -> Any:
            raise RuntimeError("boom")

    mixer = Mixer(RATE)
    mixer.track("fine", noise(1, 0.5))
    mixer.track("bad", noise(1, 0.5), chain=nb.Board([Broken()]))
    for threads in (1, 3):
        with pytest.raises(nb.NeuralboardError, match=r"^track 'bad': RuntimeError: boom$"):
            mixer.render(threads=threads)
    lost = Mixer(RATE)
    lost.track("no", "nowhere.wav")
    with pytest.raises(nb.NeuralboardError, match=r"^track 'no': can't read .*no such file"):
        lost.render()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"gain_db": 99}, "Track.gain_db = 99: out of range"),
        ({"pan": 2}, "Track.pan = 2: out of range"),
        ({"gian_db": 1}, "no parameter 'gian_db' (= 1) (did you mean 'gain_db'?)"),
        ({"sends": {"x": "loud"}}, "'x' is no level"),
        ({"sends": {"x": {"db": 1, "pr": True}}}, "did you mean 'pre'?"),
        ({"channels": 3}, "a track is mono or stereo"),
        ({"chain": "compresor()"}, "did you mean 'compressor'?"),
        ({"chain": 3}, "neither chain text nor a board"),
    ],
)
def test_settings_are_checked_when_they_are_set(settings: Any, words: str) -> None:
    with pytest.raises(nb.NeuralboardError) as caught:
        Mixer(RATE).track("a", noise(1, 0.1), **settings)
    assert words in str(caught.value)


def test_names_are_unique_and_can_be_files() -> None:
    mixer = Mixer(RATE)
    mixer.track("a", noise(1, 0.1))
    for name in ("a", "A", "master", "mix", "Premaster", "x/y", "..", "", "bell\a"):
        with pytest.raises(nb.NeuralboardError):
            mixer.bus(name)


def test_real_stems_sum(stems: dict[str, Any]) -> None:
    mixer = Mixer(stems["drums"].sample_rate)
    for name, clip in stems.items():
        mixer.track(name, clip.audio)
    mix, parts = mixer.render(tail=0)
    total = np.zeros_like(mix)
    for clip in stems.values():
        total[:, : clip.audio.shape[1]] += clip.audio
    assert peak_db(mix - total) < -120
    assert peak_db(sum(parts.values()) - mix) < -120
    assert [a is not b for a, b in pairwise(parts.values())] == [True]
