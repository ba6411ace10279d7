"""shawhin traces: roles user and assistant only, the wire format of their author in the text.

    user       <instructions>...</instructions> <tools>[...]</tools> Current date: ...   -> tools, system
    user       query                                                                     -> user
    assistant  a sentence, <tool_call>{"tool_name": ..., "args": {...}}</tool_call>      -> assistant, tool_calls
    user       <tool_result>...</tool_result>                                            -> tool
    assistant  <final_answer>...</final_answer>                                          -> assistant

The instructions hold sample `<tool_call>` tags, so calls are looked for in assistant turns alone. The instruction
text is dropped and kept in `meta["instructions_raw"]`; `Message.raw` is each trace message as published. What is
unwrapped is a piece of the raw text, never composed anew. Columns: `meta` holds them under their own names.
"""

import functools
import json
import re
from collections.abc import Mapping
from typing import Any

from toolgemma.conversation import Conversation, Message, Tool, ToolCall
from toolgemma.data.convert.fields import objects, parse_call, text
from toolgemma.data.convert.tagged import malformed_entries, take_calls
from toolgemma.errors import DataError
from toolgemma.schema import parameters_from_prose

NAME = "shawhin"
COLUMNS = "query, trace"
_RESULT = re.compile(r"\s*<tool_result>\n?(.*?)\n?</tool_result>\s*", re.DOTALL)
_ANSWER_TAG = re.compile(r"(?P<quote>(?<!`)`(?=<))?<(?P<close>/?)final_answer>(?:`(?!`))?")
_NOTHING = re.compile(r"\s*(```\w*)?\s*")


def matches(columns: set[str], rows: object) -> bool:
    """Whether this reader knows rows with these columns."""
    return {"query", "trace"} <= columns


def convert(row: Mapping[str, Any]) -> Conversation:
    """One row as a conversation.

    Raises:
        DataError: the trace is missing, null or binary, or its tools are no JSON list.
    """
    trace = [
        (text(entry.get("role"), f"trace[{place}].role"), text(entry.get("content"), f"trace[{place}].content"))
        for place, entry in enumerate(objects(row.get("trace"), "trace"))
    ]
    tools: tuple[Tool, ...] = ()
    messages: list[Message] = []
    meta: dict[str, Any] = {"tool_name": row.get("tool_name")} if "tool_needed" in row else {}
    if trace and trace[0][0] == "user" and "<tools>" in trace[0][1]:
        meta["instructions_raw"] = trace.pop(0)[1]
        tools, rest = _read_instructions(meta["instructions_raw"])
        messages += [Message("system", rest)] if rest else []
    malformed: list[dict[str, Any]] = []
    for role, content in trace:
        if role == "assistant":
            messages.append(_read_assistant(content, len(messages), malformed))
        elif role == "user":
            messages.append(_read_user(content, messages))
        else:
            raise DataError(f"column trace: role {role!r}; known are user and assistant")
    if malformed:
        meta["malformed"] = malformed
    return Conversation(tuple(messages), tools, meta=meta)


def unwrap_answer(raw: str) -> str:
    """The answer inside `<final_answer>` tags, as well as it can be found where they are broken or doubled."""
    pieces = _pieces(raw)
    inside = [piece for kind, piece in reversed(pieces) if kind == "open"]
    for piece in [*inside, *sorted((piece for _, piece in pieces), key=len, reverse=True)]:
        if not _NOTHING.fullmatch(piece):
            return piece.strip()
    return ""


def answer_tag_fault(raw: str) -> str | None:
    """What is wrong with the `<final_answer>` tags of a raw assistant message, or None."""
    pieces = _pieces(raw)
    kinds = [kind for kind, _ in pieces]
    if kinds == ["start"]:
        return "no tags"
    if kinds.count("open") > 1 or kinds.count("close") > 1:
        return "doubled tags"
    if kinds != ["start", "open", "close"] or "`" in _ANSWER_TAG.findall(raw)[0][0] or not pieces[1][1].strip():
        return "broken tags"
    around = [pieces[0][1].strip(), pieces[2][1].strip()]
    if not any(around):
        return None
    return "in a code fence" if all(_NOTHING.fullmatch(text) for text in around) else "text outside of the tags"


def _pieces(raw: str) -> list[tuple[str, str]]:
    """The text between the answer tags, each piece with what stands before it: start, open or close."""
    pieces, kind, end = [], "start", 0
    for tag in _ANSWER_TAG.finditer(raw):
        pieces.append((kind, raw[end : tag.start()]))
        kind, end = "close" if tag["close"] else "open", tag.end()
    return [*pieces, (kind, raw[end:])]


def _read_instructions(content: str) -> tuple[tuple[Tool, ...], str]:
    """Tools, and the text after them (in this dataset a `Current date:` line)."""
    _, _, after = content.rpartition("<tools>")
    listed, closed, rest = after.partition("</tools>")
    if not closed:
        raise DataError("column trace: the <tools> list of the first message is not closed")
    return _read_tools(listed), rest.strip()


def _read_tools(listed: str) -> tuple[Tool, ...]:
    return tuple(_read_tool(json.dumps(entry)) for entry in objects(listed, "trace.tools"))


@functools.lru_cache(maxsize=4096)
def _read_tool(entry_json: str) -> Tool:
    """A tool; rows share its object, since they share its text."""
    entry = json.loads(entry_json)
    name = text(entry.get("tool_name"), "trace.tools.tool_name")
    raw = json.dumps(entry, indent=2, ensure_ascii=False)
    return Tool(name, entry.get("description") or "", parameters_from_prose(entry.get("input_args") or {}), raw)


def _read_user(content: str, before: list[Message]) -> Message:
    result = _RESULT.fullmatch(content)
    if not result:
        return Message("user", content, raw=content)
    called = next((message.tool_calls for message in reversed(before) if message.tool_calls), ())
    return Message("tool", result[1], name=called[-1].name if called else None, raw=content)


def _read_assistant(content: str, index: int, malformed: list[dict[str, Any]]) -> Message:
    taken = take_calls(content, _parse_call)
    malformed += malformed_entries(taken, index)
    text_part = content if taken.malformed else unwrap_answer(taken.outside)
    return Message("assistant", text_part, taken.calls, raw=content)


def _parse_call(body: str) -> ToolCall:
    return parse_call(body, "tool_name", "args")
