# SPDX-License-Identifier: GPL-3.0-or-later
"""Promise: each metric has its best value for the clean sound and orders known degradations."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from neuralboard.benchmarks import metrics
from neuralboard.benchmarks.metrics.common import MissingPackageError, needs
from neuralboard.benchmarks.metrics.dnsmos import dnsmos_of
from neuralboard.benchmarks.metrics.speech_level import projection_gain
from neuralboard.errors import AudioError
from tests.benchmarks.clips import RATE, Floats, voice, with_noise

Score = Callable[[Floats, Floats], float]


def _dnsmos(clean: Floats, out: Floats) -> float:
    return metrics.dnsmos(clean, out, RATE).ovrl


# name → (function, package it needs, best value or None where only the order is known, sign)
SCORES: dict[str, tuple[Score, str, float | None, int]] = {
    "pesq_wb": (lambda c, o: metrics.pesq_wb(c, o, RATE), "pesq", 4.644, 1),
    "stoi": (lambda c, o: metrics.stoi(c, o, RATE), "pystoi", 1.0, 1),
    "estoi": (lambda c, o: metrics.estoi(c, o, RATE), "pystoi", 1.0, 1),
    "si_sdr": (metrics.si_sdr, "numpy", 200.0, 1),
    "si_sdr_aligned": (lambda c, o: metrics.si_sdr_aligned(c, o, RATE), "numpy", 200.0, 1),
    "dnsmos": (_dnsmos, "speechmos", None, 1),
    "lsd": (lambda c, o: metrics.lsd(c, o, RATE), "numpy", 0.0, -1),
}


@pytest.mark.parametrize("name", SCORES)
def test_identity_is_best_and_more_noise_is_worse(name: str, rng: np.random.Generator) -> None:
    score, package, best, sign = SCORES[name]
    pytest.importorskip(package, reason=f"{package} comes with the extra [bench]")
    clean = voice()
    same = score(clean, clean)
    little, much = (score(clean, with_noise(clean, snr, rng)) for snr in (20.0, 0.0))
    if best is not None:
        assert same == pytest.approx(best, abs=2e-3)
    assert sign * same > sign * little > sign * much


def test_estoi_is_the_same_each_time_where_a_box_gave_exact_zeros() -> None:
    """noisereduce() had another ESTOI in two of 72 recordings when they were judged again."""
    pytest.importorskip("pystoi", reason="pystoi comes with the extra [bench]")
    clean = voice()
    gated = clean.copy()
    gated[len(clean) // 3 : 2 * len(clean) // 3] = 0.0
    np.random.seed(7)  # noqa: NPY002 - pystoi draws from the global generator
    expected = np.random.random()  # noqa: NPY002
    np.random.seed(7)  # noqa: NPY002
    assert len({metrics.estoi(clean, gated, RATE) for _ in range(3)}) == 1
    assert np.random.random() == expected  # noqa: NPY002 - a caller's numbers go on as they were


def test_si_sdr_is_the_snr_of_added_noise_at_any_gain(rng: np.random.Generator) -> None:
    clean = voice()
    clean -= clean.mean()
    noise = rng.standard_normal(len(clean))
    noise -= noise.mean()
    noise -= clean * (noise @ clean) / (clean @ clean)  # else a part of it would count as speech
    noise *= np.sqrt((clean @ clean) / (noise @ noise)) * 10 ** (-7.0 / 20)
    for gain in (1.0, 0.01, -3.0):
        assert metrics.si_sdr(clean, gain * (clean + noise)) == pytest.approx(7.0, abs=1e-6)


@pytest.mark.parametrize("lag", [-30.25, -1.0, 0.0, 0.4, 7.0, 44.5])
def test_a_delay_is_found_to_a_hundredth_of_a_sample_and_undone(
    lag: float, rng: np.random.Generator
) -> None:
    clean = voice()
    late = metrics.shift(with_noise(clean, 10.0, rng), lag)
    assert metrics.best_lag(clean, late, RATE) == pytest.approx(lag, abs=0.02)
    undone = metrics.si_sdr_aligned(clean, late, RATE)
    assert undone == pytest.approx(10.0, abs=0.2)
    if abs(lag) >= 1:
        assert metrics.si_sdr(clean, late) < undone - 0.5


def test_no_alignment_is_looked_for_beyond_its_reach() -> None:
    clean = voice()
    late = metrics.shift(clean, 3 * RATE / 1000)
    assert metrics.si_sdr_aligned(clean, late, RATE, within_ms=1.0) < 10.0
    assert metrics.best_lag(clean, late, RATE, within_ms=5.0) == pytest.approx(144.0, abs=0.02)


def test_lsd_hears_what_is_missing_above_8_khz_and_pesq_does_not() -> None:
    pytest.importorskip("pesq", reason="pesq comes with the extra [bench]")
    clean = voice() + 0.003 * np.random.default_rng(1).standard_normal(6 * RATE)
    spectrum = np.fft.rfft(clean)
    spectrum[np.fft.rfftfreq(len(clean), 1 / RATE) > 8000] = 0
    dull = np.fft.irfft(spectrum, len(clean))
    assert metrics.pesq_wb(clean, dull, RATE) > 4.5
    assert metrics.lsd(clean, dull, RATE) > 6.0
    assert metrics.lsd(clean, dull, RATE, highest_hz=7900) < 0.1


def test_dnsmos_does_not_reward_turning_down(rng: np.random.Generator) -> None:
    pytest.importorskip("speechmos", reason="speechmos comes with the extra [bench]")
    clean = voice(4.0)
    noisy = with_noise(clean, 10.0, rng)
    assert metrics.dnsmos(clean, 0.1 * noisy, RATE) == pytest.approx(
        metrics.dnsmos(clean, noisy, RATE), abs=1e-3
    )
    assert dnsmos_of(0.03 * noisy, RATE).bak > dnsmos_of(noisy, RATE).bak + 0.05  # the trap


def test_speech_level_counts_words_not_pauses() -> None:
    clean = voice()
    clean[3 * RATE :] = 0
    assert metrics.speech_level(clean, clean, RATE) == pytest.approx(0.0)
    assert metrics.speech_level(clean, 0.5 * clean, RATE) == pytest.approx(-6.02, abs=0.01)
    hum = clean.copy()
    hum[3 * RATE :] = 0.1
    assert metrics.speech_level(clean, hum, RATE) == pytest.approx(0.0, abs=0.1)
    assert metrics.active_level_db(0.1 * clean, RATE) == pytest.approx(
        metrics.active_level_db(clean, RATE) - 20.0, abs=1e-6
    )
    assert projection_gain(clean, 0.25 * clean) == pytest.approx(0.25)


def test_silence_and_misfits_are_answered() -> None:
    clean, silent = voice(2.0), np.zeros(2 * RATE)
    assert metrics.si_sdr(clean, silent) == -200.0
    assert metrics.speech_level(clean, silent, RATE) == -200.0
    assert np.isnan(metrics.si_sdr(silent, clean))
    with pytest.raises(AudioError, match="two mono arrays of one length"):
        metrics.lsd(clean, clean[:-1], RATE)
    with pytest.raises(AudioError, match="NaN or Inf"):
        metrics.si_sdr(clean, np.full(len(clean), np.nan))
    with pytest.raises(MissingPackageError, match=r"pip install 'neuralboard\[bench\]'"):
        needs("no_such_module_of_ours", "nothing", "bench")
