# SPDX-License-Identifier: GPL-3.0-or-later
"""`neuralboard boxes`: what boxes there are, and all about one of them."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from neuralboard.catalogue import RATE, BoxFacts, describe
from neuralboard.console import DONE, UsageError, one_line
from neuralboard.errors import did_you_mean

__all__ = ["boxes"]


def boxes(
    name: Annotated[str | None, typer.Argument(help="One box, for all about it.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> int:
    """List all boxes: ours, pedalboard's, and those of other packages."""
    from neuralboard import registry

    names = registry.names()
    if name is not None:
        name = name if name in names else registry.snake_case(name)  # the class's name will do
        if name not in names:
            raise UsageError(
                f"there is no box '{name}'{did_you_mean(name, names)}; neuralboard boxes lists them"
            )
        names = [name]
    facts = [_facts(each) for each in names]
    if as_json:
        print(json.dumps([fact.as_json() for fact in facts], indent=1, ensure_ascii=False))
    elif name is not None:
        _show_one(facts[0])
    else:
        _show_all(facts)
    return DONE


def _facts(name: str) -> BoxFacts:
    from neuralboard import registry

    origin = registry.origin(name)
    try:
        return describe(name, registry.find(name), origin)
    except Exception as error:  # a broken package of others must not hide all the rest
        return BoxFacts(name, "?", origin, f"not usable: {one_line(error)}", (), None, True)


def _console() -> Console:
    # Into a file or a pipe, lines may be longer than those of the narrowest terminal.
    return Console(highlight=False, width=None if sys.stdout.isatty() else 120)


def _latency(fact: BoxFacts) -> str:
    if not fact.streamable:
        return "whole file"
    if fact.latency is None:
        return "?"
    return f"{fact.latency} ({1000 * fact.latency / RATE:.1f} ms)" if fact.latency else "0"


def _value(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _show_all(facts: list[BoxFacts]) -> None:
    console = _console()
    origins = sorted({fact.origin for fact in facts}, key=lambda o: (o != "neuralboard", o))
    for origin in origins:
        table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
        table.add_column(escape(f"from {origin}"), no_wrap=True, width=24)
        table.add_column("", overflow="fold", ratio=1)
        table.add_column("latency", no_wrap=True, justify="right")
        for fact in (fact for fact in facts if fact.origin == origin):
            table.add_row(escape(fact.name), _in_short(fact), _latency(fact))
        console.print(table)
        console.print()
    console.print(f"Latency in samples at {RATE} Hz. Units and ranges: neuralboard boxes NAME")


def _in_short(fact: BoxFacts) -> str:
    """Return what a box does, its parameters with their defaults, and the cautions."""
    # mix, bypass and name are common to all of ours: they would drown the others.
    own = [p for p in fact.parameters if p.name not in ("bypass", "name")]
    lines = [escape(fact.summary)]
    if own:
        parameters = ", ".join(f"{p.name}={_value(p.default)}" for p in own)
        lines.append(f"[dim]{escape(parameters)}[/dim]")
    lines += [f"[yellow]! {escape(caution)}[/yellow]" for caution in fact.cautions]
    return "\n".join(lines)


def _show_one(fact: BoxFacts) -> None:
    console = _console()
    console.print(f"{fact.name}  {fact.class_name}, from {fact.origin}", style="bold", markup=False)
    console.print(fact.summary, markup=False)
    for caution in fact.cautions:
        console.print(f"! {caution}", style="yellow", markup=False)
    console.print(f"latency in samples at {RATE} Hz: {_latency(fact)}\n", markup=False)
    if not fact.parameters:
        console.print("no parameters")
        return
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in ("parameter", "default", "unit", "range", ""):
        table.add_column(column, overflow="fold", no_wrap=column == "parameter")
    for p in fact.parameters:
        cells = (p.name, _value(p.default), p.unit, p.range, p.doc)
        table.add_row(*(escape(cell) for cell in cells))
    console.print(table)
