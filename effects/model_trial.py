# SPDX-License-Identifier: GPL-3.0-or-later
"""The trial: a file of others is loaded and run once in a process of its own, with limits.

What passes the list of what is allowed may still ask for a terabyte, compute for hours, or find a
fault in ONNX Runtime. There it costs an error. Memory and processor time are limited by the system
on Linux, by a watch in the process on macOS; on Windows only time is.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

from neuralboard.effects.runtime import Limits
from neuralboard.errors import ModelFileError

__all__ = ["MEMORY", "SECONDS", "TOO_LARGE", "try_apart"]

MEMORY = 640 << 20  # bytes above what the process needs before it sees the file
SECONDS = 10  # of processor time
TOO_LARGE = 97  # exit code of a process that watched its own memory
_PATIENCE = 15 if sys.platform == "win32" else 120  # seconds on the clock, for a busy machine
_CURE = "don't use it; if you made it yourself, pass trust=True"


def try_apart(data: bytes, limits: Limits, *, memory: int = MEMORY, seconds: int = SECONDS) -> None:
    """Load and run a model file in another process.

    Parameters
    ----------
    data : bytes
        The whole file.
    limits : Limits
        What a file may be.
    memory, seconds : int
        What the trial may use: bytes beyond what an idle process needs, and processor time.

    Raises
    ------
    ModelFileError
        It failed there, or needed more than it may.
    """
    if not sys.executable or getattr(sys, "frozen", False):
        raise ModelFileError(
            "a model file of others is tried in a process of its own first, and this program"
            " can't start a Python; if you trust the file, pass trust=True"
        )
    # -P: never import from the folder that the program happens to be in.
    numbers = map(str, (memory, seconds, *limits))
    words = [sys.executable, "-P", "-m", "neuralboard.effects.model_child", *numbers]
    paths = os.pathsep.join(path for path in sys.path if path)
    try:
        done = subprocess.run(  # noqa: S603 - our own module, no shell
            words,
            input=data,
            capture_output=True,
            timeout=_PATIENCE,
            env={**os.environ, "PYTHONPATH": paths, "ORT_DISABLE_TELEMETRY": "1"},
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ModelFileError(
            f"the model file kept its trial busy for {_PATIENCE} s; {_CURE}"
        ) from None
    except OSError as error:
        raise ModelFileError(
            f"the trial of the model file can't start ({error.strerror}); if you trust the file,"
            " pass trust=True"
        ) from None
    _judge(done.returncode, done.stdout, done.stderr, seconds)


def _judge(code: int, out: bytes, err: bytes, seconds: int) -> None:
    try:
        answer = json.loads(out)
    except ValueError:
        answer = None
    if isinstance(answer, dict) and "error" in answer:
        raise ModelFileError(str(answer["error"]))
    if code == 0 and answer == {"passed": True}:
        return
    if code in (-getattr(signal, "SIGXCPU", 99), -getattr(signal, "SIGKILL", 99)):
        reason = f"it needed more than {seconds} s of processor time"
    elif code == TOO_LARGE:
        reason = "it needed too much memory"
    elif code < 0:
        reason = f"it crashed the process (signal {-code})"
    else:
        lines = err.decode("utf-8", "replace").strip().splitlines()
        reason = f"the process ended with {code}: {lines[-1][:200] if lines else 'no word'}"
    raise ModelFileError(f"the model file fails its trial: {reason}; {_CURE}")
