# SPDX-License-Identifier: GPL-3.0-or-later
"""`neuralboard separate`: a recording into stems."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from neuralboard.cli import load_board
from neuralboard.console import DONE, UsageError, one_line, progress_bar, say
from neuralboard.errors import AudioFileError, BoxError, NeuralboardError
from neuralboard.separating import SeparationReport, check_targets, separate_file
from neuralboard.separator import REST, Separator

__all__ = ["separate"]

_DEFAULT_BOX = "harmonic_percussive"
_SUMS_DB = -80.0  # stems that lack less than this are said to sum to the mix


def separate(
    input: Annotated[  # noqa: A002 - the word that users know
        str, typer.Argument(metavar="INPUT", help="An audio file; - reads a WAV from stdin.")
    ],
    output: Annotated[
        str,
        typer.Option("--output", "-o", metavar="FOLDER", help="Gets one file per stem."),
    ],
    model: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="A model file (.onnx) that gives several stems."),
    ] = None,
    box: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help=f"A box as in a chain: {_DEFAULT_BOX} (the default), 'center_extractor(width=1)'.",
        ),
    ] = None,
    residual: Annotated[
        bool, typer.Option("--residual", help=f"Write what the stems lack into {REST}.")
    ] = False,
    format: Annotated[  # noqa: A002 - the word that users know
        str, typer.Option(metavar="KIND", help="wav, flac, aiff, ogg or mp3.")
    ] = "wav",
    bit_depth: Annotated[
        int | None,
        typer.Option(metavar="N", help="8, 16, 24 or 32 (float): wav has 32 where not given."),
    ] = None,
    quality: Annotated[
        str | None, typer.Option(metavar="Q", help="For mp3, ogg, flac: V2, '192 kbps', 8.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace existing files.")] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress, no notes; warnings and errors only.")
    ] = False,
) -> int:
    """Part a recording into stems, one file each, named after them.

    The stems are aligned to the sample and as long as the input. How well they sum to it is said.
    All of them appear, whole, or none.
    """
    separator = _separator(model, box, residual)
    try:
        check_targets(
            separator, input, output, format=format, bit_depth=bit_depth, quality=quality,
            force=force,
        )  # fmt: skip
    except AudioFileError as error:
        raise UsageError(one_line(error)) from None
    begun = time.monotonic()
    title = "standard input" if input == "-" else Path(input).name
    with progress_bar(title, quiet=quiet) as progress:
        report = separate_file(
            separator, input, output, format=format, bit_depth=bit_depth, quality=quality,
            force=force, progress=progress,
        )  # fmt: skip
    _tell(report, separator, time.monotonic() - begun, quiet)
    return DONE


def _separator(model: str | None, box: str | None, residual: bool) -> Separator:
    if model is not None and box is not None:
        raise UsageError("give --model FILE or --box TEXT, not both")
    try:
        return Separator(_source(model, box), residual=residual)
    except BoxError as error:
        raise UsageError(one_line(error)) from None


def _source(model: str | None, box: str | None) -> Any:
    if model is not None:
        from neuralboard import registry

        try:
            return registry.find("neural_effect")(model)
        except (NeuralboardError, OSError) as error:
            raise UsageError(f"--model {model}: {one_line(error)}") from None
    board = load_board(box if box is not None else _DEFAULT_BOX, None)
    if len(board) != 1:
        raise UsageError(f"--box takes one box, not {len(board)}: {box!r}")
    return board[0]


def _tell(report: SeparationReport, separator: Separator, took: float, quiet: bool) -> None:
    for warning in report.warnings:
        say(f"warning: {warning}", "yellow")
    lacking = report.error_db > _SUMS_DB
    if lacking:
        say(
            f"warning: the stems lack {report.error_db:.1f} dB of the mix; --residual writes it to"
            f" {REST}",
            "yellow",
        )
    if quiet:
        return
    for note in report.notes:
        say(f"note: {note}")
    seconds = report.samples / report.sample_rate
    speed = f", {seconds / took:.0f} times as fast as it plays" if took > 0.05 else ""
    minutes, rest = divmod(seconds, 60)
    for stem in separator.stems:
        level = report.levels_db[stem]
        say(f"{report.files[stem]}: {level:.1f} dB of the mix")
    if not lacking:
        say(_sum_in_words(report))
    say(f"{minutes:.0f}:{rest:04.1f}, {report.sample_rate} Hz{speed}")


def _sum_in_words(report: SeparationReport) -> str:
    error, when = report.file_error_db, ""
    if error is None:
        error = report.error_db
        when = ", before encoding" if report.bit_depth is None else ", before rounding"
    return f"the stems sum to the mix within {max(error, -200.0):.0f} dB{when}"
