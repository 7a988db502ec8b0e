# SPDX-License-Identifier: GPL-3.0-or-later
"""A stream: audio in blocks of any size through one box, as many samples out as in.

with box.stream(48_000, channels=2) as stream:
    for block in blocks:                 # [channels, samples]
        play(stream.process(block))      # delayed by stream.latency samples
    play(stream.flush())                 # the rest
"""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

import numpy as np

from neuralboard import cpp_ext
from neuralboard.audio import CHANNELS_FIRST, Audio, Layout, check_block, take_sidechains
from neuralboard.errors import StreamError
from neuralboard.guard import BrokenSamples, SideChainGuard
from neuralboard.voice import RENDER_BLOCK, Voice

__all__ = ["Stream"]


class Stream:
    """One running voice with its guards. Made by `box.stream(sample_rate, channels)`.

    Attributes
    ----------
    sample_rate : int
        Hz.
    channels : int
        Rows of every block.
    latency : int
        Samples by which the output lags; constant.
    """

    def __init__(self, voice: Voice) -> None:
        self._voice = voice
        self._guard = BrokenSamples("the input")
        self._side_guard = SideChainGuard()
        self._flushed = self._closed = False
        self._sides: frozenset[str] = frozenset()  # side chains that were given
        self.sample_rate = voice.sample_rate
        self.channels = voice.channels
        self.latency = voice.latency

    @property
    def controls(self) -> dict[str, Audio]:
        """What the box told about the last block besides its audio (a gain reduction, say)."""
        return dict(self._voice.controls)

    def process(self, block: Audio, sidechain: Any = None) -> Audio:
        """Process one block.

        Parameters
        ----------
        block : ndarray, float32 or float64, `[channels, samples]`
            Any number of samples, 0 included.
        sidechain : ndarray or dict of str to ndarray, optional
            Of the same length, for boxes that listen to another signal.

        Returns
        -------
        ndarray, float32, `[channels, samples]`
            As many samples as came in, `latency` samples late.

        Raises
        ------
        AudioError
            For another channel count or an array that is no audio.
        StreamError
            After `flush` or `close`.
        """
        return self._process(block, sidechain, CHANNELS_FIRST)

    def _process(self, block: Audio, sidechain: Any, layout: Layout) -> Audio:
        if self._flushed or self._closed:
            state = "closed" if self._closed else "flushed"
            raise StreamError(
                f"this stream was {state} and takes no more blocks; call reset() or open a new one"
            )
        audio = check_block(block, self.channels)
        wanted = self._voice.sidechains
        side = None
        if wanted or sidechain is not None:
            side = take_sidechains(sidechain, wanted, self.channels, audio.shape[1], layout)
            side = self._side_guard.clean(side)
            self._sides |= side.keys() if side else frozenset()
        return self._run(audio, side)

    def _run(self, audio: Audio, side: dict[str, Audio] | None = None) -> Audio:
        token = cpp_ext.denormals_off()
        try:
            clean = self._guard.clean(audio)
            out = self._voice.process(clean, side)
        finally:
            cpp_ext.denormals_restore(token)
        if out is audio or np.may_share_memory(out, audio):
            return out.copy()
        return out

    def flush(self, tail: float = 0.0) -> Audio:
        """Return the last `latency` samples, and `tail` seconds more of what still sounds.

        The stream takes no more blocks afterwards (until `reset`).
        """
        if self._flushed or self._closed:
            raise StreamError("this stream was flushed already; call reset() or open a new one")
        if not (isinstance(tail, (int, float)) and 0.0 <= tail < 86_400.0):
            raise StreamError(f"tail = {tail!r} is no length; use seconds, 0 or more")
        left = self.latency + round(tail * self.sample_rate)
        pieces = [np.zeros((self.channels, 0), np.float32)]
        if self._voice.stems:
            pieces = [np.zeros((len(self._voice.stems), self.channels, 0), np.float32)]
        while left > 0:
            size = min(left, RENDER_BLOCK)
            zeros = np.zeros((self.channels, size), np.float32)
            sides = dict.fromkeys(self._sides, zeros) or None  # a box may do without
            pieces.append(self._run(zeros, sides))
            left -= size
        self._flushed = True
        return np.concatenate(pieces, axis=-1)

    def reset(self) -> None:
        """Begin anew with nothing remembered."""
        if self._closed:
            raise StreamError("this stream was closed; open a new one")
        self._voice.reset()
        self._guard.reset()
        self._side_guard.reset()
        self._sides = frozenset()
        self._flushed = False

    def close(self) -> None:
        """End the stream and give back what it held. `with` does it by itself."""
        if not self._closed:
            self._closed = True
            self._voice.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return (
            f"<Stream of {self.channels} channel(s) at {self.sample_rate} Hz,"
            f" latency {self.latency} samples>"
        )
