# SPDX-License-Identifier: GPL-3.0-or-later
"""The door of the command line: the table, what is missing, what is not imported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import neuralboard
from neuralboard import early_stop
from neuralboard import main as door


def _run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "neuralboard", *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "100", **environment},
    )


def test_version_and_help() -> None:
    assert _run("--version").stdout == f"neuralboard {neuralboard.__version__}\n"
    shown = _run()
    assert shown.returncode == 0
    for name, command in door.COMMANDS.items():
        assert name in shown.stdout
        assert command.help in shown.stdout
    helped = _run("process", "--help")
    assert helped.returncode == 0
    for option in ("--chain", "--board", "--tail", "--learn", "--removed", "--allow-vst3"):
        assert option in helped.stdout


def test_the_module_behind_the_script_runs_too() -> None:
    called = [sys.executable, "-m", "neuralboard.main", "--version"]
    done = subprocess.run(called, capture_output=True, text=True, check=True)
    assert done.stdout == f"neuralboard {neuralboard.__version__}\n"


def test_an_unknown_command_is_told_the_nearest() -> None:
    done = _run("proces", "in.wav")
    assert done.returncode == 2
    assert done.stderr == (
        "error: there is no command 'proces' (did you mean 'process'?);"
        f" there are {', '.join(door.COMMANDS)}\n"
    )


def test_a_missing_package_is_told_with_its_cure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(
        door.COMMANDS, "fly", door.Command("no_such_package_here.cli:fly", "Fly.", "wings")
    )
    assert door.main(["fly"]) == 2
    expected = 'error: this command needs no_such_package_here: pip install "neuralboard[wings]"\n'
    assert capsys.readouterr().err == expected


def test_an_unforeseen_error_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def surprise(words: list[str]) -> int:
        raise KeyError("surprise")

    monkeypatch.setattr(door, "_run", surprise)
    assert door.main([]) == 1
    assert capsys.readouterr().err == "error: KeyError: 'surprise'\n"
    monkeypatch.setenv("NEURALBOARD_TRACEBACK", "1")
    with pytest.raises(KeyError):
        door.main([])


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no SIGINT to a process alone")
@pytest.mark.parametrize("module", ["numpy", "pedalboard", "typer", "rich"])
def test_ctrl_c_while_it_loads_is_one_line(tmp_path: Path, module: str) -> None:
    """A package that is loaded on the way gets the signal while it is being imported."""
    (tmp_path / f"{module}.py").write_text(
        "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nraise ImportError('it went on')\n"
    )
    words = ["process", "in.wav", "-o", "out.wav", "--chain", ""]
    done = _run(*words, PYTHONPATH=str(tmp_path))
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "stopped; nothing half-written was kept\n"


def test_an_import_leaves_signals_alone() -> None:
    code = "import signal, neuralboard; print(signal.getsignal(2) is signal.default_int_handler)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"


def test_only_the_command_itself_is_watched() -> None:
    for words, command in [
        (["python", "/usr/bin/neuralboard", "process"], True),
        (["python", "-m", "neuralboard", "boxes"], True),
        (["python", "-m", "neuralboard.main", "boxes"], True),
        (["python", "-c", "from multiprocessing.spawn import spawn_main", "neuralboard"], False),
        (["python", "mine.py", "neuralboard"], False),
        (["python"], False),
    ]:
        assert early_stop._is_command(words) is command


def test_completion_knows_commands_and_their_options() -> None:
    asked = {"_NEURALBOARD_COMPLETE": "complete_bash", "COMP_CWORD": "1"}
    assert _run(**asked, COMP_WORDS="neuralboard pro").stdout.split() == ["process"]
    asked["COMP_CWORD"] = "2"
    shown = _run(**asked, COMP_WORDS="neuralboard process --al").stdout
    assert shown.split() == ["--allow-vst3"]


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import neuralboard", "typer rich torch onnxruntime librosa matplotlib soxr mutagen"),
        ("import neuralboard.main", "typer rich torch onnxruntime librosa matplotlib"),
        ("import neuralboard.cli", "torch onnxruntime librosa matplotlib"),
    ],
)
def test_what_an_import_does_not_load(statement: str, absent: str) -> None:
    code = f"import sys; {statement}; print([n for n in {absent.split()} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
