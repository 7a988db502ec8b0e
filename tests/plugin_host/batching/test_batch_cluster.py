# SPDX-License-Identifier: GPL-3.0-or-later
"""A batch on Dask: a real scheduler and two real worker processes, all on 127.0.0.1."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import neuralboard as nb
from neuralboard import main as door
from tests.conftest import PROJECT
from tests.plugin_host.batching.batch_boxes import Deadly
from tests.plugin_host.batching.batch_files import command, entries, songs, written_once

needs_dask = pytest.mark.skipif(
    importlib.util.find_spec("distributed") is None,
    reason="distributed is not installed: pip install 'neuralboard[cluster]'",
)
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(PROJECT)}


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[str]:
    """Give the address of a scheduler with two worker processes that nobody starts again."""
    running = [
        _dask(tmp_path, "distributed.cli.dask_scheduler", "--port", "0", "--no-dashboard"),
    ]
    try:
        assert running[0].stderr is not None
        for line in running[0].stderr:  # ends when the scheduler does
            if "Scheduler at:" in line:
                address = line.split()[-1]
                break
        worker = ["distributed.cli.dask_worker", address, "--nthreads", "1", "--no-nanny"]
        worker += ["--no-dashboard", "--local-directory", str(tmp_path)]
        running += [_dask(tmp_path, *worker) for _ in range(2)]
        yield address
    finally:
        for process in reversed(running):
            process.kill()
            process.communicate()


def _dask(folder: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", *words, "--host", "127.0.0.1"],
        cwd=folder, env=ENVIRONMENT, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
    )  # fmt: skip


@needs_dask
def test_kill_9_of_a_worker_loses_nothing_and_doubles_nothing(
    tmp_path: Path, scheduler: str
) -> None:
    names = songs(tmp_path / "songs", 6, loud=1)
    board = nb.Board([Deadly(marker=str(tmp_path / "died"))])
    (tmp_path / "board.json").write_text(board.to_json())
    script = (
        "import sys; from tests.plugin_host.batching import batch_boxes;"
        "from neuralboard.main import main; sys.exit(main())"
    )
    words = [tmp_path / "songs", "-o", tmp_path / "out", "--board", tmp_path / "board.json"]
    words += ["--cluster", scheduler]
    done = subprocess.run(
        [sys.executable, "-c", script, "batch", *map(str, words)],
        env=ENVIRONMENT, cwd=PROJECT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1] == "6 of 6 files done", done.stderr
    assert (tmp_path / "died").exists()
    written_once(tmp_path / "out", *(path.name for path in names))
    for path in names:
        assert (tmp_path / "out" / path.name).read_bytes() == path.read_bytes()
    workers = {entry["worker"] for entry in entries(tmp_path / "out")}
    assert 1 <= len(workers) <= 2  # the one that died may have finished others before
    again = nb.batch(tmp_path / "songs", tmp_path / "out", board)  # here: the journal is the same
    assert {result.status for result in again.results} == {"skipped"}


_LOCAL = """
import sys
import psutil
import neuralboard as nb

if __name__ == "__main__":
    def look(result):
        me = psutil.Process()
        for process in [me, *me.children(recursive=True)]:
            for connection in process.net_connections("inet"):
                if connection.status == psutil.CONN_LISTEN:
                    print("listens", connection.laddr.ip)
    report = nb.batch(sys.argv[1], sys.argv[2], "gain(-1)", jobs=2, cluster="local", tell=look)
    print(sorted(result.status for result in report.results))
    print("left", len(psutil.Process().children()) > 1)  # one: multiprocessing's resource tracker
"""


@needs_dask
def test_a_cluster_of_our_own_is_bound_to_this_machine(tmp_path: Path) -> None:
    names = songs(tmp_path / "songs", 2)
    (tmp_path / "local.py").write_text(_LOCAL)
    done = subprocess.run(
        [sys.executable, "local.py", str(tmp_path / "songs"), str(tmp_path / "out")],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[-2:] == ["['done', 'done']", "left False"]
    assert set(lines[:-2]) == {"listens 127.0.0.1"}
    written_once(tmp_path / "out", *(path.name for path in names))


@needs_dask
def test_a_scheduler_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    songs(tmp_path / "songs", 1)
    words = [str(tmp_path / "songs"), "-o", str(tmp_path / "out"), "--chain", "gain(-1)"]
    done = subprocess.run(
        command(*words, "--cluster", "nonsense://x:1"), cwd=PROJECT, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert "no Dask scheduler answers at nonsense://x:1" in done.stderr
    assert done.stderr.count("\n") == 1


def test_without_distributed_the_pip_line_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    songs(tmp_path / "songs", 1)
    monkeypatch.setitem(sys.modules, "distributed", None)
    words = [tmp_path / "songs", "-o", tmp_path / "out", "--chain", "", "--cluster", "local"]
    assert door.main(["batch", *map(str, words)]) == 2
    assert "pip install 'neuralboard[cluster]'" in capfd.readouterr().err
