"""The metrics by hand-worked examples and as properties; gold, silence, noise and echoes through the real parser."""

import json
from collections import Counter
from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenes import OFFERED, SCHEMAS, TOOLS, absent, call, plain_row, tool_row, turn
from test_evaluation_errors import calls, turns
from toolgemma.config import DatasetSection
from toolgemma.conversation import Conversation, Message
from toolgemma.data.catalogue import catalogue
from toolgemma.data.load import read
from toolgemma.data.views import views
from toolgemma.evaluation.answers import uses_result
from toolgemma.evaluation.baselines import score_baseline
from toolgemma.evaluation.decisions import decisions
from toolgemma.evaluation.metrics import (
    COMPANIONS,
    LOWER_IS_BETTER,
    TOOL_CALL_METRICS,
    TOOLS_BINS,
    answer_metrics,
    call_metrics,
    label_counts,
    tools_bin,
)
from toolgemma.evaluation.score import CallScore, score, score_calls, score_from_record
from toolgemma.evaluation.summary import Scored, summarise
from toolgemma.format import DIALECTS, ParsedTurn
from toolgemma.format.segments import completions, join

PARIS = call("get_weather", city="Paris")
ROME = call("get_weather", city="Rome")
FIVE = call("convert", amount=5, to="EUR")


def scored(gold, parsed, **extra) -> CallScore:
    return score_calls(gold, parsed, OFFERED, SCHEMAS, **extra)


def values(*scores: CallScore) -> dict[str, float | None]:
    return {name: ratio.value for name, ratio in call_metrics(scores).items()}


def test_gold_scores_one():
    found = values(scored([PARIS], turn(PARIS)), scored([PARIS, FIVE], turn(PARIS, FIVE)), scored([], turn()))
    assert {found[name] for name in TOOL_CALL_METRICS} == {1.0}
    assert found["abstention_accuracy"] == found["recall_call"] == found["balanced_accuracy"] == 1.0
    assert found["args_given_name"] == found["f1_macro_tool"] == 1.0
    assert found["malformed_rate"] == found["hallucinated_name_rate"] == found["truncated_rate"] == 0.0


def test_nothing_to_compute_is_null():
    assert set(values().values()) == {None}
    only_plain = values(scored([], turn()))
    nulls = {name for name, value in only_plain.items() if value is None}
    assert nulls == {
        "tool_name_accuracy",
        "tool_args_accuracy",
        "tool_call_f1",
        "recall_call",
        "balanced_accuracy",
        "args_given_name",
        "f1_macro_tool",
    }
    assert set(answer_metrics([])) and {ratio.value for ratio in answer_metrics([]).values()} == {None}


def test_a_worked_example():
    """Four turns: right; right tool but wrong city; two calls for one; a spurious call on a plain row."""
    found = call_metrics(
        [
            scored([PARIS], turn(PARIS)),
            scored([PARIS], turn(ROME)),
            scored([PARIS], turn(PARIS, FIVE)),
            scored([], turn(FIVE)),
        ]
    )
    counts = {name: (ratio.numerator, ratio.denominator) for name, ratio in found.items()}
    assert counts["tool_call_accuracy"] == (1, 4)
    assert counts["tool_name_accuracy"] == (2, 3)
    assert counts["tool_args_accuracy"] == (1, 3)  # the third earns nothing: it sprayed
    assert counts["tool_call_f1"] == (2 * 2, 2 * 2 + 3 + 1)  # TP 2; FP rome, five, five; FN the second Paris
    assert counts["exact_match"] == (1, 4)
    assert counts["abstention_accuracy"] == (0, 1)
    assert counts["recall_call"] == (3, 3)
    assert counts["balanced_accuracy"] == (1.0, 2)
    assert counts["args_given_name"] == (2, 3)
    # get_weather: TP 2, FP 1, FN 1 -> 4/6; convert is no gold tool of these rows
    assert counts["f1_macro_tool"] == (pytest.approx(4 / 6), 1)


def test_one_wrong_argument_lowers_exactly_these():
    right, wrong = values(scored([PARIS], turn(PARIS))), values(scored([PARIS], turn(ROME)))
    lowered = {name for name in right if right[name] != wrong[name]}
    assert lowered == {
        "tool_call_accuracy",
        "tool_args_accuracy",
        "tool_call_f1",
        "exact_match",
        "args_given_name",
        "f1_macro_tool",
    }
    assert wrong["tool_name_accuracy"] == wrong["recall_call"] == 1.0


def test_exact_match_is_exact_and_ordered():
    assert values(scored([FIVE], turn(call("convert", amount=5.0, to="EUR"))))["exact_match"] == 0.0
    assert values(scored([FIVE], turn(call("convert", to="EUR", amount=5))))["exact_match"] == 1.0
    reordered = values(scored([PARIS, FIVE], turn(FIVE, PARIS)))
    assert (reordered["tool_call_accuracy"], reordered["exact_match"]) == (1.0, 0.0)


def test_malformed_never_abstains_and_spoils_right_calls():
    broken = scored([], turn(malformed=1))
    assert not broken.correct and not broken.exact and broken.label == "malformed"
    assert values(broken)["abstention_accuracy"] == 0.0
    beside = values(scored([PARIS], turn(PARIS, malformed=1)))
    assert beside["tool_call_accuracy"] == beside["tool_name_accuracy"] == beside["exact_match"] == 0.0
    assert beside["tool_call_f1"] == 2 / 3


@given(st.lists(calls, max_size=3), turns, st.integers(min_value=1, max_value=2))
def test_malformed_is_never_right(gold, parsed, count):
    """Whatever else was written: neither an abstention nor an answer, and no metric gains by one more broken call."""
    broken = ParsedTurn(parsed.content, parsed.calls, (*parsed.malformed, *turn(malformed=count).malformed))
    found, before = values(scored(gold, broken)), values(scored(gold, parsed))
    assert found["tool_call_accuracy"] == found["exact_match"] == 0.0 and found["malformed_rate"] == 1.0
    assert found["abstention_accuracy"] == (None if gold else 0.0)
    assert not found["tool_name_accuracy"] and scored(gold, broken).label == "malformed"
    assert (found["tool_call_f1"] or 0.0) <= (before["tool_call_f1"] or 0.0)


def test_hallucination_and_truncation_count_decisions():
    found = values(scored([PARIS], turn(*[call("teleport")] * 9)), scored([], turn(), truncated=True))
    assert found["hallucinated_name_rate"] == found["truncated_rate"] == 0.5


def test_macro_f1_weighs_tools_alike():
    rare = scored([FIVE], turn())
    found = values(*[scored([PARIS], turn(PARIS))] * 9, rare)
    assert found["f1_macro_tool"] == 0.5
    assert found["tool_call_f1"] == pytest.approx(18 / 19)


@given(st.lists(st.tuples(st.lists(calls, max_size=3), turns, st.booleans()), max_size=5))
def test_rates_lie_between_zero_and_one(rows):
    found = [scored(gold, parsed, truncated=truncated) for gold, parsed, truncated in rows]
    for name, value in values(*found).items():
        assert value is None or 0.0 <= value <= 1.0, name
    assert sum(sum(subs.values()) for subs in label_counts(found).values()) == len(rows)


@given(st.lists(calls, max_size=3), turns, calls, st.lists(st.just([PARIS]), max_size=2))
def test_an_added_call_that_matches_nothing_never_raises_a_metric(gold, parsed, added, others):
    more = ParsedTurn(parsed.content, (*parsed.calls, added), parsed.malformed)
    around = [scored(each, turn(PARIS)) for each in others]
    before, after = scored(gold, parsed), scored(gold, more)
    if score_calls(gold, turn(added), OFFERED, SCHEMAS).matched:
        return
    old, new = values(before, *around), values(after, *around)
    may_rise = {"recall_call", "balanced_accuracy"} | LOWER_IS_BETTER
    if added.name in {each.name for each in gold}:
        may_rise |= {"tool_name_accuracy"}  # it asks for names, and by name the call does match
    for name in {*TOOL_CALL_METRICS, *COMPANIONS} - may_rise:
        assert (new[name] or 0.0) <= (old[name] or 0.0), name
    for name in LOWER_IS_BETTER & set(COMPANIONS):
        assert (new[name] or 0.0) >= (old[name] or 0.0), name


@given(st.lists(calls, max_size=3), turns, st.randoms(use_true_random=False))
def test_the_order_of_calls_matters_to_exact_match_only(gold, parsed, rng):
    shuffled = list(parsed.calls)
    rng.shuffle(shuffled)
    old = values(scored(gold, parsed))
    new = values(scored(gold, ParsedTurn(parsed.content, tuple(shuffled), parsed.malformed)))
    assert {**old, "exact_match": None} == {**new, "exact_match": None}


@given(st.lists(calls, max_size=3), turns)
def test_scores_survive_json(gold, parsed):
    found = scored(gold, parsed)
    assert score_from_record(json.loads(json.dumps(asdict(found)))) == found


def test_answer_scores():
    answer = decisions({"repaired": [tool_row()]})[1]
    good = score(answer, turn(content="21.4 degrees, sunny"))
    assert (good.answered, good.used_result, good.label) == (True, True, "ok")
    empty, again = score(answer, turn(content=" ")), score(answer, turn(PARIS, content="21.4 degrees, sunny"))
    assert (empty.answered, empty.used_result, empty.label) == (False, False, "no_answer")
    assert (again.answered, again.used_result, again.label) == (False, False, "second_call")
    unused = score(answer, turn(content="It is nice."), truncated=True)
    assert (unused.answered, unused.used_result, unused.truncated, unused.label) == (True, False, True, "result_unused")
    found = {name: ratio.value for name, ratio in answer_metrics([good, empty, again, unused]).items()}
    assert found == {
        "no_second_call": 0.75,
        "answer_given": 0.5,
        "result_used": 0.25,
        "malformed_rate": 0.0,
        "truncated_rate": 0.25,
    }
    assert score_from_record(json.loads(json.dumps(asdict(good)))) == good


@pytest.mark.parametrize(
    ("answer", "gold", "result", "history", "expected"),
    [
        ("381 days", "It is 381 days.", "381", "how long?", True),
        ("380 days", "It is 381 days.", "381", "how long?", False),
        ("About 13.5", "13.49", "13.490737563232042", "?", True),
        ("About 13.6", "13.49", "13.490737563232042", "?", False),
        ("1 of them", "0.6", "0.6", "?", False),
        ("$1,234,567", "1234567 dollars", "1234567", "?", True),
        ("Sunday!", "A Sunday.", "Sunday", "which day?", True),
        ("Monday!", "A Sunday.", "Sunday", "which day?", False),
        ("Done.", "Done.", '{"status": "ok"}', "please", None),
        ("6, 8, 21", "[6, 8, 21]", "[6, 8, 21]", "reverse 21 8 6", None),  # the user said it all
        ("", "", "", "", None),
    ],
)
def test_use_of_the_result(answer, gold, result, history, expected):
    assert uses_result(answer, gold, [result], [history]) is expected


def test_summary_groups_and_counts():
    rows = [tool_row("test/0"), plain_row("test/1"), tool_row("test/2", query_type="hard")]
    found = decisions({"repaired": rows, "tool_absent": [absent(rows[0])]})
    right = [Scored.of(each, score(each, ParsedTurn(each.gold.content, each.calls))) for each in found]
    summary = summarise(right)
    assert set(summary) == {"repaired", "tool_absent"}
    repaired = summary["repaired"]
    assert (repaired["rows"], repaired["D1"]["decisions"], repaired["D2"]["decisions"]) == (3, 3, 2)
    assert repaired["D1"]["tool_call_accuracy"] == {"value": 1.0, "numerator": 3, "denominator": 3}
    assert {name: group["decisions"] for name, group in repaired["by_query_type"].items()} == {
        "easy": 1,
        "hard": 1,
        "no_tool": 1,
    }
    assert {name: group["decisions"] for name, group in repaired["by_tools_offered"].items()} == {"0": 1, "2-4": 2}
    assert repaired["labels"] == {"ok": {"": 3}}
    assert summary["tool_absent"]["D1"]["abstention_accuracy"]["value"] == 1.0
    assert json.loads(json.dumps(summary)) == summary


def test_bins():
    assert [tools_bin(count) for count in (0, 1, 2, 4, 5, 9, 10, 19, 20, 99)] == [
        "0", "1", "2-4", "2-4", "5-9", "5-9", "10-19", "10-19", "20+", "20+",
    ]  # fmt: skip
    assert {tools_bin(count) for count in range(99)} == set(TOOLS_BINS)


def test_cheap_baselines():
    rows = [tool_row("test/0"), plain_row("test/1"), plain_row("test/2", tools=TOOLS)]
    found = decisions({"repaired": rows})
    abstain, first = (
        call_metrics([each.score for each in score_baseline(name, found)])
        for name in ("always_abstain", "first_offered_tool")
    )
    assert (abstain["tool_call_accuracy"].numerator, abstain["tool_call_accuracy"].denominator) == (2, 3)
    assert (first["tool_call_accuracy"].numerator, first["tool_name_accuracy"].value) == (1, 1.0)
    assert abstain["balanced_accuracy"].value == 0.5
    assert first["abstention_accuracy"].value == 0.5  # where no tool is offered it can't call


@pytest.fixture(params=sorted(DIALECTS))
def dialect(request):
    return DIALECTS[request.param]


def tool_rows() -> list[Conversation]:
    several = Conversation(
        (
            Message("system", "Current date: 2024-01-01"),
            Message("user", "Both, please."),
            Message("assistant", "", (PARIS, FIVE)),
        ),
        TOOLS,
        "test/9",
        {"query_type": "hard"},
    )
    return [tool_row(), replace(tool_row("test/5"), tools=TOOLS[:1]), several]


def through_the_parser(dialect, write) -> dict[str, float | None]:
    """The five metrics over D1 of the tool rows, when `write(decision, prompt)` is what the model writes."""
    found = [each for each in decisions({"repaired": tool_rows()}) if each.turn == "D1"]
    scores = []
    for each in found:
        prompt = join(dialect.render(each.history, add_generation_prompt=True))
        scores.append(score(each, dialect.parse(write(each, prompt))))
    measured = call_metrics(scores)
    return {name: measured[name].value for name in TOOL_CALL_METRICS}


@pytest.mark.parametrize(
    "write",
    [
        lambda decision, prompt: "",
        lambda decision, prompt: "lorem ipsum dolor sit amet",
        lambda decision, prompt: prompt,
        lambda decision, prompt: without_control(prompt),
        lambda decision, prompt: without_control(prompt) * 2,
        lambda decision, prompt: decision.history.messages[-1].content,
        lambda decision, prompt: "<tool_call>",
        lambda decision, prompt: "[" * 5000,
        lambda decision, prompt: "<tool_call>" + '{"a":' * 5000 + "</tool_call>",
    ],
    ids=["nothing", "lorem", "echo", "echo-text", "echo-twice", "echo-question", "tag", "brackets", "deep"],
)
def test_no_skill_scores_zero(dialect, write):
    assert set(through_the_parser(dialect, write).values()) == {0.0}


def without_control(prompt: str) -> str:
    """An echo as text: without the control tokens at which the parser would stop."""
    for token in ("<bos>", "<start_of_turn>", "<end_of_turn>"):
        prompt = prompt.replace(token, "")
    return prompt


def test_the_echo_holds_sample_calls(dialect):
    """What makes the test above worth something: the prompt itself has a `<tool_call>` in it."""
    history = decisions({"repaired": tool_rows()})[0].history
    parsed = dialect.parse(without_control(join(dialect.render(history, add_generation_prompt=True))))
    assert parsed.calls or parsed.malformed


def test_gold_scores_one_through_the_parser(dialect):
    written = {}
    for row in tool_rows():
        prompts = completions(dialect.render(row))
        written[row.id] = join(prompts[0][1])
    found = through_the_parser(dialect, lambda decision, prompt: written[decision.row])
    assert set(found.values()) == {1.0}


def test_real_rows(real_data, dialect):
    """Every test row of the default dataset: gold 1, silence and echo 0 on tool rows, the sizes of the views."""
    splits = read(DatasetSection(path=str(real_data)))
    found = decisions(views(splits["test"], 42, catalogue(splits)))
    sizes = Counter(each.view for each in found if each.turn == "D1")
    assert sizes == {"published": 60, "answerable": 45, "repaired": 60, "unleaked": 60, "tool_absent": 40}
    gold, silence, echo = [], [], []
    for each in found:
        if each.turn == "D2" or each.view == "tool_absent":
            continue
        prompt = dialect.render(each.history, add_generation_prompt=True)
        whole = replace(each.history, messages=(*each.history.messages, each.gold))
        gold.append(score(each, dialect.parse(join(completions(dialect.render(whole))[-1][1]))))
        if each.calls:
            silence.append(score(each, dialect.parse("")))
            echo.append(score(each, dialect.parse(without_control(join(prompt)))))
    assert {values(*gold)[name] for name in TOOL_CALL_METRICS} == {1.0}
    assert {values(*silence)[name] for name in TOOL_CALL_METRICS} == {0.0}
    assert {values(*echo)[name] for name in TOOL_CALL_METRICS} == {0.0}
    unanswerable = {each.row for each in found if each.gold_unanswerable}
    assert len(unanswerable) == 15  # 40 tool rows, 25 of them answerable, as the author's own figures say
