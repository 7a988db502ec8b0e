# SPDX-License-Identifier: GPL-3.0-or-later
"""The test set: seeded mixtures of speech, noise and rooms. Same seed, same samples.

Each item is 6 to 10 s at 48 kHz: recordings of one speaker joined with pauses, perhaps in a room,
plus a noise at an SNR measured over the active speech. The clean reference is the speech as the
room gave it, so that a denoiser is not asked to remove the room. What a table groups by is dealt
out evenly, not drawn: SNR, room or none, level, wide or narrow speech, class of noise, speakers.

A narrow recording carries narrow noise: where the speech ends below 16 kHz (a 16 kHz file, say),
the noise is cut there too, as one microphone would have taken both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralboard.benchmarks.metrics.speech_level import active_level_db
from neuralboard.benchmarks.pairs import Mono, Pair, read_mono
from neuralboard.benchmarks.sources import Recording, Sources
from neuralboard.errors import AudioError

__all__ = ["RATE", "DenoiseSet"]

RATE = 48_000
SNRS_DB = (-5.0, 0.0, 5.0, 10.0, 15.0)
LEVELS_DB = (-20.0, -26.0, -32.0, -38.0)
WIDE_HZ = 14_000.0  # speech that reaches here is called wide
NARROW_HZ = 16_000.0  # noise is cut to the speech's band below this
PEAK = 0.98

Rng = np.random.Generator


@dataclass(frozen=True)
class Plan:
    """What one mixture is made of."""

    speaker: str
    clips: tuple[Recording, ...]
    noise: Recording
    room: Recording | None
    snr_db: float
    level_db: float
    seconds: float


class DenoiseSet(Sequence[Pair]):
    """`count` mixtures, made when asked for; item i depends on `sources`, `seed`, `count` and i.

    Parameters
    ----------
    sources : Sources
    count : int
    seed : int

    Examples
    --------
    >>> items = DenoiseSet(Sources.find(Path("data")), count=72)          # doctest: +SKIP
    >>> items[0].noisy, items[0].clean, items[0].facts["snr_db"]          # doctest: +SKIP
    """

    def __init__(self, sources: Sources, count: int = 72, seed: int = 15) -> None:
        if count < 1:
            raise AudioError(f"a set of {count} mixtures holds nothing; use 1 or more")
        self.sources, self.seed = sources, seed
        self.plans = tuple(_deal(sources, count, np.random.default_rng([seed, 0])))

    def __len__(self) -> int:
        return len(self.plans)

    def name(self, index: int) -> str:
        """Return the name of an item, which may hold a file that can't be read."""
        return f"mix{index % len(self):03d}"

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        index %= len(self)
        plan = self.plans[index]
        noisy, clean, band = mix(plan, np.random.default_rng([self.seed, 1 + index]))
        facts = {
            "snr_db": plan.snr_db,
            "noise_type": plan.noise.label,
            "noise": plan.noise.source,
            "room": plan.room.source if plan.room else "none",
            "speaker": plan.speaker,
            "language": plan.clips[0].label,
            "bandwidth_hz": round(band),
            "band": "wide" if band >= WIDE_HZ else "narrow",
            "level_db": plan.level_db,
        }
        return Pair(self.name(index), noisy, clean, RATE, facts)

    def __iter__(self) -> Iterator[Pair]:
        return (self[i] for i in range(len(self)))


def _deal(sources: Sources, count: int, rng: Rng) -> Iterator[Plan]:
    """Deal out all properties so that each value of each comes equally often, in mixed order."""
    speakers: dict[str, list[Recording]] = {}
    for clip in sources.speech:
        speakers.setdefault(clip.source, []).append(clip)
    wide = [s for s, clips in speakers.items() if _band(clips) >= WIDE_HZ]
    narrow = [s for s in speakers if s not in set(wide)]
    voices = [_Deck(group, rng) for group in (wide, narrow) if group]
    by_class = sorted(sources.noise, key=lambda n: n.label)
    classes = [list(group) for _, group in groupby(by_class, key=lambda n: n.label)]
    noises = [_Deck(group, rng) for group in classes]
    class_order = _Deck(range(len(noises)), rng)
    room_decks = [_Deck(group, rng) for group in _rooms(sources.rooms)]
    snrs, levels = (_Deck(values, rng) for values in (SNRS_DB, LEVELS_DB))
    for index in range(count):
        speaker = voices[index % len(voices)].draw()
        clips = [speakers[speaker][i] for i in rng.permutation(len(speakers[speaker]))]
        # Half of the wide and half of the narrow ones in a room; narrow speech in any room.
        roomy = bool(room_decks) and (index // len(voices)) % 2 == 0
        yield Plan(
            speaker,
            tuple(clips),
            noises[class_order.draw()].draw(),
            room_decks[index % len(room_decks)].draw() if roomy else None,
            snrs.draw(),
            levels.draw(),
            float(rng.uniform(6.0, 10.0)),
        )


class _Deck:
    """Deals all cards in mixed order before any comes again."""

    def __init__(self, cards: Any, rng: Rng) -> None:
        self._cards, self._rng, self._left = list(cards), rng, list[int]()

    def draw(self) -> Any:
        if not self._left:
            self._left = [int(i) for i in self._rng.permutation(len(self._cards))]
        return self._cards[self._left.pop()]


def _rooms(rooms: tuple[Recording, ...]) -> list[list[Recording]]:
    """Return the rooms for wide speech and those for narrow: a narrow response narrows speech."""
    wide = [room for room in rooms if room.bandwidth_hz >= WIDE_HZ]
    return [wide or list(rooms), list(rooms)] if rooms else []


def _band(clips: Sequence[Recording]) -> float:
    return min(clip.bandwidth_hz for clip in clips)


def mix(plan: Plan, rng: Rng) -> tuple[Mono, Mono, float]:
    """Return (noisy, clean, bandwidth in Hz), both float32 [samples]."""
    count = round(plan.seconds * RATE)
    speech, used = speech_line(plan.clips, count, rng)
    band = min(_band(used), RATE / 2)
    if plan.room is not None:
        speech = convolve(speech, _read(plan.room.path))
        band = min(band, plan.room.bandwidth_hz)
    noise = noise_line(_read(plan.noise.path), count, rng)
    if band < NARROW_HZ:
        noise = low_pass(noise, band)
    level = active_level_db(speech, RATE)
    if level <= -150.0:
        raise AudioError(f"{plan.clips[0].path} holds no speech; take it out of the folder")
    speech = speech * 10.0 ** ((plan.level_db - level) / 20.0)
    noise_db = 10.0 * np.log10(np.mean(noise**2) + 1e-20)
    noise = noise * 10.0 ** ((plan.level_db - plan.snr_db - noise_db) / 20.0)
    noisy = speech + noise
    gain = min(1.0, PEAK / float(np.max(np.abs(noisy)) + 1e-9))
    return (noisy * gain).astype(np.float32), (speech * gain).astype(np.float32), band


def speech_line(
    clips: Sequence[Recording], count: int, rng: Rng
) -> tuple[NDArray[np.float64], list[Recording]]:
    """Join recordings of one speaker, at one level, with pauses of 0.15 to 0.7 s."""
    line = np.zeros(count)
    place, used = int(rng.uniform(0.3, 0.8) * RATE), list[Recording]()
    least = round(0.25 * RATE)  # what is left at the end is not begun with a syllable
    number = 0
    while place < count - least:
        clip = clips[number % len(clips)]
        audio = _read(clip.path)
        number += 1
        if len(audio) > count - place:
            start = int(rng.integers(0, len(audio) - (count - place) + 1))
            audio = audio[start : start + count - place]
        level = active_level_db(audio, RATE)
        if level > -150.0:
            faded = _faded(audio * 10.0 ** (-(level + 26.0) / 20.0))
            line[place : place + len(faded)] = faded
            used.append(clip)
        elif number > 2 * len(clips) and not used:
            raise AudioError(f"{clip.path} holds no speech; take it out of the folder")
        place += len(audio) + int(rng.uniform(0.15, 0.7) * RATE)
    return line, used


def noise_line(audio: Mono, count: int, rng: Rng) -> NDArray[np.float64]:
    """Take a piece of a noise; a shorter one is repeated, events of under 2 s with gaps."""
    start = int(rng.integers(0, max(1, len(audio) - count + 1)))
    piece = _faded(audio[start : start + count].astype(np.float64))
    if len(piece) >= count:
        return piece
    gap = int(rng.uniform(0.2, 1.2) * RATE) if len(piece) < 2 * RATE else 0
    looped = np.resize(np.pad(piece, (0, gap)), count + len(piece))
    turn = int(rng.integers(0, len(piece) + 1))
    return np.asarray(looped[turn : turn + count])


def convolve(audio: NDArray[np.float64], response: Mono) -> NDArray[np.float64]:
    """Convolve by FFT; keep the length, with the direct sound where the dry sound was."""
    size = 1 << int(len(audio) + len(response) - 1).bit_length()
    wet = np.fft.irfft(np.fft.rfft(audio, size) * np.fft.rfft(response, size), size)
    start = int(np.argmax(np.abs(response)))
    return np.asarray(wet[start : start + len(audio)])


def low_pass(audio: NDArray[np.float64], cutoff_hz: float) -> NDArray[np.float64]:
    """Cut everything above a frequency, as a lower sample rate would (no delay)."""
    frequency = np.fft.rfftfreq(len(audio), 1 / RATE)
    slope = np.clip((cutoff_hz * 1.04 - frequency) / (cutoff_hz * 0.06), 0, 1)
    return np.asarray(np.fft.irfft(np.fft.rfft(audio) * slope, len(audio)))


def _faded(audio: NDArray[Any]) -> NDArray[np.float64]:
    """Fade both ends over 10 ms: a cut must not click."""
    out = np.array(audio, np.float64)
    length = min(RATE // 100, len(out) // 2)
    if length:
        slope = np.sin(np.linspace(0, np.pi / 2, length)) ** 2
        out[:length] *= slope
        out[-length:] *= slope[::-1]
    return out


@lru_cache(maxsize=64)
def _read(path: Any) -> Mono:
    return read_mono(path, RATE)[0]
