"""The one form in which conversations live inside the program: OpenAI messages and tools.

    Conversation
      tools     (Tool("get_weather", "Weather now.", {"type": "object", ...}),)
      messages  system?  user  assistant(tool_calls)  tool  assistant("It is 21 degrees.")

Every object is frozen. `raw` keeps the source's own text beside what was understood of it, so that nothing is lost
on reading and a dialect can give a row back byte for byte. `raw` is provenance, not content: it takes no part in
equality, and a renderer must check that it still says the same as the fields beside it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from toolgemma.errors import DataError

Role = Literal["system", "user", "assistant", "tool"]
ROLES: tuple[str, ...] = get_args(Role)


def canonical_json(value: Any) -> str:
    """Compact JSON with sorted keys: equal text means equal values *and* types (1, 1.0 and true differ)."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Tool:
    """A function the model may call."""

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=lambda: {"type": "object", "properties": {}})
    """JSON Schema of the arguments object."""
    raw: str | None = field(default=None, compare=False)
    """The tool as its source wrote it."""

    def to_openai(self) -> dict[str, Any]:
        """The tool as an OpenAI `tools` entry."""
        function = {"name": self.name, "description": self.description, "parameters": dict(self.parameters)}
        return {"type": "function", "function": function}


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call: the tool's name and its arguments as a JSON object."""

    name: str
    arguments: Mapping[str, Any]
    id: str | None = field(default=None, compare=False)
    raw: str | None = field(default=None, compare=False)
    """The call as its source or the model wrote it (the JSON text between the tags)."""

    def key(self) -> str:
        """Canonical JSON of the call: equal keys mean equal calls, types included."""
        return canonical_json([self.name, self.arguments])


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `tool_calls` only on `assistant`; a `tool` message holds the result of one call."""

    role: Role
    content: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    name: str | None = None
    """On a `tool` message: the tool that answered, where the source says so."""
    raw: str | None = field(default=None, compare=False)
    """The message as its source wrote it, tags included."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """Messages, the tools offered to the model, and what the source's other columns said.

    `id` names the row as published, "train/17". `meta` holds the source's own columns (`query_type`, `tool_name`,
    ...) and `source`, the data dialect it was read from; nothing in `meta` is ever shown to the model.
    """

    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] = ()
    id: str = field(default="", compare=False)
    meta: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def tool_names(self) -> tuple[str, ...]:
        """Names of the offered tools, in order."""
        return tuple(tool.name for tool in self.tools)

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """Every call of every assistant message, in order."""
        return tuple(call for message in self.messages for call in message.tool_calls)

    @property
    def split(self) -> str:
        """Split as published, from `id`."""
        return self.id.partition("/")[0]

    @property
    def row(self) -> int:
        """Index within the split as published, from `id`."""
        return int(self.id.partition("/")[2])


def to_openai(conversation: Conversation) -> dict[str, Any]:
    """`{"messages": [...], "tools": [...]}` as the OpenAI API and chat templates take them; arguments as objects."""
    messages = []
    for message in conversation.messages:
        entry: dict[str, Any] = {"role": message.role, "content": message.content}
        if message.tool_calls:
            entry["tool_calls"] = [
                {"type": "function", "function": {"name": call.name, "arguments": dict(call.arguments)}}
                | ({"id": call.id} if call.id else {})
                for call in message.tool_calls
            ]
        if message.name:
            entry["name"] = message.name
        messages.append(entry)
    return {"messages": messages, "tools": [tool.to_openai() for tool in conversation.tools]}


def to_record(conversation: Conversation) -> dict[str, Any]:
    """JSON-able form that loses nothing: OpenAI messages and tools plus `id`, `meta` and every `raw`."""
    record = to_openai(conversation) | {"id": conversation.id, "meta": dict(conversation.meta)}
    for entry, message in zip(record["messages"], conversation.messages, strict=True):
        if message.raw is not None:
            entry["raw"] = message.raw
        for call_entry, call in zip(entry.get("tool_calls", ()), message.tool_calls, strict=True):
            if call.raw is not None:
                call_entry["raw"] = call.raw
    for entry, tool in zip(record["tools"], conversation.tools, strict=True):
        if tool.raw is not None:
            entry["raw"] = tool.raw
    return record


def from_record(record: Mapping[str, Any]) -> Conversation:
    """The inverse of `to_record`: `from_record(to_record(c)) == c`, `raw`, `id` and `meta` included.

    Raises:
        DataError: the record lacks a key that `to_record` writes.
    """
    try:
        messages = tuple(
            Message(
                role=entry["role"],
                content=entry["content"],
                tool_calls=tuple(
                    ToolCall(call["function"]["name"], call["function"]["arguments"], call.get("id"), call.get("raw"))
                    for call in entry.get("tool_calls", ())
                ),
                name=entry.get("name"),
                raw=entry.get("raw"),
            )
            for entry in record["messages"]
        )
        tools = tuple(
            Tool(
                entry["function"]["name"],
                entry["function"]["description"],
                entry["function"]["parameters"],
                entry.get("raw"),
            )
            for entry in record["tools"]
        )
        return Conversation(messages, tools, record["id"], record["meta"])
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"not a prepared row (missing or wrong: {error}); delete the prepared folder and run prepare again"
        ) from error
