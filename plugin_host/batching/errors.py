# SPDX-License-Identifier: GPL-3.0-or-later
"""The error of a batch as a whole; what befalls one file is told in its result."""

from __future__ import annotations

from neuralboard.errors import NeuralboardError

__all__ = ["BatchError"]


class BatchError(NeuralboardError, RuntimeError):
    """A batch that can't start or go on; what is done stays done."""
