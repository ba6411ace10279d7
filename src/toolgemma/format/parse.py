"""Completions back into content and calls: whole or as a stream, with a typed failure for each broken call.

    Let me look.\\n<tool_call>\\n{"name": "add", "arguments": {"a": 1}}\\n</tool_call><end_of_turn>
    ^ content      ^ opens   ^ one JSON value                         ^ closes    ^ nothing behind it is read

A call is well formed if one JSON object with exactly the dialect's two keys stands between the tags. Everything
else that was opened is `Malformed`: an attempt, kept as it was written, never repaired. The JSON is read from the
opening tag on, so a tag inside one of its strings is text. Where the JSON is broken, the region ends at the nearest
closing tag; at another opening tag, `<end_of_turn>` or the end of the text the call counts as unclosed. A closing
tag that closes nothing is content.

The whole parse is the stream fed once, so the two can't differ. The stream emits text and calls as soon as they are
certain; behind a broken call it waits for the end of the completion.

Costs: linear in the text, but for one JSON decode per closing tag that stands inside a string. Does not check calls
against the offered tools.
"""

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

from toolgemma.conversation import ToolCall
from toolgemma.format.segments import END

Reason = Literal[
    "unclosed", "bad_json", "not_object", "duplicate_key", "wrong_keys", "name_not_string", "args_not_object"
]
REASONS: tuple[Reason, ...] = get_args(Reason)

OPEN_TAG = "<tool_call>"
CLOSE_TAG = "</tool_call>"
MAX_DEPTH = 64
"""Deeper JSON is refused as bad_json: whatever walks it later recurses."""

_SPACE = re.compile(r"[ \t\n\r]*")
_TEXT_ENDS = re.compile(f"{OPEN_TAG}|{END}")
_BROKEN_CALL_ENDS = re.compile(f"{CLOSE_TAG}|{OPEN_TAG}|{END}")


@dataclass(frozen=True, slots=True)
class Malformed:
    """A call that was opened and isn't well formed. `raw` is what follows the opening tag, up to the closing one."""

    reason: Reason
    raw: str


@dataclass(frozen=True, slots=True)
class ParsedTurn:
    """An assistant turn as understood: text outside of calls, well-formed calls in order, broken ones in order."""

    content: str = ""
    calls: tuple[ToolCall, ...] = ()
    malformed: tuple[Malformed, ...] = ()


Event = str | ToolCall | Malformed


class CallParser:
    """Reads one completion, in chunks of any size.

    Args:
        name_key, arguments_key: the two keys of a call's JSON object.
        unwrap: where a dialect wraps its answers: the text outside of calls -> the message's content. It needs the
            whole text, so that `feed` emits calls only.
    """

    def __init__(self, name_key: str, arguments_key: str, unwrap: Callable[[str], str] | None = None) -> None:
        self._keys = (name_key, arguments_key)
        self._unwrap = unwrap
        self._pending = ""  # not yet understood: behind an opening tag if _in_call, else text that may begin a tag
        self._in_call = False
        self._searched = 0  # in a call: no closing tag begins before this place of _pending
        self._ended = False
        self._content = ""
        self._emitted = 0
        self._calls: list[ToolCall] = []
        self._malformed: list[Malformed] = []

    def feed(self, text: str) -> list[Event]:
        """What `text` made certain: pieces of content, calls, broken calls. The pieces join to a prefix of the content
        that `finish` returns, and none holds part of a tag."""
        self._pending += text
        return self._advance(final=False)

    def finish(self) -> ParsedTurn:
        """The whole turn; the completion has ended."""
        self._advance(final=True)
        content = self._content.strip()
        if self._unwrap:
            content = self._unwrap(content)
        return ParsedTurn(content, tuple(self._calls), tuple(self._malformed))

    def _advance(self, final: bool) -> list[Event]:
        events: list[Event] = []
        while self._pending and not self._ended:
            read = self._read_call(final) if self._in_call else self._read_text(final)
            if read is None:
                break
            if isinstance(read, ToolCall):
                self._calls.append(read)
                events.append(read)
            elif isinstance(read, Malformed):
                self._malformed.append(read)
                events.append(read)
            else:
                self._content += read
                if piece := self._new_content():
                    events.append(piece)
        if final and self._in_call:
            self._malformed.append(Malformed("unclosed", self._pending))
            self._in_call = False
        if self._ended:
            self._pending = ""
        return events

    def _read_text(self, final: bool) -> str | None:
        """Content up to the next tag, which is consumed; None if nothing is certain yet."""
        found = _TEXT_ENDS.search(self._pending)
        if found:
            text = self._take(found)
            self._in_call, self._ended, self._searched = found[0] == OPEN_TAG, found[0] == END, 0
            return text
        certain = len(self._pending) if final else len(self._pending) - _begun_tag(self._pending)
        text, self._pending = self._pending[:certain], self._pending[certain:]
        return text or None

    def _read_call(self, final: bool) -> ToolCall | Malformed | None:
        """The call at the start of `_pending`, which stands behind an opening tag; None if it isn't certain yet."""
        if not final:
            self._searched = self._pending.find(CLOSE_TAG, self._searched)
            if self._searched < 0:
                self._searched = max(0, len(self._pending) - len(CLOSE_TAG) + 1)
                return None
            self._searched += len(CLOSE_TAG)
        value, end = _decode(self._pending)
        behind = _after_space(self._pending, end)
        if value is not _BROKEN and self._pending.startswith(CLOSE_TAG, behind):
            raw = self._pending[:behind]
            self._pending = self._pending[behind + len(CLOSE_TAG) :]
            self._in_call = False
            return _judge(value, raw, *self._keys)
        if not final:
            return None
        return self._read_broken_call(end)

    def _read_broken_call(self, start: int) -> Malformed:
        found = _BROKEN_CALL_ENDS.search(self._pending, start)
        if found is None:
            raw, self._pending, tag = self._pending, "", ""
        else:
            raw, tag = self._take(found), found[0]
        self._in_call, self._ended = tag == OPEN_TAG, tag == END
        return Malformed("bad_json" if tag == CLOSE_TAG else "unclosed", raw)

    def _take(self, found: re.Match[str]) -> str:
        text, self._pending = self._pending[: found.start()], self._pending[found.end() :]
        return text

    def _new_content(self) -> str:
        if self._unwrap:
            return ""
        content = self._content.strip()  # white space at the end may turn out to be the message's end
        piece, self._emitted = content[self._emitted :], len(content)
        return piece


def _begun_tag(text: str) -> int:
    """Length of the longest end of `text` that could be the beginning of a tag."""
    for length in range(min(len(text), max(len(OPEN_TAG), len(END)) - 1), 0, -1):
        if OPEN_TAG.startswith(text[-length:]) or END.startswith(text[-length:]):
            return length
    return 0


def _after_space(text: str, start: int) -> int:
    found = _SPACE.match(text, start)
    assert found is not None
    return found.end()


_BROKEN: Any = object()


class _Pairs(dict[str, Any]):
    """A JSON object that knows whether its source wrote a key twice."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.doubled = len(self) != len(pairs)


def _constant(text: str) -> Any:
    return _BROKEN  # NaN and Infinity: a value and no error, so that the end of the JSON is still found


def _integer(text: str) -> Any:
    try:
        return int(text)
    except ValueError:  # more digits than Python converts
        return _BROKEN


def _finite(text: str) -> Any:
    number = float(text)
    return number if math.isfinite(number) else _BROKEN


_DECODER = json.JSONDecoder(object_pairs_hook=_Pairs, parse_constant=_constant, parse_int=_integer, parse_float=_finite)


def _decode(text: str) -> tuple[Any, int]:
    """The JSON value at the start of `text` and where it ends; `(_BROKEN, 0)` if there is none."""
    try:
        value, end = _DECODER.raw_decode(text, _after_space(text, 0))
    except (ValueError, RecursionError):
        return _BROKEN, 0
    return value, end


class _FaultError(Exception):
    """Internal: why a decoded value is no call."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


def _judge(value: Any, raw: str, name_key: str, arguments_key: str) -> ToolCall | Malformed:
    try:
        value = _plain(value)
        if not isinstance(value, dict):
            raise _FaultError("not_object")
        if value.keys() != {name_key, arguments_key}:
            raise _FaultError("wrong_keys")
        if not isinstance(value[name_key], str):
            raise _FaultError("name_not_string")
        if not isinstance(value[arguments_key], dict):
            raise _FaultError("args_not_object")
    except _FaultError as fault:
        return Malformed(fault.reason, raw)
    return ToolCall(value[name_key], value[arguments_key], raw=raw.strip())


def _plain(value: Any, depth: int = 0) -> Any:
    """A decoded value with plain dicts. Raises _FaultError for what JSON or Unicode doesn't allow inside it."""
    if value is _BROKEN or depth > MAX_DEPTH:
        raise _FaultError("bad_json")
    if isinstance(value, _Pairs):
        if value.doubled:
            raise _FaultError("duplicate_key")
        return {_plain(key): _plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, depth + 1) for item in value]
    if isinstance(value, str):
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:  # half of a surrogate pair
            raise _FaultError("bad_json") from None
    return value
