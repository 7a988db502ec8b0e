# SPDX-License-Identifier: GPL-3.0-or-later
"""A soak: minutes of audio in random blocks through one box, with parameters that keep changing.

    python -m neuralboard.benchmarks.soak "denoiser()" --minutes 10 --audio recordings/

It looks for NaN, memory that grows, clicks at changes, and states of models that drift. Recordings
alternate with stretches of a pure tone: on those a click stands out, since nothing that a smooth
change does to a tone makes it much steeper than it is.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import neuralboard as nb
from neuralboard.audio import Audio
from neuralboard.audio_reader import AudioReader
from neuralboard.benchmarks.voices import model_streams
from neuralboard.parameter import Parameter, Switch

__all__ = ["Soak", "soak"]

SECONDS = 5.0  # of each stretch
TONE_HZ, TONE_LEVEL = 220.0, 0.5
LONGEST_BLOCK = 4096
CHANGES_PER_BLOCK = 0.1
SUFFIXES = (".wav", ".flac")


@dataclass
class Soak:
    """What a soak found.

    Attributes
    ----------
    seconds, blocks, changes : float, int, int
        Audio processed, blocks that it came in, parameter changes on the way.
    broken : int
        Output samples that are NaN or Inf.
    steepest : float
        Largest step between neighbouring output samples while a tone played, over the tone's own.
    growth_mb : float
        Memory of the process at the end over that after a quarter, MB (0 where it isn't told).
    state_early, state_late : float
        Largest magnitude in any state of a model in the second and in the last quarter.
    """

    seconds: float = 0.0
    blocks: int = 0
    changes: int = 0
    broken: int = 0
    steepest: float = 0.0
    growth_mb: float = 0.0
    state_early: float = 0.0
    state_late: float = 0.0

    def faults(self, *, steepest: float = 3.0, growth_mb: float = 16.0) -> list[str]:
        """Return what is wrong, one line each.

        Parameters
        ----------
        steepest : float
            A box that makes the tone louder or bends it may need more than 3.
        growth_mb : float
        """
        found = []
        if self.broken:
            found.append(f"{self.broken} output samples are NaN or Inf")
        if self.steepest > steepest:
            found.append(f"a click: a step of {self.steepest:.1f} times the tone's steepest")
        if self.growth_mb > growth_mb:
            found.append(f"memory grew by {self.growth_mb:.1f} MB")
        if not self.state_late <= 2.0 * self.state_early + 1.0:
            found.append(f"states drift: {self.state_early:.3g} became {self.state_late:.3g}")
        return found


def soak(
    box: Any,
    *,
    seconds: float,
    sample_rate: int = 48_000,
    channels: int = 2,
    seed: int = 0,
    recordings: list[Path] | None = None,
) -> Soak:
    """Run a soak on one box.

    Parameters
    ----------
    box : Effect, SpectralEffect, NeuralEffect, ...
        Its parameters are changed while it runs.
    seconds : float
        Of audio.
    sample_rate, channels : int
    seed : int
        The same seed gives the same blocks and changes.
    recordings : list of Path, optional
        Audio files; without any, noise in bursts stands in.

    Returns
    -------
    Soak
    """
    rng = np.random.default_rng(seed)
    result = Soak()
    memory_early = 0.0
    tone_step = TONE_LEVEL * 2 * np.pi * TONE_HZ / sample_rate
    last = np.zeros((channels, 1), np.float32)
    with box.stream(sample_rate, channels) as stream:
        # A stretch is heard `latency` samples later; half a second of margin hides its edges.
        margin = stream.latency + sample_rate // 2
        for kind, stretch in _stretches(rng, sample_rate, channels, recordings or []):
            at = 0
            while at < stretch.shape[1]:
                size = int(LONGEST_BLOCK ** rng.random()) - int(rng.random() < 0.02)
                if rng.random() < CHANGES_PER_BLOCK:
                    _change(box, rng)
                    result.changes += 1
                block = stretch[:, at : at + size]
                out = stream.process(block)
                result.blocks += 1
                result.broken += int(np.count_nonzero(~np.isfinite(out)))
                if kind == "tone" and at >= margin and out.shape[1]:
                    steps = np.abs(np.diff(np.concatenate([last, out], axis=1)))
                    result.steepest = max(result.steepest, float(steps.max()) / tone_step)
                last = out[:, -1:] if out.shape[1] else last
                at += block.shape[1]
            result.seconds += stretch.shape[1] / sample_rate
            share = result.seconds / seconds
            largest = _largest_state(stream._voice)
            if share <= 0.5:
                result.state_early = max(result.state_early, largest)
            if share > 0.75:
                result.state_late = max(result.state_late, largest)
            if memory_early == 0.0 and share >= 0.25:
                memory_early = _memory_mb()
            if share >= 1.0:
                break
    result.growth_mb = _memory_mb() - memory_early
    return result


def _stretches(
    rng: np.random.Generator, sample_rate: int, channels: int, recordings: list[Path]
) -> Iterator[tuple[str, Audio]]:
    """Give recordings (or bursts of noise) and tones in turn, without end."""
    num_samples = round(SECONDS * sample_rate)
    time = np.arange(num_samples) / sample_rate
    tone = np.tile(TONE_LEVEL * np.sin(2 * np.pi * TONE_HZ * time), (channels, 1))
    tone *= np.minimum(1.0, time / 0.05) * np.minimum(1.0, time[::-1] / 0.05)
    while True:
        if recordings:
            yield "recording", _recording(rng, recordings, channels, num_samples)
        else:
            level = 10.0 ** (-4 * rng.random((channels, 50)))
            noise = rng.uniform(-1, 1, (channels, num_samples))
            bursts = noise * np.repeat(level, num_samples // 50, axis=1)
            yield "noise", bursts.astype(np.float32)
        yield "tone", tone.astype(np.float32)


def _recording(
    rng: np.random.Generator, recordings: list[Path], channels: int, num_samples: int
) -> Audio:
    """Read the beginning of a recording; its own rate does not matter here."""
    with AudioReader(recordings[int(rng.integers(len(recordings)))]) as reader:
        audio = reader.read(num_samples)
    return np.ascontiguousarray(np.resize(audio, (channels, audio.shape[1])), np.float32)


def _change(box: Any, rng: np.random.Generator) -> None:
    """Set one parameter to a random value of its range."""
    free = [
        descriptor
        for descriptor in box.parameters.values()
        if not descriptor.next_stream
        and (
            isinstance(descriptor, Switch)
            or (isinstance(descriptor, Parameter) and np.isfinite(descriptor.maximum))
        )
    ]
    chosen = free[int(rng.integers(len(free)))]
    if isinstance(chosen, Switch):
        setattr(box, chosen.name, bool(rng.random() < 0.3))
    elif isinstance(chosen, Parameter):
        low = max(chosen.minimum, chosen.maximum - 200.0)
        setattr(box, chosen.name, float(rng.uniform(low, chosen.maximum)))


def _largest_state(voice: Any) -> float:
    """Return the largest magnitude in the states of the models in a voice; 0 where none is."""
    states = [state for model in model_streams(voice) for state in model.states().values()]
    return max((float(np.max(np.abs(state), initial=0.0)) for state in states), default=0.0)


def _memory_mb() -> float:
    """Return the resident memory of this process in MB, 0 where the system doesn't tell."""
    gc.collect()
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> int:
    """Run from the command line; 0 where nothing is wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("chain", help="one box, as in chain text: 'denoiser(strength=0.9)'")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--rate", type=int, default=48_000)
    parser.add_argument("--channels", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--audio", type=Path, help="folder of recordings (.wav, .flac)")
    args = parser.parse_args()
    recordings = (
        [p for p in sorted(args.audio.rglob("*")) if p.suffix in SUFFIXES] if (args.audio) else []
    )
    result = soak(
        nb.parse_chain(args.chain)[0],
        seconds=60.0 * args.minutes,
        sample_rate=args.rate,
        channels=args.channels,
        seed=args.seed,
        recordings=recordings,
    )
    print(result)
    for fault in result.faults():
        print(f"FAULT: {fault}")
    return int(bool(result.faults()))


if __name__ == "__main__":
    sys.exit(main())
