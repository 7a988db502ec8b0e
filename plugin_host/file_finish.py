# SPDX-License-Identifier: GPL-3.0-or-later
"""A file that shall have a loudness: its last steps, and a second look at lossy ones."""

from __future__ import annotations

from collections.abc import Callable

from neuralboard.audio_writer import AudioWriter
from neuralboard.file_job import Job
from neuralboard.file_loudness import decoded_peak
from neuralboard.finish import finish
from neuralboard.spool import Spool

__all__ = ["decode_again", "write_finished"]


def write_finished(
    job: Job,
    spool: Spool,
    writer: AudioWriter,
    channel_mask: int | None,
    progress: Callable[[int, int | None], None] | None,
) -> None:
    """Write what was rendered, at the loudness and below the ceiling that are asked for."""

    def of_all(done: int, _: int | None) -> None:
        if progress is not None:
            progress(done, spool.num_samples)

    job.finished = finish(
        spool,
        writer.sample_rate,
        writer.channels,
        loudness_lufs=job.loudness,
        true_peak_db=job.true_peak,
        dual_mono=job.dual_mono,
        channel_mask=channel_mask,
        progress=of_all,
    )
    job.notes.append(job.finished.describe())
    job.warnings.extend(job.finished.warnings)
    for block in job.finished.blocks():
        writer.write(block)


def decode_again(job: Job, channel_mask: int | None) -> None:
    """Tell the true peak of a lossy output: an encoder may lift it by a dB and more."""
    text, too_high = decoded_peak(job.output, job.true_peak, channel_mask)
    (job.warnings if too_high else job.notes).append(text)
