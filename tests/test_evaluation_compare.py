"""Two models from their predictions alone: the same questions or a refusal, what changed, adjusted p-values."""

import json
from dataclasses import replace

import pytest
from rich.console import Console

from scenes import SCHEMAS, TOOLS, WEATHER, call, plain_row, tool_row, turn
from toolgemma.errors import DataError
from toolgemma.evaluation.compare import Predicted, Predictions, compare, read_predictions
from toolgemma.evaluation.decisions import decisions
from toolgemma.evaluation.predictions import predict, tasks
from toolgemma.evaluation.progress import progress_bar
from toolgemma.evaluation.score import score_calls
from toolgemma.format import get_dialect
from toolgemma.format.segments import join
from toolgemma.inference.completion import Completion

GOLD = call("get_weather", city="Paris")
WRONG = call("get_weather", city="Rome")
HERMES = get_dialect("hermes")
IDENTITY = {"base": "abc", "dtype": "bfloat16", "decoding": {"strategy": "greedy", "max_new_tokens": 64}}


def predictions(outcomes, view="repaired", identity=IDENTITY, no_tool=(), together=1):
    """A model that answers tool row i rightly iff `outcomes[i]`, and abstains on no-tool row i iff `no_tool[i]`.

    So many neighbouring tool rows are near-duplicates of each other.
    """
    found = {}
    for number, right in enumerate(outcomes):
        score = score_calls([GOLD], turn(GOLD if right else WRONG), [WEATHER.name], SCHEMAS)
        kind, row = "easy" if number < 20 else "hard", f"test/{number}"
        found[row, 1] = Predicted(kind, f"sha {number}", score, f"test/{number // together * together}")
    for number, right in enumerate(no_tool, start=len(outcomes)):
        score = score_calls([], turn() if right else turn(GOLD), [WEATHER.name], SCHEMAS)
        found[f"test/{number}", 1] = Predicted("no_tool", f"sha {number}", score, f"test/{number}")
    return Predictions("somewhere", identity, {view: found})


BEFORE = [True] * 12 + [False] * 9 + [True] * 3 + [False] * 16
AFTER = [True] * 12 + [True] * 9 + [False] * 3 + [False] * 16


def test_the_worked_example():
    found = compare(predictions(BEFORE), predictions(AFTER, identity=IDENTITY | {"adapter": {"a": "b"}}))
    assert (found.view, found.rows) == ("repaired", 40)
    assert (found.primary.metric, found.primary.before, found.primary.after) == ("tool_call_accuracy", 0.375, 0.525)
    assert (found.test.fixed, found.test.broken, found.test.p) == (9, 3, 0.14599609375)
    assert found.primary.p == found.test.p
    assert found.fixed == tuple(f"test/{number}" for number in range(12, 21))
    assert found.broken == tuple(f"test/{number}" for number in range(21, 24))
    assert found.primary.gain.low <= 0 < found.primary.gain.point < found.primary.gain.high
    assert found.primary.verdict == "not shown"
    assert found.primary.p_holm is None
    assert round(found.before.low, 4) == 0.2422
    assert round(found.detectable, 3) == 0.272
    assert found.notes == ()


def test_a_gain_that_is_shown_and_its_mirror():
    worse, better = predictions([False] * 30), predictions([True] * 10 + [False] * 20)
    assert compare(worse, better).primary.verdict == "better"
    assert compare(better, worse).primary.verdict == "worse"


def test_the_same_model_changes_nothing():
    found = compare(predictions(BEFORE), predictions(BEFORE))
    assert found.fixed == found.broken == ()
    for change in (found.primary, *found.secondary):
        assert change.p == 1
        assert change.verdict == "not shown"
        assert (change.gain.low, change.gain.point, change.gain.high) == (0, 0, 0)


def test_secondary_metrics_are_adjusted_together():
    found = compare(
        predictions([False] * 12, no_tool=[True] * 3 + [False] * 9), predictions([True] * 12, no_tool=[True] * 12)
    )
    changes = {change.metric: change for change in found.secondary}
    assert list(changes) == [
        "tool_name_accuracy",
        "tool_args_accuracy",
        "tool_call_f1",
        "exact_match",
        "abstention_accuracy",
        "recall_call",
    ]
    # names are right either way; abstention: 9 fixed of 9, p = 2 / 2^9, third smallest of six
    assert changes["tool_name_accuracy"].p == changes["recall_call"].p == 1
    assert changes["abstention_accuracy"].p == 2 / 2**9
    assert changes["exact_match"].p == 2 / 2**21
    assert changes["exact_match"].p_holm == 6 * 2 / 2**21
    assert all(change.p_holm >= change.p for change in found.secondary)
    # F1 before: 3 spurious-free; 12 wrong calls, 9 spurious ones, 12 missed
    assert changes["tool_call_f1"].before == 0
    assert changes["tool_call_f1"].after == 1
    assert changes["tool_call_f1"].p < 0.001
    assert changes["abstention_accuracy"].verdict == "better"


def test_metrics_without_rows_are_left_out():
    found = compare(predictions([], no_tool=[True] * 4), predictions([], no_tool=[False] * 4))
    names = {change.metric for change in found.secondary}
    assert "tool_name_accuracy" not in names
    assert "abstention_accuracy" in names


def test_clusters_widen_the_interval():
    """Rows that all change or all stay, five at a time, say little more than eight rows."""
    outcomes = ([False] * 5 + [True] * 5) * 4
    alone, together = (
        compare(predictions(outcomes, together=size), predictions([True] * 40, together=size)).primary.gain
        for size in (1, 5)
    )
    assert together.point == alone.point == 0.5
    assert together.high - together.low > 1.5 * (alone.high - alone.low)


@pytest.mark.parametrize(
    ("other", "says"),
    [
        (predictions(AFTER[:-1]), "scored different rows .1 are in one only, such as test/39.*--max_samples"),
        (predictions(AFTER, view="published"), "has no decisions of view 'repaired'; it has published"),
        (
            predictions(AFTER, identity=IDENTITY | {"decoding": {"strategy": "greedy", "max_new_tokens": 9}}),
            "'max_new_tokens': 9.*same evaluation.max_new_tokens",
        ),
    ],
)
def test_refuses_other_questions(other, says):
    with pytest.raises(DataError, match=says):
        compare(predictions(BEFORE), other)


def test_refuses_another_prompt_or_another_gold():
    other = predictions(AFTER)
    key = ("test/3", 1)
    for changed in (
        replace(other.views["repaired"][key], prompt_sha256="else"),
        replace(other.views["repaired"][key], score=score_calls([], turn(), [], {})),
    ):
        found = replace(other, views={"repaired": {**other.views["repaired"], key: changed}})
        with pytest.raises(DataError, match="prompted differently on row test/3"):
            compare(predictions(BEFORE), found)


def test_what_else_differs_is_noted():
    found = compare(predictions(BEFORE), predictions(AFTER, identity=IDENTITY | {"dtype": "float32"}))
    assert found.notes == ("dtype: bfloat16 before, float32 after",)


def evaluated(path, completion):
    """A predictions.jsonl as the evaluation writes it."""
    rows = [tool_row("test/0"), plain_row("test/1", TOOLS)]
    planned = tasks(
        decisions({"repaired": rows}),
        lambda each: list(join(HERMES.render(each.history, add_generation_prompt=True)).encode()),
        {"test/1": "test/0"},
    )

    def complete(prompts):
        for index, _ in enumerate(prompts):
            yield index, Completion(completion, 3, "stop")

    with progress_bar(Console(quiet=True)) as bar:
        predict(planned, parse=HERMES.parse, complete=complete, path=path, identity=IDENTITY, progress=bar)
    return path


def test_reads_what_the_evaluation_writes(tmp_path):
    calling = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris"}}\n</tool_call>'
    before = read_predictions(evaluated(tmp_path / "a.jsonl", "Line\u2028separators \u0085 are no line ends."))
    after = read_predictions(evaluated(tmp_path / "b.jsonl", calling))
    assert before.identity == IDENTITY
    assert set(before.views["repaired"]) == {("test/0", 1), ("test/1", 1)}  # the answer after the result is no D1
    assert {entry.cluster for entry in before.views["repaired"].values()} == {"test/0"}
    found = compare(before, after)
    assert (found.fixed, found.broken) == (("test/0",), ("test/1",))


def test_files_that_no_evaluation_wrote(tmp_path):
    with pytest.raises(DataError, match=r"name the predictions\.jsonl of an evaluated run"):
        read_predictions(tmp_path / "nothing.jsonl")
    path = tmp_path / "p.jsonl"
    path.write_text(json.dumps({"identity": {}}) + '\n{"row": "test/0"}\n', encoding="utf-8")
    with pytest.raises(DataError, match=r"p\.jsonl line 2 is not of an evaluation .*evaluate again"):
        read_predictions(path)
    row = {"id": "multiple_0", "category": "multiple", "passed": False, "decode_failed": True}
    path.write_text(json.dumps({"identity": {}}) + "\n" + json.dumps(row) + "\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"holds rows of BFCL.*bfcl\.md"):
        read_predictions(path)
    path.write_text("", encoding="utf-8")
    with pytest.raises(DataError, match="has no decisions of view 'repaired'; it has none"):
        compare(read_predictions(path), read_predictions(path))
