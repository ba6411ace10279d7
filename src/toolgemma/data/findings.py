"""The rules of the linter by id: how bad, what it means, what to do. And a finding.

An error makes a row teach something wrong, or makes an evaluation dishonest; `repair` mends or drops such train rows.
A warning is worth knowing and is left alone, but for answer tags, which are mended on the way in.
"""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Rule:
    """What the linter looks for."""

    id: str
    severity: Severity
    meaning: str
    cure: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault. `row` is the index within `split` as published; for a fault of a whole split, its first example."""

    rule: str
    severity: Severity
    split: str
    row: int
    message: str


_DROPPED = "repair: fix drops the train row"
_ERRORS = (
    ("tool-not-offered", "the called tool is not in the list that the model sees",
     "repair: fix puts it into the list; score the repaired view"),
    ("label-mismatch", "the label column names another tool than the trace calls", _DROPPED),
    ("multiple-calls", "the label names one tool, the trace makes several calls", _DROPPED),
    ("malformed-call", "a call is no well-formed JSON object with a name and arguments", _DROPPED),
    ("unknown-argument", "a call passes an argument that the tool doesn't have", _DROPPED),
    ("missing-argument", "a call lacks a required argument", _DROPPED),
    ("wrong-type", "an argument breaks its schema",
     "repair: fix converts what converts without loss and drops the rest"),
    ("leakage-exact", "the same query stands in a split that is scored", _DROPPED),
    ("answer-contradicts-result", "the answer says something else than the tool returned", _DROPPED),
    ("role-order", "the messages don't follow system, user, assistant, tool, assistant", _DROPPED),
)  # fmt: skip
_WARNINGS = (
    ("offered-count-mismatch", "the column with the number of tools disagrees with the list",
     "trust the list; it may belong to another row"),
    ("duplicate-query", "another row of this split asks the same, or nearly", "keep one"),
    ("leakage-near", "a scored split asks nearly the same", "score without these rows as well"),
    ("answer-tags", "the final answer's tags are broken, doubled, fenced or have text around",
     "repair: fix keeps what is inside"),
    ("generator-residue", "the query holds text of the program that wrote it", "cut it from the query"),
    ("missing-date", "a call needs today's date, and the prompt doesn't say it", "add a line Current date: YYYY-MM-DD"),
    ("weak-schema", "a tool's schema leaves open what a model has to guess", "add required, items, enum"),
    ("style-confound", "text before the call follows a label, so the label can be guessed from style",
     "set dataset.reasoning: drop"),
    ("over-budget", "the conversation is longer than the token budget",
     "raise data_processing.max_seq_length; else distractor tools go"),
)  # fmt: skip

RULES: dict[str, Rule] = {name: Rule(name, "error", meaning, cure) for name, meaning, cure in _ERRORS} | {
    name: Rule(name, "warning", meaning, cure) for name, meaning, cure in _WARNINGS
}
"""Every rule by id, errors first."""
