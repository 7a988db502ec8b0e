# SPDX-License-Identifier: GPL-3.0-or-later
"""Separator: one recording in, several out, by name, aligned to the sample.

What can separate: a box whose class has `stems`, the names of its outputs (a SpectralEffect that
returns `[stems, channels, k, bins]`, a NeuralEffect whose model file has stems), and a box with a
method `separator()` that returns such a one (HarmonicPercussive, CenterExtractor).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from neuralboard import cpp_ext
from neuralboard.audio import Audio
from neuralboard.errors import BoxError
from neuralboard.processor import Processor
from neuralboard.voice import Sidechains, Voice

__all__ = ["REST", "Separator"]

REST = "rest"
"""Name of the output that holds what the others lack."""


class Separator(Processor):
    """Parts a recording into stems, in one go or as a stream; both give the same samples.

    Parameters
    ----------
    box : Processor
        With several outputs, or with a `separator()`; of the latter's settings those that are no
        matter of the parts (gains, mix, bypass) are left as they come.
    residual : bool
        Add an output "rest": the input minus the others, so that all sum to the input.

    Attributes
    ----------
    stems : tuple of str
        Names of the outputs, in their order.

    Raises
    ------
    BoxError
        A box with one output only, or with a setting that parts don't have.

    Examples
    --------
    >>> import numpy as np
    >>> import neuralboard as nb
    >>> parts = nb.Separator(nb.HarmonicPercussive())
    >>> parts.stems
    ('harmonic', 'percussive')
    >>> parts(np.zeros((2, 1000), np.float32), 48_000).shape
    (2, 2, 1000)
    """

    def __init__(self, box: Any, *, residual: bool = False) -> None:
        source: Any = box.separator() if hasattr(box, "separator") else box
        if source is not box:
            _check_heeded(box, source)
        names = tuple(getattr(source, "stems", ()))
        kind = type(source).__name__
        if not names or not isinstance(source, Processor):
            raise BoxError(
                f"{kind} gives one output and can't separate; take a box with stems:"
                " HarmonicPercussive, CenterExtractor, or a NeuralEffect whose model has stems"
            )
        picked = getattr(source, "stem", None)
        if picked is not None:
            raise BoxError(
                f"{kind}.stem = {picked!r} picks one output; leave it out to get all of"
                f" {', '.join(names)}"
            )
        if residual and REST in names:
            raise BoxError(
                f"{kind} has an output '{REST}' of its own; leave residual out, or rename that"
            )
        self._source = source
        self._residual = bool(residual)
        self.stems: tuple[str, ...] = (*names, REST) if residual else names

    def _open(self, sample_rate: int, channels: int) -> Voice:
        voice = self._source.open(sample_rate, channels)
        return _WithRest(voice) if self._residual else voice

    def separate(self, audio: Audio, sample_rate: float) -> dict[str, Audio]:
        """Return name → audio of the input's shape.

        Parameters
        ----------
        audio : ndarray, float32 or float64, `[channels, samples]` or `[samples]`
        sample_rate : float
            Hz.
        """
        return dict(zip(self.stems, self(audio, sample_rate), strict=True))


def _check_heeded(box: Any, source: Any) -> None:
    """Refuse what was set on a box and makes no difference to its parts."""
    for name, descriptor in box._descriptors.items():
        value = box._values[name]
        if name == "name" or value == descriptor.default:
            continue
        if name not in source._descriptors or source._values[name] != value:
            raise BoxError(
                f"{type(box).__name__}.{name} = {value!r} makes no difference to a separator, which"
                " gives each part by itself; leave it out"
            )


class _WithRest(Voice):
    """A voice with several outputs, and one more: the delayed input minus their sum."""

    def __init__(self, inner: Voice) -> None:
        super().__init__(inner.sample_rate, inner.channels, inner.latency)
        self.causes = dict(inner.causes)
        self.poolable, self.sidechains = inner.poolable, inner.sidechains
        self.stems = (*inner.stems, REST)
        self.children = (inner,)
        self._inner = inner
        self._dry = cpp_ext.DelayLine(inner.channels, inner.latency)

    def process(self, block: Audio, side: Sidechains | None = None) -> Audio:
        dry = self._dry.push(block) if self.latency else block
        out = self._inner.process(block, side)
        rest = dry - np.sum(out, axis=0, dtype=np.float32)
        return np.concatenate([out, rest[np.newaxis]])

    def reset(self) -> None:
        self._inner.reset()
        self._dry.reset()

    def reusable(self) -> bool:
        return self._inner.reusable()

    def close(self) -> None:
        self._inner.close()
