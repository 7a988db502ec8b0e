# SPDX-License-Identifier: GPL-3.0-or-later
"""Fuzz of model files: `python -m tests.effects.fuzz_models COUNT [SEED]` (make fuzz).

Each damaged file must load and pass, or end in a ModelFileError; nothing else may happen, and
nothing may take long or much memory. A load does: the checks of the file, here; the trial with
its limits, in a fork (in real life a fresh process, which would take a second each); the load
without limits and a run on noise, in another fork, which is then watched: it stands for the
program of the user. Faults are printed with the seed that makes them again.
"""

from __future__ import annotations

import collections
import os
import random
import resource
import sys
import time
import warnings
from collections.abc import Callable

import numpy as np

from neuralboard.effects.model_child import limit_resources, trial
from neuralboard.effects.model_file import load_model, read_card
from neuralboard.effects.model_probe import input_shapes
from neuralboard.effects.model_rules import check_graph
from neuralboard.effects.model_trial import MEMORY, SECONDS
from neuralboard.effects.runtime import Limits, warm_up_runtime
from neuralboard.errors import ModelFileError
from tests.effects.mutations import mutant

PASSED, REFUSED, BROKEN = 0, 10, 20
MOST_CHECK_SECONDS = 5.0  # of processor time; some milliseconds are usual
MOST_MEMORY = 1 << 30
MOST_LOAD_SECONDS = 30


def in_a_fork(work: Callable[[], None]) -> tuple[int, int]:
    """Run `work` in a fork; return (its exit code, or minus a signal; its peak memory in bytes)."""
    child = os.fork()
    if child == 0:
        code = BROKEN
        try:
            work()
            code = PASSED
        except (ModelFileError, MemoryError):
            code = REFUSED
        except BaseException as error:
            print(f"{type(error).__name__}: {error}", flush=True)
        finally:
            os._exit(code)
    _, status, used = os.wait4(child, 0)
    return os.waitstatus_to_exitcode(status), used.ru_maxrss * 1024


def try_it(data: bytes) -> None:
    """Do what the trial does, with its limits."""
    limit_resources(MEMORY, SECONDS)
    trial(data, Limits())


def use_it(data: bytes) -> None:
    """Load the file as a program would, and run it on noise."""
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_LOAD_SECONDS, MOST_LOAD_SECONDS + 1))
    model = load_model(data, trust=True)
    rng = np.random.default_rng(0)
    states = model.start_states(2)
    for frames in (1, 5):
        shape = input_shapes(model.card, 2, frames)[model.card.inputs[0]]
        model.run(rng.standard_normal(shape, dtype=np.float32), states)


def outcome(data: bytes) -> str:
    """Return what became of a file; a word that begins with FAULT must not happen."""
    start = time.process_time()
    try:
        read_card(data)
        check_graph(data, Limits())
    except ModelFileError:
        return "refused by the checks"
    except Exception as error:
        return f"FAULT: {type(error).__name__} from the checks: {error}"
    finally:
        spent = time.process_time() - start
    if spent > MOST_CHECK_SECONDS:
        return f"FAULT: the checks took {spent:.1f} s"
    code, memory = in_a_fork(lambda: try_it(data))
    if memory > MOST_MEMORY:
        return f"FAULT: the trial took {memory >> 20} MiB"
    if code == BROKEN:
        return "FAULT: the trial raised something else"
    if code != PASSED:
        return "refused by the trial" if code == REFUSED else "stopped in the trial"
    code, memory = in_a_fork(lambda: use_it(data))
    if memory > MOST_MEMORY:
        return f"FAULT: the load took {memory >> 20} MiB"
    if code == REFUSED:
        return "refused by the load"
    return "loaded and ran" if code == PASSED else f"FAULT: the load ended with {code}"


def main(count: int, seed: int) -> int:
    """Try `count` files; return how many faults there were."""
    warnings.simplefilter("ignore", DeprecationWarning)  # of fork beside threads of BLAS
    warm_up_runtime()
    found: collections.Counter[str] = collections.Counter()
    kinds: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for number in range(seed, seed + count):
        kind, data = mutant(random.Random(number))
        word = outcome(data)
        if word.startswith("FAULT"):
            print(f"seed {number} ({kind}): {word}", flush=True)
            word = "FAULT"
        found[word] += 1
        kinds[kind][word] += 1
    for kind, words in sorted(kinds.items()):
        print(f"{kind}: {', '.join(f'{n} {word}' for word, n in sorted(words.items()))}")
    print(f"{count} files: {', '.join(f'{n} {word}' for word, n in found.most_common())}")
    return found["FAULT"]


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]] or [10_000]
    sys.exit(bool(main(numbers[0], numbers[1] if len(numbers) > 1 else 0)))
