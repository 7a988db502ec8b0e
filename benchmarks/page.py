# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of a folder: all its parts together, as index.html, results.md and results.json.

python -m neuralboard.benchmarks.page FOLDER       # draws it anew, after a change of the page
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from neuralboard.benchmarks import chains, quality_report, results, speed_report, stft_bench
from neuralboard.report import Page, markdown, write_page, write_text

__all__ = ["build", "draw", "write"]

TITLES = {
    "denoise": "Denoisers",
    "mine": "Your recordings",
    "speed": "Speed",
    "chains": "Chains",
    "stft": "Fourier transforms",
}
_MODULES = {
    "denoise": quality_report,
    "mine": quality_report,
    "speed": speed_report,
    "chains": chains,
    "stft": stft_bench,
}


def build(folder: Path, parts: dict[str, Any]) -> Page:
    """Draw the pictures of all parts and return their page."""
    first, said, sections = [], [], []
    made_with: dict[str, str] = {}
    for kind in TITLES:
        part = parts.get(kind)
        if part is None:
            continue
        if part.get("synthetic"):
            first.append(quality_report.FIRST)
        module: Any = _MODULES[kind]
        said += module.summary(part)
        if module is quality_report:
            sections += quality_report.sections(part, folder, kind, _costs(parts.get("speed")))
        else:
            sections += module.sections(part, folder, kind)
        made_with |= part["measured_on"]
        if part.get("seed") is not None:
            made_with["seed"] = str(part["seed"])
    titles = [title for kind, title in TITLES.items() if kind in parts]
    title = titles[0] + "".join(f", {t.lower()}" for t in titles[1:]) + ": neuralboard bench"
    return Page(title, first, said, sections, made_with)


def _costs(speed: dict[str, Any] | None) -> dict[str, float]:
    """Return seconds per second of audio, as `bench speed` measured them into the same folder.

    The least of whole recordings and blocks: one box is quicker this way, another that, and a
    picture with one point a box shows each at its best.
    """
    boxes = speed["boxes"] if speed is not None else {}
    return {
        box: min([*facts["offline"], *(t for f in facts["blocks"].values() for t in f["cost"])])
        for box, facts in boxes.items()
        if facts["offline"]
    }


def write(folder: Path, kind: str, part: dict[str, Any]) -> Path:
    """Put a part into a folder's results and write its page anew; return the page's path."""
    return draw(folder, results.load(folder) | {kind: results.plain(part)})


def draw(folder: Path, parts: dict[str, Any]) -> Path:
    """Write the page of these parts; return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    page = build(folder, parts)
    write_text(folder / "results.md", markdown(page))
    results.store(folder, parts)
    return write_page(page, folder, extra="bench")


if __name__ == "__main__":
    _folder = Path(sys.argv[1])
    sys.stdout.write(f"{draw(_folder, results.load(_folder))}\n")
