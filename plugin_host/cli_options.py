# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that several commands share: the same word means the same thing everywhere."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = [
    "AllowVst3", "BitDepth", "BoardFile", "ChainText", "DualMono", "Loudness", "Quality", "Quiet",
    "Rate", "TailText", "TruePeak",
]  # fmt: skip

ChainText = Annotated[
    str | None,
    typer.Option(
        "--chain", metavar="TEXT", help="Boxes, as 'highpass_filter(80) | compressor(ratio=3)'."
    ),
]
BoardFile = Annotated[
    str | None,
    typer.Option("--board", metavar="FILE", help="A preset (.json), or chain text in a file."),
]
TailText = Annotated[
    str,
    typer.Option(
        "--tail",
        metavar="SECONDS|auto",
        help="Render what sounds on after the end; auto: until below -80 dBFS, at most 60 s.",
    ),
]
Loudness = Annotated[
    float | None,
    typer.Option(
        "--loudness",
        metavar="LUFS",
        help="Bring each output to this loudness, as -16; true peaks stay below -1 dBTP.",
    ),
]
TruePeak = Annotated[
    float | None,
    typer.Option("--true-peak", metavar="DBTP", help="Limit true peaks to this ceiling, as -1."),
]
DualMono = Annotated[
    bool,
    typer.Option("--dual-mono", help="Mono will play on two loudspeakers: count it 3 LU more."),
]
Rate = Annotated[
    int | None, typer.Option("--rate", metavar="HZ", help="Another sample rate for the outputs.")
]
BitDepth = Annotated[
    int | None,
    typer.Option("--bit-depth", metavar="N", help="8, 16, 24 or 32 (float); the input's else."),
]
Quality = Annotated[
    str | None,
    typer.Option("--quality", metavar="Q", help="For mp3, ogg, flac: V2, '192 kbps', 8."),
]
AllowVst3 = Annotated[
    bool,
    typer.Option(
        "--allow-vst3",
        help="Load the VST3s that a preset names from anywhere: they are native code.",
    ),
]
Quiet = Annotated[
    bool,
    typer.Option("--quiet", "-q", help="No progress, no notes; warnings and errors only."),
]
