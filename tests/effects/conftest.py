# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures for tests of model files."""

from __future__ import annotations

from pathlib import Path

import pytest

from neuralboard.effects import model_trust


@pytest.fixture
def fresh_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep what is remembered of model files apart from the user's, and empty."""
    path = tmp_path / "cache" / "tried_models.json"
    monkeypatch.setattr(model_trust, "cache_file", lambda: path)
    monkeypatch.setattr(model_trust, "_known", set())
    return path
