# SPDX-License-Identifier: GPL-3.0-or-later
"""Promise: `check` finds what is wrong with a box, names it in one line, and blames no good box."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import neuralboard as nb
from neuralboard import testing
from tests.plugin_host.broken_boxes import BROKEN, ForgetsToReturn, HidesASetting


def broken(cls: type) -> Any:
    box = cls()
    if isinstance(box, HidesASetting):
        box._factor = 0.5
    return box


@pytest.mark.parametrize(("cls", "check", "says"), BROKEN, ids=[b[0].__name__ for b in BROKEN])
def test_a_broken_box_fails_with_the_fault_named(
    cls: type, check: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = testing.examine(broken(cls))
    found = [fault for fault in report.faults if re.match(check, fault)]
    assert found, report.faults
    assert re.search(says, found[0]), found
    assert all("\n" not in fault for fault in report.faults)
    # What `check_box` makes of the report; to examine the box a second time would tell no more.
    monkeypatch.setattr(testing, "examine", lambda box, tolerance: report)
    with pytest.raises(testing.ConformanceError, match=says):
        testing.check_box(broken(cls))


def test_check_box_examines_the_box_itself() -> None:
    with pytest.raises(testing.ConformanceError, match="NoneType"):
        testing.check_box(ForgetsToReturn())


class Halves(nb.Effect):
    """The good box: what the broken ones would be without their faults."""

    level = nb.Parameter(0.5, 0.0, 1.0, doc="a factor")
    kind = nb.Choice("plain", ["plain", "turned"], doc="sign")
    soft = nb.Switch(False, doc="round the peaks")

    def process_block(self, block: Any, state: Any, p: Any) -> Any:
        sign = np.float32(-1 if p.kind == "turned" else 1)
        out = block * (sign * np.float32(p.level))
        return np.tanh(out) if p.soft else out


class Centre(nb.Effect):
    """What both channels have in common: it links channels, and says so."""

    links_channels = True

    def check_stream(self, sample_rate: int, channels: int) -> None:
        if channels != 2:
            raise nb.AudioError(f"Centre does 2 channels, not {channels}")

    def process_block(self, block: Any, state: Any, p: Any) -> Any:
        return np.broadcast_to(block.mean(axis=0), block.shape).copy()


class SixteenKilo(nb.Effect):
    """Runs at 16 kHz inside streams of any rate."""

    model_rate = 16_000

    def process_block(self, block: Any, state: Any, p: Any) -> Any:
        return block.copy()


@pytest.mark.parametrize("cls", [Halves, Centre, SixteenKilo])
def test_a_good_box_passes(cls: type) -> None:
    report = testing.check_box(cls())
    assert report.passed
    assert len(report.results) >= 15


def test_a_report_reads_as_a_list() -> None:
    text = str(testing.examine(Halves(level=0.25)))
    assert text.startswith("Halves(level=0.25)\n  ok   call")
    assert "FAIL" not in text
