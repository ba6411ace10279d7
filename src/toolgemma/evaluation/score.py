"""One scored decision: what was asked for, what came, and how they compare. Pure functions, no model.

    Decision + ParsedTurn  ->  CallScore (D1) | AnswerScore (D2)  ->  metrics

A score keeps counts, not rates, so that every figure can be recomputed from the saved scores. Both classes hold plain
values only: `dataclasses.asdict` of one is JSON, `score_from_record` reads it back.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from toolgemma.conversation import ToolCall
from toolgemma.evaluation.answers import uses_result
from toolgemma.evaluation.decisions import Decision
from toolgemma.evaluation.errors import label_answer, label_calls
from toolgemma.evaluation.match import Matching, match_strict, names_in_common
from toolgemma.format.parse import ParsedTurn


@dataclass(frozen=True, slots=True)
class CallScore:
    """A scored D1. `matched` is m, the maximum matching under full equality; `names_matched` is mn."""

    gold: int
    called: int
    """Well-formed predicted calls."""
    malformed: int
    matched: int
    names_matched: int
    exact: bool
    """Same calls in the same order as canonical JSON, nothing normalised, none malformed."""
    not_offered: int
    """Well-formed predicted calls that name a tool that was not offered."""
    truncated: bool
    """Generation ended by length."""
    label: str
    sublabel: str | None
    by_tool: tuple[tuple[str, int, int, int], ...]
    """Per tool name in gold or predicted calls: (name, true positives, false positives, false negatives)."""

    @property
    def correct(self) -> bool:
        """tool_call_accuracy of this decision; without gold calls that is abstaining."""
        return self.malformed == 0 and self.called == self.gold == self.matched

    @property
    def names_correct(self) -> bool:
        """tool_name_accuracy of this decision: the multisets of names are equal and nothing is malformed."""
        return self.malformed == 0 and self.called == self.gold == self.names_matched

    @property
    def credited(self) -> int:
        """Matched calls that tool_args_accuracy counts: none where more were made than asked for."""
        return 0 if self.called > self.gold else self.matched


@dataclass(frozen=True, slots=True)
class AnswerScore:
    """A scored D2."""

    called: int
    malformed: int
    answered: bool
    """There is text, and no call, well formed or not, beside it."""
    used_result: bool | None
    """None where the gold answer takes nothing from the result; False without an answer."""
    truncated: bool
    label: str
    sublabel: str | None


Score = CallScore | AnswerScore


def score(decision: Decision, parsed: ParsedTurn, truncated: bool = False) -> Score:
    """The score of one completion, already parsed; `truncated`: generation ended by length."""
    if decision.turn == "D2":
        return _score_answer(decision, parsed, truncated)
    return score_calls(decision.calls, parsed, decision.offered, decision.schemas, truncated)


def score_calls(
    gold: Sequence[ToolCall],
    parsed: ParsedTurn,
    offered: Sequence[str],
    schemas: Mapping[str, Mapping[str, Any]],
    truncated: bool = False,
) -> CallScore:
    """The score of a D1 under `strict`; `schemas`: JSON Schema of the arguments by tool name."""
    matching = match_strict(gold, parsed.calls, schemas)
    label, sublabel = label_calls(gold, parsed, offered, schemas, matching, truncated)
    return CallScore(
        gold=len(gold),
        called=len(parsed.calls),
        malformed=len(parsed.malformed),
        matched=matching.size,
        names_matched=names_in_common(gold, parsed.calls),
        exact=not parsed.malformed and [call.key() for call in gold] == [call.key() for call in parsed.calls],
        not_offered=sum(call.name not in offered for call in parsed.calls),
        truncated=truncated,
        label=label,
        sublabel=sublabel,
        by_tool=_by_tool(gold, parsed.calls, matching),
    )


def score_from_record(record: Mapping[str, Any]) -> Score:
    """The inverse of `dataclasses.asdict`, after a trip through JSON."""
    if "gold" not in record:
        return AnswerScore(**record)
    return CallScore(**{**record, "by_tool": tuple((name, *counts) for name, *counts in record["by_tool"])})


def _score_answer(decision: Decision, parsed: ParsedTurn, truncated: bool) -> AnswerScore:
    called, malformed = len(parsed.calls), len(parsed.malformed)
    answered = bool(parsed.content.strip()) and not called and not malformed
    told = decision.history.messages[: len(decision.history.messages) - len(decision.results)]
    history = [message.content for message in told]
    history += [call.key() for call in decision.history.calls]
    used = uses_result(parsed.content, decision.gold.content, decision.results, history)
    if used is not None:
        used = used and answered
    label, sublabel = label_answer(parsed, used)
    return AnswerScore(called, malformed, answered, used, truncated, label, sublabel)


def _by_tool(
    gold: Sequence[ToolCall], called: Sequence[ToolCall], matching: Matching
) -> tuple[tuple[str, int, int, int], ...]:
    hits = Counter(gold[index].name for index in matching.pairs)
    wanted, given = Counter(call.name for call in gold), Counter(call.name for call in called)
    return tuple(
        (name, hits[name], given[name] - hits[name], wanted[name] - hits[name]) for name in sorted(wanted | given)
    )
