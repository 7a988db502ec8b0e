# SPDX-License-Identifier: GPL-3.0-or-later
"""`neuralboard check`: test a box against the contract, as our own are tested."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from neuralboard.cli import load_board
from neuralboard.console import DONE, FAILED, UsageError, say

__all__ = ["check"]


def check(
    box: Annotated[
        str, typer.Argument(help='A box as in a chain: "spectral_subtraction(strength=1)".')
    ],
    tolerance: Annotated[
        float,
        typer.Option(help="Allowed difference between block sizes: 0 for DSP, 2e-6 for neural."),
    ] = 0.0,
) -> int:
    """Test a box against the contract that all boxes keep.

    Latency, streaming, block sizes, sample rates, silence, broken numbers, parameters, presets.
    Exit code 1 where it breaks one of the promises.
    """
    item = _one_box(box)
    from neuralboard import testing

    report = testing.examine(item, tolerance=tolerance)
    print(report)
    if report.passed:
        print(f"{box} keeps the contract ({len(report.results)} checks)")
        return DONE
    count = len(report.faults)
    say(f"{box} breaks {count} promise{'s' if count != 1 else ''} of the contract", "red")
    return FAILED


def _one_box(text: str) -> Any:
    board = load_board(text, None)
    if len(board) != 1:
        raise UsageError(f"check takes one box, not {len(board)}: {text!r}")
    return board[0]
