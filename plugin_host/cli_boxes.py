# SPDX-License-Identifier: GPL-3.0-or-later
"""`neuralboard boxes`: what boxes there are, and all about one of them."""

from __future__ import annotations

import json
from collections.abc import Iterable
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
        return BoxFacts(name, "?", origin, f"can't be loaded: {one_line(error)}", (), None, True)


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _latency(fact: BoxFacts) -> str:
    if not fact.streamable:
        return "whole file"
    if fact.latency is None:
        return "?"
    return f"{fact.latency} ({1000 * fact.latency / RATE:.1f} ms)" if fact.latency else "0"


def _value(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _show_all(facts: Iterable[BoxFacts]) -> None:
    table = _table("box", "from", "what it does", "parameters", "latency")
    for fact in facts:
        # mix, bypass and name are common to all of ours: they would drown the others.
        own = [p for p in fact.parameters if p.name not in ("bypass", "name")]
        parameters = ", ".join(f"{p.name}={_value(p.default)}" for p in own)
        summary = "\n".join([fact.summary, *(f"! {caution}" for caution in fact.cautions)])
        cells = (fact.name, fact.origin, summary, parameters, _latency(fact))
        table.add_row(*(escape(cell) for cell in cells))
    console = Console()
    console.print(table)
    console.print(
        f"\nLatency in samples at {RATE} Hz. Units and ranges: neuralboard boxes NAME",
        highlight=False,
    )


def _show_one(fact: BoxFacts) -> None:
    console = Console(highlight=False)
    console.print(f"{fact.name}  {fact.class_name}, from {fact.origin}", style="bold", markup=False)
    console.print(fact.summary, markup=False)
    for caution in fact.cautions:
        console.print(f"! {caution}", style="yellow", markup=False)
    console.print(f"latency: {_latency(fact)} samples at {RATE} Hz\n", markup=False)
    table = _table("parameter", "default", "unit", "range", "")
    for p in fact.parameters:
        table.add_row(
            *(escape(cell) for cell in (p.name, _value(p.default), p.unit, p.range, p.doc))
        )
    console.print(table if fact.parameters else "no parameters")
