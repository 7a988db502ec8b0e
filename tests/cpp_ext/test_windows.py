# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows are the periodic ones, and a pair that can't be undone is refused."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest

from neuralboard import cpp_ext
from neuralboard.cpp_ext.windows import NAMES, envelope, unit_synthesis


@pytest.mark.parametrize("n_fft", [16, 882, 1024])
def test_named_windows_are_the_periodic_ones(n_fft: int) -> None:
    turn = 2 * np.pi * np.arange(n_fft) / n_fft  # symmetric windows divide by n_fft - 1
    expected = {
        "hann": 0.5 - 0.5 * np.cos(turn),
        "hamming": 0.54 - 0.46 * np.cos(turn),
        "blackman": 0.42 - 0.5 * np.cos(turn) + 0.08 * np.cos(2 * turn),
    }
    for name, values in expected.items():
        ours = cpp_ext.window_values(name, n_fft)
        np.testing.assert_allclose(ours, values, rtol=0, atol=6e-8)


def test_square_root_and_rectangle() -> None:
    root = cpp_ext.window_values("sqrt_hann", 512)
    np.testing.assert_allclose(root**2, cpp_ext.window_values("hann", 512), rtol=0, atol=1e-7)
    np.testing.assert_array_equal(cpp_ext.window_values("rect", 16), np.ones(16, np.float32))


def test_values_are_copied() -> None:
    given = np.ones(16)
    values = cpp_ext.window_values(given, 16)
    given[:] = 5
    assert values.dtype == np.float32
    np.testing.assert_array_equal(values, 1)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("hop", [1, 5, 16, 24, 31])
def test_unit_synthesis_makes_the_envelope_one(name: str, hop: int) -> None:
    window = cpp_ext.window_values(name, 64)
    unit = unit_synthesis(window, window, hop)
    np.testing.assert_allclose(envelope(window, unit * np.float32(64), hop), 1.0, atol=1e-6)


@pytest.mark.parametrize(
    ("window", "n_fft", "message"),
    [
        ("tukey", 64, "window 'tukey' is unknown; use one of hann, sqrt_hann"),
        (np.ones(63), 64, r"window must have n_fft = 64 values, got an array of shape \[63\]"),
        ([1.0, np.nan] * 32, 64, "window must be finite, got nan at index 1"),
        (["a"] * 64, 64, "window must be a name or 64 numbers"),
        ("hann", 0, "n_fft must lie between 1 and"),
    ],
)
def test_bad_windows(window: Any, n_fft: int, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        cpp_ext.window_values(window, n_fft)


def test_overlap_that_loses_samples_is_refused(impl: ModuleType) -> None:
    with pytest.raises(ValueError, match="n_fft 64 at hop_length 64 overlap to 0 at their weakest"):
        impl.MaskStream(64, 64, "hann", None, 1)
    with pytest.raises(ValueError, match="smaller hop_length, 16 suits"):
        impl.IstftStream(64, 64, "hann", "hann", 1)
    analysis_only = impl.Stft(64, 64, "hann")
    spectrum = analysis_only.forward(np.zeros(256, np.float32))
    with pytest.raises(ValueError, match="can't be rebuilt"):
        analysis_only.inverse(spectrum, 256)
    with pytest.raises(ValueError, match="can't be rebuilt"):
        impl.Stft(64, 64, "hann", "hann")
