"""Before and after for people: which rows the table counts, which examples are chosen, how they print."""

import json

import pytest

from scenes import call, plain_row, tool_row, turn
from toolgemma.errors import DataError
from toolgemma.evaluation import before_after
from toolgemma.evaluation.before_after import Example
from toolgemma.evaluation.decisions import decisions
from toolgemma.evaluation.predictions import Task, record
from toolgemma.evaluation.score import score
from toolgemma.evaluation.summary import Scored, summarise
from toolgemma.inference.completion import Completion

RIGHT, NAME_ONLY, NOTHING = turn(call("get_weather", city="Paris")), turn(call("get_weather")), turn(content="Well.")


def rows():
    """Two files: seen tools and a row without a call in one, unseen tools in the other."""
    made = [tool_row("test/0", query_type="seen"), plain_row("test/1"), tool_row("test/2", query_type="unseen")]
    return [
        type(row)(row.messages, row.tools, row.id, dict(row.meta) | {"source_file": name})
        for row, name in zip(made, ("test_seen", "test_seen", "test_unseen"), strict=True)
    ]


def report(before, after):
    found = [each for each in decisions({"repaired": rows()}) if each.turn == "D1"]
    systems = {
        name: {
            "views": summarise(
                Scored.of(each, score(each, answer)) for each, answer in zip(found, answers, strict=True)
            )
        }
        for name, answers in (("untuned", before), ("tuned", after))
    }
    return {"rows": 3, "split": "test", "systems": systems}


def write(path, answers):
    found = [each for each in decisions({"repaired": rows()}) if each.turn == "D1"]
    lines = [{"kind": "toolgemma predictions"}]
    for each, answer in zip(found, answers, strict=True):
        lines.append(record(Task((1,), "0", (each,), each.row), Completion("raw text", 2, "stop"), answer))
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def test_the_table_tells_seen_unseen_and_files_apart():
    found = before_after.sheet(report([NOTHING, NOTHING, NOTHING], [RIGHT, RIGHT, NAME_ONLY]))
    assert found.rows == (
        ("seen", "tool_call_accuracy", "0.0 % 0/1", "100.0 % 1/1"),
        ("unseen", "tool_call_accuracy", "0.0 % 0/1", "0.0 % 0/1"),
        ("all", "tool_call_accuracy", "33.3 % 1/3", "33.3 % 1/3"),
        ("test_seen", "abstention_accuracy", "100.0 % 1/1", "0.0 % 0/1"),
        ("all", "malformed_rate", "0.0 % 0/3", "0.0 % 0/3"),
    )


def test_examples_are_those_that_changed_and_those_that_did_not(tmp_path):
    before = write(tmp_path / "a.jsonl", [NOTHING, NOTHING, turn(malformed=1)])
    after = write(tmp_path / "b.jsonl", [RIGHT, NOTHING, NAME_ONLY])
    found = before_after.examples(before, after, rows())
    assert [example.row for example in found] == ["test/0", "test/1", "test/2"]
    assert [example.row for example in before_after.fixed(before, found, 5)] == ["test/0"]
    assert [example.row for example in before_after.still_wrong(found, 5)] == ["test/2"]
    assert found[0].request == "How warm is it in Paris?"
    assert found[0].gold == 'get_weather {"city": "Paris"}'
    assert found[0].before == 'no call: "Well."'
    assert (found[1].gold, found[1].label) == ("no call", "ok")
    assert found[2].before == "malformed (bad_json): raw text"
    assert (found[2].after, found[2].label) == ("get_weather {}", "missing_arg")


def test_predictions_of_other_rows_are_refused(tmp_path):
    path = write(tmp_path / "a.jsonl", [RIGHT, RIGHT, RIGHT])
    with pytest.raises(DataError, match="same rows"):
        before_after.examples(path, path, rows()[:2])


def test_query_types_take_turns():
    found = [Example(f"test/{place}", kind, "", "", "", "", "wrong_value") for place, kind in enumerate("aaabb")]
    assert [example.row for example in before_after.still_wrong(found, 4)] == ["test/0", "test/3", "test/1", "test/4"]


def test_an_example_fits_80_columns_and_holds_no_control_codes():
    example = Example("test/7", "seen", "word " * 100, "f {}", "\x1b[2J\r" + "x" * 200, "g {}", "wrong_tool")
    printed = list(before_after.lines(example))
    assert max(map(len, printed)) <= 80
    assert len(printed) <= 1 + 4 * 3
    assert all(line.isprintable() for line in printed)
    assert printed[-1].split() == ["after", "wrong_tool:", "g", "{}"]
