# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy is a box of its own; what a running stream can't take over is told."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import numpy as np
import pedalboard as pb
import pytest

import neuralboard as nb
from neuralboard import natives
from neuralboard.errors import LatencyChangeWarning

RATE = 16_000
BLOCK = np.full((1, 64), 0.25, np.float32)


class Doubler(nb.Effect):
    """Repeats what came before."""

    gain = nb.Parameter(0.5, 0.0, 2.0, doc="of the repeat")
    late = nb.Parameter(3.0, 0.0, 99.0, next_stream=True, doc="samples")

    def latency_samples(self, sample_rate: int) -> int:
        return int(self.late)

    def process_block(self, block: Any, state: Any, p: Any) -> Any:
        return block * p.gain


@pytest.mark.parametrize("how", [copy.copy, copy.deepcopy])
@pytest.mark.parametrize(
    ("box", "name", "value"),
    [
        (Doubler(), "gain", 1.5),
        (nb.SpectralSubtraction(), "strength", 0.25),
        (nb.Box(pb.Gain(), mix=0.5), "mix", 0.25),
    ],
)
def test_a_copy_has_parameters_of_its_own(how: Any, box: Any, name: str, value: float) -> None:
    before = getattr(box, name)
    twin = how(box)
    assert twin == box
    setattr(twin, name, value)
    assert (getattr(box, name), getattr(twin, name)) == (before, value)
    box.mix = 0.125
    assert twin.mix != 0.125
    box.mix = 1.0
    setattr(box, name, before)


def test_a_copied_board_or_mix_is_a_list_of_its_own() -> None:
    for made in (nb.Board([Doubler()]), nb.Mix([Doubler()], gains_db=[-3.0])):
        twin = copy.copy(made)
        twin.append(Doubler())
        assert (len(made), len(twin)) == (1, 2)
    mix = nb.Mix([None, None], gains_db=[0.0, -3.0])
    twin = copy.copy(mix)
    twin.gains_db[1] = -9.0
    assert list(mix.gains_db) == [0.0, -3.0]


def test_a_parameter_that_waits_for_the_next_stream_says_so_once() -> None:
    box = nb.SpectralGate()
    with box.stream(RATE, 1) as stream:
        stream.process(BLOCK)
        box.smoothing_hz = 700.0
        with pytest.warns(LatencyChangeWarning, match="SpectralGate.smoothing_hz .* next stream"):
            stream.process(BLOCK)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            stream.process(BLOCK)
            box.mix = 0.5  # this one is heard at once
            stream.process(BLOCK)
            box.smoothing_hz = 300.0  # back: there is nothing to tell
            stream.process(BLOCK)
        box.smoothing_hz = 900.0
        with pytest.warns(LatencyChangeWarning, match="smoothing_hz"):
            stream.process(BLOCK)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        box(np.tile(BLOCK, 50), RATE)
        with box.stream(RATE, 1) as stream:
            stream.process(BLOCK)


@pytest.mark.parametrize("kind", [pb.PeakFilter, pb.LowShelfFilter, pb.HighShelfFilter])
def test_a_filter_s_clone_and_preset_read_as_the_filter_itself(kind: Any) -> None:
    """pedalboard keeps `gain_db` as a factor: set again, 7 % of what is read came out beside it."""
    gains = np.concatenate(
        [np.random.default_rng(0).uniform(-90, 40, 2000), np.arange(-60, 24, 0.5), [1e-6, -200]]
    )
    for gain in gains:
        filter_ = kind(gain_db=float(gain))
        assert natives.clone(filter_).gain_db == filter_.gain_db
    for gain in gains[:300]:
        board = nb.Board([kind(gain_db=float(gain))])
        twin: Any = nb.from_json(board.to_json())
        assert twin[0].gain_db == board[0].gain_db
