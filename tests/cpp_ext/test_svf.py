# SPDX-License-Identifier: GPL-3.0-or-later
"""The cascade of state-variable filters: the response of its formula, for any blocks."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from neuralboard.cpp_ext import reference

G, K = 0.05, 0.9


def low_pass(g: Any, k: float = K) -> NDArray[np.float64]:
    """Return the row of one low-pass section, or one for each g."""
    a1 = 1.0 / (1.0 + g * (g + k))
    row = [a1, g * a1, g * g * a1, 0.0 * g, 0.0 * g, 1.0 + 0.0 * g]
    return np.ascontiguousarray(np.stack(row, axis=-1))


def rows(sections: int) -> NDArray[np.float64]:
    return np.array([low_pass(G * (i + 1)) for i in range(sections)])


def moving(n: int, sections: int) -> NDArray[np.float64]:
    """Return rows whose cutoffs move."""
    g = np.linspace(0.01, 1.5, n)
    return np.ascontiguousarray(np.stack([low_pass(g * (i + 1)) for i in range(sections)], axis=1))


def test_it_is_the_bilinear_transform_of_the_analogue_filter(impl: ModuleType) -> None:
    click = np.zeros((1, 4096), np.float32)
    click[0, 0] = 1.0
    response = np.fft.rfft(impl.SvfCascade(1, 1).process(click, rows(1))[0].astype(float))
    z = np.exp(1j * np.linspace(0, np.pi, response.size)[:-1])
    s = (z - 1) / (z + 1) / G
    np.testing.assert_allclose(response[:-1], 1 / (s * s + K * s + 1), atol=2e-6)


@pytest.mark.parametrize("sections", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("channels", [1, 2, 3])
def test_both_give_the_same_bits(
    native: ModuleType, noise: Any, sections: int, channels: int
) -> None:
    audio = noise(channels, 400)
    for table in (rows(sections), moving(400, sections)):
        pair = [m.SvfCascade(channels, sections).process(audio, table) for m in (native, reference)]
        np.testing.assert_array_equal(*pair)


def test_any_schedule_gives_the_same_bits(
    impl: ModuleType, noise: Any, schedules: Any, blocks: Any
) -> None:
    audio = noise(3, 500)
    still, ramp = rows(3), moving(500, 3)
    whole = impl.SvfCascade(3, 3).process(audio, still)
    ramped = impl.SvfCascade(3, 3).process(audio, ramp)
    box = impl.SvfCascade(3, 3)
    for schedule in schedules(500, 60):
        box.reset()
        parts = [box.process(block, still) for block in blocks(audio, schedule)]
        np.testing.assert_array_equal(np.concatenate(parts, axis=1), whole)
        box.reset()
        parts, at = [], 0
        for block in blocks(audio, schedule):
            parts.append(box.process(block, ramp[at : at + block.shape[1]]))
            at += block.shape[1]
        np.testing.assert_array_equal(np.concatenate(parts, axis=1), ramped)


@pytest.mark.parametrize("channels", [1, 2, 3, 5])
def test_each_channel_is_its_mono_run(impl: ModuleType, noise: Any, channels: int) -> None:
    audio = noise(channels, 300)
    together = impl.SvfCascade(channels, 2).process(audio, rows(2))
    for c in range(channels):
        alone = impl.SvfCascade(1, 2).process(audio[c : c + 1], rows(2))
        np.testing.assert_array_equal(together[c], alone[0])


def test_in_place_and_bad_coefficients(impl: ModuleType, noise: Any) -> None:
    audio = noise(2, 50)
    box = impl.SvfCascade(2, 2)
    bad = rows(2)
    bad[1, 0] = np.nan
    with pytest.raises(ValueError, match="coefficients must be finite"):
        box.process(audio, bad)
    with pytest.raises(ValueError, match=r"coefficients must have the shape \[2, 6\]"):
        box.process(audio, rows(3))
    with pytest.raises(ValueError, match=r"coefficients must have the shape \[50, 2, 6\]"):
        box.process(audio, moving(49, 2))
    with pytest.raises(TypeError, match="coefficients must be float64"):
        box.process(audio, rows(2).astype(np.float32))
    want = impl.SvfCascade(2, 2).process(audio, rows(2))
    assert box.process(audio, rows(2), out=audio) is audio
    np.testing.assert_array_equal(audio, want)
