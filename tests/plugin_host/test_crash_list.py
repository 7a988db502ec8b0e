# SPDX-License-Identifier: GPL-3.0-or-later
"""Promise: what kills or hangs pedalboard is refused in one line, or handled, and never reaches it.

The inputs stand in crash_inputs.py. Each group runs in a process of its own, since a failure here
ends the interpreter or never returns.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

INPUTS = Path(__file__).with_name("crash_inputs.py")
PATIENCE = 900  # seconds; a hang is told from a busy machine by the case that printed no answer

# Group → (cases at least, of them refused at least): a group that shrank would prove nothing.
GROUPS = {
    "empty_first": (300, 0),
    "files_and_presets": (40, 8),
    "lists": (80, 70),
    "parameters": (1500, 300),
    "rates": (320, 310),
    "samples": (600, 0),
    "sizes": (110, 25),
}


@pytest.mark.parametrize("group", sorted(GROUPS))
def test_nothing_kills_or_hangs(group: str) -> None:
    try:
        done = subprocess.run(
            [sys.executable, "-X", "faulthandler", INPUTS, group],
            capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
        printed, end = (
            done.stdout,
            f"the process ended with {done.returncode}: {done.stderr[-600:]}",
        )
    except subprocess.TimeoutExpired as error:
        raw = error.stdout or b""
        printed = raw.decode() if isinstance(raw, bytes) else raw
        end = f"nothing came for {PATIENCE} s"
    lines = [json.loads(line) for line in printed.splitlines()]
    assert lines, end
    assert lines[-1] == {"done": True}, f"{lines[-1]}: {end}"
    got = {line["case"]: line["got"] for line in lines if "got" in line}
    kinds = Counter(text.partition(":")[0] for text in got.values())
    wrong = {c: t for c, t in got.items() if not t.startswith(("handled", "refused"))}
    assert not wrong, f"{len(wrong)} of {len(got)}: {list(wrong.items())[:20]}"
    cases, refused = GROUPS[group]
    assert len(got) >= cases
    assert kinds["refused"] >= refused
