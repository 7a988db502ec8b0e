# SPDX-License-Identifier: GPL-3.0-or-later
"""Sound that comes with the package: the demo clip, wholly synthetic (see README.md beside this).

>>> from neuralboard.assets import DEMO_NOISY
>>> DEMO_NOISY.name
'demo_noisy.flac'
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["DEMO_CLEAN", "DEMO_NOISY"]

_HERE = Path(__file__).resolve().parent

DEMO_NOISY = _HERE / "demo_noisy.flac"
"""A voice in a small room with a fan and a keyboard: 48 kHz, mono, 12.4 s."""

DEMO_CLEAN = _HERE / "demo_clean.flac"
"""The same without the noise, aligned to the sample: the reference for measuring."""
