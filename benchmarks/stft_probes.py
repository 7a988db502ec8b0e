# SPDX-License-Identifier: GPL-3.0-or-later
"""What the core can do at most, and what share of it our transforms reach in cache.

The peak is that of multiply-adds in the vectors of our level, measured by a loop of them in the
extension. Flops are nominal, as is usual: 2.5 n log2 n for a windowed real transform, twice that
for a masked round trip.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from functools import partial

import numpy as np

from neuralboard import cpp_ext
from neuralboard.benchmarks.stft_speed import RATE, noise

__all__ = ["bandwidth", "fma_peak", "in_cache", "two_threads"]

FRAMES = 64


def _least(call: Callable[[], object], repetitions: int, calls: int = 1) -> float:
    """Return the least processor time of a call, s."""
    call()
    times = []
    for _ in range(repetitions):
        begin = time.thread_time()
        for _ in range(calls):
            call()
        times.append((time.thread_time() - begin) / calls)
    return min(times)


def fma_peak(repetitions: int = 30, rounds: int = 200_000) -> float:
    """Return flops per second of one core at our level."""
    if not cpp_ext.HAVE_EXTENSION:
        return math.nan
    from neuralboard.cpp_ext import _ext

    return _ext.fma_probe(rounds) / _least(partial(_ext.fma_probe, rounds), repetitions)


def bandwidth(megabytes: int = 128, repetitions: int = 10) -> dict[str, float]:
    """Return bytes per second of reading, and of copying (read and written)."""
    source = np.ones(megabytes << 18, np.float32)
    target = np.empty_like(source)
    read = _least(partial(np.dot, source, source), repetitions)
    copied = _least(partial(np.copyto, target, source), repetitions)
    return {"read": source.nbytes / read, "copied": 2 * source.nbytes / copied}


def in_cache(n_fft: int, peak: float, repetitions: int = 30) -> dict[str, float]:
    """Return the share of the peak that forward and masked transforms of a batch reach."""
    hop = n_fft // (2 if n_fft == 960 else 4)
    rng = np.random.default_rng(1)
    audio = rng.standard_normal((1, n_fft + (FRAMES - 1) * hop), np.float32)
    stft = cpp_ext.Stft(n_fft, hop, center=False)
    spectrum = np.empty((1, FRAMES, stft.bins), np.complex64)
    mask, out = rng.random(spectrum.shape, np.float32), np.empty_like(audio)
    flops = 2.5 * n_fft * math.log2(n_fft) * FRAMES
    forward = _least(partial(stft.forward, audio, out=spectrum), repetitions, 20)
    masked = _least(partial(stft.apply_mask, audio, mask, out=out), repetitions, 20)
    return {"forward": flops / forward / peak, "masked": 2 * flops / masked / peak}


def wall(call: Callable[[], object], repetitions: int) -> float:
    """Return the least seconds by the clock on the wall: threads share the work."""
    call()
    times = []
    for _ in range(repetitions):
        begin = time.perf_counter()
        call()
        times.append(time.perf_counter() - begin)
    return min(times)


def two_threads(seconds: float, repetitions: int) -> dict[str, float]:
    """Return what two threads gain on a stereo signal, and on copying memory beside it."""
    audio = noise(2, round(seconds * RATE))
    mask = np.ones((2, audio.shape[1] // 512 + 1, 1025), np.float32)
    out = np.empty_like(audio)
    gain: dict[str, float] = {}
    one, two = (cpp_ext.Stft(2048, 512, threads=threads) for threads in (1, 2))
    calls = [partial(stft.apply_mask, audio, mask, out=out) for stft in (one, two)]
    gain["masked 2048/512"] = wall(calls[0], repetitions) / wall(calls[1], repetitions)
    source = np.ones(1 << 25, np.float32)
    target = np.empty_like(source)
    halves = [slice(0, 1 << 24), slice(1 << 24, 1 << 25)]

    def copy(cut: slice) -> None:
        np.copyto(target[cut], source[cut])

    def copy_both() -> None:
        helper = threading.Thread(target=copy, args=(halves[1],))
        helper.start()
        copy(halves[0])
        helper.join()

    alone = wall(partial(copy, slice(None)), repetitions)
    gain["copying 128 MB"] = alone / wall(copy_both, repetitions)
    return gain
