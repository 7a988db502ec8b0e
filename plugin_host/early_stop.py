# SPDX-License-Identifier: GPL-3.0-or-later
"""Ctrl-C while the command line still loads: one line and 130, no traceback.

Loading takes half a second, in which nothing is written: the process just leaves. An exception
would come out of whatever is being imported, as a traceback or as an error of another kind. This
is for the command alone; a program that imports neuralboard keeps its own way with signals. The
package imports this module before all others.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import PurePath
from typing import Any

__all__ = ["INTERRUPTED", "STOPPED", "end_watch"]

INTERRUPTED = 130
STOPPED = "stopped; nothing half-written was kept"

_SCRIPTS = ("neuralboard", "neuralboard.exe", "neuralboard-script.py")


def _watch_command() -> None:
    """Leave at Ctrl-C, if this process is the command line, until `end_watch`."""
    if (
        _is_command(sys.orig_argv)
        and threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler  # not ignored (nohup)
    ):
        signal.signal(signal.SIGINT, _leave)


def end_watch() -> None:
    """Let Ctrl-C be a KeyboardInterrupt again: files may be written from here on."""
    if signal.getsignal(signal.SIGINT) is _leave:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _is_command(started_as: list[str]) -> bool:
    """Tell it from the command that started Python: a batch's workers have none of their own."""
    words = started_as[1:]
    if words[:1] == ["-m"]:
        return words[1:2] in (["neuralboard"], ["neuralboard.main"])
    return bool(words) and PurePath(words[0]).name in _SCRIPTS


def _leave(number: int, frame: Any) -> None:
    os.write(2, f"{STOPPED}\n".encode())
    os._exit(INTERRUPTED)


_watch_command()
