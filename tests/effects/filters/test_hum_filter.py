# SPDX-License-Identifier: GPL-3.0-or-later
"""Promise: HumFilter removes hum by 40 dB and more, and the sound between its notches stays."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

import neuralboard as nb
from neuralboard import testing

Audio = NDArray[np.float32]
RATE = 48_000


def hum(base_hz: float, harmonics: int, seconds: float = 4.0, rate: int = RATE) -> Audio:
    """Return the mains, each harmonic at 1/n."""
    time = np.arange(round(seconds * rate)) / rate
    parts = [np.sin(2 * np.pi * base_hz * n * time + n) / n for n in range(1, harmonics + 1)]
    return np.asarray(0.1 * np.sum(parts, axis=0), np.float32)[np.newaxis]


def level(audio: Audio) -> float:
    return float(10 * np.log10(np.mean(audio.astype(np.float64) ** 2) + 1e-20))


@pytest.mark.parametrize("box", [nb.HumFilter(60, 3, 100.0, 0.5)])
def test_it_keeps_the_contract(box: nb.Effect) -> None:
    testing.check_box(box)


@pytest.mark.parametrize("base_hz", [50.0, 60.0, 47.3])
@pytest.mark.parametrize("rate", [44_100, 96_000])
def test_hum_is_gone_after_a_second(base_hz: float, rate: int) -> None:
    audio = hum(base_hz, 10, rate=rate)
    out = nb.HumFilter(base_hz)(audio, rate)
    assert level(audio) - level(out[:, rate : rate * 3 // 2]) > 40.0
    assert level(audio) - level(out[:, rate * 2 :]) > 55.0


@pytest.mark.parametrize("base_hz", [50.0, 60.0])
def test_the_band_of_a_voice_stays_but_for_the_notches(base_hz: float) -> None:
    """The answer to a click, from 80 Hz up, 5 Hz and more beside any notch."""
    click = np.zeros((1, 4 * RATE), np.float32)
    click[0, 0] = 1.0
    answer = nb.HumFilter(base_hz, harmonics=20)(click, RATE)[0]
    gain = 20 * np.log10(np.abs(np.fft.rfft(answer.astype(np.float64))) + 1e-12)
    hz = np.fft.rfftfreq(click.shape[1], 1 / RATE)
    off = np.abs(hz - base_hz * np.round(hz / base_hz))
    voice = (hz >= 80) & (hz <= 8000)
    assert np.abs(gain[voice & (off >= 5.0)]).max() < 0.5
    assert np.abs(gain[voice]).mean() < 0.1
    notches = [np.argmin(np.abs(hz - base_hz * n)) for n in range(1, 21)]
    assert gain[notches].max() < -50.0


def test_width_and_depth_are_what_they_say() -> None:
    click = np.zeros((1, 4 * RATE), np.float32)
    click[0, 0] = 1.0
    answer = nb.HumFilter(50, 1, depth_db=20.0, width_hz=4.0)(click, RATE)[0]
    gain = 20 * np.log10(np.abs(np.fft.rfft(answer.astype(np.float64))))
    at = [round(4 * hz) for hz in (50.0, 48.0, 52.0)]
    assert gain[at[0]] == pytest.approx(-20.0, abs=0.05)
    # A deep notch is at -3.01 dB there; this one leaves a tenth of what a deep one takes.
    assert gain[at[1]] == pytest.approx(-2.96, abs=0.15)
    assert gain[at[2]] == pytest.approx(-2.96, abs=0.15)


def test_a_turn_of_depth_or_frequency_makes_no_click() -> None:
    audio = hum(50.0, 1, 2.0)
    box = nb.HumFilter(50, 5, depth_db=0.0)
    parts = []
    with box.stream(RATE, 1) as stream:
        for i, (depth, hz) in enumerate([(0.0, 50.0), (60.0, 50.0), (60.0, 52.0), (0.0, 50.0)]):
            box.depth_db, box.frequency_hz = depth, hz
            parts.append(stream.process(audio[:, i * RATE // 2 : (i + 1) * RATE // 2]))
    out = np.concatenate(parts, axis=1)[0].astype(np.float64)
    spectrum = np.abs(np.fft.rfft(out * np.blackman(out.size)))
    places = np.fft.rfftfreq(out.size, 1 / RATE)
    assert 20 * np.log10(spectrum[places > 1000].max() / spectrum.max()) < -80.0


def test_a_count_is_a_whole_number() -> None:
    with pytest.raises(nb.ParameterError, match=r"HumFilter.harmonics = 2.5: not a whole number"):
        nb.HumFilter(harmonics=2.5)
    assert nb.HumFilter().parameters["harmonics"].describe_range() == "1 to 40, whole"
