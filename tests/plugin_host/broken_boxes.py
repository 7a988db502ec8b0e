# SPDX-License-Identifier: GPL-3.0-or-later
"""Boxes that each break one promise of the contract, and the words that must name the fault."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np

import neuralboard as nb

__all__ = ["BROKEN"]

BROKEN: list[tuple[type, str, str]] = []
"""(class, the check that must fail, what its message must say)"""


def breaks(check: str, says: str) -> Any:
    def note(cls: type) -> type:
        BROKEN.append((cls, check, says))
        return cls

    return note


@breaks("call", r"TooShort.process_block returned shape \(2, \d+\) for a block of shape \(2, \d+\)")
class TooShort(nb.Effect):
    def process_block(self, block: Any, state: Any, p: Any) -> Any:
        return block[:, 1:].copy()


@breaks("call", "returned NoneType for a block")
class ForgetsToReturn(nb.Effect):
    def process_block(self, block: Any, state: Any, p: Any) -> Any:
        np.tanh(block)


@breaks("repeat", "state leaks between calls")
class LeaksOnSelf(nb.Effect):
    _last = 0.0

    def process_block(self, block: Any, state: Any, p: Any) -> Any:
        out = block + np.float32(1e-3 * self._last)
        self._last = float(block[0, -1])
        return out


@breaks("repeat", "keeps state on its class")
class LeaksOnItsClass(nb.Effect):
    heard: ClassVar[list[float]] = [0.0]

    def process_block(self, block: Any, state: Any, p: Any) -> Any:
        gain = np.float32(1.0 / (1.0 + self.heard[0]))
        self.heard[0] += 0.001
        return block * gain


@breaks("streams: two at once", "disturb each other")
class OneStateForAllStreams(nb.Effect):
    def start(self, sample_rate: int, channels: int) -> Any:
        self._state = SimpleNamespace(sum=np.zeros((channels, 1), np.float32))

    def process_block(self, block: Any, state: Any, p: Any) -> Any:
        before = self._state.sum
        self._state.sum = block[:, -1:].copy()
        return block - np.concatenate([before, block[:, :-1]], axis=1)


@breaks("latency", r"wrong by -10 samples at \d+ Hz")
class SaysLateButIsNot(nb.Effect):
    def latency_samples(self, sample_rate: int) -> int:
        return 10

    def process_block(self, block: Any, state: Any, p: Any) -> Any:
        return block.copy()


@breaks("latency", r"wrong by \+37 samples at \d+ Hz")
class IsLateAndSaysNothing(nb.Effect):
    def start(self, sample_rate: int, channels: int) -> Any:
        return {"held": np.zeros((channels, 37), np.float32)}

    def process_block(self, block: Any, state: Any, p: Any) -> Any:
        joined = np.concatenate([state["held"], block], axis=1)
        state["held"] = joined[:, -37:].copy()
        return joined[:, : block.shape[1]].copy()


@breaks("latency", r"wrong by \+1 samples at 96000 Hz")
class LateAtOneRateOnly(nb.Effect):
    neutral: ClassVar[dict[str, Any]] = {"mix": 1.0}

    def latency_samples(self, sample_rate: int) -> int:
        return 48

    def start(self, sample_rate: int, channels: int) -> Any:
        late = 49 if sample_rate == 96_000 else 48
        return {"held": np.zeros((channels, late), np.float32)}

    def process_block(self, block: Any, state: Any, p: Any) -> Any:
        joined = np.concatenate([state["held"], block], axis=1)
        state["held"] = joined[:, block.shape[1] :].copy()
        return joined[:, : block.shape[1]].copy()


@breaks("latency|call", r"latency_samples\(\d+\) returned 2.5; return a whole number")
class HalfASampleLate(nb.Effect):
    def latency_samples(self, sample_rate: int) -> int:
        return 2.5  # type: ignore[return-value]

    def process_block(self, block: Any, state: Any, p: Any) -> Any:
        return block.copy()


@breaks("call", "gave NaN, Inf or samples beyond 1e9 for sound input")
class DividesByZero(nb.Effect):
    def process_block(self, block: Any, state: Any, p: Any) -> Any:
        with np.errstate(all="ignore"):
            return block * block / block


@breaks("stream: any block schedule", "depends on the block schedule")
class NormalisesEachBlock(nb.Effect):
    def process_block(self, block: Any, state: Any, p: Any) -> Any:
        return block / (np.max(np.abs(block)) + np.float32(1e-3))


@breaks("call", "writes into its input or side chain; work on a copy")
class WritesIntoItsInput(nb.Effect):
    def process_block(self, block: Any, state: Any, p: Any) -> Any:
        block *= 0.5
        return block


@breaks("call", "changed its input; work on a copy")
class ForcesItsWayIntoTheInput(nb.Effect):
    def process_block(self, block: Any, state: Any, p: Any) -> Any:
        block.base[:] = block * np.float32(0.5)
        return block


@breaks("repeat", "not deterministic")
class Dice(nb.Effect):
    def process_block(self, block: Any, state: Any, p: Any) -> Any:
        return block * np.random.default_rng().uniform(0.5, 1.0, block.shape).astype(np.float32)


@breaks("silence", "silence came out at -")
class Hisses(nb.Effect):
    def start(self, sample_rate: int, channels: int) -> Any:
        return [np.random.default_rng(c) for c in range(channels)]

    def process_block(self, block: Any, state: Any, p: Any) -> Any:
        noise = [rng.standard_normal(block.shape[1]) for rng in state]
        return block + np.float32(1e-3) * np.asarray(noise, np.float32)


@breaks("silence", "silence came out at -")
class Offset(nb.Effect):
    def process_block(self, block: Any, state: Any, p: Any) -> Any:
        return block + np.float32(1e-4)


@breaks("channels", "channel 1 differs")
class LeftOnly(nb.Effect):
    def process_block(self, block: Any, state: Any, p: Any) -> Any:
        out = block.copy()
        out[0] *= np.float32(0.5)
        return out


@breaks("channels", "channels are mixed, swapped or left out")
class MakesMono(nb.Effect):
    def process_block(self, block: Any, state: Any, p: Any) -> Any:
        return np.broadcast_to(block.mean(axis=0), block.shape).copy()


@breaks("rates and channels", "32 channels: raised IndexError")
class KnowsThreeChannels(nb.Effect):
    def process_block(self, block: Any, state: Any, p: Any) -> Any:
        gains = np.array([0.5, 0.5, 0.5], np.float32)
        return np.stack([row * gains[number] for number, row in enumerate(block)])


@breaks("call", "returned int16 samples; return float32")
class GivesIntegers(nb.Effect):
    def process_block(self, block: Any, state: Any, p: Any) -> Any:
        return (block * 32767).astype(np.int16)


@breaks("call", "which have no phase; return complex frames")
class LosesThePhase(nb.SpectralEffect):
    def process_frames(self, frames: Any, state: Any, p: Any) -> Any:
        return np.abs(frames)


@breaks("call", "gave float64, not float32")
class WideProcessor(nb.Board):
    """Not derived from Effect: it gives what the host of an Effect would not let pass."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return super().__call__(*args, **kwargs).astype(np.float64)


@breaks("broken numbers", "its state is poisoned")
class NeverRecovers(nb.Effect):
    """An envelope that overflows for good; the sound is then NaN, made 0 by the box."""

    def start(self, sample_rate: int, channels: int) -> Any:
        return {"level": np.float32(0.0)}

    def process_block(self, block: Any, state: Any, p: Any) -> Any:
        if np.max(np.abs(block)) > 1e6:
            state["level"] = np.float32(np.nan)
        return np.nan_to_num(block * (state["level"] + np.float32(1)))


@breaks("parameters: a change ramps", "a change of level from 1 to 0 clicks")
class Clicks(nb.Effect):
    level = nb.Parameter(1.0, 0.0, 1.0, doc="a factor")

    def process_block(self, block: Any, state: Any, p: Any) -> Any:
        return block * np.float32(self.level)


@breaks("parameters: a change ramps", "a change of level gives other samples under other blocks")
class TakesTheFirstValue(nb.Effect):
    level = nb.Parameter(1.0, 0.0, 1.0, doc="a factor")

    def process_block(self, block: Any, state: Any, p: Any) -> Any:
        return block * np.float32(np.ravel(p.level)[0])


@breaks("parameters: a change ramps", "while level moves: .*p.level is then an array")
class KnowsNoRamp(nb.Effect):
    level = nb.Parameter(1.0, 0.0, 1.0, doc="a factor")

    def process_block(self, block: Any, state: Any, p: Any) -> Any:
        return block * np.float32(1.0 if p.level > 0.5 else 0.5)


@breaks("parameters: 50 random", "gave NaN, Inf or samples beyond 1e9")
class BreaksAtItsBound(nb.Effect):
    drive = nb.Parameter(0.5, 0.0, 1.0, doc="1 divides by zero")

    def process_block(self, block: Any, state: Any, p: Any) -> Any:
        with np.errstate(all="ignore"):
            return (block / (1.0 - np.asarray(p.drive, np.float32))).astype(np.float32)


@breaks("parameters: ranges", "size = .* was accepted")
class ChecksNothing(nb.Effect):
    class _Open(nb.Parameter):
        def check(self, value: Any, owner: str) -> Any:
            return value

    size = _Open(0.5, 0.0, 1.0, doc="takes anything")

    def process_block(self, block: Any, state: Any, p: Any) -> Any:
        return block.copy()


@breaks("copies", "a copy by pickle failed")
class CannotBePickled(nb.Effect):
    _shape: Any

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        self._shape = lambda block: block.copy()

    def process_block(self, block: Any, state: Any, p: Any) -> Any:
        return self._shape(block)


@breaks("copies", "a copy by preset gives other samples")
class HidesASetting(nb.Effect):
    _factor: float = 1.0

    def process_block(self, block: Any, state: Any, p: Any) -> Any:
        return block * np.float32(self._factor)


@breaks("repeat", "changed its own parameter level from 1.0 to 0.5")
class TurnsItsOwnKnob(nb.Effect):
    level = nb.Parameter(1.0, 0.0, 1.0, doc="a factor")

    def process_block(self, block: Any, state: Any, p: Any) -> Any:
        self.level = 0.5
        return block * np.float32(0.5)


@breaks("stream: blocks of the caller", "keeps the caller's block")
class KeepsTheBlock(nb.Effect):
    def start(self, sample_rate: int, channels: int) -> Any:
        return {"last": np.zeros((channels, 1), np.float32)}

    def process_block(self, block: Any, state: Any, p: Any) -> Any:
        out = block - np.concatenate([state["last"], block[:, :-1]], axis=1)
        state["last"] = block[:, -1:]
        return out


@breaks("stream: blocks of the caller", "gives away memory that it goes on using")
class GivesAwayItsBuffer(nb.Effect):
    def start(self, sample_rate: int, channels: int) -> Any:
        return {"last": np.zeros((channels, 1), np.float32)}

    def process_block(self, block: Any, state: Any, p: Any) -> Any:
        out = block + np.float32(0.5) * np.concatenate([state["last"], block[:, :-1]], axis=1)
        state["last"] = block[:, -1:].copy() if block.shape[1] < 2 else out[:, -1:]
        return out


@breaks("stream: memory does not grow", "bytes more in memory")
class RemembersAll(nb.Effect):
    def start(self, sample_rate: int, channels: int) -> Any:
        return []

    def process_block(self, block: Any, state: Any, p: Any) -> Any:
        state.append(block.copy())
        return block.copy()


@breaks("stream: says that it can't", "streamable is False, but a stream opened")
class SaysThatItCannotStream(nb.Effect):
    @property
    def streamable(self) -> bool:
        return False

    def process_block(self, block: Any, state: Any, p: Any) -> Any:
        return block.copy()


@breaks("stream: any block schedule", "writes into its input or side chain")
class WritesIntoTheSideChain(nb.Effect):
    uses_sidechain = True

    def process_block(self, block: Any, state: Any, p: Any, side: Any = None) -> Any:
        if side is None:
            return block.copy()
        side *= 0.5
        return block * np.float32(0.5)


@breaks("stream: any block schedule", "with a side chain, blocks differ by")
class HearsItsNamedSideChainByTheBlock(nb.Effect):
    sidechain = nb.Setting("key", expects="a name")
    uses_sidechain = True

    def process_block(self, block: Any, state: Any, p: Any, side: Any = None) -> Any:
        return block * np.float32(1.0 if side is None else np.abs(side).mean())


@breaks("controls", "under other blocks it tells another level")
class TellsByTheBlock(nb.Effect):
    tells = ("level",)

    def process_block(self, block: Any, state: Any, p: Any) -> Any:
        return block.copy(), {"level": np.full(block.shape[1], np.abs(block).max())}
