# SPDX-License-Identifier: GPL-3.0-or-later
"""The five filters are pedalboard's, sample for sample, and don't depend on blocks."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pedalboard
import pytest

from neuralboard.cpp_ext import reference

KINDS = ["lowpass1", "highpass1", "lowshelf", "highshelf", "peak"]
RATES = [8000, 16000, 44100, 48000, 96000]
SECOND: dict[str, Any] = {
    "lowshelf": pedalboard.LowShelfFilter,
    "highshelf": pedalboard.HighShelfFilter,
    "peak": pedalboard.PeakFilter,
}
# (cutoff as a share of the rate, gain in dB, q); the shares reach beyond the bounds
SETTINGS = [
    (0.0002, 6.0, 0.7071),
    (0.01, -12.0, 0.3),
    (0.1, 3.0, 4.0),
    (0.3, 18.0, 0.7071),
    (0.49, -24.0, 10.0),
    (0.6, 6.0, 0.7071),
]
TOLERANCE = 3e-7  # of full scale; in fact the bits are equal with the libm that was tried


@pytest.mark.parametrize("sample_rate", RATES)
@pytest.mark.parametrize("kind", SECOND)
def test_second_order_is_pedalboards(
    native: ModuleType, noise: Any, kind: str, sample_rate: int
) -> None:
    audio = noise(2, 6000)
    for share, gain_db, q in SETTINGS:
        plugin = SECOND[kind](share * sample_rate, gain_db, q)
        expected = plugin(audio, sample_rate)
        ours = native.Biquad(kind, sample_rate, 2).process(
            audio, plugin.cutoff_frequency_hz, plugin.gain_db, plugin.q
        )
        scale = max(1.0, float(np.abs(expected).max()))
        np.testing.assert_allclose(ours, expected, rtol=0, atol=TOLERANCE * scale)
        assert np.abs(ours - audio).max() > 1e-3  # the identity would not pass


@pytest.mark.parametrize("sample_rate", RATES)
@pytest.mark.parametrize(
    ("kind", "plugin"),
    [("lowpass1", pedalboard.LowpassFilter), ("highpass1", pedalboard.HighpassFilter)],
)
def test_first_order_is_pedalboards(
    native: ModuleType, noise: Any, kind: str, plugin: Any, sample_rate: int
) -> None:
    audio = noise(2, 6000)
    for share in (0.0, 0.001, 0.02, 0.25, 0.49):
        expected = plugin(share * sample_rate)(audio, sample_rate)
        ours = native.Biquad(kind, sample_rate, 2).process(audio, share * sample_rate)
        np.testing.assert_allclose(ours, expected, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("kind", KINDS)
def test_twin_agrees(native: ModuleType, noise: Any, kind: str) -> None:
    audio = noise(3, 1500)
    pair = [m.Biquad(kind, 44100, 3).process(audio, 900.0, -7.0, 0.9) for m in (native, reference)]
    np.testing.assert_allclose(pair[0], pair[1], rtol=0, atol=1e-6)


@pytest.mark.parametrize("channels", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("kind", KINDS)
def test_each_channel_is_its_mono_run(
    native: ModuleType, noise: Any, kind: str, channels: int
) -> None:
    audio = noise(channels, 400)
    together = native.Biquad(kind, 48000, channels).process(audio, 1200.0, 5.0, 2.0)
    for c in range(channels):
        alone = native.Biquad(kind, 48000, 1).process(audio[c : c + 1], 1200.0, 5.0, 2.0)
        np.testing.assert_array_equal(together[c], alone[0])


@pytest.mark.parametrize("kind", KINDS)
def test_any_schedule_gives_the_same_bits(
    impl: ModuleType, noise: Any, schedules: Any, blocks: Any, kind: str
) -> None:
    audio = noise(2, 500)
    audio[:, 200:400] = 0  # decay into silence
    whole = impl.Biquad(kind, 44100, 2).process(audio, 300.0, 9.0, 0.5)
    box = impl.Biquad(kind, 44100, 2)
    for schedule in schedules(500, 60):
        box.reset()
        parts = [box.process(block, 300.0, 9.0, 0.5) for block in blocks(audio, schedule)]
        np.testing.assert_array_equal(np.concatenate(parts, axis=1), whole)


@pytest.mark.parametrize("kind", KINDS)
def test_values_per_sample(impl: ModuleType, noise: Any, kind: str) -> None:
    """A ramp equals one-sample blocks, each with its own value; a flat ramp equals a number."""
    audio = noise(2, 300)
    cutoff = np.linspace(100, 5000, 300, dtype=np.float32)
    gain = np.linspace(-6, 12, 300, dtype=np.float32)
    q = np.linspace(0.3, 3, 300, dtype=np.float32)
    ramped = impl.Biquad(kind, 44100, 2).process(audio, cutoff, gain, q)
    box = impl.Biquad(kind, 44100, 2)
    single = [
        box.process(np.ascontiguousarray(audio[:, i : i + 1]), cutoff[i], gain[i], float(q[i]))
        for i in range(300)
    ]
    np.testing.assert_array_equal(ramped, np.concatenate(single, axis=1))
    flat = impl.Biquad(kind, 44100, 2).process(audio, np.full(300, 700, np.float32), 3.0, 1)
    number = impl.Biquad(kind, 44100, 2).process(audio, 700, 3.0, 1.0)
    np.testing.assert_array_equal(flat, number)


def test_in_place_and_out(impl: ModuleType, noise: Any) -> None:
    audio = noise(2, 100)
    expected = impl.Biquad("peak", 44100, 2).process(audio, 500.0, 6.0, 1.0)
    out = np.empty_like(audio)
    assert impl.Biquad("peak", 44100, 2).process(audio, 500.0, 6.0, 1.0, out=out) is out
    np.testing.assert_array_equal(out, expected)
    impl.Biquad("peak", 44100, 2).process(audio, 500.0, 6.0, 1.0, out=audio)
    np.testing.assert_array_equal(audio, expected)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cutoff", [-5.0, 0.0, 0.001, 23999.0, 24000.0, 30000.0, 1e9])
def test_extreme_parameters_stay_finite(
    impl: ModuleType, noise: Any, kind: str, cutoff: float
) -> None:
    audio = noise(1, 400)
    for gain_db in (-500.0, -100.0, 60.0):
        for q in (1e-6, 0.7, 1e6):
            out = impl.Biquad(kind, 48000, 1).process(audio, cutoff, gain_db, q)
            assert np.isfinite(out).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.nan, 0.0, 1.0), "cutoff_hz must be finite, got nan"),
        ((100.0, 201.0, 1.0), "gain_db must be finite and at most 200, got 201"),
        ((100.0, 0.0, 0.0), "q must be finite and at least 1e-06, got 0"),
        ((100.0, 0.0, -np.inf), "q must be finite and at least 1e-06, got -inf"),
        (("fast", 0.0, 1.0), "cutoff_hz must be a number or a float32 array of 8 values"),
        ((np.ones(7, np.float32), 0.0, 1.0), r"cutoff_hz must have the shape \[8\], got \[7\]"),
        ((np.ones(8), 0.0, 1.0), "cutoff_hz must be float32, got float64"),
        ((np.array([1, 2, np.inf, 1, 1, 1, 1, 1], np.float32), 0.0, 1.0), "got inf at sample 2"),
    ],
)
def test_bad_parameters_change_nothing(
    impl: ModuleType, noise: Any, arguments: Any, message: str
) -> None:
    audio = noise(1, 8)
    box, other = impl.Biquad("peak", 44100, 1), impl.Biquad("peak", 44100, 1)
    for each in (box, other):
        each.process(audio, 1000.0, 6.0, 1.0)
    with pytest.raises((ValueError, TypeError), match=message):
        box.process(audio, *arguments)
    np.testing.assert_array_equal(
        box.process(audio, 1000.0, 6.0, 1.0), other.process(audio, 1000.0, 6.0, 1.0)
    )
