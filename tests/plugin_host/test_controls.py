# SPDX-License-Identifier: GPL-3.0-or-later
"""Promise: what a box tells besides its sound comes out with the sound that it belongs to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import neuralboard as nb

Audio = NDArray[np.float32]
RATE = 48_000


class Teller(nb.Effect):
    """Tells the first channel, times a factor that may ramp."""

    factor = nb.Parameter(1.0, 0.0, 2.0, doc="of what it tells")
    tells = ("level",)

    def process_block(self, block: Audio, state: Any, p: Any) -> Any:
        return block.copy(), {"level": block[0] * np.float32(p.factor)}


class Late(nb.Effect):
    """A delay."""

    late = 100

    def latency_samples(self, sample_rate: int) -> int:
        return self.late

    def start(self, sample_rate: int, channels: int) -> Any:
        return [np.zeros((channels, self.late), np.float32)]

    def process_block(self, block: Audio, state: Any, p: Any) -> Audio:
        line = np.concatenate([state[0], block], axis=1)
        state[0] = line[:, block.shape[1] :].copy()
        return line[:, : block.shape[1]].copy()


def streamed(box: Any, audio: Audio) -> tuple[Audio, dict[str, Audio]]:
    """Return what came out, and what was told, in blocks of odd sizes."""
    outs, told, at = [], [], 0
    with box.stream(RATE, audio.shape[0]) as stream:
        for size in (1, 0, 77, 500, 13, 409):
            outs.append(stream.process(audio[:, at : at + size]))
            told.append(stream.controls)
            at += size
    joined = {name: np.concatenate([part[name] for part in told]) for name in told[0]}
    return np.concatenate(outs, axis=1), joined


@pytest.mark.parametrize(
    "board",
    [
        Teller(),
        nb.Board([Late(), Teller()]),
        nb.Board([Teller(), Late(), Late()]),
        nb.Board([Late(), nb.Board([Teller(), Late()]), nb.Gain(0.0)]),
        nb.Box(nb.Board([Late(), Teller(), Late()])),
    ],
    ids=["alone", "after a latency", "before two", "nested", "in a Box"],
)
def test_it_lies_on_the_time_line_of_the_output(board: Any, rng: np.random.Generator) -> None:
    audio = rng.uniform(-1, 1, (2, 1000)).astype(np.float32)
    out, told = streamed(board, audio)
    np.testing.assert_array_equal(told["level"], out[0])


def test_branches_are_aligned_and_a_second_one_is_numbered(rng: np.random.Generator) -> None:
    audio = rng.uniform(-1, 1, (1, 1000)).astype(np.float32)
    mix = nb.Mix([Teller(), nb.Board([Teller(factor=2.0), Late()])])
    _, told = streamed(mix, audio)
    late = np.concatenate([np.zeros(100, np.float32), audio[0, :900]])
    np.testing.assert_array_equal(told["level"], late)
    np.testing.assert_array_equal(told["level 2"], 2 * late)


def test_it_is_whole_while_a_parameter_ramps_and_gone_after_a_reset() -> None:
    ones = np.ones((1, 2000), np.float32)
    box = Teller()
    with box.stream(RATE, 1) as stream:
        stream.process(ones)
        box.factor = 0.0
        stream.process(ones)
        told = stream.controls["level"]
        assert told.shape == (2000,)
        assert told[0] > 0.99
        assert np.all(np.diff(told[:960]) < 0)
        assert not told[960:].any()
        stream.reset()
        assert stream.controls == {}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (lambda block: block, "returned ndarray, but it tells level; return block, {'level'"),
        (lambda block: (block, {}), "told nothing; tells says level"),
        (lambda block: (block, {"level": block[0, :-1]}), r"told level of shape \(9,\) for 10"),
    ],
)
def test_what_is_told_wrongly_is_said(given: Any, message: str) -> None:
    class Wrong(nb.Effect):
        """Tells what it shouldn't."""

        tells = ("level",)

        def process_block(self, block: Audio, state: Any, p: Any) -> Any:
            return given(block.copy())

    with pytest.raises(nb.BoxError, match=message):
        Wrong()(np.zeros((1, 10), np.float32), RATE)


class Keyed(nb.Effect):
    """Gives what it hears: the side chain, or else its own sound."""

    uses_sidechain = True

    def process_block(self, block: Audio, state: Any, p: Any, side: Any = None) -> Audio:
        return np.asarray(block if side is None else side).copy()


def test_a_side_chain_that_never_came_does_not_come_at_the_end(rng: np.random.Generator) -> None:
    """The flush gave silence as the side chain, and the box stopped hearing its own sound."""
    audio = rng.uniform(-1, 1, (1, 1000)).astype(np.float32)
    board = nb.Board([Late(), Keyed()])
    with board.stream(RATE, 1) as stream:
        out = np.concatenate([stream.process(audio), stream.flush()], axis=1)
    np.testing.assert_array_equal(out[:, 100:], audio)
    np.testing.assert_array_equal(board(audio, RATE), audio)
