# SPDX-License-Identifier: GPL-3.0-or-later
"""The process in which a file of others is tried: `python -m neuralboard.effects.model_child`.

Reads the file from standard input and writes one line of JSON: {"passed": true} or {"error": ...}.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time

from neuralboard.effects.model_file import read_card
from neuralboard.effects.model_probe import check_ports, most_frames, probe
from neuralboard.effects.model_trial import TOO_LARGE
from neuralboard.effects.runtime import Limits, open_graph, warm_up_runtime
from neuralboard.errors import NeuralboardError

__all__ = ["limit_resources", "main", "trial"]


def trial(data: bytes, limits: Limits) -> None:
    """Load the file and run it at the sizes that a host asks for."""
    card = read_card(data, limits)
    graph = open_graph(data, limits)
    check_ports(card, graph)
    for batch, frames in ((1, 1), (2, 3), (1, most_frames(card))):
        probe(card, graph, batch, frames)


def limit_resources(memory: int, seconds: int) -> None:
    """Limit what this process may use from now on."""
    try:
        import resource
    except ImportError:  # Windows: the parent watches the clock
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu = int(used.ru_utime + used.ru_stime) + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            mapped = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (mapped + memory, mapped + memory))
    except (OSError, ValueError):  # macOS has neither
        unit = 1 if sys.platform == "darwin" else 1024
        most = used.ru_maxrss * unit + memory
        threading.Thread(target=_watch_memory, args=(most, unit), daemon=True).start()


def _watch_memory(most: int, unit: int) -> None:
    import resource

    while resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit < most:
        time.sleep(0.01)
    os._exit(TOO_LARGE)


def main(words: list[str]) -> int:
    """Try the file on standard input; `words` are bytes, seconds and the limits."""
    memory, seconds, *rest = map(int, words)
    limits = Limits(*rest)
    # Whatever a library prints must not be taken for the answer.
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    data = sys.stdin.buffer.read(limits.max_bytes + 1)
    warm_up_runtime()
    limit_resources(memory, seconds)
    found: dict[str, object] = {"passed": True}
    try:
        trial(data, limits)
    except NeuralboardError as error:
        found = {"error": str(error)}
    except MemoryError:
        found = {"error": f"the model file needs more than {memory >> 20} MiB; make it smaller"}
    print(json.dumps(found), file=answer, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
