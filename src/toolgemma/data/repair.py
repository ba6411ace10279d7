"""Mend or drop faulty train rows; every change is recorded. Other splits stay as they are.

    tool-not-offered   the tool's definition, taken from rows that offer it, goes into the list at a seeded place
    wrong-type         "5" becomes 5 where the schema says number, and back again it would be the same
    answer-tags        what is inside the broken tags stays; the raw text is dropped, so that clean tags are written
    leakage-exact      dropped, like every row that still has a fault of error severity

Only what is certain is mended: where label and trace, or answer and result, disagree, nobody can say which is right.
Near leaks are warnings and stay.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from toolgemma.conversation import Conversation, Message, Tool, ToolCall
from toolgemma.data.catalogue import catalogue
from toolgemma.data.findings import RULES
from toolgemma.data.lint import row_faults
from toolgemma.data.offer import missing_tools, offer_called
from toolgemma.data.rules.duplicates import query_faults
from toolgemma.schema import argument_faults

Policy = Literal["none", "drop", "fix"]


@dataclass(frozen=True, slots=True)
class Change:
    """What was done to one row because of one rule."""

    rule: str
    split: str
    row: int
    action: Literal["mended", "dropped"]
    message: str


@dataclass(frozen=True, slots=True)
class Repaired:
    """The splits after repair, and every change in row order."""

    splits: dict[str, list[Conversation]]
    changes: tuple[Change, ...]


def repair(
    splits: Mapping[str, Sequence[Conversation]], policy: Policy, seed: int, train_split: str = "train"
) -> Repaired:
    """`splits` with the rows of `train_split` mended or dropped. After fix or drop, no error is left in it."""
    result = {split: list(conversations) for split, conversations in splits.items()}
    if policy == "none" or train_split not in splits:
        return Repaired(result, ())
    tools = catalogue(splits)
    leaks = _leaks(splits, train_split)
    kept, changes = [], []
    for row in splits[train_split]:
        mended, done = _mend(row, tools, seed) if policy == "fix" else (row, [])
        faults = leaks[row.row] + [fault for fault in row_faults(mended, tools) if RULES[fault[0]].severity == "error"]
        if faults:
            rule, message = faults[0]
            changes.append(Change(rule, train_split, row.row, "dropped", message))
        else:
            kept.append(mended)
            changes += done
    result[train_split] = kept
    return Repaired(result, tuple(changes))


def _leaks(splits: Mapping[str, Sequence[Conversation]], train_split: str) -> dict[int, list[tuple[str, str]]]:
    ordered = dict(sorted(splits.items(), key=lambda item: item[0] != train_split))
    leaks: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for rule, split, row, message in query_faults(ordered):
        if split == train_split and RULES[rule].severity == "error":
            leaks[row].append((rule, message))
    return leaks


def _mend(row: Conversation, tools: Mapping[str, Tool], seed: int) -> tuple[Conversation, list[Change]]:
    done: list[Change] = []

    def note(rule: str, message: str) -> None:
        done.append(Change(rule, row.split, row.row, "mended", message))

    if (missing := missing_tools(row)) and (offered := offer_called(row, tools, seed)):
        row = offered
        for name in missing:
            note(
                "tool-not-offered",
                f"{name} put into the list as tool {row.tool_names.index(name) + 1} of {len(row.tools)}",
            )
    known = dict(tools) | {tool.name: tool for tool in row.tools}
    messages = []
    for message in row.messages:
        calls = tuple(_converted(call, known) for call in message.tool_calls)
        for before, after in zip(message.tool_calls, calls, strict=True):
            if before is not after:
                note("wrong-type", f"{after.name}: {dict(before.arguments)} became {dict(after.arguments)}")
        changed = any(before is not after for before, after in zip(message.tool_calls, calls, strict=True))
        messages.append(replace(message, tool_calls=calls, raw=None) if changed else message)
    row = replace(row, messages=tuple(messages))
    if tag_faults := [text for rule, text in row_faults(row, tools) if rule == "answer-tags"]:
        row = replace(row, messages=tuple(_without_raw_answer(message) for message in row.messages))
        note("answer-tags", tag_faults[0])
    return row, done


def _without_raw_answer(message: Message) -> Message:
    return replace(message, raw=None) if message.role == "assistant" and not message.tool_calls else message


def _converted(call: ToolCall, tools: Mapping[str, Tool]) -> ToolCall:
    """The call with the arguments that only have the wrong type converted, or the call itself."""
    if call.name not in tools:
        return call
    parameters = tools[call.name].parameters
    wrong = {fault.path for fault in argument_faults(call.arguments, parameters) if fault.kind == "wrong-type"}
    arguments = dict(call.arguments)
    for name in wrong & set(arguments):
        arguments[name] = _convert(arguments[name], parameters["properties"][name].get("type"))
    return replace(call, arguments=arguments, raw=None) if arguments != dict(call.arguments) else call


def _convert(value: Any, wanted: Any) -> Any:
    """`value` as the JSON type `wanted`, where that loses nothing; else `value`."""
    if isinstance(value, str) and wanted in ("integer", "number") and re.fullmatch(r"-?(0|[1-9]\d{0,14})", value):
        return int(value)
    if isinstance(value, str) and wanted == "number" and re.fullmatch(r"-?(0|[1-9]\d*)\.\d*[1-9]", value):
        return float(value) if repr(float(value)) == value else value
    if wanted == "boolean" and value in ("true", "false"):
        return value == "true"
    if wanted == "string" and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value
