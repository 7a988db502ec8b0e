# SPDX-License-Identifier: GPL-3.0-or-later
"""The speed table of the boxes for a mix is made; how fast they are is no test."""

from __future__ import annotations

import pytest

from neuralboard.benchmarks import mix_box_speed


def test_each_box_has_its_line_and_the_bound_is_the_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for bound, wanted in ((1e9, 0), (0.0, 1)):
        monkeypatch.setattr(mix_box_speed, "BOUND", bound)
        assert mix_box_speed.main(["--seconds", "0.1", "--repetitions", "1"]) == wanted
        lines = capsys.readouterr().out.splitlines()
        assert len(lines) == 2 + len(mix_box_speed.contenders())
        assert lines[2].startswith("| pedalboard.Compressor |")
