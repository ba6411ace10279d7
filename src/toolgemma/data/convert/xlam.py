"""xLAM rows: `query`, `tools` and `answers`, the last two as JSON text; one user turn and its calls, no results.

Parameters are `{"city": {"type": "str, optional", "description": ..., "default": ...}}` with types as Python writes
them; they become JSON Schema. A parameter is required unless it is marked optional or has a default.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from toolgemma.conversation import Conversation, Message, Tool, ToolCall
from toolgemma.data.convert.fields import BadCallError, arguments_object, objects, openai_tool, text

NAME = "xlam"
COLUMNS = "query, tools, answers"
_TYPES = {
    "str": "string", "string": "string", "int": "integer", "integer": "integer", "float": "number",
    "number": "number", "bool": "boolean", "boolean": "boolean", "list": "array", "array": "array", "set": "array",
    "tuple": "array", "dict": "object", "object": "object",
}  # fmt: skip
_ITEMS = re.compile(r"(?:list|set|sequence|array)\[(.+)\]", re.IGNORECASE)


def matches(columns: set[str], rows: object) -> bool:
    """Whether this reader knows rows with these columns."""
    return {"query", "tools", "answers"} <= columns


def convert(row: Mapping[str, Any]) -> Conversation:
    """One row as a conversation.

    Raises:
        DataError: the query is no text, or the tools are no list.
    """
    tools = tuple(_tool(entry) for entry in objects(row.get("tools"), "tools"))
    answers = row.get("answers")
    calls, meta = [], {}
    try:
        entries = json.loads(answers) if isinstance(answers, str) else answers
        for entry in entries if isinstance(entries, list) else [entries]:
            if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
                raise BadCallError("keys must be name and arguments")
            calls.append(ToolCall(entry["name"], arguments_object(entry.get("arguments"))))
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, BadCallError) else "bad JSON"
        meta["malformed"] = [{"message": 1, "reason": reason, "raw": str(answers)}]
    content = str(answers) if meta else ""
    messages = (Message("user", text(row.get("query"), "query")), Message("assistant", content, tuple(calls)))
    return Conversation(messages, tools, meta=meta)


def _tool(entry: Mapping[str, Any]) -> Tool:
    parameters = entry.get("parameters") or {}
    if "function" in entry or not isinstance(parameters, Mapping) or parameters.get("type") == "object":
        return openai_tool(entry)
    properties, required = {}, []
    for name, described in parameters.items():
        described = described if isinstance(described, Mapping) else {"description": str(described)}
        type_text = str(described.get("type", ""))
        kept = {key: described[key] for key in ("description", "default", "enum") if key in described}
        properties[name] = _schema(re.sub(r",\s*optional\b.*", "", type_text)) | kept
        if not re.search(r",\s*optional\b", type_text) and "default" not in described:
            required.append(name)
    schema = {"type": "object", "properties": properties} | ({"required": required} if properties else {})
    return openai_tool({"name": entry.get("name"), "description": entry.get("description"), "parameters": schema})


def _schema(python_type: str) -> dict[str, Any]:
    """JSON Schema of a type as Python writes it; one that isn't known stays open."""
    python_type = python_type.strip()
    if inner := _ITEMS.fullmatch(python_type):
        items = _schema(inner[1])
        return {"type": "array"} | ({"items": items} if items else {})
    word = python_type.partition("[")[0].strip().lower()
    return {"type": _TYPES[word]} if word in _TYPES else {}
