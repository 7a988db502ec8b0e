# SPDX-License-Identifier: GPL-3.0-or-later
"""Promise: streamed models are exact in time, alike under any schedule, and never poisoned."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import neuralboard as nb
from neuralboard.effects.neural.model_stream import ModelStream
from neuralboard.errors import BrokenSamplesWarning
from tests.effects.neural import toy_models
from tests.effects.neural.conftest import Models

Audio = NDArray[np.float32]
Changes = dict[int, dict[str, Any]]  # sample → parameters that change there
RATE, HOP, N_FFT = toy_models.RATE, toy_models.HOP, toy_models.N_FFT
SCHEDULES = ((1,), (7, 479, 0, 480, 481, 1024), (128,), (480,), (8192, 64), (10**6,))
TOLERANCE = 2e-6


def noise(rng: np.random.Generator, channels: int, num_samples: int, level: float = 0.5) -> Audio:
    return rng.uniform(-level, level, (channels, num_samples)).astype(np.float32)


def streamed(
    box: Any, audio: Audio, rate: int, sizes: tuple[int, ...], changes: Changes | None = None
) -> Audio:
    """Stream in blocks of these sizes, cut also at the samples where parameters change."""
    changes = changes or {}
    parts, start, number = [], 0, 0
    with box.stream(rate, audio.shape[0]) as stream:
        while start < audio.shape[1]:
            for name, value in changes.get(start, {}).items():
                setattr(box, name, value)
            later = [at for at in changes if at > start]
            stop = min([start + sizes[number % len(sizes)], audio.shape[1], *later])
            parts.append(stream.process(audio[:, start:stop]))
            start, number = stop, number + 1
        parts.append(stream.flush())
        return np.concatenate(parts, axis=-1)[..., stream.latency :]


# ------------------------------------------------------------------------------------- latency
@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("lookahead", [0, 1, 2])
def test_the_declared_latency_is_the_measured_one(
    models: Models, rate: int, lookahead: int
) -> None:
    box = nb.NeuralEffect(models("identity", lookahead=lookahead))
    at, num_samples = 1234, 12_000
    impulse = np.zeros((1, num_samples), np.float32)
    impulse[0, at] = 1.0
    with box.stream(rate, 1) as stream:
        latency = stream.latency
        out = stream.process(impulse)[0]
    assert latency == box.latency(rate)
    # A symmetric response whose middle is exactly where it is declared to be.
    peak = at + latency
    assert int(np.argmax(np.abs(out))) == peak
    reach = 150
    around = out[peak - reach : peak + reach + 1]
    np.testing.assert_allclose(around, around[::-1], atol=3e-4)
    if rate == RATE:
        assert latency == N_FFT - 1 + lookahead * HOP
        np.testing.assert_allclose(out[peak], 1.0, atol=1e-6)


@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000])
@pytest.mark.parametrize(("block", "latency"), [(1, 5), (10, 37), (64, 1)])
def test_a_waveform_models_latency_too(models: Models, rate: int, block: int, latency: int) -> None:
    box = nb.NeuralEffect(models("delay", block=block, latency=latency))
    impulse = np.zeros((1, 3000), np.float32)
    impulse[0, 700] = 1.0
    with box.stream(rate, 1) as stream:
        out = stream.process(impulse)[0]
        assert int(np.argmax(np.abs(out))) == 700 + stream.latency
        assert rate != RATE or stream.latency == block - 1 + latency


def test_the_named_causes_add_up(models: Models) -> None:
    box = nb.NeuralEffect(models("identity", lookahead=2))
    for rate in (16_000, 44_100, 48_000):
        voice = box.open(rate, 2)
        assert sum(voice.causes.values()) == voice.latency
    assert box.open(RATE, 1).causes == {"frame": N_FFT - 1, "look-ahead": 2 * HOP}


@pytest.mark.parametrize("lookahead", [1, 2])
def test_a_mask_meets_the_frame_that_it_was_made_for(
    models: Models, rng: np.random.Generator, lookahead: int
) -> None:
    """The gate's look-ahead twins differ in time only: once aligned, they give the same."""
    audio = noise(rng, 2, 24_000)
    audio[:, 7000:9000] *= 1e-3
    audio[:, 15_000:15_300] *= 1e-3
    want = nb.NeuralEffect(models("gate", lookahead=0))(audio, RATE)
    assert np.max(np.abs(want - audio)) > 1e-4  # the gate does something
    late = nb.NeuralEffect(models("gate", lookahead=lookahead))
    np.testing.assert_allclose(late(audio, RATE), want, atol=TOLERANCE)
    for sizes in SCHEDULES:
        np.testing.assert_allclose(streamed(late, audio, RATE, sizes), want, atol=TOLERANCE)


@pytest.mark.parametrize("sizes", SCHEDULES)
def test_frames_before_the_first_are_dropped(models: Models, sizes: tuple[int, ...]) -> None:
    """Look-ahead frames come out before they belong to anything; a model may fill them."""
    lookahead = 2
    box = nb.NeuralEffect(models("constant", lookahead=lookahead))
    out = np.zeros(0, np.float32)
    with box.stream(RATE, 1) as stream:
        for size in cycle(min(size, 4000) for size in sizes):
            out = np.append(out, stream.process(np.zeros((1, size), np.float32)))
            if out.size > 3000:
                break
    first = (lookahead + 1) * HOP - 1
    assert np.max(np.abs(out[:first])) == 0.0
    assert np.any(out[first : first + HOP] != 0.0)


# ------------------------------------------------------------------------------------- schedules
@pytest.mark.parametrize("rate", [RATE, 44_100])
@pytest.mark.parametrize(
    ("kind", "first", "second"),
    [
        ("recurrent", {"drive": 1.0}, {"bias": -2.0, "drive": 0.1}),
        ("amp", {"drive": 4.0}, {"drive": 0.2, "mix": 0.5}),
    ],
)
def test_parameter_changes_are_alike_under_any_schedule(
    models: Models, rng: np.random.Generator, rate: int, kind: str, first: Any, second: Any
) -> None:
    audio = noise(rng, 2, 12_000)
    # The second comes while the first still ramps.
    changes = {3000: first, 3500: second, 9000: {"bypass": True}}
    want = streamed(nb.NeuralEffect(models(kind)), audio, rate, (10**6,), changes)
    still = streamed(nb.NeuralEffect(models(kind)), audio, rate, (10**6,))
    assert np.max(np.abs(want - still)) > 1e-2
    for sizes in SCHEDULES:
        got = streamed(nb.NeuralEffect(models(kind)), audio, rate, sizes, changes)
        np.testing.assert_allclose(got, want, atol=TOLERANCE)


def test_a_run_takes_128_frames_at_most(
    models: Models, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    audio = noise(rng, 1, 300 * HOP)
    box = nb.NeuralEffect(models("recurrent"))
    want = streamed(box, audio, RATE, (HOP,))
    sizes: list[int] = []
    run = ModelStream.run

    def spied(self: ModelStream, main: Audio, parameters: Any, frames: int) -> Audio:
        sizes.append(frames)
        assert main.shape[1] == frames
        return run(self, main, parameters, frames)

    monkeypatch.setattr(ModelStream, "run", spied)
    got = streamed(box, audio, RATE, (10**6,))
    np.testing.assert_allclose(got, want, atol=TOLERANCE)
    assert sizes[:3] == [128, 128, 44]


# ------------------------------------------------------------------------------------- channels
@pytest.mark.parametrize("kind", ["recurrent", "amp", "echo"])
def test_channels_do_not_hear_each_other(
    models: Models, rng: np.random.Generator, kind: str
) -> None:
    box = nb.NeuralEffect(models(kind))
    audio = noise(rng, 3, 10_000)
    together = box(audio, RATE)
    for channel in range(3):
        alone = box(audio[channel : channel + 1], RATE)[0]
        np.testing.assert_allclose(together[channel], alone, atol=TOLERANCE)


def test_a_linked_mask_comes_from_the_mean_and_goes_to_all(
    models: Models, rng: np.random.Generator
) -> None:
    audio = noise(rng, 2, 10_000)
    linked = nb.NeuralEffect(models("recurrent", linked=True))
    out = linked(audio, RATE)
    mean = audio.mean(axis=0, keepdims=True)
    # One mask for all: what it does is linear, so it does to the mean what it does to each.
    np.testing.assert_allclose(out.mean(axis=0), linked(mean, RATE)[0], atol=TOLERANCE)
    apart = nb.NeuralEffect(models("recurrent"))(audio, RATE)
    assert np.max(np.abs(out - apart)) > 1e-3
    swapped = linked(np.ascontiguousarray(audio[::-1]), RATE)
    np.testing.assert_allclose(swapped[::-1], out, atol=TOLERANCE)


def test_a_linked_waveform_goes_to_all(models: Models, rng: np.random.Generator) -> None:
    audio = noise(rng, 2, 5000)
    out = nb.NeuralEffect(models("amp", linked=True))(audio, RATE)
    np.testing.assert_array_equal(out[0], out[1])
    alone = nb.NeuralEffect(models("amp"))(audio.mean(axis=0, keepdims=True), RATE)
    np.testing.assert_allclose(out[:1], alone, atol=TOLERANCE)


# ------------------------------------------------------------------------------------- stems
@pytest.mark.parametrize("rate", [RATE, 44_100])
def test_stems_add_up_and_one_can_be_picked(
    models: Models, rng: np.random.Generator, rate: int
) -> None:
    audio = noise(rng, 2, 9000)
    box = nb.NeuralEffect(models("split"))
    out = box(audio, rate)
    assert out.shape == (2, *audio.shape)
    whole = nb.NeuralEffect(models("identity"))(audio, rate)
    np.testing.assert_allclose(out.sum(axis=0), whole, atol=TOLERANCE)
    for number, stem in enumerate(("low", "high")):
        one = nb.NeuralEffect(models("split"), stem=stem)
        np.testing.assert_allclose(one(audio, rate), out[number], atol=TOLERANCE)
        for sizes in SCHEDULES:
            np.testing.assert_allclose(
                streamed(one, audio, rate, sizes), out[number], atol=TOLERANCE
            )
    with pytest.raises(nb.BoxError, match="pick one"):
        nb.Board([box])(audio, rate)


# ------------------------------------------------------------------------------------- guards
def test_broken_numbers_cost_their_frames_only(models: Models, rng: np.random.Generator) -> None:
    """The model gives NaN for loud frames and would keep it in its state for ever."""
    audio = noise(rng, 2, 30_000, level=1e-3)
    audio[0, 12_000] = 1.0  # loud in one channel only
    want = nb.NeuralEffect(models("identity"))(audio, RATE)
    outs = []
    for sizes in SCHEDULES:
        box = nb.NeuralEffect(models("poisonous"))
        with pytest.warns(BrokenSamplesWarning, match="the model toy gave broken numbers"):
            outs.append(streamed(box, audio, RATE, sizes))
    for out in outs:
        np.testing.assert_allclose(out, outs[0], atol=TOLERANCE)
        np.testing.assert_allclose(out[1], want[1], atol=TOLERANCE)
        lost = np.flatnonzero(np.abs(out[0] - want[0]) > TOLERANCE)
        assert lost[0] >= 12_000 - N_FFT
        assert lost[-1] <= 12_000 + N_FFT
        assert abs(out[0, 12_000]) < 1e-2


def test_four_threads_share_one_session(models: Models, rng: np.random.Generator) -> None:
    box = nb.NeuralEffect(models("recurrent"))
    takes = [noise(rng, 1 + number % 2, 20_000) for number in range(4)]
    sizes = ((480,), (333,), (64, 1024), (5000,))
    serial = [streamed(box, take, RATE, size) for take, size in zip(takes, sizes, strict=True)]
    with ThreadPoolExecutor(4) as pool:
        at_once = list(pool.map(lambda n: streamed(box, takes[n], RATE, sizes[n]), range(4)))
    for alone, together in zip(serial, at_once, strict=True):
        np.testing.assert_array_equal(together, alone)


def test_one_session_serves_all_boxes_of_a_file(models: Models) -> None:
    first, second = (nb.NeuralEffect(models("recurrent")) for _ in range(2))
    assert first._model().graph is second._model().graph
