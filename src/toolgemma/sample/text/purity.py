# ruff: noqa: E501 - tables read best as lines; seeded choices need no secrecy
"""What the pre-training text may not hold, and a search for it: no tag, call, tool, request or held-out value.

tags        <tool_call>, <tools>, ... of every dialect
calls       a JSON object with the keys name / arguments, tool_name / args, and their like
tools       a tool's or an alias' name or description of the embedded dataset
requests    the fixed words of one of its sentences, in order
values      a value of validation or of the test splits: names and phrases anywhere, numbers of the tests where they stand alone
"""

import datetime
import re
from collections.abc import Iterator

from toolgemma.sample import pools
from toolgemma.sample.text.values import is_held_out
from toolgemma.sample.tools import EVERY, Alias, Spec

TAG = re.compile(
    r"</?(?:tools?|tool_?calls?|tool_(?:response|result|output)s?|final_answer|function_?calls?|functions?|think)\b"
)
CALL_KEYS = re.compile(r'"(?:arguments|args|tool_name|tool_calls|tool_call|function_call|parameters)"\s*:')
NUMBER = re.compile(r"(?<![\w.:/+@-])(\d+)(?:\.(\d+))?(?![\w:/@-]|\.\d|,\d)")
DATE = re.compile(r"\b\d{4}-\d\d-\d\d\b")
TIME = re.compile(r"\b(\d\d):(\d\d)\b")
SLOT = re.compile(r"\{[^{}]*\}")


def _words(texts: frozenset[str]) -> re.Pattern[str]:
    """Any of `texts` as whole words."""
    parts = sorted((re.escape(text.lower()) for text in texts), key=len, reverse=True)
    return re.compile(r"(?<![a-z0-9_])(?:" + "|".join(parts) + r")(?![a-z0-9_])")


def _requests() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Longest fixed part and pattern of every sentence of the dataset."""
    made = []
    for spec in EVERY:
        for ask in (*spec.asks, *spec.asks_of_validation, *spec.asks_of_tests):
            parts = [re.sub(r"^\W+|\W+$", "", part).lower() for part in SLOT.split(ask)]
            fixed = [part for part in parts if part]
            pattern = re.compile(r"\b" + r"\b.{1,120}?\b".join(map(re.escape, fixed)) + r"\b", re.DOTALL)
            made.append((max(fixed, key=len), pattern))
    return tuple(made)


OFFERED: tuple[Spec | Alias, ...] = (*EVERY, *(alias for spec in EVERY for alias in spec.aliases))
TOOL_NAMES = _words(frozenset(tool.name for tool in OFFERED))
DESCRIPTIONS = tuple(tool.description.lower().rstrip(".") for tool in OFFERED)
REQUESTS = _requests()
HELD_OUT_VALUES = _words(pools.held_out_texts())


def findings(text: str) -> Iterator[tuple[str, str]]:
    """(kind, what was found) of everything in `text` that may not stand in the pre-training text."""
    lowered = text.lower()
    for kind, pattern, where in (
        ("tag", TAG, lowered), ("call", CALL_KEYS, lowered), ("tool", TOOL_NAMES, lowered), ("value", HELD_OUT_VALUES, lowered),
    ):  # fmt: skip
        yield from ((kind, match.group()) for match in pattern.finditer(where))
    yield from (("tool", description) for description in DESCRIPTIONS if description in lowered)
    for longest, pattern in REQUESTS:
        if longest in lowered:
            match = pattern.search(lowered)
            if match:
                yield "request", match.group()
    for match in NUMBER.finditer(text):
        if is_held_out(int(match.group(1) + (match.group(2) or ""))):
            yield "value", match.group()
    for match in DATE.finditer(text):
        if is_held_out(datetime.date.fromisoformat(match.group()).toordinal()):
            yield "value", match.group()
    for match in TIME.finditer(text):
        if is_held_out((int(match.group(1)) * 60 + int(match.group(2))) // 5):
            yield "value", match.group()


def is_clean(text: str) -> bool:
    """Whether nothing is found in `text`."""
    return next(findings(text), None) is None
