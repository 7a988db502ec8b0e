# SPDX-License-Identifier: GPL-3.0-or-later
"""Gain reduction, gains in decibels and the shelf that follows, in C++ and in the twin."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from neuralboard.cpp_ext import reference, reference_dynamics

Audio = NDArray[np.float32]
CONTROLS: dict[str, Any] = {
    "threshold_db": -20.0,
    "slope": 0.75,
    "knee_db": 6.0,
    "range_db": 30.0,
    "attack": 0.02,
    "release": 0.002,
    "hold": 40.0,
}


def ramps(n: int) -> dict[str, Any]:
    """Return controls that all move over n samples."""
    ends = {
        "threshold_db": (-40, -10),
        "slope": (0, 1),
        "knee_db": (0, 20),
        "range_db": (5, 50),
        "attack": (0.001, 1),
        "release": (0.0001, 0.5),
        "hold": (0, 100),
    }
    return {name: np.linspace(a, b, n, dtype=np.float32) for name, (a, b) in ends.items()}


def bursts(noise: Any, n: int = 1500) -> Audio:
    audio = noise(2, n)
    audio[:, n // 3 : n // 2] *= 1e-4
    audio[:, n // 2 : 2 * n // 3] = 0.0
    return np.asarray(audio, np.float32)


@pytest.mark.parametrize("moving", [False, True])
def test_both_give_the_same_bits(native: ModuleType, noise: Any, moving: bool) -> None:
    key = bursts(noise)
    controls = ramps(key.shape[1]) if moving else CONTROLS
    ours, twins = (m.GainReduction(2, 100).push(key, **controls) for m in (native, reference))
    np.testing.assert_array_equal(ours, twins)
    assert ours.max() > 5.0
    made = [m.apply_gain_db(key, 6.0 - ours) for m in (native, reference)]
    np.testing.assert_array_equal(*made)
    warped = np.linspace(0.1, 2.0, key.shape[1], dtype=np.float32) if moving else 0.3
    np.testing.assert_array_equal(
        *(m.DynamicShelf(2).process(key, ours, warped) for m in (native, reference))
    )


def test_any_schedule_gives_the_same_bits(
    impl: ModuleType, noise: Any, schedules: Any, blocks: Any
) -> None:
    key = bursts(noise, 700)
    whole = impl.GainReduction(2, 100).push(key, **CONTROLS)
    shelved = impl.DynamicShelf(2).process(key, whole, 0.3)
    reduction, shelf = impl.GainReduction(2, 100), impl.DynamicShelf(2)
    for schedule in schedules(700, 60):
        reduction.reset()
        shelf.reset()
        told = [reduction.push(block, **CONTROLS) for block in blocks(key, schedule)]
        parts = [
            shelf.process(block, each, 0.3)
            for block, each in zip(blocks(key, schedule), told, strict=True)
        ]
        np.testing.assert_array_equal(np.concatenate(told), whole)
        np.testing.assert_array_equal(np.concatenate(parts, axis=1), shelved)


def test_values_per_sample_equal_blocks_of_one(impl: ModuleType, noise: Any) -> None:
    key, controls = bursts(noise, 300), ramps(300)
    ramped = impl.GainReduction(2, 100).push(key, **controls)
    single = impl.GainReduction(2, 100)
    for i in range(300):
        now = {name: float(values[i]) for name, values in controls.items()}
        one = single.push(np.ascontiguousarray(key[:, i : i + 1]), **now)
        assert one[0] == ramped[i]


@pytest.mark.parametrize("hold", [0, 1, 2, 7, 64, 100])
def test_a_peak_is_held_to_the_sample(impl: ModuleType, noise: Any, hold: int) -> None:
    """Without attack and release the curve is that of the greatest of hold + 1 values."""
    key = noise(3, 800)
    at_once = CONTROLS | {"attack": 1.0, "release": 1.0, "hold": float(hold)}
    told = impl.GainReduction(3, 100).push(key, **at_once)
    peak = np.abs(key).max(axis=0)
    padded = np.concatenate([np.zeros(hold, np.float32), peak])
    greatest = np.lib.stride_tricks.sliding_window_view(padded, hold + 1).max(axis=1)
    constant = np.ascontiguousarray(np.broadcast_to(greatest, (3, 800)))
    wanted = impl.GainReduction(3, 100).push(constant, **(at_once | {"hold": 0.0}))
    np.testing.assert_array_equal(told, wanted)


def test_logarithm_and_power_are_exact_enough(rng: np.random.Generator) -> None:
    x = np.exp2(rng.uniform(-40, 40, 100_000)).astype(np.float32)
    exponent = np.log2(x.astype(np.float64))
    assert np.abs(reference_dynamics.log2(x) - exponent).max() < 4e-6  # float32's step at 40
    near = np.abs(exponent) < 1
    assert np.abs(reference_dynamics.log2(x) - exponent)[near].max() < 2e-7
    y = rng.uniform(-126, 126, 100_000).astype(np.float32)
    exact = np.exp2(y.astype(np.float64))
    assert np.abs(reference_dynamics.exp2(y) / exact - 1).max() < 3e-7


def test_0_db_is_the_same_samples(impl: ModuleType, noise: Any) -> None:
    audio = noise(2, 500)
    none = np.zeros(500, np.float32)
    np.testing.assert_array_equal(impl.apply_gain_db(audio, none), audio)
    np.testing.assert_array_equal(impl.DynamicShelf(2).process(audio, none, 0.7), audio)
    np.testing.assert_allclose(
        impl.apply_gain_db(audio, none - np.float32(20)), audio / 10, rtol=1e-6
    )


def test_in_place_and_out(impl: ModuleType, noise: Any) -> None:
    audio = noise(2, 100)
    out = np.empty(100, np.float32)
    reduction = impl.GainReduction(2, 100).push(audio, **CONTROLS)
    assert impl.GainReduction(2, 100).push(audio, **CONTROLS, out=out) is out
    np.testing.assert_array_equal(out, reduction)
    want = impl.DynamicShelf(2).process(audio, reduction, 0.5)
    gained = impl.apply_gain_db(audio, reduction)
    copy = audio.copy()
    assert impl.DynamicShelf(2).process(copy, reduction, 0.5, out=copy) is copy
    np.testing.assert_array_equal(copy, want)
    impl.apply_gain_db(audio, reduction, out=audio)
    np.testing.assert_array_equal(audio, gained)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("threshold_db", np.nan, "threshold_db must be finite and .* got nan"),
        ("slope", 1.5, "slope must be finite and at least 0 and at most 1, got 1.5"),
        ("hold", 101.0, "hold must be finite and at least 0 and at most 100, got 101"),
        ("attack", np.full(8, -1, np.float32), "attack must be .* got -1 at sample 0"),
        ("release", np.ones(7, np.float32), r"release must have the shape \[8\], got \[7\]"),
        ("knee_db", "wide", "knee_db must be a number or a float32 array of 8 values"),
    ],
)
def test_bad_controls_change_nothing(
    impl: ModuleType, noise: Any, name: str, value: Any, message: str
) -> None:
    key = noise(1, 8)
    one, other = impl.GainReduction(1, 100), impl.GainReduction(1, 100)
    with pytest.raises((ValueError, TypeError), match=message):
        one.push(key, **(CONTROLS | {name: value}))
    np.testing.assert_array_equal(one.push(key, **CONTROLS), other.push(key, **CONTROLS))


def test_bad_blocks_are_refused(impl: ModuleType, noise: Any) -> None:
    audio = noise(2, 8)
    gain = np.zeros(8, np.float32)
    with pytest.raises(ValueError, match=r"key must have the shape \[1, any\], got \[2, 8\]"):
        impl.GainReduction(1, 0).push(audio, **(CONTROLS | {"hold": 0.0}))
    with pytest.raises(ValueError, match=r"gain_db must have the shape \[8\], got \[7\]"):
        impl.apply_gain_db(audio, gain[:7])
    with pytest.raises(TypeError, match="gain_db must be float32, got float64"):
        impl.apply_gain_db(audio, gain.astype(float))
    with pytest.raises(ValueError, match=r"reduction_db must be .* got -1 at sample 0"):
        impl.DynamicShelf(2).process(audio, gain - np.float32(1), 0.5)
    with pytest.raises(ValueError, match=r"warped must be .* got 0"):
        impl.DynamicShelf(2).process(audio, gain, 0.0)
