# SPDX-License-Identifier: GPL-3.0-or-later
"""Promise: an open stream allocates nothing that grows, however long it runs."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pedalboard as pb
import pytest

import neuralboard as nb
from neuralboard import testing

RATE = 48_000
BLOCKS = 10_000
BLOCK = 16


class Fade(nb.Effect):
    """A gain that ramps."""

    level = nb.Parameter(1.0, 0.0, 1.0, doc="gain")

    def process_block(self, block: Any, state: Any, p: Any) -> Any:
        return block * p.level


def make_board() -> nb.Board:
    """Return a board of every kind of voice."""
    response = np.exp(-np.arange(600, dtype=np.float32) / 100)
    return nb.Board([
        pb.HighpassFilter(80),
        pb.Compressor(-20, 3),
        Fade(0.5, mix=0.7),
        nb.Mix([nb.Board([]), pb.Delay(0.01), pb.BrickwallLimiter()]),
        pb.Convolution(response, 0.3, RATE),
        nb.SpectralSubtraction(strength=0.5),
        nb.Box(pb.Reverb(), mix=0.4),
    ])  # fmt: skip


def resident() -> int:
    """Return the memory that this process holds now, bytes; 0 where the system does not tell."""
    status = Path("/proc/self/statm")
    return int(status.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if status.exists() else 0


def growth(step: Callable[[int], object], steps: int, warm: int) -> tuple[int, int]:
    """Return how many Python objects, and bytes in all, are held more after `steps` than before."""
    for number in range(warm):
        step(number)
    gc.collect()
    objects, memory = sys.getallocatedblocks(), resident()
    for number in range(steps):
        step(number)
    gc.collect()
    return sys.getallocatedblocks() - objects, resident() - memory


def test_ten_thousand_blocks_leave_nothing_behind() -> None:
    sound = testing.signal_of(RATE, 2, 1.0, seed=3)
    blocks = [np.ascontiguousarray(sound[:, i : i + BLOCK]) for i in range(0, 16_000, BLOCK)]
    with make_board().stream(RATE, 2) as stream:
        objects, memory = growth(
            lambda n: stream.process(blocks[n % len(blocks)]), BLOCKS, warm=2000
        )
    assert objects < BLOCKS // 20
    assert memory < 4_000_000


def test_parameters_that_keep_moving_leave_nothing_behind() -> None:
    board = make_board()
    block = np.full((2, BLOCK), 0.1, np.float32)
    with board.stream(RATE, 2) as stream:

        def step(number: int) -> None:
            if number % 20 == 0:
                board[0].cutoff_frequency_hz = 80.0 + number % 500
                board[1].threshold_db = -20.0 - number % 7
                board[2].level = 0.3 + number % 11 / 20
                board[2].mix = 0.2 + number % 13 / 20
                board[5].strength = number % 17 / 20
                board[6].bypass = bool(number % 3)
            stream.process(block)

        objects, memory = growth(step, BLOCKS // 4, warm=1000)
    assert objects < BLOCKS // 20
    assert memory < 4_000_000


@pytest.mark.parametrize("reset", [False, True])
def test_calls_in_pedalboards_way_leave_nothing_behind(reset: bool) -> None:
    board = nb.Board([pb.HighpassFilter(80), pb.Compressor(-20, 3), pb.BrickwallLimiter()])
    block = np.full((2, BLOCK), 0.1, np.float32)
    objects, memory = growth(lambda _: board(block, RATE, reset=reset), BLOCKS // 4, warm=200)
    assert objects < BLOCKS // 20
    assert memory < 4_000_000
