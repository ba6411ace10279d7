"""Views: the same rows asked five ways, ids kept."""

from toolgemma.data.catalogue import catalogue
from toolgemma.data.convert import convert
from toolgemma.data.load import read_file_or_folder
from toolgemma.data.views import views
from traces import CLEAN, call, trace_row

HIDDEN = trace_row("What is 9 plus 1?", call("add", a=9, b=1), "10", "It is 10.", offered=("get_weather", "say"))
UNKNOWN = trace_row("What is 6 plus 6?", call("nobody_has_it", a=6), "12", "It is 12.")


def test_views():
    rows = convert([*CLEAN, HIDDEN, UNKNOWN], "test")
    train = convert([trace_row("WHAT is  9 plus 1?"), trace_row("What is 6 plus 7?")], "train")
    built = views(rows, 42, catalogue({"test": rows}), train)
    assert {name: [row.row for row in view] for name, view in built.items()} == {
        "published": [0, 1, 2, 3, 4],
        "answerable": [0, 1, 2],
        "repaired": [0, 1, 2, 3],
        "unleaked": [0, 1, 2],
        "tool_absent": [0, 1, 3, 4],
    }
    assert built["published"] == rows
    assert built["repaired"][:3] == rows[:3] and "add" in built["repaired"][3].tool_names
    for row in built["tool_absent"]:
        assert row.messages[-1].role == "user" and row.calls == ()
        assert not {call.name for call in rows[row.row].calls} & set(row.tool_names)
        assert row.meta["view"] == "tool_absent"
        assert row.id == rows[row.row].id
    assert built["tool_absent"][0].tool_names == ("get_weather",)


def test_the_catalogue_prefers_the_most_common_definition():
    rare, common = (trace_row("?", offered=("add",)) for _ in range(2))
    rare["trace"][0]["content"] = rare["trace"][0]["content"].replace("Does add.", "Adds rarely.")
    rows = convert([rare, common, common], "train")
    assert catalogue({"train": rows})["add"].description == "Does add."


def test_real_data(real_data):
    splits = read_file_or_folder(str(real_data))
    tools = catalogue(splits)
    assert len(tools) == 40
    built = views(splits["test"], 42, tools, splits["train"])
    assert {name: len(view) for name, view in built.items()} == {
        "published": 60, "answerable": 45, "repaired": 60, "unleaked": 54, "tool_absent": 40,
    }  # fmt: skip
