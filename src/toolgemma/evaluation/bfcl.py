"""Scores on the Berkeley Function Calling Leaderboard: single turn, Python, by its own rules, as a table.

    Row + ParsedTurn  ->  RowScore  ->  Table(by category, named aggregates)      beside PUBLISHED

A call row passes iff `bfcl_rules.check` says so. An irrelevance row passes iff nothing decodes to a call, a relevance
row iff any call decodes. A row that needs a call *fails to decode* if there is none or one is malformed: a broken call
beside good ones fails the row. (The leaderboard has a decoder per model: most give up on the whole completion too, the
one for Qwen's `<tool_call>` tags drops the broken block.) An irrelevance row fails to decode if a call is malformed: it
may then pass by breaking, not by abstaining. The rate of these stands beside every accuracy, because most failures of
small models are of format. Where the official checker would raise there is no verdict: the row counts as not passed,
and is counted apart.

There is no "overall": the leaderboard's has parts (Java, JavaScript, multi-turn, agentic) that are not run here.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from toolgemma.errors import DataError
from toolgemma.evaluation.bfcl_data import CATEGORIES, Row
from toolgemma.evaluation.bfcl_rules import Reason, check
from toolgemma.evaluation.stats import Interval, wilson
from toolgemma.format.parse import ParsedTurn

Label = Reason | Literal["malformed", "no_call", "spurious_call"]


@dataclass(frozen=True, slots=True)
class RowScore:
    """What one completion earned. `passed` is False, and `label` no_verdict, where the official checker raises."""

    id: str
    category: str
    passed: bool
    decode_failed: bool
    label: Label
    detail: str = ""


@dataclass(frozen=True, slots=True)
class CategoryScore:
    """A line of the table."""

    category: str
    rows: int
    passed: int
    decode_failed: int
    no_verdict: int
    labels: Mapping[str, int]

    @property
    def accuracy(self) -> Interval:
        """Share of rows that passed, with its Wilson interval."""
        return wilson(self.passed, self.rows)

    @property
    def decode_failure_rate(self) -> float | None:
        """Share of rows that failed to decode."""
        return self.decode_failed / self.rows if self.rows else None

    @property
    def complete(self) -> bool:
        """Whether every row of the category was scored."""
        return self.rows == CATEGORIES[self.category].rows


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A named figure over several categories."""

    categories: tuple[str, ...]
    weighted: bool
    """By rows, as the leaderboard does for live categories; else the mean of the categories' accuracies."""
    meaning: str


AGGREGATES: Mapping[str, Aggregate] = {
    "non_live_python": Aggregate(
        ("simple_python", "multiple", "parallel", "parallel_multiple"),
        weighted=False,
        meaning="mean of the four; the leaderboard's Non-Live AST also averages Java and JavaScript into simple",
    ),
    "live": Aggregate(
        ("live_simple", "live_multiple", "live_parallel", "live_parallel_multiple"),
        weighted=True,
        meaning="by rows; the leaderboard's Live AST",
    ),
    "irrelevance_detection": Aggregate(
        ("irrelevance", "live_irrelevance"),
        weighted=False,
        meaning="mean of the two; the leaderboard's Irrelevance Detection",
    ),
}


@dataclass(frozen=True, slots=True)
class Table:
    """Scores by category, in the leaderboard's order, and aggregates: None unless every row of all parts was scored."""

    categories: Mapping[str, CategoryScore]
    aggregates: Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Published:
    """Figures of others, in percent, by category; `simple` is the mean of Python, Java and JavaScript."""

    model: str
    mode: str
    accuracy: Mapping[str, float]
    source: str


_LEADERBOARD = "Berkeley Function Calling Leaderboard, https://gorilla.cs.berkeley.edu/leaderboard.html"
PUBLISHED: tuple[Published, ...] = (
    Published(
        "google/gemma-3-1b-it",
        "prompt",
        {
            "simple_python": 64.0,
            "multiple": 36.0,
            "parallel": 0.0,
            "parallel_multiple": 1.5,
            "irrelevance": 7.1,
            "live_simple": 36.4,
            "live_multiple": 6.3,
            "live_irrelevance": 59.3,
        },
        _LEADERBOARD,
    ),
    Published(
        "google/functiongemma-270m-it",
        "own tokens",
        {"simple": 61.6, "multiple": 63.5, "parallel": 39.0, "parallel_multiple": 29.5, "irrelevance": 73.7},
        "its model card, https://huggingface.co/google/functiongemma-270m-it",
    ),
    Published(
        "Salesforce/xLAM-2-1b-fc-r",
        "function calling",
        {"simple": 64.2, "multiple": 82.5, "parallel": 73.5, "parallel_multiple": 56.0, "irrelevance": 64.5},
        _LEADERBOARD,
    ),
    Published(
        "MadeAgents/Hammer2.1-0.5b",
        "function calling",
        {"simple": 62.4, "multiple": 81.0, "parallel": 69.0, "parallel_multiple": 51.5, "irrelevance": 80.8},
        _LEADERBOARD,
    ),
)


def score(row: Row, turn: ParsedTurn) -> RowScore:
    """The score of one completion, already parsed."""
    category = CATEGORIES[row.category]
    malformed, called = bool(turn.malformed), bool(turn.calls)
    label: Label
    detail = ""
    if category.kind == "irrelevance":
        label = "spurious_call" if called else "ok"
    elif category.kind == "relevance":
        label = "ok" if called else "malformed" if malformed else "no_call"
    elif malformed:
        label = "malformed"
    elif not called:
        label = "no_call"
    else:
        verdict = check(category.kind, row.docs, turn.calls, row.gold)
        label, detail = verdict.reason, verdict.detail
    if malformed and not detail:
        detail = ", ".join(entry.reason for entry in turn.malformed)
    decode_failed = malformed or (category.calls_due and not called)
    return RowScore(row.id, row.category, label == "ok", decode_failed, label, detail)


def tabulate(scores: Iterable[RowScore]) -> Table:
    """Scores by category, and the aggregates whose parts are complete.

    Raises:
        DataError: a row was scored twice.
    """
    grouped: dict[str, list[RowScore]] = {}
    seen: set[str] = set()
    for entry in scores:
        if entry.id in seen:
            raise DataError(f"row {entry.id} was scored twice: keep one prediction a row")
        seen.add(entry.id)
        grouped.setdefault(entry.category, []).append(entry)
    categories = {name: _category(name, grouped[name]) for name in CATEGORIES if name in grouped}
    return Table(categories, {name: _aggregate(entry, categories) for name, entry in AGGREGATES.items()})


def decontaminated(scores: Sequence[RowScore], contaminated: Iterable[str]) -> tuple[Table, Table]:
    """The table over all scores, and over those without the ids in `contaminated` (see `bfcl_data.offering`).

    The second one's aggregates are None where rows were left out: they are no longer the leaderboard's.
    """
    left_out = set(contaminated)
    return tabulate(scores), tabulate(entry for entry in scores if entry.id not in left_out)


def _category(name: str, scores: Sequence[RowScore]) -> CategoryScore:
    return CategoryScore(
        category=name,
        rows=len(scores),
        passed=sum(entry.passed for entry in scores),
        decode_failed=sum(entry.decode_failed for entry in scores),
        no_verdict=sum(entry.label == "no_verdict" for entry in scores),
        labels=dict(Counter(entry.label for entry in scores).most_common()),
    )


def _aggregate(aggregate: Aggregate, categories: Mapping[str, CategoryScore]) -> float | None:
    parts = [categories[name] for name in aggregate.categories if name in categories]
    if len(parts) < len(aggregate.categories) or not all(part.complete for part in parts):
        return None
    if aggregate.weighted:
        return sum(part.passed for part in parts) / sum(part.rows for part in parts)
    return sum(part.passed / part.rows for part in parts) / len(parts)
