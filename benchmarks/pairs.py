# SPDX-License-Identifier: GPL-3.0-or-later
"""A pair: a noisy recording and the clean one it came from. What every judged box is fed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from neuralboard.audio_reader import AudioReader
from neuralboard.benchmarks.layouts import Layout, PairFiles, recognise
from neuralboard.errors import AudioFileError

__all__ = ["FolderPairs", "Pair", "Recordings", "read_mono", "read_pair"]

Mono = NDArray[np.float32]


@dataclass(frozen=True)
class Pair:
    """One item to judge.

    Attributes
    ----------
    name : str
    noisy, clean : ndarray, float32 [samples]
        Aligned, of one length; `clean` has no samples where there is no reference.
    sample_rate : int
        Hz.
    facts : dict
        What tables group by: "snr_db", "noise_type", "room", "speaker", "bandwidth_hz", …
    """

    name: str
    noisy: Mono
    clean: Mono
    sample_rate: int
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def blind(self) -> bool:
        """True where there is no reference."""
        return len(self.clean) == 0

    def digest(self) -> str:
        """Return a hash of the samples: results may be kept as long as it stays."""
        content = hashlib.sha256(f"{self.sample_rate} ".encode())
        content.update(np.ascontiguousarray(self.noisy).tobytes())
        content.update(np.ascontiguousarray(self.clean).tobytes())
        return content.hexdigest()[:16]


def read_mono(path: Path, sample_rate: int | None = None) -> tuple[Mono, int]:
    """Read a recording as mono: of several channels the loudest (a sum could comb).

    Returns
    -------
    (ndarray float32 [samples], rate in Hz): the file's rate, or `sample_rate` (soxr VHQ).
    """
    with AudioReader(path) as reader:
        rate, parts = reader.sample_rate, []
        while True:
            block = reader.read(1 << 20)
            if block.shape[1] == 0:
                break
            parts.append(block.copy())
    audio = np.concatenate(parts, axis=1) if parts else np.zeros((1, 0), np.float32)
    mono = audio[int(np.argmax(np.sum(audio.astype(np.float64) ** 2, axis=1)))]
    if sample_rate is not None and sample_rate != rate:
        mono, rate = soxr.resample(mono, rate, sample_rate, quality="VHQ"), sample_rate
    return np.ascontiguousarray(mono, np.float32), rate


class FolderPairs(Sequence[Pair]):
    """Pairs from a folder as `layouts` knows them; each is read when asked for.

    Attributes
    ----------
    layout : Layout
        Which set was recognised, and which files have no twin.

    Raises
    ------
    AudioError
        Where no audio is found. Reading a broken file raises `AudioFileError` when it is asked
        for; a rate or length that does not fit is cured, and "note" in the facts tells it.
    """

    def __init__(self, folder: str | Path) -> None:
        self.layout: Layout = recognise(Path(folder))

    def __len__(self) -> int:
        return len(self.layout.pairs)

    def name(self, index: int) -> str:
        """Return the name of a pair that may be unreadable."""
        return self.layout.pairs[index].name

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        return read_pair(self.layout.pairs[index])

    def __iter__(self) -> Iterator[Pair]:
        return (self[i] for i in range(len(self)))


class Recordings(Sequence[Pair]):
    """Recordings of one's own, without a reference; each is read when asked for."""

    def __init__(self, paths: Sequence[str | Path]) -> None:
        self.paths = [Path(path) for path in paths]
        for path in self.paths:
            if not path.is_file():
                raise AudioFileError(f"can't read {path}: there is no such file; check the name")

    def __len__(self) -> int:
        return len(self.paths)

    def name(self, index: int) -> str:
        """Return the name of a recording that may be unreadable."""
        return self.paths[index].stem

    def __getitem__(self, index: Any) -> Any:
        return read_pair(PairFiles(self.name(index), None, self.paths[index]))


def read_pair(files: PairFiles) -> Pair:
    """Read one pair: of one rate and length, both finite, the reference not silent.

    Raises
    ------
    AudioFileError
        What is wrong with which file.
    """
    notes = []
    noisy, rate = _read_checked(files.noisy)
    if files.clean is None:
        return Pair(files.name, noisy, np.zeros(0, np.float32), rate, dict(files.facts))
    clean, clean_rate = _read_checked(files.clean)
    if clean_rate != rate:
        notes.append(f"clean has {clean_rate} Hz, noisy {rate} Hz: the clean one was converted")
        clean = soxr.resample(clean, clean_rate, rate, quality="VHQ")
    length = min(len(clean), len(noisy))
    if len(clean) != len(noisy):
        notes.append(f"clean has {len(clean)} samples, noisy {len(noisy)}: cut to {length}")
    clean, noisy = clean[:length].copy(), noisy[:length].copy()
    facts = dict(files.facts)
    facts.setdefault("snr_db", _snr_db(clean, noisy))
    if notes:
        facts["note"] = "; ".join(notes)
    return Pair(files.name, noisy, clean, rate, facts)


def _read_checked(path: Path) -> tuple[Mono, int]:
    audio, rate = read_mono(path)
    if not len(audio):
        raise AudioFileError(f"{path} holds no samples; take it out of the folder")
    if not np.isfinite(audio).all():
        raise AudioFileError(f"{path} holds NaN or Inf; take it out of the folder")
    if not np.any(audio):
        raise AudioFileError(f"{path} holds digital silence only; take it out of the folder")
    return audio, rate


def _snr_db(clean: Mono, noisy: Mono) -> float:
    """Return what stands in the files, to 0.1 dB; 100 where both are equal."""
    noise = float(np.sum((noisy.astype(np.float64) - clean) ** 2))
    speech = float(np.sum(clean.astype(np.float64) ** 2))
    return round(10 * np.log10(max(speech / noise, 1e-12)), 1) if noise > 0 else 100.0
