# SPDX-License-Identifier: GPL-3.0-or-later
"""A processor over a source of blocks: aligned pairs of input and output, in bounded memory.

    input   |-- n samples --|-- latency zeros --|-- tail zeros --|
    output  |-- latency --|-- n samples --|-- tail --|
               dropped          kept

Contents: `render` (any processor), `render_stems` (one with several outputs), `resampled`
(whole-file conversion by soxr VHQ).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any, Literal

import numpy as np

from neuralboard.audio import Audio
from neuralboard.errors import AudioError

__all__ = ["BLOCK", "Tail", "render", "render_stems", "resampled"]

BLOCK = 16_384
Tail = float | Literal["auto"]

_LONGEST_TAIL = 60.0
_QUIET = 1e-4  # -80 dBFS
_PATIENCE = 31.0  # the longest echo of pedalboard's Delay is 30 s


def render(
    processor: Any, blocks: Iterable[Audio], sample_rate: int, channels: int, tail: Tail
) -> Iterator[tuple[Audio, Audio]]:
    """Yield (input, output) blocks, aligned: latency removed, zeros as input in the tail.

    Parameters
    ----------
    processor : Processor
    blocks : iterable of ndarray [channels, samples]
    tail : float or "auto"
        Seconds that are rendered after the end, or until the output stays below -80 dBFS (at most
        60 s).
    """
    if getattr(processor, "streamable", True):
        outputs = _streamed(processor, blocks, sample_rate, channels, tail)
    else:
        outputs = _whole(processor, blocks, sample_rate, channels, tail)
    return outputs


def render_stems(
    processor: Any, blocks: Iterable[Audio], sample_rate: int, channels: int
) -> Iterator[tuple[Audio, Audio]]:
    """Yield (input `[channels, samples]`, output `[stems, channels, samples]`) blocks, aligned.

    Parameters
    ----------
    processor : Processor
        Its stream has several outputs.
    blocks : iterable of ndarray [channels, samples]
    """
    return _streamed(processor, blocks, sample_rate, channels, 0.0, several=True)


def _streamed(
    processor: Any,
    blocks: Iterable[Audio],
    sample_rate: int,
    channels: int,
    tail: Tail,
    *,
    several: bool = False,
) -> Iterator[tuple[Audio, Audio]]:
    dry = _Queue(channels)
    with processor.stream(sample_rate, channels) as stream:
        late = stream.latency

        def aligned(block: Audio) -> Audio:
            nonlocal late
            out = _checked(stream.process(block), block, several=several)
            cut = min(late, out.shape[-1])
            late -= cut
            return out[..., cut:]

        for block in blocks:
            dry.push(block)
            out = aligned(block)
            yield dry.pop(out.shape[-1]), out
        for zeros in _zeros(channels, stream.latency):
            out = aligned(zeros)
            yield dry.pop(out.shape[-1]), out
        for out in _tail(aligned, sample_rate, channels, tail):
            yield np.zeros_like(out), out


def _tail(process: Any, sample_rate: int, channels: int, tail: Tail) -> Iterator[Audio]:
    if tail != "auto":
        yield from (process(zeros) for zeros in _zeros(channels, round(tail * sample_rate)))
        return
    waiting, quiet = list[Audio](), 0
    for zeros in _zeros(channels, round(_LONGEST_TAIL * sample_rate)):
        out = process(zeros)
        loud = np.flatnonzero(np.max(np.abs(out), axis=0) > _QUIET)
        if loud.size:  # all up to here is part of the tail
            end = int(loud[-1]) + 1
            yield from waiting
            yield out[:, :end]
            waiting, quiet = [out[:, end:]], out.shape[1] - end
        else:
            waiting.append(out)
            quiet += out.shape[1]
        if quiet > _PATIENCE * sample_rate:
            return


def _whole(
    processor: Any, blocks: Iterable[Audio], sample_rate: int, channels: int, tail: Tail
) -> Iterator[tuple[Audio, Audio]]:
    """Render in one call what can't be streamed (PitchShift, GSMFullRateCompressor)."""
    silence = np.zeros((channels, 0), np.float32)
    audio = np.concatenate([silence, *blocks], axis=1)
    extra = round((_LONGEST_TAIL if tail == "auto" else tail) * sample_rate)
    padded = np.concatenate([audio, np.zeros((channels, extra), np.float32)], axis=1)
    if padded.shape[1] == 0:
        return
    out = _checked(processor(padded, sample_rate), padded)
    if tail == "auto":
        loud = np.flatnonzero(np.max(np.abs(out), axis=0) > _QUIET)
        end = int(loud[-1]) + 1 if loud.size else 0
        out = out[:, : max(audio.shape[1], end)]
    for start in range(0, out.shape[1], BLOCK):
        yield (
            padded[:, start : start + BLOCK][:, : out.shape[1] - start],
            out[:, start : start + BLOCK],
        )


def _checked(out: Audio, block: Audio, *, several: bool = False) -> Audio:
    if several and out.ndim == 3 and out.shape[1:] == block.shape:
        return out
    if out.ndim == 3 and not several:
        raise AudioError(
            f"the processor gives {out.shape[0]} outputs at once; pick one of them with stem="
        )
    if out.shape != block.shape:
        raise AudioError(
            f"the processor gave {out.shape} for a block of {block.shape}; a box must return as"
            " many samples as it gets (neuralboard check finds which one)"
        )
    return out


def _zeros(channels: int, count: int) -> Iterator[Audio]:
    for start in range(0, count, BLOCK):
        yield np.zeros((channels, min(BLOCK, count - start)), np.float32)


class _Queue:
    """Input blocks that wait for their output."""

    def __init__(self, channels: int) -> None:
        self._blocks: deque[Audio] = deque()
        self._channels = channels

    def push(self, block: Audio) -> None:
        self._blocks.append(block)

    def pop(self, count: int) -> Audio:
        taken = [np.zeros((self._channels, 0), np.float32)]
        while count > 0:
            block = self._blocks.popleft()
            taken.append(block[:, :count])
            if block.shape[1] > count:
                self._blocks.appendleft(block[:, count:])
            count -= taken[-1].shape[1]
        return np.concatenate(taken, axis=1) if len(taken) != 2 else taken[1]


def resampled(
    blocks: Iterable[Audio], sample_rate: int, target_rate: int, channels: int
) -> Iterator[Audio]:
    """Yield the same sound at another rate, aligned, round(n * target_rate / sample_rate) long.

    soxr's stream holds back what its filter needs and gives it at the end: nothing is shifted.
    """
    if sample_rate == target_rate:
        yield from blocks
        return
    import soxr  # type: ignore[import-untyped,unused-ignore]

    converter = soxr.ResampleStream(
        sample_rate, target_rate, channels, dtype="float32", quality="VHQ"
    )
    for block in blocks:
        frames = np.ascontiguousarray(block.T)  # [samples, channels]
        yield np.ascontiguousarray(converter.resample_chunk(frames).T)
    last = converter.resample_chunk(np.zeros((0, channels), np.float32), last=True)
    yield np.ascontiguousarray(last.T)
