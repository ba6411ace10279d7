"""The error taxonomy: one primary label per decision, the first that matches, with a sub-label.

    malformed  spurious_call  missed_call  wrong_count  hallucinated_tool  wrong_tool
    missing_arg  extra_arg  wrong_type  wrong_value  ok

The labels partition the decisions, and `ok` iff tool_call_accuracy is 1. That measure takes the calls in any order, so
wrong_order can't be a primary label beside it: right calls in another order are `ok` with the sub-label `wrong_order`
(their exact_match is 0). Calls that were matched are right and never blamed; the labels from hallucinated_tool on look
at what is left, paired within one tool so that the fewest arguments differ: no label depends on the order of the calls.

D2, the answer after a result, has labels of its own: malformed, second_call, no_answer, result_unused, ok.
The sub-labels of wrong_value are guesses about text (is it a date?); a row whose arguments differ in several ways gets
the gravest, the last in the order of `VALUE_SUBLABELS`.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from toolgemma.conversation import ToolCall, canonical_json
from toolgemma.evaluation.match import Matching, Schema, normal_arguments
from toolgemma.format.parse import ParsedTurn

LABELS = (
    "malformed",
    "spurious_call",
    "missed_call",
    "wrong_count",
    "hallucinated_tool",
    "wrong_tool",
    "missing_arg",
    "extra_arg",
    "wrong_type",
    "wrong_value",
    "ok",
)
ANSWER_LABELS = ("malformed", "second_call", "no_answer", "result_unused", "ok")
VALUE_SUBLABELS = ("format_only", "list_order", "numeric", "date", "choice", "structure", "free_text")
_DATE_FORMATS = (
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%B %d, %Y",
    "%B %d %Y",
    "%d %B %Y",
    "%b %d, %Y",
)
_NUMBER = re.compile(r"[-+]?\d[\d,]*(?:\.\d+)?")
_MEANING = re.compile(r"(?<!\w)-?\d+(?:\.\d+)?|[^\W_]+|[+*/^%=<>@]")
_KINDS = {bool: "boolean", int: "integer", float: "number", str: "string", type(None): "null"}

Labelled = tuple[str, str | None]


def label_calls(
    gold: Sequence[ToolCall],
    parsed: ParsedTurn,
    offered: Sequence[str],
    schemas: Mapping[str, Schema],
    matching: Matching,
    truncated: bool,
) -> Labelled:
    """Label and sub-label of a D1; `matching` is the maximum one under `strict`."""
    if parsed.malformed:
        return "malformed", parsed.malformed[0].reason
    called = parsed.calls
    if not gold:
        if not called:
            return "ok", None
        return "spurious_call", "offered" if all(call.name in offered for call in called) else "not_offered"
    if not called:
        return "missed_call", "truncated" if truncated else "prose" if parsed.content.strip() else "empty"
    if len(called) != len(gold):
        return "wrong_count", "too_many" if len(called) > len(gold) else "too_few"
    if matching.size == len(gold):
        return "ok", None if matching.in_order else "wrong_order"
    taken = set(matching.pairs.values())
    left_gold = [call for index, call in enumerate(gold) if index not in matching.pairs]
    left_called = [call for index, call in enumerate(called) if index not in taken]
    return _label_names(left_gold, left_called, offered) or _label_arguments(left_gold, left_called, schemas)


def label_answer(parsed: ParsedTurn, used_result: bool | None) -> Labelled:
    """Label of a D2; `used_result` is None where the result holds nothing that an answer could be checked for."""
    if parsed.malformed:
        return "malformed", parsed.malformed[0].reason
    if parsed.calls:
        return "second_call", None
    if not parsed.content.strip():
        return "no_answer", None
    return ("result_unused", None) if used_result is False else ("ok", None)


def _label_names(gold: Sequence[ToolCall], called: Sequence[ToolCall], offered: Sequence[str]) -> Labelled | None:
    invented = [call.name for call in called if call.name not in offered]
    if invented:
        spellings = {_bare(name) for name in offered}
        return "hallucinated_tool", "spelling" if all(_bare(name) in spellings for name in invented) else "invented"
    if Counter(call.name for call in gold) != Counter(call.name for call in called):
        return "wrong_tool", None
    return None


def _label_arguments(gold: Sequence[ToolCall], called: Sequence[ToolCall], schemas: Mapping[str, Schema]) -> Labelled:
    missing: set[bool] = set()
    extra: set[bool] = set()
    clashes: set[str] = set()
    values: set[str] = set()
    for name, wanted, given in _pairs(gold, called, schemas):
        schema = schemas.get(name, {})
        properties = schema.get("properties") or {}
        missing |= {name in (schema.get("required") or ()) for name in wanted.keys() - given.keys()}
        extra |= {name in properties for name in given.keys() - wanted.keys()}
        for argument in sorted(wanted.keys() & given.keys()):
            one, other = wanted[argument], given[argument]
            if canonical_json(one) != canonical_json(other):
                clashes |= set(_type_clashes(one, other))
                values.add(_value_sublabel(one, other, properties.get(argument)))
    if missing:
        return "missing_arg", "required" if True in missing else "optional"
    if extra:
        return "extra_arg", "unknown" if False in extra else "known"
    if clashes:
        return "wrong_type", min(clashes)
    return "wrong_value", max(values, key=VALUE_SUBLABELS.index)


def _pairs(
    gold: Sequence[ToolCall], called: Sequence[ToolCall], schemas: Mapping[str, Schema]
) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """(tool, gold arguments, predicted arguments) of the same tool, the most alike first; ties by the arguments."""
    left = [(call.name, normal_arguments(call.arguments, schemas.get(call.name, {}))) for call in gold]
    right = [(call.name, normal_arguments(call.arguments, schemas.get(call.name, {}))) for call in called]
    candidates = sorted(
        (_differences(wanted, given), canonical_json([name, wanted]), canonical_json(given), i, j)
        for i, (name, wanted) in enumerate(left)
        for j, (other_name, given) in enumerate(right)
        if name == other_name
    )
    free_left, free_right = set(range(len(left))), set(range(len(right)))
    for *_, i, j in candidates:
        if i in free_left and j in free_right:
            free_left.remove(i)
            free_right.remove(j)
            yield left[i][0], left[i][1], right[j][1]


def _differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> int:
    """Number of arguments that stand in one of the two only, or differ."""
    return len(
        {(name, canonical_json(value)) for name, value in one.items()}.symmetric_difference(
            (name, canonical_json(value)) for name, value in other.items()
        )
    )


def _type_clashes(one: Any, other: Any) -> Iterator[str]:
    """ "string_for_integer" wherever JSON types differ; 5 and 5.5 differ in value, 5 and 5.0 in type."""
    kind, other_kind = _kind(one), _kind(other)
    if kind != other_kind:
        if {kind, other_kind} != {"integer", "number"} or one == other:
            yield f"{other_kind}_for_{kind}"
    elif kind == "array" and not _permuted(one, other):
        for entry, other_entry in zip(one, other, strict=False):
            yield from _type_clashes(entry, other_entry)
    elif kind == "object":
        for key in one.keys() & other.keys():
            yield from _type_clashes(one[key], other[key])


def _kind(value: Any) -> str:
    return _KINDS.get(type(value)) or ("object" if isinstance(value, Mapping) else "array")


def _permuted(one: Sequence[Any], other: Sequence[Any]) -> bool:
    return sorted(map(canonical_json, one)) == sorted(map(canonical_json, other))


def _value_sublabel(one: Any, other: Any, schema: Any) -> str:
    """How two unequal values differ; the gravest where they differ in several places."""
    if isinstance(one, str) and isinstance(other, str):
        kind = _text_sublabel(one, other)
        chosen = isinstance(schema, Mapping) and "enum" in schema
        return "choice" if chosen and kind != "format_only" else kind
    if isinstance(one, bool) or isinstance(other, bool):
        return "choice"
    if isinstance(one, int | float) and isinstance(other, int | float):
        return "numeric"
    if isinstance(one, list) and isinstance(other, list):
        if _permuted(one, other):
            return "list_order"
        same_shape, pairs = len(one) == len(other), list(zip(one, other, strict=False))
    elif isinstance(one, Mapping) and isinstance(other, Mapping):
        same_shape, pairs = one.keys() == other.keys(), [(one[key], other[key]) for key in one.keys() & other.keys()]
    else:
        return "free_text"
    if not same_shape:
        return "structure"
    found = [_value_sublabel(a, b, None) for a, b in pairs if canonical_json(a) != canonical_json(b)]
    return max(found, key=VALUE_SUBLABELS.index)


def _text_sublabel(one: str, other: str) -> str:
    dates, other_dates = set(_dates(one)), set(_dates(other))
    if dates and other_dates:
        return "format_only" if dates & other_dates else "date"
    if _bare(one) == _bare(other) != "":
        return "format_only"
    if _NUMBER.search(one) and _NUMBER.sub("#", one) == _NUMBER.sub("#", other):
        return "numeric"
    return "free_text"


def _bare(text: str) -> str:
    """The letters, digits and arithmetic signs of a text: without case, white space and punctuation."""
    return "".join(_MEANING.findall(unicodedata.normalize("NFKC", text).casefold()))


def _dates(text: str) -> Iterator[datetime]:
    """Every moment that `text` may mean; day and month can be ambiguous."""
    with suppress(ValueError):
        yield datetime.fromisoformat(text)
    for pattern in _DATE_FORMATS:
        with suppress(ValueError):
            yield datetime.strptime(text, pattern)
