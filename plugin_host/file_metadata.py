# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes from file to file beside the sound: chunks between WAVs, tags; and what is lost."""

from __future__ import annotations

import warnings
from pathlib import Path

from neuralboard.audio_reader import AudioReader
from neuralboard.audio_writer import AudioWriter
from neuralboard.file_job import Job
from neuralboard.tags import Tags
from neuralboard.wav_metadata import BEFORE_SOUND, carried_over, info_fields, packed

__all__ = ["add_tags", "chunks_for", "what_is_lost"]

# Chunks that say nothing a user would miss, or that are carried over as tags.
_TECHNICAL = {"fmt", "fact", "JUNK", "junk", "PAD", "FLLR", "ds64", "PEAK", "id3", "ID3", "SAUR"}


def chunks_for(job: Job, reader: AudioReader, bit_depth: int | None) -> tuple[bytes, bytes]:
    """Return what is carried from WAV to WAV, as it stands before and after the sound."""
    assert job.times is not None
    chunks = carried_over(
        reader.metadata,
        job.times,
        changed=job.changed,
        bit_depth=None if bit_depth == reader.bit_depth else bit_depth,
        loudness=None if job.finished is None else job.finished.loudness,
    )
    job.carried = frozenset(chunk.name for chunk in chunks)
    first = [chunk for chunk in chunks if chunk.kind in BEFORE_SOUND]
    rest = [chunk for chunk in chunks if chunk.kind not in BEFORE_SOUND]
    return packed(first), packed(rest)


def add_tags(reader: AudioReader, writer: AudioWriter) -> None:
    """Give the output the tags of the input."""
    too_long = writer.format == "wav" and writer.num_samples * writer.channels * 4 > 0xF000_0000
    if reader.name == "-" or not reader.seekable or writer.name == "-" or too_long:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # mutagen's, about odd but harmless tags
        writer.tags = Tags.read(Path(reader.name))
    if writer.format != "wav":
        writer.tags.take_info(info_fields(reader.metadata))


def what_is_lost(job: Job, reader: AudioReader, writer: AudioWriter) -> list[str]:
    """Return one line that names what the input holds and the output does not; none is best."""
    tags = writer.tags or Tags()
    kept = job.carried if writer.format == "wav" else {"LIST INFO"} if tags else set()
    lost = sorted((set(reader.chunks) - _TECHNICAL - kept) | tags.lost)
    return [f"not carried over from {reader.name}: {', '.join(lost)}"] if lost else []
