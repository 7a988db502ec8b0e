# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gate looks at: a network, the file written from it, and sound to try both on."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from neuralboard import cpp_ext
from neuralboard.effects.model_file import ModelFile
from neuralboard.errors import NeuralboardError

__all__ = ["MAX_BYTES", "ExportError", "Finding", "Subject", "demo_audio", "within"]

Floats = NDArray[np.float32]

MAX_BYTES = 3_000_000
"""Of a model file that ships; larger ones are allowed where somebody asks for them."""


class ExportError(NeuralboardError, RuntimeError):
    """A model can't become a model file; the message names the check, the figure and the bound."""


@dataclasses.dataclass(frozen=True)
class Finding:
    """What a check measured, and what was allowed."""

    what: str
    figure: float
    bound: float

    def __str__(self) -> str:
        return f"{self.what}: {self.figure:.3g} (at most {self.bound:g})"


def within(what: str, figure: float, bound: float) -> Finding:
    """Return the finding, or refuse a figure above the bound (NaN is above every bound)."""
    if not figure <= bound:
        raise ExportError(f"{what} is {figure:.3g}, at most {bound:g} is allowed")
    return Finding(what, float(figure), bound)


@dataclasses.dataclass(frozen=True)
class Subject:
    """A model on its way out.

    Attributes
    ----------
    network : nn.Module
        ``forward(main, states) -> (main output, states)``, lists of tensors, batch first;
        ``start_states(batch)`` gives the first ones. In evaluation mode.
    model : ModelFile
        Loaded from `path`.
    path : Path
        The file as written, not yet at its place.
    noisy, clean : float32 ``[2, samples]``
        Sound at the model's rate, its channels different; `clean` without the noise, where known.
    minutes : float
        How long the states are watched.
    max_bytes : int
        Of the file.
    """

    network: Any
    model: ModelFile
    path: Path
    noisy: Floats
    clean: Floats | None = None
    minutes: float = 10.0
    max_bytes: int = MAX_BYTES

    @property
    def unit(self) -> int:
        """Return the smallest step along axis 1 of the main input: a frame, or a block."""
        return self.model.card.block

    @property
    def full_scale(self) -> float:
        """Return the size that deviations of the main output are measured by."""
        if self.model.output_kind != "spectrum":
            return 1.0
        return float(np.sum(self.window()))

    def window(self) -> Floats:
        """Return the analysis window."""
        stft = self.model.card.stft
        assert stft is not None
        if not isinstance(stft.window, str):
            return np.array(stft.window, np.float32)
        return np.asarray(cpp_ext.window_values(stft.window, stft.n_fft), np.float32)

    def main(self, audio: Floats) -> Floats:
        """Return the graph's main input for audio ``[batch, samples]``."""
        stft = self.model.card.stft
        if stft is None:
            return np.ascontiguousarray(audio[:, : audio.shape[1] // self.unit * self.unit])
        stream = cpp_ext.StftStream(stft.n_fft, stft.hop_length, self.window(), len(audio))
        spectrum = stream.push(np.ascontiguousarray(audio))
        return spectrum.view(np.float32).reshape(*spectrum.shape, 2)

    def run(self, main: Floats, steps: Iterable[int] | None = None) -> Floats:
        """Run the file's graph from zero states, in calls of so many frames (default: one call)."""
        states, outputs, place = self.model.start_states(len(main)), [], 0
        if steps is None:
            return self.model.run(main, states)
        for step in steps:
            piece = main[:, place : place + step * self.unit]
            if not piece.shape[1]:
                break
            outputs.append(self.model.run(np.ascontiguousarray(piece), states))
            place += piece.shape[1]
        return np.concatenate(outputs, axis=self.time_axis)

    @property
    def time_axis(self) -> int:
        """Return the axis of frames (or samples) in the main output."""
        return 2 if self.model.card.stems else 1


def demo_audio(sample_rate: int, noisy: Path | None = None) -> tuple[Floats, Floats | None]:
    """Read the demo clip, or a recording of yours, as two different channels.

    Returns
    -------
    noisy, clean : float32 ``[2, samples]``
        `clean` is None for a recording of yours.
    """
    if noisy is not None:
        return _read(noisy, sample_rate), None
    assets = resources.files("neuralboard") / "assets"
    with resources.as_file(assets / "demo_noisy.flac") as one:
        found = _read(one, sample_rate)
    with resources.as_file(assets / "demo_clean.flac") as other:
        return found, _read(other, sample_rate)


def _read(path: Path, sample_rate: int) -> Floats:
    try:
        audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError) as error:
        raise ExportError(f"can't read {path.name}: {error}; give a WAV or FLAC file") from None
    mono = soxr.resample(audio[:, 0], rate, sample_rate)
    if len(mono) < sample_rate:
        raise ExportError(f"{path.name} is shorter than a second; give a longer recording")
    later = np.roll(mono, sample_rate) * np.float32(0.5)
    return np.stack([mono, later]).astype(np.float32)
