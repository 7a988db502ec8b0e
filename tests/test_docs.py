# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages under docs/ are true: examples run, chains parse, links lead somewhere.

All `python` blocks of a page make one script; an `output` block must be found in what it printed.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import neuralboard as nb
from neuralboard.mixing.mix_file import MixFileError, read_mix_text
from tests.test_examples import PROJECT, run

PAGES = sorted((PROJECT / "docs").glob("*.md"))
RUN = (
    "boxes", "chain-text", "dynamics", "loudness", "mixing", "separate", "streaming",
    "write-a-box",
)  # fmt: skip


def blocks(page: Path, language: str) -> list[str]:
    """Return the code blocks of a page in one language."""
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("name", RUN)
def test_the_examples_of_a_page_run(name: str, tmp_path: Path) -> None:
    page = PROJECT / "docs" / f"{name}.md"
    code = blocks(page, "python")
    assert code
    script = tmp_path / "page.py"
    script.write_text("\n".join(code), encoding="utf-8")
    done = run(script, tmp_path)
    assert done.returncode == 0, done.stderr
    for shown in blocks(page, "output"):
        for line in shown.strip().splitlines():
            assert line in done.stdout, f"{line!r} is not in what was printed:\n{done.stdout}"


def test_the_chains_of_the_pages_are_chains() -> None:
    found = [text for page in PAGES for text in blocks(page, "chain")]
    assert len(found) >= 2
    for text in found:
        assert len(nb.parse_chain(text)) > 0


def test_the_mix_files_of_the_pages_are_right_but_for_their_sounds() -> None:
    found = [text for page in PAGES for text in blocks(page, "toml") if "[[track]]" in text]
    assert found
    for text in found:
        with pytest.raises(MixFileError) as caught:
            read_mix_text(text, Path("nowhere/mix.toml"))
        assert all("no such file" in problem for problem in caught.value.problems)


@pytest.mark.parametrize("page", [*PAGES, PROJECT / "README.md"], ids=lambda page: page.name)
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#\s]+)\)", page.read_text(encoding="utf-8")):
        if not link.startswith("http"):
            assert (page.parent / link).exists(), link
