# SPDX-License-Identifier: GPL-3.0-or-later
"""Promise: `nb.Box` gives mix, bypass and a name to anything, and takes nothing away from it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pedalboard as pb
import pytest

import neuralboard as nb
from neuralboard import natives, registry, testing
from tests.plugin_host.test_board import Ducker
from tests.plugin_host.test_invariance import NATIVES, make

RATE = 48_000
WHOLE = ("pitch_shift", "gsm_full_rate_compressor")


@pytest.fixture
def audio() -> np.ndarray:
    return testing.signal_of(RATE, 2, 0.5)


@pytest.mark.parametrize("name", NATIVES)
def test_a_native_in_a_box_keeps_the_contract(name: str) -> None:
    """At each rate: mix=0 and bypassed it nulls against a delayed copy; it is alike and whole."""
    testing.check_box(nb.Box(make(name)))


@pytest.mark.parametrize("name", WHOLE)
def test_what_needs_the_whole_recording_mixes_too(name: str, audio: np.ndarray) -> None:
    wet = make(name)(audio, RATE)
    box = nb.Box(make(name), mix=0.25)
    np.testing.assert_allclose(box(audio, RATE), 0.75 * audio + 0.25 * wet, atol=1e-6)
    board = nb.Board([box, pb.Gain(0.0)])
    np.testing.assert_allclose(board(audio, RATE), box(audio, RATE), atol=1e-6)
    for processor in (box, board):
        with pytest.raises(nb.StreamingNotSupported, match="needs the whole recording"):
            processor.stream(RATE, 2)


def test_a_side_chain_reaches_the_box_inside(audio: np.ndarray) -> None:
    side = testing.signal_of(RATE, 2, 0.5, seed=9)
    box = nb.Box(nb.Board([pb.Gain(0.0), Ducker()]), mix=0.5)
    out = box(audio, RATE, sidechain=side)
    np.testing.assert_allclose(out, 0.5 * audio + 0.5 * audio * side, atol=1e-6)


def test_a_board_inside_may_change_between_calls(audio: np.ndarray) -> None:
    inner = nb.Board([pb.Gain(-6.0)])
    box = nb.Box(inner)
    first = box(audio, RATE)
    inner.append(pb.Invert())
    np.testing.assert_array_equal(box(audio, RATE), -first)


def test_a_changed_latency_inside_is_taken_up_by_the_next_call(audio: np.ndarray) -> None:
    limiter = pb.BrickwallLimiter(ceiling_db=0.0, lookahead_ms=5.0)
    box = nb.Box(limiter, mix=0.5)
    quiet = audio * np.float32(0.1)
    np.testing.assert_allclose(box(quiet, RATE), quiet, atol=1e-6)
    assert box.latency(RATE) == 240
    limiter.lookahead_ms = 10.0
    assert box.latency(RATE) == 480
    np.testing.assert_allclose(box(quiet, RATE), quiet, atol=1e-6)


def test_a_plug_in_inside_is_given_back_when_the_stream_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A leased native (here a Gain that is said to be hosted) in a Box: one stream at a time."""
    native: Any = pb.Delay(0.01)
    monkeypatch.setattr(natives, "is_hosted", lambda thing: thing is native)
    monkeypatch.setattr(type(native), "name", "Held", raising=False)
    box = nb.Box(native)
    stream = box.stream(RATE, 2)
    with pytest.raises(nb.StreamError, match="runs in another stream already"):
        box.stream(RATE, 2)
    stream.close()
    box.stream(RATE, 2).close()
    box(np.zeros((2, 100), np.float32), RATE)
    box.stream(RATE, 2).close()


def test_every_native_is_known_by_name() -> None:
    assert len(NATIVES) == 24
    assert {registry.origin(name) for name in NATIVES} == {"pedalboard"}
