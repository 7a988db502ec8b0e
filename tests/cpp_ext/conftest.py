# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the kernel tests: both implementations, and block schedules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray

from neuralboard import cpp_ext
from neuralboard.cpp_ext import reference

Audio = NDArray[np.float32]


def _native() -> ModuleType:
    if not cpp_ext.HAVE_EXTENSION:
        pytest.skip("the C++ extension is not built or is forbidden by NEURALBOARD_NO_EXTENSION")
    from neuralboard.cpp_ext import native

    return native


@pytest.fixture(params=["native", "reference"])
def impl(request: pytest.FixtureRequest) -> ModuleType:
    """Give the module of the C++ classes, then that of the NumPy twins."""
    return _native() if request.param == "native" else reference


@pytest.fixture
def native() -> ModuleType:
    """Give the module of the C++ classes."""
    return _native()


LEVELS = cpp_ext.HAVE_EXTENSION and import_module("neuralboard.cpp_ext._ext").simd_levels()


@contextmanager
def _at_level(level: str) -> Iterator[ModuleType]:
    """Give the module of the C++ classes; what it makes meanwhile runs on that level."""
    module = _native()
    from neuralboard.cpp_ext import _ext

    before = _ext.simd_level()
    assert _ext.use_simd_level(level)
    try:
        yield module
    finally:
        _ext.use_simd_level(before)


@pytest.fixture(params=[*(LEVELS or ["no extension"]), "reference"])
def stft_impl(request: pytest.FixtureRequest) -> Iterator[ModuleType]:
    """Give the module of the C++ classes at each level of the machine, then that of the twins."""
    if request.param == "reference":
        yield reference
        return
    with _at_level(request.param) as module:
        yield module


@pytest.fixture(params=LEVELS or ["no extension"])
def stft_native(request: pytest.FixtureRequest) -> Iterator[ModuleType]:
    """Give the module of the C++ classes at each level of the machine."""
    with _at_level(request.param) as module:
        yield module


@pytest.fixture
def noise(rng: np.random.Generator) -> Callable[..., Audio]:
    """Give a maker of full-scale noise; channels differ."""

    def make(*shape: int) -> Audio:
        return rng.uniform(-1.0, 1.0, shape).astype(np.float32)

    return make


def cuts(total: int, hop: int, seed: int) -> list[list[int]]:
    """Return schedules of blocks that add up to `total`."""
    rng = np.random.default_rng(seed)
    patterns = [
        [total],
        [1],
        [0, 1, 7, hop - 1, hop, hop + 1, 0, 97, 2 * hop + 3],
        list(rng.integers(0, 3 * hop, 200)),
    ]
    schedules = []
    for pattern in patterns:
        schedule: list[int] = []
        left = total
        while left > 0:
            block = min(int(pattern[len(schedule) % len(pattern)]), left)
            schedule.append(block)
            left -= block
        schedules.append(schedule)
    return schedules


@pytest.fixture
def schedules() -> Callable[[int, int], list[list[int]]]:
    """Give the maker of schedules: (total, hop) -> lists of block lengths."""
    return lambda total, hop: cuts(total, hop, seed=11)


@pytest.fixture
def blocks() -> Callable[[Audio, list[int]], Iterator[Audio]]:
    """Give a function that cuts audio into contiguous blocks."""

    def cut(audio: Audio, schedule: list[int]) -> Iterator[Audio]:
        begin = 0
        for length in schedule:
            yield np.ascontiguousarray(audio[:, begin : begin + length])
            begin += length

    return cut
