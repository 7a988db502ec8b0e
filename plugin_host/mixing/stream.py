# SPDX-License-Identifier: GPL-3.0-or-later
"""A mix as a stream of blocks: all outputs aligned, in bounded memory.

tracks ─▶ buses ─▶ master ─┬─▶ "mix"
              │            └─▶ "premaster": what entered the master's chain
              └─▶ stems: what each strip gave to the master; they sum to the premaster
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any, Self

import numpy as np

from neuralboard import cpp_ext, natives
from neuralboard.audio import Audio
from neuralboard.board import Board
from neuralboard.boxlist import BoxList
from neuralboard.errors import MixError, StreamingNotSupported
from neuralboard.mix import Mix
from neuralboard.mixing.flow import Flow
from neuralboard.mixing.levels import Tap
from neuralboard.mixing.routing import Routing, side_chains
from neuralboard.mixing.running import Parts, RunningStrip, Settings, named_error
from neuralboard.mixing.sources import SourceFacts, TrackSource
from neuralboard.mixing.strips import MASTER, Strip, Track
from neuralboard.render import Tail

__all__ = ["BLOCK", "MIX", "PREMASTER", "MixStream"]

MIX, PREMASTER = "mix", "premaster"

BLOCK = 32_768
_AHEAD = 3  # blocks that are begun before the first of them is asked for
_QUIET = 1e-4  # -80 dBFS
_LONGEST_TAIL = 60.0
_PATIENCE = 2.0

Block = dict[str, Audio]


class MixStream:
    """A mix that runs.

    Parameters
    ----------
    strips : mapping of str to Strip
        The master included, checked.
    facts : mapping of str to SourceFacts
        Of the tracks.
    sample_rate : int
    pan_law_db : float
    stems : iterable of str, optional
        Strips whose stems are wanted; all that go to the master where not given.
    mix : bool
        False where stems alone are wanted: nothing else is computed.
    taps : bool
        Measure levels behind every box.
    threads : int
    tail : float or "auto"
    block : int
        Samples of a block.
    length : int, optional
        Samples of every output, whatever the tail: of a mix that is known already.
    rehearsal : bool
        Nothing will be played: only find out whether it could be.

    Attributes
    ----------
    latency : int
        Samples that run ahead of what comes out.
    length : int or None
        Samples of the whole mix, once it is known.
    """

    def __init__(
        self,
        strips: Mapping[str, Strip],
        facts: Mapping[str, SourceFacts],
        sample_rate: int,
        pan_law_db: float,
        *,
        stems: Iterable[str] | None = None,
        mix: bool = True,
        taps: bool = False,
        threads: int = 1,
        tail: Tail = "auto",
        block: int = BLOCK,
        length: int | None = None,
        rehearsal: bool = False,
    ) -> None:
        self._rehearsal = rehearsal
        self._strips, self.sample_rate = strips, sample_rate
        self._routing = Routing(strips)
        to_master = [arrow.source for arrow in self._routing.into(MASTER) if arrow.part == "out"]
        self.stems = tuple(n for n in to_master if stems is None or n in set(stems))
        self._all_stems = tuple(to_master)
        self._heard = {
            a.source: self._routing.passes(a) for a in self._routing.into(MASTER) if a.part == "out"
        }
        self._mix, self._tail, self._block, self._threads = mix, tail, block, threads
        self._settings = Settings(sample_rate, pan_law_db, taps)
        self._sources: dict[str, TrackSource] = {}
        self.running: dict[str, RunningStrip] = {}
        self.length = self._wanted = length
        self._names = [
            name
            for name in self._routing.order
            if name in self._routing.upstream([MASTER] if mix else self.stems)
        ]
        with ExitStack() as opened:
            opened.callback(self.close)
            for name in self._names:
                try:
                    self._open(name, facts)
                except Exception as error:
                    raise named_error(strips[name], error) from error
            opened.pop_all()
        self.latency = max((r.latency for r in self.running.values()), default=0)
        # Where the tail ends must not depend on what is asked for: all of it is looked at.
        looked_at = (*self.outputs, *(self._all_stems if self._judges else ()))
        self._lines = {
            name: cpp_ext.DelayLine(2, self.latency - self._latency_of(name))
            for name in dict.fromkeys(looked_at)
        }

    @property
    def _judges(self) -> bool:
        """Whether this stream finds out by itself where the tail ends."""
        return self._mix and self._tail == "auto" and self._wanted is None

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of what comes out: "mix", "premaster", and the stems."""
        return (*((MIX, PREMASTER) if self._mix else ()), *self.stems)

    def _latency_of(self, output: str) -> int:
        if output == MIX:
            return self.running[MASTER].latency
        if self._mix:  # stems are taken where they enter the master
            return self.running[MASTER].arrival
        return self.running[output].latency

    def _open(self, name: str, facts: Mapping[str, SourceFacts]) -> None:
        strip = self._strips[name]
        heard = [
            (arrow, self._routing.passes(arrow), self.running[arrow.source].latency)
            for arrow in self._routing.into(name)
        ]
        read: Callable[[int], Audio] | None = None
        channels = 2
        if isinstance(strip, Track):
            source = TrackSource(strip, facts[name], self.sample_rate)
            self._sources[name] = source
            read, channels = source.read, source.channels
            if not strip.chain.streamable:
                read = self._whole(strip, source)
                strip = _without_chain(strip)
        self.running[name] = RunningStrip(strip, read, channels, heard, self._settings)

    def _whole(self, strip: Track, source: TrackSource) -> Callable[[int], Audio]:
        """Run boxes that need the whole recording at once, before everything else."""
        if strip.curves()[1] or side_chains(strip.chain):
            raise StreamingNotSupported(
                "a box on it needs the whole recording at once and takes neither automation nor a"
                " side chain beside it"
            )
        sound = np.zeros((source.channels, 0), np.float32)
        if not self._rehearsal:
            sound = strip.chain(source.read_all(), self.sample_rate)
        position = 0

        def read(count: int) -> Audio:
            nonlocal position
            block = np.zeros((source.channels, count), np.float32)
            part = sound[:, position : position + count]
            block[:, : part.shape[1]] = part
            position += count
            return block

        return read

    def blocks(self) -> Iterator[Block]:
        """Yield name → `[2, samples]` for all outputs, aligned and latency removed."""
        jobs = {name: self._guarded(name) for name in self._names}
        hears = {
            name: list(dict.fromkeys(arrow.source for arrow in self._routing.into(name)))
            for name in self._names
        }
        with Flow(jobs, hears, self._threads) as flow:
            pending = deque(flow.submit(self._block) for _ in range(self._ahead))
            late = self.latency

            def following() -> Block:
                nonlocal late
                results = pending.popleft()()
                pending.append(flow.submit(self._block))
                block = self._collected(results)
                cut = min(late, self._block)
                late -= cut
                return {name: audio[:, cut:] for name, audio in block.items()}

            for block in self._ended(following):
                yield {name: block[name] for name in self.outputs}

    @property
    def _ahead(self) -> int:
        return _AHEAD if self._threads > 1 else 1

    def _guarded(self, name: str) -> Callable[[int, dict[str, Parts]], Parts]:
        strip, run = self._strips[name], self.running[name].run

        def job(count: int, results: dict[str, Parts]) -> Parts:
            try:
                return run(count, results)
            except MixError:
                raise
            except Exception as error:
                raise named_error(strip, error) from error

        return job

    def _collected(self, results: dict[str, Parts]) -> Block:
        block: Block = {}
        if self._mix:
            master = results[MASTER]
            block = {MIX: master.out, PREMASTER: master.heard}
            stems = self._all_stems if self._judges else self.stems
            block |= {name: master.shares[name] for name in stems}
        else:
            block = {
                name: results[name].out if self._heard[name] else np.zeros_like(results[name].out)
                for name in self.stems
            }
        return {
            name: self._lines[name].push(np.ascontiguousarray(audio))
            if self._lines[name].num_samples
            else audio
            for name, audio in block.items()
        }

    def _ended(self, following: Callable[[], Block]) -> Iterator[Block]:
        """Yield blocks up to the end of the sound, and the tail."""
        position = 0
        while True:
            block = following()
            size = _size(block)
            known = all(source.ended for source in self._sources.values())
            if not known:
                position += size
                yield block
                continue
            end = max((source.length for source in self._sources.values()), default=0)
            if position + size <= end:
                position += size
                yield block
                continue
            inside = max(end - position, 0)
            yield _cut(block, 0, inside)
            yield from self._tailed(_cut(block, inside, size), following, end)
            return

    def _tailed(self, block: Block, following: Callable[[], Block], end: int) -> Iterator[Block]:
        if self._wanted is not None or self._tail != "auto":
            left = (
                round(float(self._tail) * self.sample_rate)
                if self._wanted is None
                else max(self._wanted - end, 0)
            )
            self.length = end + left
            while left > 0:
                part = _cut(block, 0, min(left, _size(block)))
                left -= _size(part)
                yield part
                block = following() if left else block
            return
        limit = end + round(_LONGEST_TAIL * self.sample_rate)
        patience = self._patience() * self.sample_rate
        position = last = end
        waiting: list[Block] = []
        while position < limit:
            loud = _last_loud(block)
            if loud:
                yield from waiting
                waiting = []
                yield _cut(block, 0, loud)
                last = position + loud
                waiting.append(_cut(block, loud, _size(block)))
            else:
                waiting.append(block)
            position += _size(block)
            if position - last > patience:
                break
            block = following()
        self.length = last

    def _patience(self) -> float:
        """Return the seconds of quiet after which no echo is to be expected any more."""
        echoes = {
            name: _echo([box for box in strip.chain if box is not None])
            for name, strip in self._strips.items()
        }
        return _PATIENCE + self._routing.longest(echoes)

    def levels(self) -> dict[str, list[Tap]]:
        """Return for every strip the levels before its chain and behind each of its boxes."""
        return {name: running.taps for name, running in self.running.items() if running.taps}

    def close(self) -> None:
        """Give back all files and plug-ins."""
        for source in self._sources.values():
            source.close()
        for running in self.running.values():
            running.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _without_chain(strip: Track) -> Track:
    values = {name: getattr(strip, name) for name in strip.parameters}
    return Track(**(values | {"chain": Board([])}))


def _size(block: Block) -> int:
    return next(iter(block.values())).shape[1]


def _cut(block: Block, start: int, stop: int) -> Block:
    return {name: audio[:, start:stop] for name, audio in block.items()}


def _last_loud(block: Block) -> int:
    """Return how many samples there are up to the last one above -80 dBFS in any output."""
    last = 0
    for audio in block.values():
        loud = np.flatnonzero(np.max(np.abs(audio), axis=0) > _QUIET)
        if loud.size:
            last = max(last, int(loud[-1]) + 1)
    return last


def _echo(chain: Any) -> float:
    """Return the longest pause (s) that boxes in a row may make before they sound again."""
    return sum(_echo_of(item) for item in chain)


def _echo_of(item: Any) -> float:
    inner = getattr(item, "processor", None) or item
    if isinstance(inner, Mix) or (
        natives.is_native(inner) and natives.native_class(inner).__name__ == "Mix"
    ):
        return max([_echo_of(branch) for branch in inner if branch is not None], default=0.0)
    if isinstance(inner, BoxList) or (natives.is_native(inner) and hasattr(inner, "__iter__")):
        return _echo([child for child in inner if child is not None])
    if not natives.is_native(inner):
        return 0.0
    if natives.is_hosted(inner):
        return _LONGEST_TAIL / 2
    return 1.5 * float(getattr(inner, "delay_seconds", 0.0))
