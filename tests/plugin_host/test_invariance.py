# SPDX-License-Identifier: GPL-3.0-or-later
"""Promise: one-shot equals any schedule of blocks, bit for bit, for every native and any board."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pedalboard as pb
import pytest

import neuralboard as nb
from neuralboard import natives, registry, testing

RATE = 44_100
RESPONSE = (np.random.default_rng(7).standard_normal(1200) * np.exp(-np.arange(1200) / 200)).astype(
    np.float32
)
NATIVES = [n for n in registry.names() if registry.origin(n) == "pedalboard"]


def make(name: str) -> Any:
    """Return one of pedalboard's effects with settings that are heard."""
    settings: dict[str, dict[str, Any]] = {
        "compressor": {"threshold_db": -30, "ratio": 4},
        "noise_gate": {"threshold_db": -30},
        "gain": {"gain_db": -3.0},
        "peak_filter": {"gain_db": 6.0},
        "high_shelf_filter": {"gain_db": 6.0},
        "low_shelf_filter": {"gain_db": -6.0},
        "delay": {"delay_seconds": 0.05, "feedback": 0.4},
        "brickwall_limiter": {"ceiling_db": -12.0},
        "ladder_filter": {"cutoff_hz": 900, "resonance": 0.4},
        "highpass_filter": {"cutoff_frequency_hz": 200},
    }
    cls: Any = registry.find(name)
    if name == "convolution":
        return cls(RESPONSE, 0.7, RATE)
    return cls(**settings.get(name, {}))


def streamed(board: nb.Processor, audio: np.ndarray, sizes: tuple[int, ...]) -> np.ndarray:
    """Push audio through a stream in blocks and drop the latency."""
    parts, start, number = [], 0, 0
    with board.stream(RATE, audio.shape[0]) as stream:
        while start < audio.shape[1]:
            size = sizes[number % len(sizes)]
            parts.append(stream.process(audio[:, start : start + size]))
            start, number = start + size, number + 1
        parts.append(stream.flush())
        latency = stream.latency
    return np.concatenate(parts, axis=1)[:, latency:]


@pytest.mark.parametrize("name", NATIVES)
def test_a_native_keeps_the_contract(name: str) -> None:
    testing.check_box(make(name))


@pytest.mark.parametrize("name", NATIVES)
def test_a_native_on_our_board_sounds_as_on_theirs(name: str) -> None:
    audio = testing.signal_of(RATE, 2, 1.0, seed=5)
    ours = nb.Board([make(name)])(audio, RATE)
    theirs = make(name).process(audio, RATE)
    exact = natives.recipe(make(name)) in ("direct", "whole")
    # Direct ones differ in denormals alone, which ours flush to zero.
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-30 if exact else 3e-7)


def random_board(rng: np.random.Generator, depth: int = 0) -> nb.Board:
    """Return a nested board of natives, own boxes and mixes that can stream."""
    items: list[Any] = []
    names = [n for n in NATIVES if n not in ("pitch_shift", "gsm_full_rate_compressor")]
    for _ in range(int(rng.integers(1, 4))):
        kind = rng.integers(0, 10)
        if kind < 6 or depth == 2:
            items.append(make(str(rng.choice(names))))
        elif kind == 6:
            items.append(nb.SpectralSubtraction(strength=float(rng.uniform())))
        elif kind == 7:
            items.append(None)
        elif kind == 8:
            branches = [random_board(rng, depth + 1) for _ in range(int(rng.integers(1, 3)))]
            items.append(nb.Mix([nb.Board([]), *branches]))
        else:
            items.append(nb.Box(random_board(rng, depth + 1), mix=0.4))
    return nb.Board(items)


@pytest.mark.parametrize("seed", range(50))
def test_a_random_board_streams_as_one_shot(seed: int) -> None:
    rng = np.random.default_rng(seed)
    board = random_board(rng)
    audio = testing.signal_of(RATE, 2, 0.4, seed=seed)
    want = board(audio, RATE)
    sizes = tuple(int(n) for n in rng.integers(0, 2500, 30))
    np.testing.assert_array_equal(streamed(board, audio, testing.SCHEDULE), want)
    np.testing.assert_array_equal(streamed(board, audio, sizes), want)


@pytest.mark.parametrize("name", ["pitch_shift", "gsm_full_rate_compressor"])
def test_what_cannot_stream_says_so(name: str) -> None:
    board = nb.Board([make("gain"), make(name)])
    with pytest.raises(nb.StreamingNotSupported, match="needs the whole recording"):
        board.stream(RATE, 2)


def test_the_same_natives_on_ten_boards_in_ten_threads() -> None:
    shared = [make("compressor"), make("reverb"), make("chorus")]
    audio = testing.signal_of(RATE, 2, 0.5, seed=2)
    want = nb.Board(shared)(audio, RATE)
    results: list[np.ndarray] = []
    threads = [
        threading.Thread(target=lambda: results.append(nb.Board(shared)(audio, RATE)))
        for _ in range(10)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 10
    for got in results:
        np.testing.assert_array_equal(got, want)


def test_a_changed_property_ramps_alike_under_any_schedule() -> None:
    audio = testing.signal_of(RATE, 2, 0.5, seed=4)
    outs = []
    for sizes in ((500,), (499, 1), (7, 493)):
        filters: list[Any] = [pb.HighpassFilter(100), pb.Gain(0.0), pb.Compressor(-10, 2)]
        parts = []
        with nb.Board(filters).stream(RATE, 2) as stream:
            for start in range(0, 20_000, 500):
                if start == 5000:
                    filters[0].cutoff_frequency_hz = 2000
                    filters[1].gain_db = -12
                    filters[2].threshold_db = -40
                at = start
                for size in sizes:
                    parts.append(stream.process(audio[:, at : at + size]))
                    at += size
        outs.append(np.concatenate(parts, axis=1))
    np.testing.assert_array_equal(outs[0], outs[1])
    np.testing.assert_array_equal(outs[0], outs[2])


def test_audio_stream_names_the_cure_for_our_boxes() -> None:
    with pytest.raises(nb.BoxError, match=r"board\.stream"):
        nb.io.AudioStream(plugins=[nb.SpectralSubtraction()])


def test_pedalboards_names_are_ours_too() -> None:
    assert nb.Compressor is pb.Compressor
    assert nb.Pedalboard is nb.Board
