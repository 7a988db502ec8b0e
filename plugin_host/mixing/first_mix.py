# SPDX-License-Identifier: GPL-3.0-or-later
"""A first mix file for a folder of stems: what their names and levels suggest, to be changed.

Every track is brought to a level by its loudest three seconds, so that nothing is drowned at once;
chains and sends follow from words in the file's name.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neuralboard.audio_reader import AudioReader, check_is_file
from neuralboard.errors import AudioFileError, MixError
from neuralboard.guard import BrokenSamples
from neuralboard.mixing.levels import SHORT_TERM, StepMeans, short_term_db
from neuralboard.mixing.strips import LONGEST_NAME, RESERVED_NAMES

__all__ = ["first_mix"]

_EXTENSIONS = {".wav", ".flac", ".aif", ".aiff", ".ogg", ".mp3", ".m4a", ".wave", ".bwf"}

# Loudest three seconds of a track (dBFS, RMS) that sit well together, and the chain: the first
# entry with a word that the name has. Voices stand in front, pads and effects behind.
_KINDS: tuple[tuple[str, float, str, float | None], ...] = (
    ("backing bgvox bgv choir bvs harmony harmonies", -26.0, "high_pass(120, slope=24)", -15.0),
    (
        "vocal vocals vox voice singer sing",
        -20.0,
        "high_pass(90, slope=24) | compressor(threshold_db=-20, ratio=3, attack_ms=5,"
        " release_ms=80) | de_esser()",
        -18.0,
    ),
    (
        "host guest speech talk dialog dialogue speaker interview narrator podcast lav boom",
        -20.0,
        "high_pass(80, slope=24) | denoiser(strength=0.8) | compressor(threshold_db=-22, ratio=3,"
        " attack_ms=5, release_ms=100) | de_esser()",
        None,
    ),
    ("kick bd bassdrum", -21.0, "high_pass(30)", None),
    ("snare clap", -23.0, "high_pass(80)", -24.0),
    ("hat hats hihat cymbal overhead oh ride", -29.0, "high_pass(200)", None),
    (
        "drum drums percussion perc beat loop",
        -20.0,
        "high_pass(30) | bus_compressor(threshold_db=-18, ratio=2, attack_ms=20, release_ms=120)",
        None,
    ),
    (
        "bass sub 808",
        -20.0,
        "high_pass(30) | compressor(threshold_db=-20, ratio=3, attack_ms=20, release_ms=120)",
        None,
    ),
    ("guitar gtr acoustic", -25.0, "high_pass(90)", -24.0),
    ("piano keys rhodes organ", -25.0, "high_pass(60)", -22.0),
    ("synth pad string strings brass horn orchestra", -26.0, "high_pass(100)", -20.0),
    ("fx effect effects sfx riser noise ambience atmo", -30.0, "high_pass(60)", None),
    ("music bed jingle", -28.0, "", None),
)
_HIGHEST_PEAK = -6.0  # dBFS, before the chain: a few loud hits are no reason to limit all
_SPEECH = 2  # index in _KINDS


@dataclass(frozen=True)
class _Stem:
    path: Path
    sample_rate: int
    channels: int
    seconds: float
    peak_db: float
    loudest_db: float


def first_mix(folder: Path, base: Path) -> tuple[str, list[str], bool]:
    """Return the text of a mix file, notes, and whether a file had to be left out.

    Parameters
    ----------
    folder : Path
        Where the stems are: regular files, hidden ones left out.
    base : Path
        Where the mix file will be: paths are relative to it.

    Raises
    ------
    MixError
        Where there is no audio.
    """
    if not folder.is_dir():
        raise MixError(f"{folder} is no folder; name the one that holds the stems")
    seen = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    folders = [path for path in seen if path.is_dir()]
    files = [path for path in seen if path.suffix.lower() in _EXTENSIONS and path not in folders]
    notes, stems = list[str](), list[_Stem]()
    for path in files:
        try:
            stems.append(_measured(path))
        except AudioFileError as error:
            notes.append(f"warning: left out: {error}")
    aside = _count_of(folders)
    if not stems:
        looked = ", ".join(sorted(_EXTENSIONS))
        beside = f"; {aside}" if aside else ""
        raise MixError(
            f"{folder} holds no audio that can be read (looked for {looked}){beside}"
            + "".join(f"; {note.removeprefix('warning: ')}" for note in notes[:1])
        )
    if aside:
        notes.append(f"note: {aside}")
    return _text(stems, base), notes, len(stems) < len(files)


def _count_of(folders: list[Path]) -> str:
    if not folders:
        return ""
    words = "1 sub-folder was" if len(folders) == 1 else f"{len(folders)} sub-folders were"
    return f"{words} not looked into: only what lies in the folder itself is a stem"


def _measured(path: Path) -> _Stem:
    check_is_file(path, "a mix")
    if not _is_text(str(path.resolve())):
        raise AudioFileError(f"{str(path)!r}: a name that is no text can't stand in a mix file")
    with AudioReader(path) as reader:
        if reader.channels > 2:
            raise AudioFileError(f"{path} has {reader.channels} channels; split it first")
        steps, guard = StepMeans(reader.sample_rate, 0), BrokenSamples(str(path))
        peak, power, samples = 0.0, 0.0, 0
        while (block := reader.read(65_536)).shape[1]:
            block = guard.clean(np.ascontiguousarray(block))
            steps.push(block)
            peak = max(peak, float(np.max(np.abs(block))))
            power += float(np.sum(np.square(block, dtype=np.float64))) / reader.channels
            samples += block.shape[1]
        loudest = short_term_db(steps.steps())[SHORT_TERM - 1 :]  # windows of 3 s, no shorter ones
        if not loudest.size:
            loudest = np.array([10 * np.log10(max(power / max(samples, 1), 1e-12))])
        return _Stem(
            path,
            reader.sample_rate,
            reader.channels,
            samples / reader.sample_rate,
            float(20 * np.log10(max(peak, 1e-6))),
            float(loudest.max()),
        )


def _is_text(name: str) -> bool:
    """Tell whether a name can be written as UTF-8: names on disks are bytes."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _kind(name: str) -> tuple[str, float, str, float | None]:
    words = set(re.findall(r"[a-z]+|\d+", name.lower()))
    for kind in _KINDS:
        if words & set(kind[0].split()):
            return kind
    return ("", -25.0, "", None)


def _text(stems: list[_Stem], base: Path) -> str:
    rates = Counter[int]()
    for stem in stems:
        rates[stem.sample_rate] += round(stem.seconds * 1000)
    rate = rates.most_common(1)[0][0]
    kinds = [_kind(stem.path.stem) for stem in stems]
    sends = any(kind[3] is not None for kind in kinds)
    speech = all(kind is _KINDS[_SPEECH] or kind[0].startswith("music") for kind in kinds)
    parts = [
        "# A first mix, from names and levels: change what you like, then\n"
        "#   neuralboard mix mix.toml --check\n"
        "#   neuralboard mix mix.toml -o out/\n"
        f"sample_rate = {rate}\n"
    ]
    names = _unique([*(stem.path.stem for stem in stems), "plate"])
    bus = names.pop()
    for stem, name, kind in zip(stems, names, kinds, strict=True):
        parts.append(_track(stem, name, kind, base, bus, rate))
    if sends:
        parts.append(
            f'[[bus]]\nname = {_quoted(bus)}\nchain = "high_pass(200) | reverb(room_size=0.6,'
            ' wet_level=0.5, dry_level=0)"\n'
        )
    chain = "" if speech else 'chain = "bus_compressor(threshold_db=-12, ratio=2, attack_ms=30)"\n'
    parts.append(
        f"[master]\n{chain}loudness_lufs = {-16.0 if speech else -14.0}\ntrue_peak_db = -1.0\n"
    )
    parts.append('[output]\nformat = "wav"\nbit_depth = 24\nstems = true\ntail = "auto"\n')
    return "\n".join(parts)


def _unique(wanted: list[str]) -> list[str]:
    """Return names that a mix takes, each once: "kick", "kick 2"; capitals make no difference."""
    taken = set(RESERVED_NAMES)
    names = []
    for text in wanted:
        clean = re.sub(r'[\x00-\x1f\x7f-\x9f/\\:"]+', " ", text).strip()
        base, number = clean or "track", 1
        name = base[:LONGEST_NAME].strip()
        while name.casefold() in taken:
            number += 1
            name = f"{base[: LONGEST_NAME - len(str(number)) - 1].strip()} {number}"
        taken.add(name.casefold())
        names.append(name)
    return names


def _track(
    stem: _Stem,
    name: str,
    kind: tuple[str, float, str, float | None],
    base: Path,
    bus: str,
    rate: int,
) -> str:
    _, level, chain, send = kind
    wanted = min(level - stem.loudest_db, _HIGHEST_PEAK - stem.peak_db)
    gain = float(np.clip(round(2 * wanted) / 2, -24.0, 18.0))
    silent = stem.loudest_db < -90
    minutes, seconds = divmod(stem.seconds, 60)
    told = [f"{minutes:.0f}:{seconds:04.1f}", "mono" if stem.channels == 1 else "stereo"]
    told += ["silent"] if silent else [f"peak {stem.peak_db:.1f} dBFS"]
    told += [f"{stem.sample_rate} Hz"] if stem.sample_rate != rate else []
    lines = [
        "[[track]]",
        f"name = {_quoted(name)}",
        f"file = {_quoted(_relative(stem.path, base))}  # {', '.join(told)}",
        f"gain_db = {0.0 if silent else gain}",
    ]
    lines += [f"chain = {_quoted(chain)}"] if chain else []
    lines += [f"sends = {{ {_key(bus)} = {send} }}"] if send is not None else []
    return "\n".join(lines) + "\n"


def _relative(path: Path, base: Path) -> str:
    try:
        return Path(os.path.relpath(path.resolve(), base)).as_posix()
    except ValueError:  # another drive
        return path.resolve().as_posix()


def _key(text: str) -> str:
    """Return a TOML key."""
    return text if re.fullmatch(r"[A-Za-z0-9_-]+", text) else _quoted(text)


def _quoted(text: str) -> str:
    """Return a TOML basic string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub(r"[\x00-\x1f\x7f]", lambda m: f"\\u{ord(m[0]):04x}", escaped) + '"'
