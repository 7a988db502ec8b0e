# SPDX-License-Identifier: GPL-3.0-or-later
"""Promise: same seed, same mixtures; the reference is the speech as the room gave it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile

from neuralboard.benchmarks.denoise_set import RATE, DenoiseSet, low_pass
from neuralboard.benchmarks.metrics import active_level_db, si_sdr
from neuralboard.benchmarks.pairs import FolderPairs
from neuralboard.benchmarks.sources import Sources, noise_class
from neuralboard.errors import AudioError
from tests.benchmarks.clips import Floats


def _write(path: Path, audio: Floats, rate: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, audio, rate)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two speakers of bursts, two noises, one room, at several rates."""
    rng = np.random.default_rng(7)
    root = tmp_path_factory.mktemp("data")
    for speaker, rate in (("ann", 48_000), ("bob", 16_000)):
        for number in range(3):
            length = int((0.6 + 0.4 * number) * rate)
            word = rng.standard_normal(length) * np.sin(np.linspace(0, np.pi, length)) * 0.2
            _write(root / f"speech/test/{speaker}_{number}.wav", word, rate)
    _write(root / "noise/test/dog.wav", 0.1 * rng.standard_normal(20_000), 22_050)
    _write(root / "noise/test/rain.wav", 0.1 * rng.standard_normal(12 * 48_000), 48_000)
    response = rng.standard_normal(9600) * np.exp(-np.arange(9600) / 1500) * 0.2
    response[300] = 2.0
    _write(root / "rir/test/hall.wav", response, 48_000)
    return root


def test_the_same_seed_gives_the_same_samples(folder: Path) -> None:
    first, again = (DenoiseSet(Sources.find(folder), count=4, seed=3) for _ in range(2))
    other = DenoiseSet(Sources.find(folder), count=4, seed=4)
    for index in (3, 0):  # in any order, each item by itself
        np.testing.assert_array_equal(first[index].noisy, again[index].noisy)
        np.testing.assert_array_equal(first[index].clean, again[index].clean)
        assert first[index].facts == again[index].facts
        assert first[index].digest() == again[index].digest() != other[index].digest()


def test_a_mixture_is_what_its_facts_say(folder: Path) -> None:
    items = DenoiseSet(Sources.find(folder), count=20, seed=1)
    for item in items:
        assert item.noisy.dtype == item.clean.dtype == np.float32
        assert 6.0 <= len(item.clean) / item.sample_rate <= 10.0
        assert np.max(np.abs(item.noisy)) <= 0.99
        noise = item.noisy.astype(np.float64) - item.clean
        level = active_level_db(item.clean, RATE)
        snr = level - 10 * np.log10(np.mean(noise**2))
        assert snr == pytest.approx(item.facts["snr_db"], abs=0.05)
        assert level <= item.facts["level_db"] + 0.05
    facts = [item.facts for item in items]
    assert set(Counter(f["snr_db"] for f in facts).values()) == {4}
    assert Counter(f["room"] for f in facts) == {"none": 10, "hall": 10}
    assert Counter(f["noise_type"] for f in facts) == {"animals": 10, "weather": 10}
    assert {f["speaker"] for f in facts} == {"ann", "bob"}


def test_the_room_is_in_the_reference_and_its_direct_sound_is_in_place(folder: Path) -> None:
    everything = Sources.find(folder)
    roomy, dry = (
        DenoiseSet(Sources(everything.speech, everything.noise, rooms), count=2, seed=5)
        for rooms in (everything.rooms, ())
    )
    assert roomy[0].facts["room"] == "hall"
    assert dry[0].facts["room"] == "none"
    noise_floor = si_sdr(roomy[0].clean, roomy[0].noisy)
    assert noise_floor == pytest.approx(roomy[0].facts["snr_db"], abs=3.0)


def test_low_pass_cuts_and_keeps(rng: np.random.Generator) -> None:
    spectrum = np.abs(np.fft.rfft(low_pass(rng.standard_normal(RATE), 8000.0)))
    assert spectrum[8400:].max() < 1e-9 * spectrum.max()
    assert spectrum[:7700].mean() == pytest.approx(np.sqrt(RATE * np.pi) / 2, rel=0.05)


def test_noises_are_classed_by_their_words() -> None:
    said = {"cosy cafe babble": "voices", "mikey the dog": "animals", "car_horn": "alarms"}
    said |= {"ventilation fan": "steady", "mouse click": "clicks", "qwertz": "other"}
    assert {text: noise_class(text) for text in said} == said


def test_bad_folders_are_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="no speech to mix"):
        Sources.find(tmp_path)
    with pytest.raises(AudioError, match="holds nothing"):
        DenoiseSet(Sources.find(folder), count=0)
    with pytest.raises(AudioError, match="looked for clean/NAME and noisy/NAME"):
        FolderPairs(tmp_path)


def test_pairs_of_a_folder_are_cut_to_one_length(tmp_path: Path) -> None:
    _write(tmp_path / "clean/a.wav", np.full(1000, 0.5), 16_000)
    _write(tmp_path / "noisy/a.flac", np.full(900, 0.6), 16_000)
    _write(tmp_path / "noisy/b.wav", np.zeros(10), 16_000)
    (item,) = FolderPairs(tmp_path)
    assert (item.name, len(item.clean), len(item.noisy), item.sample_rate) == (
        "a",
        900,
        900,
        16_000,
    )
    assert "cut" in item.facts["note"]
    assert item.facts["snr_db"] == pytest.approx(14.0, abs=0.1)  # 0.5 against 0.1
