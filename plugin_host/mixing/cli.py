# SPDX-License-Identifier: GPL-3.0-or-later
"""`neuralboard mix` and `neuralboard mix-init`: a folder of stems to a finished mix."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from neuralboard.cli_options import Quiet
from neuralboard.console import DONE, FAILED, WRONG_USAGE, UsageError, progress_bar, say
from neuralboard.mixing.first_mix import first_mix
from neuralboard.mixing.mix_file import MixFile, MixFileError, read_mix
from neuralboard.mixing.outputs import MixReport, render_mix
from neuralboard.mixing.strips import Bus, Track
from neuralboard.report import write_text

__all__ = ["mix", "mix_init"]


def mix(
    file: Annotated[Path, typer.Argument(metavar="MIX.TOML", help="The mix, a text file.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FOLDER", help="Where mix, stems and report go."),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Find all that is wrong, render nothing.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace files that this mix did not make.")
    ] = False,
    threads: Annotated[
        int | None, typer.Option(metavar="N", help="As many as processors where not given.")
    ] = None,
    quiet: Quiet = False,
) -> int:
    """Render a mix: tracks, buses, sends, master, loudness, from one text file.

    Writes mix, premaster and stems (which sum to it), report.html and mix.lock.json. A rerun keeps
    what is up to date. Files appear whole or not at all.
    """
    if output is None and not check:
        raise UsageError("give -o FOLDER for the mix, or --check to render nothing")
    try:
        found = read_mix(file)
    except MixFileError as error:
        for problem in error.problems:
            say(f"error: {file}: {problem}", "red")
        if len(error.problems) > 1:
            say(f"{len(error.problems)} problems; nothing was rendered")
        return WRONG_USAGE
    if check or output is None:
        say(f"{file}: {_in_words(found)}; nothing wrong")
        return DONE
    with progress_bar(found.title, quiet=quiet) as progress:
        report = render_mix(
            found.mixer,
            output,
            found.settings,
            title=found.title,
            force=force,
            threads=threads,
            progress=progress,
            mix_file=found.path,
        )
    _tell(report, quiet)
    return DONE


def _in_words(found: MixFile) -> str:
    strips = found.mixer.strips.values()
    tracks = sum(isinstance(strip, Track) for strip in strips)
    buses = sum(isinstance(strip, Bus) for strip in strips)
    words = [_count(tracks, "track"), *([_count(buses, "bus")] if buses else [])]
    samples = found.mixer.num_samples()
    if samples is not None:
        minutes, seconds = divmod(samples / found.mixer.sample_rate, 60)
        words.append(f"{minutes:.0f}:{seconds:04.1f}")
    return ", ".join([*words, f"{found.mixer.sample_rate} Hz"])


def _count(number: int, word: str) -> str:
    plural = f"{word}es" if word == "bus" else f"{word}s"
    return f"{number} {word if number == 1 else plural}"


def _tell(report: MixReport, quiet: bool) -> None:
    for note in report.notes:
        loud = note.startswith("warning")
        if loud or not quiet:
            say(note, "yellow" if loud else "")
    if quiet:
        return
    if not report.written:
        say(f"{report.folder}: everything is up to date")
        return
    if report.kept:
        say(f"kept: {', '.join(report.kept)}")
    minutes, seconds = divmod(report.seconds, 60)
    speed = report.seconds / max(report.seconds_taken, 1e-9)
    say(
        f"{report.folder}: {', '.join(report.written)}; {minutes:.0f}:{seconds:04.1f},"
        f" {speed:.0f} times as fast as it plays"
    )


def mix_init(
    folder: Annotated[Path, typer.Argument(metavar="STEMS", help="A folder of audio files.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="The mix file to write.")
    ] = Path("mix.toml"),
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> int:
    """Write a first mix.toml for a folder of stems: names, levels, sensible chains by name."""
    if output.exists() and not force:
        raise UsageError(f"{output} exists already; --force replaces it")
    text, notes, failed = first_mix(folder, output.resolve().parent)
    for note in notes:
        say(note, "yellow" if note.startswith("warning") else "")
    write_text(output, text)
    say(f"{output}: written; render it with neuralboard mix {output} -o out/")
    return FAILED if failed else DONE
