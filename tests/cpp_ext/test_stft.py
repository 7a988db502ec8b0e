# SPDX-License-Identifier: GPL-3.0-or-later
"""The transform of whole signals is accurate, can be undone, and keeps its edges."""

from __future__ import annotations

import threading
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from neuralboard.cpp_ext import window_values

# Lengths that no hop divides: a tail envelope that stops one hop early shows only there.
SHAPES = [(16, 4), (64, 63), (512, 128), (882, 441), (960, 240), (1018, 300)]

SIZES = [*range(16, 130, 2), 240, 320, 440, 480, 882, 960, 1022, 1026, 1152, 1440, 1764, 2002]
SIZES += [2**k for k in range(7, 17)] + [3 * 2**12, 5**5 * 2, 7**4 * 2, 2 * 13**3, 2 * 8191, 65534]


@pytest.mark.parametrize("window", ["hann", "sqrt_hann", "rect", "blackman"])
def test_accuracy_against_double(native: ModuleType, rng: np.random.Generator, window: Any) -> None:
    """Each even size class; error relative to the largest bin, 1e-6 (measured: 4e-7)."""
    for n_fft in SIZES:
        audio = rng.uniform(-1, 1, n_fft).astype(np.float32)
        ours = native.Stft(n_fft, n_fft // 2, window, center=False).forward(audio)
        expected = np.fft.rfft(audio * window_values(window, n_fft).astype(np.float64))
        error = np.abs(ours[0] - expected)
        assert error.max() <= 1e-6 * np.abs(expected).max(), n_fft
        assert np.sqrt(np.mean(error**2) / np.mean(np.abs(expected) ** 2)) <= 3e-7, n_fft


@pytest.mark.parametrize("window", ["hann", "sqrt_hann", "hamming"])
def test_whole_trip(impl: ModuleType, rng: np.random.Generator, window: Any) -> None:
    """Reconstruction within 1e-6 * sqrt(max/min envelope), for each sample that a frame covers."""
    for n_fft, hop in [(16, 1), (64, 10), (64, 31), (74, 37), (882, 441), (960, 700), (1440, 480)]:
        for length in (n_fft // 2 + 1, n_fft + 1, 5 * n_fft + hop // 2 + 1):
            audio = rng.uniform(-1, 1, (2, length)).astype(np.float32)
            stft = impl.Stft(n_fft, hop, window)
            back = stft.inverse(stft.forward(audio), length)
            frames = stft.num_frames(length)
            squares = stft.window.astype(np.float64) ** 2
            envelope = np.zeros((frames - 1) * hop + n_fft)
            for f in range(frames):
                envelope[f * hop : f * hop + n_fft] += squares
            envelope = np.pad(envelope[n_fft // 2 :], (0, length))[:length]
            sure = envelope > 1e-9 * envelope.max()
            bound = 1e-6 * np.sqrt(envelope.max() / envelope[sure].min())
            np.testing.assert_allclose(back[:, sure], audio[:, sure], rtol=0, atol=bound)
            assert np.isfinite(back).all()


@pytest.mark.parametrize(("n_fft", "hop"), SHAPES)
def test_apply_mask_is_forward_mask_inverse(
    impl: ModuleType, noise: Any, rng: np.random.Generator, n_fft: int, hop: int
) -> None:
    audio = noise(2, 4 * n_fft + 7)
    stft = impl.Stft(n_fft, hop, "sqrt_hann", "hann" if hop <= n_fft // 4 else None)
    spectrum = stft.forward(audio)
    mask = rng.uniform(0, 1, spectrum.shape).astype(np.float32)
    expected = stft.inverse(spectrum * mask, audio.shape[1])
    np.testing.assert_array_equal(stft.apply_mask(audio, mask), expected)
    assert np.abs(expected - audio).max() > 0.01


def test_mono_arrays_have_no_channel_axis(impl: ModuleType, noise: Any) -> None:
    audio = noise(1, 300)
    stft = impl.Stft(64, 16)
    spectrum = stft.forward(audio[0])
    np.testing.assert_array_equal(spectrum, stft.forward(audio)[0])
    np.testing.assert_array_equal(stft.inverse(spectrum, 300), stft.inverse(spectrum[None], 300)[0])
    mask = np.ones(spectrum.shape, np.float32)
    masked = stft.apply_mask(audio[0], mask)
    assert masked.shape == (300,)
    out = np.empty(300, np.float32)
    assert stft.apply_mask(audio[0], mask, out=out) is out
    np.testing.assert_array_equal(out, masked)


@pytest.mark.parametrize("length", [0, 1, 31, 32])
def test_short_signals(impl: ModuleType, noise: Any, length: int) -> None:
    audio = noise(2, length)
    stft = impl.Stft(64, 16, pad_mode="constant")
    spectrum = stft.forward(audio)
    assert spectrum.shape == (2, 1 + length // 16, 33)
    np.testing.assert_allclose(stft.inverse(spectrum, length), audio, rtol=0, atol=1e-6)
    with pytest.raises(ValueError, match=f"a signal of {length} samples is too short to be refl"):
        impl.Stft(64, 16).forward(audio)
    with pytest.raises(ValueError, match=f"a signal of {length} samples holds no frame"):
        impl.Stft(64, 16, center=False).forward(audio)


def test_samples_that_no_frame_covers_are_zero(impl: ModuleType, noise: Any) -> None:
    """Centred frames at hop n_fft end n_fft/2 after the last frame's centre."""
    audio = noise(1, 120)
    stft = impl.Stft(64, 64, "rect")
    back = stft.inverse(stft.forward(audio), 150)
    np.testing.assert_allclose(back[:, :96], audio[:, :96], rtol=0, atol=1e-6)
    np.testing.assert_array_equal(back[:, 96:], 0)


def test_no_channels_and_many(impl: ModuleType, noise: Any) -> None:
    stft = impl.Stft(32, 8)
    assert stft.forward(np.zeros((0, 100), np.float32)).shape == (0, 13, 17)
    audio = noise(32, 100)
    np.testing.assert_allclose(stft.inverse(stft.forward(audio), 100), audio, rtol=0, atol=1e-6)


def test_one_plan_serves_threads(native: ModuleType, noise: Any) -> None:
    stft = native.Stft(512, 128)
    signals = [noise(2, 40000) for _ in range(4)]
    expected = [stft.forward(signal) for signal in signals]
    results = [None] * 4

    def work(i: Any) -> None:
        for _ in range(5):
            results[i] = stft.forward(signals[i])

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for result, wanted in zip(results, expected, strict=True):
        np.testing.assert_array_equal(result, wanted)
