# SPDX-License-Identifier: GPL-3.0-or-later
"""The meter's kernel: energies against scipy, peaks against a Fourier interpolation, any blocks."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest
import scipy.signal

from neuralboard.cpp_ext.loudness_design import interpolator, k_weighting

RATES = [8000, 11_025, 44_100, 48_000, 192_000]
# BS.1770-5, tables 1 and 2: the filters at 48 kHz.
STANDARD = [1.53512485958697, -2.69169618940638, 1.19839281085285]
STANDARD += [-1.69065929318241, 0.73248077421585, -1.99004745483398, 0.99007225036621]


def test_the_filters_at_48_khz_are_the_standards() -> None:
    np.testing.assert_allclose(k_weighting(48_000), STANDARD, rtol=0, atol=1e-8)


@pytest.mark.parametrize("rate", RATES)
def test_energies_are_those_of_the_filtered_signal(impl: ModuleType, noise: Any, rate: int) -> None:
    """Recomputed by scipy's filters; slots end before floor((k + 1) rate / 100)."""
    audio = noise(3, rate // 4 + 7)
    weights = [1.0, 1.41, 0.0]
    b0, b1, b2, a1, a2, c1, c2 = k_weighting(rate)
    y = scipy.signal.lfilter([b0, b1, b2], [1, a1, a2], audio.astype(np.float64))
    y = scipy.signal.lfilter([1, -2, 1], [1, c1, c2], y)
    ends = [k * rate // 100 for k in range(26)]
    squares = np.array(weights) @ np.square(y)
    expected = [squares[a:b].sum() for a, b in zip(ends, ends[1:], strict=False)]
    meter = impl.LoudnessMeter(rate, weights)
    got = meter.push(audio)
    np.testing.assert_allclose(got, expected, rtol=1e-10)
    np.testing.assert_allclose(
        meter.levels()[0], np.square(audio, dtype=np.float64).sum(axis=1), rtol=1e-12
    )


@pytest.mark.parametrize("oversampling", [4, 8, 16])
def test_true_peaks_against_the_fourier_transform(
    impl: ModuleType, rng: np.random.Generator, oversampling: int
) -> None:
    """Noise up to 0.44 of the rate, 64 values per sample: what the grid misses is the bound."""
    n = 4000
    spectrum = np.zeros((2, n // 2 + 1), np.complex128)
    top = round(0.44 * n)
    spectrum[:, 1:top] = rng.standard_normal((2, top - 1)) + 1j * rng.standard_normal((2, top - 1))
    audio = np.fft.irfft(spectrum, n, axis=1)
    audio /= np.abs(audio).max()
    fine = scipy.signal.resample(audio, 64 * n, axis=1)
    # Periodic as the transform sees it: the meter hears it three times.
    meter = impl.LoudnessMeter(48_000, [1.0, 1.0], oversampling)
    meter.push(np.tile(audio, 3).astype(np.float32))
    error = 20 * np.log10(meter.levels()[2] / np.abs(fine).max(axis=1))
    missed = -20 * np.log10(np.cos(np.pi * 0.44 / oversampling))
    # Above too: at the two ends the noise begins and ends at once, which is a sound of its own.
    assert (error > -missed - 0.01).all()
    assert (error < 0.2).all()


@pytest.mark.parametrize("oversampling", [4, 8, 16])
@pytest.mark.parametrize("share", [0.01, 0.1, 0.25, 0.3333, 0.45])
def test_true_peaks_of_sines_of_any_phase(
    impl: ModuleType, oversampling: int, share: float
) -> None:
    n = 1200
    phases = np.linspace(0, np.pi, 7)[:, np.newaxis]
    envelope = np.minimum(1, np.minimum(np.arange(n), np.arange(n)[::-1]) / 300)
    audio = envelope * np.sin(2 * np.pi * share * np.arange(n) + phases)
    meter = impl.LoudnessMeter(48_000, [1.0] * 7, oversampling)
    meter.push(audio.astype(np.float32))
    read = 20 * np.log10(meter.levels()[2])
    missed = -20 * np.log10(np.cos(np.pi * share / oversampling))
    assert (read > -missed - 0.02).all()
    assert (read < 0.02).all()


def test_samples_themselves_are_among_the_peaks(impl: ModuleType) -> None:
    audio = np.zeros((1, 300), np.float32)
    audio[0, 150] = -0.5
    meter = impl.LoudnessMeter(48_000, [1.0])
    meter.push(audio)
    assert meter.levels()[1:].tolist() == [[0.5], [0.5]]
    assert meter.levels()[0] == [0.25]


def test_a_peak_after_the_last_sample_is_found(impl: ModuleType) -> None:
    """What follows counts as silence; asking changes nothing."""
    audio = np.array([[0.0] * 40 + [1.0, 1.0]], np.float32)
    meter = impl.LoudnessMeter(48_000, [1.0])
    meter.push(audio)
    first = meter.levels()
    assert first[2, 0] > 1.2
    np.testing.assert_array_equal(meter.levels(), first)


@pytest.mark.parametrize("rate", [8000, 11_025])
@pytest.mark.parametrize("channels", [1, 2, 7])
def test_any_schedule_gives_the_same_bits(
    impl: ModuleType, noise: Any, schedules: Any, blocks: Any, rate: int, channels: int
) -> None:
    audio = noise(channels, 2700)
    audio[:, 1000:1700] = 0
    weights = [1.0 + 0.1 * c for c in range(channels)]
    meter = impl.LoudnessMeter(rate, weights)
    whole, levels = meter.push(audio), meter.levels()
    for schedule in schedules(2700, 110):
        meter.reset()
        parts = [meter.push(block) for block in blocks(audio, schedule)]
        np.testing.assert_array_equal(np.concatenate(parts), whole)
        np.testing.assert_array_equal(meter.levels(), levels)


@pytest.mark.parametrize("oversampling", [4, 8, 16])
def test_twins_agree(native: ModuleType, noise: Any, oversampling: int) -> None:
    from neuralboard.cpp_ext import reference

    audio = noise(5, 5000)
    pair = [
        module.LoudnessMeter(44_100, [1, 1, 1, 1.41, 1.41], oversampling)
        for module in (native, reference)
    ]
    ours, theirs = (meter.push(audio) for meter in pair)
    np.testing.assert_allclose(ours, theirs, rtol=1e-11)
    levels = [meter.levels() for meter in pair]
    np.testing.assert_allclose(levels[0][0], levels[1][0], rtol=1e-12)
    np.testing.assert_array_equal(levels[0][1:], levels[1][1:])  # peaks: the same bits


def test_the_bounds_hold(rng: np.random.Generator) -> None:
    """No 8 outputs exceed the sum of bounds times sizes: what is passed over can't be the peak."""
    even, odd, bounds = interpolator(16)
    taps = np.concatenate([even + odd, (even - odd)[:, ::-1]], axis=1)  # [phases, 48]
    for _ in range(50):
        x = np.zeros(56, np.float32)
        x[:55] = rng.standard_normal(55) * rng.random(55) ** 4
        sizes = np.abs(x).reshape(7, 8).max(axis=1)
        most = max(
            float(np.abs(phase @ x[i : i + 48]).max())
            for i in range(8)
            for phase in (taps, taps[:, ::-1])
        )
        assert most <= float(bounds @ sizes)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, [1.0]), "sample_rate must lie between 1000"),
        ((48_000, []), "weights must be one number per channel"),
        ((48_000, [1.0, np.nan]), "weights must be finite and at least 0"),
        ((48_000, [-1.0]), "weights must be finite and at least 0"),
        ((48_000, [1.0], 5), r"oversampling must be one of \(4, 8, 16\), got 5"),
    ],
)
def test_bad_arguments(impl: ModuleType, arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        impl.LoudnessMeter(*arguments)


def test_bad_blocks_change_nothing(impl: ModuleType, noise: Any) -> None:
    meter, other = (impl.LoudnessMeter(8000, [1.0, 1.0]) for _ in range(2))
    audio = noise(2, 200)
    meter.push(audio)
    other.push(audio)
    for bad in (audio[:1], audio.astype(np.float64), audio[:, ::2], audio[0]):
        with pytest.raises((TypeError, ValueError), match="block"):
            meter.push(bad)
    np.testing.assert_array_equal(meter.levels(), other.levels())
    np.testing.assert_array_equal(meter.push(audio), other.push(audio))
