"""Strict equality case by case, and the matching against brute force."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenes import SCHEMAS, call
from toolgemma.conversation import ToolCall
from toolgemma.evaluation.match import match_strict, maximum_matching, names_in_common, strict_key


def equal(one: ToolCall, other: ToolCall, schemas=SCHEMAS) -> bool:
    return strict_key(one, schemas.get(one.name, {})) == strict_key(other, schemas.get(other.name, {}))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (call("get_weather", city="Paris"), call("get_weather", city="Paris", days=1)),
        (call("get_weather", city="Paris", unit="celsius"), call("get_weather", city="Paris", unit=" celsius ")),
        (call("convert", amount=5, to="EUR"), call("convert", to="EUR", amount=5.0)),
        (call("sort_list", values=[1, 2.0, 3]), call("sort_list", values=[1.0, 2, 3.0])),
        (call("get_weather", city="  New \t York\n"), call("get_weather", city="New York")),
        (call("get_weather", city="Zu\u0308rich"), call("get_weather", city="Z\u00fcrich")),
        (call("unknown", a={"x": [1, {"y": None}]}), call("unknown", a={"x": [1, {"y": None}]})),
        (call("unknown", a=-0.0), call("unknown", a=0.0)),
    ],
)
def test_equal(one, other):
    assert equal(one, other)
    assert equal(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (call("get_weather", city="Paris"), call("Get_weather", city="Paris")),
        (call("get_weather", city="Paris"), call("get_weather", city="paris")),
        (call("get_weather", city="Paris"), call("get_weather", city="Paris", days=2)),
        (call("get_weather", city="Paris", days=2), call("get_weather", city="Paris", days=2.0)),  # integer, not number
        (call("get_weather", city="Paris", days=2), call("get_weather", city="Paris", days="2")),
        (call("get_weather", city="Paris"), call("get_weather", city="Paris", country=None)),
        (call("convert", amount=1, to="x"), call("convert", amount=True, to="x")),
        (call("convert", amount=1, to="x", exact=True), call("convert", amount=1, to="x", exact=1)),
        (call("sort_list", values=[1, 2]), call("sort_list", values=[2, 1])),
        (call("sort_list", values=[1, 0]), call("sort_list", values=[True, False])),
        (call("unknown", a=5), call("unknown", a=5.0)),  # no schema: types exact
        (call("unknown", a={"x": 1}), call("unknown", a={"x": 1, "y": None})),
        (call("calculator", expression="75 * 8"), call("calculator", expression="75 / 8")),
        (call("mail", to="john.doe@x.com"), call("mail", to="johndoe@xcom")),
        (call("mail", to="\uff21"), call("mail", to="A")),  # NFC, not NFKC
    ],
)
def test_different(one, other):
    assert not equal(one, other)


def test_a_required_argument_at_its_default_is_not_optional():
    schema = {"properties": {"days": {"type": "integer", "default": 1}}, "required": ["days"]}
    assert not equal(call("f", days=1), call("f"), {"f": schema})


def test_a_default_is_compared_by_the_same_rules():
    schema = {"properties": {"rate": {"type": "number", "default": 2}, "on": {"type": "boolean", "default": True}}}
    assert equal(call("f", rate=2.0), call("f"), {"f": schema})
    assert not equal(call("f", on=1), call("f"), {"f": schema})


@pytest.mark.parametrize(
    "schema",
    [
        {"type": ["number", "null"]},
        {"anyOf": [{"type": "string"}, {"type": "number"}]},
        {"oneOf": [{"allOf": [{"type": "number"}]}]},
        {"$ref": "#/$defs/Rate"},
        {"$ref": "#/$defs/Loop"},
    ],
)
def test_a_number_is_found_behind_combinators_and_references(schema):
    loop = {"anyOf": [{"$ref": "#/$defs/Loop"}, {"type": "number"}]}
    root = {"properties": {"a": schema}, "$defs": {"Rate": {"type": "number"}, "Loop": loop}}
    assert equal(call("f", a=5), call("f", a=5.0), {"f": root})


@pytest.mark.parametrize(
    "schema", [True, None, {"$ref": "#/$defs/Nowhere"}, {"$ref": "https://x.y/z"}, {"type": "any"}]
)
def test_a_schema_that_says_nothing_keeps_types_exact(schema):
    assert not equal(call("f", a=5), call("f", a=5.0), {"f": {"properties": {"a": schema}}})


def test_numbers_inside_objects_and_tuples():
    point = {"type": "object", "properties": {"x": {"type": "number"}}, "additionalProperties": {"type": "number"}}
    pair = {"type": "array", "prefixItems": [{"type": "string"}, {"type": "number"}]}
    schemas = {"f": {"properties": {"p": point, "q": pair}}}
    assert equal(call("f", p={"x": 1, "z": 2}), call("f", p={"x": 1.0, "z": 2.0}), schemas)
    assert equal(call("f", q=["a", 2]), call("f", q=["a", 2.0]), schemas)
    assert not equal(call("f", q=["a", 2, 3]), call("f", q=["a", 2, 3.0]), schemas)


@given(st.lists(st.lists(st.integers(0, 4), max_size=5, unique=True), max_size=5))
def test_the_matching_is_a_maximum_one(edges):
    pairs = maximum_matching(edges)
    assert len(pairs) == best_by_subsets(edges)
    assert len(set(pairs.values())) == len(pairs)
    assert all(predicted in edges[gold] for gold, predicted in pairs.items())


def best_by_subsets(edges: list[list[int]]) -> int:
    """Size of a maximum matching by trying everything: each gold call takes a free predicted one, or none."""
    reached = {frozenset[int]()}
    for options in edges:
        reached |= {used | {option} for used in reached for option in options if option not in used}
    return max(map(len, reached))


def test_greedy_would_lose_one_here():
    assert len(maximum_matching([[0, 1], [0]])) == 2
    assert len(maximum_matching([[0, 1], [0, 2], [0], [2, 3]])) == 4


def test_hundreds_of_sprayed_calls_are_no_danger():
    rng = random.Random(1)
    assert len(maximum_matching([list(range(600))] * 600)) == 600
    chain = [[index, index + 1] if index else [0] for index in range(2000)]
    assert len(maximum_matching(chain[::-1])) == 2000
    sparse = [rng.sample(range(400), 3) for _ in range(400)]
    assert len(maximum_matching(sparse)) == best_by_recursion(sparse)


def best_by_recursion(edges: list[list[int]]) -> int:
    """Size of a maximum matching by Kuhn's algorithm in its recursive textbook form."""
    owner: dict[int, int] = {}

    def seek(gold: int, seen: set[int]) -> bool:
        for predicted in edges[gold]:
            if predicted not in seen:
                seen.add(predicted)
                if predicted not in owner or seek(owner[predicted], seen):
                    owner[predicted] = gold
                    return True
        return False

    return sum(seek(gold, set()) for gold in range(len(edges)))


calls = st.builds(
    ToolCall,
    st.sampled_from(["get_weather", "convert", "other"]),
    st.dictionaries(st.sampled_from(["city", "amount", "days"]), st.sampled_from([1, 1.0, True, "1", "a ", "a"])),
)


@given(st.lists(calls, max_size=6), st.lists(calls, max_size=6))
def test_under_an_equivalence_the_matching_is_the_multiset_intersection(gold, predicted):
    one, other = (Counter(strict_key(each, SCHEMAS.get(each.name, {})) for each in side) for side in (gold, predicted))
    assert match_strict(gold, predicted, SCHEMAS).size == (one & other).total()
    names = Counter(each.name for each in gold) & Counter(each.name for each in predicted)
    assert names_in_common(gold, predicted) == names.total()


def test_order():
    gold = [call("a", x=1), call("b", x=2)]
    assert match_strict(gold, gold, {}).in_order
    assert not match_strict(gold, gold[::-1], {}).in_order
    assert match_strict(gold, gold[::-1], {}).size == 2
