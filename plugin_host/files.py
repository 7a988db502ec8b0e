# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a processor over an audio file of any length, in bounded memory.

The output has the input's length (plus the tail), rate and bit depth; latency is removed. What a
box did not change comes back bit for bit. Order: chain, resampling, gain to a loudness and limiter
(finish.py; the sound is then kept on the disk between the passes), rounding with dither.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from neuralboard.audio import Audio, check_sample_rate
from neuralboard.audio_reader import AudioReader
from neuralboard.audio_sinks import format_of, kept_depth
from neuralboard.audio_writer import AudioWriter
from neuralboard.errors import AudioFileError, ParameterError
from neuralboard.file_finish import decode_again, write_finished
from neuralboard.file_job import FileReport, Job
from neuralboard.file_metadata import add_tags, chunks_for, what_is_lost
from neuralboard.finish import check_targets
from neuralboard.learning import learned
from neuralboard.render import BLOCK, Tail, render, resampled
from neuralboard.safe_file import check_output
from neuralboard.spool import Spool
from neuralboard.times import parse_range, parse_seconds
from neuralboard.wav_times import TimeMap

__all__ = ["FileReport", "process_file"]

StrPath = str | os.PathLike[str]
Time = float | str


def process_file(
    processor: Any,
    input: StrPath,  # noqa: A002 - the word that users know
    output: StrPath,
    *,
    sample_rate: int | None = None,
    bit_depth: int | None = None,
    quality: str | float | None = None,
    tail: Tail = 0.0,
    start: Time | None = None,
    end: Time | None = None,
    learn: tuple[Time, Time] | str | None = None,
    removed: StrPath | None = None,
    loudness: float | None = None,
    true_peak: float | None = None,
    dual_mono: bool = False,
    force: bool = False,
    progress: Callable[[int, int | None], None] | None = None,
) -> FileReport:
    """Process an audio file.

    Parameters
    ----------
    processor : Processor
        A box, board or mix. It is not changed (`learn` works on a copy).
    input : path or "-"
        Any audio file; "-" reads a WAV from standard input.
    output : path or "-"
        .wav, .flac, .aiff, .ogg or .mp3; "-" writes a WAV to standard output. It is there whole or
        not at all.
    sample_rate : int, optional
        Hz of the output; the input's where not given (soxr VHQ).
    bit_depth : int, optional
        8, 16, 24 or 32 (float); the input's where not given, 24 for lossy inputs.
    quality : str or number, optional
        For MP3, Ogg and FLAC: "V2", "192 kbps", 8.
    tail : float or "auto"
        Seconds that are rendered after the end of the input, or until the sound stays below
        -80 dBFS (at most 60 s).
    start, end : float or str, optional
        Part of the input to process: seconds or "1:10".
    learn : (start, end), optional
        A range of the input with noise alone: every box that has a `learn(audio, sample_rate)`
        method takes its noise print there.
    removed : path, optional
        Also write the aligned input minus output there: what the boxes took away (before the gain
        to a loudness).
    loudness : float, optional
        Bring the output to so many LUFS (ITU-R BS.1770-5), as -16. Its true peak then stays below
        -1 dBTP, unless `true_peak` says otherwise.
    true_peak : float, optional
        Ceiling in dBTP; a true-peak limiter works where it has to.
    dual_mono : bool
        A mono recording will play on two loudspeakers: it counts 3 LU more.
    force : bool
        Replace existing files. Never an input, a folder, a device or a pipe.
    progress : callable, optional
        Called with (samples done, samples in all or None) after every block.

    Returns
    -------
    FileReport

    Raises
    ------
    AudioFileError, ParameterError
        One line each; existing files are as they were.

    Examples
    --------
    >>> process_file(Board([]), "in.wav", "out.flac").bit_depth    # doctest: +SKIP
    24
    """
    job = Job(
        os.fspath(input),
        os.fspath(output),
        None if sample_rate is None else check_sample_rate(sample_rate),
        bit_depth,
        quality,
        _checked_tail(tail),
        0.0 if start is None else parse_seconds(start, "start"),
        None if end is None else parse_seconds(end, "end"),
        None if learn is None else parse_range(learn, "learn"),
        None if removed is None else os.fspath(removed),
        *check_targets(loudness, true_peak),
        dual_mono,
        force,
    )
    _check_outputs(job)
    with ExitStack() as stack:
        reader = stack.enter_context(AudioReader(job.input))
        return _run(processor, job, reader, stack, progress)


def _checked_tail(tail: Any) -> Tail:
    if tail == "auto":
        return "auto"
    if isinstance(tail, bool) or not isinstance(tail, (int, float)) or not 0 <= tail <= 86_400:
        raise ParameterError(f"tail = {tail!r} is no length; use seconds from 0 on, or 'auto'")
    return float(tail)


def _check_outputs(job: Job) -> None:
    """Refuse what can't be written before anything is read."""
    if job.end is not None and job.end <= job.start:
        raise ParameterError(f"end = {job.end:g} s is not after start = {job.start:g} s")
    for name in (job.output, job.removed):
        if name is not None:
            format_of(name)
            if name != "-":
                check_output(name, force=job.force, inputs=job.inputs())
    if job.removed == "-":
        raise AudioFileError("what was removed can't go to standard output; name a file for it")
    if job.removed is not None and job.output != "-":
        same = Path(job.removed).resolve() == Path(job.output).resolve()
        if same:
            raise AudioFileError(f"{job.removed} is the output already; give removed another name")


def _run(
    processor: Any,
    job: Job,
    reader: AudioReader,
    stack: ExitStack,
    progress: Callable[[int, int | None], None] | None,
) -> FileReport:
    first, last = _part(job, reader)
    head = None
    if job.learn is not None:
        processor, head = learned(processor, reader, job.learn)
    if not getattr(processor, "streamable", True):
        job.notes.append("a box works on the whole recording: all of it was loaded into memory")
    rate = job.sample_rate or reader.sample_rate
    length = None if last is None else last - first
    known = None if length is None or job.tail == "auto" else length + _tail_samples(job, reader)
    if known is not None and rate != reader.sample_rate:
        known = None  # soxr decides
    job.times = TimeMap(reader.sample_rate, rate, first, None if job.end is None else last)
    job.changed = not _copies(processor)  # a pipe's beginning is written before anybody knows
    writer = stack.enter_context(_writer(job, job.output, reader, rate, known))
    taken = None
    if job.removed is not None:
        taken = stack.enter_context(_writer(job, job.removed, reader, rate, known))
    blocks = _counted(_blocks(reader, head, first, last), length, progress)
    pairs = render(processor, blocks, reader.sample_rate, reader.channels, job.tail)
    finishing = job.true_peak is not None
    job.changed = finishing or rate != reader.sample_rate
    if finishing:
        beside = None if job.output == "-" else job.output
        spool = stack.enter_context(Spool(reader.channels, beside))
        _write(job, pairs, spool, taken, rate)
        write_finished(job, spool, writer, reader.channel_mask, progress)
    else:
        _write(job, pairs, writer, taken, rate)
    if job.start > 0 and writer.num_samples == 0:
        raise AudioFileError(f"{reader.name} ends before start = {job.start:g} s; nothing is left")
    add_tags(reader, writer)
    if writer.takes_chunks:
        before, after = chunks_for(job, reader, writer.bit_depth)
        writer.set_chunks(*((before + after, b"") if job.output == "-" else (before, after)))
    if taken is not None:  # first: if it fails, the output itself is as it was
        taken.close()
    writer.close()
    if finishing and writer.bit_depth is None:
        decode_again(job, reader.channel_mask)
    return _report(job, reader, writer)


def _copies(processor: Any) -> bool:
    """Whether it is an empty board."""
    return hasattr(processor, "__len__") and len(processor) == 0


def _part(job: Job, reader: AudioReader) -> tuple[int, int | None]:
    """Return the first sample and the one after the last (None: wherever it ends)."""
    first = round(job.start * reader.sample_rate)
    last = reader.num_samples
    if (last is not None and 0 < last <= first) or (last == 0 and first > 0):
        raise AudioFileError(
            f"{reader.name} is {last / reader.sample_rate:.3f} s long: nothing is left from start ="
            f" {job.start:g} s on"
        )
    if job.end is not None:
        wanted = round(job.end * reader.sample_rate)
        if last is not None and wanted > last:
            job.notes.append(f"{reader.name} ends at {last / reader.sample_rate:.3f} s, before end")
        last = wanted if last is None else min(wanted, last)
    return first, last


def _tail_samples(job: Job, reader: AudioReader) -> int:
    return 0 if job.tail == "auto" else round(job.tail * reader.sample_rate)


def _blocks(
    reader: AudioReader, head: Audio | None, first: int, last: int | None
) -> Iterator[Audio]:
    """Yield samples `first` to `last`; `head` is what was read of a pipe before."""
    position = first
    if head is not None:
        if first < head.shape[1]:
            part = head[:, first : head.shape[1] if last is None else last]
            position += part.shape[1]
            for start in range(0, part.shape[1], BLOCK):
                yield np.ascontiguousarray(part[:, start : start + BLOCK])
        elif first > head.shape[1]:
            reader.seek(first)
    elif first or reader.seekable:
        reader.seek(first)
    while last is None or position < last:
        block = reader.read(BLOCK if last is None else min(BLOCK, last - position))
        if block.shape[1] == 0:
            return
        position += block.shape[1]
        yield block


def _counted(
    blocks: Iterator[Audio],
    total: int | None,
    progress: Callable[[int, int | None], None] | None,
) -> Iterator[Audio]:
    done = 0
    for block in blocks:
        yield block
        done += block.shape[1]
        if progress is not None:
            progress(done, total)


def _writer(
    job: Job, name: str, reader: AudioReader, rate: int, num_samples: int | None
) -> AudioWriter:
    kind = format_of(name)
    depth = job.bit_depth
    if depth is None:
        depth, note = kept_depth(reader.bit_depth, reader.is_float, kind)
        if note and name == job.output:
            job.notes.append(note)
    return AudioWriter(
        name,
        rate,
        reader.channels,
        depth,
        quality=job.quality if kind not in ("wav", "aiff") or name == job.output else None,
        force=job.force,
        num_samples=num_samples,
        inputs=job.inputs(),
        channel_mask=reader.channel_mask,
        before=_chunks_before(job, name, reader, depth),
    )


def _chunks_before(job: Job, name: str, reader: AudioReader, depth: int | None) -> bytes:
    """Return the chunks that stand before the sound; on standard output all do."""
    if format_of(name) != "wav" or name != job.output:
        return b""
    before, after = chunks_for(job, reader, depth)
    return before + after if name == "-" else before


def _write(
    job: Job,
    pairs: Iterator[tuple[Audio, Audio]],
    sink: AudioWriter | Spool,
    taken: AudioWriter | None,
    target_rate: int,
) -> None:
    assert job.times is not None
    channels, sample_rate = sink.channels, job.times.old_rate
    pairs = _watched(job, pairs)
    if taken is None:
        wet = (out for _, out in pairs)
        for block in resampled(wet, sample_rate, target_rate, channels):
            sink.write(block)
        return
    # Both go through one converter, output above difference, so that they stay aligned.
    both = (np.concatenate([out, dry - out]) for dry, out in pairs)
    for block in resampled(both, sample_rate, target_rate, 2 * channels):
        sink.write(block[:channels])
        taken.write(block[channels:])


def _watched(job: Job, pairs: Iterator[tuple[Audio, Audio]]) -> Iterator[tuple[Audio, Audio]]:
    """Pass the blocks, and note whether any of them is not what it was."""
    for dry, out in pairs:
        job.changed = job.changed or not np.array_equal(dry, out)
        yield dry, out


def _report(job: Job, reader: AudioReader, writer: AudioWriter) -> FileReport:
    notes = reader.notes + job.notes + what_is_lost(job, reader, writer)
    if writer.clipped:
        cure = "lower the level, as with gain(gain_db=-3)"
        cure += ", or keep it with --bit-depth 32 (bit_depth=32)" if writer.format == "wav" else ""
        notes.append(f"{_samples(writer.clipped)} beyond full scale and clipped; {cure}")
    if writer.broken:
        notes.append(f"{_samples(writer.broken)} no number and became 0")
    return FileReport(
        job.input,
        job.output,
        writer.sample_rate,
        writer.channels,
        writer.num_samples,
        writer.bit_depth,
        writer.clipped,
        tuple(notes),
        tuple(job.warnings),
        None if job.finished is None else job.finished.loudness,
        0.0 if job.finished is None else job.finished.gain_db,
        0.0 if job.finished is None else job.finished.limited_db,
    )


def _samples(count: int) -> str:
    return f"{count:,} sample{'s were' if count != 1 else ' was'}"
