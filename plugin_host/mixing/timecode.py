# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a mix stands in time: the timecode of its tracks, where they agree on one.

A recorder writes into each WAV (`bext`, EBU Tech 3285) how many samples after midnight it began.
Tracks of one take agree, whatever their rates; then the mix and its stems carry that time, and fall
into place beside the picture or in a session.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

from neuralboard.audio_reader import AudioReader
from neuralboard.mixing.sources import SourceFacts
from neuralboard.mixing.strips import Strip, Track
from neuralboard.wav import Chunk
from neuralboard.wav_metadata import packed
from neuralboard.wav_timecode import bext
from neuralboard.wav_times import TimeMap

__all__ = ["timecode_of"]

_TIME_REFERENCE = 338  # bytes into a bext chunk
_SHORTEST = 602
_AGREE = 0.001  # s: a millisecond apart is one take


def timecode_of(
    strips: Mapping[str, Strip], facts: Mapping[str, SourceFacts], sample_rate: int
) -> tuple[bytes, str]:
    """Return the chunk for a mix's WAVs ("" where there is none), and what a user should know.

    Parameters
    ----------
    strips, facts
        Of the mixer.
    sample_rate : int
        Of the mix, Hz.
    """
    found: list[tuple[str, float, Chunk, TimeMap]] = []
    for name, strip in strips.items():
        if not isinstance(strip, Track) or facts[name].path is None:
            continue
        with AudioReader(facts[name].path or "") as reader:
            chunks = [c for c in reader.metadata if c.kind == b"bext" and len(c.body) >= _SHORTEST]
            rate = reader.sample_rate
        if chunks:
            first = -round(strip.offset * rate)  # the sample of the file that the mix begins with
            (reference,) = struct.unpack_from("<Q", chunks[0].body, _TIME_REFERENCE)
            if reference + first >= 0:
                start = (reference + first) / rate
                found.append((name, start, chunks[0], TimeMap(rate, sample_rate, first)))
    if not found:
        return b"", ""
    name, start, chunk, times = found[0]
    for other, another, _, _ in found[1:]:
        if abs(another - start) > _AGREE:
            return b"", (
                f"tracks '{name}' and '{other}' carry timecodes {abs(another - start):.3f} s apart:"
                " the mix carries none (offset moves a track)"
            )
    return packed([Chunk(chunk.kind, bext(chunk.body, times, True, None))]), ""
