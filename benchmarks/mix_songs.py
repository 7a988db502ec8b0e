# SPDX-License-Identifier: GPL-3.0-or-later
"""Real songs through a first mix: how near the loudness is, whether a peak passes the ceiling.

    python -m neuralboard.benchmarks.mix_songs FOLDER     # of folders of stems, one a song

Each song's mix file is what `neuralboard mix-init` writes. The mix is written as 24-bit WAV, Ogg
and MP3, read again, and measured at 16 values per sample.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from neuralboard.file_loudness import measure_file
from neuralboard.loudness import Loudness
from neuralboard.mixing.first_mix import first_mix
from neuralboard.mixing.mix_file import read_mix_text
from neuralboard.mixing.outputs import render_mix

__all__ = ["Measured", "main", "measure_song"]

FORMATS = ("wav", "ogg", "mp3")


class Measured(NamedTuple):
    """One song in one format."""

    song: str
    format: str
    target_lufs: float
    ceiling_db: float
    loudness: Loudness
    notes: list[str]


def measure_song(stems: Path, folder: Path, formats: tuple[str, ...] = FORMATS) -> list[Measured]:
    """Mix a folder of stems and measure what was written."""
    text, _, _ = first_mix(stems, folder)
    found = read_mix_text(text, folder / "mix.toml")
    target, ceiling = found.settings.loudness_lufs or 0.0, found.settings.true_peak_db or 0.0
    measured = []
    for form in formats:
        depth = found.settings.bit_depth if form == "wav" else None
        settings = replace(found.settings, format=form, bit_depth=depth, report=False, stems=False)
        report = render_mix(found.mixer, folder / form, settings)
        loudness = measure_file(folder / form / f"mix.{form}", oversampling=16)[1]
        measured.append(Measured(stems.name, form, target, ceiling, loudness, report.notes))
    return measured


def main() -> None:
    """Measure all songs of a folder and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    songs = sorted(path for path in parser.parse_args().folder.iterdir() if path.is_dir())
    print("| song | format | LUFS - target | true peak dBTP (ceiling) | LRA LU |")
    print("|---|---|---|---|---|")
    for song in songs:
        with tempfile.TemporaryDirectory() as folder:
            for one in measure_song(song, Path(folder)):
                found = one.loudness
                print(
                    f"| {one.song} | {one.format} | {found.integrated_lufs - one.target_lufs:+.2f}"
                    f" | {found.true_peak_db:.2f} ({one.ceiling_db:g}) | {found.range_lu:.1f} |"
                )
                for note in one.notes:
                    if note.startswith("warning"):
                        print(f"  {note}")


if __name__ == "__main__":
    main()
