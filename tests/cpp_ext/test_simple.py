# SPDX-License-Identifier: GPL-3.0-or-later
"""Delay line, queue, broken samples and denormals do what they say, under any schedule."""

from __future__ import annotations

import threading
from types import ModuleType
from typing import Any

import numpy as np
import pytest


@pytest.mark.parametrize("delay", [0, 1, 5, 64, 1000])
def test_delay_is_exact_under_any_schedule(
    impl: ModuleType, noise: Any, schedules: Any, blocks: Any, delay: int
) -> None:
    audio = noise(3, 400)
    expected = np.concatenate([np.zeros((3, delay), np.float32), audio], axis=1)[:, :400]
    line = impl.DelayLine(3, delay)
    for schedule in schedules(400, 64):
        line.reset()
        out = np.concatenate([line.push(block) for block in blocks(audio, schedule)], axis=1)
        np.testing.assert_array_equal(out, expected)


def test_delay_in_place(impl: ModuleType, noise: Any) -> None:
    audio = noise(2, 50)
    expected = impl.DelayLine(2, 7).push(audio)
    block = audio.copy()
    assert impl.DelayLine(2, 7).push(block, out=block) is block
    np.testing.assert_array_equal(block, expected)


def test_fifo_gives_back_what_it_took(
    impl: ModuleType, noise: Any, rng: np.random.Generator
) -> None:
    audio = noise(2, 3000)
    queue = impl.Fifo(2, 16)  # grows several times
    taken, pushed = [], 0
    while pushed < 3000 or queue.size:
        n = min(int(rng.integers(0, 120)), 3000 - pushed)
        queue.push(np.ascontiguousarray(audio[:, pushed : pushed + n]))
        pushed += n
        taken.append(queue.pop(int(rng.integers(0, queue.size + 1))))
    np.testing.assert_array_equal(np.concatenate(taken, axis=1), audio)


def test_fifo_refuses_more_than_it_holds_and_keeps_it(impl: ModuleType, noise: Any) -> None:
    queue = impl.Fifo(1, 8)
    queue.push(noise(1, 5))
    with pytest.raises(ValueError, match="6 samples asked for, 5 are in the queue"):
        queue.pop(6)
    assert queue.size == 5
    out = np.empty((1, 5), np.float32)
    assert queue.pop(5, out=out) is out
    queue.push(noise(1, 5))
    queue.clear()
    assert queue.size == 0


BROKEN = [np.nan, np.inf, -np.inf, 1.1e9, -3e38]


@pytest.mark.parametrize("value", BROKEN)
@pytest.mark.parametrize("place", [0, 7, 1023, 1024, 2999])
def test_broken_sample_is_found_and_replaced(
    impl: ModuleType, noise: Any, value: float, place: int
) -> None:
    audio = noise(3, 3000)
    audio[1, place] = value
    audio[2, min(place + 5, 2999)] = value
    expected = np.where(np.abs(audio) <= 1e9, audio, 0.0).astype(np.float32)
    assert impl.find_broken(audio) == (2, place)
    assert impl.replace_broken(audio) == (2, place)
    np.testing.assert_array_equal(audio, expected)
    assert impl.replace_broken(audio) == (0, -1)


def test_sound_samples_are_left_alone(impl: ModuleType) -> None:
    tiny = np.float32(1e-42)  # subnormal
    block = np.array([[0.0, -0.0, tiny, -tiny, 1e9, -1e9, 0.5, 3.0]], np.float32)
    before = block.copy()
    assert impl.replace_broken(block) == (0, -1)
    assert block.tobytes() == before.tobytes()
    assert impl.find_broken(block, limit=0.75) == (3, 4)
    assert impl.find_broken(block, limit=0) == (6, 2)
    assert impl.find_broken(np.zeros((2, 0), np.float32)) == (0, -1)


def test_finding_takes_read_only_blocks_and_replacing_does_not(
    impl: ModuleType, noise: Any
) -> None:
    block = noise(2, 10)
    block.flags.writeable = False
    assert impl.find_broken(block) == (0, -1)
    with pytest.raises(ValueError, match="block is read-only"):
        impl.replace_broken(block)


def a_subnormal_product() -> float:
    return float((np.full(4, 2e-38, np.float32) * np.float32(0.1))[0])


def test_denormals_are_off_and_back(native: ModuleType) -> None:
    assert a_subnormal_product() > 0
    outer = native.denormals_off()
    inner = native.denormals_off()
    try:
        assert a_subnormal_product() == 0
        native.denormals_restore(inner)
        assert a_subnormal_product() == 0  # still inside the outer pair
    finally:
        native.denormals_restore(outer)
    assert a_subnormal_product() > 0


def test_denormals_of_other_threads_stay(native: ModuleType) -> None:
    seen: list[float] = []

    def look() -> None:  # a thread inherits the state of the one that starts it
        native.denormals_restore(0)
        seen.append(a_subnormal_product())

    token = native.denormals_off()
    try:
        child = threading.Thread(target=look)
        child.start()
        child.join()
        assert seen[0] > 0
        assert a_subnormal_product() == 0
    finally:
        native.denormals_restore(token)


def test_twin_denormals_are_no_ops(impl: ModuleType) -> None:
    impl.denormals_restore(impl.denormals_off())
    assert a_subnormal_product() > 0
