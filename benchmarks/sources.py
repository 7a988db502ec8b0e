# SPDX-License-Identifier: GPL-3.0-or-later
"""Where mixtures come from: recordings of speech, noise and rooms, with what is known of each."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

from neuralboard.benchmarks.layouts import audio_files
from neuralboard.errors import AudioError

__all__ = ["Recording", "Sources", "noise_class"]

# Too noisy to be a reference: less than so many dB between loud and quiet frames.
LEAST_DYNAMIC_DB = 30.0

# Words in a description or file name → the class that a table shows. The first that fits counts.
_CLASSES = {
    "voices": "babble|crowd|restaurant|coffee|cafe|laugh|baby|cough|cheer|voice|breath",
    "alarms": "siren|alarm|horn|bell",
    "clicks": (
        r"keyboard|typing|keys\b|mouse\b|click|knock|footstep|clock|letter|crackle|fuse|leaves"
    ),
    "animals": (
        r"dog|bear\b|bird|duck|goose|horse|lion|leopard|sheep|swan|cicada|cobra|snor|farm|\bcat\b"
        "|crow"
    ),
    "street": r"city|traffic|street|markt|market|train|underground|harbour|\bcar\b|park|station",
    "steady": (
        r"vacuum|wash|engine|motor|aircon|dishwasher|machine|\bfan\b|ventilation|hum\b|hiss"
        "|room tone|white|pink"
    ),
    "weather": r"rain|wind|thunder|water|\bsea\b|fire|creak|explosion|burst",
}


def noise_class(description: str) -> str:
    """Return the class of a noise by the words that describe it: "voices", "steady", … "other"."""
    text = description.lower().replace("_", " ")
    for name, words in _CLASSES.items():
        if re.search(words, text):
            return name
    return "other"


@dataclass(frozen=True)
class Recording:
    """One file.

    Attributes
    ----------
    path : Path
    source : str
        The speaker, or the name of the noise or room.
    label : str
        Language of speech, class of noise.
    bandwidth_hz : float
        Where the content ends, whatever the file's rate; inf where nobody knows.
    """

    path: Path
    source: str
    label: str = ""
    bandwidth_hz: float = float("inf")


@dataclass(frozen=True)
class Sources:
    """All recordings that a set may draw from, sorted by path; `rooms` may be empty."""

    speech: tuple[Recording, ...]
    noise: tuple[Recording, ...]
    rooms: tuple[Recording, ...] = ()

    def __post_init__(self) -> None:
        for kind in ("speech", "noise"):
            if not getattr(self, kind):
                raise AudioError(f"no {kind} to mix: give a folder with audio files of it")

    @classmethod
    def from_manifest(cls, manifest: Path, data: Path, split: str = "test") -> Sources:
        """Read a CSV with path, kind, split, speaker_or_source, language_or_type, bandwidth_hz."""
        kinds: dict[str, list[Recording]] = {"speech": [], "noise": [], "rir": []}
        with manifest.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if row["split"] != split or row["kind"] not in kinds:
                    continue
                dynamic = float(row.get("dyn_db") or "inf")
                if row["kind"] == "speech" and dynamic < LEAST_DYNAMIC_DB:
                    continue
                label = row["language_or_type"]
                if row["kind"] == "noise":
                    label = noise_class(f"{label} {Path(row['path']).stem}")
                band = float(row.get("bandwidth_hz") or "inf")
                kinds[row["kind"]].append(
                    Recording(data / row["path"], row["speaker_or_source"], label, band)
                )
        return cls(*(tuple(sorted(found, key=_by_path)) for found in kinds.values()))

    @classmethod
    def from_folders(cls, speech: Path, noise: Path, rooms: Path | None = None) -> Sources:
        """Take all audio files of the folders.

        A speaker is the folder below `speech`, else the file name up to its last "_" or "-".
        """
        return cls(
            tuple(Recording(p, _speaker(p, speech)) for p in audio_files(speech)),
            tuple(Recording(p, p.stem, noise_class(p.stem)) for p in audio_files(noise)),
            tuple(Recording(p, p.stem) for p in audio_files(rooms)) if rooms else (),
        )

    @classmethod
    def find(cls, data: Path, split: str = "test") -> Sources:
        """Look for {speech,noise,rir}/<split> in a folder, and its manifest in or beside it."""
        for place in (data, data.parent):
            manifest = place / "manifest_speech.csv"
            if manifest.is_file():
                return cls.from_manifest(manifest, data, split)
        rooms = data / "rir" / split
        return cls.from_folders(
            data / "speech" / split, data / "noise" / split, rooms if rooms.is_dir() else None
        )


def _by_path(recording: Recording) -> str:
    return recording.path.as_posix()


def _speaker(path: Path, folder: Path) -> str:
    inner = path.relative_to(folder)
    return inner.parts[0] if len(inner.parts) > 1 else re.split(r"[_-][^_-]*$", path.stem)[0]
