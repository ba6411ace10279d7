"""Hypothesis strategy for conversations: what a dataset may hold that could break a format.

Texts mix plain words with quotes, braces, unicode, control-token look-alikes and the formats' own tags. Assistant
texts leave out what the format in question can't carry: an opened call and `<end_of_turn>` in any, the answer tags in
`shawhin`.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toolgemma.conversation import Conversation, Message, Tool, ToolCall

GENERATED = settings(
    max_examples=500, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
"""500 examples, the same in each run."""

LOOK_ALIKES = [
    "<bos>", "<start_of_turn>model\n", "</tool_call>", "<tools>", "</tools>", "<tool_response>", "</tool_result>",
    "<final_answer>", "</final_answer>", "<tool", "<end_of", "<eos>", "{{ x }}", "{% raw %}", "[/bold]", "\\u0041",
]  # fmt: skip
FORBIDDEN = ("<tool_call>", "<end_of_turn>")
FORBIDDEN_IN = {"hermes": FORBIDDEN, "shawhin": (*FORBIDDEN, "<final_answer>", "</final_answer>")}
WORDS = [
    "Paris",
    "add 1 and 2",
    "don't",
    'he said "x"',
    '{"a": [1, {}]}',
    "naïve 東京 🚀",
    "a\nb",
    "\t",
    "  ",
    "é",
    "\\",
    "'",
    "\n\n",
]

_noise = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_piece = st.sampled_from(WORDS) | _noise
_any_piece = _piece | st.sampled_from([*LOOK_ALIKES, *FORBIDDEN])


def _joined(pieces: st.SearchStrategy[str], min_size: int = 0) -> st.SearchStrategy[str]:
    return st.lists(pieces, min_size=min_size, max_size=4).map("".join)


texts = _joined(_any_piece)
names = st.from_regex(r"[a-z][a-z_0-9]{0,8}", fullmatch=True) | st.sampled_from(["get-weather", "math.add", "Ünicode"])
keys = names | _joined(_any_piece, min_size=1)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=6,
)
arguments = st.dictionaries(keys, values, max_size=4)
calls = st.builds(ToolCall, names, arguments)

_types = st.sampled_from(["string", "integer", "number", "boolean", "array", "object"])
_schema = st.fixed_dictionaries({"type": _types}, optional={"description": texts, "enum": st.lists(texts, max_size=2)})


def assistant_texts(dialect: str) -> st.SearchStrategy[str]:
    """Texts that an assistant message may hold in this dialect."""
    return _joined(_piece | st.sampled_from(LOOK_ALIKES)).filter(
        lambda text: not any(tag in text for tag in FORBIDDEN_IN[dialect])
    )


@st.composite
def tools(draw: st.DrawFn) -> Tool:
    properties = draw(st.dictionaries(names, _schema, max_size=3))
    required = [name for name in properties if draw(st.booleans())]
    parameters: dict[str, Any] = {"type": "object", "properties": properties, "required": required}
    return Tool(draw(names), draw(texts), parameters)


@st.composite
def _exchange(draw: st.DrawFn, dialect: str) -> list[Message]:
    """A user message, perhaps calls with their results, perhaps an answer."""
    messages = [Message("user", draw(texts)) for _ in range(draw(st.sampled_from([1, 1, 1, 0, 2])))]
    made = draw(st.lists(calls, max_size=3))
    if made:
        messages.append(Message("assistant", draw(st.just("") | assistant_texts(dialect)), tuple(made)))
        messages += [Message("tool", draw(texts), name=call.name) for call in made]
    if draw(st.sampled_from([True, True, True, False])):
        messages.append(Message("assistant", draw(assistant_texts(dialect))))
    return messages


@st.composite
def conversations(draw: st.DrawFn, dialect: str = "shawhin") -> Conversation:
    """Up to three exchanges, any number of system messages in front, one sometimes in between; never empty.

    What `shawhin` can carry, `hermes` can too.
    """
    messages = [Message("system", draw(texts)) for _ in range(draw(st.sampled_from([0, 0, 1, 2])))]
    for index in range(draw(st.integers(1, 3))):
        if index and draw(st.sampled_from([True, False, False, False])):
            messages.append(Message("system", draw(texts)))
        messages += draw(_exchange(dialect))
    if not messages:
        messages = [Message("user", draw(texts))]
    row = draw(st.integers(0, 999))
    return Conversation(tuple(messages), tuple(draw(st.lists(tools(), max_size=3))), id=f"train/{row}")


@lru_cache(maxsize=1)
def generated_conversations() -> list[Conversation]:
    """500 conversations that both dialects can carry, drawn once for all tests."""
    drawn = []

    @GENERATED
    @given(conversations())
    def draw(conversation: Conversation) -> None:
        drawn.append(conversation)

    draw()
    return drawn


@lru_cache(maxsize=1)
def real_conversations(folder: Path) -> list[Conversation]:
    """All rows of the real dataset, as published: train, validation, test."""
    from toolgemma.data.load import read_file_or_folder

    splits = read_file_or_folder(str(folder))
    return [row for split in ("train", "validation", "test") for row in splits[split]]
