"""Each label and sub-label is reached by a turn written by hand; the labels partition, `ok` iff the calls are right."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenes import OFFERED, SCHEMAS, call, turn
from toolgemma.conversation import ToolCall
from toolgemma.evaluation.errors import ANSWER_LABELS, LABELS, VALUE_SUBLABELS, label_answer
from toolgemma.evaluation.score import score_calls
from toolgemma.format.parse import REASONS, Malformed, ParsedTurn

PARIS = call("get_weather", city="Paris")
FIVE = call("convert", amount=5, to="EUR")
SCHEMA = {
    "type": "object",
    "properties": {
        "text": {"type": "string"},
        "kind": {"type": "string", "enum": ["fast", "slow"]},
        "flag": {"type": "boolean"},
        "count": {"type": "integer"},
        "items": {"type": "array"},
        "point": {"type": "object"},
    },
    "required": ["text"],
}


def label(gold, parsed, truncated=False, schemas=SCHEMAS, offered=OFFERED):
    found = score_calls(gold, parsed, offered, schemas, truncated)
    return found.label, found.sublabel


@pytest.mark.parametrize(
    ("gold", "parsed", "expected"),
    [
        ([PARIS], turn(PARIS, malformed=1), ("malformed", "bad_json")),
        ([], turn(malformed=1), ("malformed", "bad_json")),
        ([], turn(PARIS), ("spurious_call", "offered")),
        ([], turn(PARIS, call("teleport")), ("spurious_call", "not_offered")),
        ([PARIS], turn(), ("missed_call", "empty")),
        ([PARIS], turn(content="It is warm."), ("missed_call", "prose")),
        ([PARIS], turn(PARIS, PARIS), ("wrong_count", "too_many")),
        ([PARIS, FIVE], turn(PARIS), ("wrong_count", "too_few")),
        ([PARIS], turn(call("teleport")), ("hallucinated_tool", "invented")),
        ([PARIS], turn(call("getWeather", city="Paris")), ("hallucinated_tool", "spelling")),
        ([PARIS], turn(FIVE), ("wrong_tool", None)),
        ([PARIS], turn(call("get_weather", days=2)), ("missing_arg", "required")),
        ([call("get_weather", city="Paris", days=3)], turn(PARIS), ("missing_arg", "optional")),
        ([PARIS], turn(call("get_weather", city="Paris", days=3)), ("extra_arg", "known")),
        ([PARIS], turn(call("get_weather", city="Paris", land="FR")), ("extra_arg", "unknown")),
        ([FIVE], turn(call("convert", amount="5", to="EUR")), ("wrong_type", "string_for_integer")),
        ([FIVE], turn(call("convert", amount=6.5, to="EUR")), ("wrong_value", "numeric")),
        ([PARIS, FIVE], turn(FIVE, PARIS), ("ok", "wrong_order")),
        ([PARIS, FIVE], turn(PARIS, FIVE), ("ok", None)),
        ([], turn(content="Hello."), ("ok", None)),
    ],
)
def test_first_match(gold, parsed, expected):
    assert label(gold, parsed) == expected


def test_truncated_without_a_call():
    assert label([PARIS], turn(content="Let me think"), truncated=True) == ("missed_call", "truncated")


@pytest.mark.parametrize("reason", REASONS)
def test_the_parsers_reason_is_the_sublabel(reason):
    assert label([PARIS], ParsedTurn(malformed=(Malformed(reason, "x"),))) == ("malformed", reason)


@pytest.mark.parametrize(
    ("gold", "given", "expected"),
    [
        ({"text": "John Doe"}, {"text": "john-doe"}, "format_only"),
        ({"text": "2024-03-05"}, {"text": "March 5, 2024"}, "format_only"),
        ({"text": "2024-03-05"}, {"text": "2024-03-06"}, "date"),
        ({"text": "2024-03-05T10:00:00"}, {"text": "2024-03-05T11:00:00"}, "date"),
        ({"text": "75 * 8"}, {"text": "75 * 9"}, "numeric"),
        ({"text": "75 * 8"}, {"text": "75 / 8"}, "free_text"),
        ({"text": "a story of cats"}, {"text": "cats"}, "free_text"),
        ({"text": "\U0001f600"}, {"text": "\U0001f622"}, "free_text"),
        ({"text": "x", "kind": "fast"}, {"text": "x", "kind": "slow"}, "choice"),
        ({"text": "x", "kind": "fast"}, {"text": "x", "kind": "FAST"}, "format_only"),
        ({"text": "x", "flag": True}, {"text": "x", "flag": False}, "choice"),
        ({"text": "x", "count": 1}, {"text": "x", "count": 2}, "numeric"),
        ({"text": "x", "items": [3, 1]}, {"text": "x", "items": [1, 3]}, "list_order"),
        ({"text": "x", "items": [3, 1]}, {"text": "x", "items": [3, 2]}, "numeric"),
        ({"text": "x", "items": [3, 1]}, {"text": "x", "items": [3]}, "structure"),
        ({"text": "x", "items": ["a", 1]}, {"text": "x", "items": [1, "a"]}, "list_order"),
        ({"text": "x", "point": {"x": 1}}, {"text": "x", "point": {"x": 2}}, "numeric"),
        ({"text": "x", "point": {"x": 1}}, {"text": "x", "point": {"y": 1}}, "structure"),
        ({"text": "J. Doe", "count": 1}, {"text": "j doe", "count": 2}, "numeric"),  # the gravest names the row
        ({"text": "cats", "count": 1}, {"text": "dogs", "count": 2}, "free_text"),
    ],
)
def test_wrong_values(gold, given, expected):
    found = label([ToolCall("f", gold)], turn(ToolCall("f", given)), schemas={"f": SCHEMA}, offered=("f",))
    assert found == ("wrong_value", expected)


@pytest.mark.parametrize(
    ("gold", "given", "expected"),
    [
        ({"text": "5"}, {"text": 5}, "integer_for_string"),
        ({"text": "x", "count": 5}, {"text": "x", "count": 5.0}, "number_for_integer"),
        ({"text": "x", "count": 1}, {"text": "x", "count": True}, "boolean_for_integer"),
        ({"text": "x", "items": [1, 2]}, {"text": "x", "items": ["1", "2"]}, "string_for_integer"),
        ({"text": "x", "items": [1]}, {"text": "x", "items": 1}, "integer_for_array"),
        ({"text": "x", "point": {"x": 1}}, {"text": "x", "point": {"x": None}}, "null_for_integer"),
    ],
)
def test_wrong_types(gold, given, expected):
    found = label([ToolCall("f", gold)], turn(ToolCall("f", given)), schemas={"f": SCHEMA}, offered=("f",))
    assert found == ("wrong_type", expected)


def test_a_right_call_is_never_blamed():
    gold = [PARIS, FIVE]
    assert label(gold, turn(call("convert", amount=5, to="USD"), PARIS)) == ("wrong_value", "free_text")


def test_same_tool_calls_are_paired_by_likeness():
    gold = [call("convert", amount=1, to="EUR"), call("convert", amount=2, to="USD")]
    amounts = turn(call("convert", amount=3, to="USD"), call("convert", amount=4, to="EUR"))
    assert label(gold, amounts) == ("wrong_value", "numeric")  # in order of text or place: free_text
    assert label(gold, turn(call("convert", amount=3, to="USD"), call("convert", amount=1, to="EUR"))) == (
        "wrong_value",
        "numeric",
    )


def test_an_unoffered_gold_tool_that_is_called_rightly_is_ok():
    gold = [call("teleport", to="Mars")]
    assert label(gold, turn(*gold)) == ("ok", None)


def test_answers():
    assert label_answer(turn(content="21 degrees"), True) == ("ok", None)
    assert label_answer(turn(content="21 degrees"), None) == ("ok", None)
    assert label_answer(turn(content="Hm."), False) == ("result_unused", None)
    assert label_answer(turn(content=" "), False) == ("no_answer", None)
    assert label_answer(turn(PARIS, content="21 degrees"), False) == ("second_call", None)
    assert label_answer(turn(PARIS, malformed=1), False) == ("malformed", "bad_json")
    assert len(set(ANSWER_LABELS)) == 5


values = st.recursive(
    st.sampled_from(["Paris", "paris", "2024-01-02", "02/01/2024", "", 1, 1.0, 2.5, True, None]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=3,
)
calls = st.builds(
    ToolCall,
    st.sampled_from([*OFFERED, "getWeather", "teleport"]),
    st.dictionaries(st.sampled_from(["city", "days", "amount", "values", "to"]), values, max_size=3),
)
turns = st.builds(
    ParsedTurn,
    st.sampled_from(["", "text"]),
    st.lists(calls, max_size=3).map(tuple),
    st.lists(st.just(Malformed("unclosed", "")), max_size=1).map(tuple),
)


@given(st.lists(calls, max_size=3), turns, st.booleans())
def test_one_known_label_and_ok_iff_right(gold, parsed, truncated):
    found = score_calls(gold, parsed, OFFERED, SCHEMAS, truncated)
    assert found.label in LABELS
    assert (found.label == "ok") == found.correct
    if found.label == "wrong_value":
        assert found.sublabel in VALUE_SUBLABELS


@given(st.lists(calls, max_size=3), turns, st.randoms(use_true_random=False))
def test_labels_do_not_depend_on_the_order_of_calls(gold, parsed, rng):
    shuffled = list(parsed.calls)
    rng.shuffle(shuffled)
    other = ParsedTurn(parsed.content, tuple(shuffled), parsed.malformed)
    before, after = (score_calls(gold, each, OFFERED, SCHEMAS) for each in (parsed, other))
    assert before.label == after.label
    if before.label != "ok":
        assert before.sublabel == after.sublabel


def test_every_label_is_reached_above():
    """The names that the parametrised tests expect, against the taxonomy."""
    reached = {entry[2][0] for entry in test_first_match.pytestmark[0].args[1]}
    assert reached | {"wrong_value"} == set(LABELS)
    assert {entry[2] for entry in test_wrong_values.pytestmark[0].args[1]} == set(VALUE_SUBLABELS)
