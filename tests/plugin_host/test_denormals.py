# SPDX-License-Identifier: GPL-3.0-or-later
"""Promise: denormals are flushed to zero while a box runs, and only then.

What that saves is measured by benchmarks/denormal_cost.py.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pedalboard as pb
import pytest

import neuralboard as nb
from neuralboard import cpp_ext

RATE = 48_000
AUDIO = np.full((2, 500), 0.25, np.float32)

pytestmark = pytest.mark.skipif(
    not cpp_ext.HAVE_EXTENSION, reason="only the extension can set the processor's flags"
)


def flushed() -> tuple[bool, bool]:
    """Return whether this thread flushes results that are denormal, and denormal operands."""
    result = np.full(8, 1e-38, np.float32) * np.float32(0.01)
    operand = np.full(8, 1 << 10, np.uint32).view(np.float32) * np.float32(2.0**60)
    return not result.any(), not operand.any()


class Witness(nb.Effect):
    """Writes down what the processor's flags are while it runs."""

    fails = nb.Switch(False, doc="raise an error")

    def start(self, sample_rate: int, channels: int) -> Any:
        return {}

    def process_block(self, block: Any, state: Any, p: Any) -> Any:
        seen.append(flushed())
        if p.fails:
            raise ZeroDivisionError
        return block


seen: list[tuple[bool, bool]] = []


def streamed(board: nb.Board) -> None:
    with board.stream(RATE, 2) as stream:
        stream.process(AUDIO)
        stream.flush(tail=0.01)


WAYS: dict[str, Callable[[nb.Board], object]] = {
    "call": lambda board: board(AUDIO, RATE),
    "kept": lambda board: board(AUDIO, RATE, reset=False),
    "process": lambda board: nb.process(AUDIO, RATE, list(board)),
    "stream": streamed,
    "mix": lambda board: nb.Mix([board, None])(AUDIO, RATE),
    "with a native": lambda board: nb.Board([pb.LadderFilter(), *board])(AUDIO, RATE),
    "with one that can't stream": lambda board: nb.Board([pb.PitchShift(), *board])(AUDIO, RATE),
}


@pytest.mark.parametrize("way", WAYS)
def test_flags_are_set_while_a_box_runs_and_put_back(way: str) -> None:
    seen.clear()
    assert flushed() == (False, False)
    WAYS[way](nb.Board([Witness()]))
    assert seen
    assert set(seen) == {(True, True)}
    assert flushed() == (False, False)


def test_flags_are_put_back_after_an_error() -> None:
    seen.clear()
    with pytest.raises(ZeroDivisionError):
        nb.Board([Witness(fails=True)])(AUDIO, RATE)
    assert seen == [(True, True)]
    assert flushed() == (False, False)


def test_flags_in_files(tmp_path: Path) -> None:
    seen.clear()
    with pb.io.AudioFile(str(tmp_path / "in.wav"), "w", RATE, 2) as file:
        file.write(AUDIO)
    nb.process_file(nb.Board([Witness()]), tmp_path / "in.wav", tmp_path / "out.wav")
    assert set(seen) == {(True, True)}
    assert flushed() == (False, False)
