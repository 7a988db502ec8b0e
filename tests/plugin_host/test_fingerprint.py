# SPDX-License-Identifier: GPL-3.0-or-later
"""What decides an output: files by what is in them, code of one's own, and nothing by accident."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pedalboard as pb
import pytest

import neuralboard as nb
from neuralboard.fingerprint import by_content, code_of, files_in, hash_file, hash_files
from neuralboard.presets import describe_item
from tests.plugin_host.batching.batch_boxes import Raising
from tests.plugin_host.batching.batch_files import song


class _Louder(Raising):
    """A box on somebody else's base, in another file."""


def test_a_word_is_no_file_because_one_of_that_name_lies_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    room = song(tmp_path / "room.wav")
    for name in ("a", "spectral_gate", "b.wav"):
        Path(name).write_bytes(b"not meant")
    gates = [nb.SpectralGate(name="a"), nb.SpectralGate(name="b.wav")]
    board = nb.Board([*gates, pb.Convolution("room.wav"), Raising(marker=str(room))])
    assert files_in(describe_item(board)) == [Path("room.wav"), room]
    assert files_in(describe_item(nb.Board([Raising(marker=str(tmp_path / "a"))]))) == []


def test_a_chain_by_content_tells_no_place(tmp_path: Path) -> None:
    found = []
    for folder in ("one", "two"):
        room = song(tmp_path / folder / "room.wav")
        item = describe_item(nb.Board([pb.Convolution(str(room), 0.5), nb.SpectralGate()]))
        found.append(by_content(item, hash_files(files_in(item))))
        assert str(tmp_path) not in repr(found[-1])
        assert hash_file(room) in repr(found[-1])
        assert by_content(item, {}) == item
    assert found[0] == found[1]


def test_the_code_of_every_box_that_is_not_ours(tmp_path: Path) -> None:
    ours: list[Any] = [nb.SpectralGate(), pb.Gain(), nb.Mix([nb.Box(pb.Reverb()), None])]
    assert code_of(nb.Board(ours)) == {}
    here = hash_file(Path(__file__))
    theirs = hash_file(Path(__file__).parent / "batching" / "batch_boxes.py")
    deep = nb.Board([nb.Mix([nb.Box(nb.Board([_Louder()]))]), *ours])
    base = "tests.plugin_host.batching.batch_boxes"
    expected = {f"{base}:Raising": theirs, f"{base}:_Trouble": theirs}
    assert code_of(deep) == {**expected, f"{__name__}:_Louder": here}
    assert code_of([Raising()]) == code_of(Raising()) == expected


def test_code_without_a_source_has_no_hash() -> None:
    made: Any = type("Typed", (nb.Effect,), {"__module__": "typed_into_a_prompt"})
    assert code_of(made()) == {"typed_into_a_prompt:Typed": ""}
