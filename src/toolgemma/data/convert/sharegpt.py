"""ShareGPT rows with calls: `conversations` of {from, value}, calls in turns `function_call`, results in `observation`.

A `function_call` value is the JSON of a call or of a list of calls. `tools` (JSON text or a list) and `system` are
columns of their own.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from toolgemma.conversation import Conversation, Message, ToolCall
from toolgemma.data.convert.fields import BadCallError, arguments_object, objects, openai_tool, text
from toolgemma.errors import DataError

NAME = "sharegpt"
COLUMNS = "conversations of from/value (tools, system)"
ROLES = {
    "system": "system", "human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant",
    "observation": "tool", "tool": "tool", "function_call": "function_call",
}  # fmt: skip


def matches(columns: set[str], rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether this reader knows rows with these columns: no Hermes tags in them."""
    return "conversations" in columns and not any(
        "<tool_call>" in str(row.get("conversations")) or "<tools>" in str(row.get("conversations")) for row in rows
    )


def turns(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(role, text) of each turn, roles by our names.

    Raises:
        DataError: no turns, an unknown role, or a value that is no text.
    """
    found = []
    for index, entry in enumerate(objects(row.get("conversations"), "conversations")):
        role = ROLES.get(entry.get("from", entry.get("role", "")))
        if role is None:
            known = ", ".join(ROLES)
            raise DataError(f"column conversations[{index}].from: {entry.get('from')!r}; known are {known}")
        found.append((role, text(entry.get("value", entry.get("content")), f"conversations[{index}].value")))
    return found


def convert(row: Mapping[str, Any]) -> Conversation:
    """One row as a conversation.

    Raises:
        DataError: see `turns`; or tools that are no list.
    """
    tools = tuple(openai_tool(entry) for entry in objects(row.get("tools") or [], "tools"))
    messages = [Message("system", row["system"])] if isinstance(row.get("system"), str) and row["system"] else []
    malformed: list[dict[str, Any]] = []
    for role, value in turns(row):
        if role == "function_call":
            calls = _calls(value, len(messages), malformed)
            messages.append(Message("assistant", "" if calls else value, calls))
        elif role == "tool":
            called = messages[-1].tool_calls if messages else ()
            messages.append(Message("tool", value, name=called[0].name if len(called) == 1 else None))
        else:
            messages.append(Message(role, value))  # type: ignore[arg-type]
    return Conversation(tuple(messages), tools, meta={"malformed": malformed} if malformed else {})


def _calls(value: str, index: int, malformed: list[dict[str, Any]]) -> tuple[ToolCall, ...]:
    try:
        try:
            entries = json.loads(value)
        except (ValueError, RecursionError):
            raise BadCallError("bad JSON") from None
        calls = []
        for entry in entries if isinstance(entries, list) else [entries]:
            if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
                raise BadCallError("keys must be name and arguments")
            calls.append(ToolCall(entry["name"], arguments_object(entry.get("arguments"))))
        return tuple(calls)
    except BadCallError as error:
        malformed.append({"message": index, "reason": str(error), "raw": value})
        return ()
