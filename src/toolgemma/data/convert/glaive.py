"""Glaive v2 rows: `system` with the functions as JSON objects one after the other, `chat` as one text.

    USER: ...  ASSISTANT: <functioncall> {"name": "f", "arguments": '{"a": 1}'} <|endoftext|>  FUNCTION RESPONSE: {...}

The arguments stand as JSON in single quotes, so a call is no JSON as a whole.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from toolgemma.conversation import Conversation, Message, Tool, ToolCall
from toolgemma.data.convert.fields import BadCallError, arguments_object, openai_tool, parse_object, text
from toolgemma.data.convert.tagged import malformed_entries, take_calls

NAME = "glaive"
COLUMNS = "system, chat"
_END = "<|endoftext|>"
_SPEAKER = re.compile(r"(?:^|\n)\s*(USER|ASSISTANT|FUNCTION RESPONSE):")
_CALL = re.compile(r'\{\s*"name"\s*:\s*"(?P<name>[^"]+)"\s*,\s*"arguments"\s*:\s*\'(?P<arguments>.*)\'\s*\}', re.DOTALL)


def matches(columns: set[str], rows: object) -> bool:
    """Whether this reader knows rows with these columns."""
    return {"system", "chat"} <= columns


def convert(row: Mapping[str, Any]) -> Conversation:
    """One row as a conversation.

    Raises:
        DataError: `system` or `chat` is no text.
    """
    system = text(row.get("system"), "system").removeprefix("SYSTEM:").strip()
    tools = _tools(system)
    messages = [Message("system", system)] if system and not tools else []
    malformed: list[dict[str, Any]] = []
    _, *parts = _SPEAKER.split(text(row.get("chat"), "chat"))
    for speaker, said in zip(parts[::2], parts[1::2], strict=True):
        said = said.replace(_END, "").strip() if speaker != "ASSISTANT" else said.strip()
        if speaker == "USER":
            messages.append(Message("user", said))
        elif speaker == "ASSISTANT":
            taken = take_calls(said if _END in said else said + _END, _parse_call, "<functioncall>", _END)
            malformed += malformed_entries(taken, len(messages))
            content = (said if taken.malformed else taken.outside).replace(_END, "").strip()
            messages.append(Message("assistant", content, taken.calls))
        else:
            called = messages[-1].tool_calls if messages else ()
            messages.append(Message("tool", said, name=called[0].name if called else None))
    return Conversation(tuple(messages), tools, meta={"malformed": malformed} if malformed else {})


def _tools(system: str) -> tuple[Tool, ...]:
    tools, position = [], system.find("{")
    decoder = json.JSONDecoder()
    while position >= 0:
        try:
            entry, end = decoder.raw_decode(system, position)
        except (ValueError, RecursionError):
            break
        tools.append(openai_tool(entry, "system"))
        position = system.find("{", end)
    return tuple(tools)


def _parse_call(body: str) -> ToolCall:
    if quoted := _CALL.fullmatch(body):
        return ToolCall(quoted["name"], arguments_object(quoted["arguments"]), raw=body)
    value = parse_object(body)
    if not isinstance(value.get("name"), str) or set(value) - {"name", "arguments"}:
        raise BadCallError("keys must be name and arguments")
    return ToolCall(value["name"], arguments_object(value.get("arguments")), raw=body)
