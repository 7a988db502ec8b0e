# SPDX-License-Identifier: GPL-3.0-or-later
"""Into a model's rate and back: the promised latency, flat to 0.45, silent from 0.55."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from neuralboard.cpp_ext import reference

PAIRS = [
    (44100, 48000),
    (48000, 44100),
    (48000, 16000),
    (16000, 48000),
    (8000, 48000),
    (96000, 44100),
    (192000, 8000),
    (8000, 192000),
    (11025, 48000),
    (1280, 1279),
]


def band_limited(rng: np.random.Generator, n: Any, rate: Any, top: Any) -> Any:
    """Noise without anything above `top` Hz, [2, n]."""
    spectrum = np.fft.rfft(rng.standard_normal((2, n)))
    spectrum[:, np.fft.rfftfreq(n, 1 / rate) > top] = 0
    audio = np.fft.irfft(spectrum, n)
    return (audio / np.abs(audio).max()).astype(np.float32)


def through(pair: Any, impl: ModuleType, audio: Any, model_latency: int, schedule: Any) -> Any:
    """Down, a model that only delays, up."""
    model = impl.DelayLine(audio.shape[0], model_latency)
    pair.reset()
    lows, outs, begin = [], [], 0
    for n in schedule:
        block = np.ascontiguousarray(audio[:, begin : begin + n])
        begin += n
        assert pair.down_ready(n) == pair.up_takes(n)
        low = pair.down(block)
        lows.append(low)
        outs.append(pair.up(model.push(low), n))
    return np.concatenate(lows, axis=1), np.concatenate(outs, axis=1)


@pytest.mark.parametrize("model_latency", [0, 7, 480])
@pytest.mark.parametrize(("host", "model"), PAIRS)
def test_latency_is_exact(
    native: ModuleType, rng: np.random.Generator, host: int, model: int, model_latency: int
) -> None:
    """Below 0.45 of the lower rate the way there and back is a delay, to -90 dB."""
    oversampled = -(-host // min(host, model))
    n = 4000 + 800 * oversampled
    audio = band_limited(rng, n, host, 0.45 * min(host, model))
    pair = native.RatePair(host, model, 2, model_latency)
    _, out = through(pair, native, audio, model_latency, [n])
    late = pair.latency
    assert isinstance(late, int)
    error = out[:, late:] - audio[:, : n - late]
    middle = slice(40 * oversampled, -40 * oversampled)  # the cut at both ends is not band-limited
    ratio = np.sqrt(np.mean(error[:, middle] ** 2) / np.mean(audio**2))
    assert 20 * math.log10(ratio) < -90
    wrong = out[:, late + 1 :] - audio[:, : n - late - 1]
    assert np.sqrt(np.mean(wrong**2) / np.mean(audio**2)) > 0.01


@pytest.mark.parametrize(("host", "model"), PAIRS)
def test_latency_is_the_closed_formula(native: ModuleType, host: int, model: int) -> None:
    common = math.gcd(host, model)
    a, b = host // common, model // common
    base = native.RatePair(host, model, 1).latency
    for late in range(20):
        total = native.RatePair(host, model, 1, late).latency
        # K1 + K2 lies in ((base - 1) b, base b], so the exact delay does too, plus late * a.
        assert (base - 1) * b + late * a < total * b < (base + 1) * b + late * a


@pytest.mark.parametrize(("host", "model"), [*PAIRS, (48000, 48000)])
def test_any_schedule_gives_the_same_bits(
    impl: ModuleType, noise: Any, schedules: Any, host: int, model: int
) -> None:
    total = 300
    audio = noise(2, total)
    pair = impl.RatePair(host, model, 2, 3)
    low, out = through(pair, impl, audio, 3, [total])
    assert low.shape[1] == -(-total * model // host)
    for schedule in schedules(total, 40):
        again = through(pair, impl, audio, 3, schedule)
        np.testing.assert_array_equal(again[0], low)
        np.testing.assert_array_equal(again[1], out)


def test_long_blocks_and_many_short_ones(native: ModuleType, noise: Any) -> None:
    audio = noise(1, 50000)
    for host, model in PAIRS:
        pair = native.RatePair(host, model, 1)
        whole = through(pair, native, audio, 0, [50000])[1]
        parts = through(pair, native, audio, 0, [997] * 50 + [150])[1]
        np.testing.assert_array_equal(whole, parts)


@pytest.mark.parametrize(("host", "model"), PAIRS)
def test_twin_agrees(native: ModuleType, noise: Any, host: int, model: int) -> None:
    audio = noise(2, 2000)
    pairs = [m.RatePair(host, model, 2, 5) for m in (native, reference)]
    assert pairs[0].latency == pairs[1].latency
    results = [
        through(pair, reference, audio, 5, [700, 1, 1299]) for pair in pairs
    ]  # fmt: skip
    for ours, wanted in zip(*results, strict=True):
        np.testing.assert_allclose(ours, wanted, rtol=0, atol=2e-6)


def level_db(tone: Any) -> Any:
    """RMS level against a full-scale sine, leaving out what the filter rings at the ends."""
    steady = tone[..., tone.shape[-1] // 4 : -tone.shape[-1] // 4]
    return 20 * math.log10(math.sqrt(2 * float(np.mean(np.square(steady)))) + 1e-12)


@pytest.mark.parametrize(("host", "model"), PAIRS)
def test_pass_band_and_stop_band(native: ModuleType, host: int, model: int) -> None:
    """Sines: level kept up to 0.45 of the lower rate; gone from 0.55 of it on the way down."""
    lower = min(host, model)
    n = 1200 * host // lower
    time = np.arange(n) / host
    for share in (0.01, 0.1, 0.25, 0.4, 0.45):
        tone = np.sin(2 * np.pi * share * lower * time).astype(np.float32)[None]
        low, out = through(native.RatePair(host, model, 1), native, tone, 0, [n])
        assert abs(level_db(low)) < 0.05
        assert abs(level_db(out)) < 0.05
    for share in (0.55, 0.6, 0.75, 0.9, 1.0, 1.3, 2.1, 5.3, 11.7):
        if share * lower >= 0.5 * host or lower == host:
            break
        tone = np.sin(2 * np.pi * share * lower * time).astype(np.float32)[None]
        assert level_db(native.RatePair(host, model, 1).down(tone)) < -90, share


@pytest.mark.parametrize(("host", "model"), [(48000, 16000), (44100, 16000), (48000, 44100)])
def test_images_are_gone_on_the_way_up(native: ModuleType, host: int, model: int) -> None:
    """A model that answers with a sine: nothing but that sine comes out at the host's rate."""
    n = 24000
    pair = native.RatePair(host, model, 1)
    pair.down(np.zeros((1, n), np.float32))
    for share in (0.1, 0.3, 0.44):
        pair.reset()
        hertz = share * model
        tone = np.sin(2 * np.pi * hertz * np.arange(pair.up_takes(n)) / model)
        out = pair.up(tone.astype(np.float32)[None], n)[0]
        steady = out[4000:20000]
        t = np.arange(steady.size) / host
        basis = np.stack([np.sin(2 * np.pi * hertz * t), np.cos(2 * np.pi * hertz * t)], axis=1)
        left = steady - basis @ np.linalg.lstsq(basis, steady.astype(np.float64), rcond=None)[0]
        assert level_db(left) < -90


def test_equal_rates_pass_bits(impl: ModuleType, noise: Any) -> None:
    pair = impl.RatePair(48000, 48000, 2, 12)
    audio = noise(2, 100)
    assert pair.latency == 12
    low = pair.down(audio)
    np.testing.assert_array_equal(low, audio)
    assert low is not audio
    np.testing.assert_array_equal(pair.up(low, 100), audio)


def test_out_is_written_and_returned(impl: ModuleType, noise: Any) -> None:
    audio = noise(2, 441)
    pair, other = impl.RatePair(44100, 48000, 2), impl.RatePair(44100, 48000, 2)
    low = np.empty((2, 480), np.float32)
    assert pair.down(audio, out=low) is low
    np.testing.assert_array_equal(low, other.down(audio))
    out = np.empty((2, 441), np.float32)
    assert pair.up(low, 441, out=out) is out
    np.testing.assert_array_equal(out, other.up(low, 441))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((44100.5, 48000, 1), "host_rate must be a whole number of Hz, got 44100.5"),
        ((0, 48000, 1), "host_rate must be a positive number of Hz, got 0"),
        (("48k", 48000, 1), "host_rate must be a number of Hz, got '48k'"),
        ((44100, 47999, 1), "reduces to 6300:6857, beyond 1280"),
        ((44100, 48000, 0), "channels must lie between 1 and 4096, got 0"),
        ((44100, 48000, 1, -1), "model_latency must lie between 0 and"),
    ],
)
def test_bad_rates(impl: ModuleType, arguments: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        impl.RatePair(*arguments)


def test_wrong_number_of_model_samples(impl: ModuleType) -> None:
    pair = impl.RatePair(48000, 16000, 1)
    with pytest.raises(ValueError, match=r"for 48 host samples must have the shape \[1, 16\]"):
        pair.up(np.zeros((1, 15), np.float32), 48)
    assert pair.up_takes(48) == 16
