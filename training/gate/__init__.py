# SPDX-License-Identifier: GPL-3.0-or-later
"""The export gate: ten checks that a model passes, all of them, before its file takes its name.

Each is a function of a `Subject` that returns what it found, or raises an `ExportError` that names
the check, the figure and the bound.
"""

from __future__ import annotations

from collections.abc import Callable

from neuralboard.errors import NeuralboardError
from neuralboard.training.gate.paper import card_complete, no_traces, within_limits
from neuralboard.training.gate.parity import any_chunks, any_size, same_as_pytorch
from neuralboard.training.gate.signals import hard_signals
from neuralboard.training.gate.states import reset_and_bounded
from neuralboard.training.gate.subject import ExportError, Finding, Subject, demo_audio
from neuralboard.training.gate.timing import causal, latency

__all__ = ["CHECKS", "ExportError", "Finding", "Subject", "demo_audio", "run_check"]
__all__ += ["run_gate"]

CHECKS: dict[str, Callable[[Subject], Finding]] = {
    "same as PyTorch": same_as_pytorch,
    "any chunks": any_chunks,
    "causal": causal,
    "reset and bounded states": reset_and_bounded,
    "hard signals": hard_signals,
    "any size": any_size,
    "latency": latency,
    "size and operators": within_limits,
    "card": card_complete,
    "no traces": no_traces,
}
"""In the order of DESIGN.md, section 4."""


def run_gate(subject: Subject, say: Callable[[str], None] = print) -> list[Finding]:
    """Run every check, the first miss ends it.

    Parameters
    ----------
    subject : Subject
    say : callable
        Gets one line for each check passed.

    Raises
    ------
    ExportError
    """
    findings = []
    for number, name in enumerate(CHECKS, 1):
        findings.append(run_check(name, subject))
        say(f"gate {number:2}/{len(CHECKS)}  {name:25} {findings[-1]}")
    return findings


def run_check(name: str, subject: Subject) -> Finding:
    """Run one check; every error of it, the graph's own among them, is an `ExportError`."""
    try:
        return CHECKS[name](subject)
    except NeuralboardError as error:
        number = list(CHECKS).index(name) + 1
        raise ExportError(f"gate {number}/{len(CHECKS)}, {name}: {error}") from None
