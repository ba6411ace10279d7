"""What a reader wants first: did it get better, by how much, how sure is that; then every group of rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from toolgemma.errors import DataError
from toolgemma.evaluation.compare import Change, Comparison, compare, read_predictions
from toolgemma.evaluation.decisions import HEADLINE_VIEW
from toolgemma.evaluation.metrics import COMPANIONS, LOSS_METRICS, LOWER_IS_BETTER, PRIMARY, TOOL_CALL_METRICS
from toolgemma.evaluation.report import plots
from toolgemma.evaluation.report.blocks import Block, Plot, Plots, Section, from_sheet, plot, table, text
from toolgemma.evaluation.report.saved import Saved
from toolgemma.evaluation.report.text import one_line
from toolgemma.evaluation.stats import Interval, wilson
from toolgemma.evaluation.table import NOTHING, figure, sheets
from toolgemma.evaluation.verdict import sentences, sheet

ORDER = ("untuned", "tuned", "always_abstain", "first_offered_tool")
DRAWN = (*TOOL_CALL_METRICS, "abstention_accuracy", "recall_call")
_GROUPS = (("by_query_type", "query type"), ("by_tools_offered", "tools offered"), ("by_file", "file"))


@dataclass(frozen=True, slots=True)
class Card:
    """One big figure at the top of the page."""

    name: str
    value: str
    detail: str


@dataclass(frozen=True, slots=True)
class Headline:
    """Figures of the headline view: intervals by system and metric, and what changed, where both models were scored."""

    saved: Saved
    intervals: Mapping[str, Mapping[str, Interval]]
    comparison: Comparison | None
    refusal: str | None
    """Why there is no comparison although both models were scored."""


def headline(saved: Saved) -> Headline:
    """Read the intervals and compare before with after; a second or two of resampling."""
    systems = saved.metrics["systems"]
    found = {
        system: {name: Interval(**ends) for name, ends in systems[system].get("intervals", {}).items()}
        for system in _systems(saved)
    }
    comparison, refusal = None, None
    if set(saved.predictions) == {"untuned", "tuned"}:
        try:
            comparison = compare(*(read_predictions(saved.predictions[name]) for name in ("untuned", "tuned")))
        except DataError as error:
            refusal = str(error)
    return Headline(saved, found, comparison, refusal)


def cards(found: Headline) -> tuple[Card, ...]:
    """The primary metric of each model, and its gain."""
    made = []
    for system in found.saved.lines:
        record = found.saved.metrics["systems"][system]["views"].get(HEADLINE_VIEW, {}).get("D1", {}).get(PRIMARY)
        interval = found.intervals[system].get(PRIMARY)
        if record is not None and interval is not None and interval.point is not None:
            detail = f"{record['numerator']:g} of {record['denominator']} right, 95 % interval {_bounds(interval)}"
            made.append(Card(f"{PRIMARY}, {system}", f"{100 * interval.point:.1f} %", detail))
    if found.comparison is not None:
        change, test = found.comparison.primary, found.comparison.test
        bounds = _bounds(change.gain, "+.1f")
        detail = f"95 % interval {bounds}" if bounds else "no interval: all resamples agree"
        made.append(Card("gain, points", _points(change.gain.point), detail))
        detail = f"{test.fixed} rows fixed, {test.broken} broken, exact McNemar p {_p(test.p)}"
        made.append(Card("better?", change.verdict, detail))
    return tuple(made)


def before_after(found: Headline) -> Section:
    """The metrics of the headline view, all systems, with intervals and tests."""
    blocks: list[Block] = []
    if found.comparison is not None:
        blocks += [text(sentence) for sentence in sentences(found.comparison)]
    elif found.refusal:
        blocks.append(text(f"Before and after can't be compared: {found.refusal}", "note"))
    else:
        blocks.append(
            text("Only the tuned model was scored. To see what training changed, evaluate with --baseline.", "note")
        )
    blocks += [Plots((_drawing(found), *_gains(found))), _figures(found)]
    if found.comparison is not None:
        blocks.append(from_sheet(sheet(found.comparison, "untuned", "tuned")))
    blocks.append(
        text(
            "Brackets are 95 % intervals: Wilson for shares of decisions, bootstrap (10,000 resamples within each "
            "query type, near-duplicates together) for what pools calls, none where all resamples agree. "
            f"The view is {HEADLINE_VIEW}: the called tool is always in the list. p-values of all metrics but the "
            "first are adjusted together (Holm)."
        )
    )
    return Section("before-after", "Before and after", tuple(blocks))


def groups(found: Headline) -> Section:
    """The primary metric by view, query type and number of offered tools; then the turn after a result."""
    systems = {name: found.saved.metrics["systems"][name] for name in _systems(found.saved)}
    blocks: list[Block] = [
        text(
            "Views ask the same rows in different ways: as published; only where the called tool is offered "
            "(answerable); with the called tool put into the list (repaired, the headline); of those the rows that "
            "aren't nearly in the train split (unleaked); and without the called tool (tool_absent), where the right "
            "answer is not to call."
        ),
        Plots(tuple(_group_plots(systems))),
    ]
    rows = [
        (kind, group, *(_cell(PRIMARY, record, ratio_interval(record)) for record in records))
        for kind, group, records in _grouped(systems)
    ]
    heads = ("by", "group", *(name.replace("_", " ") for name in systems))
    blocks.append(table(f"{PRIMARY} by group of rows", heads, rows, names=2))
    every = sheets(found.saved.metrics)
    named = {"metric", "view", "query type", "tools offered", "file", "part", "label"}
    for each in every[1:]:
        if not each.title.startswith(("D1 errors", "D2 errors")):
            blocks.append(
                from_sheet(each, names=sum(head in named for head in each.heads), folded=each.title.startswith("D1"))
            )
    return Section("groups", "By group of rows", tuple(blocks))


def _systems(saved: Saved) -> list[str]:
    return [name for name in ORDER if name in saved.metrics["systems"]]


def _drawing(found: Headline) -> Plot:
    systems = {name: [found.intervals[name].get(metric) for metric in DRAWN] for name in _systems(found.saved)}
    models = [name for name in systems if name in found.saved.lines]
    said = "; ".join(
        f"{metric} " + ", ".join(f"{name} {_percent(found.intervals[name].get(metric))}" for name in models)
        for metric in DRAWN
    )
    return plot(plots.intervals(DRAWN, systems), f"Metrics of the view {HEADLINE_VIEW} with 95 % intervals", said)


def _gains(found: Headline) -> Iterator[Plot]:
    changes = _changes(found.comparison)
    if changes:
        drawn = plots.intervals(
            [each.metric for each in changes],
            {"tuned": [each.gain for each in changes]},
            xlabel="points gained, tuned against untuned",
            signed=True,
        )
        said = "; ".join(f"{each.metric} {_points(each.gain.point)} {_bounds(each.gain, '+.1f')}" for each in changes)
        yield plot(drawn, "Gains with 95 % intervals; what reaches over the line at 0 may be none", said)


def _figures(found: Headline) -> Any:
    systems = {name: found.saved.metrics["systems"][name] for name in _systems(found.saved)}
    rows = []
    for name in (*TOOL_CALL_METRICS, *LOSS_METRICS, *COMPANIONS):
        records = {
            system: values["views"].get(HEADLINE_VIEW, {}).get("D1", {}).get(name) or values.get("loss", {}).get(name)
            for system, values in systems.items()
        }
        cells = [_cell(name, record, found.intervals[system].get(name)) for system, record in records.items()]
        rows.append((f"{name} (lower is better)" if name in LOWER_IS_BETTER else name, *cells))
    heads = ("metric", *(system.replace("_", " ") for system in systems))
    return table(f"All metrics, view {HEADLINE_VIEW}: value, counts, 95 % interval", heads, rows)


def _changes(comparison: Comparison | None) -> Sequence[Change]:
    return () if comparison is None else (comparison.primary, *comparison.secondary)


def _grouped(systems: Mapping[str, Any]) -> Iterator[tuple[str, str, list[Mapping[str, Any] | None]]]:
    """(kind, group, the record of the primary metric of each system)."""
    for view in next(iter(systems.values()))["views"]:
        yield "view", view, [system["views"].get(view, {}).get("D1", {}).get(PRIMARY) for system in systems.values()]
    for key, kind in _GROUPS:
        every = [system["views"].get(HEADLINE_VIEW, {}).get(key, {}) for system in systems.values()]
        for group in every[0]:
            yield kind, group, [each.get(group, {}).get(PRIMARY) for each in every]


def _group_plots(systems: Mapping[str, Any]) -> Iterator[Plot]:
    found = list(_grouped(systems))
    for kind in dict.fromkeys(kind for kind, *_ in found):
        chosen = [(group, records) for each, group, records in found if each == kind]
        sizes = [max(record["denominator"] if record else 0 for record in records) for _, records in chosen]
        groups = [one_line(group, plots.NAME - 8) for group, _ in chosen]
        names = [f"{group} (n={size})" for group, size in zip(groups, sizes, strict=True)]
        series = {name: [ratio_interval(records[index]) for _, records in chosen] for index, name in enumerate(systems)}
        where = "" if kind == "view" else f", view {HEADLINE_VIEW}"
        caption = f"{PRIMARY} by {kind}{where}; n: decisions"
        said = ", ".join(f"{name} {_percent(each)}" for name, each in zip(names, series["tuned"], strict=True))
        yield plot(plots.intervals(names, series), caption, f"tuned: {said}; every value stands in the table below")


def ratio_interval(record: Mapping[str, Any] | None) -> Interval | None:
    """Wilson's interval of a share as metrics.json holds it; None where there is no such figure."""
    if record is None or record["value"] is None:
        return None
    return wilson(int(record["numerator"]), record["denominator"])


def _cell(name: str, record: Mapping[str, Any] | None, interval: Interval | None) -> str:
    shown = figure(name, record)
    return shown if shown == NOTHING or interval is None else f"{shown} {_bounds(interval)}"


def _percent(interval: Interval | None) -> str:
    return NOTHING if interval is None or interval.point is None else f"{100 * interval.point:.1f} %"


def _bounds(interval: Interval, spec: str = ".1f") -> str:
    if interval.low is None or interval.high is None or interval.low == interval.high:
        return ""
    return f"[{100 * interval.low:{spec}}, {100 * interval.high:{spec}}]"


def _points(gain: float | None) -> str:
    return NOTHING if gain is None else f"{100 * gain:+.1f}"


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"= {value:.3f}"
