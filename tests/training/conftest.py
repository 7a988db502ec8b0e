# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders of synthetic voices and noises, as a user would bring them; the pace of the tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(autouse=True)
def no_kernels(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Train with torch's own operators: compiling takes longer than a toy's training."""
    if "fast_" not in request.path.name:
        monkeypatch.setenv("NEURALBOARD_NO_KERNELS", "1")


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give voices/{ann,ben}/*.wav and noises/*.wav."""
    soundfile = pytest.importorskip("soundfile", reason="training needs the [train] extra")
    root, rng = tmp_path_factory.mktemp("recordings"), np.random.default_rng(3)
    time = np.arange(24_000) / 16_000
    for index, who in enumerate(("ann", "ben")):
        (root / "voices" / who).mkdir(parents=True)
        for take in (0, 1):
            pitch = 110 + 50 * index + 7 * take
            voice = sum(np.sin(2 * np.pi * pitch * k * time) / k for k in range(1, 20))
            gate = (np.sin(2 * np.pi * 3 * time) > 0) * (0.4 + 0.4 * time)
            soundfile.write(root / "voices" / who / f"{take}.wav", 0.2 * voice * gate, 16_000)
    (root / "noises").mkdir()
    for name in ("hiss", "rain"):
        noise = 0.1 * rng.standard_normal(48_000)
        soundfile.write(root / "noises" / f"{name}.wav", noise, 48_000)
    return root
