"""Scores of many decisions as one nested, JSON-able summary: by view, then overall, by query type, by tools offered.

    {"repaired": {"decisions": 60, "gold_unanswerable": 0,
                  "D1": {"tool_call_accuracy": {"value": 0.55, "numerator": 33, "denominator": 60}, ...},
                  "D2": {...}, "labels": {...}, "answer_labels": {...},
                  "by_query_type": {"easy": {"tool_call_accuracy": ...}, ...}, "by_tools_offered": {"2-4": ...},
                  "by_file": {"test_seen": ...}}}           # where a split has several files with names of their own

The headline is the view `repaired`, hallucination is read from `tool_absent`; `published` never stands alone.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from toolgemma.evaluation.decisions import VIEWS, Decision
from toolgemma.evaluation.metrics import TOOLS_BINS, Ratio, answer_metrics, call_metrics, label_counts, tools_bin
from toolgemma.evaluation.score import AnswerScore, CallScore, Score


@dataclass(frozen=True, slots=True)
class Scored:
    """A score with what it is grouped by."""

    row: str
    view: str
    query_type: str
    tools_offered: int
    gold_unanswerable: bool
    source_file: str
    score: Score

    @classmethod
    def of(cls, decision: Decision, score: Score) -> "Scored":
        """The score of `decision`."""
        return cls(
            row=decision.row,
            view=decision.view,
            query_type=decision.query_type,
            tools_offered=len(decision.offered),
            gold_unanswerable=decision.gold_unanswerable,
            source_file=decision.source_file,
            score=score,
        )


def summarise(found: Iterable[Scored]) -> dict[str, Any]:
    """The summary of every view that has decisions."""
    listed = list(found)
    return {view: _view(chosen) for view in VIEWS if (chosen := [entry for entry in listed if entry.view == view])}


def _view(found: Sequence[Scored]) -> dict[str, Any]:
    calls, answers = _calls(found), [entry.score for entry in found if isinstance(entry.score, AnswerScore)]
    query_types = sorted({entry.query_type for entry in found})
    files = sorted({entry.source_file for entry in found} - {""})
    return {
        "rows": len({entry.row for entry in found}),
        "gold_unanswerable": sum(entry.gold_unanswerable for entry in found),
        "D1": {"decisions": len(calls)} | _records(call_metrics(calls)),
        "D2": {"decisions": len(answers)} | _records(answer_metrics(answers)),
        "labels": label_counts(calls),
        "answer_labels": label_counts(answers),
        "by_query_type": _groups(found, query_types, lambda entry: entry.query_type),
        "by_tools_offered": _groups(found, TOOLS_BINS, lambda entry: tools_bin(entry.tools_offered)),
        "by_file": _groups(found, files, lambda entry: entry.source_file),
    }


def _groups(found: Sequence[Scored], names: Sequence[str], group: Callable[[Scored], str]) -> dict[str, Any]:
    """D1 metrics of each group that has decisions, in the order of `names`."""
    chosen = {name: _calls([entry for entry in found if group(entry) == name]) for name in names}
    return {name: {"decisions": len(calls)} | _records(call_metrics(calls)) for name, calls in chosen.items() if calls}


def _calls(found: Sequence[Scored]) -> list[CallScore]:
    return [entry.score for entry in found if isinstance(entry.score, CallScore)]


def _records(metrics: dict[str, Ratio]) -> dict[str, Any]:
    return {name: ratio.to_record() for name, ratio in metrics.items()}
