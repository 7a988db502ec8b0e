# SPDX-License-Identifier: GPL-3.0-or-later
"""Files made to hang, to fill the memory or to crash are one-line errors, soon and cheaply."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from neuralboard.effects import runtime
from neuralboard.effects.model_file import load_model
from neuralboard.effects.model_rules import check_graph
from neuralboard.effects.runtime import Limits
from neuralboard.errors import ModelFileError
from tests.effects import bombs

PROJECT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.usefixtures("fresh_cache")


@pytest.mark.parametrize("name", bombs.REFUSED)
def test_a_bomb_never_reaches_onnx_runtime(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = bombs.REFUSED[name]()

    def never(*_: object) -> None:
        raise AssertionError("loaded")

    monkeypatch.setattr(runtime, "_onnxruntime", never)
    monkeypatch.setattr("neuralboard.effects.model_file.try_apart", never)
    for trust in (False, True):
        with pytest.raises(ModelFileError) as caught:
            load_model(data, trust=trust)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", bombs.SLOW)
def test_a_file_that_aims_at_the_walk_itself_is_counted_out(name: str) -> None:
    with pytest.raises(ModelFileError, match=r"more than \d+ (fields|nodes)|twice"):
        load_model(bombs.SLOW[name](), trust=True)


_TRY = """
import resource, sys
from neuralboard.effects.model_trial import MEMORY, try_apart
from neuralboard.effects.runtime import Limits
from neuralboard.errors import ModelFileError
from tests.effects import bombs
try:
    try_apart(bombs.TRIED[sys.argv[1]](), Limits(), memory=MEMORY, seconds=2)
except ModelFileError as error:
    print(error)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="memory is not limited there")
@pytest.mark.parametrize("name", bombs.TRIED)
def test_a_bomb_that_is_made_of_allowed_parts_fails_its_trial(name: str) -> None:
    """In a process of its own, whose only child is the trial: the system tells the largest one."""
    check_graph(bombs.TRIED[name](), Limits())
    done = subprocess.run(
        [sys.executable, "-c", _TRY, name], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    *said, largest = done.stdout.splitlines()
    assert len(said) == 1, done.stdout
    assert int(largest) * (1 if sys.platform == "darwin" else 1024) < 1 << 30
