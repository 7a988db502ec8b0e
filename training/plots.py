# SPDX-License-Identifier: GPL-3.0-or-later
"""Two pictures of a run: how the loss fell, and what the model does to a voice kept back."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

__all__ = ["curves", "spectrograms"]

RANGE_DB = 90.0


def curves(log: Path, picture: Path) -> None:
    """Draw the columns of ``log.csv``: step, loss, rate, hours[, SI-SDR before, after, loss]."""
    rows: list[list[float]] = []
    if log.is_file():
        with log.open(newline="", encoding="utf-8") as file:
            rows = [[float(cell) for cell in row] for row in csv.reader(file) if row]
    judged = [row for row in rows if len(row) >= 7]
    figure = Figure(figsize=(10, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot([row[0] for row in rows], [row[1] for row in rows], label="training", lw=1)
    left.plot([r[0] for r in judged], [r[6] for r in judged], "o-", ms=3, label="voices kept back")
    left.set(xlabel="step", ylabel="loss", title="Loss (lower is better)")
    left.legend()
    right.plot([r[0] for r in judged], [r[5] for r in judged], "o-", ms=3, label="denoised")
    right.plot([r[0] for r in judged], [r[4] for r in judged], "--", label="noisy")
    right.set(xlabel="step", ylabel="SI-SDR, dB", title="Voices kept back (higher is better)")
    right.legend()
    for axes in (left, right):
        axes.grid(alpha=0.3)
    _save(figure, picture)


def spectrograms(
    sounds: Mapping[str, NDArray[np.float32]], picture: Path, sample_rate: int = 48_000
) -> None:
    """Draw sounds ``[samples]`` under each other, on one scale in dB below the loudest bin."""
    n_fft, hop = 1024, 256
    window = np.hanning(n_fft + 1)[:-1]
    found = {}
    for name, audio in sounds.items():
        frames = np.lib.stride_tricks.sliding_window_view(np.pad(audio, (0, n_fft)), n_fft)[::hop]
        found[name] = np.abs(np.fft.rfft(frames * window, axis=1)).T
    loudest = max(float(values.max()) for values in found.values()) + 1e-12
    figure = Figure(figsize=(10, 3 * len(found)), layout="constrained")
    for axes, (name, values) in zip(
        figure.subplots(len(found), 1, sharex=True, squeeze=False)[:, 0], found.items(), strict=True
    ):
        image = axes.imshow(
            20 * np.log10(values / loudest + 1e-6),
            origin="lower",
            aspect="auto",
            vmin=-RANGE_DB,
            vmax=0,
            cmap="magma",
            extent=(0, len(sounds[name]) / sample_rate, 0, sample_rate / 2000),
        )
        axes.set(title=name, ylabel="kHz")
    axes.set(xlabel="seconds")
    figure.colorbar(image, ax=figure.axes, label="dB")
    _save(figure, picture)


def _save(figure: Figure, picture: Path) -> None:
    FigureCanvasAgg(figure)  # no window, no global state
    figure.savefig(picture, format="png", metadata={"Software": None})
