"""Wire formats: conversations as the model sees them, completions as the program understands them.

A dialect is a module with the names of `Dialect`; `data_processing.tool_format` chooses one.
"""

from typing import Any, Protocol

from toolgemma.conversation import Conversation
from toolgemma.errors import ConfigError
from toolgemma.format import hermes, shawhin
from toolgemma.format.parse import CallParser, Malformed, ParsedTurn
from toolgemma.format.segments import Segment

__all__ = ["DIALECTS", "CallParser", "Dialect", "Malformed", "ParsedTurn", "get_dialect"]


class Dialect(Protocol):
    """How a conversation is written for the model, and how a completion is read."""

    @property
    def NAME(self) -> str:  # noqa: N802
        """The value of `data_processing.tool_format`."""

    @property
    def CHAT_TEMPLATE(self) -> str | None:  # noqa: N802
        """Jinja template that renders the same text, to be saved with the tokenizer."""

    @property
    def RESPONSE_TEMPLATE(self) -> dict[str, Any] | None:  # noqa: N802
        """What `tokenizer.parse_response` reads a completion by, to be saved with the tokenizer."""

    def render(self, conversation: Conversation, add_generation_prompt: bool = False) -> list[Segment]:
        """The conversation as segments. Raises FormatError where an assistant message would not read back."""

    def parse(self, completion_text: str) -> ParsedTurn:
        """Content and calls of a completion, up to its `<end_of_turn>`. Never raises."""

    def StreamParser(self) -> CallParser:  # noqa: N802
        """`parse`, in chunks: `feed(text)`, then `finish()`."""


DIALECTS: dict[str, Dialect] = {dialect.NAME: dialect for dialect in (hermes, shawhin)}


def get_dialect(name: str) -> Dialect:
    """The dialect called `name`.

    Raises:
        ConfigError: there is none.
    """
    if name not in DIALECTS:
        raise ConfigError(f"data_processing.tool_format: {name!r} is no format; use one of {', '.join(DIALECTS)}")
    return DIALECTS[name]
