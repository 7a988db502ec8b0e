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
from neuralboard.errors import AudioError, AudioFileError

__all__ = ["FolderPairs", "Pair", "read_mono"]

Mono = NDArray[np.float32]
AUDIO_SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".mp3", ".aiff", ".aif"})


@dataclass(frozen=True)
class Pair:
    """One item to judge.

    Attributes
    ----------
    name : str
    noisy, clean : ndarray, float32 [samples]
        Aligned, of one length.
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
    """Pairs from a folder with `clean/` and `noisy/`, files of the same names; read when asked for.

    Raises
    ------
    AudioError
        Where there are no such folders or no file name stands in both.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        found = [_by_stem(self.folder / kind) for kind in ("clean", "noisy")]
        both = sorted(found[0].keys() & found[1].keys())
        if not both:
            raise AudioError(
                f"no pairs in {self.folder}: looked for clean/NAME and noisy/NAME, audio files of"
                f" the same name ({len(found[0])} and {len(found[1])} files are there)"
            )
        self._files = [(stem, found[0][stem], found[1][stem]) for stem in both]

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        name, clean_path, noisy_path = self._files[index]
        clean, rate = read_mono(clean_path)
        noisy, noisy_rate = read_mono(noisy_path)
        if rate != noisy_rate:
            raise AudioFileError(
                f"{name}: clean has {rate} Hz, noisy {noisy_rate} Hz; convert one of them"
            )
        facts: dict[str, Any] = {}
        length = min(len(clean), len(noisy))
        if len(clean) != len(noisy):
            facts["note"] = f"clean has {len(clean)} samples, noisy {len(noisy)}: cut"
        noise = noisy[:length].astype(np.float64) - clean[:length]
        power = float(np.sum(noise**2))
        if power > 0:
            ratio = float(np.sum(clean[:length].astype(np.float64) ** 2)) / power
            facts["snr_db"] = round(10 * np.log10(max(ratio, 1e-12)), 1)
        return Pair(name, noisy[:length], clean[:length], rate, facts)

    def __iter__(self) -> Iterator[Pair]:
        return (self[i] for i in range(len(self)))


def _by_stem(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        return {}
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in AUDIO_SUFFIXES)
    return {p.relative_to(folder).with_suffix("").as_posix(): p for p in paths}
