# SPDX-License-Identifier: GPL-3.0-or-later
"""Importing neuralboard and loading a model leave no file, thread or look-up behind.

Official builds of ONNX Runtime start a telemetry thread at their import, write an id and a database
under the user's cache and look up a collector, unless they are told not to beforehand.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from neuralboard.effects import runtime
from neuralboard.errors import NeuralboardWarning
from tests.effects import graphs

IMPORT = "import neuralboard"
LOAD = """
import neuralboard
from neuralboard.effects.model_file import load_model
model = load_model('model.onnx', trust={trust})
import numpy as np
model.run(np.zeros((1, 3, 17, 2), np.float32), model.start_states(1))
"""


@pytest.fixture(scope="module")
def watch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the library that is loaded before all others and notes what happens."""
    compiler = shutil.which(os.environ.get("CXX", "c++"))
    if sys.platform != "linux" or compiler is None:
        pytest.skip("watching calls of the system needs Linux and a C++ compiler (CXX or c++)")
    library = tmp_path_factory.mktemp("watch") / "watch_system.so"
    source = Path(__file__).with_name("watch_system.cpp")
    command = [compiler, "-std=c++17", "-shared", "-fPIC", str(source), "-o", str(library), "-ldl"]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return library


def traces(code: str, watch: Path, folder: Path) -> tuple[list[str], list[str]]:
    """Run code in a fresh process with an empty home; return (what it did, files it left)."""
    home = folder / "home"
    home.mkdir()
    log = folder / "watch.log"
    (folder / "model.onnx").write_bytes(graphs.spectrum_file())
    kept = ("PATH", "LANG", "SYSTEMROOT", "NEURALBOARD_NO_EXTENSION")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    environment |= {"HOME": str(home), "TMPDIR": str(home), "LD_PRELOAD": str(watch)}
    # NumPy's linear algebra has threads of its own, one per core.
    environment |= {"WATCH_LOG": str(log), "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-B", "-c", code],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = log.read_text(encoding="utf-8").split() if log.exists() else []
    return said, [str(path.relative_to(home)) for path in home.rglob("*") if path.is_file()]


def test_the_watch_sees_what_it_watches_for(watch: Path, tmp_path: Path) -> None:
    code = (
        "import pathlib, socket, threading\n"
        "pathlib.Path.home().joinpath('left').touch()\n"
        "socket.getaddrinfo('127.0.0.1', 80)\n"
        "socket.socket().close()\n"
        "thread = threading.Thread(target=int)\nthread.start()\nthread.join()\n"
    )
    said, files = traces(code, watch, tmp_path)
    assert {"look-up", "socket", "thread"} == set(said)
    assert files == ["left"]


def test_an_import_leaves_no_trace(watch: Path, tmp_path: Path) -> None:
    assert traces(IMPORT, watch, tmp_path) == ([], [])


def test_loading_a_model_leaves_no_trace(watch: Path, tmp_path: Path) -> None:
    assert traces(LOAD.format(trust=True), watch, tmp_path) == ([], [])


def test_a_file_of_others_leaves_one_note_in_the_cache(watch: Path, tmp_path: Path) -> None:
    said, files = traces(LOAD.format(trust=False), watch, tmp_path)
    assert files == [".cache/neuralboard/tried_models.json"]
    # The one thread reads what the trial writes; it ends with it.
    assert set(said) <= {"thread"}


def test_onnxruntime_is_imported_in_one_place_only(project: Path) -> None:
    folders = ("plugin_host", "effects", "cpp_ext", "training", "benchmarks")
    found = [
        path.name
        for folder in folders
        for path in (project / folder).rglob("*.py")
        if any(
            line.strip().startswith(("import onnxruntime", "from onnxruntime"))
            for line in path.read_text(encoding="utf-8").splitlines()
        )
    ]
    assert found == ["runtime.py"]


def test_an_earlier_import_with_telemetry_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    runtime.warm_up_runtime()
    monkeypatch.delenv("ORT_DISABLE_TELEMETRY")
    monkeypatch.setattr(runtime, "_said", False)
    with pytest.warns(NeuralboardWarning, match="set ORT_DISABLE_TELEMETRY=1"):
        runtime.warm_up_runtime()
    monkeypatch.delenv("ORT_DISABLE_TELEMETRY")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        runtime.warm_up_runtime()
