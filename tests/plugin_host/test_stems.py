# SPDX-License-Identifier: GPL-3.0-or-later
"""Promise: a box with several outputs keeps the contract of one with a single output."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import neuralboard as nb
from neuralboard.errors import BrokenSamplesWarning

RATE = 16_000


class HighsAndLows(nb.SpectralEffect):
    """Splits the spectrum in two; `spoil` makes a part of the second output NaN."""

    n_fft, hop_length = 256, 128
    stems = ("low", "high")
    model_rate = RATE
    spoil = nb.Switch(False)

    def process_frames(self, frames: Any, state: Any, p: Any) -> Any:
        low = np.where(np.arange(frames.shape[-1]) < 40, frames, 0)
        high = frames - low
        if p.spoil:
            high[..., -1] = np.nan
        return np.stack([low, high])


@pytest.fixture
def audio(rng: np.random.Generator) -> NDArray[np.float32]:
    return rng.uniform(-0.5, 0.5, (2, 9000)).astype(np.float32)


@pytest.mark.parametrize("rate", [RATE, 44_100, 48_000])
def test_stems_are_resampled_in_step(audio: NDArray[np.float32], rate: int) -> None:
    out = HighsAndLows()(audio, rate)
    assert out.shape == (2, *audio.shape)
    if rate == RATE:
        np.testing.assert_allclose(out.sum(axis=0), audio, atol=1e-6)
    box = HighsAndLows()
    with box.stream(rate, 2) as stream:
        sizes = [audio[:, start : start + 7] for start in range(0, 9000, 7)]
        parts = [*(stream.process(block) for block in sizes), stream.flush()]
        streamed = np.concatenate(parts, axis=-1)[..., stream.latency :]
    np.testing.assert_array_equal(streamed, out)


def test_broken_numbers_do_not_leave_a_stem(audio: NDArray[np.float32]) -> None:
    with pytest.warns(BrokenSamplesWarning, match="the output of HighsAndLows"):
        out = HighsAndLows(spoil=True)(audio, RATE)
    assert np.isfinite(out).all()
    again = HighsAndLows()(audio, RATE)
    np.testing.assert_allclose(again.sum(axis=0), audio, atol=1e-6)


def test_a_rate_that_cannot_be_converted_is_refused(audio: NDArray[np.float32]) -> None:
    with pytest.raises(nb.AudioError, match=r"HighsAndLows runs at 16000 Hz inside.*44101"):
        HighsAndLows()(audio, 44_101)
