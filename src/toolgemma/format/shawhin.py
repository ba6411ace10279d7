"""The wire format of shawhin/tool-use-finetuning, so that figures can be compared with its author's.

    user   <instructions>...</instructions> <tools>[{"tool_name": ..., "description": ..., "input_args": {...}}]</tools>
    user   QUERY
    model  TEXT\\n<tool_call>\\n{"tool_name": "NAME", "args": {...}}\\n</tool_call>
    user   <tool_result>\\nRESULT\\n</tool_result>
    model  <final_answer>\\nTEXT\\n</final_answer>

A row that nobody changed comes back byte for byte: `raw` texts, and the instructions in `meta["instructions_raw"]`,
are written as they were, each only if it still says the same as the fields beside it. What was changed is written
anew in the same layout. The author's instructions are not ours to copy: a conversation from elsewhere gets a short
text of our own. His prose schemas hold type, description and whether a parameter is required, nothing else.
"""

import json
import re
from typing import Any

from toolgemma.conversation import Conversation, Message, Tool, ToolCall
from toolgemma.errors import DataError
from toolgemma.format.parse import CLOSE_TAG, OPEN_TAG, CallParser, ParsedTurn
from toolgemma.format.segments import Segment
from toolgemma.format.turns import Wire, render_turns, says_the_same, split_system
from toolgemma.schema import parameters_from_prose, parameters_to_prose

NAME = "shawhin"
CHAT_TEMPLATE: str | None = None
RESPONSE_TEMPLATE: dict[str, Any] | None = None

_TOOLS_OPEN, _TOOLS_CLOSE = "<tools>", "</tools>"
_ANSWER_OPEN, _ANSWER_CLOSE = "<final_answer>", "</final_answer>"
_RESULT_OPEN, _RESULT_CLOSE = "<tool_result>", "</tool_result>"

_ANSWER_TAG = re.compile(r"(?:(?<!`)`(?=<))?<(/?)final_answer>(?:`(?!`))?")
_NOTHING = re.compile(r"\s*(```\w*)?\s*")

_OWN_INSTRUCTIONS = """<instructions>
Answer the user, with the help of the tools listed below where one is needed. To use a tool, write:
<tool_call>
{
  "tool_name": "NAME",
  "args": {
    "ARGUMENT": VALUE
  }
}
</tool_call>
Its result comes in <tool_result> tags. Put your answer to the user between <final_answer> and </final_answer>.
</instructions>

"""


def render(conversation: Conversation, add_generation_prompt: bool = False) -> list[Segment]:
    """The conversation as segments; unchanged rows of the dataset byte for byte.

    Raises:
        FormatError: an assistant message can't be written so that it reads back.
    """
    return render_turns(
        conversation, _opening(conversation), _WIRE, fold=False, add_generation_prompt=add_generation_prompt
    )


def parse(completion_text: str) -> ParsedTurn:
    """Content and calls of a completion, up to its `<end_of_turn>`. Never raises.

    The content is what stands in `<final_answer>` tags; where they are doubled the last text that follows an opening
    one, where only closing ones are left the longest text. Without such tags all text is content.
    """
    parser = StreamParser()
    parser.feed(completion_text)
    return parser.finish()


class StreamParser(CallParser):
    """`parse`, in chunks. `feed` emits calls only: which text is the answer shows at the end."""

    def __init__(self) -> None:
        super().__init__("tool_name", "args", _unwrap_answer)


def _opening(conversation: Conversation) -> str:
    system, _ = split_system(conversation.messages)
    instructions = conversation.meta.get("instructions_raw")
    if isinstance(instructions, str) and _TOOLS_OPEN in instructions:
        if _read_instructions(instructions) == (conversation.tools, system):
            return instructions.strip()
        preamble = instructions[: instructions.rindex(_TOOLS_OPEN)]
    elif conversation.tools:
        preamble = _OWN_INSTRUCTIONS
    else:
        return system
    entries = [
        {
            "tool_name": tool.name,
            "description": tool.description,
            "input_args": parameters_to_prose(tool.parameters),
        }
        for tool in conversation.tools
    ]
    tools_text = f"{preamble}{_TOOLS_OPEN}\n{_json(entries)}\n{_TOOLS_CLOSE}"
    return "\n\n".join(filter(None, (tools_text, system)))


def _read_instructions(instructions: str) -> tuple[tuple[Tool, ...], str] | None:
    """Tools and system text that an instruction message says, or None if it can't be read."""
    body, closed, tail = instructions.rpartition(_TOOLS_OPEN)[2].partition(_TOOLS_CLOSE)
    try:
        tools = tuple(
            Tool(entry["tool_name"], entry["description"], parameters_from_prose(entry["input_args"]))
            for entry in json.loads(body)
        )
    except (ValueError, KeyError, TypeError, DataError):
        return None
    return (tools, tail.strip()) if closed else None


def _assistant(message: Message) -> str:
    if message.raw is not None and says_the_same(parse(message.raw), message):
        return message.raw.strip()
    content = message.content.strip()
    if not message.tool_calls:
        return f"{_ANSWER_OPEN}\n{content}\n{_ANSWER_CLOSE}"
    calls = (f"{OPEN_TAG}\n{_call(call)}\n{CLOSE_TAG}" for call in message.tool_calls)
    return "\n".join(filter(None, (content, *calls)))


def _call(call: ToolCall) -> str:
    """A call's JSON: its own raw text where that still says the same."""
    if call.raw is not None:
        parsed = parse(f"{OPEN_TAG}{call.raw}{CLOSE_TAG}")
        if [other.key() for other in parsed.calls] == [call.key()]:
            return call.raw.strip()
    return _json({"tool_name": call.name, "args": dict(call.arguments)})


def _result(message: Message) -> str:
    content = message.content.strip()
    if message.raw is not None:
        found = re.fullmatch(f"{_RESULT_OPEN}(.*){_RESULT_CLOSE}", message.raw.strip(), re.DOTALL)
        if found and found[1].strip() == content:
            return message.raw.strip()
    return f"{_RESULT_OPEN}\n{content}\n{_RESULT_CLOSE}"


def _unwrap_answer(content: str) -> str:
    if not (tags := _ANSWER_TAG.findall(content)):
        return content
    if tags == ["", "/"] and content.startswith(_ANSWER_OPEN) and content.endswith(_ANSWER_CLOSE):
        return content.removeprefix(_ANSWER_OPEN).removesuffix(_ANSWER_CLOSE).strip()
    texts = _ANSWER_TAG.split(content)[::2]
    opened = [text for slash, text in zip(tags, texts[1:], strict=True) if not slash]
    candidates = (*reversed(opened), *sorted(texts, key=len, reverse=True))
    return next((text.strip() for text in candidates if not _NOTHING.fullmatch(text)), "")


def _json(value: Any) -> str:
    """JSON in the author's usual layout."""
    return json.dumps(value, ensure_ascii=False, indent=2)


_WIRE = Wire(NAME, _assistant, _result, parse)
