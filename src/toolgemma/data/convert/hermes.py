"""Hermes function-calling rows: `conversations` of {from, value} with `<tools>`, `<tool_call>`, `<tool_response>` tags.

The system turn that lists the tools teaches the wire format and is dropped (kept in `meta["instructions_raw"]`); the
tools come from the column `tools`, else from that turn. Some rows of the published set write calls as Python
literals (`{'name': ...}`): those are read as literals.
"""

import ast
import re
from collections.abc import Mapping, Sequence
from typing import Any

from toolgemma.conversation import Conversation, Message, Tool, ToolCall
from toolgemma.data.convert.fields import BadCallError, arguments_object, objects, openai_tool, parse_object
from toolgemma.data.convert.sharegpt import turns
from toolgemma.data.convert.tagged import malformed_entries, take_calls

NAME = "hermes"
COLUMNS = "conversations with <tool_call> tags"
_TOOLS = re.compile(r"<tools>\s*([\[{].*?[\]}])\s*</tools>", re.DOTALL)
_RESPONSE = re.compile(r"<tool_response>\s*(.*?)\s*</tool_response>", re.DOTALL)


def matches(columns: set[str], rows: Sequence[object]) -> bool:
    """Whether this reader knows rows with these columns."""
    return "conversations" in columns


def convert(row: Mapping[str, Any]) -> Conversation:
    """One row as a conversation.

    Raises:
        DataError: no turns, an unknown role, a value that is no text, or tools that are no list.
    """
    tools = _tools(row.get("tools") or [])
    meta: dict[str, Any] = {}
    malformed: list[dict[str, Any]] = []
    messages: list[Message] = []
    for role, value in turns(row):
        if role == "system" and (listed := _TOOLS.search(value)):
            tools = tools or _tools(listed[1])
            meta["instructions_raw"] = value
        elif role == "assistant":
            taken = take_calls(value, _parse_call)
            malformed += malformed_entries(taken, len(messages))
            content = value if taken.malformed else taken.outside.strip()
            messages.append(Message("assistant", content, taken.calls, raw=value))
        elif role == "tool":
            messages += _results(value, messages)
        else:
            messages.append(Message(role, value))  # type: ignore[arg-type]
    return Conversation(tuple(messages), tools, meta=meta | ({"malformed": malformed} if malformed else {}))


def _tools(listed: Any) -> tuple[Tool, ...]:
    return tuple(openai_tool(entry) for entry in objects(listed, "tools"))


def _results(value: str, before: list[Message]) -> list[Message]:
    called = before[-1].tool_calls if before else ()
    contents = _RESPONSE.findall(value) or [value]
    names = [call.name for call in called] if len(called) == len(contents) else [None] * len(contents)
    return [Message("tool", content, name=name) for content, name in zip(contents, names, strict=True)]


def _parse_call(body: str) -> ToolCall:
    try:
        value = parse_object(body)
    except BadCallError as error:
        try:
            value = ast.literal_eval(body)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            raise error from None
    if not isinstance(value, dict) or set(value) != {"name", "arguments"} or not isinstance(value["name"], str):
        raise BadCallError("keys must be name and arguments")
    return ToolCall(value["name"], arguments_object(value["arguments"]), raw=body)
