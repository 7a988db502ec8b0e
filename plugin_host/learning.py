# SPDX-License-Identifier: GPL-3.0-or-later
"""A noise print from the recording itself: what engineers do with a pause in the take."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from neuralboard.audio import Audio
from neuralboard.audio_reader import AudioReader
from neuralboard.errors import AudioFileError, ParameterError

__all__ = ["all_boxes", "learned"]


def learned(
    processor: Any, reader: AudioReader, seconds: tuple[float, float]
) -> tuple[Any, Audio | None]:
    """Let every box that can learn a noise print take it from a range of a file.

    Returns
    -------
    processor : Processor
        A copy that knows the noise; the caller's stays as it was.
    head : ndarray [channels, samples] or None
        What had to be read of a pipe, from its first sample on.
    """
    first, last = (round(second * reader.sample_rate) for second in seconds)
    learner = copy.deepcopy(processor)
    boxes = [box for box in all_boxes(learner) if callable(getattr(box, "learn", None))]
    if not boxes:
        raise ParameterError(
            "no box here can learn a noise print; leave learn out, or add spectral_subtraction()"
        )
    head = None
    if reader.seekable and (reader.num_samples is None or first < reader.num_samples):
        reader.seek(first)
        noise = reader.read(last - first)
    elif reader.seekable:
        noise = np.zeros((reader.channels, 0), np.float32)
    else:
        head = reader.read(last)
        noise = head[:, first:]
    if noise.shape[1] == 0:
        raise AudioFileError(
            f"{reader.name} ends before learn = {seconds[0]:g} s; name a range inside it"
        )
    for box in boxes:
        box.learn(np.ascontiguousarray(noise), reader.sample_rate)
    return learner, head


def all_boxes(processor: Any, seen: set[int] | None = None) -> Iterator[Any]:
    """Yield the processor and everything in it: boards, mixes, wrapped boxes, native chains."""
    seen = set() if seen is None else seen
    if processor is None or id(processor) in seen or isinstance(processor, (str, bytes)):
        return
    seen.add(id(processor))
    yield processor
    children: list[Any] = []
    if isinstance(processor, Sequence) or hasattr(type(processor), "__getitem__"):
        children += list(processor)
    for name in ("branches", "processor"):
        child = getattr(processor, name, None)
        children += list(child) if isinstance(child, (list, tuple)) else [child]
    for child in children:
        yield from all_boxes(child, seen)
