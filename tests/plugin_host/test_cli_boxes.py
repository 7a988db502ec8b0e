# SPDX-License-Identifier: GPL-3.0-or-later
"""`neuralboard boxes` and `neuralboard check`."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from neuralboard import cli_check, native_facts, natives
from neuralboard import main as door
from neuralboard.catalogue import BoxFacts, describe
from neuralboard.effect import Effect
from neuralboard.parameter import Choice, Parameter


class Wobble(Effect):
    """Moves the level up and down.

    More words.
    """

    cautions = ("makes some people seasick",)
    rate_hz = Parameter(5.0, 0.1, 20.0, unit="Hz", doc="how fast")
    shape = Choice("sine", ["sine", "square"], doc="of the movement")


class Late(Effect):
    """Says that it delays nothing, and gives the last block instead of this one."""

    def process_block(self, block: Any, state: Any, p: Any) -> Any:
        return np.roll(block, 1, axis=1)


def _run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = door.main(list(words))
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return code, out, err


def _all(capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, object]]:
    code, out, _ = _run(capsys, "boxes", "--json")
    assert code == 0
    return {box["name"]: box for box in json.loads(out)}


def test_facts_of_an_own_box() -> None:
    facts = describe("wobble", Wobble, "elsewhere")
    assert isinstance(facts, BoxFacts)
    assert facts.summary == "Moves the level up and down."
    assert facts.cautions == ("makes some people seasick",)
    rate, shape = facts.parameters[:2]
    assert (rate.name, rate.default, rate.unit, rate.range) == ("rate_hz", 5.0, "Hz", "0.1 to 20")
    assert (rate.minimum, rate.maximum, rate.doc) == (0.1, 20.0, "how fast")
    assert (shape.default, shape.range) == ("sine", "'sine' or 'square'")
    assert [p.name for p in facts.parameters[2:]] == ["mix", "bypass", "name"]
    json.dumps(facts.as_json(), allow_nan=False)


def test_every_property_of_every_native_has_a_range() -> None:
    import pedalboard

    for name, ranges in native_facts.RANGES.items():
        if name == "Convolution":
            continue  # needs a file
        properties = natives.property_names(getattr(pedalboard, name)())
        assert set(ranges) == set(properties), name


def test_the_list_holds_natives_with_units_latency_and_cautions(
    capsys: pytest.CaptureFixture[str],
) -> None:
    boxes = _all(capsys)
    for name in native_facts.SUMMARIES:
        assert any(box["class_name"] == name for box in boxes.values()), name
    compressor = boxes["compressor"]
    assert compressor["origin"] == "pedalboard"
    assert "per channel" in str(compressor["cautions"])
    assert "no limiter" in str(boxes["limiter"]["cautions"])
    brickwall = boxes["brickwall_limiter"]
    assert brickwall["latency"] == 240
    assert boxes["pitch_shift"]["streamable"] is False
    parameters = {p["name"]: p for p in brickwall["parameters"]}  # type: ignore[attr-defined]
    assert parameters["lookahead_ms"]["unit"] == "ms"
    assert parameters["lookahead_ms"]["range"] == "above 0, to 100"
    assert parameters["ceiling_db"]["default"] == -1.0


def test_tables_for_people(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    code, out, _ = _run(capsys, "boxes")
    assert code == 0
    for word in ("compressor", "! per channel", "brickwall_limiter", "240 (5.0 ms)", "whole file"):
        assert word in out
    for name in ("limiter", "Limiter"):  # by the name in a chain or by the class
        code, out, _ = _run(capsys, "boxes", name)
        assert code == 0
        for word in ("limiter  Limiter, from pedalboard", "! no limiter", "threshold_db", "dB"):
            assert word in out


def test_an_unknown_box_is_told_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = _run(capsys, "boxes", "compresor")
    assert (code, out) == (2, "")
    assert err.startswith("error: there is no box 'compresor' (did you mean 'compressor'?)")
    assert err.count("\n") == 1


def test_check_of_a_good_box(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = _run(capsys, "check", "gain(gain_db=-6)")
    assert (code, err) == (0, "")
    assert "  ok  " in out
    assert "FAIL" not in out


def test_check_of_a_box_that_breaks_its_promise(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli_check, "_one_box", lambda text: Late())
    code, out, err = _run(capsys, "check", "late()")
    assert code == 1
    assert "FAIL" in out
    assert err.startswith("late() breaks ")


@pytest.mark.parametrize(
    ("text", "match"),
    [("gian()", "did you mean 'gain'"), ("gain() | gain()", "one box, not 2"), ("", "one box")],
)
def test_check_of_no_box(capsys: pytest.CaptureFixture[str], text: str, match: str) -> None:
    code, out, err = _run(capsys, "check", text)
    assert (code, out) == (2, "")
    assert match in err
    assert err.count("\n") == 1
