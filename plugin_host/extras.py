# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages that only an extra of pip brings: imported when needed, or named in one line."""

from __future__ import annotations

import importlib
from types import ModuleType

from neuralboard.errors import NeuralboardError

__all__ = ["MissingPackageError", "needs"]


class MissingPackageError(NeuralboardError, ImportError):
    """A package that this work needs is not installed."""


def needs(module: str, package: str, extra: str) -> ModuleType:
    """Import a module of a package that only an extra brings.

    Raises
    ------
    MissingPackageError
        With the pip line that cures it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingPackageError(
            f"{package} is not installed ({error}); pip install 'neuralboard[{extra}]'"
        ) from None
