# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows of the short-time Fourier transform, and the condition under which it can be undone.

All windows are periodic: ``w[i]`` has period ``n_fft``, as spectral processing wants it (and as
``torch.hann_window`` and ``librosa`` with ``fftbins=True`` give it); the symmetric forms of filter
design are not here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuralboard.cpp_ext import checks

Window = str | ArrayLike

NAMES = ("hann", "sqrt_hann", "hamming", "blackman", "rect")
MIN_N_FFT = 16
MAX_N_FFT = 65536

# cosine series: w(x) = c0 - c1 cos(2 pi x) + c2 cos(4 pi x)
_SERIES: dict[str, Sequence[float]] = {
    "hann": (0.5, 0.5),
    "sqrt_hann": (0.5, 0.5),
    "hamming": (0.54, 0.46),
    "blackman": (0.42, 0.5, 0.08),
    "rect": (1.0,),
}

# The least envelope, relative to the greatest, that is still divided by.
_LEAST_ENVELOPE = 1e-6


def check_framing(n_fft: int, hop_length: int) -> tuple[int, int]:
    """Return both as ints; n_fft even in [16, 65536], hop_length in [1, n_fft]."""
    n_fft = checks.count("n_fft", n_fft, MIN_N_FFT, MAX_N_FFT)
    if n_fft % 2:
        raise ValueError(f"n_fft must be even, got {n_fft}; use {n_fft + 1}")
    return n_fft, checks.count("hop_length", hop_length, 1, n_fft)


def window_values(window: Window, n_fft: int) -> NDArray[np.float32]:
    """Return the values of a window.

    Parameters
    ----------
    window : str or array_like
        ``hann``, ``sqrt_hann``, ``hamming``, ``blackman`` or ``rect`` (periodic), or the
        `n_fft` values themselves.
    n_fft : int
        Length in samples.

    Returns
    -------
    ndarray of float32, [n_fft]
        Computed in double, rounded once. A copy: changing it changes nothing else.

    Raises
    ------
    ValueError
        Unknown name, wrong shape, or a value that is not finite.
    """
    n_fft = checks.count("n_fft", n_fft, 1)
    if isinstance(window, str):
        if window not in _SERIES:
            raise ValueError(f"window {window!r} is unknown; use one of {', '.join(NAMES)}")
        turn = 2.0 * np.pi * np.arange(n_fft) / n_fft
        values = np.zeros(n_fft)
        for order, factor in enumerate(_SERIES[window]):
            values += (-1) ** order * factor * np.cos(order * turn)
        if window == "sqrt_hann":
            values = np.sin(0.5 * turn)  # = sqrt of hann without its rounding near 0
        return np.maximum(values, 0.0).astype(np.float32)
    try:
        given = np.array(window, dtype=np.float64)
    except (TypeError, ValueError):
        raise TypeError(f"window must be a name or {n_fft} numbers, got {window!r}") from None
    if given.shape != (n_fft,):
        raise ValueError(
            f"window must have n_fft = {n_fft} values, got an array of shape {list(given.shape)}"
        )
    if not np.all(np.isfinite(given)):
        bad = int(np.flatnonzero(~np.isfinite(given))[0])
        raise ValueError(f"window must be finite, got {given[bad]} at index {bad}")
    return given.astype(np.float32)


def envelope(
    window: NDArray[np.float32], synthesis_window: NDArray[np.float32], hop_length: int
) -> NDArray[np.float64]:
    """Return the gain of analysis plus overlap-add over one hop, float64 [hop_length].

    ``e[i] = sum_m window[i + m hop] * synthesis_window[i + m hop]``; it repeats every hop.
    """
    product = window.astype(np.float64) * synthesis_window
    frames = -(-product.size // hop_length)
    padded = np.zeros(frames * hop_length)
    padded[: product.size] = product
    return padded.reshape(frames, hop_length).sum(axis=0)


def unit_synthesis(
    window: NDArray[np.float32], synthesis_window: NDArray[np.float32], hop_length: int
) -> NDArray[np.float32]:
    """Return the synthesis window with 1/(n_fft * envelope) folded in, float32 [n_fft].

    Raises
    ------
    ValueError
        The envelope is (nearly) 0 somewhere: those samples can't be rebuilt (NOLA condition).
    """
    n_fft = window.size
    gain = envelope(window, synthesis_window, hop_length)
    least, most = float(np.abs(gain).min()), float(np.abs(gain).max())
    if least <= _LEAST_ENVELOPE * most:
        raise ValueError(
            f"windows of n_fft {n_fft} at hop_length {hop_length} overlap to"
            f" {least:.3g} at their weakest ({most:.3g} at their strongest): the signal can't be"
            f" rebuilt; use a smaller hop_length, {max(n_fft // 4, 1)} suits any window"
        )
    repeated = np.resize(gain, n_fft)
    return (synthesis_window / (repeated * n_fft)).astype(np.float32)


def window_pair(
    window: Window, synthesis_window: Window | None, n_fft: int, hop_length: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return (analysis window, unit synthesis window) of a stream; None: the same window twice."""
    analysis = window_values(window, n_fft)
    synthesis = analysis if synthesis_window is None else window_values(synthesis_window, n_fft)
    return analysis, unit_synthesis(analysis, synthesis, hop_length)
