# SPDX-License-Identifier: GPL-3.0-or-later
"""report.html: what a mix became. Loudness, waveforms, spectrogram, and what each box did.

A box's change is the level over the last 3 s behind it minus that before it, on one time line.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from neuralboard.audio import Audio
from neuralboard.drawing import INK, INPUT, OURS, THEIRS, draw
from neuralboard.loudness import Loudness, Meter
from neuralboard.mixing.levels import STEP_SECONDS, Tap, short_term_db
from neuralboard.mixing.planning import LOUDNESS, REPORT, SPECTRUM, WAVES, boxes_picture
from neuralboard.mixing.stream import MIX, PREMASTER
from neuralboard.mixing.watching import Envelope, SpectrumColumns
from neuralboard.report import Cell, Column, Lines, Page, Picture, Section, Table, write_page

__all__ = ["Watch", "write_mix_report"]

_QUIETEST = -60.0  # below it a change of level says nothing


class Watch:
    """Everything that the report needs of the sounds, gathered block by block.

    Parameters
    ----------
    sample_rate : int
    num_samples : int or None
        The length to come, where it is known.
    """

    def __init__(self, sample_rate: int, num_samples: int | None) -> None:
        self.sample_rate = sample_rate
        self.envelopes: dict[str, Envelope] = {}
        self.spectrum = SpectrumColumns(sample_rate, num_samples or 600 * sample_rate)
        self.meter = Meter(sample_rate, 2)

    def begin(self, names: Iterable[str]) -> None:
        """Say which outputs come, in the order in which they are to be shown."""
        self.envelopes = {name: Envelope(self.sample_rate) for name in names}

    def push(self, name: str, audio: Audio) -> None:
        """Take a block of one output."""
        self.envelopes[name].push(audio)

    def push_mix(self, audio: Audio) -> None:
        """Take a block of the finished mix."""
        audio = np.ascontiguousarray(audio)
        self.push(MIX, audio)
        self.spectrum.push(audio)
        self.meter.push(audio)


def write_mix_report(
    folder: Path,
    title: str,
    watch: Watch,
    levels: Mapping[str, list[Tap]],
    facts: list[str],
    made_with: Mapping[str, str],
) -> list[str]:
    """Write report.html and its pictures, and return the names of the files.

    Parameters
    ----------
    folder : Path
    title : str
    watch : Watch
    levels : mapping of strip to levels before its chain and behind every box
    facts : list of str
        Said first: loudness and limiting, warnings.
    made_with : mapping
        Versions.
    """
    loudness = watch.meter.result()
    for envelope in watch.envelopes.values():
        envelope.finish()
    _draw_waves(folder / WAVES, watch)
    _draw_loudness(folder / LOUDNESS, loudness)
    _draw_spectrum(folder / SPECTRUM, watch)
    changes = _draw_changes(folder, levels, loudness.seconds)
    sections = [
        Section("Loudness", [_loudness_table(loudness), _picture(LOUDNESS, _CURVES)]),
        Section("Spectrum", [_picture(SPECTRUM, "Spectrogram of the mix")]),
        Section("Waveforms", [_picture(WAVES, "Waveforms of the mix and the stems")]),
        Section("Levels", [_level_table(watch)]),
    ]
    if changes:
        note = (
            "Level over the last 3 s behind each box minus that before it. Where the sound is below"
            f" {_QUIETEST:g} dBFS nothing is drawn."
        )
        sections.append(Section("What each box did", [Lines([note]), *changes]))
    page = Page(title if title == "mix" else f"{title}: mix", (), facts, sections, dict(made_with))
    write_page(page, folder, name=REPORT)
    return [REPORT, WAVES, LOUDNESS, SPECTRUM, *(picture.file for picture in changes)]


_CURVES = "Short-term and momentary loudness over time"


def _picture(file: str, alt: str) -> Picture:
    return Picture(file, alt, wide=True)


def _loudness_table(loudness: Loudness) -> Table:
    rows = [
        ("Integrated", loudness.integrated_lufs, "LUFS"),
        ("Loudest 3 s", loudness.short_term_max_lufs, "LUFS"),
        ("Loudest 0.4 s", loudness.momentary_max_lufs, "LUFS"),
        ("Range (LRA)", loudness.range_lu, "LU"),
        ("True peak", loudness.true_peak_db, "dBTP"),
        ("Sample peak", loudness.sample_peak_db, "dBFS"),
        ("Crest", loudness.crest_db, "dB"),
    ]
    columns = [Column("The mix", number=False), Column("", "BS.1770-5")]
    return Table(columns, [[Cell(name), Cell(_told(x, unit), _key(x))] for name, x, unit in rows])


def _told(value: float, unit: str) -> str:
    if math.isnan(value):
        return "–"
    return "silence" if value == -math.inf else f"{value:.1f} {unit}"


def _key(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _level_table(watch: Watch) -> Table:
    rows = []
    for name, envelope in _ordered(watch):
        rows.append([Cell(name), Cell(_told(envelope.peak_db, "dBFS"), _key(envelope.peak_db))])
    return Table([Column("Sound", number=False), Column("Sample peak")], rows)


def _ordered(watch: Watch) -> list[tuple[str, Envelope]]:
    first = [name for name in (MIX, PREMASTER) if name in watch.envelopes]
    rest = [name for name in watch.envelopes if name not in first]
    return [(name, watch.envelopes[name]) for name in [*first, *rest]]


def _draw_waves(path: Path, watch: Watch) -> None:
    shown = _ordered(watch)

    def paint(figure: Any) -> None:
        panels = np.atleast_1d(figure.subplots(len(shown), 1, sharex=True))
        for panel, (name, envelope) in zip(panels, shown, strict=True):
            whole = envelope.finish()[0].size * envelope.step / watch.sample_rate
            low, high = _reduced(*envelope.finish())
            seconds = np.linspace(0.0, whole, low.size, endpoint=False)
            top = max(envelope.peak, 1e-3)
            colour = OURS if name == MIX else INPUT if name == PREMASTER else INK
            panel.fill_between(seconds, low, high, color=colour, linewidth=0)
            panel.set_ylim(-top, top)
            panel.set_yticks([])
            panel.set_ylabel(_shortened(name), rotation=0, ha="right", va="center")
            panel.set_xlim(0.0, max(whole, STEP_SECONDS))
            panel.grid(visible=False)
        panels[-1].set_xlabel("seconds")

    draw(path, (11.0, 0.6 + 0.62 * len(shown)), paint)


def _reduced(low: Any, high: Any, most: int = 2000) -> tuple[Any, Any]:
    """Return envelopes of at most `most` steps: a picture has no more columns."""
    if low.size <= most:
        return low, high
    group = -(-low.size // most)
    pad = -low.size % group
    low = np.concatenate([low, np.full(pad, low[-1])]).reshape(-1, group).min(axis=1)
    return low, np.concatenate([high, np.full(pad, high[-1])]).reshape(-1, group).max(axis=1)


def _shortened(name: str) -> str:
    return name if len(name) <= 18 else name[:16] + "…"


def _draw_loudness(path: Path, loudness: Loudness) -> None:
    def paint(figure: Any) -> None:
        panel = figure.subplots()
        for curve, colour, label in (
            (loudness.momentary_lufs, INPUT, "momentary (0.4 s)"),
            (loudness.short_term_lufs, OURS, "short-term (3 s)"),
        ):
            seconds = (np.arange(curve.size) + 1) * STEP_SECONDS
            shown = np.where(np.isfinite(curve), np.maximum(curve, -70.0), np.nan)
            panel.plot(seconds, shown, color=colour, linewidth=1.2, label=label)
        if math.isfinite(loudness.integrated_lufs):
            panel.axhline(loudness.integrated_lufs, color=THEIRS, linewidth=1.0, label="integrated")
            panel.set_ylim(max(loudness.integrated_lufs - 30, -70), 0)
        panel.set_ylabel("LUFS")
        panel.set_xlabel("seconds")
        panel.set_xlim(0.0, max(loudness.seconds, STEP_SECONDS))
        panel.legend(loc="lower left", fontsize=9, frameon=False, ncols=3)

    draw(path, (11.0, 3.0), paint)


def _draw_spectrum(path: Path, watch: Watch) -> None:
    columns = watch.spectrum.finish()

    def paint(figure: Any) -> None:
        panel = figure.subplots()
        panel.grid(visible=False)
        if columns.shape[1]:
            top = float(np.percentile(columns, 99.9))
            seconds = np.arange(columns.shape[1] + 1) * watch.spectrum.hop / watch.sample_rate
            edges = np.geomspace(30.0, watch.sample_rate / 2, columns.shape[0] + 1)
            drawn = panel.pcolormesh(
                seconds, edges, columns, vmin=top - 80, vmax=top, cmap="magma", rasterized=True
            )
            figure.colorbar(drawn, ax=panel, label="dBFS", pad=0.01)
            panel.set_yscale("log")
            ticks = (50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000)
            shown = [t for t in ticks if t < watch.sample_rate / 2]
            panel.set_yticks(shown, [f"{t // 1000}k" if t >= 1000 else str(t) for t in shown])
            panel.minorticks_off()
        panel.set_ylabel("Hz")
        panel.set_xlabel("seconds")

    draw(path, (11.0, 3.6), paint)


def _draw_changes(
    folder: Path, levels: Mapping[str, list[Tap]], seconds_in_all: float
) -> list[Picture]:
    """Draw one picture for each strip that has boxes."""
    pictures = []
    for number, (name, taps) in enumerate(levels.items(), 1):
        if len(taps) < 2:
            continue
        file = boxes_picture(number)
        _draw_strip(folder / file, name, taps, seconds_in_all)
        shown = [tap.label for tap in taps[1:]]
        alt = f"{name}: change of level by {', '.join(shown)}"
        pictures.append(_picture(file, alt))
    return pictures


def _draw_strip(path: Path, name: str, taps: list[Tap], seconds_in_all: float) -> None:
    curves = [short_term_db(tap.power.steps()) for tap in taps]
    size = min([round(seconds_in_all / STEP_SECONDS), *(curve.size for curve in curves)])
    seconds = (np.arange(size) + 1) * STEP_SECONDS

    def paint(figure: Any) -> None:
        panels = np.atleast_1d(figure.subplots(len(taps) - 1, 1, sharex=True))
        for place, (panel, tap) in enumerate(zip(panels, taps[1:], strict=True)):
            before, after = curves[place][:size], curves[place + 1][:size]
            heard = (before > _QUIETEST) | (after > _QUIETEST)
            change = np.where(heard, np.clip(after - before, -40, 40), np.nan)
            panel.plot(seconds, change, color=OURS, linewidth=1.2)
            panel.axhline(0.0, color=INK, linewidth=0.6)
            most = np.nanmax(np.abs(change)) if heard.any() else 1.0
            for control, means in tap.controls.items():
                if control.endswith("_db"):
                    told = means.steps()[:size]
                    told = -told if control == "gain_reduction_db" else told
                    at = (np.arange(told.size) + 0.5) * STEP_SECONDS
                    words = control.removesuffix("_db").replace("_", " ")
                    panel.plot(at, told, color=THEIRS, linewidth=0.8, label=words)
                    panel.legend(loc="upper right", fontsize=8, frameon=False)
                    most = max(most, float(np.max(np.abs(told), initial=0.0)))
            panel.set_ylim(-max(1.15 * most, 1.0), max(1.15 * most, 1.0))
            panel.set_ylabel(f"{_shortened(tap.label)}\ndB", rotation=0, ha="right", va="center")
            panel.set_xlim(0.0, max(seconds[-1:].sum(), STEP_SECONDS))
        panels[0].set_title(name, fontsize=10, loc="left", fontweight="bold")
        panels[-1].set_xlabel("seconds")

    draw(path, (11.0, 0.8 + 0.95 * (len(taps) - 1)), paint)
