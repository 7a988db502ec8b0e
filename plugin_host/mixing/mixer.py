# SPDX-License-Identifier: GPL-3.0-or-later
"""Mixer: tracks, buses, sends and a master, from Python.

    mixer = nb.Mixer(sample_rate=48_000)
    mixer.track("vox", "vocals.wav", chain="high_pass(90) | compressor(ratio=3)", gain_db=-1.5)
    mixer.bus("plate", chain="reverb(wet_level=0.6, dry_level=0)")
    mix, stems = mixer.render()

Every path arrives together to the sample, whatever latency the boxes on it have.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from neuralboard.audio import Audio, check_sample_rate
from neuralboard.errors import MixError, NeuralboardError, ParameterError
from neuralboard.mixing.panning import check_pan_law
from neuralboard.mixing.routing import find_problems
from neuralboard.mixing.running import strip_title
from neuralboard.mixing.sources import SourceFacts, inspect_source
from neuralboard.mixing.stream import BLOCK, MIX, PREMASTER, MixStream
from neuralboard.mixing.strips import MASTER, Bus, Master, Strip, Track
from neuralboard.render import Tail

__all__ = ["Mixer", "Rendered"]


class Rendered(NamedTuple):
    """What `Mixer.render` gives: `[2, samples]` each, all of one length, from time 0.

    Attributes
    ----------
    mix : ndarray, float32
    stems : dict of str to ndarray
        What each track and bus gave to the master; they sum to `premaster`.
    """

    mix: Audio
    stems: dict[str, Audio]


class Mixer:
    """A mixing desk.

    Parameters
    ----------
    sample_rate : int
        Hz; tracks of other rates are converted (soxr VHQ).
    pan_law_db : float
        Level of a mono track at the centre: -3, -4.5, -6 or 0 dB.

    Attributes
    ----------
    strips : dict of str to Strip
        Tracks and buses in the order in which they were made, the master last.
    master : Master
    """

    def __init__(self, sample_rate: int = 48_000, *, pan_law_db: float = -3.0) -> None:
        self.sample_rate = check_sample_rate(sample_rate)
        self.pan_law_db = check_pan_law(float(pan_law_db))
        self.master = Master()
        self._strips: dict[str, Strip] = {}

    @property
    def strips(self) -> dict[str, Strip]:
        """Name → strip, the master last."""
        return {**self._strips, MASTER: self.master}

    # ------------------------------------------------------------------ what a user builds
    def track(self, name: str, source: Any, **settings: Any) -> Track:
        """Add a track.

        Parameters
        ----------
        name : str
        source : path or ndarray
            An audio file, or float32 `[channels, samples]` (at `sample_rate`, the mixer's where not
            given). Mono or stereo.
        **settings
            chain, gain_db, pan (-1 to 1), mute, solo, invert, offset (s), channels, output, sends
            ({bus: dB} or {bus: {"db": dB, "pre": True}}), automation ({"gain_db" or "pan" or
            "box.parameter": [[seconds, value], ...]}; a fader's automation adds to `gain_db`).

        Raises
        ------
        ParameterError, ChainError
            For unknown settings or values out of range.
        MixError
            For a name that is taken.
        """
        return self._added(Track(name=name, source=source, **settings))

    def bus(self, name: str, **settings: Any) -> Bus:
        """Add a bus: a group that tracks go to with `output`, or the return of their sends."""
        return self._added(Bus(name=name, **settings))

    def _added(self, strip: Any) -> Any:
        if strip.name in self._strips:
            raise MixError(
                f"{strip_title(strip)}: the name '{strip.name}' is taken; names are unique over"
                " tracks and buses"
            )
        for other in self._strips:
            if other.casefold() == strip.name.casefold():
                raise MixError(
                    f"{strip_title(strip)} and '{other}' would be one file on some disks; choose"
                    " names that differ in more than capitals"
                )
        self._strips[strip.name] = strip
        return strip

    # ------------------------------------------------------------------ what can be asked
    def problems(self) -> list[str]:
        """Return everything that keeps this mix from being rendered, one line each."""
        return [
            f"{strip_title(self.strips[name])}: {text}" if name else text
            for name, text in self.named_problems()
        ]

    def named_problems(self) -> list[tuple[str, str]]:
        """Return (name of the strip, what is wrong) for everything that is wrong.

        The name is "" where the text names the strip itself.
        """
        found: list[tuple[str, str]] = []
        if not any(isinstance(strip, Track) for strip in self._strips.values()):
            found.append((MASTER, "the mix has no tracks; add one"))
        for name, strip in self.strips.items():
            found += [(name, text) for text in strip.automation_problems()]
            if isinstance(strip, Track):
                try:
                    inspect_source(strip, self.sample_rate)
                except NeuralboardError as error:
                    found.append((name, str(error)))
        found += find_problems(self.strips)
        if not found:
            try:
                self._stream(self._facts(), rehearsal=True).close()
            except MixError as error:
                found.append(("", str(error)))
        return found

    def check(self) -> None:
        """Raise `MixError` with the first of `problems`."""
        found = self.problems()
        if found:
            more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
            raise MixError(found[0] + more)

    @property
    def latency(self) -> int:
        """Samples that a live stream of this mix runs ahead of what comes out."""
        self.check()
        with self._stream(self._facts(), rehearsal=True) as stream:
            return stream.latency

    def facts(self) -> dict[str, SourceFacts]:
        """Return what is known of every track's sound before it is read."""
        return self._facts()

    def _facts(self) -> dict[str, SourceFacts]:
        return {
            name: inspect_source(strip, self.sample_rate)
            for name, strip in self._strips.items()
            if isinstance(strip, Track)
        }

    # ------------------------------------------------------------------ what comes out
    def _stream(self, facts: dict[str, SourceFacts], **settings: Any) -> MixStream:
        return MixStream(self.strips, facts, self.sample_rate, self.pan_law_db, **settings)

    def open(self, **settings: Any) -> MixStream:
        """Return a running mix with all outputs; see `MixStream` for the settings."""
        self.check()
        return self._stream(self._facts(), **settings)

    def stream(self, block: int = BLOCK, *, tail: Tail = "auto") -> Iterator[Audio]:
        """Yield the mix in blocks of `[2, block]` samples (the last ones may be shorter).

        Parameters
        ----------
        block : int
            Samples, 1 or more.
        tail : float or "auto"
            Seconds after the end of the last track, or until all is below -80 dBFS.
        """
        if isinstance(block, bool) or not isinstance(block, int) or block < 1:
            raise ParameterError(f"block = {block!r}: use a whole number of samples, 1 or more")
        with self.open(stems=(), tail=checked_tail(tail), block=block) as stream:
            for outputs in stream.blocks():
                if outputs[MIX].shape[1]:
                    yield outputs[MIX]

    def render(
        self,
        *,
        tail: Tail = "auto",
        threads: int | None = None,
        progress: Callable[[int, int | None], None] | None = None,
    ) -> Rendered:
        """Render the whole mix into memory.

        Parameters
        ----------
        tail : float or "auto"
            Seconds after the end of the last track, or until every tail is below -80 dBFS.
        threads : int, optional
            As many as there are processors where not given; the result is the same.
        progress : callable (samples done, samples in all or None), optional

        Returns
        -------
        Rendered
            (mix, stems): float32 `[2, samples]`. Loudness and limiter belong to files:
            `render_mix`.
        """
        self.check()
        parts: dict[str, list[Audio]] = {}
        total = self.num_samples()
        done = 0
        settings = {"tail": checked_tail(tail), "threads": thread_count(threads)}
        with self._stream(self._facts(), **settings) as stream:
            for outputs in stream.blocks():
                for name, audio in outputs.items():
                    if name != PREMASTER:
                        parts.setdefault(name, []).append(audio)
                done += outputs[MIX].shape[1]
                if progress is not None:
                    progress(done, total)
            names = stream.outputs
        whole = {
            name: np.concatenate([np.zeros((2, 0), np.float32), *parts.get(name, [])], axis=1)
            for name in names
            if name != PREMASTER
        }
        return Rendered(whole.pop(MIX), whole)

    def num_samples(self) -> int | None:
        """Return the samples up to the end of the last track; None where a file doesn't tell."""
        ends = []
        for name, facts in self._facts().items():
            if facts.seconds is None:
                return None
            track: Any = self._strips[name]
            ends.append(round((facts.seconds + track.offset) * self.sample_rate))
        return max([0, *ends])

    def __repr__(self) -> str:
        kinds = [type(strip).__name__ for strip in self._strips.values()]
        return (
            f"<Mixer with {kinds.count('Track')} tracks and {kinds.count('Bus')} buses at"
            f" {self.sample_rate} Hz>"
        )


def thread_count(threads: int | None) -> int:
    """Return how many threads to use: one more than processors, since some wait."""
    if threads is None:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
        return (cores or os.cpu_count() or 1) + 1
    if isinstance(threads, bool) or not isinstance(threads, int) or not 1 <= threads <= 256:
        raise ParameterError(f"threads = {threads!r}: use 1 to 256")
    return threads


def checked_tail(tail: Any) -> Tail:
    """Return the length of a tail, or raise `ParameterError`."""
    if tail == "auto":
        return "auto"
    if isinstance(tail, bool) or not isinstance(tail, (int, float)) or not 0 <= tail < 86_400:
        raise ParameterError(f"tail = {tail!r} is no length; use seconds from 0 on, or 'auto'")
    return float(tail)
