"""What is printed at the end of an evaluation: every system side by side, from the report alone.

                        always          first           untuned         tuned
                        abstain         tool
    tool_call_accuracy  33.3 %          0.0 %           41.7 %          55.0 %
                        [22.7, 45.9]    [0.0, 6.0]      [30.1, 54.3]    [42.5, 66.9]
                        20/60           0/60            25/60           33/60

Each figure stands with the numbers it was computed from (for F1: twice the hits of twice the hits + false + missed),
in the headline with its 95 % interval. The seven metrics are those of the headline view `repaired`; then by view, by
query type, by number of tools offered, the loss by part of turn, the turns after a result, the errors. What can't be
computed (0/0, or a loss of a baseline without a model) prints as a dash. Makes no claim: overlapping intervals don't
tell whether a difference is shown; the comparison row by row does.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from toolgemma.evaluation.decisions import HEADLINE_VIEW
from toolgemma.evaluation.errors import ANSWER_LABELS, LABELS
from toolgemma.evaluation.metrics import (
    ANSWER_METRICS,
    COMPANIONS,
    LOSS_METRICS,
    PRIMARY,
    TOOL_CALL_METRICS,
)

NOTHING = "–"
SYSTEMS = ("always_abstain", "first_offered_tool", "untuned", "tuned")
_PRINTED = ("Teacher-forced", "D2,", "D1 errors", "D2 errors")
_UNITS = {"eval_loss"}  # printed as they are; all other figures are shares


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table as text: a title, column heads, rows of cells; the columns before the figures name the row."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def print_report(console: Console, report: Mapping[str, Any]) -> None:
    """Print what a reader needs first: the headline, one figure a group, loss by part, turns after a result, errors."""
    every = sheets(report)
    chosen = [every[0], _groups_sheet(report), *(sheet for sheet in every[1:] if sheet.title.startswith(_PRINTED))]
    for sheet in chosen:
        console.print(as_table(sheet))


def markdown(report: Mapping[str, Any]) -> str:
    """Every sheet as a Markdown table."""
    return "\n".join(as_markdown(sheet) for sheet in sheets(report))


def sheets(report: Mapping[str, Any]) -> list[Sheet]:
    """All tables of a report, as `runner.evaluate` returns it or as read back from metrics.json."""
    systems = {name: report["systems"][name] for name in SYSTEMS if name in report["systems"]}
    heads = tuple(name.replace("_", " ") for name in systems)
    found = [
        Sheet(_title(report), ("metric", *heads), tuple(_headline_rows(systems))),
        Sheet("D1 by view", ("view", "metric", *heads), tuple(_view_rows(systems))),
    ]
    for key, title in (("by_query_type", "query type"), ("by_tools_offered", "tools offered"), ("by_file", "file")):
        rows = tuple(_group_rows(systems, key))
        found.append(Sheet(f"D1 by {title} ({HEADLINE_VIEW})", (title, "metric", *heads), rows))
    models = {name: system for name, system in systems.items() if "loss" in system}
    heads = tuple(models)
    found += [
        Sheet(f"D2, the turn after a result ({HEADLINE_VIEW})", ("metric", *heads), tuple(_answer_rows(models))),
        Sheet("Teacher-forced, by part of turn", ("part", "metric", *heads), tuple(_part_rows(models))),
        Sheet(f"D1 errors ({HEADLINE_VIEW})", ("label", *heads), tuple(_label_rows(models, "labels", LABELS))),
        Sheet(
            f"D2 errors ({HEADLINE_VIEW})",
            ("label", *heads),
            tuple(_label_rows(models, "answer_labels", ANSWER_LABELS)),
        ),
    ]
    return [sheet for sheet in found if sheet.rows]


def figure(name: str, record: Mapping[str, Any] | None) -> str:
    """One figure with its counts, such as "62.5 % 25/40"; a dash for null."""
    if record is None or record["value"] is None:
        return NOTHING
    counts = f"{record['numerator']:.5g}/{record['denominator']}"
    if name in _UNITS:
        return f"{record['value']:.4f} n={record['denominator']}"
    return f"{100 * record['value']:.1f} % {counts}"


def _with_interval(name: str, system: Mapping[str, Any]) -> str:
    """A figure of the headline view with its interval, such as "62.5 % [47.0, 75.8] 25/40"."""
    text = figure(name, _d1(system).get(name))
    found = system["intervals"].get(name)
    if text == NOTHING or not found or found["low"] is None:
        return text
    value, _, counts = text.rpartition(" ")
    return f"{value} [{100 * found['low']:.1f}, {100 * found['high']:.1f}] {counts}"


def _title(report: Mapping[str, Any]) -> str:
    return f"{report['rows']} rows of {report['split']}, view {HEADLINE_VIEW}, D1"


def _groups_sheet(report: Mapping[str, Any]) -> Sheet:
    """The primary metric by view, then within the headline view by query type and number of tools offered."""
    systems = {name: report["systems"][name] for name in SYSTEMS if name in report["systems"]}
    kinds = (
        ("view", _view_rows(systems)),
        ("query type", _group_rows(systems, "by_query_type")),
        ("tools offered", _group_rows(systems, "by_tools_offered")),
        ("file", _group_rows(systems, "by_file")),
    )
    rows = tuple(
        (f"{kind} {group}", *cells) for kind, lines in kinds for group, metric, *cells in lines if metric == PRIMARY
    )
    return Sheet(f"{PRIMARY} by group", ("group", *(name.replace("_", " ") for name in systems)), rows)


def _headline_rows(systems: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for name in TOOL_CALL_METRICS:
        yield (name, *(_with_interval(name, system) for system in systems.values()))
    for name in LOSS_METRICS:
        yield (name, *(figure(name, system.get("loss", {}).get(name)) for system in systems.values()))
    for name in COMPANIONS:
        yield (name, *(_with_interval(name, system) for system in systems.values()))


def _view_rows(systems: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for view in next(iter(systems.values()))["views"]:
        for metric in (*TOOL_CALL_METRICS, "hallucinated_name_rate"):
            cells = tuple(figure(metric, _d1(system, view).get(metric)) for system in systems.values())
            if any(cell != NOTHING for cell in cells):
                yield (view, metric, *cells)


def _group_rows(systems: Mapping[str, Any], key: str) -> Iterator[tuple[str, ...]]:
    groups = {name: system["views"].get(HEADLINE_VIEW, {}).get(key, {}) for name, system in systems.items()}
    for group in next(iter(groups.values())):
        for metric in TOOL_CALL_METRICS:
            cells = tuple(figure(metric, found.get(group, {}).get(metric)) for found in groups.values())
            if any(cell != NOTHING for cell in cells):
                yield (group, metric, *cells)


def _answer_rows(models: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for name in ANSWER_METRICS:
        records = [model["views"].get(HEADLINE_VIEW, {}).get("D2", {}).get(name) for model in models.values()]
        yield (name, *(figure(name, record) for record in records))


def _part_rows(models: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for part in next(iter(models.values()))["loss"]["by_part"]:
        for name in LOSS_METRICS:
            cells = (figure(name, model["loss"]["by_part"][part][name]) for model in models.values())
            yield (part, name, *cells)


def _label_rows(models: Mapping[str, Any], key: str, labels: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Decisions by label; its sub-labels in the cell, most frequent first."""
    found = [model["views"].get(HEADLINE_VIEW, {}).get(key, {}) for model in models.values()]
    for label in labels:
        if any(label in counts for counts in found):
            yield (label, *(_label_cell(counts.get(label, {})) for counts in found))


def _label_cell(counts: Mapping[str, int]) -> str:
    named = ", ".join(f"{sublabel} {count}" for sublabel, count in counts.items() if sublabel)
    return f"{sum(counts.values())}" + (f" ({named})" if named else "")


def _d1(system: Mapping[str, Any], view: str = HEADLINE_VIEW) -> Mapping[str, Any]:
    found: Mapping[str, Any] = system["views"].get(view, {}).get("D1", {})
    return found


def as_table(sheet: Sheet) -> Group:
    """A sheet as a rich table, with an empty line behind it."""
    table = Table(title=Text(sheet.title), title_justify="left")
    for position, head in enumerate(sheet.heads):
        names = position == 0 or head == "metric"
        table.add_column(Text(head), justify="left" if names else "right", overflow="fold")
    for row in sheet.rows:
        table.add_row(*(Text(cell) for cell in row))
    return Group(table, Text())


def as_markdown(sheet: Sheet) -> str:
    """A sheet as a Markdown table under its title."""
    lines = ["| " + " | ".join(sheet.heads) + " |", "|" + "---|" * len(sheet.heads)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in sheet.rows]
    return f"### {sheet.title}\n\n" + "\n".join(lines) + "\n"
