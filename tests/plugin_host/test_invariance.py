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
RATES = (8_000, 16_000, 44_100, 48_000, 96_000)
NATIVES = [n for n in registry.names() if registry.origin(n) == "pedalboard"]
WHOLE = ("pitch_shift", "gsm_full_rate_compressor")
MP3_RATES = RATES[:4]  # LAME knows none beyond 48 kHz
STREAMABLE = [n for n in NATIVES if n not in WHOLE]


def rates_of(name: str) -> tuple[int, ...]:
    """Return the rates that an effect accepts."""
    return MP3_RATES if name == "mp3_compressor" else RATES


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


def streamed(
    board: nb.Processor, audio: np.ndarray, sizes: tuple[int, ...], rate: int = RATE
) -> np.ndarray:
    """Push audio through a stream in blocks and drop the latency."""
    parts, start, number = [], 0, 0
    with board.stream(rate, audio.shape[0]) as stream:
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
    for rate in rates_of(name):
        audio = testing.signal_of(rate, 2, 0.5, seed=5)
        ours = nb.Board([make(name)])(audio, rate)
        theirs = make(name).process(audio, rate)
        exact = natives.recipe(make(name)) in ("direct", "whole")
        # Direct ones differ in denormals alone, which ours flush to zero.
        limit = 1e-30 if exact else 3e-7
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=limit, err_msg=f"{rate} Hz")


def withheld(native: Any, rate: int, buffer_size: int) -> int:
    """Feed silence to one of pedalboard's effects, its way, and count what it still owes."""
    silence = np.zeros((2, buffer_size), np.float32)
    fed = got = owed = 0
    while fed < 4 * rate:
        got += native.process(silence, rate, buffer_size, reset=False).shape[1]
        fed += buffer_size
        owed = max(owed, fed - got)
    return owed


@pytest.mark.parametrize("name", STREAMABLE)
def test_a_natives_latency_is_what_it_withholds_of_silence(name: str) -> None:
    for rate in rates_of(name):
        recipe, want = natives.recipe(make(name)), 0
        if recipe == "direct":
            want = withheld(make(name), rate, 8192)
        elif recipe == "chunk":
            want = 511 + withheld(make(name), rate, 512)
        assert nb.Board([make(name)]).latency(rate) == want, f"{rate} Hz"


OURS = [n for n in registry.names() if registry.origin(n) == "neuralboard" and n != "box"]
DSP = [n for n in OURS if ".classic." in registry.find(n).__module__]


def our_box(name: str) -> Any:
    """Return one of our boxes; of several outputs, the first."""
    cls: Any = registry.find(name)
    stems = getattr(cls, "stems", ())
    return cls(stem=stems[0]) if stems else cls()


def random_board(rng: np.random.Generator, depth: int = 0) -> nb.Board:
    """Return a nested board of natives, own boxes and mixes that can stream."""
    items: list[Any] = []
    for _ in range(int(rng.integers(1, 4))):
        kind = rng.integers(0, 10)
        if kind < 6 or depth == 2:
            items.append(make(str(rng.choice(STREAMABLE))))
        elif kind == 6:
            items.append(our_box(str(rng.choice(DSP))))
        elif kind == 7:
            items.append(None)
        elif kind == 8:
            branches = [random_board(rng, depth + 1) for _ in range(int(rng.integers(1, 3)))]
            gains = [float(rng.uniform(-12, 0)) for _ in range(len(branches) + 1)]
            items.append(nb.Mix([nb.Board([]), *branches], gains))
        else:
            items.append(nb.Box(random_board(rng, depth + 1), mix=0.4))
    return nb.Board(items)


@pytest.mark.parametrize("seed", range(50))
def test_a_random_board_streams_as_one_shot(seed: int) -> None:
    rng = np.random.default_rng(seed)
    board = random_board(rng)
    rates = MP3_RATES if "MP3Compressor" in repr(board) else RATES
    rate = rates[seed % len(rates)]
    what = f"seed {seed}, {rate} Hz: {board!r}"
    audio = testing.signal_of(rate, 2, 0.4, seed=seed)
    want = board(audio, rate)
    sizes = tuple(int(n) for n in rng.integers(0, 2500, 30))
    for schedule in (testing.SCHEDULE, sizes, (10**6,)):
        got = streamed(board, audio, schedule, rate)
        np.testing.assert_array_equal(got, want, err_msg=f"{what} in blocks of {schedule}")
    voice = board.open(rate, 2)
    assert voice.latency == sum(voice.causes.values()) == board.latency(rate), what
    voice.close()
    for dry in (nb.Box(board, mix=0.0), nb.Box(board, bypass=True)):
        assert dry.latency(rate) == board.latency(rate)
        np.testing.assert_array_equal(streamed(dry, audio, sizes, rate), audio, err_msg=what)


def test_random_boards_are_of_every_kind() -> None:
    """What the seeds make holds nested boards, mixes, boxes in boxes, and most natives."""
    text = " ".join(random_board(np.random.default_rng(seed)).to_json() for seed in range(50))
    for word in ('"mix": [', '"box": "box"', "null", *(n for n in DSP)):
        assert word in text, word
    classes = {registry.find(name).__name__ for name in STREAMABLE}
    assert {name for name in classes if f'"native": "{name}"' in text} == classes


def test_a_rate_that_an_effect_refuses_is_refused_when_the_stream_opens() -> None:
    board = nb.Board([make("gain"), make("mp3_compressor")])
    with pytest.raises(nb.AudioError, match=r"MP3Compressor refuses .* 96000 Hz") as caught:
        board.stream(96_000, 2)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", WHOLE)
def test_what_cannot_stream_says_so(name: str) -> None:
    for item in (make(name), nb.Mix([None, make(name)]), nb.Box(nb.Board([make(name)]), mix=0.5)):
        board = nb.Board([make("gain"), item])
        with pytest.raises(nb.StreamingNotSupported, match="needs the whole recording") as caught:
            board.stream(RATE, 2)
        assert type(make(name)).__name__ in str(caught.value)
        with pytest.raises(nb.StreamingNotSupported):
            board(np.zeros((2, 100), np.float32), RATE, reset=False)
        assert board(np.zeros((2, 100), np.float32), RATE).shape == (2, 100)


THREADS = 10
GROUPS = (
    ("compressor", "reverb", "chorus", "highpass_filter", "gain"),
    ("noise_gate", "peak_filter", "delay", "phaser", "limiter", "brickwall_limiter"),
    ("ladder_filter", "bitcrush", "distortion", "clipping", "invert", "convolution"),
    ("lowpass_filter", "high_shelf_filter", "low_shelf_filter", "resample", "mp3_compressor"),
    WHOLE,
)


@pytest.mark.parametrize("names", GROUPS, ids=lambda names: names[0])
def test_the_same_natives_on_ten_boards_in_ten_threads(names: tuple[str, ...]) -> None:
    shared = [make(name) for name in names]
    audio = testing.signal_of(RATE, 2, 0.5, seed=2)
    want = nb.Board(shared)(audio, RATE)
    results: list[np.ndarray] = []
    together = threading.Barrier(THREADS)

    def run(number: int) -> None:
        board = nb.Board(shared)
        together.wait()
        if number % 2 and board.streamable:
            results.append(streamed(board, audio, (100 + 37 * number,)))
        else:
            results.append(board(audio, RATE))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == THREADS
    for got in results:
        np.testing.assert_array_equal(got, want)


def test_the_groups_hold_every_native() -> None:
    assert sorted(name for names in GROUPS for name in names) == sorted(NATIVES)


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


def test_an_audio_stream_that_did_not_open_can_be_shown() -> None:
    """A traceback with arguments asks for it; pedalboard's own text of it crashed Python."""
    stream = nb.io.AudioStream.__new__(nb.io.AudioStream)
    assert repr(stream) == "<AudioStream, not opened>"


def test_pedalboards_names_are_ours_too() -> None:
    assert nb.Compressor is pb.Compressor
    assert nb.Pedalboard is nb.Board
