"""Which turns are scored, and what each is prompted with."""

from dataclasses import replace

from scenes import CONVERT, SCHEMAS, SORT, TOOLS, absent, call, decision, plain_row, tool_row
from toolgemma.conversation import Conversation, Message
from toolgemma.evaluation.decisions import VIEWS, decisions


def test_a_tool_row_has_a_call_and_an_answer():
    row = tool_row()
    first, second = decisions({"repaired": [row]})
    assert (first.turn, first.position, first.history.messages) == ("D1", 1, row.messages[:1])
    assert (second.turn, second.position, second.history.messages) == ("D2", 3, row.messages[:3])
    assert first.calls == (call("get_weather", city="Paris"),)
    assert second.calls == ()
    assert second.results == (row.messages[2].content,)
    assert first.results == ()
    assert first.history.tools == TOOLS
    assert (first.row, first.query_type, len(first.offered)) == ("test/0", "easy", 3)


def test_a_row_without_calls_has_one_decision():
    (only,) = decisions({"published": [plain_row()]})
    assert (only.turn, only.calls, only.query_type) == ("D1", (), "no_tool")


def test_tool_absent_asks_once_and_wants_no_call():
    (only,) = decisions({"tool_absent": [absent(tool_row())]})
    assert (only.turn, only.calls, only.history.messages[-1].role) == ("D1", (), "user")
    assert "get_weather" not in only.offered


def test_unanswerable_rows_are_flagged_and_keep_the_schema_of_the_missing_tool():
    unanswerable = tool_row(tools=(CONVERT, SORT))
    found = decisions({"published": [unanswerable], "repaired": [tool_row()], "tool_absent": [unanswerable]})
    published = decision(found, "published", "D1")
    assert published.gold_unanswerable
    assert published.offered == ("convert", "sort_list")
    assert published.schemas == SCHEMAS
    assert not decision(found, "repaired", "D1").gold_unanswerable


def test_a_second_call_after_a_result_is_a_call_decision():
    row = tool_row()
    again = Message("assistant", "", (call("convert", amount=21, to="F"),))
    longer = replace(row, messages=(*row.messages[:3], again, Message("tool", "70"), Message("assistant", "70 F.")))
    assert [(each.turn, each.position) for each in decisions({"repaired": [longer]})] == [
        ("D1", 1),
        ("D1", 3),
        ("D2", 5),
    ]


def test_parallel_results_belong_to_one_answer():
    calls = (call("convert", amount=1, to="EUR"), call("convert", amount=2, to="EUR"))
    messages = (
        Message("user", "?"),
        Message("assistant", "", calls),
        Message("tool", "first"),
        Message("tool", "second"),
        Message("assistant", "Both."),
    )
    *_, answer = decisions({"repaired": [Conversation(messages, TOOLS, "test/3")]})
    assert answer.results == ("first", "second")


def test_without_a_column_the_query_type_is_what_the_gold_does():
    bare = [replace(tool_row(), meta={}), replace(plain_row(), meta={})]
    assert [each.query_type for each in decisions({"repaired": bare}) if each.turn == "D1"] == ["tool", "no_tool"]


def test_views_come_in_one_order():
    rows = {view: [plain_row()] for view in reversed(VIEWS) if view != "tool_absent"}
    assert [each.view for each in decisions(rows)] == ["published", "answerable", "repaired", "unleaked"]
