"""The dataset's own format: unchanged rows byte for byte, changed ones anew, other conversations in its layout."""

import dataclasses
import json

import pyarrow.parquet
import pytest

from conversations import real_conversations
from toolgemma.conversation import Conversation, Message, Tool, ToolCall
from toolgemma.format import shawhin
from toolgemma.format.segments import completions, join

ADD = Tool(
    "add",
    "Add.",
    {
        "type": "object",
        "properties": {"a": {"type": "number", "description": "Left."}, "b": {"type": "number"}},
        "required": ["a"],
    },
)
INSTRUCTIONS = """<instructions>
Call as <tool_call>{}</tool_call>, from <tools>.
</instructions>
<tools>
[{"tool_name": "add",
  "description": "Add.", "input_args": {"a": "number - Left.", "b": "number, optional"}}]
</tools>

 Current date: 2024-05-01"""
CALL = '<tool_call>\n{"tool_name":"add",   "args":{"a":1}}\n</tool_call>'
ROW = Conversation(
    messages=(
        Message("system", "Current date: 2024-05-01"),
        Message("user", "1 and nothing?", raw="1 and nothing?"),
        Message(
            "assistant",
            "Adding.",
            (ToolCall("add", {"a": 1}, raw='{"tool_name":"add",   "args":{"a":1}}'),),
            raw=f"Adding.\n\n{CALL}",
        ),
        Message("tool", "1", name="add", raw="<tool_result> 1\n\n</tool_result>"),
        Message("assistant", "It is 1.", raw="```xml\n<final_answer>It is 1.</final_answer>\n```"),
    ),
    tools=(ADD,),
    id="train/0",
    meta={"instructions_raw": INSTRUCTIONS},
)
AS_PUBLISHED = f"""<bos><start_of_turn>user
{INSTRUCTIONS}<end_of_turn>
<start_of_turn>user
1 and nothing?<end_of_turn>
<start_of_turn>model
Adding.

{CALL}<end_of_turn>
<start_of_turn>user
<tool_result> 1

</tool_result><end_of_turn>
<start_of_turn>model
```xml
<final_answer>It is 1.</final_answer>
```<end_of_turn>
"""
CANONICAL_TOOLS = """<tools>
[
  {
    "tool_name": "add",
    "description": "Add.",
    "input_args": {
      "a": "number - Left.",
      "b": "number, optional"
    }
  }
]
</tools>"""


def rendered(conversation=ROW, **changes):
    return join(shawhin.render(dataclasses.replace(conversation, **changes)))


def with_message(place, **changes):
    messages = list(ROW.messages)
    messages[place] = dataclasses.replace(messages[place], **changes)
    return rendered(messages=tuple(messages))


def test_an_unchanged_row_comes_back_byte_for_byte():
    assert rendered() == AS_PUBLISHED


def test_real_rows_come_back_byte_for_byte(real_data):
    published = [
        row["trace"]
        for split in ("train", "validation", "test")
        for row in pyarrow.parquet.read_table(real_data / f"{split}.parquet").to_pylist()
    ]
    rows = real_conversations(real_data)
    assert len(rows) == len(published) == 597
    for row, trace in zip(rows, published, strict=True):
        turns = (("model" if entry["role"] == "assistant" else "user", entry["content"]) for entry in trace)
        assert rendered(row) == "<bos>" + "".join(
            f"<start_of_turn>{role}\n{content}<end_of_turn>\n" for role, content in turns
        )


def test_a_changed_argument_of_a_real_row_changes_the_output(real_data):
    changed = 0
    for row in real_conversations(real_data):
        place = next((place for place, message in enumerate(row.messages) if message.tool_calls), None)
        if place is None:
            continue
        messages = list(row.messages)
        call = messages[place].tool_calls[0]
        other = dataclasses.replace(call, arguments={**call.arguments, "added": "ARGUMENT"})
        messages[place] = dataclasses.replace(messages[place], tool_calls=(other, *messages[place].tool_calls[1:]))
        segments = shawhin.render(dataclasses.replace(row, messages=tuple(messages)))
        targets = [join(completion) for _, completion in completions(segments)]
        assert any(shawhin.parse(target).calls[:1] == (other,) for target in targets)
        changed += 1
    assert changed == 397


@pytest.mark.parametrize("value", [1.0, True, "1", 2])
def test_a_changed_argument_is_written_anew(value):
    """1, 1.0 and true are equal in Python; the raw text says 1."""
    call = dataclasses.replace(ROW.messages[2].tool_calls[0], arguments={"a": value})
    written = json.dumps({"tool_name": "add", "args": {"a": value}}, indent=2)
    assert with_message(2, tool_calls=(call,)) == AS_PUBLISHED.replace(
        f"Adding.\n\n{CALL}", f"Adding.\n<tool_call>\n{written}\n</tool_call>"
    )


def test_a_call_keeps_its_spacing_where_only_the_text_before_it_goes():
    assert with_message(2, content="") == AS_PUBLISHED.replace("Adding.\n\n", "")


def test_changed_texts_are_written_anew():
    assert with_message(1, content="1?") == AS_PUBLISHED.replace("1 and nothing?", "1?")
    assert with_message(3, content="2") == AS_PUBLISHED.replace("<tool_result> 1\n\n<", "<tool_result>\n2\n<")
    assert with_message(4, content="It is one.") == AS_PUBLISHED.replace(
        "```xml\n<final_answer>It is 1.</final_answer>\n```", "<final_answer>\nIt is one.\n</final_answer>"
    )


def test_changed_tools_and_dates_are_written_anew_under_the_same_instructions():
    head = INSTRUCTIONS[: INSTRUCTIONS.rindex("<tools>")]
    sub = dataclasses.replace(ADD, name="sub")
    tools = CANONICAL_TOOLS.replace('"add"', '"sub"')
    assert rendered(tools=(sub,)) == AS_PUBLISHED.replace(INSTRUCTIONS, f"{head}{tools}\n\nCurrent date: 2024-05-01")
    assert rendered(tools=()) == AS_PUBLISHED.replace(
        INSTRUCTIONS, f"{head}<tools>\n[]\n</tools>\n\nCurrent date: 2024-05-01"
    )
    assert with_message(0, content="Current date: 2024-05-02") == AS_PUBLISHED.replace(
        INSTRUCTIONS, f"{head}{CANONICAL_TOOLS}\n\nCurrent date: 2024-05-02"
    )
    assert rendered(messages=ROW.messages[1:]) == AS_PUBLISHED.replace(INSTRUCTIONS, f"{head}{CANONICAL_TOOLS}")


@pytest.mark.parametrize(
    "instructions", ["<tools>", "<tools>[}</tools>", '<tools>[{"tool_name": "add"}]</tools>', "<tools>[1]</tools>"]
)
def test_instructions_that_can_not_be_read_are_written_anew(instructions):
    text = rendered(meta={"instructions_raw": instructions})
    assert text.startswith(f"<bos><start_of_turn>user\n{CANONICAL_TOOLS}\n\nCurrent date: 2024-05-01<end_of_turn>")


def test_a_conversation_from_elsewhere():
    conversation = Conversation(
        (
            Message("user", "1 + 1?"),
            Message("assistant", "", (ToolCall("add", {"a": 1}), ToolCall("add", {"a": 2}))),
            Message("tool", "2"),
            Message("assistant", "Two."),
        ),
        (ADD,),
    )
    text = rendered(conversation)
    instructions, _, rest = text.partition(CANONICAL_TOOLS)
    assert instructions.startswith("<bos><start_of_turn>user\n<instructions>\n")
    assert (
        rest
        == """<end_of_turn>
<start_of_turn>user
1 + 1?<end_of_turn>
<start_of_turn>model
<tool_call>
{
  "tool_name": "add",
  "args": {
    "a": 1
  }
}
</tool_call>
<tool_call>
{
  "tool_name": "add",
  "args": {
    "a": 2
  }
}
</tool_call><end_of_turn>
<start_of_turn>user
<tool_result>
2
</tool_result><end_of_turn>
<start_of_turn>model
<final_answer>
Two.
</final_answer><end_of_turn>
"""
    )


def test_no_tools_no_instructions():
    assert rendered(Conversation((Message("user", "Hi"),))) == "<bos><start_of_turn>user\nHi<end_of_turn>\n"


def test_no_templates():
    assert (shawhin.CHAT_TEMPLATE, shawhin.RESPONSE_TEMPLATE) == (None, None)
