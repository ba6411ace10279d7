"""Rules about the final answer: its tags, and whether it contradicts the tool result it follows.

A contradiction is a *different* value in the place of the result's; a result that the answer merely leaves out is
none, and neither is a rounding, another date format, or a fact from elsewhere. Judged only where one call has one
result and the answer follows. By the result's form:

    9                        the answer has numbers, and none is 9 (or 9 rounded, times or over 100)
    True, False              the answer says the opposite, in English
    2024-03-01               the answer has dates, and none is this one
    Wednesday                the answer has weekdays, and not this one
    some-slug-2024           the answer has a word that is nearly this one, and not this one
    ['#a', 'https://b.c']    the answer has hashtags, URLs or phone numbers that are not in the list
    [{'title': 'Plans'}]     the answer says it found something titled otherwise; or alters a URL of the result
    {'error': ...}           the answer tells of no failure

and, whatever its form, quotes a text of the call or of the result with one or two words changed that
carry meaning. Other signs of a wrong answer (wrong inference, invented facts) need a reader.
"""

import ast
import calendar
import difflib
import json
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from toolgemma.conversation import Conversation
from toolgemma.data.convert.shawhin import answer_tag_fault

_LONGEST = 20_000
_LARGEST = 1e15
_NUMBER = re.compile(r"(?<![\w.])[-−]?\d[\d,]*(?:\.\d+)?")
_DATE = re.compile(r"\b(\d{4})-(\d\d?)-(\d\d?)(?:[T ](\d\d):(\d\d))?")
_MONTHS = tuple(month.lower() for month in calendar.month_name[1:])
_WEEKDAYS = tuple(day.lower() for day in calendar.day_name)
_URL = re.compile(r"(?:https?://|www\.)[^\s\"'<>`)\]]+", re.IGNORECASE)
_HASHTAG = re.compile(r"(?<![\w/&])#[\w-]*[^\W\d][\w-]*")
_PHONE = re.compile(r"(?<![\w.-])\+?\(?\d[\d().\s-]{5,}\d(?![\w-])")
_QUOTED = re.compile(r"[\"“]([^\"“”\n]{8,300})[\"”]")
_TITLED = re.compile(r"\b(?:found|find|is|are)\b[^.\n]*\b(?:titled|named|called) [\"“]([^\"“”]+)[\"”]", re.IGNORECASE)
_NEGATION = re.compile(
    r"\bnot\b|n['’]t\b|\bno\b|\bcannot\b|\bunable\b|\binvalid\b|\bincorrect\b|\bwithout\b", re.IGNORECASE
)
_AFFIRMATION = re.compile(r"^\W*yes\b|\b(?:is|are) (?:a |an |in a |formatted )?(?:valid|correct|true)", re.IGNORECASE)
_FAILURE = re.compile(
    r"error|fail|unable|sorry|problem|issue|invalid|unfortunately|could ?n[o']t|can ?n[o']t|not|n['’]t", re.IGNORECASE
)
_FUNCTION_WORDS = frozenset(
    ["a", "an", "the", "his", "her", "my", "your", "their", "our", "its", "of", "to", "in", "on", "at"]
)
_ALIKE = 0.75
_QUOTED_ALIKE = 0.8
_CHANGED_WORDS = 2


def answer_faults(conversation: Conversation) -> Iterator[tuple[str, str]]:
    """(rule, message) of each fault of one row."""
    messages = conversation.messages
    for message in messages:
        if message.role == "assistant" and message.raw is not None and not _calls_only(message.raw):
            tagged = "final_answer>" in message.raw or conversation.meta.get("source") == "shawhin"
            if tagged and (fault := answer_tag_fault(message.raw)):
                yield "answer-tags", f"{fault}: {' '.join(message.raw.split())[:60]!r}"
    for call_message, result, answer in zip(messages, messages[1:], messages[2:], strict=False):
        if len(call_message.tool_calls) == 1 and result.role == "tool" and answer.role == "assistant":
            prompt = "\n".join(message.content for message in messages if message.role in ("system", "user"))
            arguments = call_message.tool_calls[0].arguments
            fault = contradiction(read_result(result.content), answer.content, arguments, prompt)
            if fault:
                yield "answer-contradicts-result", fault


def read_result(content: str) -> Any:
    """A tool result as a value: JSON or a Python literal (read, not run), else the text itself."""
    if len(content) <= _LONGEST:
        for parse in (json.loads, ast.literal_eval):
            try:
                return parse(content.strip())
            except (ValueError, SyntaxError, MemoryError, RecursionError):
                continue
    return content


def contradiction(result: Any, answer: str, arguments: Any, prompt: str) -> str | None:
    """How `answer` contradicts `result`, or None; see the top of this module for what counts."""
    if isinstance(result, bool):
        fault = _wrong_polarity(result, answer)
    elif isinstance(result, int | float):
        fault = _wrong_number(result, answer)
    elif isinstance(result, str):
        fault = _wrong_text(result, answer)
    elif isinstance(result, dict) and _failed(result):
        fault = None if _FAILURE.search(answer) else f"the tool failed ({str(result)[:60]}), the answer doesn't say so"
    elif isinstance(result, list) and result and all(isinstance(entry, str) for entry in result):
        fault = _wrong_items(result, answer)
    elif isinstance(result, list) and result and all(isinstance(entry, dict) for entry in result):
        fault = _wrong_hits(result, answer)
    else:
        fault = None
    return fault or _misquoted([*_texts(arguments), *_texts(result)], answer, prompt)


def _calls_only(raw: str) -> bool:
    return "<tool_call>" in raw and "final_answer>" not in raw


def _failed(result: dict[str, Any]) -> bool:
    return bool(result.get("error")) or str(result.get("status")).lower() in ("error", "failed", "failure")


def _wrong_polarity(result: bool, answer: str) -> str | None:
    negative, affirmative = _NEGATION.search(answer), _AFFIRMATION.search(answer)
    if result and negative and not affirmative and re.search(r"\b(?:not|n['’]t) (?:a |in a )?valid|invalid", answer):
        return "the result is True, the answer denies it"
    if not result and affirmative and not negative:
        return "the result is False, the answer affirms it"
    return None


def _wrong_number(result: int | float, answer: str) -> str | None:
    if not abs(result) < _LARGEST:
        return None
    said = [match.group().replace(",", "").replace("−", "-") for match in _NUMBER.finditer(answer)]
    if not said or any(_says(text, target) for text in said for target in (result, result * 100, result / 100)):
        return None
    return f"the result is {result}, the answer says {', '.join(said[:4])}"


def _says(text: str, value: float) -> bool:
    """Whether `text` is `value`, rounded or cut to its own decimals; the sign may be in words."""
    decimals = len(text.partition(".")[2])
    return abs(abs(float(text)) - abs(value)) < 10.0**-decimals * (1 if decimals else 0.5 + 1e-9)


def _wrong_text(result: str, answer: str) -> str | None:
    value = result.strip()
    if date := _DATE.match(value):
        return _wrong_date(date, answer)
    words = [word.strip(".,;:!?*_()[]'\"“”`") for word in _plain(answer).split()]
    plain = _plain(value)
    if plain in _WEEKDAYS:
        said = [word for word in words if word in _WEEKDAYS]
        return f"the result is {value}, the answer says {said[0]}" if said and plain not in said else None
    if " " in plain or len(plain) < 6 or len(plain) > 100 or plain.isalpha() or plain in _plain(answer):
        return None
    near = difflib.get_close_matches(plain, words, n=1, cutoff=_ALIKE)
    return f"the result is {value!r}, the answer has {near[0]!r}" if near else None


def _wrong_date(date: re.Match[str], answer: str) -> str | None:
    _, month, day, hour, minute = (int(part) if part else None for part in date.groups())
    assert month is not None and day is not None
    text = _plain(answer)
    numbers = {int(number) for number in re.findall(r"\d+", text) if len(number) < 10}
    named = any(name in text or re.search(rf"\b{name[:3]}\b", text) for name in _MONTHS)
    said_date = _DATE.search(text) or (named and numbers)
    if not said_date or (day in numbers and (month in numbers or _MONTHS[month - 1][:3] in text)):
        return None
    if hour is not None and minute in numbers and (hour in numbers or (hour % 12 or 12) in numbers):
        return None
    return f"the result is {date.group()}, the answer has another date"


def _wrong_items(result: list[str], answer: str) -> str | None:
    """An item of the answer, of the same kind as those of the result, that the result doesn't have."""
    listed = {_trimmed(item) for item in result}
    digits = {re.sub(r"\D", "", item) for item in result}
    if all(_URL.match(item.strip()) for item in result):
        extra = [found for found in _items(_URL, answer) if _trimmed(found) not in listed]
    elif all(item.strip().startswith("#") for item in result):
        extra = [found for found in _items(_HASHTAG, answer) if _trimmed(found) not in listed]
    elif all(
        len(number) >= 7 and not re.search(r"[^\W\d]", item) for item, number in zip(result, digits, strict=False)
    ):
        said = {found: re.sub(r"\D", "", found) for found in _items(_PHONE, answer)}
        extra = [
            found for found, number in said.items() if not any(number in other or other in number for other in digits)
        ]
    else:
        return None
    return f"the answer lists {extra[0].strip()!r}, which the tool did not return" if extra else None


def _items(pattern: re.Pattern[str], answer: str) -> list[str]:
    """Matches in sentences and lines that deny nothing."""
    lines = [line for line in re.split(r"(?<=[.!?])\s|\n", answer) if not _NEGATION.search(line)]
    return [match.group() for line in lines for match in pattern.finditer(line)]


def _wrong_hits(result: list[dict[str, Any]], answer: str) -> str | None:
    titles = {_trimmed(str(entry["title"])) for entry in result if "title" in entry}
    for sentence in re.split(r"(?<=[.!?])\s|\n", answer):
        for titled in _TITLED.finditer(sentence) if titles and not _NEGATION.search(sentence) else ():
            if _trimmed(titled[1]) not in titles:
                return f"the answer found {titled[1]!r}, the result has {', '.join(sorted(titles))[:80]!r}"
    urls = [_trimmed(text) for text in _texts(result) if _URL.match(text)]
    for said in map(_trimmed, _items(_URL, answer)):
        near = difflib.get_close_matches(said, urls, n=1, cutoff=_QUOTED_ALIKE)
        if near and said not in urls and not near[0].startswith(said):
            return f"the result has {near[0]}, the answer {said}"
    return None


def _misquoted(texts: list[str], answer: str, prompt: str) -> str | None:
    """A quotation in the answer, three words or more, that is nearly one of `texts`."""
    known = [_trimmed(text) for text in (*texts, *_QUOTED.findall(prompt))]
    for quoted in _QUOTED.findall(answer):
        said = _trimmed(quoted)
        if len(said.split()) < 3 or said in known:
            continue
        for text in known[: len(texts)]:
            matcher = difflib.SequenceMatcher(None, said, text, autojunk=False)
            if matcher.quick_ratio() < _QUOTED_ALIKE or matcher.ratio() < _QUOTED_ALIKE:
                continue
            changed = (set(said.split()) ^ set(text.split())) - _FUNCTION_WORDS
            if 0 < len(changed) <= _CHANGED_WORDS:
                return f"the answer quotes {quoted!r} with another wording ({', '.join(sorted(changed)[:4])})"
    return None


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for child in children for text in _texts(child)]


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _trimmed(text: str) -> str:
    return _plain(text).strip(".,;:!?*_()[]'\"“”`/ ")
