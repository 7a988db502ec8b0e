# SPDX-License-Identifier: GPL-3.0-or-later
"""Promise: HighPass and LowPass have Butterworth's slopes at any rate; a move does not click."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import neuralboard as nb
from neuralboard import testing

SLOPES = (12, 18, 24, 48)
BOXES = (nb.HighPass, nb.LowPass)


def response_db(box: Any, rate: int, hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the gain at some whole frequencies, from the answer to a click of one second."""
    click = np.zeros((1, rate), np.float32)
    click[0, 0] = 1.0
    answer = box(click, rate)[0].astype(np.float64)
    spectrum = np.abs(np.fft.rfft(answer))
    return np.asarray(20 * np.log10(spectrum[hz.astype(int)] + 1e-30))


def butterworth_db(
    hz: NDArray[np.float64], cutoff: float, order: int, rate: int, high: bool
) -> NDArray[np.float64]:
    """Return |H| of Butterworth (1930) on frequencies warped by the bilinear transform."""
    ratio = np.tan(np.pi * hz / rate) / np.tan(np.pi * cutoff / rate)
    if high:
        ratio = 1 / ratio
    return np.asarray(-10 * np.log10(1 + ratio ** (2 * order)))


@pytest.mark.parametrize(
    "text",
    ["high_pass(90, slope=24)", "high_pass(3000, slope=48)", "low_pass(200, slope=48)",
     "low_pass(8000)", "low_pass(15000, slope=18, mix=0.5)"],
)  # fmt: skip
def test_it_keeps_the_contract(text: str) -> None:
    testing.check_box(nb.parse_chain(text)[0])


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
@pytest.mark.parametrize("slope", SLOPES)
@pytest.mark.parametrize("cutoff", [20.0, 90.0, 1000.0, 12_000.0])
@pytest.mark.parametrize("box", BOXES)
def test_the_slope_is_butterworths(box: Any, cutoff: float, slope: int, rate: int) -> None:
    hz = np.round(np.geomspace(max(cutoff / 8, 5), min(cutoff * 8, 0.45 * rate), 40))
    got = response_db(box(cutoff, slope=slope), rate, hz)
    want = butterworth_db(hz, cutoff, slope // 6, rate, box is nb.HighPass)
    # Further down a click in float32 drowns in its own rounding.
    heard = want > -90.0
    assert heard.sum() >= 15
    np.testing.assert_allclose(got[heard], want[heard], atol=0.02)  # 0.1 dB is promised


@pytest.mark.parametrize("box", BOXES)
def test_a_cutoff_above_the_last_frequency_is_held_there(box: Any) -> None:
    audio = np.random.default_rng(1).uniform(-0.5, 0.5, (1, 4000)).astype(np.float32)
    high, held = (box(hz, slope=24)(audio, 8000) for hz in (20_000.0, 0.49 * 8000))
    np.testing.assert_array_equal(high, held)
    assert np.isfinite(high).all()


def splash_db(out: NDArray[np.float32], hz: float, rate: int) -> float:
    """Return the greatest part of the spectrum three octaves from a tone, around the middle."""
    middle = out.shape[1] // 2
    around = out[0, middle - 2400 : middle + 2400].astype(np.float64)
    spectrum = np.abs(np.fft.rfft(around * np.blackman(around.size)))
    places = np.fft.rfftfreq(around.size, 1 / rate)
    far = (places > 8 * hz) | (places < hz / 8)
    return float(20 * np.log10(spectrum[far].max() / spectrum.max()))


@pytest.mark.parametrize("slope", SLOPES)
@pytest.mark.parametrize("box", BOXES)
def test_a_moving_cutoff_makes_no_click(box: Any, slope: int) -> None:
    """A tone that passes before and after; what splashes meanwhile is far below a cut's splash."""
    rate, half = 48_000, 24_000
    hz, ends = (2000.0, (50.0, 400.0)) if box is nb.HighPass else (500.0, (12_000.0, 3000.0))
    time = np.arange(rate) / rate
    tone = np.sin(2 * np.pi * hz * time).astype(np.float32)[np.newaxis]
    moving = box(ends[0], slope=slope)
    with moving.stream(rate, 1) as stream:
        parts = [stream.process(tone[:, :half])]
        moving.cutoff_frequency_hz = ends[1]
        parts.append(stream.process(tone[:, half:]))
    moved = np.concatenate(parts, axis=1)
    before, after = (box(end, slope=slope)(tone, rate) for end in ends)
    cut = np.concatenate([before[:, :half], after[:, half:]], axis=1)
    assert splash_db(moved, hz, rate) < splash_db(cut, hz, rate) - 12.0
    np.testing.assert_allclose(moved[:, half + 9600 :], after[:, half + 9600 :], atol=1e-5)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (6, r"HighPass.slope = 6: no such choice; use 12 or 18 or 24 or 48"),
        ("24", r"HighPass.slope = '24': no such choice"),
        (True, r"HighPass.slope = True: no such choice"),
        (None, r"HighPass.slope = None: no such choice"),
    ],
)
def test_other_slopes_are_refused(value: Any, message: str) -> None:
    with pytest.raises(nb.ParameterError, match=message):
        nb.HighPass(slope=value)


def test_a_slope_of_24_0_is_24_and_waits_for_the_next_stream() -> None:
    box = nb.HighPass(90, slope=24.0)
    assert repr(box) == "HighPass(cutoff_frequency_hz=90.0, slope=24)"
    assert nb.from_json(nb.Board([box]).to_json())[0] == box
    audio = np.zeros((1, 100), np.float32)
    with box.stream(48_000, 1) as stream:
        stream.process(audio)
        box.slope = 48
        with pytest.warns(nb.LatencyChangeWarning, match="HighPass.slope was changed"):
            stream.process(audio)
