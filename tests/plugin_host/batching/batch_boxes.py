# SPDX-License-Identifier: GPL-3.0-or-later
"""Boxes that misbehave in a worker, each once or always. Workers import this module by its name."""

from __future__ import annotations

import errno
import os
import signal
from pathlib import Path
from typing import Any

import neuralboard as nb

LOUD = 0.5  # files that are to meet trouble hold samples beyond it


def _word(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("no text")
    return value


class _Trouble(nb.Effect):
    """Passes quiet audio on; what happens to loud audio, a subclass says."""

    marker = nb.Setting(
        "", check=_word, expects="text", doc="a folder that tells of the first time"
    )

    def process_block(self, block: Any, state: Any, p: Any) -> Any:
        if (abs(block) > LOUD).any() and self._first_time():
            self.trouble()
        return block

    def _first_time(self) -> bool:
        if not self.marker:
            return True
        try:
            Path(self.marker).mkdir()
        except FileExistsError:
            return False
        return True

    def trouble(self) -> None:
        raise NotImplementedError


class Deadly(_Trouble):
    """Ends its worker as kill -9 does, in the middle of a file."""

    def trouble(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


class Raising(_Trouble):
    """Has a bug."""

    def trouble(self) -> None:
        raise ZeroDivisionError("by\nzero")


class Stumbling(_Trouble):
    """Meets a network disk that is away for a moment."""

    def trouble(self) -> None:
        raise OSError(errno.ESTALE, "Stale file handle")


class Waiting(_Trouble):
    """Waits in the middle of a file until somebody has written into a named pipe, and closed it."""

    pipe = nb.Setting("", check=_word, expects="text", doc="the pipe")

    def trouble(self) -> None:
        with Path(self.pipe).open("rb", buffering=0) as pipe:
            pipe.read(1)
