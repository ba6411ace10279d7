"""The tool-call metrics as sums over rows, and how sure one model's figures are.

    a row's columns      tool_call_accuracy (right, 1)     tool_call_f1 (matched, wrong, lost)
    over all rows        statistic(sums): a rate, an F1

A rate over decisions carries its Wilson interval; what pools calls (F1, arguments) a bootstrap interval, drawn within
each query type, near-duplicates together. Losses carry none here: one model's tokens are not independent trials.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

from toolgemma.evaluation.decisions import HEADLINE_VIEW
from toolgemma.evaluation.score import CallScore
from toolgemma.evaluation.stats import Interval, Statistic, bootstrap, f1, ratio, wilson
from toolgemma.evaluation.summary import Scored


@dataclass(frozen=True, slots=True)
class Metric:
    """Columns of a row's score, which rows count, and the statistic over the columns' sums."""

    columns: Callable[[CallScore], tuple[float, ...]]
    counts: Callable[[CallScore], bool]
    statistic: Statistic
    binary: bool
    """Whether each row is right or wrong: its first column over its second."""


def _everything(score: CallScore) -> bool:
    return True


def _asked(score: CallScore) -> bool:
    return score.gold > 0


def _rate(outcome: Callable[[CallScore], bool], counts: Callable[[CallScore], bool] = _everything) -> Metric:
    return Metric(lambda score: (float(outcome(score)), 1.0), counts, ratio, binary=True)


COMPARED: Mapping[str, Metric] = {
    "tool_call_accuracy": _rate(lambda score: score.correct),
    "tool_name_accuracy": _rate(lambda score: score.names_correct, _asked),
    "tool_args_accuracy": Metric(lambda score: (score.credited, score.gold), _asked, ratio, binary=False),
    "tool_call_f1": Metric(
        lambda score: (score.matched, score.called + score.malformed - score.matched, score.gold - score.matched),
        _everything,
        f1,
        binary=False,
    ),
    "exact_match": _rate(lambda score: score.exact),
    "abstention_accuracy": _rate(lambda score: score.correct, lambda score: score.gold == 0),
    "recall_call": _rate(lambda score: score.called > 0, _asked),
}
"""What two models are compared by."""
_METRICS: Mapping[str, Metric] = {
    **COMPARED,
    "malformed_rate": _rate(lambda score: score.malformed > 0),
    "hallucinated_name_rate": _rate(lambda score: score.not_offered > 0),
    "truncated_rate": _rate(lambda score: score.truncated),
}


def headline_intervals(scored: Sequence[Scored], clusters: Mapping[str, str]) -> dict[str, dict[str, float | None]]:
    """{metric: {"point", "low", "high"}} over the D1 of the view `repaired`; `clusters`: near-duplicates, by row."""
    found = [entry for entry in scored if entry.view == HEADLINE_VIEW and isinstance(entry.score, CallScore)]
    return {name: asdict(_interval(metric, found, clusters)) for name, metric in _METRICS.items()}


def _interval(metric: Metric, found: Sequence[Scored], clusters: Mapping[str, str]) -> Interval:
    chosen = [entry for entry in found if isinstance(entry.score, CallScore) and metric.counts(entry.score)]
    columns = [metric.columns(entry.score) for entry in chosen if isinstance(entry.score, CallScore)]
    if metric.binary:
        return wilson(int(sum(row[0] for row in columns)), len(columns))
    if not columns:
        return Interval(None, None, None)
    return bootstrap(
        columns,
        metric.statistic,
        strata=[entry.query_type for entry in chosen],
        clusters=[clusters.get(entry.row, entry.row) for entry in chosen],
    )
