"""Readers: one hand-made row of each source dialect, and what it must become."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgemma.conversation import Message, ToolCall
from toolgemma.data.convert import convert
from toolgemma.data.convert.shawhin import answer_tag_fault, unwrap_answer
from toolgemma.errors import DataError
from traces import CLEAN, call, trace_row

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Weather now.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
PARIS = {"name": "get_weather", "arguments": {"city": "Paris"}}


def one(row, format="auto"):
    return convert([row], "train", format)[0]


def test_shawhin_tool_row():
    row = trace_row(
        "How warm is Paris?",
        call("get_weather", city="Paris"),
        "{'temperature': 62}",
        "It is 62 degrees.",
        before="You want the weather.\nI will look.",
        date="2024-01-15",
    )
    read = one(row)
    assert read.messages == (
        Message("system", "Current date: 2024-01-15"),
        Message("user", "How warm is Paris?"),
        Message(
            "assistant",
            "You want the weather.\nI will look.",
            (ToolCall("get_weather", {"city": "Paris"}),),
        ),
        Message("tool", "{'temperature': 62}", name="get_weather"),
        Message("assistant", "It is 62 degrees."),
    )
    assert [message.raw for message in read.messages] == [None] + [turn["content"] for turn in row["trace"][1:]]
    assert read.calls[0].raw == json.dumps(call("get_weather", city="Paris"), indent=2)
    assert read.id == "train/0"
    assert read.meta["instructions_raw"] == row["trace"][0]["content"]
    assert {key: read.meta[key] for key in ("source", "query_type", "tool_name", "num_tools_available")} == {
        "source": "shawhin", "query_type": "easy", "tool_name": "get_weather", "num_tools_available": 2,
    }  # fmt: skip
    assert read.tool_names == ("add", "get_weather")
    assert read.tools[1].parameters == {
        "type": "object",
        "properties": {"city": {"type": "string", "description": "Name of the city."}},
        "required": ["city"],
    }


def test_shawhin_samples_in_the_instructions_are_no_calls():
    read = one(CLEAN[2])
    assert read.calls == () and "malformed" not in read.meta
    assert read.meta["tool_name"] is None
    assert [message.role for message in read.messages] == ["user", "assistant"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('{"tool_name": "add", "args": {"a": 1,}}', "bad JSON"),
        ('["add"]', "not an object"),
        ('{"name": "add", "arguments": {}}', "keys must be tool_name and args"),
        ('{"tool_name": "add", "args": [1]}', "arguments are no object"),
        ('{"tool_name": "add", "tool_name": "say", "args": {}}', "a key stands twice"),
        ('{"tool_name": "add", "args": {"a": NaN}}', "NaN is not JSON"),
    ],
)
def test_a_malformed_call_survives(body, reason):
    read = one(trace_row("What is 2 plus 3?", body, "5"))
    assert read.meta["malformed"] == [{"message": 1, "reason": reason, "raw": body}]
    assert read.messages[1].content == f"<tool_call>\n{body}\n</tool_call>"
    assert read.calls == ()


def test_an_unclosed_call_is_malformed():
    row = trace_row("What is 2 plus 3?", call("add", a=2, b=3), "5")
    row["trace"][2]["content"] = row["trace"][2]["content"].removesuffix("</tool_call>")
    assert one(row).meta["malformed"][0]["reason"] == "not closed"


@pytest.mark.parametrize(
    ("raw", "answer", "fault"),
    [
        ("<final_answer>\nFive.\n</final_answer>", "Five.", None),
        ("<final_answer>Code:\n```python\nx\n```</final_answer>", "Code:\n```python\nx\n```", None),
        ("```xml\n<final_answer>\nFive.\n</final_answer>\n```", "Five.", "in a code fence"),
        ("It is five.\n<final_answer>Five.</final_answer>", "Five.", "text outside of the tags"),
        ("<final_answer>\n```xml\n<final_answer>\nFive.\n</final_answer>\n```", "Five.", "doubled tags"),
        ("<final_answer>\n</final_answer>\nFive.\n</final_answer></final_answer>", "Five.", "doubled tags"),
        ("`<final_answer>`\nFive.\n</final_answer>", "Five.", "broken tags"),
        ("<final_answer>Five.", "Five.", "broken tags"),
        ("Five.</final_answer>", "Five.", "broken tags"),
        ("Five.", "Five.", "no tags"),
        ("<final_answer></final_answer>", "", "broken tags"),
    ],
)
def test_final_answers_are_unwrapped_as_well_as_can_be(raw, answer, fault):
    assert unwrap_answer(raw) == answer
    assert answer_tag_fault(raw) == fault


@given(st.lists(st.sampled_from(["<final_answer>", "</final_answer>", "```xml", "`", "<", "\n", " ", "Five."])))
def test_an_unwrapped_answer_is_a_piece_of_the_raw_text(pieces):
    raw = "".join(pieces)
    assert unwrap_answer(raw) in raw
    assert "Five." not in raw or unwrap_answer(raw)


def test_a_call_inside_the_final_answer_is_a_second_call():
    row = trace_row("How warm is Paris?", call("get_weather", city="Paris"), "{'temperature': 62}")
    second = '<tool_call>\n{"tool_name": "add", "args": {"a": 1, "b": 2}}\n</tool_call>'
    row["trace"][-1]["content"] = f"<final_answer>62 degrees. {second}</final_answer>"
    read = one(row)
    assert [made.name for made in read.calls] == ["get_weather", "add"]
    assert read.messages[-1].content == "62 degrees."


@pytest.mark.parametrize("arguments", [{"city": "Paris"}, '{"city": "Paris"}'])
@pytest.mark.parametrize("tools", [[WEATHER], json.dumps([WEATHER])])
def test_openai(arguments, tools):
    messages = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "How warm is "}, {"type": "text", "text": "Paris?"}]},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "c1", "function": {"name": "get_weather", "arguments": arguments}}],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "62"},
        {"role": "assistant", "content": "62 degrees."},
    ]
    read = one({"messages": messages, "tools": tools, "topic": "weather"})
    assert read.messages == (
        Message("system", "Be brief."),
        Message("user", "How warm is Paris?"),
        Message("assistant", "", (ToolCall("get_weather", {"city": "Paris"}),)),
        Message("tool", "62", name="get_weather"),
        Message("assistant", "62 degrees."),
    )
    assert read.calls[0].id == "c1"
    assert read.tools[0].to_openai() == WEATHER
    assert read.meta == {"topic": "weather", "source": "openai"}


def test_openai_keeps_a_call_with_broken_arguments_as_malformed():
    made = {"function": {"name": "get_weather", "arguments": '{"city": '}}
    read = one({"messages": [{"role": "user", "content": "?"}, {"role": "assistant", "tool_calls": [made]}]})
    assert read.calls == ()
    assert read.meta["malformed"] == [{"message": 1, "reason": "bad JSON", "raw": str(made)}]


def test_sharegpt():
    row = {
        "system": "Be brief.",
        "tools": json.dumps([WEATHER["function"]]),
        "conversations": [
            {"from": "human", "value": "How warm is Paris?"},
            {"from": "function_call", "value": json.dumps(PARIS)},
            {"from": "observation", "value": "62"},
            {"from": "gpt", "value": "62 degrees."},
        ],
    }
    read = one(row)
    assert read.meta["source"] == "sharegpt"
    assert read.messages == (
        Message("system", "Be brief."),
        Message("user", "How warm is Paris?"),
        Message("assistant", "", (ToolCall("get_weather", {"city": "Paris"}),)),
        Message("tool", "62", name="get_weather"),
        Message("assistant", "62 degrees."),
    )
    assert read.tools[0].to_openai() == WEATHER
    row["conversations"][1]["value"] = "get_weather(Paris)"
    assert one(row).meta["malformed"][0]["raw"] == "get_weather(Paris)"


@pytest.mark.parametrize("body", [json.dumps(PARIS), "{'arguments': {'city': 'Paris'}, 'name': 'get_weather'}"])
def test_hermes(body):
    system = f"You may call functions. <tools> {json.dumps([WEATHER])} </tools> Use <tool_call></tool_call> tags."
    row = {
        "conversations": [
            {"from": "system", "value": system},
            {"from": "human", "value": "How warm is Paris?"},
            {"from": "gpt", "value": f"I look.\n<tool_call>\n{body}\n</tool_call>"},
            {"from": "tool", "value": '<tool_response>\n{"temperature": 62}\n</tool_response>'},
            {"from": "gpt", "value": "62 degrees."},
        ]
    }
    read = one(row)
    assert read.meta == {"source": "hermes", "instructions_raw": system}
    assert read.messages == (
        Message("user", "How warm is Paris?"),
        Message("assistant", "I look.", (ToolCall("get_weather", {"city": "Paris"}),)),
        Message("tool", '{"temperature": 62}', name="get_weather"),
        Message("assistant", "62 degrees."),
    )
    assert read.tools[0].to_openai() == WEATHER
    assert read.calls[0].raw == body


def test_xlam():
    parameters = {
        "city": {"type": "str", "description": "Where."},
        "days": {"type": "int, optional", "description": "How many.", "default": 1},
        "tags": {"type": "List[int]", "description": "Which."},
        "odd": {"type": "Callable[[float], float]", "description": "What."},
    }
    row = {
        "id": 7,
        "query": "How warm is Paris, and Rome?",
        "tools": json.dumps([{"name": "get_weather", "description": "Weather now.", "parameters": parameters}]),
        "answers": json.dumps([PARIS, {"name": "get_weather", "arguments": {"city": "Rome"}}]),
    }
    read = one(row)
    assert read.messages == (
        Message("user", "How warm is Paris, and Rome?"),
        Message(
            "assistant", "", (ToolCall("get_weather", {"city": "Paris"}), ToolCall("get_weather", {"city": "Rome"}))
        ),
    )
    assert read.tools[0].parameters == {
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": "Where."},
            "days": {"type": "integer", "description": "How many.", "default": 1},
            "tags": {"type": "array", "items": {"type": "integer"}, "description": "Which."},
            "odd": {"description": "What."},
        },
        "required": ["city", "tags", "odd"],
    }
    assert one(row | {"answers": "[{"}).meta["malformed"] == [{"message": 1, "reason": "bad JSON", "raw": "[{"}]


def test_glaive():
    function = json.dumps(WEATHER["function"], indent=4)
    row = {
        "system": "SYSTEM: You are a helpful assistant with access to the following functions. Use them if required -\n"
        f"{function}\n{function.replace('get_weather', 'get_time')}\n",
        "chat": "USER: How warm is Paris?\n\n\nASSISTANT: <functioncall> "
        '{"name": "get_weather", "arguments": \'{"city": "Paris"}\'} <|endoftext|>\n\n\n'
        'FUNCTION RESPONSE: {"temperature": 62}\n\n\nASSISTANT: 62 degrees. <|endoftext|>\n\n\n',
    }
    read = one(row)
    assert read.meta["source"] == "glaive"
    assert read.messages == (
        Message("user", "How warm is Paris?"),
        Message("assistant", "", (ToolCall("get_weather", {"city": "Paris"}),)),
        Message("tool", '{"temperature": 62}', name="get_weather"),
        Message("assistant", "62 degrees."),
    )
    assert read.tool_names == ("get_weather", "get_time")
    broken = row | {"chat": row["chat"].replace('"Paris"}', '"Paris"')}
    assert one(broken).meta["malformed"][0]["reason"] == "bad JSON"


def test_unknown_columns_name_the_columns_and_the_readers():
    with pytest.raises(DataError, match=r"no reader knows the columns label, text\..*shawhin: query, trace") as error:
        convert([{"text": "a", "label": 1}], "train")
    assert "dataset.format" in str(error.value)


def test_unknown_format_and_empty_split():
    with pytest.raises(DataError, match="format 'csv' is unknown"):
        convert([{}], "train", "csv")
    with pytest.raises(DataError, match="split test is empty"):
        convert([], "test")


@pytest.mark.parametrize(
    ("change", "column"),
    [
        (lambda row: row.update(trace=None), "trace: null"),
        (lambda row: row["trace"][1].update(content=None), r"trace\[1\]\.content: null"),
        (lambda row: row["trace"][1].update(content=b"\xff"), r"trace\[1\]\.content: binary"),
        (lambda row: row["trace"][0].update(content="<tools>[}</tools>"), "trace.tools: not JSON"),
        (lambda row: row["trace"][1].update(role="robot"), "role 'robot'"),
    ],
)
def test_a_row_that_cant_be_used_is_named(change, column):
    bad = trace_row("What is 2 plus 3?", call("add", a=2, b=3), "5")
    change(bad)
    with pytest.raises(DataError, match=rf"split train, row 1: column .*{column}"):
        convert([CLEAN[0], bad], "train", "shawhin")
