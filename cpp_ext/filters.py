# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of the filters, and what their constructor takes."""

from __future__ import annotations

from typing import Any

from neuralboard.cpp_ext import checks

# In the order of the C++ enum FilterKind.
KINDS = ("lowpass1", "highpass1", "lowshelf", "highshelf", "peak")
FIRST_ORDER = ("lowpass1", "highpass1")


def check_filter(kind: Any, sample_rate: Any, channels: Any) -> tuple[str, float, int]:
    """Return the three as they should be, or raise."""
    if kind not in KINDS:
        raise ValueError(f"kind {kind!r} is unknown; use one of {', '.join(KINDS)}")
    return (
        kind,
        checks.rate("sample_rate", sample_rate),
        checks.count("channels", channels, 1, checks.MAX_CHANNELS),
    )
