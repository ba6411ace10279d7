"""A comparison for people: what changed, how sure that is, and which rows were fixed and broken.

A difference that isn't significant is "not shown", and what these rows could have shown stands in the next line.
"""

from collections.abc import Iterator, Sequence

from toolgemma.evaluation.compare import Change, Comparison
from toolgemma.evaluation.stats import Interval
from toolgemma.evaluation.table import NOTHING, Sheet

_ROWS_SHOWN = 12


def sheet(comparison: Comparison, before: str, after: str) -> Sheet:
    """The primary metric, then the secondary ones with Holm-adjusted p-values."""
    heads = ("metric", f"{before}, %", f"{after}, %", "gain, points [95 %]", "p", "verdict")
    rows = [_row(comparison.primary), *map(_row, comparison.secondary)]
    return Sheet(f"{before} against {after}: {comparison.rows} decisions, view {comparison.view}", heads, tuple(rows))


def sentences(comparison: Comparison) -> Iterator[str]:
    """What the table doesn't hold, one thought a line."""
    primary, test = comparison.primary, comparison.test
    yield (
        f"{primary.metric}: {_interval(comparison.before)} % before, {_interval(comparison.after)} % after "
        f"(Wilson 95 %); {test.fixed} rows fixed, {test.broken} broken; "
        f"exact McNemar p {_p_value(test.p)}: {primary.verdict}."
    )
    if comparison.detectable is not None:
        yield (
            f"With {comparison.rows} decisions a gain of {100 * comparison.detectable:.0f} points would have been "
            "shown four times out of five (80 % power, 5 % of the rows broken); a smaller one may be real and unseen."
        )
    for name, rows in (("fixed", comparison.fixed), ("broken", comparison.broken)):
        if rows:
            yield f"{name}: {_listed(rows)}"
    for note in comparison.notes:
        yield f"not the same in both: {note}"


def _row(change: Change) -> tuple[str, ...]:
    p = _p_value(change.p) if change.p_holm is None else f"{_p_value(change.p_holm)} (Holm)"
    gain = _interval(change.gain, "+.1f")
    return (change.metric, _percent(change.before), _percent(change.after), gain, p, change.verdict)


def _p_value(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"= {p:.3f}"


def _percent(value: float | None, spec: str = ".1f") -> str:
    return NOTHING if value is None else format(100 * value, spec)


def _interval(found: Interval, spec: str = ".1f") -> str:
    low, high = _percent(found.low, spec), _percent(found.high, spec)
    return f"{_percent(found.point, spec)} [{low}, {high}]"


def _listed(rows: Sequence[str]) -> str:
    more = len(rows) - _ROWS_SHOWN
    rows = sorted(rows, key=_number)
    return " ".join(rows[:_ROWS_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _number(row: str) -> tuple[str, int]:
    split, _, number = row.rpartition("/")
    return split, int(number)
