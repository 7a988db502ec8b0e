# SPDX-License-Identifier: GPL-3.0-or-later
"""Streams of frames: right transforms, latency n_fft - 1, the same bits under any schedule."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest

from neuralboard.cpp_ext import reference, window_values
from neuralboard.cpp_ext.windows import envelope

# (n_fft, hop, window); odd hops, hops that don't divide, a prime half, hop = n_fft
SHAPES = [
    (16, 4, "hann"),
    (16, 16, "rect"),
    (64, 63, "hamming"),
    (74, 20, "sqrt_hann"),
    (126, 50, "blackman"),
    (256, 100, "hann"),
]


def slow_frames(audio: Any, n_fft: int, hop: int, window: Any) -> Any:
    """Frame f covers [(f+1) hop - n_fft, (f+1) hop); in double."""
    padded = np.concatenate([np.zeros((audio.shape[0], n_fft)), audio], axis=1)
    count = audio.shape[1] // hop
    ends = [(f + 1) * hop for f in range(count)]
    frames = np.stack([padded[:, end : end + n_fft] * window for end in ends], axis=1)
    return np.fft.rfft(frames)


@pytest.mark.parametrize(("n_fft", "hop", "window"), SHAPES)
def test_frames_are_the_transforms_of_their_samples(
    stft_impl: ModuleType, noise: Any, n_fft: int, hop: int, window: Any
) -> None:
    audio = noise(2, 5 * n_fft + 3)
    frames = stft_impl.StftStream(n_fft, hop, window, 2).push(audio)
    expected = slow_frames(audio, n_fft, hop, window_values(window, n_fft))
    assert frames.dtype == np.complex64
    np.testing.assert_allclose(frames, expected, rtol=0, atol=1e-6 * np.abs(expected).max())


@pytest.mark.parametrize(("n_fft", "hop", "window"), SHAPES)
def test_identity_is_a_delay_under_any_schedule(
    stft_impl: ModuleType,
    noise: Any,
    schedules: Any,
    blocks: Any,
    n_fft: int,
    hop: int,
    window: Any,
) -> None:
    total = 4 * n_fft + 11
    audio = noise(2, total)
    analysis = stft_impl.StftStream(n_fft, hop, window, 2)
    synthesis = stft_impl.IstftStream(n_fft, hop, window, None, 2)
    results = []
    for schedule in schedules(total, hop):
        analysis.reset()
        synthesis.reset()
        parts = []
        for block in blocks(audio, schedule):
            n = block.shape[1]
            ready = analysis.frames_ready(n)
            frames = analysis.push(block)
            assert frames.shape == (2, ready, n_fft // 2 + 1)
            parts.append(synthesis.push(frames, n))
            assert parts[-1].shape == (2, n)
        results.append(np.concatenate(parts, axis=1))
        np.testing.assert_array_equal(results[-1], results[0])
    late = n_fft - 1
    assert np.abs(results[0][:, :late]).max() < 1e-6
    np.testing.assert_allclose(results[0][:, late:], audio[:, : total - late], rtol=0, atol=2e-6)


# The denoiser's size and whole registers beside the odd ones.
MASKED = [*SHAPES, (512, 128, "hann"), (960, 480, "sqrt_hann"), (1440, 360, "hann")]


def three_streams(impl: ModuleType, n_fft: int, hop: int, window: Any) -> tuple[Any, Any, Any]:
    """Return analysis, synthesis and both in one, of two channels."""
    synthesis = "hann" if hop < n_fft // 2 else None
    return (
        impl.StftStream(n_fft, hop, window, 2),
        impl.IstftStream(n_fft, hop, window, synthesis, 2),
        impl.MaskStream(n_fft, hop, window, synthesis, 2),
    )


@pytest.mark.parametrize(("n_fft", "hop", "window"), MASKED)
def test_a_real_mask_gives_the_bits_of_analysis_product_synthesis(
    stft_impl: ModuleType, noise: Any, rng: np.random.Generator, n_fft: int, hop: int, window: Any
) -> None:
    analysis, synthesis, fused = three_streams(stft_impl, n_fft, hop, window)
    for n in (0, 1, hop - 1, hop + 1, 3 * hop, 5, 4 * n_fft):
        block = noise(2, n)
        shape = (2, fused.frames_ready(n), n_fft // 2 + 1)
        mask = rng.uniform(-0.5, 1.5, shape).astype(np.float32)
        expected = synthesis.push(analysis.push(block) * mask, n)
        np.testing.assert_array_equal(fused.push(block, mask), expected)


@pytest.mark.parametrize(("n_fft", "hop", "window"), MASKED)
def test_a_complex_mask_rounds_its_product_once(
    stft_impl: ModuleType, noise: Any, rng: np.random.Generator, n_fft: int, hop: int, window: Any
) -> None:
    """Products that are exact give the bits; others differ by their own rounding, 4e-7 at most."""
    values = window_values(window, n_fft)  # a weak envelope is divided by, and rounding with it
    gain = envelope(values, window_values("hann", n_fft) if hop < n_fft // 2 else values, hop)
    atol = 4e-7 * np.sqrt(gain.max() / gain.min())
    for exact in (True, False):
        analysis, synthesis, fused = three_streams(stft_impl, n_fft, hop, window)
        for n in (1, hop + 1, 3 * hop, 2 * n_fft):
            block = noise(2, n)
            shape = (2, fused.frames_ready(n), n_fft // 2 + 1)
            mask = rng.choice(np.array([1, -1, 1j, -1j, 0.5, 2j], np.complex64), shape)
            if not exact:
                mask = mask * np.exp(1j * rng.uniform(0, 6, shape)).astype(np.complex64)
            expected = synthesis.push(analysis.push(block) * mask, n)
            bound = 0.0 if exact else atol * max(1.0, np.abs(mask).max(initial=0.0))
            np.testing.assert_allclose(fused.push(block, mask), expected, rtol=0, atol=bound)


def test_mask_shapes_mean_what_they_say(
    stft_impl: ModuleType, noise: Any, rng: np.random.Generator
) -> None:
    n_fft, hop, bins = 32, 8, 17
    audio = noise(2, 40)
    shared = rng.uniform(0, 1, bins).astype(np.float32)
    per_channel = np.stack([shared, 0.5 * shared])
    cases = [(shared, np.stack([shared, shared])), (per_channel, per_channel)]
    for mask, rows in cases:
        full = np.ascontiguousarray(np.broadcast_to(rows[:, None], (2, 5, bins)))
        results = [
            stft_impl.MaskStream(n_fft, hop, "hann", None, 2).push(audio, m) for m in (mask, full)
        ]
        np.testing.assert_array_equal(results[0], results[1])


def test_a_constant_mask_filters_as_its_gain(stft_impl: ModuleType, noise: Any) -> None:
    audio = noise(1, 500)
    gain = np.full(33, 0.25, np.float32)
    out = stft_impl.MaskStream(64, 16, "hann", None, 1).push(audio, gain)
    np.testing.assert_allclose(out[:, 63:], 0.25 * audio[:, :-63], rtol=0, atol=1e-6)


def test_twins_agree(stft_native: ModuleType, noise: Any, rng: np.random.Generator) -> None:
    audio = noise(3, 4000)
    mask = rng.uniform(0, 2, 481).astype(np.float32)
    out = [
        m.MaskStream(960, 240, "hann", None, 3).push(audio, mask) for m in (stft_native, reference)
    ]
    np.testing.assert_allclose(out[0], out[1], rtol=0, atol=2e-6)


@pytest.mark.parametrize(("n_fft", "hop"), [(512, 128), (960, 480), (450, 100), (1440, 360)])
def test_masked_streams_have_the_same_bits_under_any_schedule(
    stft_native: ModuleType, noise: Any, schedules: Any, blocks: Any, n_fft: int, hop: int
) -> None:
    """And stay within 4e-7 of the whole signal's transform, which may go other ways."""
    total = 5 * n_fft + 11
    audio = noise(2, total)
    stream = stft_native.MaskStream(n_fft, hop, "hann", None, 2)
    mask = np.linspace(0, 1, n_fft // 2 + 1, dtype=np.float32)
    results = []
    for schedule in schedules(total, hop):
        stream.reset()
        parts = [stream.push(block, mask) for block in blocks(audio, schedule)]
        results.append(np.concatenate(parts, axis=1))
        np.testing.assert_array_equal(results[-1], results[0])
    # Frame f of the stream begins hop - n_fft samples after frame f - 1 of a padded signal would.
    late = n_fft - hop
    padded = np.pad(audio, [(0, 0), (late, 0)])
    stft = stft_native.Stft(n_fft, hop, "hann", center=False)
    frames = stft.num_frames(padded.shape[1])
    gains = np.ascontiguousarray(np.broadcast_to(mask, (2, frames, mask.size)))
    whole = stft.apply_mask(padded, gains)[:, late : total - n_fft]
    streamed = results[0][:, n_fft - 1 :][:, : whole.shape[1]]
    np.testing.assert_allclose(streamed, whole, rtol=0, atol=4e-7)


def test_channels_don_t_mix(stft_impl: ModuleType, noise: Any) -> None:
    audio = noise(3, 600)
    together = stft_impl.StftStream(64, 20, "hann", 3).push(audio)
    for c in range(3):
        alone = stft_impl.StftStream(64, 20, "hann", 1).push(audio[c : c + 1])
        np.testing.assert_array_equal(together[c], alone[0])


def test_neighbours_don_t_touch_a_frame(stft_impl: ModuleType, noise: Any) -> None:
    """A NaN spoils the frames that hold it and no other."""
    audio = noise(1, 640)
    broken = audio.copy()
    broken[0, 300] = np.nan
    clean, spoiled = (stft_impl.StftStream(64, 16, "hann", 1).push(a)[0] for a in (audio, broken))
    hit = [f for f in range(40) if (f + 1) * 16 - 64 <= 300 < (f + 1) * 16]
    for f in range(40):
        if f in hit:
            assert np.isnan(spoiled[f]).all()
        else:
            np.testing.assert_array_equal(clean[f], spoiled[f])


def test_edge_bins_ignore_imaginary_parts(stft_impl: ModuleType, rng: np.random.Generator) -> None:
    frames = (rng.standard_normal((1, 4, 9)) + 1j * rng.standard_normal((1, 4, 9))).astype(
        np.complex64
    )
    real_edges = frames.copy()
    real_edges[..., [0, 8]] = real_edges[..., [0, 8]].real
    out = [stft_impl.IstftStream(16, 4, "hann", None, 1).push(f, 16) for f in (frames, real_edges)]
    np.testing.assert_array_equal(out[0], out[1])


def test_out_is_written_and_returned(stft_impl: ModuleType, noise: Any) -> None:
    audio = noise(2, 64)
    analysis, synthesis = (
        stft_impl.StftStream(32, 8, "hann", 2),
        stft_impl.IstftStream(32, 8, "hann", None, 2),
    )
    frames = np.empty((2, 8, 17), np.complex64)
    assert analysis.push(audio, out=frames) is frames
    out = np.empty((2, 64), np.float32)
    assert synthesis.push(frames, 64, out=out) is out
    fused = stft_impl.MaskStream(32, 8, "hann", None, 2)
    assert fused.push(audio, np.ones(17, np.float32), out=audio) is audio  # in place
    np.testing.assert_array_equal(audio, out)
