# SPDX-License-Identifier: GPL-3.0-or-later
"""Promise: a square block has the layout of the one before it, as in pedalboard, or is refused."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pedalboard as pb
import pytest

import neuralboard as nb

RATE = 48_000
SQUARE = np.array([[0.1, 0.2], [0.3, 0.4]], np.float32)


def one_later(audio: np.ndarray) -> np.ndarray:
    """Delay [samples, channels] by one sample, which tells the two layouts apart."""
    return np.vstack([np.zeros((1, audio.shape[1]), np.float32), audio[:-1]])


@pytest.fixture
def late_by_one() -> nb.Board:
    return nb.Board([pb.Delay(delay_seconds=1.5 / RATE, feedback=0.0, mix=1.0)])


@pytest.mark.parametrize("shape", [(2, 9), (2, 0)])
def test_a_square_block_after_channels_first(late_by_one: nb.Board, shape: tuple[int, int]) -> None:
    late_by_one(np.zeros(shape, np.float32), RATE)
    np.testing.assert_allclose(late_by_one(SQUARE, RATE), one_later(SQUARE.T).T)


@pytest.mark.parametrize("shape", [(9, 2), (0, 2)])
def test_a_square_block_after_interleaved(late_by_one: nb.Board, shape: tuple[int, int]) -> None:
    late_by_one(np.zeros(shape, np.float32), RATE)
    np.testing.assert_allclose(late_by_one(SQUARE, RATE), one_later(SQUARE))


def test_a_square_block_in_a_kept_stream(late_by_one: nb.Board) -> None:
    blocks = [np.zeros((9, 2), np.float32), SQUARE, np.zeros((3, 2), np.float32)]
    out = np.concatenate([late_by_one(block, RATE, reset=False) for block in blocks])
    np.testing.assert_allclose(out, one_later(np.concatenate(blocks)))


@pytest.mark.parametrize("reset", [True, False])
def test_a_first_square_block_is_refused_with_the_cure(late_by_one: nb.Board, reset: bool) -> None:
    with pytest.raises(nb.AudioError, match=r"shape \(2, 2\) .* non-square array first"):
        late_by_one(SQUARE, RATE, reset=reset)
    # pedalboard raises a RuntimeError here: scripts that catch it keep working.
    with pytest.raises(RuntimeError):
        late_by_one(SQUARE, RATE, reset=reset)


def test_reset_and_copies_forget_the_layout(late_by_one: nb.Board) -> None:
    late_by_one(np.zeros((2, 9), np.float32), RATE)
    twins = [copy.deepcopy(late_by_one), pickle.loads(pickle.dumps(late_by_one))]
    late_by_one.reset()
    for board in (late_by_one, *twins):
        with pytest.raises(nb.AudioError, match="non-square"):
            board(SQUARE, RATE)


class Ducker(nb.Effect):
    """Multiplies by its side chain."""

    uses_sidechain = True

    def process_block(self, block: Any, state: Any, p: Any, side: Any = None) -> np.ndarray:
        return np.asarray(block * side, np.float32)


def test_a_square_side_chain_is_laid_out_as_the_main_path() -> None:
    side = np.array([[1, 2], [3, 4]], np.float32)
    with Ducker().stream(RATE, 2) as stream:
        np.testing.assert_array_equal(stream.process(SQUARE, side), SQUARE * side)
    box = Ducker()
    box(np.zeros((9, 2), np.float32), RATE, sidechain=np.zeros((9, 2), np.float32))
    np.testing.assert_array_equal(box(SQUARE, RATE, sidechain=side), SQUARE * side)
