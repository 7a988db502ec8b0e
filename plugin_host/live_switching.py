# SPDX-License-Identifier: GPL-3.0-or-later
"""How soon Python's threads take turns while live sound plays.

A thread that computes keeps the interpreter for 5 ms before another one gets it. Blocks of 128
samples are due every 2.7 ms, so the callback would be late whenever anything else runs.
"""

from __future__ import annotations

import sys
import threading

__all__ = ["quick_switches"]

_QUICK_SECONDS = 0.0005

_lock = threading.Lock()
_playing, _before = 0, 0.0


def quick_switches(change: int) -> None:
    """Take quick turns while streams play: +1 when one starts, -1 when it ends.

    What was set before the first one comes back after the last one.
    """
    global _playing, _before
    with _lock:
        if _playing == 0:
            _before = sys.getswitchinterval()
            sys.setswitchinterval(min(_before, _QUICK_SECONDS))
        _playing += change
        if _playing == 0:
            sys.setswitchinterval(_before)
