# SPDX-License-Identifier: GPL-3.0-or-later
"""Any size, hop, schedule and memory layout: the twin's result or its refusal, no byte beyond."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest

from neuralboard.cpp_ext import reference

GUARD = 64  # bytes around every array that is written


def guarded(shape: tuple[int, ...], dtype: type, offset: int) -> tuple[Any, Any]:
    """Return an array `offset` bytes into guarded memory, and that memory."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    memory = np.full(size + 2 * GUARD + 16, 0xA5, np.uint8)
    begin = GUARD + offset
    return memory[begin : begin + size].view(dtype).reshape(shape), memory


def untouched(memory: Any, size: int, offset: int) -> bool:
    begin = GUARD + offset
    return bool((memory[:begin] == 0xA5).all() and (memory[begin + size :] == 0xA5).all())


def framing(rng: np.random.Generator) -> tuple[int, int]:
    """Return a size of any kind and a hop that suits a Hann window."""
    kinds = [2 ** int(rng.integers(4, 12)), 30 * int(rng.integers(1, 50))]
    n_fft = int(rng.choice([*kinds, 2 * int(rng.integers(8, 700))]))
    return n_fft, int(rng.integers(1, n_fft // 2 + 1))


@pytest.mark.parametrize("seed", range(25))
def test_whole_signals(stft_native: ModuleType, seed: int) -> None:
    rng = np.random.default_rng(seed)
    n_fft, hop = framing(rng)
    hop = max(hop, n_fft // 16)  # the twin is slow
    options: dict[str, Any] = {
        "center": bool(rng.integers(2)),
        "pad_mode": str(rng.choice(["reflect", "constant"])),
    }
    ours = stft_native.Stft(n_fft, hop, threads=int(rng.integers(1, 4)), **options)
    twin = reference.Stft(n_fft, hop, **options)
    channels, length = int(rng.integers(1, 4)), int(rng.integers(n_fft, 12 * n_fft))
    offset = 4 * int(rng.integers(0, 4))
    audio, _ = guarded((channels, length), np.float32, offset)
    audio[:] = rng.uniform(-1, 1, audio.shape)
    spectrum, memory = guarded((channels, ours.num_frames(length), ours.bins), np.complex64, offset)
    ours.forward(audio, out=spectrum)
    assert untouched(memory, spectrum.nbytes, offset)
    expected = twin.forward(audio)
    np.testing.assert_allclose(spectrum, expected, rtol=0, atol=5e-7 * np.abs(expected).max())
    mask = rng.uniform(0, 1, spectrum.shape).astype(np.float32)
    if seed % 2:
        mask = mask * np.exp(6j * mask).astype(np.complex64)
    wanted = int(rng.integers(0, 2 * length))  # shorter and longer than the frames reach
    twins = [twin.inverse(spectrum, wanted), twin.apply_mask(audio, mask)]
    for i, expected_audio in enumerate(twins):
        out, memory = guarded(expected_audio.shape, np.float32, offset)
        if i == 0:
            ours.inverse(spectrum, wanted, out=out)
        else:
            ours.apply_mask(audio, mask, out=out)
        assert untouched(memory, out.nbytes, offset)
        # Where frames hardly cover a sample at an end, both divide rounding by next to nothing.
        sure = slice(n_fft, max(n_fft, min(length, wanted) - 2 * n_fft))
        np.testing.assert_allclose(out[:, sure], expected_audio[:, sure], rtol=0, atol=4e-6)
        assert np.isfinite(out).all()


@pytest.mark.parametrize("seed", range(25))
def test_streams(stft_native: ModuleType, seed: int) -> None:
    rng = np.random.default_rng(100 + seed)
    n_fft, hop = framing(rng)
    hop = max(hop, n_fft // 16)
    channels = int(rng.integers(1, 4))
    makers = [m.MaskStream for m in (stft_native, reference)]
    ours, twin = (make(n_fft, hop, "hann", None, channels) for make in makers)
    for _ in range(12):
        n, offset = int(rng.integers(0, 2 * n_fft)), 4 * int(rng.integers(0, 4))
        block = rng.uniform(-1, 1, (channels, n)).astype(np.float32)
        shapes = [(), (channels,), (channels, ours.frames_ready(n))]
        shape = (*shapes[int(rng.integers(3))], n_fft // 2 + 1)
        mask = rng.uniform(0, 1, shape).astype(np.float32)
        if rng.integers(2):
            mask = mask.astype(np.complex64)
        out, memory = guarded((channels, n), np.float32, offset)
        ours.push(block, mask, out=out)
        assert untouched(memory, out.nbytes, offset)
        np.testing.assert_allclose(out, twin.push(block, mask), rtol=0, atol=2e-6)


def test_what_isn_t_plain_memory_is_refused(stft_native: ModuleType) -> None:
    """And leaves the stream as it was: the next good call gives what it would have given."""
    good = np.ones((2, 64), np.float32)
    mask = np.ones(17, np.float32)
    odd = [
        np.ones((2, 128), np.float32)[:, ::2],
        np.ones((64, 2), np.float32).T,
        np.ones((2, 65), np.float32)[:, 1:],
        np.broadcast_to(np.float32(1), (2, 64)),
        guarded((2, 64), np.float32, 1)[0],
        good.astype(">f4"),
        good.astype(np.float64),
    ]
    streams = [stft_native.MaskStream(32, 8, "hann", None, 2) for _ in range(2)]
    stft = stft_native.Stft(32, 8)
    for array in odd:
        with pytest.raises((TypeError, ValueError)):
            streams[0].push(array, mask)
        with pytest.raises((TypeError, ValueError)):
            streams[0].push(good, mask, out=array)
        with pytest.raises((TypeError, ValueError)):
            stft.forward(array)
    results = [stream.push(good, mask) for stream in streams]
    np.testing.assert_array_equal(*results)
