# SPDX-License-Identifier: GPL-3.0-or-later
"""Mixtures made on the fly from a prepared corpus: speech x room x EQ x noise x level.

Every mixture is drawn from one seed and one index (same pair, same samples). The target is the
speech as the room gave it: this is no dereverberator.
"""

from __future__ import annotations

import csv
import zlib
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from pedalboard import MP3Compressor
from torch import Tensor
from torch.utils.data import Dataset

RATE = 48_000
Audio = NDArray[np.float32]
Rng = np.random.Generator


@dataclass(frozen=True)
class Mixing:
    """What is drawn how often; probabilities unless a unit says otherwise."""

    seconds: float = 2.0
    snr_db: tuple[float, float] = (-8.0, 16.0)
    faint: float = 0.1  # how often the noise lies 16 to 40 dB under the voice
    level_db: tuple[float, float] = (-55.0, -8.0)  # of the mixture: quiet speech is speech
    noise_only: float = 0.05  # teaches silence
    clean_only: float = 0.05  # teaches to leave alone
    room: float = 0.35
    synthetic_noise: float = 0.2
    babble: float = 0.05  # three to six other voices as the noise
    noise_speed: tuple[float, float] = (0.7, 1.4)  # played slower or faster: more kinds of noise
    voice_speed: float = 0.3  # how often a voice is, by up to 12 %
    deep_voice: float = 0.2  # how often it is slowed by 10 to 28 % instead: few voices are deep
    second_noise: float = 0.3
    equaliser: float = 0.5
    band_limit: float = 0.4  # narrow recordings: both speech and noise lose their treble
    codec: float = 0.08  # both noisy and target: what a codec did to a voice stays
    level_step: float = 0.15
    lead_silence: float = 0.05


def held_out(owners: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Choose one (kind, name) in 25 by the name; of few at least one, where there are two."""
    hashes = {owner: zlib.crc32(owner[1].encode()) for owner in sorted(owners)}
    chosen = {owner for owner, value in hashes.items() if value % 25 == 0}
    for kind in {kind for kind, _ in owners} - {kind for kind, _ in chosen}:
        names = [owner for owner in hashes if owner[0] == kind]
        if len(names) > 1:
            chosen.add(min(names, key=hashes.__getitem__))
    return chosen


class Corpus:
    """The clips of a prepared folder by kind and speaker; samples are read when drawn.

    ``part`` is "train", "valid" or "all": one speaker, recording and room in 25 is kept for
    validation, chosen by the name, so that it is the same one in every run.
    """

    def __init__(self, folder: Path, part: str = "all") -> None:
        self.folder = folder
        self.clips: dict[str, dict[str, list[tuple[str, int, int, int]]]] = {}
        hours: dict[str, dict[str, int]] = {}
        with (folder / "clips.csv").open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        owners = {(row["kind"], f"{row['source']}/{row['speaker']}") for row in rows}
        kept_back = held_out(owners)
        for row in rows:
            kind, length = row["kind"], int(row["length"])
            who = f"{row['source']}/{row['speaker']}"
            if part != "all" and kind != "rir" and ((kind, who) in kept_back) != (part == "valid"):
                continue
            place = (row["shard"], int(row["start"]), length, int(row["bandwidth_hz"]))
            self.clips.setdefault(kind, defaultdict(list))[who].append(place)
            # Full-band voices are few and dear: count their seconds double.
            worth = length * (2 if kind == "speech" and place[3] > 12_000 else 1)
            hours.setdefault(kind, defaultdict(int))[who] += worth
        self.names = {kind: sorted(found) for kind, found in self.clips.items()}
        self.chance = {}
        for kind, found in hours.items():
            root = np.sqrt([found[name] for name in self.names[kind]])  # neither few nor many win
            self.chance[kind] = np.cumsum(root / root.sum())
        self._offsets: dict[str, int] = {}  # of the samples in a shard's file, in bytes

    def draw(self, kind: str, rng: Rng) -> list[tuple[str, int, int, int]]:
        """Draw a speaker (noise: a recording) and give all its clips."""
        place = int(np.searchsorted(self.chance[kind], rng.random()))
        return self.clips[kind][self.names[kind][min(place, len(self.names[kind]) - 1)]]

    def read(self, clip: tuple[str, int, int, int], skip: int = 0, most: int = 1 << 60) -> Audio:
        """Read one clip as float, from sample `skip` on and at most `most` samples of it."""
        shard, start, length, _ = clip
        if shard not in self._offsets:
            self._offsets[shard] = np.load(self.folder / shard, mmap_mode="r").offset
        # A plain read of a few hundred kB: pages of a map would be brought in one by one.
        place = self._offsets[shard] + 2 * (start + skip)
        count = max(0, min(length - skip, most))
        audio = np.fromfile(self.folder / shard, np.int16, count, offset=place)
        return audio.astype(np.float32) / np.float32(32768)


def change_speed(audio: Audio, factor: float, count: int) -> Audio:
    """Read `count` samples at `factor` times the speed, by linear interpolation, looping."""
    places = np.arange(count, dtype=np.float64) * factor
    before = places.astype(np.int64)
    share = (places - before).astype(np.float32)
    before %= len(audio)
    after = (before + 1) % len(audio)
    return audio[before] * (1 - share) + audio[after] * share


def speech_line(corpus: Corpus, count: int, rng: Rng) -> tuple[Audio, int]:
    """Join clips of one speaker with pauses to `count` samples; give its narrowest bandwidth."""
    clips = corpus.draw("speech", rng)
    line = np.zeros(count, np.float32)
    # Often the voice speaks from the first sample on: nothing may be swallowed while the levels
    # are still being learned.
    place, band = int(rng.integers(0, RATE // 2)) * int(rng.random() < 0.5), RATE // 2
    while place < count:
        clip = clips[int(rng.integers(len(clips)))]
        skip = int(rng.integers(0, clip[2] - count)) if clip[2] > count else 0
        audio = corpus.read(clip, skip, count - place)
        line[place : place + len(audio)] = audio
        band = min(band, clip[3])
        place += len(audio) + int(rng.integers(RATE // 10, RATE * 7 // 10))
    return line, band


def babble(corpus: Corpus, count: int, rng: Rng) -> Audio:
    """Sum three to six voices at different levels."""
    crowd = np.zeros(count, np.float32)
    for _ in range(int(rng.integers(3, 7))):
        voice, _ = speech_line(corpus, count, rng)
        crowd += voice / active_rms(voice) * np.float32(10 ** rng.uniform(-0.5, 0))
    return crowd


def crackle(count: int, rng: Rng) -> Audio:
    """Scatter bursts of 1 to 60 ms, one to twenty a second, each of its own colour and level."""
    noise = np.zeros(count, np.float32)
    for place in rng.integers(0, count, int(rng.uniform(1, 20) * count / RATE) + 1):
        length = int(10 ** rng.uniform(-3, -1.2) * RATE)
        burst = rng.standard_normal(length) * np.exp(-5 * np.arange(length) / length)
        burst = np.convolve(burst, np.hanning(int(rng.integers(3, 40))), "same")
        end = min(count, int(place) + length)
        share = burst[: end - place] / (np.abs(burst).max() + 1e-9) * 10 ** rng.uniform(-1, 0)
        noise[place:end] += share.astype(np.float32)
    return noise


def rumble(count: int, rng: Rng) -> Audio:
    """Draw what fans, air-conditioning, engines and cabins give: steady, low, perhaps humming."""
    size = 1 << (count - 1).bit_length()
    spectrum = np.fft.rfft(rng.standard_normal(size).astype(np.float32))
    frequency = np.fft.rfftfreq(size, 1 / RATE)
    corner = 10 ** rng.uniform(1.9, 2.9)  # 80 to 800 Hz; falls by 6 to 24 dB an octave above
    spectrum /= (1 + (frequency / corner) ** 2) ** rng.uniform(0.5, 2.0)
    spectrum *= frequency / (frequency + 10 ** rng.uniform(1.0, 1.9))
    noise = np.fft.irfft(spectrum, size)[:count]
    noise /= np.std(noise) + 1e-9
    noise += 10 ** rng.uniform(-2.5, -0.5) * rng.standard_normal(count)  # the air's hiss
    if rng.random() < 0.5:
        turn, time = rng.uniform(20, 180), np.arange(count) / RATE
        for partial in range(1, int(rng.integers(2, 10))):
            phase = 2 * np.pi * (turn * partial * time + rng.random())
            noise += rng.uniform(0, 0.7) / partial**0.5 * np.sin(phase)
    return noise.astype(np.float32)


def noise_line(corpus: Corpus, count: int, rng: Rng, mixing: Mixing) -> Audio:
    """Loop a recorded noise, sum voices, or draw coloured noise with modulation and hum."""
    kind = rng.random()
    if kind < mixing.babble:
        return babble(corpus, count, rng)
    if kind >= mixing.babble + mixing.synthetic_noise:
        clips = corpus.draw("noise", rng)
        clip = clips[int(rng.integers(len(clips)))]
        speed = rng.uniform(*mixing.noise_speed)
        needed = int(count * speed) + 2
        audio = corpus.read(clip, int(rng.integers(0, max(1, clip[2] - needed))), needed)
        gap = int(rng.integers(0, RATE)) if len(audio) < RATE else 0  # short events: spaced
        return change_speed(np.pad(audio, (0, gap)), speed, count)
    drawn = rng.random()
    if drawn < 0.25:
        return crackle(count, rng)
    if drawn < 0.6:
        return rumble(count, rng)
    spectrum = np.fft.rfft(rng.standard_normal(count).astype(np.float32))
    frequency = np.fft.rfftfreq(count, 1 / RATE)
    spectrum *= np.maximum(frequency, 30.0) ** rng.uniform(-1.2, 0.3)
    noise = np.fft.irfft(spectrum, count)
    noise /= np.std(noise) + 1e-9
    time = np.arange(count) / RATE
    noise *= 1 + rng.uniform(0, 0.9) * np.sin(2 * np.pi * rng.uniform(0.2, 8) * time)
    if rng.random() < 0.3:
        mains = float(rng.choice([50.0, 60.0]))
        for partial in range(1, int(rng.integers(2, 20))):
            noise += rng.uniform(0, 1.5) / partial * np.sin(2 * np.pi * mains * partial * time)
    return noise.astype(np.float32)


def simulated_room(rng: Rng) -> Audio:
    """Draw a response: direct sound, then noise that decays by 60 dB in 0.1 to 3 s, darkening."""
    decay = rng.uniform(0.1, 1.0) if rng.random() < 0.7 else rng.uniform(1.0, 3.0)
    count = int(decay * RATE)
    time = np.arange(count) / RATE
    tail = rng.standard_normal(count) * 10 ** (-3 * time / decay)
    tail[: int(rng.uniform(0.001, 0.01) * RATE)] = 0
    size = 1 << (count - 1).bit_length()  # a length with large prime factors would take long
    dark = np.fft.rfft(tail, size)
    dark /= 1 + np.fft.rfftfreq(size, 1 / RATE) / rng.uniform(2e3, 12e3)
    tail = np.fft.irfft(dark, size)[:count]
    tail *= 10 ** (rng.uniform(-12, 3) / 20) / (np.linalg.norm(tail) + 1e-9)
    tail[0] = 1.0
    return tail.astype(np.float32)


def convolve(audio: Audio, response: Audio) -> Audio:
    """Convolve by FFT, keep the length, align the direct sound."""
    size = 1 << (len(audio) + len(response) - 1).bit_length()
    wet = np.fft.irfft(np.fft.rfft(audio, size) * np.fft.rfft(response, size), size)
    start = int(np.argmax(np.abs(response)))
    return wet[start : start + len(audio)].astype(np.float32)


def equalise(audio: Audio, rng: Rng) -> Audio:
    """Tilt and bend the spectrum smoothly by up to 8 dB."""
    frequency = np.fft.rfftfreq(len(audio), 1 / RATE)
    points = np.log(np.array([20, 100, 300, 1000, 3000, 8000, 24000.0]))
    gains = np.interp(np.log(np.maximum(frequency, 20)), points, rng.uniform(-8, 8, len(points)))
    return np.fft.irfft(np.fft.rfft(audio) * 10 ** (gains / 20), len(audio)).astype(np.float32)


def low_pass(audio: Audio, cutoff_hz: float) -> Audio:
    """Cut everything above a frequency, as a lower sample rate would."""
    frequency = np.fft.rfftfreq(len(audio), 1 / RATE)
    slope = np.clip((cutoff_hz * 1.04 - frequency) / (cutoff_hz * 0.06), 0, 1)
    return np.fft.irfft(np.fft.rfft(audio) * slope, len(audio)).astype(np.float32)


def codec(rng: Rng) -> Callable[[Audio], Audio]:
    """Draw a lossy codec: MP3 of any quality, or 8-bit companding as telephones use (G.711)."""
    if rng.random() < 0.7:
        mp3 = MP3Compressor(vbr_quality=float(rng.uniform(2, 9.5)))
        return lambda audio: mp3(np.clip(audio, -1, 1), RATE)[: len(audio)]
    return companded


def companded(audio: Audio) -> Audio:
    """Round to 8 bits on mu-law's scale (ITU-T G.711)."""
    scale = np.float32(np.log1p(255.0))
    code = np.sign(audio) * np.log1p(255 * np.abs(audio)) / scale
    code = np.round(code * 127) / 127
    return (np.sign(code) * np.expm1(np.abs(code) * scale) / 255).astype(np.float32)


def active_rms(audio: Audio) -> float:
    """Measure the RMS over the frames within 30 dB of the loudest (speech, not its pauses)."""
    frames = audio[: len(audio) // 960 * 960].reshape(-1, 960).astype(np.float64)
    power = np.mean(frames**2, axis=1)
    return float(np.sqrt(np.mean(power[power >= power.max() * 1e-3])) + 1e-9)


class Mixtures(Dataset[tuple[Tensor, Tensor, float]]):
    """Item `index` is (noisy, target, bandwidth in Hz), drawn from (`seed`, `index`) alone."""

    def __init__(
        self, corpus: Corpus, mixing: Mixing, seed: int, count: int, first: int = 0
    ) -> None:
        self.corpus, self.mixing = corpus, mixing
        self.seed, self.count, self.first = seed, count, first

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor, float]:
        rng = np.random.default_rng([self.seed, self.first + index])
        m, count = self.mixing, int(self.mixing.seconds * RATE)
        speech, band = speech_line(self.corpus, count, rng)
        drawn = rng.random()
        if drawn < m.deep_voice + m.voice_speed:
            speeds = (0.72, 0.9) if drawn < m.deep_voice else (0.88, 1.12)
            speed = float(rng.uniform(*speeds))
            speech = change_speed(speech, speed, count)
            band = int(band * min(speed, 1.0))
        noise = noise_line(self.corpus, count, rng, m)
        noise /= active_rms(noise)
        if rng.random() < m.second_noise:
            other = noise_line(self.corpus, count, rng, m)
            noise = noise + other / active_rms(other) * np.float32(10 ** rng.uniform(-1, 0))
        if rng.random() < m.room:
            rooms = "rir" in self.corpus.names and rng.random() < 0.3
            response = (
                self.corpus.read(self.corpus.draw("rir", rng)[0]) if rooms else simulated_room(rng)
            )
            speech = convolve(speech, response)
        if rng.random() < m.equaliser:
            speech, noise = equalise(speech, rng), equalise(noise, rng)
        if rng.random() < m.band_limit:
            cutoff = float(rng.choice([4000, 8000, 8000, 11025, 12000, 16000, 20000]))
            speech, noise = low_pass(speech, cutoff), low_pass(noise, cutoff)
            band = RATE // 2 if cutoff <= band else band  # above the cut, empty is the truth
        if rng.random() < m.level_step:
            noise[int(rng.integers(count)) :] *= 10 ** (rng.uniform(-20, 20) / 20)
        kind = rng.random()
        speech *= 0.1 / active_rms(speech)
        snr_db = rng.uniform(16, 40) if rng.random() < m.faint else rng.uniform(*m.snr_db)
        noise *= 0.1 * 10 ** (-snr_db / 20) / active_rms(noise)
        if kind < m.noise_only:
            speech, band = speech * 0, RATE // 2
        elif kind < m.noise_only + m.clean_only:
            noise *= 1e-3
        if rng.random() < m.lead_silence:
            lead = int(rng.integers(count // 2))
            speech[:lead], noise[:lead] = 0, 0
        noisy = speech + noise
        gain = 10 ** (rng.uniform(*m.level_db) / 20) / active_rms(noisy)
        gain = min(gain, 0.99 / (float(np.max(np.abs(noisy))) + 1e-9))
        both = [(x * gain).astype(np.float32) for x in (noisy, speech)]
        if rng.random() < m.codec:
            coded = codec(rng)
            both, band = [coded(audio) for audio in both], RATE // 2
        return torch.from_numpy(both[0]), torch.from_numpy(both[1]), float(band)
