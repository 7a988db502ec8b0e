# SPDX-License-Identifier: GPL-3.0-or-later
"""Part an audio file of any length into one file per stem, in bounded memory.

The stems have the input's length and rate, and its tags; latency is removed. All of them are
there, whole, or none is.
"""

from __future__ import annotations

import contextlib
import math
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neuralboard.audio import Audio
from neuralboard.audio_reader import AudioReader
from neuralboard.audio_sinks import BIT_DEPTHS, check_encoder
from neuralboard.audio_writer import AudioWriter
from neuralboard.errors import AudioFileError
from neuralboard.file_metadata import add_tags
from neuralboard.render import BLOCK, render_stems
from neuralboard.safe_file import check_output, put_in_place, reason_of
from neuralboard.separator import Separator

__all__ = ["SeparationReport", "check_targets", "separate_file"]

_EXTENSIONS = {"wav": ".wav", "flac": ".flac", "aiff": ".aiff", "ogg": ".ogg", "mp3": ".mp3"}


@dataclass(frozen=True)
class SeparationReport:
    """What `separate_file` did.

    Attributes
    ----------
    input : str
    files : dict of str to str
        Stem → its file.
    sample_rate, channels, samples : int
        Of each file; samples per channel.
    bit_depth : int or None
        8, 16, 24 or 32 (float); None for lossy formats.
    levels_db : dict of str to float
        Each stem's power beside the input's.
    error_db : float
        Power of what the stems lack to sum to the input, beside the input's; -inf for none. Before
        they are rounded or encoded.
    file_error_db : float or None
        The same of the files, read back; None for lossy formats, and where a pipe gave the input.
    notes, warnings : tuple of str
        One line each.
    """

    input: str
    files: dict[str, str]
    sample_rate: int
    channels: int
    samples: int
    bit_depth: int | None
    levels_db: dict[str, float]
    error_db: float
    file_error_db: float | None = None
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def separate_file(
    box: Any,
    input: str | os.PathLike[str],  # noqa: A002 - the word that users know
    folder: str | os.PathLike[str],
    *,
    residual: bool = False,
    format: str = "wav",  # noqa: A002 - the word that users know
    bit_depth: int | None = None,
    quality: str | float | None = None,
    force: bool = False,
    progress: Callable[[int, int | None], None] | None = None,
) -> SeparationReport:
    """Part an audio file into stems.

    Parameters
    ----------
    box : Processor
        A `Separator`, or what one can be made of.
    input : path or "-"
        Any audio file; "-" reads a WAV from standard input.
    folder : path
        Gets one file per stem, named after it; made if missing.
    residual : bool
        Write what the stems lack into one more, "rest" (a `Separator` has decided that itself).
    format : str
        "wav", "flac", "aiff", "ogg" or "mp3".
    bit_depth : int, optional
        As the format has it; 32 (float) for wav and 24 for others where not given: a stem may be
        louder than the mix, which float holds.
    quality : str or number, optional
        For MP3, Ogg and FLAC.
    force : bool
        Replace existing files. Never the input.
    progress : callable, optional
        Called with (samples done, samples in all or None) after every block.

    Returns
    -------
    SeparationReport

    Raises
    ------
    AudioFileError, AudioError, BoxError
        One line each; existing files are as they were.
    """
    separator = box if isinstance(box, Separator) else Separator(box, residual=residual)
    name = os.fspath(input)
    if bit_depth is None and BIT_DEPTHS.get(format):
        bit_depth = 32 if format == "wav" else 24
    targets = check_targets(
        separator, name, folder, format=format, bit_depth=bit_depth, quality=quality, force=force
    )
    with ExitStack() as stack:
        reader = stack.enter_context(AudioReader(name))
        staging = _staging(Path(folder), stack)
        places = [check_output(target, force=force) for target in targets]
        writers = [
            stack.enter_context(
                AudioWriter(
                    staging / target.name, reader.sample_rate, reader.channels, bit_depth,
                    quality=quality, channel_mask=reader.channel_mask,
                )
            )
            for target in targets
        ]  # fmt: skip
        sums = _Sums(len(writers))
        with _named(staging, Path(folder)):
            _write(separator, reader, writers, sums, progress)
            for writer in writers:
                add_tags(reader, writer)
            for writer in writers:
                writer.close()
            file_error = _file_error(reader, writers, sums.error_db())
            _put_all_in_place(writers, places, force=force)
    warnings = [
        f"{target}: {writer.clipped:,} samples beyond full scale were clipped, so the stems don't"
        " sum to the mix; write wav of 32 bits"
        for target, writer in zip(targets, writers, strict=True)
        if writer.clipped
    ]
    return SeparationReport(
        name,
        dict(zip(separator.stems, map(str, targets), strict=True)),
        reader.sample_rate,
        reader.channels,
        writers[0].num_samples,
        writers[0].bit_depth,
        dict(zip(separator.stems, sums.levels_db(), strict=True)),
        sums.error_db(),
        file_error,
        tuple(reader.notes),
        tuple(warnings),
    )


def check_targets(
    separator: Separator,
    input: str,  # noqa: A002
    folder: str | os.PathLike[str],
    *,
    format: str = "wav",  # noqa: A002
    bit_depth: int | None = None,
    quality: str | float | None = None,
    force: bool = False,
) -> list[Path]:
    """Return the file of each stem, or say why it can't be written; arguments as `separate_file`'s.

    The name of a stem may come from a model file: it leads nowhere out of the folder.

    Raises
    ------
    AudioFileError
    """
    if format not in _EXTENSIONS:
        raise AudioFileError(
            f"format '{format}' is written by nobody here; use wav, flac, aiff, ogg or mp3"
        )
    stems = separator.stems
    words = [re.sub(r"[^\w -]", "_", stem).strip()[:100] or "_" for stem in stems]
    if len({word.casefold() for word in words}) < len(words):
        raise AudioFileError(f"the stems {', '.join(stems)} would share a file; rename them")
    targets = [Path(folder) / f"{word}{_EXTENSIONS[format]}" for word in words]
    for target in targets:
        check_encoder(str(target), format, 48_000, 1, bit_depth, quality)
        if target.parent.is_dir():  # a missing folder is made later
            check_output(target, force=force, inputs=[] if input == "-" else [Path(input)])
    return targets


def _staging(folder: Path, stack: ExitStack) -> Path:
    """Make a hidden folder for unfinished files, which goes whatever happens."""
    staging = folder / f".separate.{secrets.token_hex(6)}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        staging.mkdir()
    except OSError as error:
        raise AudioFileError(f"can't write into {folder}: {reason_of(error)}") from None
    stack.callback(shutil.rmtree, staging, ignore_errors=True)
    return staging


@contextlib.contextmanager
def _named(staging: Path, folder: Path) -> Iterator[None]:
    """Let errors name the files that the user knows."""
    try:
        yield
    except AudioFileError as error:
        raise AudioFileError(str(error).replace(str(staging), str(folder))) from None


class _Sums:
    """Powers of the input, of each stem, and of what they lack; in float64."""

    def __init__(self, count: int) -> None:
        self._stems = np.zeros(count)
        self._dry = self._lacking = 0.0

    def add(self, dry: Audio, out: Audio) -> None:
        """Take in a block `[channels, n]` and its stems `[stems, channels, n]`."""
        wide = out.astype(np.float64)
        self._stems += np.sum(wide**2, axis=(1, 2))
        self._dry += float(np.sum(dry.astype(np.float64) ** 2))
        self._lacking += float(np.sum((dry - np.sum(wide, axis=0)) ** 2))

    def levels_db(self) -> list[float]:
        """Return each stem beside the input."""
        return [self._beside_input(float(power)) for power in self._stems]

    def error_db(self) -> float:
        """Return what is lacking beside the input."""
        return self._beside_input(self._lacking)

    def _beside_input(self, power: float) -> float:
        if power == 0.0:
            return -math.inf
        return math.inf if self._dry == 0.0 else 10 * math.log10(power / self._dry)


def _write(
    separator: Separator,
    reader: AudioReader,
    writers: list[AudioWriter],
    sums: _Sums,
    progress: Callable[[int, int | None], None] | None,
) -> None:
    pairs = render_stems(separator, _blocks(reader, progress), reader.sample_rate, reader.channels)
    for dry, out in pairs:
        sums.add(dry, out)
        for writer, stem in zip(writers, out, strict=True):
            writer.write(stem)


def _blocks(
    reader: AudioReader, progress: Callable[[int, int | None], None] | None
) -> Iterator[Audio]:
    done = 0
    while (block := reader.read(BLOCK)).shape[1]:
        yield block
        done += block.shape[1]
        if progress is not None:
            progress(done, reader.num_samples)


def _file_error(reader: AudioReader, writers: list[AudioWriter], exact: float) -> float | None:
    """Return what the files, which are complete but not in place, lack to sum to the input."""
    depth = writers[0].bit_depth
    if depth == 32:  # float: what was measured is what is written
        return exact
    if depth is None or not reader.seekable:
        return None
    sums = _Sums(len(writers))
    with ExitStack() as stack:
        mix = stack.enter_context(AudioReader(reader.name))
        stems = [stack.enter_context(AudioReader(writer.name)) for writer in writers]
        for dry in _blocks(mix, None):
            sums.add(dry, np.stack([stem.read(dry.shape[1]) for stem in stems]))
    return sums.error_db()


def _put_all_in_place(writers: list[AudioWriter], places: list[Path], *, force: bool) -> None:
    """Give all files, complete as they are, their names."""
    placed = list[Path]()
    try:
        for writer, place in zip(writers, places, strict=True):
            put_in_place(Path(writer.name), place, force=force)
            placed.append(place)
    except OSError as error:
        for place in [] if force else placed:  # new ones of ours: all or none
            place.unlink(missing_ok=True)
        if isinstance(error, AudioFileError):
            raise
        raise AudioFileError(f"can't write {places[len(placed)]}: {reason_of(error)}") from None
