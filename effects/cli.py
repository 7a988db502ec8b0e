# SPDX-License-Identifier: GPL-3.0-or-later
"""`neuralboard inspect` and `neuralboard models`: what is in a model file."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from neuralboard.console import DONE, FAILED, say
from neuralboard.effects.model_card import Card
from neuralboard.effects.model_file import ModelFile, load_model, read_card
from neuralboard.effects.shipped import SHIPPED, shipped_model
from neuralboard.errors import ModelFileError

__all__ = ["inspect", "models"]


def inspect(
    model: Annotated[
        str, typer.Argument(metavar="FILE", help="A model file (.onnx), or a shipped model's name.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> int:
    """Show the card of a model file, and repeat its self-test.

    Exit code 1 where the file is broken, not allowed, or fails its self-test.
    """
    loaded = load_model(_path(model))
    test = _self_test(loaded)
    if as_json:
        print(json.dumps(_as_json(loaded, test), indent=1, ensure_ascii=False, allow_nan=False))
    else:
        _show(loaded, test)
    if test["passed"] is False:
        say(f"error: {test['error']}", "red")
        return FAILED
    return DONE


def models(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> int:
    """List the models that come with neuralboard, one line each."""
    cards = {name: read_card(shipped_model(name)) for name in sorted(SHIPPED)}
    if as_json:
        found = [{"model": name, "card": _fields(card)} for name, card in cards.items()]
        print(json.dumps(found, indent=1, ensure_ascii=False))
    elif not cards:
        print(
            "no models are shipped with this version; neuralboard inspect FILE shows one of yours"
        )
    else:
        table = _table("model", "version", "task", "rate", "latency", "size", "licence")
        for name, card in cards.items():
            size = shipped_model(name).stat().st_size
            rate, latency = f"{card.sample_rate} Hz", f"{_milliseconds(card):.1f} ms"
            cells = (name, card.version, card.task, rate, latency, _size(size), card.licence)
            table.add_row(*(escape(cell) for cell in cells))
        _console().print(table)
    return DONE


def _path(model: str) -> str | Path:
    plain = not Path(model).exists() and Path(model).name == model and not Path(model).suffix
    return shipped_model(model) if plain else model


def _self_test(model: ModelFile) -> dict[str, Any]:
    if model.card.golden is None:
        return {"passed": None}
    try:
        return {"passed": True, "deviation": model.verify()}
    except ModelFileError as error:
        return {"passed": False, "error": str(error)}


def _milliseconds(card: Card) -> float:
    return 1000 * card.total_latency / card.sample_rate


def _size(count: int) -> str:
    return f"{count / 1e6:.2f} MB" if count >= 100_000 else f"{count / 1e3:.1f} kB"


def _fields(card: Card) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(card.to_json())
    return fields


def _as_json(model: ModelFile, test: dict[str, Any]) -> dict[str, Any]:
    card = model.card
    return {
        "file": model.source,
        "bytes": model.size,
        "sha256": model.graph.sha256,
        "output": model.output_kind,
        "latency": {"samples": card.total_latency, "ms": _milliseconds(card)},
        "self_test": test,
        "card": _fields(card),
    }


def _console() -> Console:
    # Into a file or a pipe, lines may be longer than those of the narrowest terminal.
    return Console(highlight=False, width=None if sys.stdout.isatty() else 120)


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for at, column in enumerate(columns):
        table.add_column(column, overflow="fold", no_wrap=at == 0)
    return table


def _show(model: ModelFile, test: dict[str, Any]) -> None:
    card, console = model.card, _console()
    console.print(f"{card.name} {card.version}: {card.task}", style="bold", markup=False)
    table = _table("", "")
    table.show_header = False
    for name, value in _rows(model, test):
        table.add_row(name, escape(value))
    console.print(table)
    if card.parameters:
        console.print()
        table = _table("parameter", "default", "unit", "range", "")
        for p in card.parameters:
            limits = f"{p.min:g} to {p.max:g}"
            table.add_row(*(escape(x) for x in (p.name, f"{p.default:g}", p.unit, limits, p.doc)))
        console.print(table)


def _rows(model: ModelFile, test: dict[str, Any]) -> list[tuple[str, str]]:
    card = model.card
    rows = [
        ("file", f"{model.source}, {_size(model.size)}"),
        ("domain", f"{card.domain}, gives {model.output_kind}, channels {card.channels}"),
        ("rate", f"{card.sample_rate} Hz"),
        ("latency", f"{card.total_latency} samples ({_milliseconds(card):.1f} ms){_causes(card)}"),
    ]
    if card.stft is not None:
        window = card.stft.window if isinstance(card.stft.window, str) else "own window"
        rows.append(("frames", f"{card.stft.n_fft} every {card.stft.hop_length} samples, {window}"))
    else:
        rows.append(("block", f"any multiple of {card.block} samples"))
    rows += [(name, ", ".join(getattr(card, name))) for name in ("stems", "labels")]
    states = [f"{s.input} → {s.output} {list(s.shape)}" for s in card.states]
    rows.append(("states", "; ".join(states) or "none"))
    rows.append(("licence", card.licence))
    rows.append(("data", "; ".join(f"{d.name} ({d.licence})" for d in card.data) or "not named"))
    metrics = [f"{name} {_metric(value)}" for name, value in card.metrics.items()]
    rows.append(("metrics", "; ".join(metrics) or "none"))
    rows += [("trained with", card.trained_with), ("created", card.created)]
    rows.append(("self-test", _verdict(test)))
    return [(name, value) for name, value in rows if value]


def _causes(card: Card) -> str:
    """Name what the latency is made of."""
    if card.stft is None:
        causes = {"block": card.block - 1, "model": card.latency}
    else:
        lookahead = card.lookahead_frames * card.stft.hop_length
        causes = {"frame": card.stft.n_fft - 1, "look-ahead": lookahead, "model": card.latency}
    named = [f"{name} {count}" for name, count in causes.items() if count]
    return f": {' + '.join(named)}" if len(named) > 1 else ""


def _metric(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _verdict(test: dict[str, Any]) -> str:
    if test["passed"] is None:
        return "none (the card has no golden output)"
    return f"passed, largest deviation {test['deviation']:.1g}" if test["passed"] else "FAILED"
