# SPDX-License-Identifier: GPL-3.0-or-later
"""pedalboard.io under our name, with our AudioStream in place of theirs."""

from __future__ import annotations

from typing import Any

import pedalboard.io as _theirs

from neuralboard.compat import AudioStream

__all__ = ["AudioStream"]


def __getattr__(name: str) -> Any:
    return getattr(_theirs, name)


def __dir__() -> list[str]:
    return dir(_theirs)
