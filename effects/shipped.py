# SPDX-License-Identifier: GPL-3.0-or-later
"""The models that come with the package: `effects/models/NAME.onnx`, known by their hash."""

from __future__ import annotations

from pathlib import Path

from neuralboard.errors import ModelFileError, did_you_mean

__all__ = ["FOLDER", "SHIPPED", "shipped_model"]

FOLDER = Path(__file__).parent / "models"

SHIPPED: dict[str, str] = {
    "denoiser": "15ea756c53def9b9c2a5d5fe384ca655e00c1636a079bcf9f31255fc8dc778cf",
}
"""Name → SHA-256 of the whole file. A model of ours is one line here; tests compare them."""


def shipped_model(name: str) -> Path:
    """Return the path of a shipped model.

    Raises
    ------
    ModelFileError
        There is none of this name.
    """
    if name not in SHIPPED:
        there_are = f"there are {', '.join(SHIPPED)}" if SHIPPED else "there are none yet"
        raise ModelFileError(
            f"no model '{name}' is shipped{did_you_mean(name, SHIPPED)}; {there_are}"
        )
    return FOLDER / f"{name}.onnx"
