"""How sure each figure of one system is: an interval for every metric of the tool-call decisions.

Shares of decisions get Wilson's interval. What pools several calls of a decision, or averages over classes or tools,
gets a bootstrap interval within each query type, unless every resample says the same. Losses get none: their sums are
saved, not their rows.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from toolgemma.evaluation import stats
from toolgemma.evaluation.metrics import call_metrics
from toolgemma.evaluation.score import CallScore
from toolgemma.evaluation.stats import Floats, Interval, Statistic

_Columns = Callable[[CallScore], tuple[float, ...]]


def metric_intervals(scores: Sequence[CallScore], strata: Sequence[str]) -> dict[str, Interval]:
    """The interval of each metric of `metrics.call_metrics`; `strata`: query type, one a score."""
    found = {}
    single = all(score.gold <= 1 for score in scores)
    for name, ratio in call_metrics(scores).items():
        if single and name in _SINGLE:
            found[name] = stats.wilson(int(ratio.numerator), ratio.denominator)
        elif name in _POOLED:
            columns, statistic = _POOLED[name]
            found[name] = _bootstrap(scores, strata, columns, statistic)
        elif name == "f1_macro_tool":
            found[name] = _macro_f1(scores, strata)
        else:
            found[name] = stats.wilson(int(ratio.numerator), ratio.denominator)
    return found


def ratio_interval(record: Mapping[str, Any] | None) -> Interval | None:
    """Wilson's interval of a share as metrics.json holds it; None where there is no such figure."""
    if record is None or record["value"] is None:
        return None
    return stats.wilson(int(record["numerator"]), record["denominator"])


def balanced(sums: Floats) -> Floats:
    """Statistic over (right without gold, all without gold, calling with gold, all with gold): the mean of shares."""
    return (stats.ratio(sums[..., :2]) + stats.ratio(sums[..., 2:])) / 2


def _informative(found: Interval) -> Interval:
    """Without its ends where every resample gave the same: then the rows say nothing about how sure it is."""
    return Interval(found.point, None, None) if found.low == found.high else found


def _bootstrap(scores: Sequence[CallScore], strata: Sequence[str], columns: _Columns, statistic: Statistic) -> Interval:
    if not scores:
        return Interval(None, None, None)
    values = np.array([columns(score) for score in scores], dtype=np.float64)
    return _informative(stats.bootstrap(values, statistic, strata=strata))


def _macro_f1(scores: Sequence[CallScore], strata: Sequence[str]) -> Interval:
    """Mean over the tools in gold calls of their F1; three columns a tool."""
    tools = sorted({name for score in scores for name, hits, _, lost in score.by_tool if hits + lost})
    at = {name: index for index, name in enumerate(tools)}
    values = np.zeros((len(scores), len(tools), 3))
    for row, score in enumerate(scores):
        for name, *counts in score.by_tool:
            if name in at:
                values[row, at[name]] = counts

    def mean(sums: Floats) -> Floats:
        by_tool = sums.reshape(*sums.shape[:-1], len(tools), 3)
        wanted = by_tool[..., 0] + by_tool[..., 2] > 0
        total = (np.nan_to_num(stats.f1(by_tool)) * wanted).sum(axis=-1)
        return stats.ratio(np.stack([total, wanted.sum(axis=-1)], axis=-1))

    if not tools:
        return Interval(None, None, None)
    return _informative(stats.bootstrap(values.reshape(len(scores), -1), mean, strata=strata))


_SINGLE = ("tool_args_accuracy", "args_given_name")
"""Shares of decisions where no decision asks for more than one call."""
_POOLED: Mapping[str, tuple[_Columns, Statistic]] = {
    "tool_args_accuracy": (lambda score: (score.credited, score.gold) if score.gold else (0, 0), stats.ratio),
    "tool_call_f1": (
        lambda score: (score.matched, score.called + score.malformed - score.matched, score.gold - score.matched),
        stats.f1,
    ),
    "args_given_name": (lambda score: (score.matched, score.names_matched), stats.ratio),
    "balanced_accuracy": (
        lambda score: (0.0, 0.0, float(score.called > 0), 1.0) if score.gold else (float(score.correct), 1.0, 0.0, 0.0),
        balanced,
    ),
}
