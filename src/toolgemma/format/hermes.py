"""The default dialect: JSON schemas in `<tools>`, calls in `<tool_call>`, results in `<tool_response>`.

vLLM (`--tool-call-parser hermes`), llama.cpp, Ollama and mlx-lm read it without custom code. `hermes.jinja` beside
this file renders the same text; it is saved with the tokenizer, so that any engine prompts as was trained.

    user   SYSTEM TEXT, TOOLS, first message        user   <tool_response>\\nRESULT\\n</tool_response>
    model  TEXT\\n<tool_call>\\n{"name": "NAME", "arguments": {...}}\\n</tool_call>
"""

import json
from importlib import resources
from typing import Any

from toolgemma.conversation import Conversation, Message, Tool
from toolgemma.format.parse import CLOSE_TAG, OPEN_TAG, CallParser, ParsedTurn
from toolgemma.format.segments import END, START, Segment
from toolgemma.format.turns import Wire, render_turns, split_system

NAME = "hermes"

CHAT_TEMPLATE: str | None = resources.files(__package__).joinpath("hermes.jinja").read_text(encoding="utf-8")

RESPONSE_TEMPLATE: dict[str, Any] | None = {
    "defaults": {"role": "assistant"},
    "start_anchor": f"{START}model\n",
    "fields": {
        "content": {"close": END, "repeats": True, "join": ""},
        "tool_calls": {
            "open": OPEN_TAG,
            "close": CLOSE_TAG,
            "repeats": True,
            "content": "json",
            "transform": {
                "type": "function",
                "function": {"name": "{content.name}", "arguments": "{content.arguments}"},
            },
        },
    },
}
"""What transformers' `tokenizer.parse_response` (5.17 on) and vLLM's `hf` parser read a completion by. They are
laxer than `parse`: a broken call is an exception there, or text."""

_TOOLS_BEFORE = """# Tools

You can call the functions below. Each line is the JSON Schema of one function.
<tools>
"""
_TOOLS_AFTER = """
</tools>

To call a function, write a block like this, one for each call, and then stop:
<tool_call>
{"name": "FUNCTION", "arguments": {"PARAMETER": VALUE}}
</tool_call>
The results come in <tool_response> blocks. Call only functions listed above. If none is needed, answer in text."""


def render(conversation: Conversation, add_generation_prompt: bool = False) -> list[Segment]:
    """The conversation as segments that join to what `CHAT_TEMPLATE` renders.

    Raises:
        FormatError: an assistant message can't be written so that it reads back.
    """
    system, _ = split_system(conversation.messages)
    opening = "\n\n".join(filter(None, (system, _tools_text(conversation.tools))))
    return render_turns(conversation, opening, _WIRE, fold=True, add_generation_prompt=add_generation_prompt)


def parse(completion_text: str) -> ParsedTurn:
    """Content and calls of a completion, up to its `<end_of_turn>`. Never raises."""
    parser = StreamParser()
    parser.feed(completion_text)
    return parser.finish()


class StreamParser(CallParser):
    """`parse`, in chunks."""

    def __init__(self) -> None:
        super().__init__("name", "arguments")


def _tools_text(tools: tuple[Tool, ...]) -> str:
    if not tools:
        return ""
    return _TOOLS_BEFORE + "\n".join(_json(tool.to_openai()) for tool in tools) + _TOOLS_AFTER


def _assistant(message: Message) -> str:
    calls = (
        f'{OPEN_TAG}\n{{"name": {_json(call.name)}, "arguments": {_json(dict(call.arguments))}}}\n{CLOSE_TAG}'
        for call in message.tool_calls
    )
    return "\n".join(filter(None, (message.content.strip(), *calls)))


def _result(message: Message) -> str:
    return f"<tool_response>\n{message.content.strip()}\n</tool_response>"


def _json(value: Any) -> str:
    """JSON as the `tojson` filter of transformers writes it."""
    return json.dumps(value, ensure_ascii=False)


_WIRE = Wire(NAME, _assistant, _result, parse)
