# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the demo clip: a synthetic voice in a simulated room, with and without synthetic noise.

Nothing in it was recorded by anybody. The voice is Festival's HTS voice `cmu_us_slt_arctic_hts`
(32 kHz; Debian packages `festival` and `festvox-us-slt-hts`, wanted only to make the clip anew),
the room a shoebox by the image method (Allen & Berkley, "Image method for efficiently simulating
small-room acoustics", JASA 65, 1979), the noise a fan, its motor's hum, moving air and a keyboard
across the room. Both files are 48 kHz, mono, 16 bit, aligned to the sample:

* ``demo_clean.flac``: the voice in the room, the reference for measuring;
* ``demo_noisy.flac``: the same plus the noise, `SNR_DB` below it.

Run it through `make clip`; the seed is fixed, so a second run gives the same samples.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from neuralboard.benchmarks.synthetic import air, fan, typing

Audio: TypeAlias = NDArray[Any]  # float64 [samples]

SEED = 1979
RATE = 48_000
SNR_DB = 6.0  # over the whole clip, pauses included
PEAK = 0.4  # of the louder file
ASSETS = Path(__file__).resolve().parent.parent / "plugin_host" / "assets"

# What is said, and the silence before it in seconds: a pause shows what a denoiser leaves behind.
SENTENCES = (
    (0.8, "This is a voice in a small room, with a fan running."),
    (0.7, "The noise should go away, and the words should stay."),
    (0.7, "Listen to the pauses: that is where a denoiser gives itself away."),
)
LAST_PAUSE = 0.7

ROOM = np.array([4.6, 3.7, 2.6])  # metres
MICROPHONE = np.array([2.1, 1.6, 1.1])
VOICE_AT = np.array([2.6, 1.9, 1.2])
KEYBOARD_AT = np.array([3.4, 2.9, 0.8])
SPEED_OF_SOUND = 343.0
RESPONSE_SECONDS = 0.45
LOWEST_HZ = 90.0  # half of the voice's pitch


def speak(text: str, folder: Path) -> Audio:
    """Let Festival say `text`; samples at `RATE`, without the silence around them."""
    words, wave = folder / "words.txt", folder / "words.wav"
    words.write_text(text, encoding="ascii")
    subprocess.run(
        ["text2wave", "-eval", "(voice_cmu_us_slt_arctic_hts)", str(words), "-o", str(wave)],
        check=True,
    )
    spoken, rate = soundfile.read(wave, dtype="float64")
    loud = np.flatnonzero(np.abs(spoken) > 0.01)
    edge = int(0.03 * rate)  # kept around the words, and faded so that nothing clicks
    spoken = spoken[max(0, loud[0] - edge) : loud[-1] + edge]
    fade = np.minimum(1, np.arange(spoken.size) / edge)
    return soxr.resample(spoken * fade * fade[::-1], rate, RATE, "VHQ")


def voice() -> Audio:
    """Say all sentences, with their pauses."""
    with tempfile.TemporaryDirectory() as folder:
        parts: list[Audio] = []
        for pause, text in SENTENCES:
            parts += [np.zeros(int(pause * RATE)), speak(text, Path(folder))]
    return np.concatenate([*parts, np.zeros(int(LAST_PAUSE * RATE))])


def wall(freqs: Audio) -> Audio:
    """Share of the pressure that one reflection keeps: carpet eats treble, light walls bass."""
    return 0.91 / (1 + (freqs / 9000) ** 2) ** 0.25 * (1 - 0.35 / (1 + (freqs / 250) ** 2))


def room_response(source: Audio) -> Audio:
    """Impulse response from `source` to the microphone, direct sound of size 1 at sample 0.

    The images are sorted by the number of walls they saw; each group is one train of pulses,
    filtered by `wall` to that power.
    """
    num_samples = int(RESPONSE_SECONDS * RATE)
    reach = np.ceil(SPEED_OF_SOUND * RESPONSE_SECONDS / (2 * ROOM)).astype(int)
    axes = []
    for size, position, count in zip(ROOM, source, reach, strict=True):
        m = np.arange(-count, count + 1)
        # Even images lie at 2mL + s after 2|m| walls, odd ones at 2mL - s after |2m - 1|.
        axes.append(
            (
                np.concatenate([2 * m * size + position, 2 * m * size - position]),
                np.concatenate([2 * np.abs(m), np.abs(2 * m - 1)]),
            )
        )
    squares = [(places - here) ** 2 for (places, _), here in zip(axes, MICROPHONE, strict=True)]
    distance = np.sqrt(
        squares[0][:, None, None] + squares[1][None, :, None] + squares[2][None, None, :]
    )
    walls = axes[0][1][:, None, None] + axes[1][1][None, :, None] + axes[2][1][None, None, :]
    direct = float(np.linalg.norm(source - MICROPHONE))
    delay = np.rint((distance - direct) / SPEED_OF_SOUND * RATE).astype(int)
    heard = delay < num_samples
    delay, walls, gain = delay[heard], walls[heard], direct / distance[heard]

    n_fft = 2 * num_samples
    keep = wall(np.fft.rfftfreq(n_fft, 1 / RATE))
    spectrum = np.zeros(keep.size, dtype=complex)
    for count in np.unique(walls):
        group = walls == count
        pulses = np.bincount(delay[group], weights=gain[group], minlength=num_samples)
        spectrum += np.fft.rfft(pulses, n_fft) * keep**count
    fade = np.hanning(2 * num_samples)[num_samples:] ** 0.25
    return np.fft.irfft(spectrum, n_fft)[:num_samples] * fade


def convolve(dry: Audio, response: Audio) -> Audio:
    """Put `dry` into a room, length kept.

    All images of a rigid room push in the same direction, which piles up pressure below the first
    mode that no small source makes: out with it, without touching the phase of the voice.
    """
    n_fft = 1 << int(np.ceil(np.log2(dry.size + response.size)))
    freqs = np.fft.rfftfreq(n_fft, 1 / RATE)
    above = freqs**8 / (freqs**8 + LOWEST_HZ**8)
    wet = np.fft.irfft(np.fft.rfft(dry, n_fft) * np.fft.rfft(response, n_fft) * above, n_fft)
    return wet[: dry.size]


def make() -> tuple[Audio, Audio]:
    """Give the clean and the noisy clip, `[samples]` each."""
    rng = np.random.default_rng(SEED)
    clean = convolve(voice(), room_response(VOICE_AT))
    keys = convolve(typing(rng, clean.size), room_response(KEYBOARD_AT))
    noise = 0.45 * fan(rng, clean.size) + air(rng, clean.size) + 4.0 * keys
    noise *= np.sqrt(np.mean(clean**2) / np.mean(noise**2)) * 10 ** (-SNR_DB / 20)
    scale = PEAK / np.max(np.abs(clean + noise))
    return scale * clean, scale * (clean + noise)


if __name__ == "__main__":
    ASSETS.mkdir(parents=True, exist_ok=True)
    for name, audio in zip(("demo_clean", "demo_noisy"), make(), strict=True):
        path = ASSETS / f"{name}.flac"
        soundfile.write(path, audio, RATE, subtype="PCM_16", compression_level=1.0)
        rms = 10 * np.log10(np.mean(audio**2))
        print(f"{path}: {audio.size / RATE:.2f} s, {rms:.1f} dBFS, {path.stat().st_size} bytes")
