# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps broken numbers out of every state: NaN, Inf, |x| > 1e9, and denormals.

Broken samples are replaced by 0 and reported once per stream. Denormals are flushed to zero by
the processor itself while our own, native or ONNX Runtime code runs (on digital silence after
sound, pedalboard's LadderFilter would otherwise run some hundred times slower).
"""

from __future__ import annotations

import warnings

from neuralboard import cpp_ext
from neuralboard.audio import Audio
from neuralboard.errors import BrokenSamplesWarning

__all__ = ["LIMIT", "BrokenSamples", "SideChainGuard"]

LIMIT = 1e9
"""Samples beyond this count as broken: NoiseGate turns NaN for good on a finite 1e20."""


class BrokenSamples:
    """Replaces broken samples in the blocks of one stream and warns once.

    Parameters
    ----------
    where : str
        For the warning: "the input", "the output of Reverb".
    """

    def __init__(self, where: str) -> None:
        self.where = where
        self.count = 0
        self._position = 0

    def reset(self) -> None:
        """Begin a new stream."""
        self.count = self._position = 0

    def finds(self, block: Audio) -> bool:
        """Return whether a block holds broken samples; nothing is counted or reported."""
        return cpp_ext.find_broken(block, LIMIT)[0] > 0

    def clean(self, block: Audio) -> Audio:
        """Return the block, or a copy with zeros in place of what is broken."""
        found, first = cpp_ext.find_broken(block, LIMIT)
        if found:
            block = block.copy()
            cpp_ext.replace_broken(block, LIMIT)
            self._report(found, first % max(block.shape[1], 1))
        self._position += block.shape[1]
        return block

    def _report(self, found: int, first: int) -> None:
        if self.count == 0:
            warnings.warn(
                f"{self.where} holds {found} broken sample{'s' if found > 1 else ''} (NaN, Inf or"
                f" beyond {LIMIT:g}), the first at sample {self._position + first}: replaced by"
                " 0; later ones in this stream are replaced without a word",
                BrokenSamplesWarning,
                stacklevel=5,
            )
        self.count += found


class SideChainGuard:
    """One `BrokenSamples` for each side chain of a stream."""

    def __init__(self) -> None:
        self._guards: dict[str, BrokenSamples] = {}

    def reset(self) -> None:
        """Begin a new stream."""
        self._guards.clear()

    def clean(self, sides: dict[str, Audio] | None) -> dict[str, Audio] | None:
        """Return the side chains with zeros in place of what is broken."""
        if not sides:
            return sides
        for name in sides.keys() - self._guards.keys():
            self._guards[name] = BrokenSamples(f"the side chain '{name}'")
        return {name: self._guards[name].clean(audio) for name, audio in sides.items()}
