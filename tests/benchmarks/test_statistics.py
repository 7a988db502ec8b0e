# SPDX-License-Identifier: GPL-3.0-or-later
"""Promise: intervals hold the mean as often as they say, and pairing finds small differences."""

from __future__ import annotations

import numpy as np
import pytest

from neuralboard.benchmarks.statistics import mean_interval, paired_difference


def test_nine_of_ten_intervals_hold_the_true_mean(rng: np.random.Generator) -> None:
    intervals = [mean_interval(list(rng.normal(3.0, 1.0, 40))) for _ in range(200)]
    hits = sum(interval.low <= 3.0 <= interval.high for interval in intervals)
    assert 175 <= hits <= 199  # of 200 at 95 %: 190 give or take 3 standard deviations and more


def test_pairing_finds_what_the_spread_of_recordings_hides(rng: np.random.Generator) -> None:
    hard = rng.normal(2.0, 1.0, 60)
    better = hard + 0.1 + rng.normal(0, 0.05, 60)
    found = paired_difference(list(better), list(hard))
    assert found.significant
    assert found.mean == pytest.approx(0.1, abs=0.03)
    assert not paired_difference(list(hard + rng.normal(0, 0.05, 60)), list(hard)).significant


def test_failed_rows_are_left_out_and_the_same_figures_come_twice() -> None:
    values = [1.0, 2.0, float("nan"), 4.0]
    assert mean_interval(values) == mean_interval(values)
    assert mean_interval(values).n == 3
    assert mean_interval(values).mean == pytest.approx(7 / 3)
    assert mean_interval([]).n == 0
    with pytest.raises(ValueError, match="as many values on both sides"):
        paired_difference([1.0], [1.0, 2.0])
