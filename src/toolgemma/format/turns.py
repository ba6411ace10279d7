"""Gemma 3 turns: the frame that both dialects share, and the check that every target reads back.

    system, tools    the opening: folded into the first user turn as text + blank line; a turn of its own where no
                     user turn comes first
    user, tool       <start_of_turn>user\\n ... <end_of_turn>\\n      consecutive tool results share one turn
    assistant        <start_of_turn>model\\n ... <end_of_turn>\\n     text, calls and <end_of_turn> are trained

Gemma has no system and no tool role: a system message further down becomes a user turn. Nothing has to alternate.
Cost: one parse per assistant message.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from toolgemma.conversation import Conversation, Message
from toolgemma.errors import FormatError
from toolgemma.format.parse import ParsedTurn
from toolgemma.format.segments import BOS, END, START, Part, Segment


@dataclass(frozen=True, slots=True)
class Wire:
    """How a dialect writes what stands inside of turns, and reads it."""

    name: str
    assistant: Callable[[Message], str]
    result: Callable[[Message], str]
    parse: Callable[[str], ParsedTurn]


def split_system(messages: Sequence[Message]) -> tuple[str, Sequence[Message]]:
    """The text of the leading system messages, and the other messages."""
    count = 0
    while count < len(messages) and messages[count].role == "system":
        count += 1
    texts = (message.content.strip() for message in messages[:count])
    return "\n\n".join(filter(None, texts)), messages[count:]


def says_the_same(parsed: ParsedTurn, message: Message) -> bool:
    """Whether a completion reads as this assistant message; types of arguments included."""
    return (
        not parsed.malformed
        and parsed.content == message.content.strip()
        and [call.key() for call in parsed.calls] == [call.key() for call in message.tool_calls]
    )


def render_turns(
    conversation: Conversation, opening: str, wire: Wire, *, fold: bool, add_generation_prompt: bool
) -> list[Segment]:
    """Segments of a whole conversation. `opening` is the system text and tools; with `fold` it joins the first user
    turn, else it is a turn of its own.

    Raises:
        FormatError: an assistant message would not be read back as it is, or a text isn't Unicode.
    """
    _, messages = split_system(conversation.messages)
    segments = [Segment(BOS, control=True)]
    fold = fold and bool(messages) and messages[0].role == "user"
    _check_unicode(conversation, opening)
    if opening and not fold:
        segments += _user_turn(opening)
        opening = ""
    called = False
    for group in _groups(messages):
        message = group[0]
        if message.role == "assistant":
            text = _checked(conversation, message, wire)
            part: Part = "tool_call" if message.tool_calls else "final_answer" if called else "no_tool"
            segments += _model_turn(text, part)
            continue
        called = message.role == "tool"
        text = "\n".join(map(wire.result, group)) if called else message.content.strip()
        _check_unicode(conversation, text)
        segments += _user_turn(f"{opening}\n\n{text}" if opening else text)
        opening = ""
    if add_generation_prompt:
        segments += _model_opening()
    return segments


def _groups(messages: Sequence[Message]) -> Iterator[list[Message]]:
    """Messages, consecutive tool results together."""
    group: list[Message] = []
    for message in messages:
        if group and not (message.role == group[0].role == "tool"):
            yield group
            group = []
        group.append(message)
    if group:
        yield group


def _user_turn(text: str) -> list[Segment]:
    return [
        Segment(START, control=True),
        Segment("user\n" + text),
        Segment(END, control=True),
        Segment("\n"),
    ]


def _model_opening() -> list[Segment]:
    return [Segment(START, control=True), Segment("model\n")]


def _model_turn(text: str, part: Part) -> list[Segment]:
    trained = [Segment(text, part)] if text else []
    return [*_model_opening(), *trained, Segment(END, part, control=True), Segment("\n")]


def _checked(conversation: Conversation, message: Message, wire: Wire) -> str:
    """The text of an assistant message, which `wire.parse` reads back as the same message."""
    try:
        text = wire.assistant(message)
        same = says_the_same(wire.parse(text), message)
    except (TypeError, ValueError, RecursionError) as error:
        raise FormatError(
            f"{_row(conversation)}: the arguments of a call are no JSON ({error}); "
            "write them as plain JSON values, or drop the row"
        ) from error
    _check_unicode(conversation, text)
    if not same:
        raise FormatError(
            f"{_row(conversation)}: in the format {wire.name} the assistant message {_short(message.content or text)} "
            "would be read back as something else, because its text holds the format's own tags or its arguments are "
            "nested too deeply; take the tags out of the text, or drop the row"
        )
    return text


def _check_unicode(conversation: Conversation, text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        place = text[max(0, error.start - 20) : error.end + 20]
        raise FormatError(
            f"{_row(conversation)}: the text {_short(place)} holds half of a surrogate pair; "
            "repair its encoding, or drop the row"
        ) from error


def _row(conversation: Conversation) -> str:
    return f"row {conversation.id}" if conversation.id else "conversation"


def _short(text: str) -> str:
    return ascii(text if len(text) <= 80 else text[:77] + "...")
