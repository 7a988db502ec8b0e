# SPDX-License-Identifier: GPL-3.0-or-later
"""What counts as audio: array layouts, sample rates, channel counts, block sizes.

Inside, audio is always float32, C-contiguous, `[channels, samples]`. At the door pedalboard's
layouts are taken too, and the answer has the layout of the question.
"""

from __future__ import annotations

import math
import numbers
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuralboard.errors import AudioError, AudioLayoutError, AudioTypeError, did_you_mean

__all__ = [
    "CHANNELS_FIRST",
    "MAX_CHANNELS",
    "MAX_SAMPLE_RATE",
    "MIN_SAMPLE_RATE",
    "Audio",
    "Layout",
    "check_block",
    "check_buffer_size",
    "check_channels",
    "check_sample_rate",
    "take_audio",
]

Audio = NDArray[np.float32]

MIN_SAMPLE_RATE = 8_000
MAX_SAMPLE_RATE = 192_000
MAX_CHANNELS = 32


class Layout(NamedTuple):
    """How the caller's array was laid out, to give the answer back in the same way."""

    mono_vector: bool
    interleaved: bool

    def restore(self, audio: Audio) -> Audio:
        """Return `[..., channels, samples]` as `[..., samples]` or `[..., samples, channels]`."""
        if self.mono_vector:
            return audio[..., 0, :]
        if self.interleaved:
            return np.ascontiguousarray(audio.swapaxes(-1, -2))
        return audio


CHANNELS_FIRST = Layout(mono_vector=False, interleaved=False)
_MONO_VECTOR = Layout(mono_vector=True, interleaved=False)
_INTERLEAVED = Layout(mono_vector=False, interleaved=True)


def take_audio(
    array: Any, channels: int | None = None, last: Layout | None = None
) -> tuple[Audio, Layout]:
    """Return audio as `[channels, samples]` float32 and the layout it came in.

    Parameters
    ----------
    array : ndarray, float32 or float64
        `[samples]`, `[channels, samples]`, or `[samples, channels]` where the shape leaves no
        doubt (pedalboard's rule: the shorter axis is the channels).
    channels : int, optional
        The channel count of a stream that is running already; it settles most shapes.
    last : Layout, optional
        Of the array before this one; it settles square shapes, as in pedalboard.

    Raises
    ------
    AudioError
        For an array that holds no audio; the message prints its shape or type.
    AudioLayoutError
        For a square one where nothing came before.
    """
    check_float(array)
    if array.ndim == 1:
        layout, audio = _MONO_VECTOR, array[np.newaxis, :]
    elif array.ndim == 2:
        layout = _layout_of(array.shape, channels, last)
        audio = array.T if layout.interleaved else array
    else:
        raise AudioError(
            f"audio of shape {array.shape} has {array.ndim} dimensions, not 1 or 2;"
            " pass [samples] or [channels, samples]"
        )
    check_channels(audio.shape[0], array.shape)
    return _as_float32(audio), layout


def _as_float32(audio: Any) -> Audio:
    """Return it contiguous; float64 beyond float32's range becomes Inf, which is replaced later."""
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(audio, dtype=np.float32)


def check_float(array: Any) -> None:
    """Raise `AudioTypeError` unless `array` is a float32 or float64 array."""
    if not isinstance(array, np.ndarray):
        raise AudioTypeError(
            f"audio must be a NumPy array, not {type(array).__name__}; use numpy.asarray(...,"
            " dtype=numpy.float32)"
        )
    if array.dtype not in (np.float32, np.float64):
        cure = "divide by its full scale first, e.g. audio / 32768.0"
        if array.dtype.kind not in "iu":
            cure = "use audio.astype(numpy.float32)"
        raise AudioTypeError(f"audio is {array.dtype}, not float32 or float64; {cure}")


def _layout_of(shape: tuple[int, int], channels: int | None, last: Layout | None) -> Layout:
    rows, columns = shape
    if rows == columns and rows > 1:
        if last is not None and not last.mono_vector:
            return last
        raise AudioLayoutError(
            f"audio of shape {shape} could be [channels, samples] or [samples, channels]; provide"
            " a non-square array first (one without samples will do), or open"
            " box.stream(sample_rate, channels), which takes [channels, samples] only"
        )
    if channels is not None and rows == channels:
        return CHANNELS_FIRST
    if channels is not None and columns == channels:
        return _INTERLEAVED
    if rows == 0 or columns == 0:
        return _INTERLEAVED if rows == 0 and columns > 0 else CHANNELS_FIRST
    return _INTERLEAVED if columns < rows else CHANNELS_FIRST


def check_channels(channels: Any, shape: tuple[int, ...] | None = None) -> int:
    """Return the channel count, or raise `AudioError` outside 1 to 32."""
    if isinstance(channels, bool) or not isinstance(channels, (int, np.integer)):
        raise AudioError(f"channels = {channels!r} is no whole number; use 1 to {MAX_CHANNELS}")
    if not 1 <= channels <= MAX_CHANNELS:
        where = f" (shape {shape})" if shape is not None else ""
        raise AudioError(
            f"{channels} channels{where} can't be processed; pass 1 to {MAX_CHANNELS}"
            " channels as [channels, samples]"
        )
    return int(channels)


def check_sample_rate(sample_rate: Any) -> int:
    """Return the rate in whole Hz, or raise `AudioError` outside 8,000 to 192,000 Hz."""
    bad = isinstance(sample_rate, bool) or not isinstance(sample_rate, numbers.Real)
    if bad or (not isinstance(sample_rate, numbers.Integral) and not math.isfinite(sample_rate)):
        error = AudioTypeError if bad else AudioError
        raise error(f"sample_rate = {sample_rate!r} is no rate; use a number of Hz, e.g. 48000")
    if sample_rate != int(sample_rate):
        raise AudioError(f"sample_rate = {sample_rate!r} is no whole number of Hz; round it")
    if not MIN_SAMPLE_RATE <= sample_rate <= MAX_SAMPLE_RATE:
        raise AudioError(
            f"sample_rate = {_brief(sample_rate)} Hz is outside {MIN_SAMPLE_RATE} to"
            f" {MAX_SAMPLE_RATE} Hz; resample the audio first (soxr.resample)"
        )
    return int(sample_rate)


def _brief(number: Any) -> str:
    try:
        return f"{number:g}"
    except OverflowError:
        return "(hundreds of digits)"


def check_buffer_size(buffer_size: Any) -> int:
    """Return the buffer size, or raise `AudioError` below 1."""
    if isinstance(buffer_size, bool) or not isinstance(buffer_size, numbers.Integral):
        raise AudioTypeError(
            f"buffer_size = {buffer_size!r} is no whole number; use e.g. 8192 (it never changes"
            " the result)"
        )
    if buffer_size < 1:
        raise AudioError(f"buffer_size = {buffer_size} is below 1; use e.g. 8192")
    return int(buffer_size)


def check_block(block: Any, channels: int) -> Audio:
    """Return a stream's block as contiguous float32, or raise `AudioError`.

    A stream takes `[channels, samples]` and nothing else, so that no shape is ever guessed.
    """
    if (
        isinstance(block, np.ndarray)
        and block.ndim == 2
        and block.shape[0] == channels
        and block.dtype == np.float32
        and block.flags.c_contiguous
    ):
        return block
    check_float(block)
    if block.ndim != 2 or block.shape[0] != channels:
        raise AudioError(
            f"block of shape {block.shape} in a stream of {channels} channel"
            f"{'s' if channels != 1 else ''}; pass [channels, samples] with {channels} row"
            f"{'s' if channels != 1 else ''} (blocks may have any length, the count may not change)"
        )
    return _as_float32(block)


def take_sidechains(
    sidechain: Any,
    wanted: frozenset[str],
    channels: int,
    num_samples: int,
    layout: Layout = CHANNELS_FIRST,
) -> dict[str, Audio] | None:
    """Return name → `[channels, num_samples]` of every side chain that the boxes ask for.

    Parameters
    ----------
    sidechain : None, ndarray or dict of str to ndarray
        One array serves the name "sidechain" or, where exactly one name is wanted, that one.
        Mono is heard by all channels.
    layout : Layout
        Of the main signal: a square side chain is laid out in the same way.
    """
    if sidechain is None:
        named = {}
    elif isinstance(sidechain, dict):
        named = sidechain
    else:
        only = next(iter(wanted)) if len(wanted) == 1 else "sidechain"
        named = {only: sidechain}
    for name in named:
        if name not in wanted:
            raise AudioError(
                f"no box listens to the side chain '{name}'{did_you_mean(name, wanted)};"
                f" the boxes ask for {', '.join(sorted(wanted)) or 'none'}"
            )
    result = {}
    for name, array in named.items():
        audio, _ = take_audio(array, channels, layout)
        if audio.shape[0] not in (1, channels) or audio.shape[1] != num_samples:
            raise AudioError(
                f"side chain '{name}' of shape {array.shape} does not fit audio of {channels}"
                f" channels and {num_samples} samples; give it the same length, and 1 or"
                f" {channels} channels"
            )
        result[name] = np.ascontiguousarray(np.broadcast_to(audio, (channels, num_samples)))
    missing = wanted - named.keys() - {"sidechain"}
    if missing:
        raise AudioError(
            f"the side chain '{sorted(missing)[0]}' is asked for by a box but was not given; pass"
            f" sidechain={{'{sorted(missing)[0]}': audio}}"
        )
    return result or None
