"""OpenAI chat rows: `messages` and `tools`, each a list or the JSON text of one; arguments an object or JSON text."""

from collections.abc import Mapping
from typing import Any, cast

from toolgemma.conversation import Conversation, Message, Role, ToolCall
from toolgemma.data.convert.fields import BadCallError, arguments_object, objects, openai_tool, text
from toolgemma.errors import DataError

NAME = "openai"
COLUMNS = "messages (tools)"
_ROLES = {role: role for role in ("system", "user", "assistant", "tool")} | {"developer": "system", "function": "tool"}


def matches(columns: set[str], rows: object) -> bool:
    """Whether this reader knows rows with these columns."""
    return "messages" in columns


def convert(row: Mapping[str, Any]) -> Conversation:
    """One row as a conversation.

    Raises:
        DataError: no messages, an unknown role, or content that is no text.
    """
    offered = row.get("tools") or row.get("functions") or []
    tools = tuple(openai_tool(entry) for entry in objects(offered, "tools"))
    malformed: list[dict[str, Any]] = []
    messages: list[Message] = []
    names: dict[str, str] = {}
    for index, entry in enumerate(objects(row.get("messages"), "messages")):
        role = entry.get("role")
        if role not in _ROLES:
            raise DataError(f"column messages[{index}].role: {role!r}; known are {', '.join(_ROLES)}")
        calls = _calls(entry, index, malformed)
        names |= {call.id: call.name for call in calls if call.id}
        optional = bool(calls) or any(fault["message"] == index for fault in malformed)
        content = _content(entry.get("content"), f"messages[{index}].content", optional)
        name = entry.get("name") or names.get(entry.get("tool_call_id", "")) if _ROLES[role] == "tool" else None
        messages.append(Message(cast(Role, _ROLES[role]), content, calls, name))
    return Conversation(tuple(messages), tools, meta={"malformed": malformed} if malformed else {})


def _calls(entry: Mapping[str, Any], index: int, malformed: list[dict[str, Any]]) -> tuple[ToolCall, ...]:
    found = list(entry.get("tool_calls") or [])
    if entry.get("function_call"):
        found.append({"function": entry["function_call"]})
    calls = []
    for call in found:
        try:
            function = call.get("function", call) if isinstance(call, Mapping) else {}
            name = function.get("name")
            if not isinstance(name, str) or not name:
                raise BadCallError("no name")
            calls.append(ToolCall(name, arguments_object(function.get("arguments")), call.get("id")))
        except BadCallError as error:
            malformed.append({"message": index, "reason": str(error), "raw": str(call)})
    return tuple(calls)


def _content(content: Any, column: str, optional: bool) -> str:
    if isinstance(content, list):
        parts = objects(content, column)
        if any(part.get("type") != "text" for part in parts):
            raise DataError(f"column {column}: only text parts can be read")
        return "".join(text(part.get("text"), column) for part in parts)
    if content is None and optional:
        return ""
    return text(content, column)
