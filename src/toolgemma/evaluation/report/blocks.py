"""What a report is made of, before it becomes HTML or Markdown: sections of paragraphs, tables, figures and code.

Both documents are written from the same blocks, so they can't say different things. Strings are plain text; whoever
writes a document escapes them. Every figure is followed by a table with its numbers.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from toolgemma.evaluation.report.text import cut, one_line
from toolgemma.evaluation.table import Sheet

CELL, SENTENCES = 300, 2_000
"""Characters of a table cell, and of a paragraph or a description, at most."""


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph; a `note` is what a reader must know before believing a figure, such as that something was cut."""

    text: str
    tone: Literal["plain", "note"] = "plain"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells; the first `names` columns name the row."""

    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    names: int = 1
    folded: bool = False
    """Closed until somebody opens it, in HTML."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """Counts by row and column."""

    caption: str
    corner: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[int, ...]], ...]
    right: frozenset[tuple[str, ...]]
    """(row, column) of the cells that count what is right."""

    def shade(self, count: int) -> int:
        """0 (nothing) to 4 (the largest count of the matrix)."""
        largest = max((max(counts, default=0) for _, counts in self.rows), default=0)
        return -(-4 * count // largest) if largest else 0


@dataclass(frozen=True, slots=True)
class Plot:
    """A drawing as an inline SVG element, and what it shows in words."""

    svg: str
    caption: str
    alt: str


@dataclass(frozen=True, slots=True)
class Plots:
    """Figures that stand beside each other where there is room."""

    plots: tuple[Plot, ...]


@dataclass(frozen=True, slots=True)
class Code:
    """Verbatim text, closed until somebody opens it, in HTML."""

    caption: str
    text: str


Block = Text | Table | Matrix | Plots | Code


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report; `id` is its address within the page."""

    id: str
    title: str
    blocks: tuple[Block, ...]


def text(words: str, tone: Literal["plain", "note"] = "plain") -> Text:
    """A paragraph of at most `SENTENCES` characters."""
    return Text(cut(words, SENTENCES), tone)


def plot(svg: str, caption: str, alt: str) -> Plot:
    """A drawing whose caption and description are cut as paragraphs are."""
    return Plot(svg, cut(caption, SENTENCES), cut(alt, SENTENCES))


def table(
    caption: str, heads: Sequence[str], rows: Iterable[Sequence[object]], *, names: int = 1, folded: bool = False
) -> Table:
    """A table of anything that has a `str`; cells are cut to `CELL` characters, and say so."""
    cells = tuple(tuple(one_line(cut(str(cell), CELL), 2 * CELL) for cell in row) for row in rows)
    return Table(cut(caption, SENTENCES), tuple(one_line(head, CELL) for head in heads), cells, names, folded)


def from_sheet(sheet: Sheet, *, names: int = 1, folded: bool = False) -> Table:
    """A table of `evaluation.table`."""
    return table(sheet.title, sheet.heads, sheet.rows, names=names, folded=folded)
