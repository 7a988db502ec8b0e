# SPDX-License-Identifier: GPL-3.0-or-later
"""Mix: parallel branches, aligned to the sample and summed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from neuralboard import cpp_ext
from neuralboard.audio import Audio
from neuralboard.boxlist import BoxList
from neuralboard.errors import ParameterError
from neuralboard.parameter import Parameter
from neuralboard.series import open_series, structure
from neuralboard.told import ControlLines
from neuralboard.voice import Sidechains, Voice, push_through

__all__ = ["Mix", "MixVoice"]

# More is a slip of the keyboard; -inf mutes a branch.
_GAIN = Parameter(0.0, maximum=120.0, unit="dB")
_GAIN.name = "gains_db"


class Mix(BoxList):
    """Parallel branches, each hearing the input; their outputs are aligned and summed.

    Parameters
    ----------
    plugins : iterable
        Boxes, pedalboard's effects, boards (an empty board is the dry sound), or None (the same).
        No branch at all gives silence, as in pedalboard.
    gains_db : iterable of float, optional
        One gain per branch, dB; 0 where left out.

    Examples
    --------
    >>> Mix([Board([]), Reverb(wet_level=1.0, dry_level=0.0)])      # doctest: +SKIP
    """

    def __init__(
        self, plugins: Iterable[Any] | None = None, gains_db: Iterable[float] | None = None
    ) -> None:
        super().__init__(plugins)
        self._gains_db = [] if gains_db is None else _checked_gains(gains_db)
        if self._gains_db and len(self._gains_db) != len(self):
            raise ParameterError(
                f"Mix has {len(self)} branches but {len(self._gains_db)} gains_db; give one each"
            )

    @property
    def gains_db(self) -> list[float]:
        """The gain of each branch in dB."""
        missing = len(self) - len(self._gains_db)
        return (self._gains_db + [0.0] * missing)[: len(self)]

    def _open(self, sample_rate: int, channels: int) -> Voice:
        branches: list[Voice] = []
        try:
            branches.extend(open_series([branch], sample_rate, channels) for branch in self)
            factors = [10.0 ** (gain / 20.0) for gain in self.gains_db]
            return MixVoice(branches, factors, sample_rate, channels)
        except BaseException:
            for opened in branches:
                opened.close()
            raise


def _checked_gains(gains_db: Any) -> list[float]:
    """Return gains in dB; −inf mutes a branch."""
    if isinstance(gains_db, (str, bytes)) or not isinstance(gains_db, Iterable):
        raise ParameterError(f"Mix.gains_db = {gains_db!r}: no list; give one gain in dB a branch")
    return [_GAIN.check(gain, "Mix") for gain in gains_db]


class MixVoice(Voice):
    """Branch voices side by side, each delayed to the latency of the slowest."""

    def __init__(
        self, branches: list[Any], factors: list[float], sample_rate: int, channels: int
    ) -> None:
        super().__init__(sample_rate, channels)
        self.children = branches
        self._factors = factors
        self.streamable = all(branch.streamable for branch in branches)
        self.poolable = all(branch.poolable for branch in branches)
        self.sidechains = frozenset().union(*(branch.sidechains for branch in branches))
        self._opened_at = structure()
        slowest = max(branches, key=lambda branch: branch.latency, default=None)
        if slowest is not None:
            self.latency, self.causes = slowest.latency, dict(slowest.causes)
        self._lines = [
            cpp_ext.DelayLine(channels, self.latency - branch.latency) for branch in branches
        ]
        self._told = ControlLines(branches, [self.latency - branch.latency for branch in branches])
        self.tells = self._told.tells

    def process(self, block: Audio, side: Sidechains | None = None) -> Audio:
        out = np.zeros_like(block)
        for branch, line, factor in zip(self.children, self._lines, self._factors, strict=True):
            part = line.push(branch.process(block, side))
            out += part if factor == 1.0 else part * np.float32(factor)
        if self.tells:
            self.controls = self._told.gather()
        return out

    def render(self, audio: Audio, side: Sidechains | None = None) -> Audio:
        if self.streamable:
            return push_through(self, audio, side)
        out = np.zeros_like(audio)
        for branch, factor in zip(self.children, self._factors, strict=True):
            out += branch.render(audio, side) * np.float32(factor)
        return out

    def reset(self) -> None:
        for branch, line in zip(self.children, self._lines, strict=True):
            branch.reset()
            line.reset()
        self._told.reset()
        self.controls = {}

    def reusable(self) -> bool:
        return self._opened_at == structure() and all(b.reusable() for b in self.children)

    def close(self) -> None:
        for branch in self.children:
            branch.close()
