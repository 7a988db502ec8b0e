# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the stems of a short song out of nothing but formulas, then mix them.

    python examples/mix_song/make_stems.py [FOLDER]       # FOLDER/stems/*.wav and FOLDER/mix.toml
    neuralboard mix FOLDER/mix.toml -o FOLDER/out

Eight bars at 100 beats a minute over four chords: drums, bass, pad, plucks and a sung "ah". The
sung track is mono and the plucks are at 44.1 kHz, as it happens.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pedalboard.io import AudioFile

Sound = NDArray[np.float64]

RATE = 48_000
BEAT = 60.0 / 100.0
BARS = 8
SECONDS = BARS * 4 * BEAT + 0.8
CHORDS = ((45, 52, 57, 60, 64), (41, 48, 57, 60, 65), (48, 55, 60, 64, 67), (43, 50, 59, 62, 67))
MELODY = (72, None, 71, 72, 74, 72, None, 69, 67, None, 69, 71, 69, None, 67, 64)


def hertz(note: float) -> float:
    """Return the frequency of a MIDI note."""
    return float(440.0 * 2.0 ** ((note - 69) / 12))


def clock(seconds: float, rate: int = RATE) -> Sound:
    """Return the times of samples."""
    return np.arange(round(seconds * rate)) / rate


def put(track: Sound, sound: Sound, seconds: float, rate: int = RATE) -> None:
    """Add a sound to a track, [samples] or [2, samples], from a time on."""
    start = round(seconds * rate)
    size = min(sound.shape[-1], track.shape[-1] - start)
    if size > 0:
        track[..., start : start + size] += sound[..., :size]


def saw(frequency: float, times: Sound, partials: int = 30, phase: float = 0.0) -> Sound:
    """Return a saw tooth without aliases."""
    out = np.zeros_like(times)
    for k in range(1, partials + 1):
        if k * frequency < 16_000:
            out += np.sin(2 * np.pi * k * frequency * times + k * phase) / k
    return out


def drums(rng: np.random.Generator) -> Sound:
    """Kick on one and three, snare on two and four, hats on the eighths: stereo."""
    track = np.zeros((2, round(SECONDS * RATE)))
    t = clock(0.4)
    kick = np.sin(2 * np.pi * (48 * t + 9 * (1 - np.exp(-t * 30)))) * np.exp(-t * 9)
    kick += 0.3 * rng.normal(size=t.size) * np.exp(-t * 400)
    noise = rng.normal(size=t.size)
    snare = 0.45 * noise * np.exp(-t * 22) + 0.5 * np.sin(2 * np.pi * 190 * t) * np.exp(-t * 30)
    bright = np.diff(rng.normal(size=t.size + 1))
    for beat in range(BARS * 4):
        put(track, (kick if beat % 2 == 0 else snare) * 0.8, beat * BEAT)
        for half in range(2):
            level = 0.16 if half == 0 else 0.10
            hat = level * bright * np.exp(-t * (60 if half == 0 else 45))
            put(track, np.stack([0.8 * hat, 1.1 * hat]), (beat + half / 2) * BEAT)
    return track


def bass() -> Sound:
    """Play eighths on the root: mono."""
    track = np.zeros(round(SECONDS * RATE))
    for eighth in range(BARS * 8):
        t = clock(BEAT / 2)
        note = CHORDS[(eighth // 8) % 4][0] - (12 if eighth % 8 != 6 else 0)
        shape = np.minimum(t / 0.004, 1) * np.exp(-t * 3) * np.minimum((t[-1] - t) / 0.01, 1)
        put(track, 0.35 * saw(hertz(note), t, 9) * shape, eighth * BEAT / 2)
    return track


def pad(rng: np.random.Generator) -> Sound:
    """Hold the chords with detuned saws, wide."""
    track = np.zeros((2, round(SECONDS * RATE)))
    for bar in range(BARS):
        t = clock(4 * BEAT + 0.6)
        shape = np.minimum(t / 0.25, 1) * np.minimum((t[-1] - t) / 0.6, 1)
        for note in CHORDS[bar % 4][1:]:
            for side in range(2):
                detuned = hertz(note) * (1 + 0.0025 * (2 * side - 1))
                tone = saw(detuned, t, 12, float(rng.uniform(0, 6)))
                put(track[side], 0.05 * tone * shape, bar * 4 * BEAT)
    return track


def plucks(rate: int) -> Sound:
    """Break the chords into sixteenths, left and right in turn."""
    track = np.zeros((2, round(SECONDS * rate)))
    for step in range(BARS * 16):
        t = clock(0.5, rate)
        note = CHORDS[(step // 16) % 4][1 + (step * 3) % 4] + 12
        index = 3.0 * np.exp(-t * 14)
        tone = np.sin(2 * np.pi * hertz(note) * t + index * np.sin(4 * np.pi * hertz(note) * t))
        left = 0.9 if step % 2 else 0.35
        out = 0.12 * tone * np.exp(-t * 7)
        put(track, np.stack([left * out, (1.25 - left) * out]), step * BEAT / 4, rate)
    return track


def voice(rng: np.random.Generator) -> Sound:
    """Sing "sah" on the melody: harmonics under the formants of an open vowel, and hissed S."""
    track = np.zeros(round(SECONDS * RATE))
    formants = ((730, 90, 1.0), (1090, 110, 0.5), (2440, 160, 0.25), (3400, 250, 0.12))
    for step, note in enumerate(MELODY * 2):
        if note is None:
            continue
        t = clock(BEAT * 0.95)
        f0 = hertz(note - 12) * (1 + 0.006 * np.sin(2 * np.pi * 5.3 * t) * np.minimum(t / 0.3, 1))
        phase = 2 * np.pi * np.cumsum(f0) / RATE
        tone = np.zeros_like(t)
        for k in range(1, 24):
            at = k * hertz(note - 12)
            level = sum(a / (1 + ((at - f) / b) ** 2) for f, b, a in formants)
            tone += level * np.sin(k * phase)
        tone *= 0.25 * np.minimum(t / 0.03, 1) * np.minimum((t[-1] - t) / 0.08, 1)
        put(track, tone, step * BEAT + 0.05)
        s = clock(0.09)
        hiss = np.diff(rng.normal(size=s.size + 1)) * np.sin(np.pi * s / s[-1])
        put(track, 0.10 * hiss, step * BEAT - 0.03 if step else 0.0)
    return track


def write(path: Path, sound: Sound, rate: int = RATE) -> None:
    """Write 24-bit WAV, peaks at -3 dBFS."""
    path.parent.mkdir(parents=True, exist_ok=True)
    audio = np.atleast_2d(0.7 * sound / np.abs(sound).max()).astype(np.float32)
    with AudioFile(str(path), "w", rate, audio.shape[0], bit_depth=24) as file:
        file.write(audio)


def main(folder: Path) -> None:
    """Write all stems and the mix file."""
    rng = np.random.default_rng(1979)
    write(folder / "stems" / "drums.wav", drums(rng))
    write(folder / "stems" / "bass.wav", bass())
    write(folder / "stems" / "pad.wav", pad(rng))
    write(folder / "stems" / "plucks.wav", plucks(44_100), 44_100)
    write(folder / "stems" / "vocals.wav", voice(rng))
    text = (Path(__file__).parent / "mix.toml").read_text(encoding="utf-8")
    (folder / "mix.toml").write_text(text, encoding="utf-8")
    print(f"{folder}: five stems of {SECONDS:.1f} s and mix.toml")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("mix_song"))
