# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of others are tried once in a process of their own; what is shipped or trusted is not."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from neuralboard.effects import model_file, model_trial, model_trust, shipped
from neuralboard.effects.model_file import load_model, read_card
from neuralboard.effects.runtime import Limits
from neuralboard.errors import ModelFileError
from tests.effects import graphs


@pytest.fixture
def trials(fresh_cache: Path, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Count the trials in place of making them."""
    made: list[bytes] = []
    monkeypatch.setattr(model_file, "try_apart", lambda data, limits: made.append(data))
    return made


def test_a_file_is_tried_once_and_remembered(
    trials: list[bytes], fresh_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = graphs.spectrum_file()
    load_model(data)
    load_model(data)
    assert trials == [data]
    monkeypatch.setattr(model_trust, "_known", set())  # another process
    load_model(data)
    assert trials == [data]
    assert hashlib.sha256(data).hexdigest() in json.loads(fresh_cache.read_text())["sha256"]
    load_model(graphs.waveform_file())
    assert trials == [data, graphs.waveform_file()]


def test_trust_and_shipped_files_need_no_trial(
    trials: list[bytes], fresh_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_model(graphs.spectrum_file(), trust=True)
    data = graphs.waveform_file()
    monkeypatch.setitem(shipped.SHIPPED, "toy", hashlib.sha256(data).hexdigest())
    load_model(data)
    assert trials == []
    assert not fresh_cache.exists()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"tried_by": 1}', "\x00" * 100, "[" * 100_000])
def test_a_broken_cache_is_written_anew(
    trials: list[bytes], fresh_cache: Path, content: str
) -> None:
    fresh_cache.parent.mkdir()
    fresh_cache.write_text(content)
    load_model(graphs.spectrum_file())
    assert len(trials) == 1
    assert len(json.loads(fresh_cache.read_text())["sha256"]) == 1
    assert [path.name for path in fresh_cache.parent.iterdir()] == [fresh_cache.name]


def test_a_cache_that_can_t_be_written_does_no_harm(trials: list[bytes], fresh_cache: Path) -> None:
    fresh_cache.parent.write_text("a file where the folder should be")
    load_model(graphs.spectrum_file())
    load_model(graphs.spectrum_file())  # this process remembers
    assert len(trials) == 1


def test_another_runtime_tries_again(
    trials: list[bytes], fresh_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_model(graphs.spectrum_file())
    monkeypatch.setattr(model_trust, "_known", set())
    monkeypatch.setattr(model_trust, "runtime_version", lambda: "99.0")
    load_model(graphs.spectrum_file())
    assert len(trials) == 2


def test_the_cache_keeps_the_newest(fresh_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_trust, "_MOST", 3)
    for name in "abcde":
        model_trust.remember(name)
    monkeypatch.setattr(model_trust, "_known", set())
    assert [model_trust.is_known(name) for name in "abcde"] == [False, False, True, True, True]


def test_a_good_file_passes_a_real_trial() -> None:
    model_trial.try_apart(graphs.waveform_file(), Limits())


def test_a_failing_trial_says_so_and_is_not_remembered(fresh_cache: Path) -> None:
    card = graphs.spectrum_card(states=(model_file.State("h", "h_out", (1, 9)),))
    data = model_file.add_card(graphs.spectrum_model().SerializeToString(), card)
    with pytest.raises(ModelFileError, match="has the size 8 at axis 2; by its card it must be 9"):
        load_model(data)
    assert not fresh_cache.exists()


def test_without_a_python_to_start_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "")
    with pytest.raises(ModelFileError, match="trust=True"):
        model_trial.try_apart(graphs.waveform_file(), Limits())


@pytest.mark.parametrize(
    ("code", "out", "err", "said"),
    [
        (-11, b"", b"", r"crashed the process \(signal 11\)"),
        (-9, b"", b"", "more than 7 s of processor time"),
        (3, b"", b"x\nlast words\n", "ended with 3: last words"),
        (97, b"", b"", "too much memory"),
        (0, b"", b"", "no word"),
        (0, b'{"passed": false}', b"", "no word"),
        (0, b'{"error": "bad graph"}', b"", "bad graph"),
    ],
)
def test_every_end_but_a_pass_is_an_error(code: int, out: bytes, err: bytes, said: str) -> None:
    with pytest.raises(ModelFileError, match=said):
        model_trial._judge(code, out, err, 7)


@pytest.mark.skipif(sys.platform == "win32", reason="memory is not watched there")
def test_where_the_system_doesn_t_limit_memory_the_process_watches_itself() -> None:
    code = (
        "import resource, sys, threading, time\n"
        "from neuralboard.effects.model_child import _watch_memory\n"
        "unit = 1 if sys.platform == 'darwin' else 1024\n"
        "most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit + (64 << 20)\n"
        "threading.Thread(target=_watch_memory, args=(most, unit), daemon=True).start()\n"
        "small = b'x' * (8 << 20)\n"
        "print('alive', flush=True)\n"
        "large = [b'x' * (1 << 20) for _ in range((most >> 20) + 64)]\n"
        "time.sleep(60)\n"  # the watch ends the process long before
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (done.returncode, done.stdout.split()) == (model_trial.TOO_LARGE, [b"alive"])


def test_the_table_of_shipped_models_is_the_folder() -> None:
    files = sorted(path.stem for path in shipped.FOLDER.glob("*.onnx"))
    assert files == sorted(shipped.SHIPPED)
    for name, sha256 in shipped.SHIPPED.items():
        data = shipped.shipped_model(name).read_bytes()
        assert hashlib.sha256(data).hexdigest() == sha256
        assert read_card(data).golden is not None
        load_model(data, verify=True)
