# SPDX-License-Identifier: GPL-3.0-or-later
"""`neuralboard batch`: folders of audio through a chain, on several processors or machines."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from neuralboard.audio import check_sample_rate
from neuralboard.batching.batch import batch as run
from neuralboard.batching.errors import BatchError
from neuralboard.batching.results import BatchReport, FileResult
from neuralboard.cli import load_board, loudness_targets
from neuralboard.cli_options import (
    AllowVst3,
    BitDepth,
    BoardFile,
    ChainText,
    DualMono,
    Loudness,
    Quality,
    Quiet,
    Rate,
    TailText,
    TruePeak,
)
from neuralboard.console import DONE, FAILED, UsageError, one_line, progress_bar, say
from neuralboard.errors import AudioFileError, NeuralboardError
from neuralboard.times import parse_seconds

__all__ = ["batch"]


def batch(
    inputs: Annotated[
        list[str],
        typer.Argument(metavar="INPUTS...", help="Folders (with all below) and audio files."),
    ],
    output: Annotated[
        str,
        typer.Option(
            "--output", "-o", metavar="FOLDER", help="Mirrors the inputs; holds the journal."
        ),
    ],
    chain: ChainText = None,
    board: BoardFile = None,
    jobs: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Worker processes; one per processor else."),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="A Dask scheduler, tcp://host:port, or local: one that only this machine reaches.",
        ),
    ] = None,
    retries: Annotated[
        int,
        typer.Option(
            metavar="N", min=0, help="Tries more, where a worker dies or a disk stumbles."
        ),
    ] = 2,
    format: Annotated[  # noqa: A002 - the word that users know
        str | None,
        typer.Option(metavar="KIND", help="wav, flac, aiff, ogg or mp3; the input's else."),
    ] = None,
    rate: Rate = None,
    bit_depth: BitDepth = None,
    quality: Quality = None,
    tail: TailText = "0",
    loudness: Loudness = None,
    true_peak: TruePeak = None,
    dual_mono: DualMono = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace files that no batch has written.")
    ] = False,
    allow_vst3: AllowVst3 = False,
    quiet: Quiet = False,
) -> int:
    """Run folders of audio files through a chain of boxes.

    The same command again does what is missing, what failed, and what has another input, chain or
    version now. Files appear whole or not at all; a worker that dies costs a retry.
    """
    processor = load_board(chain, board, allow_vst3=allow_vst3)
    settings = _settings(tail, rate) | {"bit_depth": bit_depth, "quality": quality}
    settings |= loudness_targets(loudness, true_peak, dual_mono)
    says = _Says(quiet)
    try:
        with progress_bar(f"{output}", quiet=quiet) as bar:
            report = run(
                inputs,
                output,
                processor,
                format=format,
                jobs=jobs,
                cluster=cluster,
                retries=retries,
                force=force,
                progress=None if bar is None else lambda done, total: bar(round(done), _all(total)),
                tell=says.tell,
                **settings,
            )
    except (BatchError, AudioFileError, ImportError) as error:
        raise UsageError(one_line(error)) from None
    except KeyboardInterrupt:
        say(f"{says.done} done; the same command goes on where this one stopped")
        raise
    return _summary(report, quiet)


def _all(total: float) -> int | None:
    return round(total) or None


def _settings(tail: str, rate: int | None) -> dict[str, Any]:
    """Return what all files share, checked."""
    try:
        if rate is not None:
            check_sample_rate(rate)
        seconds = "auto" if tail == "auto" else parse_seconds(tail, "--tail")
    except NeuralboardError as error:
        raise UsageError(one_line(error)) from None
    return {"tail": seconds, "sample_rate": rate}


class _Says:
    """Tells of each file as it comes."""

    def __init__(self, quiet: bool) -> None:
        self.quiet, self.done = quiet, 0

    def tell(self, result: FileResult) -> None:
        """Say how a file went."""
        if result.status == "failed":
            say(f"error: {result.error}", "red")
            return
        self.done += result.status == "done"
        report = result.report
        if report is None:
            return
        for warning in report.warnings:
            say(f"warning: {_named(result, warning)}", "yellow")
        for note in report.notes:
            loud = "clipped" in note or "no number" in note
            if loud or not self.quiet:
                kind, style = ("warning", "yellow") if loud else ("note", "")
                say(f"{kind}: {_named(result, note)}", style)
        if not self.quiet:
            minutes, seconds = divmod(report.seconds, 60)
            again = f", at try {result.tries}" if result.tries > 1 else ""
            say(f"{result.output}: {minutes:.0f}:{seconds:04.1f}{again}")


def _named(result: FileResult, text: str) -> str:
    """Return what was said of a file, with its name where that isn't in it."""
    known = result.input in text or result.output in text
    return text if known else f"{result.output}: {text}"


def _summary(report: BatchReport, quiet: bool) -> int:
    failed = [result.input for result in report.failed]
    kept = len(report.of("skipped"))
    words = f"{len(report.of('done'))} of {len(report.results)} files done"
    if kept:
        words += f", {kept} done before"
    if failed:
        say(f"{words}; failed: {', '.join(failed)}", "red")
    elif not quiet:
        say(words)
    return FAILED if failed else DONE
