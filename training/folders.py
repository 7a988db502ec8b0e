# SPDX-License-Identifier: GPL-3.0-or-later
"""A corpus from plain folders: voices, noises and, if there are any, rooms.

voices/anna/*.wav  voices/ben/*.wav      a folder a speaker (or a file a speaker, without folders)
noises/**/*.flac                         each file is a recording of its own
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from neuralboard.errors import NeuralboardError
from neuralboard.training.data_prepare import Source, Writer, source_clips

__all__ = ["CorpusError", "prepare_folders"]

PATTERNS = ["**/*.wav", "**/*.flac", "**/*.ogg", "**/*.mp3", "**/*.aif", "**/*.aiff", "**/*.WAV"]
SPEAKER = r"^([^/]+)"  # the first folder below the one given


class CorpusError(NeuralboardError, ValueError):
    """Folders hold no recordings that could be trained on."""


def prepare_folders(
    speech: Sequence[Path], noise: Sequence[Path], rir: Sequence[Path], out: Path, licence: str
) -> Path:
    """Write a corpus into `out`, or keep the one that is there from the same files.

    Parameters
    ----------
    speech, noise, rir : folders
        Of clean voices, of noises, of room impulse responses (these may be none).
    out : path
        The corpus' folder.
    licence : str
        Of all the recordings; goes to the model's card.

    Raises
    ------
    CorpusError
        A folder is missing or holds nothing of use; fewer than two voices or two noises (one of
        each is kept back to judge by).
    """
    kinds = {"speech": speech, "noise": noise, "rir": rir}
    for folder in [each for folders in kinds.values() for each in folders]:
        if not folder.is_dir():
            raise CorpusError(f"there is no folder {folder}; give one with recordings")
    stamp, was = json.dumps([licence, _listing(kinds)]), out / "folders.json"
    if was.is_file() and was.read_text(encoding="utf-8") == stamp:
        return out
    writer = Writer(out)
    for kind, folders in kinds.items():
        for index, folder in enumerate(folders, 1):
            name = f"{kind}{index}_{folder.resolve().name}"
            source = Source(
                name, kind, ".", PATTERNS, licence, speaker=SPEAKER if kind == "speech" else "",
                dynamic=24.0,
            )  # fmt: skip
            found = source_clips(source, folder)
            writer.shard(
                name, kind, ((who, licence, wave, rate, 24.0) for who, wave, rate in found)
            )
    _check(writer)
    writer.close()
    was.write_text(stamp, encoding="utf-8")
    return out


def _listing(kinds: dict[str, Sequence[Path]]) -> list[object]:
    """Give what tells whether the files are still the same, without where they lie."""
    return [
        [kind, path.relative_to(folder).as_posix(), path.stat().st_size]
        for kind, folders in kinds.items()
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]


def _check(writer: Writer) -> None:
    for kind, what in (("speech", "voices"), ("noise", "noises")):
        names = {(row.source, row.speaker) for row in writer.rows if row.kind == kind}
        if len(names) < 2:
            raise CorpusError(
                f"{len(names)} {what} of use were found, at least 2 are needed (one is kept back"
                " to judge by); a folder below the one given is a speaker, a file is a noise"
            )
