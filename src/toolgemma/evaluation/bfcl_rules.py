"""The official rules of the Berkeley Function Calling Leaderboard for Python calls, as pure functions.

Whether predicted calls answer a row, judged exactly as `ast_checker` of bfcl-eval 2026.3.23 does (Patil et al. 2025,
"The Berkeley Function Calling Leaderboard"; Apache-2.0), so that figures can stand beside the leaderboard's. The code
is our own; `tests/test_evaluation_bfcl_rules.py` holds it against the official one.

    doc   {"name": "area", "parameters": {"properties": {"side": {"type": "float"}}, "required": ["side"]}}
    gold  [{"area": {"side": [4, 4.0], "unit": ["cm", ""]}}]     each argument a list of alternatives; "": may be absent
    call  ToolCall("area", {"side": 4})                          -> ok

The rules are kept with their oddities, which are the reason why they are no headline here: `75 * 8` equals `75 / 8`,
`johndoe@xcom` equals `john.doe@x.com`, `1` equals `true` where the gold answer has another type than the doc declares.
Types are Python's, by identity: `True` is no integer and `5.0` is no integer, but `5` is a float.

Where the official checker raises (a call to a tool without a doc, a type it doesn't know, an array without `items`, a
list of objects that holds something else) there is no verdict; neither pass nor fail is invented. Gold has the shape
that `bfcl_data` ensures: one call per entry, every argument a list of alternatives.

Costs about 10 microseconds a row. Decides nothing about text: a completion is parsed before it gets here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from toolgemma.conversation import ToolCall

Doc = Mapping[str, Any]
GoldCall = Mapping[str, Mapping[str, Sequence[Any]]]
"""`{name: {argument: [alternatives]}}`, one name."""
Kind = Literal["simple", "multiple", "parallel"]
Reason = Literal[
    "ok",
    "wrong_count",
    "wrong_name",
    "missing_required",
    "unexpected_argument",
    "wrong_type",
    "wrong_value",
    "missing_argument",
    "no_match",
    "no_verdict",
]

TYPES: Mapping[str, type] = {
    "string": str,
    "integer": int,
    "float": float,
    "boolean": bool,
    "array": list,
    "tuple": list,
    "dict": dict,
    "any": str,
}
"""BFCL's type words (not JSON Schema's) and the Python type that a value must have exactly."""
NESTED = ("array", "tuple")
_IGNORED = str.maketrans("'", '"', " ,./-_*^")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules say about a row or a call: the first rule that failed, and on what."""

    reason: Reason
    detail: str = ""

    @property
    def passed(self) -> bool | None:
        """None where the official checker gives no verdict."""
        return None if self.reason == "no_verdict" else self.reason == "ok"


class _NoVerdictError(Exception):
    """The official checker raises here."""


def check(kind: Kind, docs: Sequence[Doc], calls: Sequence[ToolCall], gold: Sequence[GoldCall]) -> Verdict:
    """Judge the `calls` that a completion decodes to against the `gold` calls of a row that offers `docs`.

    `simple` takes the first doc, `multiple` the doc that the gold call names; `parallel` ignores order and is greedy:
    each gold call in turn takes the first unused call that fits it.
    """
    try:
        if len(calls) != len(gold):
            return Verdict("wrong_count", f"{len(calls)} calls for {len(gold)}")
        if kind == "parallel":
            return _check_parallel(docs, calls, gold)
        doc = docs[0] if kind == "simple" else _doc_of(docs, gold[0])
        return _check_call(doc, calls[0], gold[0])
    except _NoVerdictError as error:
        return Verdict("no_verdict", str(error))


def fold(text: str) -> str:
    """`text` as the rules compare strings: without ` ,./-_*^`, lower case, ' written as \"."""
    return text.translate(_IGNORED).lower()


def _check_parallel(docs: Sequence[Doc], calls: Sequence[ToolCall], gold: Sequence[GoldCall]) -> Verdict:
    unused = list(range(len(calls)))
    for number, answer in enumerate(gold):
        doc = _doc_of(docs, answer)
        verdicts = []
        for position, index in enumerate(unused):
            verdict = _check_call(doc, calls[index], answer)
            if verdict.passed:
                del unused[position]
                break
            verdicts.append(f"call {index} {verdict.reason}")
        else:
            return Verdict("no_match", f"gold call {number} ({next(iter(answer))}): {', '.join(verdicts)}")
    return Verdict("ok")


def _doc_of(docs: Sequence[Doc], answer: GoldCall) -> Doc:
    name = next(iter(answer))
    for doc in docs:
        if doc["name"] == name:
            return doc
    raise _NoVerdictError(f"no doc for the gold tool {name!r}")


def _check_call(doc: Doc, call: ToolCall, answer: GoldCall) -> Verdict:
    """One call against one gold call; the first rule that fails wins."""
    parameters = doc["parameters"]
    if "properties" not in parameters or "required" not in parameters:
        raise _NoVerdictError(f"the doc of {doc['name']!r} lacks properties or required")
    (alternatives,) = answer.values()
    if call.name != doc["name"]:
        return Verdict("wrong_name", call.name)
    for name in parameters["required"]:
        if name not in call.arguments:
            return Verdict("missing_required", name)
    for name, value in call.arguments.items():
        if name not in parameters["properties"] or name not in alternatives:
            return Verdict("unexpected_argument", name)
        reason = _check_value(value, alternatives[name], parameters["properties"][name])
        if reason != "ok":
            return Verdict(reason, f"{name}: {value!r:.200}")
    for name, allowed in alternatives.items():
        if name not in call.arguments and "" not in allowed:
            return Verdict("missing_argument", name)
    return Verdict("ok")


def _check_value(value: Any, allowed: Sequence[Any], schema: Any) -> Reason:
    declared = _python_type(schema)
    word = schema["type"]
    item = _python_type(schema.get("items")) if word in NESTED else None
    if word == "tuple" and type(value) is tuple:
        value = list(value)
    if word == "float" and type(value) is int:
        try:
            value = float(value)
        except OverflowError as error:
            raise _NoVerdictError("an integer too large for a float") from error
    exactly = _compared_exactly(value, allowed, declared, item)
    if exactly is None:
        return "wrong_type"
    return "ok" if _value_fits(value, allowed, None if exactly else declared, item) else "wrong_value"


def _python_type(schema: Any) -> type:
    word = schema.get("type") if isinstance(schema, Mapping) else None
    if not isinstance(word, str) or word not in TYPES:
        raise _NoVerdictError(f"the official checker knows no type {word!r}")
    return TYPES[word]


def _compared_exactly(value: Any, allowed: Sequence[Any], declared: type, item: type | None) -> bool | None:
    """Whether a value of the right type must equal an alternative as it stands; None: its type is wrong.

    The gold answer may have another type than the doc declares (a variable's name instead of its value, say): then
    the gold's type is right too, and strings aren't folded.
    """
    gold_type = _first_type(allowed)
    if type(value) is declared:
        if item is None or any(_items_have_type(value, alternative, item) for alternative in allowed):
            return gold_type is not None and gold_type is not declared
        return None
    return True if type(value) is gold_type else None


def _first_type(allowed: Sequence[Any]) -> type | None:
    return next((type(alternative) for alternative in allowed if alternative != ""), None)


def _items_have_type(value: Any, alternative: Any, item: type) -> bool:
    """One level deep; an alternative that is no list accepts any items, as the official checker does."""
    if type(alternative) is not list:
        return True
    gold_type = _first_type(alternative)
    return all(type(entry) is item or type(entry) is gold_type for entry in value)


def _value_fits(value: Any, allowed: Sequence[Any], declared: type | None, item: type | None) -> bool:
    if declared is dict:
        return _object_fits(value, allowed)
    if declared is list and item is dict:
        return any(_objects_fit(value, alternative) for alternative in allowed)
    if declared is list:
        return _folded(value) in [_folded(_entries(alternative)) for alternative in allowed]
    if declared is str:
        return fold(value) in [fold(alternative) for alternative in allowed if type(alternative) is str]
    return value in allowed


def _object_fits(value: Any, allowed: Sequence[Any]) -> bool:
    """Key by key against each alternative object, whose values are lists of alternatives; not recursive."""
    for alternative in allowed:
        if alternative == "":
            continue
        if not isinstance(value, Mapping) or not isinstance(alternative, Mapping):
            raise _NoVerdictError("something else where an object is compared")
        known = all(
            key in alternative and _folded([entry])[0] in _folded(alternative[key]) for key, entry in value.items()
        )
        if known and all(key in value or "" in options for key, options in alternative.items()):
            return True
    return False


def _objects_fit(value: Sequence[Any], alternative: Any) -> bool:
    """Same length, and each object fits the one at its place."""
    if not isinstance(alternative, list | str | dict):
        raise _NoVerdictError("something else where a list is compared")
    if len(value) != len(alternative):
        return False
    return all(_object_fits(entry, [answer]) for entry, answer in zip(value, _entries(alternative), strict=True))


def _entries(alternative: Any) -> Sequence[Any]:
    """The elements of an alternative where a list is due; "" (may be absent) has none."""
    if isinstance(alternative, list | str):
        return alternative
    if alternative == {}:
        return ()
    raise _NoVerdictError("something else where a list is compared")


def _folded(entries: Sequence[Any]) -> list[Any]:
    return [fold(entry) if type(entry) is str else entry for entry in entries]
