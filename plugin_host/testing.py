# SPDX-License-Identifier: GPL-3.0-or-later
"""The conformance suite: what every box promises, checked on any box, yours included.

    neuralboard.testing.check_box(MyBox())          raises ConformanceError naming the fault
    neuralboard check "my_box()"                    the same from the command line

It needs neither pytest nor hypothesis. All signals are seeded.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from neuralboard.board import Board
from neuralboard.conformance import SCHEDULE, Bench, Fault, signal_of
from neuralboard.conformance_calls import call_checks
from neuralboard.conformance_parameters import parameter_checks
from neuralboard.conformance_streams import stream_checks
from neuralboard.errors import NeuralboardError
from neuralboard.processor import Processor

__all__ = ["SCHEDULE", "ConformanceError", "Report", "check_box", "examine", "signal_of"]


class ConformanceError(NeuralboardError, AssertionError):
    """A box breaks a promise; the message names the fault."""


@dataclass
class Report:
    """What was checked on a box.

    Attributes
    ----------
    box : str
        Its repr.
    results : list of (check, fault or None)
    """

    box: str
    results: list[tuple[str, str | None]] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """True where no check found a fault."""
        return all(fault is None for _, fault in self.results)

    @property
    def faults(self) -> list[str]:
        """The faults that were found, one line each."""
        return [f"{name}: {fault}" for name, fault in self.results if fault is not None]

    def __str__(self) -> str:
        lines = [self.box]
        for name, fault in self.results:
            lines.append(f"  {'ok  ' if fault is None else 'FAIL'} {name}")
            if fault is not None:
                lines.append(f"       {fault}")
        return "\n".join(lines)


def check_box(box: Any, *, tolerance: float = 0.0) -> Report:
    """Check a box against the contract and return the report.

    Parameters
    ----------
    box : Processor or pedalboard.Plugin
    tolerance : float
        Allowed difference between block schedules: 0 for DSP, 2e-6 for neural boxes.

    Raises
    ------
    ConformanceError
        Where it breaks a promise; the message names every fault.
    """
    report = examine(box, tolerance=tolerance)
    if not report.passed:
        raise ConformanceError(f"{report.box}: " + "; ".join(report.faults))
    return report


def examine(box: Any, *, tolerance: float = 0.0) -> Report:
    """Check a box and return the report; it never raises for a fault of the box."""
    report = Report(repr(box))
    processor = box if isinstance(box, Processor) else Board([box])
    bench = Bench(box, processor, tolerance)
    for name, check in chain(call_checks(bench), stream_checks(bench), parameter_checks(bench)):
        report.results.append((name, _fault_of(check)))
    return report


def _fault_of(check: Callable[[], None]) -> str | None:
    """Run one check; return the fault that it found, in one line, or None."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            check()
    except Fault as found:
        return " ".join(str(found).split())
    except Exception as error:
        text = " ".join(str(error).split())
        if isinstance(error, ValueError) and "read-only" in text:
            return f"it writes into its input or side chain; work on a copy ({text})"
        return f"raised {type(error).__name__}: {text}"
    return None
