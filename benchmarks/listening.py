# SPDX-License-Identifier: GPL-3.0-or-later
"""Excerpts to listen to and to look at: the same seconds through each box, matched in level.

Matched is the level of the speech, not the loudness: noise makes a recording louder, so that equal
loudness would turn up whatever removes the most. With a reference it is the share of the clean
speech in the output (its projection); without one, the level in the same frames of every version,
those where the input is loud. The gain that this took is shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralboard.audio_writer import AudioWriter
from neuralboard.benchmarks.contenders import Contender
from neuralboard.benchmarks.metrics import align
from neuralboard.benchmarks.metrics.speech_level import (
    active_frames,
    level_within,
    projection_gain,
)
from neuralboard.benchmarks.pairs import Pair
from neuralboard.benchmarks.pictures import spectrogram, spectrogram_db
from neuralboard.benchmarks.scoring import BLIND_ACTIVE_DB
from neuralboard.errors import NeuralboardError

__all__ = ["SECONDS", "chosen_items", "excerpt", "matching_gain_db", "prepare"]

SECONDS = 10.0
MOST_DB = 30.0  # beyond that there is no speech to match
PEAK = 0.98
CLEAN = "clean"

Mono = NDArray[np.float32]


def chosen_items(rows: Sequence[dict[str, Any]], count: int) -> list[str]:
    """Return the names of `count` recordings, spread evenly from the worst SNR to the best."""
    some = [row for row in rows if row["box"] == rows[0]["box"]] if rows else []
    order = sorted(some, key=lambda row: (row.get("snr_db", 0.0), row["pair"]))
    if not order:
        return []
    places = np.linspace(0, len(order) - 1, 2 * count + 1)[1::2]
    return list(dict.fromkeys(order[round(float(place))]["pair"] for place in places))


def matching_gain_db(pair: Pair, out: NDArray[Any]) -> float:
    """Return by how many dB a version is to be turned up to have the speech at its level."""
    if not pair.blind:
        part = abs(projection_gain(pair.clean, align(pair.clean, out, pair.sample_rate)))
        gain = -20.0 * np.log10(part) if part > 0 else MOST_DB
    else:
        active = active_frames(pair.noisy, pair.sample_rate, BLIND_ACTIVE_DB)
        levels = [level_within(active, audio, pair.sample_rate) for audio in (pair.noisy, out)]
        gain = levels[0] - levels[1]
    return float(np.clip(gain, -MOST_DB, MOST_DB)) + 0.0  # no -0.0


def excerpt(pair: Pair, seconds: float = SECONDS) -> Pair:
    """Return the loudest stretch of a longer recording."""
    length = round(seconds * pair.sample_rate)
    if len(pair.noisy) <= length:
        return pair
    energy = np.cumsum(np.square(pair.noisy, dtype=np.float64))
    step = pair.sample_rate // 2
    starts = np.arange(0, len(pair.noisy) - length, step)
    start = int(starts[np.argmax(energy[starts + length] - energy[starts])])
    clean = pair.clean[start : start + length]
    return Pair(pair.name, pair.noisy[start : start + length], clean, pair.sample_rate, pair.facts)


def prepare(
    pair: Pair,
    texts: Sequence[str],
    out: Path,
    *,
    sound: bool = True,
    moved: Callable[[], None] | None = None,
) -> dict[str, Any]:
    """Write one excerpt through each box: FLAC files and spectrograms below `out`.

    Returns
    -------
    dict
        "title", "note" and "versions": what `report.Sounds` takes.
    """
    part, versions = excerpt(pair), dict[str, Mono]()
    if not part.blind:
        versions[CLEAN] = part.clean
    for text in texts:
        contender = Contender(text)
        try:
            versions[contender.label] = contender.process(part.noisy, part.sample_rate)
        except (NeuralboardError, ValueError, RuntimeError):
            continue  # its rows tell why
        if moved is not None:
            moved()
    gains = {label: matching_gain_db(part, audio) for label, audio in versions.items()}
    matched = {label: audio * 10.0 ** (gains[label] / 20.0) for label, audio in versions.items()}
    highest = max(float(np.max(np.abs(audio))) for audio in matched.values())
    common = min(1.0, PEAK / highest) if highest > 0 else 1.0
    loudest = max(float(np.max(spectrogram_db(a, part.sample_rate))) for a in matched.values())
    told = []
    for label, audio in matched.items():
        name = f"{_plain(pair.name)}-{_plain(label)}"
        picture, file = f"pictures/{name}.jpg", f"sounds/{name}.flac"
        spectrogram(out / picture, audio, part.sample_rate, loudest - 6.0)
        if sound:
            _write(out / file, audio * common, part.sample_rate)
        version = {"label": label, "gain_db": round(gains[label], 2) + 0.0, "picture": picture}
        told.append(version | ({"file": file} if sound else {}))
    return {"title": _title(pair), "note": _note(pair, common), "versions": told}


def _title(pair: Pair) -> str:
    facts = pair.facts
    words = [f"{facts['snr_db']:g} dB SNR"] if "snr_db" in facts else []
    words += [f"noise: {facts['noise_type']}"] if "noise_type" in facts else []
    if facts.get("room", "none") != "none":
        words.append(f"room: {facts['room']}")
    return f"{pair.name} ({', '.join(words)})" if words else pair.name


def _note(pair: Pair, common: float) -> str:
    by = "its level where the input is loud" if pair.blind else "the clean speech in it"
    text = f"Matched by {by}; the gain is shown."
    if common < 1.0:
        text += f" All together were turned down by {-20 * np.log10(common):.1f} dB, not to clip."
    return text


def _plain(label: str) -> str:
    """Return a label as a file name."""
    return re.sub(r"[^A-Za-z0-9.-]+", "_", label).strip("_")[:80] or "sound"


def _write(path: Path, audio: NDArray[Any], sample_rate: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with AudioWriter(path, sample_rate, 1, 16, force=True) as writer:
        writer.write(np.ascontiguousarray(audio[None], np.float32))
