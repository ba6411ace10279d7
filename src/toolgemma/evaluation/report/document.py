"""The report as Markdown: the same sections with the same figures; drawings in words, rows in the predictions file.

Whatever comes from a model or a dataset is escaped, so that it can be neither markup nor HTML in any viewer.
"""

import re
from collections.abc import Iterator, Sequence

from toolgemma.evaluation.report.blocks import Block, Code, Matrix, Plots, Table, Text
from toolgemma.evaluation.report.page import Page
from toolgemma.evaluation.report.text import visible

_MARKUP = re.compile(r"([\\`*\[\]<>&|~#!])")
_ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}


def markdown(page: Page) -> str:
    """The whole document."""
    lines = [f"# {_escaped(page.title)}", "", _escaped(page.subtitle), ""]
    for card in page.cards:
        lines.append(f"- {_escaped(card.name)}: **{_escaped(card.value)}** ({_escaped(card.detail)})")
    for section in (*page.sections, *page.settings):
        lines += ["", f"## {_escaped(section.title)}"]
        for block in section.blocks:
            lines += ["", *_block(block)]
    lines += ["", f"{len(page.browser.rows):,} turns can be browsed in report.html."]
    lines += [_escaped(said) for said in page.browser.limits]
    return "\n".join(lines) + "\n"


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, Text):
        yield ("> " if block.tone == "note" else "") + _escaped(block.text)
    elif isinstance(block, Table):
        yield from _table(block.caption, block.heads, block.rows)
    elif isinstance(block, Matrix):
        rows = [(name, *map(str, counts)) for name, counts in block.rows]
        yield from _table(block.caption, (block.corner, *block.columns), rows)
    elif isinstance(block, Plots):
        for plot in block.plots:
            yield f"*{_escaped(plot.caption)}*: {_escaped(plot.alt)}"
            yield ""
    elif isinstance(block, Code):
        text = visible(block.text)
        fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
        yield from (_escaped(block.caption), "", fence, text.rstrip("\n"), fence)


def _table(caption: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"**{_escaped(caption)}**"
    yield ""
    yield "| " + " | ".join(map(_escaped, heads)) + " |"
    yield "|" + "---|" * len(heads)
    for row in rows:
        yield "| " + " | ".join(map(_escaped, row)) + " |"


def _escaped(text: str) -> str:
    return (
        _MARKUP.sub(r"\\\1", " ".join(visible(text).split()))
        .replace("\\<", "&lt;")
        .replace("\\>", "&gt;")
        .replace("\\&", "&amp;")
    )
