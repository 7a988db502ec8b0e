# SPDX-License-Identifier: GPL-3.0-or-later
"""The frame of every picture of a report, drawn by matplotlib without a screen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from neuralboard.extras import needs

__all__ = ["INK", "INPUT", "OURS", "THEIRS", "draw"]

_STYLE = {
    "svg.fonttype": "none",  # text stays text: small, and sharp at any size
    "svg.hashsalt": "neuralboard",
    "font.size": 10,
    "font.family": "sans-serif",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e3e7eb",
    "axes.axisbelow": True,
}
INK, OURS, THEIRS, INPUT = "#1c2024", "#0b62a4", "#b5622c", "#8a949e"


def draw(
    path: Path, size: tuple[float, float], paint: Callable[[Any], None], extra: str = "mix"
) -> None:
    """Let `paint` fill a figure and store it (SVG, JPEG or PNG, by its suffix).

    Parameters
    ----------
    path : Path
        Its folder is made where it is missing.
    size : (float, float)
        Inches; 100 dots each.
    paint : callable (figure)
    extra : str
        The extra of pip that is named where matplotlib is missing.

    Raises
    ------
    MissingPackageError
    """
    matplotlib = needs("matplotlib", "matplotlib", extra)
    figure_module = needs("matplotlib.figure", "matplotlib", extra)
    path.parent.mkdir(parents=True, exist_ok=True)
    with matplotlib.rc_context(_STYLE):
        figure = figure_module.Figure(figsize=size, layout="constrained")
        paint(figure)
        if path.suffix == ".svg":
            figure.savefig(path, metadata={"Date": None})
        elif path.suffix == ".png":
            figure.savefig(path, dpi=100)
        else:
            figure.savefig(path, dpi=100, pil_kwargs={"quality": 82})
