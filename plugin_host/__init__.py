# SPDX-License-Identifier: GPL-3.0-or-later
"""neuralboard: neural audio effects that behave like pedals."""

from __future__ import annotations

if __name__ != "neuralboard":
    raise ImportError(f"import this folder as 'neuralboard', not as {__name__!r}")

__version__ = "0.1.0"
