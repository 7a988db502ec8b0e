# SPDX-License-Identifier: GPL-3.0-or-later
"""A voice: one box running in one stream. It owns all state; the box owns none.

    box (parameters)  ── open(sample_rate, channels) ──▶  voice (state)
                                                           process(block) → block, n in, n out

One-shot processing is the same voice fed with the whole recording and `latency` zeros; the first
`latency` samples that come out are dropped (`render`).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from neuralboard.audio import Audio

__all__ = ["RENDER_BLOCK", "Sidechains", "Voice", "push_through"]

Sidechains = Mapping[str, Audio]

# Long enough to make the cost of a Python call vanish, short enough to stay in the second-level
# cache through a chain of boxes.
RENDER_BLOCK = 16_384


class Voice:
    """Base of all voices.

    Attributes
    ----------
    sample_rate : int
        Hz.
    channels : int
        Channels in and out.
    latency : int
        Samples by which the output lags behind the input: constant, known before the first
        sample, the sum of named causes.
    causes : dict of str to int
        What the latency is made of ("frame", "look-ahead", "resampler", "chunk", a class).
    streamable : bool
        False where the whole recording is needed at once; then only `render` works.
    poolable : bool
        False where a voice must not be kept waiting for the next call (it holds a plug-in).
    sidechains : frozenset of str
        Names of the side chains that boxes in this voice listen to.
    stems : tuple of str
        Names of the outputs of a box that gives several at once; () where it gives one.
    tells : tuple of str
        Names of what it tells besides its audio (a gain reduction, a level).
    controls : dict
        name → values of the last block, one per sample, on the time line of the output.
    """

    streamable = True
    poolable = True
    sidechains: frozenset[str] = frozenset()
    stems: tuple[str, ...] = ()
    tells: tuple[str, ...] = ()

    def __init__(self, sample_rate: int, channels: int, latency: int = 0) -> None:
        self.sample_rate = sample_rate
        self.channels = channels
        self.latency = latency
        self.causes: dict[str, int] = {}
        self.controls: dict[str, Audio] = {}

    def process(self, block: Audio, side: Sidechains | None = None) -> Audio:
        """Take `[channels, n]` float32, contiguous, finite; give as many samples, delayed."""
        raise TypeError(f"{type(self).__name__} has no process method")

    def reset(self) -> None:
        """Become as when opened: all state gone, parameters taken over without a ramp."""
        raise TypeError(f"{type(self).__name__} has no reset method")

    def reusable(self) -> bool:
        """Return False where `reset` is not enough because the latency or structure changed."""
        return True

    def render(self, audio: Audio, side: Sidechains | None = None) -> Audio:
        """Process a whole recording `[channels, n]`; n samples come back, latency removed."""
        return push_through(self, audio, side)

    def close(self) -> None:
        """Give back what is held (a leased plug-in)."""


def push_through(voice: Voice, audio: Audio, side: Sidechains | None = None) -> Audio:
    """Feed a recording and `latency` zeros through a voice, drop the first `latency` samples."""
    num_samples, latency = audio.shape[1], voice.latency
    if latency == 0 and 0 < num_samples <= RENDER_BLOCK:
        return voice.process(audio, side)
    out = np.empty((*((len(voice.stems),) if voice.stems else ()), *audio.shape), np.float32)
    if num_samples == 0:
        return out
    for start in range(0, num_samples + latency, RENDER_BLOCK):
        stop = min(start + RENDER_BLOCK, num_samples + latency)
        sides = side and {name: _slice(array, start, stop) for name, array in side.items()}
        got = voice.process(_slice(audio, start, stop), sides)
        first = max(latency - start, 0)
        if first < stop - start:
            out[..., max(start - latency, 0) : stop - latency] = got[..., first:]
    return out


def _slice(audio: Audio, start: int, stop: int) -> Audio:
    """Return samples start to stop, contiguous, with zeros past the end."""
    block = audio[:, start:stop]
    if block.shape[1] == stop - start:
        return np.ascontiguousarray(block)
    padded = np.zeros((audio.shape[0], stop - start), np.float32)
    padded[:, : block.shape[1]] = block
    return padded
