# SPDX-License-Identifier: GPL-3.0-or-later
"""A report: one page of tables, pictures and players, as HTML that opens without a server.

    page = Page("Denoisers", summary=["..."], sections=[Section("Quality", [table, picture])])
    write_page(page, Path("report"))          # report/index.html
    markdown(page)                            # the same words and tables as Markdown

The builder knows nothing of what is reported. Texts are plain; `words between backticks` become
code. Pictures and sounds are files beside the page, named relative to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from neuralboard.extras import needs
from neuralboard.safe_file import SafeFile

__all__ = [
    "Cell",
    "Column",
    "Lines",
    "Page",
    "Picture",
    "Section",
    "Sounds",
    "Table",
    "Version",
    "markdown",
    "write_page",
    "write_text",
]


@dataclass(frozen=True)
class Column:
    """A table's column: heading, what stands small beneath it, whether it holds numbers."""

    heading: str
    note: str = ""
    number: bool = True


@dataclass(frozen=True)
class Cell:
    """One entry.

    Attributes
    ----------
    text : str
    key : float or str, optional
        What the column is sorted by; None goes to the end, whichever way it is sorted.
    strong : bool
    note : str
        Shown small beneath the text.
    """

    text: str
    key: float | str | None = None
    strong: bool = False
    note: str = ""


@dataclass(frozen=True)
class Table:
    """Rows that a click on a heading sorts."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    caption: str = ""

    def markdown(self) -> str:
        """Return it as Markdown."""
        heads = [f"{c.heading} ({c.note})" if c.note else c.heading for c in self.columns]
        lines = [_line(heads), _line(["---"] * len(heads))]
        lines += [_line([_bold(cell) for cell in row]) for row in self.rows]
        return "\n".join([*([f"{self.caption}\n"] if self.caption else []), *lines])


@dataclass(frozen=True)
class Lines:
    """Paragraphs, or the points of a list."""

    texts: Sequence[str]
    listed: bool = False


@dataclass(frozen=True)
class Picture:
    """An image file beside the page; `wide` ones scroll sideways on narrow screens."""

    file: str
    alt: str
    caption: str = ""
    wide: bool = False


@dataclass(frozen=True)
class Version:
    """One of several versions of the same sound.

    Attributes
    ----------
    label : str
    file : str, optional
        The sound, beside the page; without one only the picture is shown.
    gain_db : float
        How much its file was turned up to match the others.
    picture : str, optional
        Its spectrogram.
    """

    label: str
    file: str | None = None
    gain_db: float = 0.0
    picture: str | None = None


@dataclass(frozen=True)
class Sounds:
    """Versions of one sound in one player: switched while it plays, by name or blindly."""

    title: str
    versions: Sequence[Version]
    note: str = ""


Block = Table | Lines | Picture | Sounds


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it."""

    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Page:
    """All of a report.

    Attributes
    ----------
    title : str
    first : sequence of str
        Said before anything else, as warnings.
    summary : sequence of str
        The result in plain words, the most important first.
    sections : sequence of Section
    made_with : mapping of str to str
        Machine, versions, seeds.
    """

    title: str
    first: Sequence[str] = ()
    summary: Sequence[str] = ()
    sections: Sequence[Section] = ()
    made_with: dict[str, str] = field(default_factory=dict)


def write_page(page: Page, folder: Path, *, extra: str = "mix", name: str = "index.html") -> Path:
    """Write `folder`/`name`, whole or not at all, and return its path.

    Parameters
    ----------
    page : Page
    folder : Path
        Made where it is missing; pictures and sounds are expected in it.
    extra : str
        The extra of pip that is named where jinja2 is missing.
    name : str
        Of the page.

    Raises
    ------
    MissingPackageError
    """
    jinja2 = needs("jinja2", "jinja2", extra)
    assets = files("neuralboard") / "assets"
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["code"] = _code
    environment.tests["kind"] = lambda block, name: type(block).__name__ == name
    template = environment.from_string((assets / "report.html").read_text(encoding="utf-8"))
    parts = {
        name: (assets / f"report.{name}").read_text(encoding="utf-8") for name in ("css", "js")
    }
    folder.mkdir(parents=True, exist_ok=True)
    return write_text(folder / name, template.render(page=page, **parts))


def write_text(path: Path, text: str) -> Path:
    """Write a text file, whole or not at all."""
    with SafeFile(path, force=True) as file:
        file.file.write(text.encode("utf-8"))
    return path


def markdown(page: Page) -> str:
    """Return the words and tables of a page as Markdown; players are left out."""
    parts = [f"# {page.title}", *(f"**{line}**" for line in page.first)]
    if page.summary:
        parts.append("\n".join(f"- {line}" for line in page.summary))
    for section in page.sections:
        shown = [_block_markdown(block) for block in section.blocks]
        if any(shown):
            parts += [f"## {section.title}", *(text for text in shown if text)]
    if page.made_with:
        told = ", ".join(f"{name} {value}" for name, value in page.made_with.items())
        parts.append(f"Made with: {told}.")
    return "\n\n".join(parts) + "\n"


def _block_markdown(block: Block) -> str:
    if isinstance(block, Table):
        return block.markdown()
    if isinstance(block, Lines):
        return (
            "\n".join(f"- {t}" for t in block.texts) if block.listed else "\n\n".join(block.texts)
        )
    if isinstance(block, Picture):
        shown = f"![{block.alt}]({block.file})"
        return f"{shown}\n\n{block.caption}" if block.caption else shown
    return ""


def _code(text: str) -> Any:
    """Return HTML with `words between backticks` as code, all else escaped."""
    from markupsafe import Markup, escape

    pieces = str(text).split("`")
    if len(pieces) % 2 == 0:  # a backtick without its twin
        return escape(text)
    return Markup("").join(
        Markup("<code>{}</code>").format(piece) if number % 2 else escape(piece)
        for number, piece in enumerate(pieces)
    )


def _bold(cell: Cell) -> str:
    text = " ".join(part for part in (cell.text, cell.note) if part).replace("|", "\\|")
    return f"**{text}**" if cell.strong and text else text


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
