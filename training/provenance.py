# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose recordings a model learned from: names and licences, for its card.

Three places know: a prepared corpus (a licence in every row of ``clips.csv``), a list of sources
(``sources.toml``), and a run folder (``data.json``, written when the run began).
"""

from __future__ import annotations

import csv
import json
import tomllib
from collections.abc import Iterable
from pathlib import Path

from neuralboard.effects.model_card import DataSource
from neuralboard.training.gate import ExportError

__all__ = ["DATA_FILE", "of_corpus", "of_run", "of_sources", "parse", "write_data"]

DATA_FILE = "data.json"


def _joined(pairs: Iterable[tuple[str, str]]) -> tuple[DataSource, ...]:
    """Give one entry a name; several licences of one source are listed."""
    found: dict[str, list[str]] = {}
    for name, licence in pairs:
        licences = found.setdefault(name, [])
        if licence not in licences:
            licences.append(licence)
    return tuple(DataSource(name, "; ".join(sorted(found[name]))) for name in sorted(found))


def of_corpus(corpus: Path) -> tuple[DataSource, ...]:
    """Read the table of a prepared corpus."""
    with (corpus / "clips.csv").open(newline="", encoding="utf-8") as file:
        return _joined((row["source"], row["licence"] or "unknown") for row in csv.DictReader(file))


def of_sources(listing: Path) -> tuple[DataSource, ...]:
    """Read a list of sources."""
    tables = tomllib.loads(listing.read_text(encoding="utf-8"))["source"]
    return _joined((table["name"], table["licence"]) for table in tables)


def of_run(run: Path) -> tuple[DataSource, ...]:
    """Read what a run folder knows; nothing where it was made before this was kept."""
    path = run / DATA_FILE
    if not path.is_file():
        return ()
    return tuple(DataSource(**each) for each in json.loads(path.read_text(encoding="utf-8")))


def write_data(corpus: Path, run: Path) -> None:
    """Keep in the run folder what the corpus says, since a corpus may be gone later."""
    rows = [{"name": each.name, "licence": each.licence} for each in of_corpus(corpus)]
    (run / DATA_FILE).write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def parse(texts: Iterable[str]) -> tuple[DataSource, ...]:
    """Read "NAME: LICENCE" texts."""
    pairs = []
    for text in texts:
        name, colon, licence = text.partition(":")
        if not colon or not name.strip() or not licence.strip():
            raise ExportError(f"{text!r} names no data set; write 'NAME: LICENCE'")
        pairs.append((name.strip(), licence.strip()))
    return _joined(pairs)
