# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast our short-time Fourier transform is beside those of others, and how exact.

Forward, inverse and masked round trip of whole signals, by one thread or two, and a masked stream
in blocks; then what complex masks, denormals and a second thread do, and analysis plus synthesis of
one frame per block. Per cell all run in one process, in rotating order; told are the peer's time
over ours, best by best and as the median over the repetitions (above 1: ours is faster). A
repetition is several calls on short signals, so that an engine does not find the cache full of its
neighbour. Every peer that is installed takes part, in its own best case (`stft_peers`). Beside each
speed stands the error against double precision, relative to the greatest value.

Yardsticks are the modules stftproto_8 and stftproto_16 of a folder (our throw-away prototype, built
by hand). NEURALBOARD_SIMD chooses our level.
"""

from __future__ import annotations

import importlib
import math
import statistics
import sys
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralboard import cpp_ext
from neuralboard.benchmarks.paired import paired
from neuralboard.benchmarks.stft_peers import StreamLoop, hann, make_peer

RATE = 48_000
SIZES = ((512, 128), (1024, 256), (2048, 512), (4096, 1024), (960, 480))
BLOCKS = (64, 128, 256, 480, 512)
FASTEST = ("mkl_fft", "pyfftw")  # the fastest of the others is one of these two
SLOW = ("ShortTimeFFT",)
LARGE = 4 << 20  # bytes of output from which the yardstick wants streaming stores

Audio = NDArray[np.float32]
Calls = dict[str, Callable[[], object]]
Row = dict[str, Any]


def noise(*shape: int) -> Audio:
    """Return noise of RMS 0.1."""
    rng = np.random.default_rng(1)
    return (0.1 * rng.standard_normal(shape)).astype(np.float32)


def yardsticks(folder: str | None) -> list[Any]:
    """Return the prototype's modules that this processor can run."""
    if folder is None:
        return []
    sys.path.insert(0, folder)
    widths = {"avx512": (8, 16), "avx2": (8,)}.get(cpp_ext.simd_level(), ())
    return [importlib.import_module(f"stftproto_{width}") for width in widths]


def exact(audio: Audio, mask: Audio, n_fft: int, hop: int) -> tuple[Any, Any]:
    """Return the spectrum and the masked signal in double."""
    window = hann(n_fft).astype(np.float64)
    padded = np.pad(audio.astype(np.float64), n_fft // 2, mode="reflect")
    views = np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::hop]
    spectrum = np.fft.rfft(views * window)
    sums, squares = np.zeros(padded.size), np.zeros(padded.size)
    for f, frame in enumerate(np.fft.irfft(spectrum * mask, n_fft)):
        sums[f * hop : f * hop + n_fft] += frame * window
        squares[f * hop : f * hop + n_fft] += window**2
    kept = slice(n_fft // 2, n_fft // 2 + audio.size)
    covered = squares[kept] > 1e-11
    masked = np.divide(sums[kept], squares[kept], out=np.zeros(audio.size), where=covered)
    return spectrum, masked


def error(got: Any, expected: Any) -> float:
    """Return the greatest error relative to the greatest value."""
    return float(np.abs(np.asarray(got) - expected).max() / np.abs(expected).max())


def ratios(times: dict[str, tuple[float, ...]], ours: str = "ours") -> dict[str, list[float]]:
    """Return peer -> [best over best, median over the repetitions] of its time over ours."""
    mine = times[ours]
    return {
        name: [
            min(theirs) / min(mine),
            statistics.median(a / b for a, b in zip(theirs, mine, strict=True)),
        ]
        for name, theirs in times.items()
        if name != ours
    }


def each_channel(calls: Sequence[Callable[[], object]], threads: int) -> Callable[[], object]:
    """Return a call of all channels' calls, one after the other or each in a thread."""
    if len(calls) == 1:
        return calls[0]
    if threads == 1:
        return lambda: [call() for call in calls]

    def together() -> None:
        helpers = [threading.Thread(target=call) for call in calls]
        for helper in helpers:
            helper.start()
        for helper in helpers:
            helper.join()

    return together


def add_peer(
    operations: dict[str, Calls],
    name: str,
    framing: tuple[int, int],
    audio: Audio,
    spectrum: Any,
    mask: Audio,
    threads: int,
) -> None:
    """Add a peer's calls, one engine a channel."""
    n_fft, hop = framing
    engines = [make_peer(name, n_fft, hop, audio.shape[1]) for _ in audio]
    for operation, method, given in (
        ("stft", "forward", (audio,)),
        ("istft", "inverse", (spectrum,)),
        ("masked", "masked", (audio, mask)),
    ):
        if hasattr(engines[0], method):
            work = [
                partial(getattr(engine, method), *(each[c] for each in given))
                for c, engine in enumerate(engines)
            ]
            operations[operation][name] = each_channel(work, threads)


def add_yardstick(
    operations: dict[str, Calls],
    module: Any,
    framing: tuple[int, int],
    audio: Audio,
    spectrum: Any,
    mask: Audio,
) -> None:
    """Add the calls of both of the prototype's layouts."""
    n_fft, hop = framing
    by_lane = module.A(n_fft, hop, hann(n_fft), 8, True)
    streamed = spectrum.nbytes > LARGE
    tag = f"yardstick A{module.W}"
    operations["stft"][tag] = partial(by_lane.stft, audio, spectrum.copy(), streamed, True)
    operations["istft"][tag] = partial(by_lane.istft, spectrum, np.empty_like(audio), True)
    operations["masked"][tag] = partial(by_lane.masked, audio, mask, np.empty_like(audio), True)
    if n_fft & (n_fft - 1):
        return
    within = module.B(n_fft, hop, hann(n_fft), 8)
    tag = f"yardstick B{module.W}"
    operations["stft"][tag] = partial(within.stft, audio, spectrum.copy(), streamed)
    operations["istft"][tag] = partial(within.istft, spectrum, np.empty_like(audio))
    operations["masked"][tag] = partial(within.masked, audio, mask, np.empty_like(audio))


def offline(
    n_fft: int,
    hop: int,
    seconds: float,
    peers: list[str],
    folder: list[Any],
    repetitions: int,
    *,
    channels: int = 1,
    threads: int = 1,
) -> list[Row]:
    """Time the three operations; two threads by the clock on the wall, one by processor time."""
    audio = noise(channels, round(seconds * RATE))
    frames, bins = audio.shape[1] // hop + 1, n_fft // 2 + 1
    mask = np.random.default_rng(2).random((channels, frames, bins), dtype=np.float32)
    stft = cpp_ext.Stft(n_fft, hop, threads=threads)
    out, spectrum = np.empty_like(audio), np.empty((channels, frames, bins), np.complex64)
    stft.forward(audio, out=spectrum)
    operations: dict[str, Calls] = {
        "stft": {"ours": partial(stft.forward, audio, out=spectrum.copy())},
        "istft": {"ours": partial(stft.inverse, spectrum, audio.shape[1], out=out)},
        "masked": {"ours": partial(stft.apply_mask, audio, mask, out=out)},
    }
    for name in peers:
        if name in SLOW and (seconds > 1 or n_fft != 2048 or channels > 1):
            continue  # twenty times slower: one cell is enough
        add_peer(operations, name, (n_fft, hop), audio, spectrum, mask, threads)
    for module in folder if threads == 1 else []:
        add_yardstick(operations, module, (n_fft, hop), audio, spectrum, mask)
    truth, masked_truth = exact(audio[0], mask[0], n_fft, hop)
    _, unmasked = exact(audio[0], np.ones_like(mask[0]), n_fft, hop)
    truths = {"stft": truth, "istft": unmasked, "masked": masked_truth}
    rows = []
    many = "" if channels == threads == 1 else f" x {channels}, {threads} thread(s)"
    clock = time.thread_time if threads == 1 else time.perf_counter
    for operation, calls in operations.items():
        ours = calls["ours"]()
        # A second of audio stays in the cache, as it would with nobody else about: several calls.
        count = min(max(round(10 / seconds), 2 if seconds <= 10 else 1), 100)
        times = paired(calls, repetitions, count, clock)
        rows.append(
            {
                "op": operation,
                "cell": f"{n_fft}/{hop} {seconds:g} s{many}",
                "us_per_frame": 1e6 * min(times["ours"]) / frames / channels,
                "error": error(np.asarray(ours)[0], truths[operation]),
                "ratios": ratios(times),
            }
        )
    return rows


def streaming(
    n_fft: int, hop: int, block: int, peers: list[str], folder: list[Any], repetitions: int
) -> Row:
    """Time a masked stream of one channel, one second of it per repetition."""
    audio, out = noise(block), np.empty(block, np.float32)
    two, two_out = audio[None], np.empty((1, block), np.float32)
    mask = np.random.default_rng(2).random(n_fft // 2 + 1, dtype=np.float32)
    stream = cpp_ext.MaskStream(n_fft, hop, "hann", None, 1)
    calls: Calls = {"ours": partial(stream.push, two, mask, two_out)}
    for name in peers:
        if name in ("mkl_fft", "pyfftw", "ducc0", "scipy.fft"):
            calls[name] = partial(StreamLoop(name, n_fft, hop, mask).push, audio, out)
    for module in folder:
        if n_fft & (n_fft - 1) == 0:
            theirs = module.S(n_fft, hop, hann(n_fft))
            theirs.set_mask(mask)
            calls[f"yardstick S{module.W}"] = partial(theirs.push, audio, out.copy())
    times = paired(calls, repetitions, max(RATE // 4 // block, 1))
    return {
        "op": "push",
        "cell": f"{n_fft}/{hop} block {block}",
        "us_per_frame": 1e6 * min(times["ours"]) * hop / block,
        "error": math.nan,
        "ratios": ratios(times),
    }


def two_halves(n_fft: int, hop: int, channels: int, repetitions: int) -> float:
    """Return ns per sample and channel of StftStream.push + IstftStream.push, a hop per block."""
    block = noise(channels, hop)
    analysis = cpp_ext.StftStream(n_fft, hop, "hann", channels)
    synthesis = cpp_ext.IstftStream(n_fft, hop, "hann", None, channels)
    frames = np.empty((channels, 1, n_fft // 2 + 1), np.complex64)
    out = np.empty((channels, hop), np.float32)

    def both() -> None:
        analysis.push(block, frames)
        synthesis.push(frames, hop, out)

    times = paired({"both": both}, repetitions, 200)
    return 1e9 * min(times["both"]) / (hop * channels)


def complex_over_real(n_fft: int, hop: int, repetitions: int) -> float:
    """Return the cost of a complex time-varying mask over that of a real one, best by best."""
    audio = noise(1, 10 * RATE)
    stft, rng = cpp_ext.Stft(n_fft, hop), np.random.default_rng(2)
    real = rng.random((1, audio.shape[1] // hop + 1, n_fft // 2 + 1), dtype=np.float32)
    out = np.empty_like(audio)
    calls: Calls = {
        "real": partial(stft.apply_mask, audio, real, out=out),
        "complex": partial(stft.apply_mask, audio, real.astype(np.complex64), out=out.copy()),
    }
    times = paired(calls, repetitions)
    return min(times["complex"]) / min(times["real"])


def denormal_cost(n_fft: int, hop: int, repetitions: int) -> float:
    """Return the cost of denormal input over that of noise, best by best."""
    audio = noise(1, 10 * RATE)
    stft = cpp_ext.Stft(n_fft, hop)
    mask = np.ones((1, audio.shape[1] // hop + 1, n_fft // 2 + 1), np.float32)
    out = np.empty_like(audio)
    calls: Calls = {
        "noise": partial(stft.apply_mask, audio, mask, out=out),
        "denormal": partial(stft.apply_mask, np.full_like(audio, 1e-40), mask, out=out.copy()),
    }
    times = paired(calls, repetitions)
    return min(times["denormal"]) / min(times["noise"])
