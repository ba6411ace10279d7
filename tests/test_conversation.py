"""Conversations: what equality means, and records that lose nothing."""

import json

import pytest

from toolgemma.conversation import (
    Conversation,
    Message,
    Tool,
    ToolCall,
    canonical_json,
    from_record,
    to_openai,
    to_record,
)
from toolgemma.errors import DataError

WEATHER = Tool(
    "get_weather", "Weather now.", {"type": "object", "properties": {"city": {"type": "string"}}}, raw="{raw}"
)
CALL = ToolCall("get_weather", {"city": "Zürich"}, id="call_1", raw='{"x": 1}')
CONVERSATION = Conversation(
    messages=(
        Message("system", "Be brief."),
        Message("user", "Weather in Zürich?", raw=" Weather in Zürich? "),
        Message("assistant", "Let me look.", (CALL,), raw="..."),
        Message("tool", "21", name="get_weather"),
        Message("assistant", "It is 21 degrees."),
    ),
    tools=(WEATHER,),
    id="train/17",
    meta={"query_type": "easy"},
)


def test_id_names_split_and_row():
    assert (CONVERSATION.split, CONVERSATION.row) == ("train", 17)
    assert CONVERSATION.tool_names == ("get_weather",)
    assert CONVERSATION.calls == (CALL,)


def test_raw_and_ids_take_no_part_in_equality():
    assert ToolCall("f", {"a": 1}, raw="x", id="1") == ToolCall("f", {"a": 1}, raw="y", id="2")
    assert Message("user", "hi", raw="x") == Message("user", "hi")
    assert ToolCall("f", {"a": 1}) != ToolCall("f", {"a": 2})


def test_canonical_json_tells_types_apart():
    assert canonical_json({"b": 1, "a": "é"}) == '{"a":"é","b":1}'
    assert len({canonical_json(value) for value in (1, 1.0, True, "1")}) == 4
    assert ToolCall("f", {"a": 1, "b": 2}).key() == ToolCall("f", {"b": 2, "a": 1}).key()
    assert ToolCall("f", {"a": 1}).key() != ToolCall("f", {"a": True}).key()


def test_openai_form():
    openai = to_openai(CONVERSATION)
    assert openai["messages"][2] == {
        "role": "assistant",
        "content": "Let me look.",
        "tool_calls": [
            {"type": "function", "function": {"name": "get_weather", "arguments": {"city": "Zürich"}}, "id": "call_1"}
        ],
    }
    assert openai["messages"][3] == {"role": "tool", "content": "21", "name": "get_weather"}
    assert openai["tools"][0]["function"]["name"] == "get_weather"
    assert "raw" not in json.dumps(openai)


def test_records_lose_nothing():
    again = from_record(json.loads(json.dumps(to_record(CONVERSATION))))
    assert again == CONVERSATION
    assert (again.id, again.meta) == (CONVERSATION.id, CONVERSATION.meta)
    assert [message.raw for message in again.messages] == [message.raw for message in CONVERSATION.messages]
    assert (again.calls[0].raw, again.calls[0].id, again.tools[0].raw) == (CALL.raw, CALL.id, WEATHER.raw)


@pytest.mark.parametrize("damage", ["messages", "tools", "id", "meta"])
def test_a_damaged_record_says_what_to_do(damage):
    record = to_record(CONVERSATION)
    del record[damage]
    with pytest.raises(DataError, match="run prepare again"):
        from_record(record)
