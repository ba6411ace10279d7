"""Metrics as pure functions over scores; each keeps its numerator and denominator, and 0/0 is null.

    call_metrics(scores of D1)       the five tool-call metrics and their companions
    answer_metrics(scores of D2)     apart, never pooled with D1
    label_counts(scores)             the taxonomy; labels partition the decisions

`eval_loss` and `eval_accuracy`, the other two of the seven, need the model and come from the runner.

Companions: `abstention_accuracy` (rows without gold calls: nothing was called, nothing malformed), `recall_call` (rows
with gold calls: at least one well-formed call), `balanced_accuracy` (the mean of those two: 0.5 for always calling and
for never calling), `malformed_rate`, `hallucinated_name_rate` (a call names a tool that is not offered) and
`truncated_rate` (each over all decisions), `args_given_name` (m / mn), `f1_macro_tool` (the mean over the tools in the
gold calls).

A call that matches no gold call, added to a prediction, raises none of these, with three exceptions by definition:
`tool_name_accuracy` if it matches by name, `recall_call` and with it `balanced_accuracy`, which only ask whether
anything was called. The three rates where lower is better it can only make worse.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from toolgemma.evaluation.score import AnswerScore, CallScore, Score

TOOL_CALL_METRICS = (
    "tool_call_accuracy",
    "tool_name_accuracy",
    "tool_args_accuracy",
    "tool_call_f1",
    "exact_match",
)
LOSS_METRICS = ("eval_loss", "eval_accuracy")
METRICS = TOOL_CALL_METRICS + LOSS_METRICS
PRIMARY = "tool_call_accuracy"
COMPANIONS = (
    "abstention_accuracy",
    "recall_call",
    "balanced_accuracy",
    "args_given_name",
    "f1_macro_tool",
    "malformed_rate",
    "hallucinated_name_rate",
    "truncated_rate",
)
ANSWER_METRICS = ("no_second_call", "answer_given", "result_used", "malformed_rate", "truncated_rate")
LOWER_IS_BETTER = frozenset({"eval_loss", "malformed_rate", "hallucinated_name_rate", "truncated_rate"})


@dataclass(frozen=True, slots=True)
class Ratio:
    """A figure with what it was computed from. Most are counts over counts; means have a sum on top."""

    numerator: float
    denominator: int

    @property
    def value(self) -> float | None:
        """numerator / denominator; None for 0/0."""
        return self.numerator / self.denominator if self.denominator else None

    def to_record(self) -> dict[str, float | int | None]:
        """JSON-able form."""
        return {"value": self.value, "numerator": self.numerator, "denominator": self.denominator}


def call_metrics(scores: Sequence[CallScore]) -> dict[str, Ratio]:
    """The five tool-call metrics and the companions over D1 scores, in the order they are printed."""
    asked = [score for score in scores if score.gold]
    unasked = [score for score in scores if not score.gold]
    matched = sum(score.matched for score in scores)
    wrong = sum(score.called + score.malformed - score.matched for score in scores)
    lost = sum(score.gold - score.matched for score in scores)
    abstention = _share(score.correct for score in unasked)
    recall = _share(score.called > 0 for score in asked)
    return {
        "tool_call_accuracy": _share(score.correct for score in scores),
        "tool_name_accuracy": _share(score.names_correct for score in asked),
        "tool_args_accuracy": Ratio(sum(score.credited for score in asked), sum(score.gold for score in asked)),
        "tool_call_f1": Ratio(2 * matched, 2 * matched + wrong + lost),
        "exact_match": _share(score.exact for score in scores),
        "abstention_accuracy": abstention,
        "recall_call": recall,
        "balanced_accuracy": _mean_of_classes(recall, abstention),
        "args_given_name": Ratio(matched, sum(score.names_matched for score in scores)),
        "f1_macro_tool": _macro_f1(scores),
        "malformed_rate": _share(score.malformed > 0 for score in scores),
        "hallucinated_name_rate": _share(score.not_offered > 0 for score in scores),
        "truncated_rate": _share(score.truncated for score in scores),
    }


def answer_metrics(scores: Sequence[AnswerScore]) -> dict[str, Ratio]:
    """What the turn after a tool result did: called again or not, answered, used the result (where it can be told)."""
    return {
        "no_second_call": _share(score.called == 0 and score.malformed == 0 for score in scores),
        "answer_given": _share(score.answered for score in scores),
        "result_used": _share(score.used_result for score in scores if score.used_result is not None),
        "malformed_rate": _share(score.malformed > 0 for score in scores),
        "truncated_rate": _share(score.truncated for score in scores),
    }


def label_counts(scores: Iterable[Score]) -> dict[str, dict[str, int]]:
    """Decisions by label and, within it, by sub-label ("" for none); only what occurs, most frequent label first."""
    counts: dict[str, Counter[str]] = {}
    for score in scores:
        counts.setdefault(score.label, Counter())[score.sublabel or ""] += 1
    ordered = sorted(counts.items(), key=lambda entry: (-entry[1].total(), entry[0]))
    return {label: dict(found.most_common()) for label, found in ordered}


def tools_bin(offered: int) -> str:
    """The bin of a number of offered tools: "0", "1", "2-4", "5-9", "10-19", "20+"."""
    for low, high in ((0, 0), (1, 1), (2, 4), (5, 9), (10, 19)):
        if low <= offered <= high:
            return str(low) if low == high else f"{low}-{high}"
    return "20+"


TOOLS_BINS = ("0", "1", "2-4", "5-9", "10-19", "20+")


def _share(outcomes: Iterable[bool]) -> Ratio:
    listed = [bool(outcome) for outcome in outcomes]
    return Ratio(sum(listed), len(listed))


def _mean_of_classes(*classes: Ratio) -> Ratio:
    values = [ratio.value for ratio in classes if ratio.value is not None]
    return Ratio(sum(values), len(values)) if len(values) == len(classes) else Ratio(0, 0)


def _macro_f1(scores: Iterable[CallScore]) -> Ratio:
    """Mean of the F1 of each tool that a gold call names; malformed calls have no name and count as misses only."""
    hits: Counter[str] = Counter()
    spurious: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    for score in scores:
        for name, true_positives, false_positives, false_negatives in score.by_tool:
            hits[name] += true_positives
            spurious[name] += false_positives
            lost[name] += false_negatives
    tools = [name for name in hits if hits[name] + lost[name]]
    total = sum(2 * hits[name] / (2 * hits[name] + spurious[name] + lost[name]) for name in tools)
    return Ratio(total, len(tools))
