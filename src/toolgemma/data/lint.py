"""The linter: every fault of a dataset by rule, split and row. Rules and cures are in `findings`, the code in `rules`.

Nothing is changed and no model is needed; 600 rows take about half a second. The heuristic rules (answer-contradicts-
result, missing-date, generator-residue, the near duplicates) say in their modules what they judge by.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from toolgemma.config import DataProcessingSection
from toolgemma.conversation import Conversation, Tool
from toolgemma.data.catalogue import catalogue
from toolgemma.data.findings import RULES, Finding
from toolgemma.data.rules.answers import answer_faults
from toolgemma.data.rules.calls import call_faults
from toolgemma.data.rules.duplicates import query_faults
from toolgemma.data.rules.prompts import prompt_faults
from toolgemma.data.rules.wholes import over_budget, style_confounds, weak_schemas

DEFAULT_BUDGET = DataProcessingSection().max_seq_length
"""Tokens a row may have where the caller names no budget."""


def lint(
    splits: Mapping[str, Sequence[Conversation]],
    *,
    count_tokens: Callable[[Conversation], int] | None = None,
    budget: int | None = None,
    train_split: str = "train",
) -> list[Finding]:
    """All findings, in the order of the rules, then splits as given, then rows.

    `count_tokens` gives the tokens of a whole conversation; without it, over-budget estimates from characters and
    says so. `budget` is in tokens. A query that leaks is reported at the row of `train_split`, or of the earlier split.
    """
    ordered = dict(sorted(splits.items(), key=lambda item: item[0] != train_split))
    tools = catalogue(splits)
    found = list(query_faults(ordered))
    for split, conversations in splits.items():
        for row in conversations:
            found += [(rule, split, row.row, message) for rule, message in row_faults(row, tools)]
        found += weak_schemas(split, conversations)
        found += style_confounds(split, conversations)
        found += over_budget(split, conversations, count_tokens, DEFAULT_BUDGET if budget is None else budget)
    rules, places = list(RULES), list(splits)
    found.sort(key=lambda entry: (rules.index(entry[0]), places.index(entry[1]), entry[2]))
    return [Finding(rule, RULES[rule].severity, split, row, message) for rule, split, row, message in found]


def row_faults(conversation: Conversation, tools: Mapping[str, Tool]) -> Iterator[tuple[str, str]]:
    """(rule, message) of every fault that one row has by itself; `tools` is the dataset's catalogue."""
    yield from call_faults(conversation, tools)
    yield from prompt_faults(conversation)
    yield from answer_faults(conversation)
