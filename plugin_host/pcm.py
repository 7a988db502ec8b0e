# SPDX-License-Identifier: GPL-3.0-or-later
"""Between integer PCM and float32, exactly.

A sample of b bits is an integer level from -2^(b-1) to 2^(b-1) - 1; as float it is level / 2^(b-1).
Up to 24 bits that division is exact in float32, so what was not changed comes back bit for bit.
Going back, levels are rounded to the nearest, never floored (flooring shifts the signal by half a
step), and 16 and 8 bits get TPDF dither where the sound was changed.

Contents: `levels_to_float`, `regrid` (undoes pedalboard.io's scaling), `Quantiser`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuralboard.audio import Audio

__all__ = ["DITHERED_BITS", "Quantiser", "levels_to_float", "regrid"]

Levels = NDArray[np.int32]

DITHERED_BITS = 16
"""Up to this bit depth a changed signal is dithered; at 24 bits the step is far below any noise."""


def levels_to_float(levels: NDArray[np.integer], bits: int) -> Audio:
    """Return integer levels of `bits` bits as float32 in [-1, 1)."""
    # 32-bit levels need float64 on the way: float32 would round them before they are scaled.
    scaled = np.multiply(levels, 2.0 ** (1 - bits), dtype=np.float64)
    return scaled.astype(np.float32)


def regrid(audio: Audio, bits: int) -> Audio:
    """Return what pedalboard.io has read as exact level / 2^(bits-1).

    pedalboard.io divides levels by 2^(bits-1) - 1. Rounding back to the level is exact for up to 24
    bits: float32's rounding error is at most a quarter of a level there.

    Parameters
    ----------
    audio : ndarray [channels, samples], float32
    bits : int, at most 24
    """
    levels = np.multiply(audio, 2.0 ** (bits - 1) - 1.0, dtype=np.float64)
    np.rint(levels, out=levels)
    levels *= 2.0 ** (1 - bits)
    return levels.astype(np.float32)


class Quantiser:
    """Float blocks to integer levels: rounding, dither where it belongs, clipping counted.

    Dither is triangular noise of ±1 level (TPDF: its first two moments of error do not depend on
    the signal; Lipshitz, Wannamaker and Vanderkooy 1992). It is added per channel in segments of
    4096 samples that are aligned with the start of the file, and only to segments with a sample
    off the grid: what was not changed stays bit for bit. Samples of exactly 0 stay 0, so digital
    silence stays silent. The noise depends on the seed and the position alone, so the result is
    the same for any schedule of blocks.

    Parameters
    ----------
    bits : int
        8, 16 or 24.
    channels : int
    seed : int, at least 0
    """

    SEGMENT = 4096

    def __init__(self, bits: int, channels: int, seed: int = 0) -> None:
        self.bits = bits
        self.clipped = 0
        self.broken = 0
        self._full = 1 << (bits - 1)
        self._seed = seed
        self._segment = 0  # number of the segment that `_held` begins
        self._held: Audio = np.zeros((channels, 0), np.float32)
        self._dither = bits <= DITHERED_BITS

    def push(self, block: Audio) -> Levels:
        """Return the levels of all segments that are complete now, `[channels, samples]` int32."""
        levels = self._checked(block)
        if not self._dither:
            return self._rounded(levels)
        held = np.concatenate([self._held, levels], axis=1) if self._held.size else levels
        whole = held.shape[1] - held.shape[1] % self.SEGMENT
        self._held = held[:, whole:].copy()
        return self._dithered(held[:, :whole])

    def finish(self) -> Levels:
        """Return the levels of the last, incomplete segment."""
        rest, self._held = self._held, self._held[:, :0]
        return self._dithered(rest)

    def _checked(self, block: Audio) -> Audio:
        """Return the block in levels (float32), clipped samples counted, NaN as 0."""
        with np.errstate(invalid="ignore"):
            peak = np.max(np.abs(block), initial=0.0)
        if np.isnan(peak):
            broken = np.isnan(block)
            self.broken += int(np.count_nonzero(broken))
            block = np.where(broken, np.float32(0), block)
        if not peak <= 1.0:
            # Full scale itself (1.0) is no clipping: it loses one level, and nobody hears that.
            self.clipped += int(np.count_nonzero(np.abs(block) > 1.0))
            block = np.clip(block, -1.0, 1.0)
        return block * np.float32(self._full)  # a power of two: exact

    def _rounded(self, levels: Audio) -> Levels:
        rounded = np.rint(levels)
        np.clip(rounded, -self._full, self._full - 1, out=rounded)
        return rounded.astype(np.int32)

    def _dithered(self, levels: Audio) -> Levels:
        out = np.empty(levels.shape, np.int32)
        for start in range(0, levels.shape[1], self.SEGMENT):
            segment = slice(start, start + self.SEGMENT)
            out[:, segment] = self._one_segment(levels[:, segment])
        return out

    def _one_segment(self, levels: Audio) -> Levels:
        number, self._segment = self._segment, self._segment + 1
        changed = np.any(levels != np.rint(levels), axis=1)  # [channels]
        if not changed.any():
            return self._rounded(levels)
        # Always drawn at full length: a file's last segment gets the same noise as a longer file's.
        draws = np.random.default_rng([self._seed, number]).random(
            (2, levels.shape[0], self.SEGMENT), dtype=np.float32
        )
        noise = (draws[0] - draws[1])[:, : levels.shape[1]]
        noise *= changed[:, np.newaxis] & (levels != 0)
        return self._rounded(levels + noise)
