# SPDX-License-Identifier: GPL-3.0-or-later
"""What the command line says and how: one line each, on standard error.

Standard output belongs to results (a table, JSON, a WAV for the next program), so everything said
beside them goes to standard error; the progress bar only where that is a terminal.
"""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from neuralboard.early_stop import INTERRUPTED

__all__ = [
    "DONE",
    "FAILED",
    "INTERRUPTED",
    "WRONG_USAGE",
    "UsageError",
    "load_target",
    "one_line",
    "progress_bar",
    "say",
    "show_warnings_as_lines",
]

DONE, FAILED, WRONG_USAGE = 0, 1, 2

_with_bar: list[Console] = []  # shows a progress bar now: what is said goes above it


class UsageError(Exception):
    """A command line that makes no sense: exit 2, before anything ran."""


def one_line(error: BaseException) -> str:
    """Return an error's message as one line, with its type where it would say too little."""
    text = " ".join(str(error).split())
    own = type(error).__module__.startswith("neuralboard")
    if own or isinstance(error, (OSError, UsageError)):
        return text or type(error).__name__
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def say(text: str, style: str = "") -> None:
    """Print a line on standard error."""
    # Never wrapped (a message is one line) and never read as markup (names may hold brackets).
    console = _with_bar[-1] if _with_bar else Console(stderr=True)
    console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)


def show_warnings_as_lines() -> None:
    """Let Python's warnings appear as one line without a place in the source."""

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        say(f"warning: {' '.join(str(message).split())}", "yellow")

    warnings.showwarning = show


@contextmanager
def progress_bar(title: str, *, quiet: bool) -> Iterator[Callable[[int, int | None], None] | None]:
    """Give a callback (done, total) that moves a bar with the time left; None without a terminal.

    The bar goes to standard error and disappears at the end.
    """
    if quiet or not sys.stderr.isatty():
        yield None
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(title, total=None)
        _with_bar.append(console)
        try:
            yield lambda done, total: bar.update(task, completed=done, total=total)
        finally:
            _with_bar.remove(console)


def load_target(target: str, extra: str = "") -> Any:
    """Return what "package.module:name" names.

    Raises
    ------
    UsageError
        Where a package is missing, with the line that installs it.
    """
    module, _, name = target.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if missing.startswith("neuralboard"):
            raise UsageError(f"this installation of neuralboard has no {missing}") from None
        what = f'"neuralboard[{extra}]"' if extra else missing
        raise UsageError(f"this command needs {missing}: pip install {what}") from None
