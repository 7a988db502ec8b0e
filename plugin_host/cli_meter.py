# SPDX-License-Identifier: GPL-3.0-or-later
"""`neuralboard meter`: the loudness and the peaks of audio files, as a table or as JSON."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from neuralboard.console import DONE, FAILED, UsageError, one_line, progress_bar, say
from neuralboard.file_loudness import measure_file
from neuralboard.loudness import Loudness

__all__ = ["measure_file", "meter"]

# Heading → field of Loudness, decimals.
_COLUMNS = {
    "I LUFS": ("integrated_lufs", 1),
    "max M": ("momentary_max_lufs", 1),
    "max S": ("short_term_max_lufs", 1),
    "LRA LU": ("range_lu", 1),
    "dBTP": ("true_peak_db", 2),
    "dBFS": ("sample_peak_db", 2),
    "crest dB": ("crest_db", 1),
}


def meter(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILES...", help="Audio files; - reads a WAV from standard input."),
    ],
    dual_mono: Annotated[
        bool,
        typer.Option("--dual-mono", help="Mono will play on two loudspeakers: count it 3 LU more."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    curve: Annotated[
        bool, typer.Option("--curve", help="With --json: the loudness over time, each 0.1 s.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar.")] = False,
) -> int:
    """Tell the loudness and peaks of files (ITU-R BS.1770-5, EBU R 128).

    I: gated loudness of the whole. M, S: the loudest 0.4 s and 3 s. LRA: loudness range. dBTP: true
    peak. dBFS: sample peak. Crest: sample peak above the RMS level. A dash: can't be told (silence,
    too short).
    """
    if curve and not as_json:
        raise UsageError("--curve is for --json; give both")
    found = list[tuple[str, dict[str, Any], Loudness]]()
    failed = False
    for name in files:
        title = "standard input" if name == "-" else Path(name).name
        try:
            with progress_bar(title, quiet=quiet) as progress:
                facts, loudness = measure_file(name, dual_mono=dual_mono, progress=progress)
            found.append((name, facts, loudness))
        except Exception as error:  # the other files go on
            text = one_line(error)
            say(
                f"error: {text}" if name in text or name == "-" else f"error: {name}: {text}", "red"
            )
            failed = True
    if as_json:
        rows = [_as_json(*each, curve=curve) for each in found]
        print(json.dumps(rows, indent=1, ensure_ascii=False))
    elif found:
        _show(found)
    return FAILED if failed else DONE


def _show(found: list[tuple[str, dict[str, Any], Loudness]]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("file", overflow="fold")
    for heading in (*_COLUMNS, "length"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, facts, loudness in found:
        minutes, seconds = divmod(round(facts["seconds"], 1), 60)
        cells = [_cell(getattr(loudness, field), digits) for field, digits in _COLUMNS.values()]
        table.add_row(escape(name), *cells, f"{minutes:.0f}:{seconds:04.1f}")
    # Into a file or a pipe, lines may be longer than those of the narrowest terminal.
    Console(highlight=False, width=None if sys.stdout.isatty() else 120).print(table)


def _cell(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if math.isfinite(value) else "-"


def _as_json(
    name: str, facts: dict[str, Any], loudness: Loudness, *, curve: bool
) -> dict[str, Any]:
    row: dict[str, Any] = {"file": name, **facts}
    for field, _ in _COLUMNS.values():
        row[field] = _number(getattr(loudness, field))
    if curve:
        row["momentary_lufs"] = [_number(value) for value in loudness.momentary_lufs]
        row["short_term_lufs"] = [_number(value) for value in loudness.short_term_lufs]
    return row


def _number(value: float) -> float | None:
    return round(float(value), 3) if math.isfinite(value) else None
