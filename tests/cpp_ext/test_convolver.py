# SPDX-License-Identifier: GPL-3.0-or-later
"""The convolver convolves, without latency, and doesn't depend on blocks."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest

from neuralboard.cpp_ext import reference
from neuralboard.cpp_ext.convolver_plan import HEAD, SIZES, parts_of

# Around every border of the plan: the head, each level, each first part of a level.
LENGTHS = sorted(
    {1, 2, *(size * k + d for size in SIZES for k in (1, 2) for d in (-1, 0, 1)), 9999}
)


def response(channels: int, taps: int, seed: int = 3) -> Any:
    """Return noise that decays to a thousandth, of unit energy."""
    noise = np.random.default_rng(seed).standard_normal((channels, taps))
    noise *= 10 ** (-3 * np.arange(taps) / taps)
    return (noise / np.sqrt((noise**2).sum(axis=1, keepdims=True))).astype(np.float32)


def expected(audio: Any, taps: Any) -> Any:
    """Convolve in float64."""
    size = audio.shape[1] + taps.shape[1]
    spectra = np.fft.rfft(audio.astype(float), size) * np.fft.rfft(taps.astype(float), size)
    return np.fft.irfft(spectra, size)[:, : audio.shape[1]]


@pytest.mark.parametrize("taps", LENGTHS)
def test_it_convolves(impl: ModuleType, noise: Any, taps: int) -> None:
    h = response(2, taps)
    audio = noise(2, 20_000)
    want = expected(audio, h)
    got = impl.Convolver(h).process(audio)
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-6 * np.abs(want).max())


@pytest.mark.parametrize("taps", LENGTHS)
def test_an_impulse_gives_the_response_from_the_first_sample(impl: ModuleType, taps: int) -> None:
    h = response(1, taps)
    impulse = np.zeros((1, taps + 5), np.float32)
    impulse[0, 0] = 1.0
    got = impl.Convolver(h).process(impulse)
    np.testing.assert_allclose(got[:, :taps], h, rtol=0, atol=2e-7 * np.abs(h).max())
    np.testing.assert_allclose(got[:, taps:], 0, rtol=0, atol=2e-7 * np.abs(h).max())


def test_the_plan_covers_every_tap_once() -> None:
    for taps in [*LENGTHS, 48_000, 480_000]:
        covered = [(0, min(HEAD, taps))]
        covered += [(size, size * (count + 1)) for size, count in parts_of(taps)]
        assert all(a[1] == b[0] for a, b in zip(covered, covered[1:], strict=False)), taps
        assert taps <= covered[-1][1] < taps + max(SIZES), taps


@pytest.mark.parametrize("taps", [40, 64, 700, 9000])
def test_any_schedule_gives_the_same_bits(
    impl: ModuleType, noise: Any, schedules: Any, blocks: Any, taps: int
) -> None:
    audio = noise(2, 14_000)
    audio[:, 3000:9000] = 0
    h = response(2, taps)
    whole = impl.Convolver(h).process(audio)
    stream = impl.Convolver(h)
    for schedule in schedules(14_000, 512):
        if schedule[0] == 1 and impl is reference:
            continue  # minutes, and below in another way
        stream.reset()
        parts = [stream.process(block) for block in blocks(audio, schedule)]
        np.testing.assert_array_equal(np.concatenate(parts, axis=1), whole)


def test_single_samples_of_the_twin(noise: Any, blocks: Any) -> None:
    audio, h = noise(1, 400), response(1, 200)
    whole = reference.Convolver(h).process(audio)
    stream = reference.Convolver(h)
    parts = [stream.process(block) for block in blocks(audio, [1] * 400)]
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), whole)


def test_each_channel_has_its_own_response(impl: ModuleType, noise: Any) -> None:
    audio, h = noise(3, 3000), response(3, 1500)
    together = impl.Convolver(h).process(audio)
    for c in range(3):
        alone = impl.Convolver(h[c : c + 1]).process(audio[c : c + 1])
        np.testing.assert_array_equal(together[c], alone[0])


def test_the_response_is_copied_and_out_may_be_the_block(impl: ModuleType, noise: Any) -> None:
    audio, h = noise(2, 900), response(2, 300)
    want = impl.Convolver(h).process(audio)
    stream = impl.Convolver(h)
    h[:] = 0
    assert stream.process(audio, audio) is audio
    np.testing.assert_array_equal(audio, want)


def test_reset_in_the_middle_of_all_parts(impl: ModuleType, noise: Any) -> None:
    audio, h = noise(1, 9000), response(1, 9000)
    stream = impl.Convolver(h)
    first = stream.process(audio)
    stream.process(audio[:, :777].copy())
    stream.reset()
    np.testing.assert_array_equal(stream.process(audio), first)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.ones(9, np.float32), r"response must have the shape \[any, any\], got \[9\]"),
        (np.ones((1, 9)), "response must be float32, got float64"),
        (np.ones((1, 0), np.float32), "taps of the response must lie between 1 and"),
        (np.ones((0, 9), np.float32), "channels of the response must lie between 1 and"),
        (np.array([[1, np.nan]], np.float32), "response must be finite, tap 1 is not"),
        ([[1.0]], "response must be a NumPy array of float32, got list"),
    ],
)
def test_bad_responses(impl: ModuleType, bad: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        impl.Convolver(bad)
