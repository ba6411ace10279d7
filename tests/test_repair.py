"""Repair: what is mended, what is dropped, what is left alone; on planted faults and on the real data."""

import pytest

from toolgemma.conversation import Message
from toolgemma.data.convert import convert
from toolgemma.data.lint import lint
from toolgemma.data.load import read_file_or_folder
from toolgemma.data.repair import Change, repair
from traces import CLEAN, call, trace_row

HIDDEN = trace_row(
    "What is 9 plus 1?", call("add", a=9, b=1), "10", "It is 10.", offered=("get_weather", "say", "count")
)
TEXT_NUMBER = trace_row("What is 4 plus 4?", call("add", a="4", b=4), "8", "It is 8.")
FENCED = trace_row(
    "What is 1 plus 1?", call("add", a=1, b=1), "2", "```xml\n<final_answer>\nIt is 2.\n</final_answer>\n```"
)
WRONG = trace_row("What is 7 plus 7?", call("add", a=7, b=7), "14", "It is 15.")
UNKNOWN = trace_row("What is 6 plus 6?", call("nobody_has_it", a=6), "12", "It is 12.")


def repaired(rows, policy="fix", seed=42, test=()):
    splits = {"train": convert(rows, "train")} | ({"test": convert(list(test), "test")} if test else {})
    return splits, repair(splits, policy, seed)


def test_the_called_tool_is_put_into_the_list_at_a_seeded_place():
    splits, result = repaired([CLEAN[0], HIDDEN])
    row = result.splits["train"][1]
    assert row.tool_names != splits["train"][1].tool_names and "add" in row.tool_names
    assert [name for name in row.tool_names if name != "add"] == ["get_weather", "say", "count"]
    assert row.tools[row.tool_names.index("add")] == splits["train"][0].tools[0]
    place = row.tool_names.index("add")
    assert result.changes == (
        Change("tool-not-offered", "train", 1, "mended", f"add put into the list as tool {place + 1} of 4"),
    )
    assert repaired([CLEAN[0], HIDDEN])[1] == result
    places = {
        repaired([CLEAN[0], HIDDEN], seed=seed)[1].splits["train"][1].tool_names.index("add") for seed in range(30)
    }
    assert places == {0, 1, 2, 3}


def test_a_number_written_as_text_becomes_a_number():
    _, result = repaired([TEXT_NUMBER])
    (row,) = result.splits["train"]
    assert row.calls[0].arguments == {"a": 4, "b": 4} and type(row.calls[0].arguments["a"]) is int
    assert row.calls[0].raw is None and row.messages[1].raw is None
    assert [change.rule for change in result.changes] == ["wrong-type"]


@pytest.mark.parametrize(
    ("tool", "arguments", "becomes"),
    [
        ("count", {"n": "12"}, {"n": 12}),
        ("count", {"n": "012"}, None),
        ("count", {"n": "12.0"}, None),
        ("count", {"n": 12.5}, None),
        ("add", {"a": "1.5", "b": 1}, {"a": 1.5, "b": 1}),
        ("add", {"a": "1.50", "b": 1}, None),
        ("add", {"a": True, "b": 1}, None),
        ("switch", {"on": "true"}, {"on": True}),
        ("switch", {"on": "yes"}, None),
        ("say", {"text": 7}, {"text": "7"}),
        ("say", {"text": 7.5}, None),
    ],
)
def test_only_what_converts_without_loss_is_converted(tool, arguments, becomes):
    _, result = repaired([trace_row("Do it.", call(tool, **arguments), "done", offered=(tool,))])
    assert [dict(row.calls[0].arguments) for row in result.splits["train"]] == ([becomes] if becomes else [])
    assert [change.action for change in result.changes] == ["mended" if becomes else "dropped"]


def test_clean_tags_take_the_place_of_broken_ones():
    _, result = repaired([FENCED])
    (row,) = result.splits["train"]
    assert row.messages[-1] == Message("assistant", "It is 2.") and row.messages[-1].raw is None
    assert row.messages[1].raw is not None
    assert lint(result.splits) == []


def test_what_cant_be_mended_is_dropped():
    _, result = repaired([CLEAN[0], WRONG, UNKNOWN])
    assert [row.row for row in result.splits["train"]] == [0]
    assert [(change.row, change.rule, change.action) for change in result.changes] == [
        (1, "answer-contradicts-result", "dropped"),
        (2, "tool-not-offered", "dropped"),
    ]


def test_train_rows_that_leak_go_and_other_splits_stay():
    splits, result = repaired([*CLEAN, HIDDEN], test=[CLEAN[0], WRONG])
    assert [row.row for row in result.splits["train"]] == [1, 2, 3]
    assert result.splits["test"] == splits["test"]
    assert result.changes[0].rule == "leakage-exact"


def test_the_train_split_may_have_another_name():
    splits = {"scored": convert(CLEAN[:1], "scored"), "fit": convert([WRONG, *CLEAN], "fit")}
    result = repair(splits, "fix", 42, train_split="fit")
    assert [row.row for row in result.splits["fit"]] == [2, 3] and result.splits["scored"] == splits["scored"]


@pytest.mark.parametrize(("policy", "kept"), [("none", [0, 1, 2, 3, 4]), ("drop", [0, 3]), ("fix", [0, 1, 2, 3])])
def test_policies(policy, kept):
    _, result = repaired([CLEAN[0], HIDDEN, TEXT_NUMBER, FENCED, WRONG], policy)
    assert [row.row for row in result.splits["train"]] == kept


def test_real_data(real_data):
    """Issue 2: after fix no error in train, and at most 3% of the train rows dropped."""
    splits = read_file_or_folder(str(real_data))
    result = repair(splits, "fix", 42)
    dropped = [change for change in result.changes if change.action == "dropped"]
    assert len(result.splits["train"]) + len(dropped) == 477
    assert len(dropped) <= 0.03 * 477
    assert not [f for f in lint(result.splits) if f.severity == "error" and f.split == "train"]
    assert result.splits["test"] == splits["test"] and result.splits["validation"] == splits["validation"]
    assert all(call.name in row.tool_names for row in result.splits["train"] for call in row.calls)
