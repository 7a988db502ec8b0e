# SPDX-License-Identifier: GPL-3.0-or-later
"""Promise: the classic denoisers take noise out (their contract: test_contract.py)."""

from __future__ import annotations

import numpy as np
import pytest

import neuralboard as nb

BOXES = (nb.SpectralSubtraction, nb.WienerDenoiser)


@pytest.mark.parametrize("box", BOXES)
def test_a_learned_print_takes_hiss_down(box: type[nb.SpectralEffect]) -> None:
    rng = np.random.default_rng(0)
    hiss = (0.05 * rng.standard_normal((1, 96_000))).astype(np.float32)
    denoiser = box()
    denoiser.learn(hiss[:, :48_000], 48_000)  # type: ignore[attr-defined]
    rest = denoiser(hiss[:, 48_000:], 48_000)
    drop = 10 * np.log10(np.mean(rest[:, 4000:] ** 2) / np.mean(hiss**2))
    assert drop < -12.0
    tone = (0.5 * np.sin(np.arange(48_000) * 2 * np.pi * 440 / 48_000)).astype(np.float32)
    kept = denoiser(tone, 48_000)
    assert abs(10 * np.log10(np.mean(kept[4000:] ** 2) / np.mean(tone**2))) < 0.5
