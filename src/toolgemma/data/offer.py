"""The list of tools that a row offers: a called tool put back where it is missing, and the order of the list."""

import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from toolgemma.conversation import Conversation, Tool, canonical_json


def missing_tools(conversation: Conversation) -> list[str]:
    """Names that are called and not offered, in order of the calls."""
    offered = set(conversation.tool_names)
    return [name for name in dict.fromkeys(call.name for call in conversation.calls) if name not in offered]


def offer_called(conversation: Conversation, catalogue: Mapping[str, Tool], seed: int) -> Conversation | None:
    """The row with every called tool in its list, the others in their order; None where a definition is unknown.

    The place depends on the seed, the row and the tool alone, so it is the same in every process and split.
    """
    tools = list(conversation.tools)
    for name in missing_tools(conversation):
        if name not in catalogue:
            return None
        place = random.Random(f"{seed}/{conversation.id}/{name}").randint(0, len(tools))  # noqa: S311 - a seeded choice, no secret
        tools.insert(place, catalogue[name])
    return replace(conversation, tools=tuple(tools))


def order_tools(
    conversation: Conversation, order: Literal["as_is", "canonical", "shuffled"], seed: int
) -> Conversation:
    """The row with its tools by name (equal names by definition), shuffled by seed and row id, or as they are."""
    tools = list(conversation.tools)
    if order == "canonical":
        tools.sort(key=lambda tool: (tool.name, canonical_json(tool.to_openai())))
    elif order == "shuffled":
        random.Random(f"{seed}/{conversation.id}/order").shuffle(tools)  # noqa: S311 - a seeded choice, no secret
    return replace(conversation, tools=tuple(tools))
