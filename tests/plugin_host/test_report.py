# SPDX-License-Identifier: GPL-3.0-or-later
"""Promise: a report opens without a server, sorts, plays, hides names, and fits a phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("jinja2", reason="jinja2 comes with the extras [mix] and [bench]")

from neuralboard.audio_writer import AudioWriter
from neuralboard.extras import MissingPackageError
from neuralboard.report import (
    Cell,
    Column,
    Lines,
    Page,
    Picture,
    Section,
    Sounds,
    Table,
    Version,
    markdown,
    write_page,
)
from tests.plugin_host.browser import Browser, find

RATE = 48_000
HOSTILE = "<script>throw 1</script> & `co<de>`"
LONG = "a_box_with_a_very_long_name(and_a_parameter='as_long_as_no_phone_is_wide_enough_to_show')"


def _page(folder: Path) -> Page:
    """Write the sounds and the picture of a page that has everything."""
    for number in range(3):
        tone = 0.1 * np.sin(np.arange(3 * RATE) * 0.02 * (1 + number))
        with AudioWriter(folder / f"{number}.flac", RATE, 1, 16) as writer:
            writer.write(tone[None].astype(np.float32))
    (folder / "p.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="900" height="300"><rect width="900"'
        ' height="300" fill="teal"/></svg>'
    )
    columns = [Column("box", number=False), *(Column(f"metric {n}", "8 kHz") for n in range(12))]
    values = {"b": 9.0, "a": 10.0, LONG: -1.0, "none": None}
    rows = [
        [Cell(f"`{name}`", name), *[Cell(f"{value}", value, note="[1, 2]")] * 12]
        for name, value in values.items()
    ]
    versions = [Version(f"v{n}", f"{n}.flac", n - 1.0, "p.svg") for n in range(3)]
    sections = [
        Section("Table", [Table(columns, rows, "A caption.")]),
        Section("Sounds", [Sounds("One", versions, "Matched."), Sounds("Two", versions)]),
        Section("Rest", [Picture("p.svg", "teal", "Wide.", wide=True), Picture("p.svg", "teal")]),
        Section("Words", [Lines([HOSTILE, LONG]), Lines(["one", "two"], listed=True)]),
    ]
    return Page("A title", ["First."], [HOSTILE], sections, {"machine": "none"})


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    return write_page(_page(folder), folder)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = find()
    if program is None:
        pytest.skip("no Chromium on PATH (Debian: apt-get install chromium)")
    with Browser(program, tmp_path_factory.mktemp("profile")) as opened:
        yield opened


def test_texts_are_escaped_and_backticks_are_code(report: Path) -> None:
    text = report.read_text(encoding="utf-8")
    assert "&lt;script&gt;throw 1&lt;/script&gt; &amp; <code>co&lt;de&gt;</code>" in text
    assert text.count("<script>") == 1
    assert "http" not in text.replace("http-equiv", "")  # nothing comes from elsewhere


def test_markdown_says_the_same(tmp_path: Path) -> None:
    text = markdown(_page(tmp_path))
    lines = text.splitlines()
    assert lines[0] == "# A title"
    assert "**First.**" in lines
    assert "| `b` | 9.0 [1, 2] |" in text
    assert "![teal](p.svg)" in lines
    assert lines[-1] == "Made with: machine none."


def test_a_missing_package_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "jinja2", None)
    with pytest.raises(MissingPackageError, match=r"pip install 'neuralboard\[bench\]'"):
        write_page(Page("x"), tmp_path, extra="bench")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("width", [1200, 390])
def test_nothing_is_wider_than_the_screen_and_the_console_is_silent(
    report: Path, browser: Browser, width: int
) -> None:
    browser.open(report, width)
    assert browser.evaluate("window.innerWidth") == width
    assert browser.evaluate("document.documentElement.scrollWidth") == width
    outside = browser.evaluate(
        "[...document.querySelectorAll('body *')].filter(e => !e.closest('.scroll')"
        f" && e.getBoundingClientRect().right > {width} + 1).map(e => e.outerHTML)"
    )
    assert outside == []
    assert browser.evaluate("document.querySelector('h2').getBoundingClientRect().left") >= 0
    assert browser.said == []


def test_a_click_sorts_numbers_as_numbers_and_a_second_one_turns_them(
    report: Path, browser: Browser
) -> None:
    browser.open(report)
    first = "[...document.querySelectorAll('tbody tr')].map(r => r.cells[0].dataset.key[0])"
    head = "document.querySelectorAll('thead th')[{}].querySelector('button').click()"
    browser.evaluate(head.format(3))
    assert browser.evaluate(first) == ["a", "b", LONG[0], "n"]
    browser.evaluate(head.format(3))
    assert browser.evaluate("document.querySelector('[aria-sort]').ariaSort") == "ascending"
    keys = "[...document.querySelectorAll('tbody tr')].map(r => r.cells[3].dataset.key ?? '')"
    assert browser.evaluate(keys + ".join(' ')").split(" ") == ["-1.0", "9.0", "10.0", ""]
    browser.evaluate(head.format(0))
    names = "[...document.querySelectorAll('tbody tr')].map(r => r.cells[0].dataset.key)"
    assert browser.evaluate(names) == ["a", LONG, "b", "none"]


def test_players_play_and_go_on_where_the_last_version_was(report: Path, browser: Browser) -> None:
    browser.open(report)
    browser.evaluate("window.sounds = [...document.querySelectorAll('audio')]")
    click = "document.querySelectorAll('.player')[{}].querySelectorAll('{}')[{}].click()"
    browser.evaluate(click.format(0, ".play", 0))
    browser.wait("sounds[0].currentTime > 0.3 && !sounds[0].paused")
    browser.evaluate(click.format(0, ".version", 2))
    assert browser.evaluate("sounds[0].paused")
    browser.wait("!sounds[2].paused && sounds[2].currentTime > 0.3")
    assert browser.evaluate("Math.abs(sounds[2].currentTime - sounds[0].currentTime) < 2")
    pressed = "document.querySelector('.version[aria-pressed=true]').dataset.label"
    assert browser.evaluate(pressed) == "v2"
    browser.evaluate(click.format(1, ".play", 0))  # another player stops this one
    browser.wait("sounds[2].paused && !sounds[3].paused")
    browser.evaluate(click.format(1, ".play", 0))
    browser.wait("sounds[3].paused")
    assert browser.said == []


def test_blind_hides_names_gains_and_pictures_until_revealed(
    report: Path, browser: Browser
) -> None:
    browser.open(report)
    browser.evaluate("window.box = document.querySelector('.sounds')")
    browser.evaluate("Math.random = (n => () => (n -= 0.1))(1)")
    texts = "[...box.querySelectorAll('.version')].map(b => b.textContent)"
    assert browser.evaluate(texts) == ["v0-1.0 dB", "v1+0.0 dB", "v2+1.0 dB"]
    browser.evaluate("box.querySelector('.blind').click()")
    assert browser.evaluate(texts) == ["1", "2", "3"]
    order = "[...box.querySelectorAll('.version')].map(b => b.nextElementSibling.src.slice(-6))"
    mixed = browser.evaluate(order)
    assert sorted(mixed) == ["0.flac", "1.flac", "2.flac"] != mixed
    assert not browser.evaluate("box.querySelector('.pictures').checkVisibility()")
    assert not browser.evaluate("box.querySelector('.reveal').hidden")
    browser.evaluate("box.querySelector('.reveal').click()")
    shown = browser.evaluate(texts)
    assert [name[1] for name in shown] == [name[0] for name in mixed]  # who was what
    assert browser.evaluate("box.querySelector('.pictures').checkVisibility()")
    assert browser.said == []
