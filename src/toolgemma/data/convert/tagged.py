"""Calls between tags in an assistant's text, for the source dialects that write them so.

    "I will look. <tool_call>{...}</tool_call>"  ->  text "I will look. ", one call

What stands between the tags and is no call is reported as malformed, never raised and never mended.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from toolgemma.conversation import ToolCall
from toolgemma.data.convert.fields import BadCallError


@dataclass(frozen=True, slots=True)
class Taken:
    """What an assistant's text holds: the text outside of the tags, its calls, its malformed calls."""

    outside: str
    calls: tuple[ToolCall, ...]
    malformed: tuple[tuple[str, str], ...]
    """(reason, raw text) of each."""


def take_calls(
    content: str, parse: Callable[[str], ToolCall], opening: str = "<tool_call>", closing: str = "</tool_call>"
) -> Taken:
    """Split `content` at its call tags and parse what is between them."""
    calls: list[ToolCall] = []
    malformed: list[tuple[str, str]] = []
    outside, position = "", 0
    while (start := content.find(opening, position)) >= 0:
        outside += content[position:start]
        end = content.find(closing, start)
        position = end + len(closing) if end >= 0 else len(content)
        body = content[start + len(opening) : end if end >= 0 else None].strip()
        try:
            if end < 0:
                raise BadCallError("not closed")
            calls.append(parse(body))
        except BadCallError as error:
            malformed.append((str(error), body))
    return Taken(outside + content[position:], tuple(calls), tuple(malformed))


def malformed_entries(taken: Taken, message: int) -> list[dict[str, Any]]:
    """The entries of `meta["malformed"]` for the message at that index."""
    return [{"message": message, "reason": reason, "raw": raw} for reason, raw in taken.malformed]
