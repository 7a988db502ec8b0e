# SPDX-License-Identifier: GPL-3.0-or-later
"""What a figure was measured on: a time without its machine and its versions says nothing."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
from pathlib import Path

from neuralboard import cpp_ext

__all__ = ["describe", "peak_memory"]


def describe(*packages: str) -> dict[str, str]:
    """Return the processor, the system, and the versions of Python and of these packages."""
    names = ("neuralboard", "numpy", "pedalboard", *packages)
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in names},
        "extension": "C++" if cpp_ext.HAVE_EXTENSION else "none (NumPy twin)",
    }


def _processor() -> str:
    """Return the processor's model; its clock and caches are not told everywhere."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    facts = {
        key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)
    }
    name = facts.get("model name") or platform.processor() or platform.machine()
    details = [f"{key} {facts[key]}" for key in ("cpu family", "model") if key in facts]
    return f"{name} ({', '.join(details)})" if details else name


def peak_memory() -> int:
    """Return the most memory (resident set, bytes) that this process ever held.

    Linux tells it of this program alone; getrusage would count what the parent held when it
    started this one.
    """
    try:
        status = Path("/proc/self/status").read_text(encoding="utf-8")
    except OSError:
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024
