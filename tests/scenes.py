"""Small hand-written conversations and turns that the evaluation tests share."""

from toolgemma.conversation import Conversation, Message, Tool, ToolCall
from toolgemma.evaluation.decisions import Decision
from toolgemma.format.parse import Malformed, ParsedTurn

WEATHER = Tool(
    "get_weather",
    "Weather of a day.",
    {
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "days": {"type": "integer", "default": 1},
            "unit": {"type": "string", "enum": ["celsius", "fahrenheit"], "default": "celsius"},
        },
        "required": ["city"],
    },
)
CONVERT = Tool(
    "convert",
    "Convert an amount.",
    {
        "type": "object",
        "properties": {"amount": {"type": "number"}, "to": {"type": "string"}, "exact": {"type": "boolean"}},
        "required": ["amount", "to"],
    },
)
SORT = Tool(
    "sort_list",
    "Sort numbers.",
    {
        "type": "object",
        "properties": {"values": {"type": "array", "items": {"type": "number"}}},
        "required": ["values"],
    },
)
TOOLS = (WEATHER, CONVERT, SORT)
SCHEMAS = {tool.name: tool.parameters for tool in TOOLS}
OFFERED = tuple(SCHEMAS)


def call(name: str, **arguments: object) -> ToolCall:
    return ToolCall(name, arguments)


def turn(*calls: ToolCall, content: str = "", malformed: int = 0) -> ParsedTurn:
    return ParsedTurn(content, tuple(calls), (Malformed("bad_json", "{"),) * malformed)


def tool_row(row: str = "test/0", tools: tuple[Tool, ...] = TOOLS, query_type: str = "easy") -> Conversation:
    """A question, a call, its result, an answer."""
    messages = (
        Message("user", "How warm is it in Paris?"),
        Message("assistant", "", (call("get_weather", city="Paris"),)),
        Message("tool", '{"temperature": 21.4, "condition": "Sunny"}', name="get_weather"),
        Message("assistant", "It is 21.4 degrees and sunny in Paris."),
    )
    return Conversation(messages, tools, row, {"query_type": query_type})


def plain_row(row: str = "test/1", tools: tuple[Tool, ...] = (), query_type: str = "no_tool") -> Conversation:
    """A question and an answer without a call."""
    messages = (Message("user", "What is fitness?"), Message("assistant", "Being fit."))
    return Conversation(messages, tools, row, {"query_type": query_type})


def absent(conversation: Conversation) -> Conversation:
    """The row as the view tool_absent has it: without the called tool, ending with the user's message."""
    called = {each.name for each in conversation.calls}
    tools = tuple(tool for tool in conversation.tools if tool.name not in called)
    return Conversation(conversation.messages[:1], tools, conversation.id, conversation.meta)


def decision(found: list[Decision], view: str, turn_kind: str, row: str = "test/0") -> Decision:
    """The one decision of a view, turn and row."""
    chosen = [each for each in found if (each.view, each.turn, each.row) == (view, turn_kind, row)]
    assert len(chosen) == 1
    return chosen[0]
