# SPDX-License-Identifier: GPL-3.0-or-later
"""Toy model files by name, each written when a test first asks for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.effects.neural import toy_models, toy_waveforms

Models = Callable[..., str]


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    """Give `models("gate", lookahead=1)` → the path of that toy model's file."""
    folder: Path = tmp_path_factory.mktemp("models")
    written: dict[str, str] = {}

    def path_of(name: str, **options: Any) -> str:
        key = "-".join([name, *(f"{k}{v}" for k, v in sorted(options.items()))])
        if key not in written:
            make = getattr(toy_models, name, None) or getattr(toy_waveforms, name)
            written[key] = make(folder / f"{key}.onnx", **options)
        return written[key]

    return path_of
