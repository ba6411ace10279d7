"""The linter's findings for people: counts by rule and split, then for each rule its rows, an example and the cure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from toolgemma.data.findings import RULES, Finding

_ROWS_SHOWN = 6
_EXAMPLE = 200
_STYLES = {"error": "red", "warning": "yellow"}


def lint_table(findings: Sequence[Finding], splits: Iterable[str]) -> RenderableType:
    """The rules that found something; `splits` are the columns, in order."""
    names = list(splits)
    by_rule: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_rule[finding.rule].append(finding)
    errors = sum(finding.severity == "error" for finding in findings)
    table = Table(title=f"{errors} errors, {len(findings) - errors} warnings", title_justify="left")
    for head in ("rule", "severity"):
        table.add_column(head, no_wrap=True)
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)
    details: list[RenderableType] = []
    for rule in RULES.values():
        found = by_rule.get(rule.id)
        if found:
            style = _STYLES[rule.severity]
            counts = (str(sum(finding.split == name for finding in found)) for name in names)
            table.add_row(rule.id, Text(rule.severity, style=style), *counts)
            details.append(Text.assemble((rule.id, f"bold {style}"), f": {rule.meaning}"))
            details.append(Padding(Text(_details(found, rule.cure)), (0, 0, 0, 4)))
    return Group(table, *details)


def _details(found: Sequence[Finding], cure: str) -> str:
    example = f"{found[0].split}/{found[0].row}: {found[0].message}"
    if len(example) > _EXAMPLE:
        example = example[: _EXAMPLE - 3] + "..."
    return f"rows: {_shortened(found)}\ne.g.  {example}\ncure: {cure}"


def _shortened(found: Sequence[Finding]) -> str:
    rows = list(dict.fromkeys(f"{finding.split}/{finding.row}" for finding in found))
    more = len(rows) - _ROWS_SHOWN
    return " ".join(rows[:_ROWS_SHOWN]) + (f" and {more} more" if more > 0 else "")
