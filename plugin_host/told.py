# SPDX-License-Identifier: GPL-3.0-or-later
"""Controls: what boxes tell besides their audio (a gain reduction, a level), and its way out.

A box names them in `tells` and gives `(block, controls)` for each block; a voice shows those of its
last block, on the time line of its output. On a board they wait until what follows the box has
delayed the sound that they belong to.

    compressor ──── sound ────▶ box of latency 1535 ──▶ out
        └── gain_reduction_db ─▶ 1535 samples later ──▶ controls
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from neuralboard import cpp_ext
from neuralboard.audio import Audio
from neuralboard.errors import BoxError
from neuralboard.voice import Voice

__all__ = ["ControlLines", "Controls", "joined", "no_controls", "split"]

Controls = dict[str, Audio]


def split(result: Any, tells: tuple[str, ...], num_samples: int, box: Any) -> tuple[Any, Controls]:
    """Return the block and the checked controls that a box's process_block gave."""
    what = f"{type(box).__name__}.process_block"
    names = ", ".join(tells)
    if not (isinstance(result, tuple) and len(result) == 2 and isinstance(result[1], dict)):
        raise BoxError(
            f"{what} returned {type(result).__name__}, but it tells {names}; return"
            f" block, {{{tells[0]!r}: values}}"
        )
    block, given = result
    if given.keys() != set(tells):
        raise BoxError(f"{what} told {', '.join(map(str, given)) or 'nothing'}; tells says {names}")
    controls = {name: np.asarray(given[name], np.float32) for name in tells}
    for name, values in controls.items():
        if values.shape != (num_samples,):
            raise BoxError(
                f"{what} told {name} of shape {values.shape} for {num_samples} samples; give one"
                " value per sample"
            )
    return block, controls


def joined(parts: Sequence[Controls]) -> Controls:
    """Return the controls of consecutive pieces of one block."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def no_controls(tells: tuple[str, ...]) -> Controls:
    """Return the controls of a block without samples."""
    return {name: np.zeros(0, np.float32) for name in tells}


class ControlLines:
    """The controls of several voices on one time line.

    Parameters
    ----------
    voices : sequence of Voice
    delays : sequence of int
        Samples by which the sound of each is delayed on its further way.

    Attributes
    ----------
    tells : tuple of str
        Names of all; where a name comes again, "name 2", "name 3" in the order of the voices.
    """

    def __init__(self, voices: Sequence[Voice], delays: Sequence[int]) -> None:
        self._lines: dict[str, tuple[Voice, str, Any]] = {}
        for voice, delay in zip(voices, delays, strict=True):
            for name in voice.tells:
                key, number = name, 1
                while key in self._lines:
                    number += 1
                    key = f"{name} {number}"
                self._lines[key] = voice, name, cpp_ext.DelayLine(1, delay)
        self.tells = tuple(self._lines)

    def gather(self) -> Controls:
        """Return what the voices told about the block that they have just processed."""
        return {
            key: line.push(voice.controls[name][np.newaxis])[0]
            for key, (voice, name, line) in self._lines.items()
        }

    def reset(self) -> None:
        """Begin a new stream."""
        for _, _, line in self._lines.values():
            line.reset()
