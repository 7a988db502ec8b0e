# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn folders of recordings into the corpus that training reads.

    python -m neuralboard.training.data_prepare --sources training/sources.toml --raw DOWNLOADS \
        --manifest manifest.csv --manifest-root DATA --out CORPUS

The corpus is a folder of 48 kHz mono int16 arrays (one ``.npy`` a source, clips end to end) and
``clips.csv`` with one row a clip: where it lies and what was measured. Arrays are memory-mapped
by training, so that hours of audio cost no memory and a clip no decoding.

Each clip is checked: the dynamic range between loud and quiet frames tells clean speech from
noisy, clipped ones go, silence at the ends is cut, the recording's own floor is lowered
(`data_floor`). ``bandwidth_hz`` is measured *before*
resampling: a 48 kHz header proves nothing, and a full-band model that learns from narrow clips
without knowing it turns into a low-pass filter.
"""

from __future__ import annotations

import argparse
import csv
import os
import re
import tomllib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from neuralboard.training.data_floor import lower_floor

RATE = 48_000
PEAK = 0.9  # level is drawn at random in training, so the stored one only has to use the 16 bits
MIN_SECONDS = {"speech": 0.35, "noise": 0.4, "rir": 0.02}

Audio = NDArray[np.float32]


@dataclass(frozen=True)
class Clip:
    """One row of ``clips.csv``; `start` and `length` count samples in ``shard``."""

    shard: str
    start: int
    length: int
    kind: str
    source: str
    speaker: str
    bandwidth_hz: int
    dynamic_db: float
    licence: str


@dataclass(frozen=True)
class Source:
    """One table of ``sources.toml``; see its head for the meaning of the fields."""

    name: str
    kind: str
    folder: str
    files: list[str]
    licence: str
    skip: str = ""
    speaker: str = ""
    test: str = ""
    join: str = ""
    free_list: str = ""
    minutes: float = 1e9
    dynamic: float = 28.0

    def speaker_of(self, path: str) -> str:
        """Give the speaker (or the recording, for noise) that `path` belongs to."""
        if not self.speaker:
            return f"{self.name}:{Path(path).stem}"
        found = re.search(self.speaker, path)
        named = found.group(1) if found and found.groups() else self.speaker
        return named if found else self.speaker


def measure_bandwidth(audio: Audio, rate: int) -> int:
    """Measure where the content ends: above it fewer than 3 % of bins exceed -66 dB of the peak.

    Parameters
    ----------
    audio : float32 [samples]
    rate : Hz, the rate the audio was stored at.

    Returns
    -------
    Hz, at most ``rate / 2``.
    """
    size = 2048
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(audio, (0, size)), size)[:: size // 2]
    frames = frames[:: max(1, len(frames) // 400)] * np.hanning(size).astype(np.float32)
    power = np.mean(np.abs(np.fft.rfft(frames, axis=1)) ** 2, axis=0)
    loud = power > power.max() * 10**-6.6
    above = np.cumsum(loud[::-1])[::-1] / np.arange(len(loud), 0, -1)  # share of loud bins >= k
    beyond = np.flatnonzero(above < 0.03)
    top = int(beyond[0]) if len(beyond) else len(loud) - 1
    return round(top * rate / size)


def frame_levels_db(audio: Audio, rate: int) -> Audio:
    """Give the level of each 20 ms frame in dBFS."""
    size = max(1, rate // 50)
    count = max(1, len(audio) // size)
    frames = np.resize(audio, count * size).reshape(count, size).astype(np.float64)
    levels: Audio = (10 * np.log10(np.mean(frames**2, axis=1) + 1e-12)).astype(np.float32)
    return levels


def trim(audio: Audio, rate: int, below_db: float) -> Audio:
    """Cut what lies more than `below_db` under the loud frames off both ends, less 60 ms."""
    levels = frame_levels_db(audio, rate)
    heard = np.flatnonzero(levels > np.percentile(levels, 95) - below_db)
    if not len(heard):
        return audio[:0]
    size, margin = rate // 50, 3
    return audio[max(0, heard[0] - margin) * size : (heard[-1] + 1 + margin) * size]


def read(path: Path) -> tuple[Audio, int]:
    """Read a file as mono: of several channels the loudest (a sum could comb)."""
    data, rate = soundfile.read(path, dtype="float32", always_2d=True)
    audio: Audio = data[:, int(np.argmax(np.sum(data.astype(np.float64) ** 2, axis=0)))]
    return audio, rate


def prepare(audio: Audio, rate: int, kind: str, dynamic: float) -> tuple[Audio, int, float] | None:
    """Clean one clip up, or refuse it.

    Returns
    -------
    (audio at 48 kHz, bandwidth in Hz, dynamic range in dB), or None for a clip of no use.
    """
    audio = np.nan_to_num(audio)
    if kind != "rir":
        audio = trim(audio, rate, 40.0 if kind == "speech" else 75.0)
    if len(audio) < MIN_SECONDS[kind] * rate or np.max(np.abs(audio)) < 1e-4:
        return None
    levels = frame_levels_db(audio, rate)
    spread = float(np.percentile(levels, 95) - np.percentile(levels, 8))
    if kind == "speech":
        # A word cut tight has no pause to measure: ask less of clips under 1.2 s.
        if spread < (dynamic if len(audio) > 1.2 * rate else dynamic - 8):
            return None
        peak = np.max(np.abs(audio))
        if np.mean(np.abs(audio) >= 0.999 * peak) > 5e-4:  # flat tops
            return None
    band = measure_bandwidth(audio, rate)
    if rate != RATE:
        audio = soxr.resample(audio, rate, RATE, quality="HQ")
    if kind == "speech":
        audio = lower_floor(audio.astype(np.float32))
    audio = audio * np.float32(PEAK / np.max(np.abs(audio)))
    return audio.astype(np.float32), band, spread


def free_clips(listing: Path) -> set[str]:
    """Read ESC-50's LICENSE: the names (``1-100032-A``) of the clips under CC0 or CC BY."""
    row = re.compile(r"^- \[(\d-\d+-\w)\.ogg\].*\[(CC0|CC-BY)\]\s*$")
    found = map(row.match, listing.read_text(encoding="utf-8").splitlines())
    return {hit.group(1) for hit in found if hit}


def source_clips(source: Source, raw: Path) -> Iterator[tuple[str, Audio, int]]:
    """Yield (speaker, audio, rate) of each usable file of a source, shuffled by a fixed seed."""
    base = raw / source.folder
    paths = sorted({p for pattern in source.files for p in base.glob(pattern) if p.is_file()})
    names = [p.relative_to(base).as_posix() for p in paths]
    free = free_clips(base / source.free_list) if source.free_list else None
    groups: dict[str, list[str]] = {}
    for name in names:
        if source.skip and re.search(source.skip, name):
            continue
        if free is not None and not any(clip in name for clip in clip_ids(name) if clip in free):
            continue
        if source.test and re.search(source.test, source.speaker_of(name)):
            continue
        hit = re.match(source.join, name) if source.join else None
        groups.setdefault(hit.group(1) if hit else name, []).append(name)
    order = np.random.default_rng(0).permutation(len(groups))
    keys = sorted(groups)
    for index in order:
        try:
            parts = [read(base / name) for name in sorted(groups[keys[index]])]
        except (soundfile.LibsndfileError, RuntimeError):
            continue  # a truncated or foreign file is no reason to stop the other thousands
        audio = np.concatenate([part for part, _ in parts])
        yield source.speaker_of(groups[keys[index]][0]), audio, parts[0][1]


def clip_ids(name: str) -> list[str]:
    """Find the ESC-50 clip names in a path."""
    return re.findall(r"\d-\d+-[A-Z]", name)


def manifest_sources(manifest: Path) -> dict[str, list[dict[str, str]]]:
    """Group the training rows of a manifest CSV by kind."""
    kinds: dict[str, list[dict[str, str]]] = {}
    with manifest.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["split"] == "train":
                kinds.setdefault(row["kind"], []).append(row)
    return kinds


class Writer:
    """Appends clips to shards and writes ``clips.csv`` at the end, whole or not at all."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.rows: list[Clip] = []
        out.mkdir(parents=True, exist_ok=True)

    def shard(
        self,
        name: str,
        kind: str,
        clips: Iterator[tuple[str, str, Audio, int, float]],
        minutes: float = 1e9,
    ) -> None:
        """Write one shard from (speaker, licence, raw audio, rate, smallest dynamic range)."""
        pieces: list[NDArray[np.int16]] = []
        total = refused = 0
        for speaker, licence, audio, rate, dynamic in clips:
            ready = prepare(audio, rate, kind, dynamic)
            if ready is None:
                refused += 1
                continue
            wave, band, spread = ready
            pieces.append(np.round(wave * 32767).astype(np.int16))
            self.rows.append(
                Clip(
                    f"{name}.npy",
                    total,
                    len(wave),
                    kind,
                    name,
                    speaker,
                    band,
                    round(spread, 1),
                    licence,
                )
            )
            total += len(wave)
            if total > minutes * 60 * RATE:
                break
        if pieces:
            temporary = self.out / f"{name}.part.npy"
            np.save(temporary, np.concatenate(pieces))
            os.replace(temporary, self.out / f"{name}.npy")
        print(
            f"{name:24} {kind:7} {total / RATE / 60:7.1f} min {len(pieces):6} clips, "
            f"{refused} refused",
            flush=True,
        )

    def close(self) -> None:
        """Write the table of clips."""
        temporary = self.out / "clips.part.csv"
        with temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(Clip.__dataclass_fields__))
            writer.writeheader()
            writer.writerows(asdict(row) for row in self.rows)
        os.replace(temporary, self.out / "clips.csv")


def main(arguments: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--sources", type=Path, help="TOML list of sources")
    parser.add_argument("--raw", type=Path, help="folder with one folder a source")
    parser.add_argument("--manifest", type=Path, help="CSV: path, kind, split, speaker_or_source …")
    parser.add_argument("--manifest-root", type=Path, help="what the manifest's paths start from")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    writer = Writer(options.out)
    if options.manifest:
        root = options.manifest_root or options.manifest.parent
        for kind, rows in sorted(manifest_sources(options.manifest).items()):
            clips = (
                (row["speaker_or_source"], row["licence"], *read(root / row["path"]), 24.0)
                for row in rows
            )
            writer.shard(f"manifest_{kind}", kind, clips)
    if options.sources:
        tables = tomllib.loads(options.sources.read_text(encoding="utf-8"))["source"]
        for table in tables:
            source = Source(**table)
            if not (options.raw / source.folder).is_dir():
                print(f"{source.name:24} absent: no folder {source.folder}", flush=True)
                continue
            found = source_clips(source, options.raw)
            writer.shard(
                source.name,
                source.kind,
                ((who, source.licence, wave, rate, source.dynamic) for who, wave, rate in found),
                source.minutes,
            )
            writer.close()  # so that training may start on what is there
    writer.close()


if __name__ == "__main__":
    main()
