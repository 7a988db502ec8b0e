# SPDX-License-Identifier: GPL-3.0-or-later
"""`neuralboard process`: audio files through a chain of boxes."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from neuralboard.audio import check_sample_rate
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
from neuralboard.cli_plan import Task, make_folders, plan
from neuralboard.console import DONE, FAILED, UsageError, one_line, progress_bar, say
from neuralboard.errors import NeuralboardError
from neuralboard.files import FileReport, process_file
from neuralboard.times import parse_range, parse_seconds

__all__ = ["load_board", "loudness_targets", "process"]

_MAX_BOARD_BYTES = 64 << 20


def process(
    inputs: Annotated[
        list[str],
        typer.Argument(metavar="INPUTS...", help="Audio files; - reads a WAV from standard input."),
    ],
    output: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help="A .wav, .flac, .aiff, .ogg or .mp3; a folder for several inputs;"
            " - writes a WAV to standard output.",
        ),
    ],
    chain: ChainText = None,
    board: BoardFile = None,
    tail: TailText = "0",
    start: Annotated[
        str | None, typer.Option(metavar="TIME", help="Begin here: 70, 1:10 or 1:02:03.5.")
    ] = None,
    end: Annotated[str | None, typer.Option(metavar="TIME", help="End here.")] = None,
    learn: Annotated[
        str | None,
        typer.Option(
            metavar="A-B",
            help="Noise alone is heard from A to B of the input: boxes take their noise print"
            " there.",
        ),
    ] = None,
    removed: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Also write what was removed: input minus output."),
    ] = None,
    loudness: Loudness = None,
    true_peak: TruePeak = None,
    dual_mono: DualMono = False,
    rate: Rate = None,
    bit_depth: BitDepth = None,
    quality: Quality = None,
    force: Annotated[bool, typer.Option("--force", help="Replace existing files.")] = False,
    allow_vst3: AllowVst3 = False,
    quiet: Quiet = False,
) -> int:
    """Run audio files through a chain of boxes.

    The output keeps the input's length, rate and bit depth; latency is removed; what no box
    changed comes back bit for bit. Files appear whole or not at all; inputs are never replaced.
    """
    settings = _settings(tail, start, end, learn, rate)
    settings |= loudness_targets(loudness, true_peak, dual_mono)
    processor = load_board(chain, board, allow_vst3=allow_vst3)
    tasks = plan(
        inputs, output, removed, force=force, rate=rate, bit_depth=bit_depth, quality=quality
    )
    make_folders(tasks)
    settings |= {"sample_rate": rate, "bit_depth": bit_depth, "quality": quality, "force": force}
    failed = [task.input for task in tasks if not _one_file(processor, task, settings, quiet)]
    if len(tasks) > 1 and (failed or not quiet):
        done = f"{len(tasks) - len(failed)} of {len(tasks)} files done"
        say(f"{done}; failed: {', '.join(failed)}" if failed else done, "red" if failed else "")
    return FAILED if failed else DONE


def _settings(
    tail: str, start: str | None, end: str | None, learn: str | None, rate: int | None
) -> dict[str, Any]:
    """Return what all files share, checked."""
    try:
        begins = 0.0 if start is None else parse_seconds(start, "--start")
        ends = None if end is None else parse_seconds(end, "--end")
        if ends is not None and ends <= begins:
            raise UsageError(f"--end = {end} is not after --start = {start}")
        if rate is not None:
            check_sample_rate(rate)
        return {
            "tail": "auto" if tail == "auto" else parse_seconds(tail, "--tail"),
            "start": begins,
            "end": ends,
            "learn": None if learn is None else parse_range(learn, "--learn"),
        }
    except NeuralboardError as error:
        raise UsageError(one_line(error)) from None


def loudness_targets(
    loudness: float | None, true_peak: float | None, dual_mono: bool
) -> dict[str, Any]:
    """Return --loudness, --true-peak and --dual-mono as settings of `process_file`, checked."""
    from neuralboard.finish import check_targets

    try:
        check_targets(loudness, true_peak, ("--loudness", "--true-peak"))
    except NeuralboardError as error:
        raise UsageError(one_line(error)) from None
    if dual_mono and loudness is None:
        raise UsageError("--dual-mono is for --loudness; give --loudness LUFS too")
    return {"loudness": loudness, "true_peak": true_peak, "dual_mono": dual_mono}


def load_board(chain: str | None, board: str | None, *, allow_vst3: bool = False) -> Any:
    """Return the board that --chain or --board asks for."""
    if (chain is None) == (board is None):
        what = "not both" if chain is not None else "one of them ('' copies)"
        raise UsageError(f"give --chain TEXT or --board FILE, {what}")
    from neuralboard.chain import parse_chain

    try:
        if board is None:
            return parse_chain(chain or "")
        text = _board_text(Path(board))
        if text.lstrip().startswith("{"):
            from neuralboard.presets import from_json

            return from_json(text, allow_vst3=allow_vst3)
        return parse_chain(text)
    except NeuralboardError as error:
        where = f"{board}: " if board is not None else ""
        raise UsageError(f"{where}{one_line(error)}") from None


def _board_text(path: Path) -> str:
    try:
        if path.is_dir():
            raise UsageError(f"--board {path} is a folder; name a file")
        with path.open("rb") as file:
            data = file.read(_MAX_BOARD_BYTES + 1)
        if len(data) > _MAX_BOARD_BYTES:
            raise UsageError(f"--board {path} is no board: it is larger than 64 MB")
        return data.decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"can't read --board {path}: {(error.strerror or '').lower()}") from None
    except UnicodeDecodeError:
        raise UsageError(f"--board {path} is no text: neither a preset nor a chain") from None


def _one_file(processor: Any, task: Task, settings: dict[str, Any], quiet: bool) -> bool:
    """Process one file, say how it went, and return whether it did."""
    begun = time.monotonic()
    title = "standard input" if task.input == "-" else Path(task.input).name
    try:
        with progress_bar(title, quiet=quiet) as progress:
            report = process_file(
                processor,
                task.input,
                task.output,
                removed=task.removed,
                progress=progress,
                **settings,
            )
    except BrokenPipeError:
        raise
    except Exception as error:  # the other files go on
        text = one_line(error)
        named = task.input in text or task.output in text or task.input == "-"
        say(f"error: {text}" if named else f"error: {title}: {text}", "red")
        return False
    _tell(report, time.monotonic() - begun, quiet)
    return True


def _tell(report: FileReport, took: float, quiet: bool) -> None:
    for warning in report.warnings:
        say(f"warning: {report.output}: {warning}", "yellow")
    for note in report.notes:
        loud = "clipped" in note or "no number" in note
        if loud or not quiet:
            say(f"{'warning' if loud else 'note'}: {note}", "yellow" if loud else "")
    if quiet or report.output == "-":
        return
    minutes, seconds = divmod(report.seconds, 60)
    depth = f", {report.bit_depth} bit" if report.bit_depth else ""
    speed = f", {report.seconds / took:.0f} times as fast as it plays" if took > 0.05 else ""
    say(
        f"{report.output}: {minutes:.0f}:{seconds:04.1f}, {report.sample_rate} Hz{depth},"
        f" {report.channels} channel{'s' if report.channels != 1 else ''}{speed}"
    )
