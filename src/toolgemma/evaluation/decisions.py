"""Which turns are scored: one decision per assistant turn, prompted with the gold history before it.

    user                          history of D1
    assistant  <tool_call>   <- D1  gold: its calls
    tool
    assistant  "21 degrees"  <- D2  history: everything before, the gold call and its result included

A turn that answers a tool result without calling is a D2; every other assistant turn is a D1, so a conversation without
calls has one D1 whose gold is no call. In the view `tool_absent` a row ends with the user's message: one D1, no gold
call. D1 and D2 are never pooled. Nothing here depends on a model, a tokenizer or a dialect.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from toolgemma.config import View
from toolgemma.conversation import Conversation, Message, ToolCall

VIEWS: tuple[View, ...] = ("published", "answerable", "repaired", "unleaked", "tool_absent")
HEADLINE_VIEW: View = "repaired"
Turn = Literal["D1", "D2"]


@dataclass(frozen=True, slots=True)
class Decision:
    """One turn to generate and score."""

    view: View
    turn: Turn
    position: int
    """Index of the scored message within the conversation."""
    history: Conversation
    """What the model is prompted with: the messages before `position`, and the tools offered in this view."""
    gold: Message
    """The turn as it should be; an assistant message without content or calls in the view `tool_absent`."""
    schemas: Mapping[str, Mapping[str, Any]]
    """JSON Schema of the arguments, by tool name: the offered tools and those the row offers in any other view."""

    @property
    def row(self) -> str:
        """Id of the conversation as published, "test/17"."""
        return self.history.id

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """The gold calls."""
        return self.gold.tool_calls

    @property
    def offered(self) -> tuple[str, ...]:
        """Names of the offered tools, in order."""
        return self.history.tool_names

    @property
    def gold_unanswerable(self) -> bool:
        """Whether a gold call names a tool that is not offered: a fault of the row, not of the model."""
        return any(call.name not in self.offered for call in self.calls)

    @property
    def query_type(self) -> str:
        """The source's own column, else `tool` or `no_tool` by what the gold turn does."""
        return str(self.history.meta.get("query_type") or ("tool" if self.calls else "no_tool"))

    @property
    def source_file(self) -> str:
        """The file that the row came from where its split has several with names of their own; else empty."""
        return str(self.history.meta.get("source_file") or "")

    @property
    def results(self) -> tuple[str, ...]:
        """Contents of the tool messages that this turn answers; empty for a D1 that opens a conversation."""
        found = []
        for message in reversed(self.history.messages):
            if message.role != "tool":
                break
            found.append(message.content)
        return tuple(reversed(found))


def decisions(views: Mapping[str, Sequence[Conversation]]) -> list[Decision]:
    """Every decision of every view, view by view, in the rows' order; views as `data.views.views` gives them."""
    schemas: dict[str, dict[str, Mapping[str, Any]]] = {}
    for view in VIEWS:
        for conversation in views.get(view, ()):
            known = schemas.setdefault(conversation.id, {})
            for tool in conversation.tools:
                known.setdefault(tool.name, tool.parameters)
    return [
        decision
        for view in VIEWS
        for conversation in views.get(view, ())
        for decision in _of_conversation(conversation, view, schemas[conversation.id])
    ]


def _of_conversation(
    conversation: Conversation, view: View, schemas: Mapping[str, Mapping[str, Any]]
) -> Iterator[Decision]:
    messages = conversation.messages
    if view == "tool_absent":
        yield Decision(view, "D1", len(messages), conversation, Message("assistant"), schemas)
        return
    for position, message in enumerate(messages):
        if message.role != "assistant":
            continue
        answers = position > 0 and messages[position - 1].role == "tool" and not message.tool_calls
        history = replace(conversation, messages=messages[:position])
        yield Decision(view, "D2" if answers else "D1", position, history, message, schemas)
