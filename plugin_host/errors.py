# SPDX-License-Identifier: GPL-3.0-or-later
"""Every error that neuralboard raises: one line that names the value, the reason and the cure.

All derive from `NeuralboardError`, and from the built-in exception a caller would expect, so that
`except ValueError` written for pedalboard keeps working.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "AudioError",
    "AudioFileError",
    "BoxError",
    "BrokenSamplesWarning",
    "ChainError",
    "LatencyChangeWarning",
    "MixError",
    "ModelFileError",
    "NeuralboardError",
    "NeuralboardWarning",
    "ParameterError",
    "PresetError",
    "StreamError",
    "StreamingNotSupported",
    "did_you_mean",
]


class NeuralboardError(Exception):
    """Base of all errors of this library."""


class ParameterError(NeuralboardError, ValueError):
    """A parameter's value is of the wrong type or outside its range."""


class UnknownParameterError(ParameterError, AttributeError, TypeError):
    """A name that the box has no parameter of."""


class AudioError(NeuralboardError, ValueError):
    """An array is no audio that can be processed (shape, rate, channel count)."""


class AudioTypeError(AudioError, TypeError):
    """An array of a type that holds no audio (integers, complex numbers, text)."""


class AudioLayoutError(AudioError, RuntimeError):
    """A square array: nothing tells its channels from its samples (pedalboard: RuntimeError)."""


class StreamError(NeuralboardError, ValueError):
    """A stream was used against its contract (other rate, other channels, after its end)."""


class StreamingNotSupported(StreamError, RuntimeError):
    """A box in the chain needs the whole recording at once (PitchShift, GSMFullRateCompressor)."""


class BoxError(NeuralboardError, TypeError):
    """An object that is no box was put on a board, or a box breaks its contract."""


class BoardError(BoxError, ValueError):
    """A board was put into itself."""


class ChainError(NeuralboardError, ValueError):
    """Chain text that can't be read."""


class MixError(NeuralboardError, ValueError):
    """A mix that can't be made: its text, its routing, or a strip that failed; it is named."""


class PresetError(NeuralboardError, ValueError):
    """A preset that can't be read."""


class AudioFileError(NeuralboardError, OSError):
    """An audio file that can't be read or written."""

    def __str__(self) -> str:  # OSError would print a tuple for more than one argument
        return str(self.args[0]) if self.args else ""


class ModelFileError(NeuralboardError, ValueError):
    """A model file that is broken, unsafe or no model file at all."""


class NeuralboardWarning(UserWarning):
    """Base of all warnings of this library."""


class BrokenSamplesWarning(NeuralboardWarning):
    """Samples that are NaN, infinite or beyond 1e9 were replaced by 0."""


class LatencyChangeWarning(NeuralboardWarning):
    """A property that changes the latency was set in an open stream: it waits for the next one."""


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """Return " (did you mean 'x'?)" for the nearest candidate, or "" where none is near."""
    near = difflib.get_close_matches(name, list(candidates), n=1, cutoff=0.6)
    return f" (did you mean '{near[0]}'?)" if near else ""
