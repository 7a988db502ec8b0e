# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernels accept, and the words of refusal.

`count` and `rate` serve constructors: they return the value or raise. The ``..._problem``
functions return the exception to raise, or None. The NumPy twin asks them at each call; the C++
looks at its arguments itself, answers None if one doesn't fit, and only then are they asked for
the reason: so both refuse in the same words, and a good call costs little.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

Shape = Sequence[int | None]  # None: any length

MAX_CHANNELS = 4096
MAX_COUNT = 2**31 - 1
# Bounds of the filters' parameters, as C++ compares them: in float32.
MAX_GAIN_DB = 200.0
MIN_Q = float(np.float32(1e-6))


def count(name: str, value: Any, low: int, high: int = MAX_COUNT) -> int:
    """Return `value` as an int within [low, high], or raise."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} must be a whole number, got {value!r}")
    number = int(value)
    if not low <= number <= high:
        raise ValueError(f"{name} must lie between {low} and {high}, got {number}")
    return number


def rate(name: str, value: Any) -> float:
    """Return a sample rate in Hz as a float, or raise."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise TypeError(f"{name} must be a number of Hz, got {value!r}")
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"{name} must be a positive number of Hz, got {value}")
    return float(value)


def _axes(shape: Shape) -> str:
    return "[" + ", ".join("any" if length is None else str(length) for length in shape) + "]"


def array_problem(name: str, value: Any, dtype: DTypeLike, shape: Shape) -> Exception | None:
    """Return what is wrong with an input array, or None."""
    wanted = np.dtype(dtype)
    if not isinstance(value, np.ndarray):
        return TypeError(
            f"{name} must be a NumPy array of {wanted}, got {type(value).__name__}; use"
            f" np.asarray(..., dtype=np.{wanted})"
        )
    if value.dtype != wanted:
        return TypeError(
            f"{name} must be {wanted}, got {value.dtype}; convert it once with .astype(np.{wanted})"
        )
    fits = value.ndim == len(shape) and all(
        want is None or got == want for got, want in zip(value.shape, shape, strict=True)
    )
    if not fits:
        return ValueError(f"{name} must have the shape {_axes(shape)}, got {list(value.shape)}")
    if not (value.flags.c_contiguous and value.flags.aligned):
        return ValueError(
            f"{name} of shape {list(value.shape)} is not contiguous in memory; use"
            " np.ascontiguousarray"
        )
    return None


def out_problem(
    out: Any,
    dtype: DTypeLike,
    shape: Sequence[int],
    source: NDArray[Any] | None,
    in_place: bool = False,
) -> Exception | None:
    """Return what is wrong with an ``out=`` array, or None; it may not overlap `source`."""
    if out is None:
        return None
    problem = array_problem("out", out, dtype, shape)
    if problem is not None:
        return problem
    if not out.flags.writeable:
        return ValueError("out is read-only; give an array that may be written")
    if source is not None and np.may_share_memory(out, source):
        same = out.__array_interface__["data"][0] == source.__array_interface__["data"][0]
        if not (in_place and same):
            return ValueError("out overlaps the input in memory; give memory of its own")
    return None


def control_problem(name: str, value: Any, n: int, low: float, high: float) -> Exception | None:
    """Return what is wrong with a filter parameter (number, or float32 [n]), or None."""
    if isinstance(value, np.ndarray):
        problem = array_problem(name, value, np.float32, [n])
        if problem is not None:
            return problem
        bad = np.flatnonzero(~(np.isfinite(value) & (value >= low) & (value <= high)))
        if not bad.size:
            return None
        where, number = f" at sample {bad[0]}", float(value[bad[0]])
    else:
        try:
            where, number = "", float(np.float32(float(value)))
        except (TypeError, ValueError):
            return TypeError(
                f"{name} must be a number or a float32 array of {n} values, got {value!r}"
            )
        if math.isfinite(number) and low <= number <= high:
            return None
    bounds = "finite"
    if low > -math.inf:
        bounds += f" and at least {low:g}"
    if high < math.inf:
        bounds += f" and at most {high:g}"
    return ValueError(f"{name} must be {bounds}, got {number:g}{where}")


def broken_problem(block: Any, limit: Any, writes: bool) -> Exception | None:
    """Return why a block can't be searched for broken samples, or None."""
    if isinstance(limit, bool) or not isinstance(limit, int | float | np.number):
        return TypeError(f"limit must be a number, got {limit!r}")
    if not 0 <= limit <= float(np.finfo(np.float32).max):
        return ValueError(f"limit must be finite and at least 0, got {limit}")
    problem = array_problem("block", block, np.float32, [None, None])
    if problem is None and writes and not block.flags.writeable:
        problem = ValueError("block is read-only and can't be cleaned in place; give a copy")
    return problem


def block_problem(block: Any, channels: int, out: Any) -> Exception | None:
    """Return what is wrong with a block [channels, n] and its out of the same shape, or None."""
    problem = array_problem("block", block, np.float32, [channels, None])
    return problem or out_problem(out, np.float32, block.shape, block, in_place=True)


def pop_problem(n: int, size: int, channels: int, out: Any) -> Exception | None:
    """Return why a Fifo of `size` samples can't give `n`, or None."""
    if n > size:
        return ValueError(f"{n} samples asked for, {size} are in the queue; push more first")
    return out_problem(out, np.float32, [channels, n], None)


def filter_problem(
    box: Any, block: Any, cutoff_hz: Any, gain_db: Any, q: Any, out: Any
) -> Exception | None:
    """Return what is wrong with the arguments of Biquad.process, or None."""
    problem = array_problem("block", block, np.float32, [box.channels, None])
    if problem is None:
        n = block.shape[1]
        inf, most, least = math.inf, MAX_GAIN_DB, MIN_Q
        if box.kind in ("lowpass1", "highpass1"):  # gain and q are there but have no meaning
            most, least = inf, -inf
        problem = (
            control_problem("cutoff_hz", cutoff_hz, n, -inf, inf)
            or control_problem("gain_db", gain_db, n, -inf, most)
            or control_problem("q", q, n, least, inf)
        )
    return problem or out_problem(out, np.float32, block.shape, block, in_place=True)


def analysis_problem(stream: Any, block: Any, out: Any) -> Exception | None:
    """Return what is wrong with the arguments of StftStream.push, or None."""
    problem = array_problem("block", block, np.float32, [stream.channels, None])
    if problem is None and out is not None:
        shape = [stream.channels, stream.frames_ready(block.shape[1]), stream.n_fft // 2 + 1]
        problem = out_problem(out, np.complex64, shape, block)
    return problem


def synthesis_problem(stream: Any, frames: Any, n: int, out: Any) -> Exception | None:
    """Return what is wrong with the arguments of IstftStream.push, or None."""
    shape = [stream.channels, stream.frames_ready(n), stream.n_fft // 2 + 1]
    problem = array_problem(f"frames for {n} samples", frames, np.complex64, shape)
    return problem or out_problem(out, np.float32, [stream.channels, n], frames)


def masking_problem(stream: Any, block: Any, mask: Any, out: Any) -> Exception | None:
    """Return what is wrong with the arguments of MaskStream.push, or None."""
    problem = array_problem("block", block, np.float32, [stream.channels, None])
    if problem is None:
        bins, k = stream.n_fft // 2 + 1, stream.frames_ready(block.shape[1])
        problem = mask_problem(mask, [[bins], [stream.channels, bins], [stream.channels, k, bins]])
    return problem or out_problem(out, np.float32, block.shape, block, in_place=True)


def down_problem(pair: Any, block: Any, out: Any) -> Exception | None:
    """Return what is wrong with the arguments of RatePair.down, or None."""
    problem = array_problem("block", block, np.float32, [pair.channels, None])
    if problem is None and out is not None:
        shape = [pair.channels, pair.down_ready(block.shape[1])]
        problem = out_problem(out, np.float32, shape, block)
    return problem


def up_problem(pair: Any, model_block: Any, n: int, out: Any) -> Exception | None:
    """Return what is wrong with the arguments of RatePair.up, or None."""
    shape = [pair.channels, pair.up_takes(n)]
    problem = array_problem(f"model_block for {n} host samples", model_block, np.float32, shape)
    return problem or out_problem(out, np.float32, [pair.channels, n], model_block)


def mask_problem(mask: Any, shapes: Sequence[Sequence[int]]) -> Exception | None:
    """Return what is wrong with a real or complex mask of one of several shapes, or None."""
    shape = list(mask.shape) if isinstance(mask, np.ndarray) else []
    is_complex = isinstance(mask, np.ndarray) and mask.dtype.kind == "c"
    problem = array_problem("mask", mask, np.complex64 if is_complex else np.float32, shape)
    if problem is None and shape not in [list(allowed) for allowed in shapes]:
        allowed = " or ".join(_axes(each) for each in shapes)
        problem = ValueError(f"mask must have the shape {allowed}, got {shape}")
    return problem


def refusal(problem: Exception | None) -> Exception:
    """Return the exception for a call that a kernel refused: without a problem, it was busy."""
    return problem or RuntimeError(
        "this stream is being used by another thread; give each thread its own stream"
    )


def done(accepted: bool) -> None:
    """Raise if a kernel refused to be reset because another thread is in it."""
    if not accepted:
        raise refusal(None)


def deliver(result: NDArray[Any], out: NDArray[Any] | None) -> NDArray[Any]:
    """Return a result of the twin as a contiguous array of its own, or in `out`."""
    if out is None:
        return np.array(result, order="C")
    out[...] = result
    return out
