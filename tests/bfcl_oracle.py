"""The official BFCL checker as an oracle, and mutated predictions to hold our rules against it.

`bfcl-eval` is installed without its dependencies (`uv sync --group oracle`), so the one module that would import every
model vendor's client is replaced in `sys.modules` by a table that answers any model.
"""

import importlib
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from toolgemma.conversation import ToolCall
from toolgemma.evaluation.bfcl_data import CATEGORIES, Row, gold_calls, read, wheel_folder
from toolgemma.evaluation.bfcl_rules import Doc, GoldCall, check

MISSING = "needs the official checker: uv sync --group oracle"
REASONS = {
    "wrong_count": "wrong_count",
    "wrong_func_name": "wrong_name",
    "missing_required": "missing_required",
    "unexpected_param": "unexpected_argument",
    "missing_optional": "missing_argument",
    "cannot_find_match": "no_match",
    "type_error": "wrong_type",
    "value_error": "wrong_value",
    "dict_checker": "wrong_value",
    "list_dict_checker": "wrong_value",
}
"""The official error types, by either half, and our label."""
Case = tuple[str, Sequence[Doc], list[ToolCall], Sequence[GoldCall]]
"""Category, docs, predicted calls, gold."""


class _AnyModel(dict[str, Any]):
    def __missing__(self, name: str) -> SimpleNamespace:
        return SimpleNamespace(underscore_to_dot=False)


def load() -> Callable[[Case], str]:
    """A function that gives the official verdict on a case as our label; `no_verdict` where the checker raises."""
    stub = ModuleType("bfcl_eval.constants.model_config")
    stub.MODEL_CONFIG_MAPPING = _AnyModel()
    sys.modules[stub.__name__] = stub
    ast_checker = importlib.import_module("bfcl_eval.eval_checker.ast_eval.ast_checker").ast_checker
    python = importlib.import_module("bfcl_eval.constants.enums").Language.PYTHON

    def official(case: Case) -> str:
        category, docs, calls, gold = case
        output = [{call.name: dict(call.arguments)} for call in calls]
        try:
            result = ast_checker(list(docs), output, list(gold), python, category, "model")
        except Exception:  # raising is the verdict
            return "no_verdict"
        if result["valid"]:
            return "ok"
        first, _, second = result["error_type"].partition(":")
        return REASONS.get(second) or REASONS[first]

    return official


def cases(rows: Sequence[Row], count: int, seed: int) -> Iterator[Case]:
    """`count` mutated predictions, going round over the rows that have an answer."""
    rng = random.Random(seed)
    answered = [row for row in rows if row.gold]
    for number in range(count):
        row = answered[number % len(answered)]
        yield _case(row, rng)


def _case(row: Row, rng: random.Random) -> Case:
    calls = [ToolCall(call.name, dict(call.arguments)) for call in gold_calls(row)]
    docs, gold = row.docs, row.gold
    if rng.random() < 0.3:
        calls = _other_alternatives(calls, gold, rng)
    for _ in range(rng.choice((0, 1, 1, 1, 2, 3))):
        if rng.random() < 0.25:
            calls = _change_calls(calls, docs, rng)
        elif calls:
            index = rng.randrange(len(calls))
            calls[index] = _change_call(calls[index], docs, gold, rng)
    if rng.random() < 0.1:
        docs = [_change_doc(doc, rng) for doc in docs]
    if rng.random() < 0.1:
        gold = [_change_gold(answer, rng) for answer in gold]
    return row.category, docs, calls, gold


def _other_alternatives(calls: list[ToolCall], gold: Sequence[GoldCall], rng: random.Random) -> list[ToolCall]:
    changed = []
    for call, answer in zip(calls, gold, strict=True):
        (alternatives,) = answer.values()
        arguments = {name: rng.choice(list(alternatives[name])) for name in call.arguments if alternatives.get(name)}
        changed.append(ToolCall(call.name, arguments))
    return changed


def _change_calls(calls: list[ToolCall], docs: Sequence[Doc], rng: random.Random) -> list[ToolCall]:
    change = rng.choice(("shuffle", "shuffle", "drop", "double", "replace", "add", "none"))
    calls = list(calls)
    if change == "shuffle":
        rng.shuffle(calls)
    elif change == "drop" and calls:
        calls.pop(rng.randrange(len(calls)))
    elif change == "double" and calls:
        calls.insert(rng.randrange(len(calls) + 1), rng.choice(calls))
    elif change == "replace" and len(calls) > 1:
        calls[rng.randrange(len(calls))] = rng.choice(calls)
    elif change == "add":
        calls.append(ToolCall(rng.choice(docs)["name"], {}))
    elif change == "none":
        calls = []
    return calls


def _change_call(call: ToolCall, docs: Sequence[Doc], gold: Sequence[GoldCall], rng: random.Random) -> ToolCall:
    arguments = dict(call.arguments)
    name = rng.choice(list(arguments)) if arguments else ""
    change = rng.choice(("value",) * 8 + ("drop", "add", "add", "swap", "name", "order"))
    if change == "value" and arguments:
        arguments[name] = mutate(arguments[name], rng)
    elif change == "drop" and arguments:
        del arguments[name]
    elif change == "add":
        known = [key for doc in docs for key in doc["parameters"]["properties"]] + [
            key for answer in gold for alternatives in answer.values() for key in alternatives
        ]
        arguments[rng.choice([*known, "unknown"])] = _anything(rng)
    elif change == "swap" and arguments:
        other = rng.choice(list(arguments))
        arguments[name], arguments[other] = arguments[other], arguments[name]
    elif change == "name":
        names = [doc["name"] for doc in docs]
        return ToolCall(rng.choice([*names, call.name.upper(), call.name.replace(".", "_"), ""]), arguments)
    elif change == "order":
        items = list(arguments.items())
        rng.shuffle(items)
        arguments = dict(items)
    return ToolCall(call.name, arguments)


def mutate(value: Any, rng: random.Random) -> Any:
    """A value near `value`: equal under some rules, different under others, or of another type."""
    if rng.random() < 0.15:
        return _anything(rng)
    if isinstance(value, str):
        return _mutate_text(value, rng)
    if isinstance(value, bool):
        return rng.choice((not value, int(value), float(value), str(value), str(value).lower()))
    if isinstance(value, int):
        if value.bit_length() > 1000:
            return 1
        return rng.choice((value + 1, -value, float(value), float(value), str(value), bool(value), value * 10**400))
    if isinstance(value, float):
        return rng.choice((value + 0.5, int(value), int(value), str(value), -value, value * (1 + 1e-12)))
    if isinstance(value, list | tuple):
        return _mutate_list(list(value), rng)
    if isinstance(value, dict):
        return _mutate_object(dict(value), rng)
    return _anything(rng)


def _mutate_text(value: str, rng: random.Random) -> Any:
    at = rng.randrange(len(value) + 1)
    inserted = rng.choice(" ,./-_*^'\"!\t\u00a0é&")
    return rng.choice(
        (
            value.upper(),
            value.lower(),
            value.swapcase(),
            value[:at] + inserted + value[at:],
            value[:at] + inserted + value[at:],
            value[:at] + value[at + 1 :],
            value.translate(str.maketrans("", "", " ,./-_*^")),
            value.replace(" ", "-"),
            value.replace("'", '"'),
            f" {value} ",
            value + "x",
            "",
            [value],
            {"value": value},
        )
    )


def _mutate_list(value: list[Any], rng: random.Random) -> Any:
    change = rng.choice(("reverse", "drop", "append", "element", "element", "tuple", "empty", "first", "wrap"))
    at = rng.randrange(len(value)) if value else 0
    if change == "reverse":
        return value[::-1]
    if change == "drop" and value:
        return value[:at] + value[at + 1 :]
    if change == "append":
        return [*value, rng.choice(value) if value and rng.random() < 0.5 else _anything(rng)]
    if change == "element" and value:
        return [*value[:at], mutate(value[at], rng), *value[at + 1 :]]
    if change == "tuple":
        return tuple(value)
    if change == "empty":
        return []
    if change == "first" and value:
        return value[0]
    return [value]


def _mutate_object(value: dict[str, Any], rng: random.Random) -> Any:
    change = rng.choice(("drop", "add", "element", "element", "empty", "list"))
    key = rng.choice(list(value)) if value else ""
    if change == "drop" and value:
        del value[key]
    elif change == "add":
        value["unknown"] = _anything(rng)
    elif change == "element" and value:
        value[key] = mutate(value[key], rng)
    elif change == "empty":
        return {}
    elif change == "list":
        return [value]
    return value


def _anything(rng: random.Random) -> Any:
    return rng.choice(("", "x", 0, 1, 7, -1.5, 2.0, True, False, None, [], ["a"], [1], [{"a": 1}], {}, {"a": 1}, "1"))


def _change_doc(doc: Doc, rng: random.Random) -> Doc:
    """Docs that the published rows don't have: other types, arrays without items, no `required`."""
    parameters = dict(doc["parameters"])
    properties = {name: dict(schema) for name, schema in parameters["properties"].items()}
    change = rng.choice(("type", "type", "type", "items", "required", "optional", "properties", "name"))
    schema: dict[str, Any] = properties[rng.choice(list(properties))] if properties else {}
    if change == "type":
        types = ("string", "integer", "float", "boolean", "array", "tuple", "dict", "any", "number", "object", None)
        schema["type"] = rng.choice(types)
        schema["items"] = {"type": rng.choice(types)}
    elif change == "items":
        schema.pop("items", None)
    elif change == "required":
        del parameters["required"]
    elif change == "optional":
        parameters["required"] = []
    elif change == "properties":
        del parameters["properties"]
        return {**doc, "parameters": parameters}
    elif change == "name":
        return {**doc, "name": doc["name"] + "x"}
    return {**doc, "parameters": parameters | {"properties": properties}}


def _change_gold(answer: GoldCall, rng: random.Random) -> GoldCall:
    """Golds that the published rows don't have: other kinds of alternatives, in another order."""
    ((name, arguments),) = answer.items()
    changed: dict[str, Any] = {key: list(alternatives) for key, alternatives in arguments.items()}
    if changed:
        alternatives = changed[rng.choice(list(changed))]
        extra = rng.choice(
            ("", "", "a variable", None, 1, 1.0, True, [], ["a"], [1, 2], {"a": [1, ""]}, [{"a": [1]}], {})
        )
        alternatives.insert(rng.randrange(len(alternatives) + 1), extra)
        if rng.random() < 0.2:
            alternatives.clear()
    return {name: changed}


def ours(case: Case) -> str:
    """Our verdict on a case."""
    category, docs, calls, gold = case
    return check(CATEGORIES[category].kind, docs, calls, gold).reason


@lru_cache
def rows_or_skip() -> tuple[Row, ...]:
    """All rows of the installed wheel; skips the calling test where it isn't installed."""
    if wheel_folder() is None:
        pytest.skip(MISSING)
    return read("wheel").rows
