"""Our BFCL rules against the official checker: recorded verdicts always, the checker itself where it is installed."""

import json
from collections import Counter
from pathlib import Path
from typing import get_args

import pytest

import bfcl_oracle
from bfcl_oracle import ours
from toolgemma.conversation import ToolCall
from toolgemma.evaluation.bfcl_rules import Reason, Verdict, check, fold

CASES = Path(__file__).with_name("bfcl_cases.json")
SUITE_CASES = 20_000


def frozen():
    """Hand-made cases with the verdict of bfcl-eval 2026.3.23 as our label."""
    for group in json.loads(CASES.read_text(encoding="utf-8")):
        for entry in group["cases"]:
            calls = [ToolCall(name, arguments) for name, arguments in entry["calls"]]
            yield (group["category"], group["docs"], calls, group["gold"]), entry["official"]


def doc(**properties):
    return {"name": "f", "description": "", "parameters": {"properties": properties, "required": []}}


def verdict(value, allowed, schema):
    """One call of `f(x=value)` against one gold call."""
    return check("simple", [doc(x=schema)], [ToolCall("f", {"x": value})], [{"f": {"x": allowed}}])


def test_recorded_verdicts_of_the_official_checker():
    wrong = [(case[2], expected, ours(case)) for case, expected in frozen() if ours(case) != expected]
    assert wrong == []


def test_recorded_verdicts_reach_every_label():
    assert {expected for _, expected in frozen()} == set(get_args(Reason))


def test_recorded_verdicts_are_still_the_official_ones():
    bfcl_oracle.rows_or_skip()
    official = bfcl_oracle.load()
    assert [case[2] for case, expected in frozen() if official(case) != expected] == []


def test_parity_on_mutated_predictions():
    """Same label, not only same side, on mutated predictions, docs and golds of all rows that have an answer."""
    rows = bfcl_oracle.rows_or_skip()
    official = bfcl_oracle.load()
    found = Counter()
    for case in bfcl_oracle.cases(rows, SUITE_CASES, seed=2351):
        expected = official(case)
        assert ours(case) == expected, case
        found[expected] += 1
    assert set(found) == set(get_args(Reason))
    assert found["ok"] >= 0.2 * SUITE_CASES
    assert SUITE_CASES - found["ok"] - found["no_verdict"] >= 0.2 * SUITE_CASES


@pytest.mark.parametrize(
    ("value", "allowed", "schema", "reason"),
    [
        ("75 * 8", ["75 / 8"], {"type": "string"}, "ok"),  # why these rules are no headline
        ("johndoe@xcom", ["john.doe@x.com"], {"type": "string"}, "ok"),
        ("75 + 8", ["75 / 8"], {"type": "string"}, "wrong_value"),
        (True, [1], {"type": "integer"}, "wrong_type"),
        (5.0, [5], {"type": "integer"}, "wrong_type"),
        (5, [5.0], {"type": "float"}, "ok"),
        ([5], [[5.0]], {"type": "array", "items": {"type": "float"}}, "wrong_type"),  # int -> float at top level only
        ((1, 2), [[1, 2]], {"type": "tuple", "items": {"type": "integer"}}, "ok"),
        ((1, 2), [[1, 2]], {"type": "array", "items": {"type": "integer"}}, "wrong_type"),
        (1, [1], {"type": "number"}, "no_verdict"),
    ],
)
def test_rules_as_stated(value, allowed, schema, reason):
    assert verdict(value, allowed, schema).reason == reason


def test_verdict_has_three_outcomes_and_says_on_what():
    assert Verdict("ok").passed is True
    assert Verdict("wrong_count").passed is False
    assert Verdict("no_verdict").passed is None
    assert verdict("y", ["z"], {"type": "string"}).detail == "x: 'y'"


def test_parallel_is_greedy_not_a_maximum_matching():
    """The first gold call takes the first fitting call, and leaves none for the second one."""
    gold = [{"f": {"x": [1, 2]}}, {"f": {"x": [1]}}]
    calls = [ToolCall("f", {"x": 1}), ToolCall("f", {"x": 2})]
    assert check("parallel", [doc(x={"type": "integer"})], calls, gold).reason == "no_match"
    assert check("parallel", [doc(x={"type": "integer"})], calls[::-1], gold).reason == "ok"


def test_fold_drops_eight_characters_and_nothing_else():
    assert fold(" A,B./-_*^'\t;") == 'ab"\t;'
