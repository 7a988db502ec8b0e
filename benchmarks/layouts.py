# SPDX-License-Identifier: GPL-3.0-or-later
"""How folders of pairs are laid out: ours and those of the public sets, so that one just points.

================== ============================================== ==============================
set                folders                                        one recording
================== ============================================== ==============================
any                clean/, noisy/                                 the same name in both
VoiceBank+DEMAND   clean_testset_wav/, noisy_testset_wav/         the same; log_testset.txt tells
                                                                  noise and SNR
DNS-Challenge,     [no_reverb|with_reverb/]clean/, noisy/         clean_fileid_N,
synthetic                                                         …_snr4_…_fileid_N
DNS-Challenge,     noisy files alone (noreverb_fileid_N, …)       no reference: DNSMOS only
blind, and others
EARS-WHAM          [test/]clean/SPEAKER/, noisy/SPEAKER/          00042, 00042_3.5dB
================== ============================================== ==============================
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from neuralboard.errors import AudioError

__all__ = ["AUDIO_SUFFIXES", "Layout", "PairFiles", "audio_files", "recognise"]

AUDIO_SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".mp3", ".aiff", ".aif"})

_TWINS = (("clean", "noisy"), ("clean_testset_wav", "noisy_testset_wav"))
_ROOMS = {"no_reverb": "none", "with_reverb": "reverb"}
_FILE_ID = re.compile(r"fileid_(\d+)$")
_DNS_SNR = re.compile(r"_snr(-?\d+)_")
_EARS = re.compile(r"^(.*)_(-?\d+(?:\.\d+)?)dB$")


@dataclass(frozen=True)
class PairFiles:
    """Where one recording is; `clean` is None where there is no reference."""

    name: str
    clean: Path | None
    noisy: Path
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Layout:
    """What was recognised.

    Attributes
    ----------
    kind : str
        The set's name.
    pairs : tuple of PairFiles
        Sorted by name.
    alone : tuple of str
        Files that have no twin, and so are not judged.
    """

    kind: str
    pairs: tuple[PairFiles, ...]
    alone: tuple[str, ...] = ()


def audio_files(folder: Path) -> list[Path]:
    """Return all audio files below a folder, sorted; none where there is no folder."""
    return sorted(p for p in folder.rglob("*") if p.suffix.lower() in AUDIO_SUFFIXES)


def recognise(folder: Path) -> Layout:
    """Find the pairs in a folder.

    Raises
    ------
    AudioError
        Where there is no audio at all, with what was looked for.
    """
    if not folder.is_dir():
        raise AudioError(f"no pairs in {folder}: there is no such folder; give one with audio")
    places = [folder, *(folder / name for name in (*_ROOMS, "test"))]
    found = [
        (place, place / clean, place / noisy)
        for place in places
        for clean, noisy in _TWINS
        if (place / clean).is_dir() and (place / noisy).is_dir()
    ]
    if found:
        layout = _pairs(folder, found)
        if layout.pairs:
            return layout
    clean = sum(len(audio_files(folder / twin[0])) for twin in _TWINS)
    blind = audio_files(folder) if not clean else []
    if blind:
        return Layout("no reference", tuple(_blind(path, folder) for path in blind))
    noisy = sum(len(audio_files(folder / twin[1])) for twin in _TWINS)
    raise AudioError(
        f"no pairs in {folder}: looked for clean/NAME and noisy/NAME (VoiceBank+DEMAND:"
        " clean_testset_wav/, noisy_testset_wav/; DNS-Challenge: no_reverb/clean/; EARS-WHAM:"
        " test/clean/), or noisy files alone, audio files"
        f" {', '.join(sorted(AUDIO_SUFFIXES))}; {clean} clean and {noisy} noisy ones are there,"
        " none of the same name"
    )


def _pairs(folder: Path, found: list[tuple[Path, Path, Path]]) -> Layout:
    pairs: list[PairFiles] = []
    alone: list[str] = []
    kinds: set[str] = set()
    for place, clean_folder, noisy_folder in found:
        log = _voicebank_log(place / "log_testset.txt")
        cleans = {_clean_key(path, clean_folder): path for path in audio_files(clean_folder)}
        used: set[str] = set()
        for path in audio_files(noisy_folder):
            name = path.relative_to(noisy_folder).with_suffix("").as_posix()
            key, facts, kind = _noisy_key(name, path.stem, cleans)
            if key is None:
                alone.append(path.relative_to(folder).as_posix())
                continue
            used.add(key)
            if clean_folder.name == "clean_testset_wav":
                kind = "VoiceBank+DEMAND"
            kinds.add(kind)
            room = {"room": _ROOMS[place.name]} if place.name in _ROOMS else {}
            shown = f"{place.name}/{name}" if len(found) > 1 else name
            pairs.append(PairFiles(shown, cleans[key], path, facts | log.get(name, {}) | room))
        alone += [
            cleans[key].relative_to(folder).as_posix() for key in sorted(cleans.keys() - used)
        ]
    pairs.sort(key=lambda pair: pair.name)
    return Layout(", ".join(sorted(kinds)), tuple(pairs), tuple(alone))


def _clean_key(path: Path, folder: Path) -> str:
    """Return what a clean file is found by: its number in DNS-Challenge, else its name."""
    number = _FILE_ID.search(path.stem)
    if number and path.stem.startswith("clean_"):
        return f"fileid_{int(number[1])}"
    return path.relative_to(folder).with_suffix("").as_posix()


def _noisy_key(
    name: str, stem: str, cleans: dict[str, Path]
) -> tuple[str | None, dict[str, Any], str]:
    """Return the key of the clean twin (None: there is none), what the name tells, the set."""
    if name in cleans:
        return name, {}, "clean/ and noisy/"
    number = _FILE_ID.search(stem)
    if number and f"fileid_{int(number[1])}" in cleans:
        snr = _DNS_SNR.search(stem)
        facts = {"snr_db": float(snr[1])} if snr else {}
        return f"fileid_{int(number[1])}", facts, "DNS-Challenge, synthetic"
    ears = _EARS.match(name)
    if ears and ears[1] in cleans:
        return ears[1], {"snr_db": float(ears[2])}, "EARS-WHAM"
    return None, {}, ""


def _blind(path: Path, folder: Path) -> PairFiles:
    return PairFiles(path.relative_to(folder).with_suffix("").as_posix(), None, path)


def _voicebank_log(path: Path) -> dict[str, dict[str, Any]]:
    """Read "p232_001 bus 17.5" lines: name, noise, SNR."""
    if not path.is_file():
        return {}
    facts = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        words = line.split()
        if len(words) == 3 and re.fullmatch(r"-?\d+(\.\d+)?", words[2]):
            facts[words[0]] = {"noise_type": words[1], "snr_db": float(words[2])}
    return facts
