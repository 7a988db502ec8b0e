# SPDX-License-Identifier: GPL-3.0-or-later
"""What a pedalboard.Convolution convolves with: where it came from, and its taps at a rate.

pedalboard resamples a response to the stream's rate, normalises its energy and deals its channels
out, and shows none of that. So the taps are measured: one impulse through a copy, wholly wet.
"""

from __future__ import annotations

import re
import weakref
from typing import Any

import numpy as np
import pedalboard
from pedalboard.io import AudioFile

from neuralboard.audio import Audio
from neuralboard.errors import AudioFileError, BoxError, ParameterError

__all__ = ["check_array", "check_file", "source_of", "taps_of"]


def source_of(native: Any) -> tuple[Any, ...]:
    """Return the arguments that make a Convolution with the same impulse response."""
    filename = native.impulse_response_filename
    if filename:
        return (filename, native.mix)
    # The response's own rate is shown nowhere but in the repr: "... audio at 44100 Hz>".
    found = re.search(r"at ([0-9.eE+]+) Hz>", repr(native))
    if found is None:
        raise BoxError(
            f"the sample rate of the impulse response of {native!r} can't be read; make the"
            " Convolution from a file instead"
        )
    check_array(native.impulse_response, float(found[1]))
    return (native.impulse_response, native.mix, float(found[1]))


def check_array(response: Any, sample_rate: float) -> None:
    """Raise `ParameterError` for an impulse response that would hang or poison a Convolution.

    Parameters
    ----------
    response : ndarray, `[channels, samples]`
    sample_rate : float
        Hz; pedalboard resamples the response from it, which at 1e300 takes for ever.
    """
    if not 100.0 <= sample_rate <= 768_000.0:
        raise ParameterError(
            f"the impulse response's sample rate of {sample_rate:g} Hz is outside 100 to 768000;"
            " give the rate at which it was recorded"
        )
    if np.ndim(response) not in (1, 2) or np.size(response) == 0:
        raise ParameterError(
            f"the impulse response of shape {np.shape(response)} holds no samples; give"
            " [channels, samples]"
        )
    if not np.all(np.abs(response) <= 1e9):
        raise ParameterError(
            "the impulse response holds NaN, Inf or samples beyond 1e9; replace them, as by"
            " numpy.nan_to_num(response)"
        )


def check_file(native: Any) -> None:
    """Raise `AudioFileError` for a Convolution whose file could not be read.

    pedalboard takes a folder, a letter to an aunt or a FLAC without a word, and then changes
    nothing. (`impulse_response` is None for every file, a good one too.)
    """
    if native.impulse_response_filename:
        _measure(native, 48_000, 1, 1)


_known: weakref.WeakKeyDictionary[Any, dict[tuple[int, int], Audio]] = weakref.WeakKeyDictionary()


def taps_of(native: Any, sample_rate: int, channels: int) -> Audio:
    """Return `[channels, taps]` that a Convolution convolves a stream with, at mix = 1.

    Measured once for each instance, rate and channel count: a response can't be changed.

    Raises
    ------
    AudioFileError
        Where pedalboard could not read its file.
    """
    known = _known.setdefault(native, {})
    if (sample_rate, channels) not in known:
        length, rate = _length(native)
        # JUCE's own count of what it keeps after resampling.
        taps = round(max(1.0, length / (rate / sample_rate)))
        known[sample_rate, channels] = _measure(native, sample_rate, channels, taps)
    return known[sample_rate, channels]


def _length(native: Any) -> tuple[int, float]:
    """Return samples and Hz of the response as it was recorded."""
    source = source_of(native)
    if len(source) == 3:
        return np.atleast_2d(source[0]).shape[1], source[2]
    try:
        with AudioFile(source[0]) as file:
            return int(file.frames), float(file.samplerate)
    except (ValueError, OSError, RuntimeError):
        raise _unread(native) from None


def _measure(native: Any, sample_rate: int, channels: int, taps: int) -> Audio:
    source = source_of(native)
    try:
        copy = pedalboard.Convolution(source[0], 1.0, *source[2:])
    except (ValueError, OSError, RuntimeError):  # the file is gone
        raise _unread(native) from None
    impulse = np.zeros((channels, max(taps, channels + 1)), np.float32)
    impulse[:, 0] = 1.0
    response = copy.process(impulse, float(sample_rate))
    if len(source) == 2 and np.allclose(response, impulse, atol=1e-5):  # 1.0 comes as 0.125
        raise _unread(native)
    return np.ascontiguousarray(response[:, :taps], np.float32)


def _unread(native: Any) -> AudioFileError:
    return AudioFileError(
        f"{native.impulse_response_filename} holds no impulse response that pedalboard can read;"
        " name a WAV, AIFF or Ogg file (others it takes without a word and changes nothing)"
    )
