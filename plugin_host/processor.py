# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything is a Processor: a box, a Board, a Mix. It is called as pedalboard's plugins are.

    out = box(audio, 48_000)                    one-shot: latency removed, same shape and length
    with box.stream(48_000, channels=2) as s:   blocks of any size, delayed by box.latency(48_000)

One-shot is the stream pushed through in one go, so both give the same samples.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from neuralboard import cpp_ext
from neuralboard.audio import (
    Audio,
    Layout,
    check_buffer_size,
    check_channels,
    check_sample_rate,
    take_audio,
    take_sidechains,
)
from neuralboard.errors import StreamError, StreamingNotSupported
from neuralboard.guard import BrokenSamples, SideChainGuard
from neuralboard.stream import Stream
from neuralboard.voice import Voice

__all__ = ["RUNNING", "Processor"]

RUNNING = ("_pool", "_kept", "_last_layout")
"""What belongs to running calls, not to the box: never copied, pickled or compared."""

_POOL_KEYS, _POOL_VOICES = 4, 4


class Processor:
    """Base of boxes, boards and mixes: what can be done with any of them."""

    # Voices that finished a one-shot call wait here for the next, since opening one costs more
    # than running it on a short block: (rate, channels) → voices, newest last.
    _pool: dict[tuple[int, int], deque[Voice]]
    _kept: Stream | None
    _last_layout: Layout | None  # of the last block that told it: it settles square ones

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        self = super().__new__(cls)
        object.__setattr__(self, "_pool", {})
        object.__setattr__(self, "_kept", None)
        object.__setattr__(self, "_last_layout", None)
        return self

    # ------------------------------------------------------------------ what a subclass writes
    def _open(self, sample_rate: int, channels: int) -> Voice:
        """Return a new voice; arguments are checked already."""
        raise TypeError(f"{type(self).__name__} is no complete box: it has no _open method")

    # ------------------------------------------------------------------ what a user calls
    def __call__(
        self,
        input_array: Audio,
        sample_rate: float,
        buffer_size: int = 8192,
        reset: bool = True,
        *,
        sidechain: Any = None,
        automation: Mapping[str, Any] | None = None,
    ) -> Audio:
        """Process audio.

        Parameters
        ----------
        input_array : ndarray, float32 or float64
            `[channels, samples]`, `[samples]`, or `[samples, channels]` where there are more
            samples than channels; a square block has the layout of the call before. It is not
            changed.
        sample_rate : float
            Hz, 8,000 to 192,000.
        buffer_size : int
            Taken for pedalboard's sake; checked, and never changes the result.
        reset : bool
            True: a whole recording; latency is removed. False: the next block of a stream that
            this object keeps; as many samples come back, delayed by `latency(sample_rate)`.
        sidechain : ndarray or dict of str to ndarray, optional
            What boxes that listen to another signal hear, of the same length.
        automation : mapping of str to breakpoints, optional
            "box.parameter" → [[seconds, value], ...]: the value at time t acts on the sound that
            entered at t. The object's own settings stay as they are (`neuralboard.automation`).

        Returns
        -------
        ndarray, float32
            Of the input's shape (with the stems as a leading axis where a box gives several).

        Raises
        ------
        AudioError, StreamError, StreamingNotSupported
        """
        if automation:
            moving = self._moving(automation, reset)
            return moving(input_array, sample_rate, buffer_size, sidechain=sidechain)
        rate = check_sample_rate(sample_rate)
        check_buffer_size(buffer_size)
        kept = self._kept
        hint = kept.channels if kept is not None and not reset else None
        audio, layout = take_audio(input_array, hint, self._last_layout)
        if not layout.mono_vector and audio.shape != (1, 1):
            object.__setattr__(self, "_last_layout", layout)
        if not reset:
            stream = self._kept_stream(rate, audio.shape[0])
            return layout.restore(stream._process(audio, sidechain, layout))
        if kept is not None:
            self._end_kept()
        return layout.restore(self._one_shot(audio, rate, sidechain, input_array, layout))

    def process(
        self,
        input_array: Audio,
        sample_rate: float,
        buffer_size: int = 8192,
        reset: bool = True,
        *,
        sidechain: Any = None,
        automation: Mapping[str, Any] | None = None,
    ) -> Audio:
        """Process audio: the same as calling the object."""
        return self(
            input_array,
            sample_rate,
            buffer_size,
            reset,
            sidechain=sidechain,
            automation=automation,
        )

    def stream(self, sample_rate: float, channels: int) -> Stream:
        """Open a stream of `[channels, samples]` blocks.

        Raises
        ------
        AudioError
            For a rate outside 8 to 192 kHz or a channel count outside 1 to 32.
        StreamingNotSupported
            Where a box needs the whole recording at once.
        """
        voice = self.open(sample_rate, channels)
        if not voice.streamable:
            voice.close()
            names = ", ".join(sorted(set(_whole_names(voice))))
            raise StreamingNotSupported(
                f"{names} needs the whole recording at once and can't be streamed; call"
                " board(audio, sample_rate), or take it off the board"
            )
        return Stream(voice)

    def open(self, sample_rate: float, channels: int) -> Voice:
        """Return a running voice of this box: what streams are made of (no checks per block)."""
        return self._open(check_sample_rate(sample_rate), check_channels(channels))

    def latency(self, sample_rate: float, channels: int = 2) -> int:
        """Return the samples by which a stream at this rate lags behind its input."""
        rate, channels = check_sample_rate(sample_rate), check_channels(channels)
        voice = self._take_voice(rate, channels)
        try:
            return voice.latency
        finally:
            self._give_back(voice)

    @property
    def streamable(self) -> bool:
        """False where a box on it needs the whole recording at once."""
        return True

    def reset(self) -> None:
        """Forget the stream that calls with `reset=False` have kept, and the layout of arrays."""
        object.__setattr__(self, "_last_layout", None)
        self._end_kept()

    def _end_kept(self) -> None:
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def removed(self, audio: Audio, sample_rate: float, *, sidechain: Any = None) -> Audio:
        """Return what the box takes away: input minus output, aligned.

        Engineers judge the damage that a denoiser does by listening to this.
        """
        out = self(audio, sample_rate, sidechain=sidechain)
        return np.asarray(audio, np.float32) - out

    # ------------------------------------------------------------------ inside
    def _moving(self, automation: Mapping[str, Any], reset: bool) -> Processor:
        from neuralboard.automated import Automated

        if not reset:
            raise StreamError(
                "automation counts from the beginning of the sound, so reset=False can't take it;"
                " use Automated(board, automation).stream(sample_rate, channels)"
            )
        return Automated(self, automation)

    def _one_shot(
        self, audio: Audio, rate: int, sidechain: Any, original: Any, layout: Layout
    ) -> Audio:
        voice = self._take_voice(rate, audio.shape[0])
        try:
            side = None
            if voice.sidechains or sidechain is not None:
                channels, num_samples = audio.shape
                side = take_sidechains(sidechain, voice.sidechains, channels, num_samples, layout)
                side = SideChainGuard().clean(side)
            token = cpp_ext.denormals_off()
            try:
                out = voice.render(BrokenSamples("the input").clean(audio), side)
            finally:
                cpp_ext.denormals_restore(token)
        except BaseException:
            voice.close()
            raise
        self._give_back(voice)
        return out.copy() if np.may_share_memory(out, original) else out

    def _take_voice(self, rate: int, channels: int) -> Voice:
        waiting = self._pool.get((rate, channels))
        while waiting:
            try:
                voice = waiting.pop()
            except IndexError:  # another thread was faster
                break
            if voice.reusable():
                voice.reset()
                return voice
            voice.close()
        return self._open(rate, channels)

    def _give_back(self, voice: Voice) -> None:
        if not voice.poolable:
            voice.close()
            return
        key = (voice.sample_rate, voice.channels)
        waiting = self._pool.get(key)
        if waiting is None:
            while len(self._pool) >= _POOL_KEYS:
                self._pool.pop(next(iter(self._pool)), None)
            waiting = self._pool.setdefault(key, deque(maxlen=_POOL_VOICES))
        waiting.append(voice)

    def _kept_stream(self, rate: int, channels: int) -> Stream:
        kept = self._kept
        if kept is None:
            kept = self._kept = self.stream(rate, channels)
        elif (kept.sample_rate, kept.channels) != (rate, channels):
            raise StreamError(
                f"the kept stream runs at {kept.sample_rate} Hz with {kept.channels} channel(s),"
                f" this block came with {rate} Hz and {channels}; call reset() (or pass"
                " reset=True) to begin another one"
            )
        return kept


def _whole_names(voice: Any) -> list[str]:
    """Return the names of the boxes in a voice that can't stream."""
    if hasattr(voice, "whole_name"):
        return [voice.whole_name]
    return [name for child in getattr(voice, "children", ()) for name in _whole_names(child)]
