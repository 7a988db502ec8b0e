# SPDX-License-Identifier: GPL-3.0-or-later
"""A batch: every file whole, once, or not at all; a rerun does what is missing or has changed."""

from __future__ import annotations

import errno
import importlib
import multiprocessing
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import neuralboard as nb
from neuralboard.batching.errors import BatchError
from neuralboard.batching.journal import JOURNAL_NAME, Journal
from neuralboard.batching.running import run_batch
from neuralboard.batching.tree import FileTask
from neuralboard.files import process_file
from tests.plugin_host.batching.batch_boxes import Deadly, Raising, Stumbling
from tests.plugin_host.batching.batch_files import LOUD, entries, song, songs, written_once

CHAIN = "highpass_filter(80) | gain(-3)"


def _in_threads(inputs: Any, output: Path, chain: Any, **more: Any) -> Any:
    """Run without processes: what is tested has nothing to do with them."""
    with ThreadPoolExecutor(2) as executor:
        return nb.batch(inputs, output, chain, executor=executor, **more)


def _statuses(report: Any) -> list[str]:
    return [result.status for result in report.results]


@pytest.mark.parametrize("jobs", [1, 2])
def test_processes_give_the_bytes_of_process_file(tmp_path: Path, jobs: int) -> None:
    song(tmp_path / "songs" / "a.wav", seed=1)
    song(tmp_path / "songs" / "deep" / "b.wav", seed=2)
    song(tmp_path / "songs" / "deep" / "c.wav", seed=3)
    out, heard = tmp_path / "out", list[tuple[float, float]]()
    report = nb.batch(
        tmp_path / "songs", out, CHAIN, jobs=jobs, bit_depth=24, progress=lambda *s: heard.append(s)
    )
    names = ["a.wav", "deep/b.wav", "deep/c.wav"]
    assert [Path(r.output).relative_to(out).as_posix() for r in report.results] == names
    assert _statuses(report) == ["done"] * 3
    assert multiprocessing.active_children() == []  # waited for, not only told to go
    board = nb.parse_chain(CHAIN)
    for name in names:
        process_file(board, tmp_path / "songs" / name, tmp_path / "one.wav", bit_depth=24,
                     force=True)  # fmt: skip
        assert (out / name).read_bytes() == (tmp_path / "one.wav").read_bytes()
    written_once(out, *names)
    assert len({result.worker for result in report.results}) <= jobs
    assert {entry["boards_built"] for entry in entries(out)} == {1}  # models load once per worker
    assert str(os.getpid()) not in {result.worker.partition(":")[2] for result in report.results}
    assert heard[-1] == (1.5, 1.5)
    assert heard == sorted(heard)
    assert report.seconds == 1.5


def test_a_rerun_does_what_has_changed_and_nothing_else(tmp_path: Path) -> None:
    names = songs(tmp_path / "songs", 3)
    out = tmp_path / "out"
    _in_threads(tmp_path / "songs", out, CHAIN)
    before = (out / "0.wav").stat().st_mtime_ns
    assert _statuses(_in_threads(tmp_path / "songs", out, CHAIN)) == ["skipped"] * 3
    song(names[1], seed=99)
    assert _statuses(_in_threads(tmp_path / "songs", out, CHAIN)) == ["skipped", "done", "skipped"]
    (out / "2.wav").unlink()
    assert _statuses(_in_threads(tmp_path / "songs", out, CHAIN)) == ["skipped", "skipped", "done"]
    assert (out / "0.wav").stat().st_mtime_ns == before
    assert _statuses(_in_threads(tmp_path / "songs", out, CHAIN, tail=0.1)) == ["done"] * 3
    louder = "highpass_filter(80) | gain(-2)"
    assert _statuses(_in_threads(tmp_path / "songs", out, louder, tail=0.1)) == ["done"] * 3


def test_another_model_or_response_of_the_same_name_is_another_chain(tmp_path: Path) -> None:
    song(tmp_path / "songs" / "a.wav")
    room = song(tmp_path / "room.wav", seed=5)
    chain = f"convolution({str(room)!r}, mix=0.2)"
    assert _statuses(_in_threads(tmp_path / "songs", tmp_path / "out", chain)) == ["done"]
    assert _statuses(_in_threads(tmp_path / "songs", tmp_path / "out", chain)) == ["skipped"]
    song(room, seed=6)
    assert _statuses(_in_threads(tmp_path / "songs", tmp_path / "out", chain)) == ["done"]


def test_a_folder_that_moved_is_done_still(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    song(tmp_path / "here" / "songs" / "a.wav")
    song(tmp_path / "here" / "room.wav", seed=5)
    for folder, status in (("here", "done"), ("there", "skipped")):
        if folder == "there":
            (tmp_path / "here").rename(tmp_path / "there")
        monkeypatch.chdir(tmp_path / folder)
        report = _in_threads("songs", Path("out"), "convolution('room.wav', mix=0.2)")
        assert _statuses(report) == [status]


def test_another_code_of_a_box_of_one_s_own_is_another_chain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (
        "import neuralboard as nb\n"
        "class Halved(nb.Effect):\n"
        "    def process_block(self, block, state, p):\n"
        "        return block * 0.5\n"
    )
    code = tmp_path / "halved_box_of_a_test.py"
    code.write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    board = nb.Board([nb.Box(importlib.import_module("halved_box_of_a_test").Halved())])
    song(tmp_path / "songs" / "a.wav")
    assert _statuses(_in_threads(tmp_path / "songs", tmp_path / "out", board)) == ["done"]
    assert _statuses(_in_threads(tmp_path / "songs", tmp_path / "out", board)) == ["skipped"]
    code.write_text(text.replace("0.5", "0.7"))
    assert _statuses(_in_threads(tmp_path / "songs", tmp_path / "out", board)) == ["done"]


def test_what_others_wrote_is_kept_without_force(tmp_path: Path) -> None:
    songs(tmp_path / "songs", 3)
    out = tmp_path / "out"
    out.mkdir()
    (out / "1.wav").write_bytes(b"precious")
    report = _in_threads(tmp_path / "songs", out, CHAIN)
    assert _statuses(report) == ["done", "failed", "done"]
    assert "1.wav: it exists already; --force" in report.failed[0].error
    (out / "0.wav").write_bytes(b"edited")  # ours no more
    report = _in_threads(tmp_path / "songs", out, "gain(-1)")
    assert _statuses(report) == ["failed", "failed", "done"]
    assert "0.wav: it was changed since a batch wrote it; --force" in report.failed[0].error
    assert (out / "0.wav").read_bytes() == b"edited"
    assert (out / "1.wav").read_bytes() == b"precious"
    assert _statuses(_in_threads(tmp_path / "songs", out, CHAIN, force=True)) == ["done"] * 3


def test_an_edit_while_the_batch_runs_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    songs(tmp_path / "songs", 1)
    out = tmp_path / "out"
    _in_threads(tmp_path / "songs", out, CHAIN)
    plain = Journal.__init__

    def editing(self: Any, folder: Path) -> None:
        plain(self, folder)
        monkeypatch.setattr(
            "neuralboard.batching.running.Standing", _then(out / "0.wav", b"edited meanwhile")
        )

    monkeypatch.setattr(Journal, "__init__", editing)
    report = _in_threads(tmp_path / "songs", out, "gain(-1)")
    assert "somebody changed it meanwhile" in report.failed[0].error
    assert (out / "0.wav").read_bytes() == b"edited meanwhile"


def _then(path: Path, data: bytes) -> Any:
    from neuralboard.batching.standing import Standing

    class Judged(Standing):
        def verdicts(self) -> Any:
            found = list(super().verdicts())
            path.write_bytes(data)
            return iter(found)

    return Judged


def test_bad_inputs_are_told_and_the_others_go_on(tmp_path: Path) -> None:
    good = songs(tmp_path, 2, loud=1)
    (tmp_path / "broken.wav").write_bytes(b"no audio")
    inputs = [good[0], tmp_path / "missing.wav", tmp_path / "broken.wav", good[1]]
    out = tmp_path / "out"
    report = nb.batch(inputs, out, nb.Board([Raising()]), jobs=1)
    assert _statuses(report) == ["done", "failed", "failed", "failed"]
    for result, words in zip(
        report.failed, ("no such file", "is no audio file", "ZeroDivisionError: by zero"),
        strict=True,
    ):  # fmt: skip
        assert words in result.error
        assert result.input in result.error
        assert "\n" not in result.error
        assert result.tries == 1  # another try can't help
    written_once(out, "0.wav")
    failed = [entry for entry in entries(out) if entry["status"] == "failed"]
    assert [Path(entry["input"]).name for entry in failed] == ["missing.wav", "broken.wav", "1.wav"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_in_a_folder_is_named_and_never_opened(tmp_path: Path) -> None:
    songs(tmp_path / "songs", 1)
    os.mkfifo(tmp_path / "songs" / "p.wav")  # whoever opens it waits for a writer for ever
    heard = list[tuple[float, float]]()
    for status in ("done", "skipped"):
        report = _in_threads(
            tmp_path / "songs", tmp_path / "out", CHAIN, progress=lambda *s: heard.append(s)
        )
        assert _statuses(report) == [status, "failed"]
        assert report.failed[0].error.endswith("p.wav is a pipe; a batch needs files")


@pytest.mark.parametrize("jobs", [1, 2])
def test_kill_9_of_a_worker_loses_nothing_and_doubles_nothing(tmp_path: Path, jobs: int) -> None:
    songs(tmp_path / "songs", 4, loud=1)
    out = tmp_path / "out"
    board = nb.Board([Deadly(marker=str(tmp_path / "died"))])
    report = nb.batch(tmp_path / "songs", out, board, jobs=jobs)
    assert (tmp_path / "died").exists()
    assert _statuses(report) == ["done"] * 4
    # Only the file that the dead worker was on is tried again; its neighbour's worker lives on.
    assert [result.tries for result in report.results] == [1, 2, 1, 1]
    written_once(out, "0.wav", "1.wav", "2.wav", "3.wav")
    for n in range(4):
        assert (out / f"{n}.wav").read_bytes() == (tmp_path / "songs" / f"{n}.wav").read_bytes()


def test_a_file_that_kills_every_worker_fails_and_the_others_are_done(tmp_path: Path) -> None:
    songs(tmp_path / "songs", 3, loud=0)
    report = nb.batch(tmp_path / "songs", tmp_path / "out", nb.Board([Deadly()]), jobs=1, retries=1)
    assert _statuses(report) == ["failed", "done", "done"]
    assert report.results[0].error.endswith("0.wav: its worker process died (tried 2 times)")
    written_once(tmp_path / "out", "1.wav", "2.wav")


def test_a_disk_that_stumbles_is_tried_again(tmp_path: Path) -> None:
    songs(tmp_path / "songs", 2, loud=0)
    board = nb.Board([Stumbling(marker=str(tmp_path / "stumbled"))])
    report = _in_threads(tmp_path / "songs", tmp_path / "out", board)
    assert _statuses(report) == ["done", "done"]
    assert [result.tries for result in report.results] == [2, 1]
    board = nb.Board([Stumbling()])
    report = _in_threads(tmp_path / "songs", tmp_path / "two", board, retries=2)
    assert "(tried 3 times)" in report.failed[0].error


def test_an_executor_that_is_broken_is_told(tmp_path: Path) -> None:
    songs(tmp_path / "songs", 2)
    executor = ThreadPoolExecutor(1)
    executor.shutdown()
    report = nb.batch(tmp_path / "songs", tmp_path / "out", CHAIN, executor=executor)
    assert _statuses(report) == ["failed", "failed"]
    assert "the executor takes no more jobs" in report.results[0].error


# ---------------------------------------------------------------------------------- the journal
def test_a_line_that_was_cut_off_is_passed_over(tmp_path: Path) -> None:
    songs(tmp_path / "songs", 2)
    out = tmp_path / "out"
    _in_threads(tmp_path / "songs", out, CHAIN)
    path = out / JOURNAL_NAME
    path.write_bytes(path.read_bytes()[:-40])
    report = _in_threads(tmp_path / "songs", out, CHAIN)
    # What it doesn't tell is not ours: kept, and told.
    assert sorted(_statuses(report)) == ["failed", "skipped"]
    assert "exists already" in report.failed[0].error
    lost = Path(report.failed[0].output)
    lost.unlink()
    assert sorted(_statuses(_in_threads(tmp_path / "songs", out, CHAIN))) == ["done", "skipped"]
    assert path.read_bytes().endswith(b"\n")


def test_one_batch_at_a_time_works_in_a_folder(tmp_path: Path) -> None:
    songs(tmp_path / "songs", 1)
    (tmp_path / "out").mkdir()
    with (
        Journal(tmp_path / "out"),
        pytest.raises(BatchError, match="another batch is at work in"),
    ):
        _in_threads(tmp_path / "songs", tmp_path / "out", CHAIN)
    assert _statuses(_in_threads(tmp_path / "songs", tmp_path / "out", CHAIN)) == ["done"]


def test_a_disk_too_full_for_the_journal_keeps_no_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a line fits, then nothing: the journal is cut back, the file is not there."""
    songs(tmp_path / "songs", 2)
    plain, calls = os.write, iter(range(99))

    def write(file: int, data: bytes) -> int:
        number = next(calls)
        if number == 0:
            return plain(file, data[:50])
        if number == 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        return plain(file, data)

    monkeypatch.setattr(os, "write", write)
    report = _in_threads(tmp_path / "songs", tmp_path / "out", CHAIN)
    monkeypatch.undo()
    assert sorted(_statuses(report)) == ["done", "failed"]
    assert "the disk is full" in report.failed[0].error
    written_once(tmp_path / "out", Path(report.of("done")[0].output).name)
    assert _statuses(_in_threads(tmp_path / "songs", tmp_path / "out", CHAIN)).count("done") == 1


def test_what_a_killed_run_left_is_cleared_away(tmp_path: Path) -> None:
    songs(tmp_path / "songs", 1)
    old = tmp_path / "out" / ".neuralboard-batch.0123"
    old.mkdir(parents=True)
    (old / "half.wav").write_bytes(b"half")
    _in_threads(tmp_path / "songs", tmp_path / "out", CHAIN)
    written_once(tmp_path / "out", "0.wav")


# ---------------------------------------------------------------------------------- what is asked
def test_where_files_go(tmp_path: Path) -> None:
    for name in ("a.wav", "b/a.flac", "b/.hidden.wav", ".git/c.wav", "b/notes.txt", "out/old.wav"):
        song(tmp_path / name)
    from neuralboard.batching.tree import plan_tree

    out = tmp_path / "out"
    plan = plan_tree([tmp_path], out)
    assert [Path(task.output).relative_to(out).as_posix() for task in plan] == ["a.wav", "b/a.flac"]
    plan = plan_tree([tmp_path / "b"], out, format="mp3")
    assert [Path(task.output).name for task in plan] == ["a.mp3"]
    song(tmp_path / "d" / "x.m4a")
    assert plan_tree([tmp_path / "d", tmp_path / "d"], out) == [
        FileTask(str(tmp_path / "d" / "x.m4a"), str(out / "x.wav"))
    ]
    wrong: list[tuple[list[Any], str | None, str]] = [
        ([tmp_path / "b", tmp_path / "a.wav"], "flac", "would both become a.flac"),
        ([tmp_path / ".git"], "xyz", "format 'xyz' is written by nobody"),
        (["-"], None, "neuralboard process reads '-'"),
        ([tmp_path / "nope"], None, "there is no file or folder .*nope"),
        ([tmp_path / "a.wav", tmp_path / "nope"], None, "there is no file or folder .*nope"),
        ([tmp_path / "nope.wav"], None, "there is no file or folder .*nope.wav"),
    ]
    for inputs, kind, match in wrong:
        with pytest.raises(BatchError, match=match):
            plan_tree(inputs, out, format=kind)
    with pytest.raises(BatchError, match="is a file"):
        plan_tree([tmp_path / "b"], tmp_path / "a.wav")
    (tmp_path / "none").mkdir()
    with pytest.raises(BatchError, match="no audio files in"):
        plan_tree([tmp_path / "none"], out)


@pytest.mark.parametrize(
    ("more", "match"),
    [
        ({"jobs": 0}, "jobs = 0"),
        ({"retries": -1}, "retries = -1"),
        ({"taill": 3}, "no setting 'taill'.*did you mean 'tail'"),
        ({"removed": "x.wav"}, "no setting 'removed'"),
        ({"bit_depth": 7}, "no bit depth 7"),
        ({"chain": "compresor()"}, "did you mean 'compressor'"),
    ],
)
def test_what_makes_no_sense_is_found_before_anything_runs(
    tmp_path: Path, more: dict[str, Any], match: str
) -> None:
    songs(tmp_path / "songs", 1)
    given = {"chain": CHAIN, **more}
    with pytest.raises((BatchError, nb.NeuralboardError), match=match):
        nb.batch(tmp_path / "songs", tmp_path / "out", **given)
    assert not (tmp_path / "out").exists()


def test_an_output_is_never_an_input(tmp_path: Path) -> None:
    names = songs(tmp_path / "songs", 2)
    before = [path.read_bytes() for path in names]
    with pytest.raises(BatchError, match="is one of the inputs"):
        _in_threads(names, tmp_path / "songs", CHAIN, force=True)
    assert [path.read_bytes() for path in names] == before
    assert sorted((tmp_path / "songs").iterdir()) == names  # no journal either
    with pytest.raises(BatchError, match="would both become"):
        run_batch(
            [FileTask(str(names[0]), "x.wav"), FileTask(str(names[1]), "x.wav")], "", tmp_path
        )


def test_a_setting_that_fits_no_file_names_it(tmp_path: Path) -> None:
    song(tmp_path / "songs" / "0.wav", LOUD)
    report = _in_threads(tmp_path / "songs", tmp_path / "out", "", start=99)
    assert "0.wav is 0.500 s long" in report.failed[0].error


def test_the_journal_is_an_error_where_it_can_not_be(tmp_path: Path) -> None:
    (tmp_path / JOURNAL_NAME).mkdir()
    with pytest.raises(BatchError, match="can't open the journal"):
        Journal(tmp_path)
