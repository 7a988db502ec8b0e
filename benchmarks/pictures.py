# SPDX-License-Identifier: GPL-3.0-or-later
"""The pictures of a report, drawn by matplotlib without a screen. Same figures, same file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralboard.drawing import INK, INPUT, OURS, draw

__all__ = ["box_plots", "lines", "scatter", "spectrogram", "stacked_bars"]


def _draw(path: Path, size: tuple[float, float], paint: Callable[[Any], None]) -> None:
    draw(path, size, paint, "bench")


def box_plots(
    path: Path,
    groups: Mapping[Any, Mapping[str, Sequence[float]]],
    heading: str,
    colours: Mapping[str, str],
) -> None:
    """Draw one panel a condition: the spread of a metric over the recordings, a line a box.

    Parameters
    ----------
    path : Path
    groups : mapping of condition to (box → values)
    heading : str
        The metric.
    colours : mapping of box to colour
    """
    names = list(next(iter(groups.values())))

    def paint(figure: Any) -> None:
        panels = np.atleast_1d(figure.subplots(1, len(groups), sharey=True, sharex=True))
        for panel, (condition, values) in zip(panels, groups.items(), strict=True):
            data = [[v for v in values[name] if np.isfinite(v)] for name in names]
            drawn = panel.boxplot(
                data, orientation="horizontal", widths=0.65, patch_artist=True, whis=(5, 95),
                showfliers=False, medianprops={"color": INK, "linewidth": 1.4},
            )  # fmt: skip
            for patch, name in zip(drawn["boxes"], names, strict=True):
                patch.set(facecolor=colours[name], alpha=0.55, edgecolor=INK, linewidth=0.7)
            panel.set_title(str(condition), fontsize=10)
            panel.set_yticks(range(1, len(names) + 1), names)
        panels[0].invert_yaxis()
        figure.supxlabel(heading, fontsize=10)

    _draw(path, (11.0, 1.3 + 0.3 * len(names)), paint)


def scatter(
    path: Path,
    points: Mapping[str, tuple[float, float]],
    labels: tuple[str, str],
    colours: Mapping[str, str],
) -> None:
    """Draw named points, x on a logarithmic scale; labels are moved apart where they would meet."""

    def paint(figure: Any) -> None:
        panel = figure.subplots()
        panel.set_xscale("log")
        placed: list[tuple[float, float]] = []
        ys = [y for _, y in points.values()]
        span = (max(ys) - min(ys)) or 1.0
        panel.margins(x=0.25, y=0.12)
        for name, (x, y) in sorted(points.items(), key=lambda item: item[1][1]):
            panel.plot(x, y, "o", color=colours[name], markersize=7)
            at = y
            while any(abs(at - b) < 0.045 * span and abs(np.log(x / a)) < 1.2 for a, b in placed):
                at += 0.02 * span
            placed.append((x, at))
            moved = at != y
            panel.annotate(
                name, (x, y), xytext=(x * 1.09, at), fontsize=9, va="center",
                arrowprops={"arrowstyle": "-", "color": INPUT, "lw": 0.5} if moved else None,
            )  # fmt: skip
        low, high = panel.get_xlim()
        panel.set_xlim(low, high * 2.0)  # room for the rightmost label
        from matplotlib.ticker import FuncFormatter, LogLocator

        panel.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        panel.xaxis.set_minor_formatter(FuncFormatter(lambda value, _: ""))
        panel.set_xlabel(labels[0])
        panel.set_ylabel(labels[1])

    _draw(path, (8.0, 4.6), paint)


def lines(
    path: Path,
    series: Mapping[str, Mapping[int, float]],
    limit: Mapping[int, float],
    labels: tuple[str, str, str],
) -> None:
    """Draw curves over block sizes, both scales logarithmic, under a limit that is shaded above."""

    def paint(figure: Any) -> None:
        panel = figure.subplots()
        panel.set(xscale="log", yscale="log", xlabel=labels[0], ylabel=labels[1])
        panel.plot(list(limit), list(limit.values()), "--", color=INK, label=labels[2])
        styles = ["-", ":", "-."]
        for number, (name, curve) in enumerate(series.items()):
            style = styles[number // 10 % 3]
            panel.plot(list(curve), list(curve.values()), style, marker="o", ms=4, label=name)
        panel.set_xticks(list(limit), [f"{value:g}" for value in limit])
        panel.minorticks_off()
        panel.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)

    _draw(path, (9.5, 4.6), paint)


def stacked_bars(path: Path, bars: Mapping[str, Mapping[str, float]], label: str) -> None:
    """Draw a bar a chain, made of the costs of its boxes in their order."""

    def paint(figure: Any) -> None:
        panels = np.atleast_1d(figure.subplots(len(bars), 1, sharex=True))
        for panel, (chain, parts) in zip(panels, bars.items(), strict=True):
            names = list(parts)
            panel.barh(names, list(parts.values()), color=OURS, alpha=0.8, height=0.65)
            panel.invert_yaxis()
            panel.set_title(f"{chain}: {sum(parts.values()):.1f} in all", fontsize=10, loc="left")
        panels[-1].set_xlabel(label)

    _draw(path, (8.0, 0.9 + sum(0.6 + 0.28 * len(parts) for parts in bars.values())), paint)


def spectrogram(path: Path, audio: NDArray[Any], sample_rate: int, reference_db: float) -> None:
    """Draw `[samples]` as level over time and frequency; all of a set share `reference_db`.

    Parameters
    ----------
    path : Path
        JPEG: noise is what PNG packs worst.
    audio : ndarray [samples]
    sample_rate : int
        Hz.
    reference_db : float
        The level, dB, that is drawn brightest; 80 dB below it is black.
    """
    power = spectrogram_db(audio, sample_rate)

    def paint(figure: Any) -> None:
        panel = figure.subplots()
        panel.grid(visible=False)
        panel.imshow(
            power.T, origin="lower", aspect="auto", cmap="magma", interpolation="bilinear",
            vmin=reference_db - 80, vmax=reference_db,
            extent=(0, len(audio) / sample_rate, 0, sample_rate / 2000),
        )  # fmt: skip
        panel.set(xlabel="s", ylabel="kHz")

    _draw(path, (4.8, 2.7), paint)


def spectrogram_db(audio: NDArray[Any], sample_rate: int) -> NDArray[np.float64]:
    """Return `[frames, bins]` in dB: Hann frames of 32 ms, at most 600 of them."""
    n_fft = 1 << round(np.log2(0.032 * sample_rate))
    padded = np.pad(np.asarray(audio, np.float64), (0, max(0, n_fft - len(audio))))
    hop = max(n_fft // 4, (len(padded) - n_fft) // 600)
    frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::hop]
    spectra = np.abs(np.fft.rfft(frames * np.hanning(n_fft), axis=1)) / n_fft
    return np.asarray(20.0 * np.log10(spectra + 1e-9))
