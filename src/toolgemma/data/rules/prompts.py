"""Rules about what the model is asked: text of the generator in a query, and dates that it can't know.

`missing-date` judges by years, which can't be guessed: an argument holds a date (or, where the query speaks of now,
a year) whose year stands nowhere in the messages before the call, and no system or tool message gives a date.
"""

import re
from collections.abc import Iterator
from typing import Any

from toolgemma.conversation import Conversation

_RESIDUE = (
    re.compile(
        r"\A\s*(?:(?:sure|certainly|of course|absolutely|okay|ok|great)\b[!,.]*\s*)?"
        r"(?:here(?:['’]s| is| are)|below is)\b"
        r"[^\n]{0,120}\b(?:query|queries|question|prompt|request|example)\b[^\n]{0,80}:\s*\n",
        re.IGNORECASE,
    ),
    re.compile(r"\A\s*(?:sure|certainly|of course|absolutely)[!,.]\s+here(?:['’]s| is| are)\b", re.IGNORECASE),
    re.compile(r"\A\s*\*{0,2}(?:user|human|query|question|prompt)\s*(?:\*{0,2}:|:\*{0,2})\s", re.IGNORECASE),
    re.compile(r"\A\s*```.*```\s*\Z", re.DOTALL),
    re.compile(r"\A\s*[\"“][^\"“”]+[\"”]\s*\Z"),
    re.compile(r"(?:<\|\w+\|>|</?(?:start|end)_of_turn>|\[/?INST\]|\[insert\b)", re.IGNORECASE),
)
_ISO_YEAR = re.compile(r"\b((?:19|20)\d\d)-\d\d(?:-\d\d)?\b")
_YEAR = re.compile(r"\b((?:19|20)\d\d)\b")
_NOW = re.compile(
    r"\b(?:today|tonight|tomorrow|yesterday|now|latest|current(?:ly)?|(?:this|last|next) \w+)\b", re.IGNORECASE
)
_FULL_DATE = re.compile(r"\b(?:19|20)\d\d-\d\d-\d\d")


def prompt_faults(conversation: Conversation) -> Iterator[tuple[str, str]]:
    """(rule, message) of each fault of one row."""
    for message in conversation.messages:
        if message.role == "user" and any(pattern.search(message.content) for pattern in _RESIDUE):
            opening = " ".join(message.content.split())[:80]
            yield "generator-residue", f"the query reads like its generator's output: {opening!r}"
    before, anchored = "", False
    for message in conversation.messages:
        for call in message.tool_calls:
            if not anchored and (value := _unknown_date(call.arguments, before)):
                yield "missing-date", f"{call.name} gets {value!r}; nothing before the call says the year"
        before += "\n" + message.content
        anchored |= message.role in ("system", "tool") and bool(_FULL_DATE.search(message.content))


def _unknown_date(arguments: Any, before: str) -> str | None:
    for value in _texts(arguments):
        years = _ISO_YEAR.findall(value) or (_YEAR.findall(value) if _NOW.search(before) else [])
        for year in years:
            if year not in before and not re.search(rf"['’/.-]{year[2:]}\b", before):
                return value
    return None


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for child in value.values():
            yield from _texts(child)
    elif isinstance(value, list):
        for child in value:
            yield from _texts(child)
