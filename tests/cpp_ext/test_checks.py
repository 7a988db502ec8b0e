# SPDX-License-Identifier: GPL-3.0-or-later
"""Wrong arguments get one line with the value in it, the same from C++ and from the twin."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

GOOD = np.zeros((2, 64), np.float32)
FRAMES = np.zeros((2, 8, 17), np.complex64)
READ_ONLY = np.zeros((2, 64), np.float32)
READ_ONLY.flags.writeable = False

# name -> one call of a hot method with a block and an out
CALLS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "delay": lambda m, block, out: m.DelayLine(2, 5).push(block, out),
    "biquad": lambda m, block, out: m.Biquad("peak", 8000, 2).process(block, 100.0, 1.0, 1.0, out),
    "convolver": lambda m, block, out: m.Convolver(np.ones((2, 99), np.float32)).process(
        block, out
    ),
    "analysis": lambda m, block, out: m.StftStream(32, 8, "hann", 2).push(block, out),
    "mask": lambda m, block, out: m.MaskStream(32, 8, "hann", None, 2).push(
        block, np.ones(17, np.float32), out
    ),
    "down": lambda m, block, out: m.RatePair(8000, 16000, 2).down(block, out),
    "down, equal rates": lambda m, block, out: m.RatePair(8000, 8000, 2).down(block, out),
}
SHAPES = {"analysis": FRAMES.shape, "down": (2, 128)}
MISFITS: dict[str, tuple[Any, str]] = {
    "list": ([[0.0] * 64] * 2, "block must be a NumPy array of float32, got list"),
    "float64": (GOOD.astype(np.float64), "block must be float32, got float64"),
    "byte order": (GOOD.astype(">f4"), "block must be float32, got >f4"),
    "mono": (GOOD[0], r"block must have the shape \[2, any\], got \[64\]"),
    "channels": (np.zeros((3, 64), np.float32), r"block must have the shape \[2, any\], got \[3,"),
    "strided": (np.zeros((2, 128), np.float32)[:, ::2], "block of shape .* is not contiguous"),
    "fortran": (np.asfortranarray(GOOD), "block of shape .* is not contiguous"),
    "unaligned": (
        np.frombuffer(bytes(2 * 64 * 4 + 1), np.uint8)[1:].view(np.float32).reshape(2, 64),
        "block of shape .* is not contiguous",
    ),
}


@pytest.mark.parametrize("misfit", MISFITS)
@pytest.mark.parametrize("call", CALLS)
def test_blocks_that_don_t_fit(impl: ModuleType, call: str, misfit: str) -> None:
    block, message = MISFITS[misfit]
    with pytest.raises((TypeError, ValueError), match=message) as caught:
        CALLS[call](impl, block, None)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("call", CALLS)
def test_outs_that_don_t_fit(impl: ModuleType, call: str) -> None:
    shape = SHAPES.get(call, (2, 64))
    dtype = np.complex64 if call == "analysis" else np.float32
    with pytest.raises(ValueError, match="out must have the shape"):
        CALLS[call](impl, GOOD, np.empty((*shape[:-1], shape[-1] + 1), dtype))
    with pytest.raises(TypeError, match="out must be"):
        CALLS[call](impl, GOOD, np.empty(shape, np.float64))
    out = np.empty(shape, dtype)
    out.flags.writeable = False
    with pytest.raises(ValueError, match="out is read-only"):
        CALLS[call](impl, GOOD, out)


@pytest.mark.parametrize("call", ["delay", "biquad", "convolver", "mask"])
def test_out_may_be_the_block_but_not_overlap_it(impl: ModuleType, call: str) -> None:
    memory = np.zeros(2 * 64 + 8, np.float32)
    block, shifted = memory[:128].reshape(2, 64), memory[8:].reshape(2, 64)
    assert CALLS[call](impl, block, block) is block
    with pytest.raises(ValueError, match="out overlaps the input"):
        CALLS[call](impl, block, shifted)


@pytest.mark.parametrize("call", CALLS)
def test_read_only_blocks_are_welcome(impl: ModuleType, call: str) -> None:
    assert CALLS[call](impl, READ_ONLY, None).shape[0] == 2


@pytest.mark.parametrize("call", CALLS)
def test_no_samples_are_welcome(impl: ModuleType, call: str) -> None:
    assert CALLS[call](impl, np.zeros((2, 0), np.float32), None).shape[1] == 0


def test_frames_and_masks_that_don_t_fit(impl: ModuleType) -> None:
    synthesis = impl.IstftStream(32, 8, "hann", None, 2)
    with pytest.raises(ValueError, match=r"frames for 63 samples must have the shape \[2, 7, 17\]"):
        synthesis.push(FRAMES, 63)
    with pytest.raises(TypeError, match="frames for 64 samples must be complex64, got float32"):
        synthesis.push(FRAMES.real.copy(), 64)
    with pytest.raises(TypeError, match="n must be a whole number, got 64"):
        synthesis.push(FRAMES, 64.0)
    fused = impl.MaskStream(32, 8, "hann", None, 2)
    with pytest.raises(ValueError, match=r"\[17\] or \[2, 17\] or \[2, 8, 17\], got \[1, 17\]"):
        fused.push(GOOD, np.ones((1, 17), np.float32))
    stft = impl.Stft(32, 8)
    with pytest.raises(ValueError, match=r"mask must have the shape \[2, 9, 17\], got \[2, 8, 17"):
        stft.apply_mask(GOOD, np.ones((2, 8, 17), np.float32))
    with pytest.raises(ValueError, match=r"spectrum must have the shape \[any, any, 17\], got"):
        stft.inverse(FRAMES[..., :16].copy(), 64)
    with pytest.raises(ValueError, match="spectrum holds no frame"):
        stft.inverse(FRAMES[:, :0].copy(), 64)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda m: m.Stft(33, 8), "n_fft must be even, got 33; use 34"),
        (lambda m: m.Stft(14, 7), "n_fft must lie between 16 and 65536, got 14"),
        (lambda m: m.Stft(65538, 7), "n_fft must lie between 16 and 65536, got 65538"),
        (lambda m: m.Stft(32, 33), "hop_length must lie between 1 and 32, got 33"),
        (lambda m: m.Stft(32, 0), "hop_length must lie between 1 and 32, got 0"),
        (lambda m: m.Stft(32.0, 8), "n_fft must be a whole number, got 32.0"),
        (lambda m: m.Stft(32, 8, pad_mode="wrap"), "pad_mode 'wrap' is unknown; use reflect or"),
        (
            lambda m: m.StftStream(32, True, "hann", 1),
            "hop_length must be a whole number",
        ),
        (lambda m: m.MaskStream(32, 8, "hann", None, 0), "channels must lie between 1 and 4096"),
        (lambda m: m.DelayLine(1, -1), "num_samples must lie between 0 and"),
        (lambda m: m.Fifo(1, "big"), "capacity must be a whole number, got 'big'"),
        (lambda m: m.Biquad("notch", 8000, 1), "kind 'notch' is unknown; use one of lowpass1"),
        (lambda m: m.Biquad("peak", np.nan, 1), "sample_rate must be a positive number of Hz, got"),
        (lambda m: m.find_broken(GOOD, limit=-1), "limit must be finite and at least 0, got -1"),
        (lambda m: m.find_broken(GOOD, limit=np.inf), "limit must be finite and at least 0"),
        (lambda m: m.find_broken(GOOD, limit="x"), "limit must be a number, got 'x'"),
        (lambda m: m.find_broken(GOOD[0]), r"block must have the shape \[any, any\], got \[64\]"),
    ],
)
def test_bad_settings(impl: ModuleType, make: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        make(impl)


def test_a_refused_call_changes_nothing(impl: ModuleType, noise: Any) -> None:
    audio = noise(2, 64)
    streams = [impl.MaskStream(32, 8, "hann", None, 2) for _ in range(2)]
    ones = np.ones(17, np.float32)
    for stream in streams:
        stream.push(audio, ones)
    with pytest.raises(ValueError, match="mask must have"):
        streams[0].push(audio, ones[:16])
    np.testing.assert_array_equal(*(stream.push(audio, ones) for stream in streams))


RESETS: dict[str, Callable[[ModuleType], Any]] = {
    "StftStream": lambda m: m.StftStream(32, 10, "hann", 2),
    "MaskStream": lambda m: m.MaskStream(32, 10, "hann", None, 2),
    "Biquad": lambda m: m.Biquad("peak", 8000, 2),
    "Convolver": lambda m: m.Convolver(np.ones((2, 99), np.float32)),
    "DelayLine": lambda m: m.DelayLine(2, 33),
    "RatePair": lambda m: m.RatePair(48000, 44100, 2, 3),
}


@pytest.mark.parametrize("name", RESETS)
def test_reset_begins_again(impl: ModuleType, noise: Any, name: str) -> None:
    audio = noise(2, 703)
    stream = RESETS[name](impl)

    def run() -> Any:
        if name == "RatePair":
            return stream.up(stream.down(audio), 703)
        if name == "MaskStream":
            return stream.push(audio, np.ones(17, np.float32))
        if name == "Convolver":
            return stream.process(audio)
        return stream.process(audio, 99.0, 6.0) if name == "Biquad" else stream.push(audio)

    first = run()
    assert not np.array_equal(run(), first)  # it has a memory
    stream.reset()
    np.testing.assert_array_equal(run(), first)
