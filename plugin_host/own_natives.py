# SPDX-License-Identifier: GPL-3.0-or-later
"""Our own Gain, Invert, IIR filters and Convolution, steered by the properties of pedalboard's.

pedalboard's filters snap small states to zero at the end of every internal call, so on quiet
material they depend on the block boundaries; its Convolution depends on them always; all step
when a property changes. These are ≤ 3e-7 from pedalboard's, equal bit for bit under any block
schedule, and ramp. Gain and Invert are so cheap that copying into pedalboard and out of it is dear.
"""

from __future__ import annotations

import warnings
from itertools import pairwise
from typing import Any

import numpy as np

from neuralboard import cpp_ext, natives, responses
from neuralboard.audio import Audio
from neuralboard.errors import NeuralboardWarning, ParameterError
from neuralboard.guard import BrokenSamples
from neuralboard.ramp import RAMP_SECONDS, Ramp
from neuralboard.voice import Sidechains, Voice

__all__ = ["ConvolutionVoice", "FilterVoice", "GainVoice", "InvertVoice", "own_voice"]


def own_voice(native: Any, sample_rate: int, channels: int) -> Voice:
    """Return the voice that stands in for a Gain, Invert, Convolution or IIR filter."""
    name = natives.native_class(native).__name__
    if name == "Invert":
        return InvertVoice(sample_rate, channels)
    kinds: dict[str, type[SteeredVoice]] = {"Gain": GainVoice, "Convolution": ConvolutionVoice}
    return kinds.get(name, FilterVoice)(native, sample_rate, channels)


class InvertVoice(Voice):
    """The other polarity: no state, no settings, and nothing can break in it."""

    def reset(self) -> None:
        """There is nothing to forget."""

    def process(self, block: Audio, side: Sidechains | None = None) -> Audio:
        return np.negative(block)

    def render(self, audio: Audio, side: Sidechains | None = None) -> Audio:
        """Process a whole recording in one pass."""
        return np.negative(audio)


class SteeredVoice(Voice):
    """A voice whose ramped values come from a native's properties."""

    def __init__(self, native: Any, sample_rate: int, channels: int) -> None:
        super().__init__(sample_rate, channels)
        self._native = native
        self._read = natives.value_reader(native)
        self._length = round(RAMP_SECONDS * sample_rate)
        self._guard = BrokenSamples(f"the output of {natives.native_class(native).__name__}")
        self._begin()

    def _targets(self, values: tuple[Any, ...]) -> list[float]:
        """Return what is ramped for these property values."""
        return [float(value) for value in values]

    def _begin(self) -> None:
        self._values = self._read(self._native)
        natives.check_values(self._native, self._values, self.sample_rate)
        self._refused: Any = None
        self._position = 0
        self._constant = self._targets(self._values)
        self._ramps = [Ramp(value) for value in self._constant]
        self._moving = False

    def reset(self) -> None:
        self._guard.reset()
        self._begin()

    def _follow(self, values: tuple[Any, ...]) -> None:
        try:
            natives.check_values(self._native, values, self.sample_rate)
        except ParameterError as error:
            self._refused = values
            warnings.warn(
                f"{error} (the running stream keeps the value before)", NeuralboardWarning, 2
            )
            return
        self._values = values
        for ramp, target in zip(self._ramps, self._targets(values), strict=True):
            if ramp.target != target:
                ramp.change(self._position, target, self._length)
                self._moving = True

    def process(self, block: Audio, side: Sidechains | None = None) -> Audio:
        values = self._read(self._native)
        if values != self._values and values != self._refused:
            self._follow(values)
        start = self._position
        stop = self._position = start + block.shape[1]
        if start == stop:
            return block
        if not self._moving:
            return self._finish(self._run(block, self._constant))
        edges = {i for ramp in self._ramps for i in ramp.edges(start, stop)}
        cuts = [start, *sorted(edges), stop]
        pieces = []
        for a, b in pairwise(cuts):
            indices = np.arange(a, b)
            piece = np.ascontiguousarray(block[:, a - start : b - start])
            pieces.append(self._run(piece, [ramp.values(indices) for ramp in self._ramps]))
        for ramp in self._ramps:
            ramp.forget(stop)
        self._moving = not all(ramp.idle for ramp in self._ramps)
        self._constant = [ramp.target for ramp in self._ramps]
        return self._finish(np.concatenate(pieces, axis=1))

    def _run(self, block: Audio, heard: list[Any]) -> Audio:
        raise TypeError(f"{type(self).__name__} has no _run method")

    def _finish(self, out: Audio) -> Audio:
        clean = self._guard.clean(out)
        if clean is not out:
            self._forget_sound()
        return clean

    def _forget_sound(self) -> None:
        """Clear the audio state after broken numbers."""


class GainVoice(SteeredVoice):
    """Gain; what ramps is the factor, not the decibels."""

    def _targets(self, values: tuple[Any, ...]) -> list[float]:
        # JUCE's Decibels::decibelsToGain in float32: -100 dB and below is silence.
        (gain_db,) = values
        if gain_db <= -100.0:
            return [0.0]
        return [float(np.float32(10.0) ** np.float32(np.float32(gain_db) * np.float32(0.05)))]

    def _run(self, block: Audio, heard: list[Any]) -> Audio:
        return np.asarray(block * heard[0], np.float32)

    def render(self, audio: Audio, side: Sidechains | None = None) -> Audio:
        """Process a whole recording in one pass: cut in blocks it would be copied twice."""
        return self.process(audio) if audio.shape[1] else audio.copy()


class FilterVoice(SteeredVoice):
    """High-pass, low-pass, shelves and peak by our biquad."""

    def __init__(self, native: Any, sample_rate: int, channels: int) -> None:
        kind = natives.FILTER_KINDS[natives.native_class(native).__name__]
        names = natives.property_names(native)
        self._order = [
            names.index(name) if name in names else None
            for name in ("cutoff_frequency_hz", "gain_db", "q")
        ]
        self._biquad = cpp_ext.Biquad(kind, sample_rate, channels)
        super().__init__(native, sample_rate, channels)

    def _targets(self, values: tuple[Any, ...]) -> list[float]:
        defaults = (1000.0, 0.0, 0.70710678)
        return [
            default if place is None else float(values[place])
            for place, default in zip(self._order, defaults, strict=True)
        ]

    def reset(self) -> None:
        self._biquad.reset()
        super().reset()

    def _forget_sound(self) -> None:
        self._biquad.reset()

    def _run(self, block: Audio, heard: list[Any]) -> Audio:
        return self._biquad.process(block, heard[0], heard[1], heard[2])


class ConvolutionVoice(SteeredVoice):
    """Convolution by our partitioned convolver; what ramps is the mix."""

    def __init__(self, native: Any, sample_rate: int, channels: int) -> None:
        natives.check_format(native, sample_rate, channels)
        self._convolver = cpp_ext.Convolver(responses.taps_of(native, sample_rate, channels))
        super().__init__(native, sample_rate, channels)

    def reset(self) -> None:
        self._convolver.reset()
        super().reset()

    def _forget_sound(self) -> None:
        self._convolver.reset()

    def _run(self, block: Audio, heard: list[Any]) -> Audio:
        (mix,) = heard
        wet = self._convolver.process(block)
        wet *= mix
        wet += block * (np.float32(1.0) - np.float32(mix))
        return wet
