"""Views of a scored split: the same published rows, asked five ways. Rows keep their id; nothing is sampled.

    published    as on disk
    answerable   only rows whose called tools are offered (rows without calls are answerable)
    repaired     every called tool is in the list, at a seeded place: the headline
    unleaked     of those, the rows whose query, or nearly the same, isn't trained on
    tool_absent  rows that call, without the called tools, cut before the call: the right answer is no call

A `tool_absent` row ends with the user's message and may offer no tool at all; it has no gold answer and no loss.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from toolgemma.conversation import Conversation, Tool
from toolgemma.data.offer import missing_tools, offer_called
from toolgemma.data.rules.duplicates import asked_in


def views(
    conversations: Sequence[Conversation],
    seed: int,
    catalogue: Mapping[str, Tool],
    train: Sequence[Conversation] = (),
) -> dict[str, list[Conversation]]:
    """The five views. A row whose called tool is defined nowhere can't be repaired and is left out of `repaired`."""
    repaired = [row for each in conversations if (row := offer_called(each, catalogue, seed)) is not None]
    leaked = asked_in(train, conversations)
    return {
        "published": list(conversations),
        "answerable": [row for row in conversations if not missing_tools(row)],
        "repaired": repaired,
        "unleaked": [row for row in repaired if row.id not in leaked],
        "tool_absent": [_without_called(row) for row in conversations if row.calls],
    }


def _without_called(row: Conversation) -> Conversation:
    called = {call.name for call in row.calls}
    first = next(index for index, message in enumerate(row.messages) if message.tool_calls)
    return replace(
        row,
        messages=row.messages[:first],
        tools=tuple(tool for tool in row.tools if tool.name not in called),
        meta=dict(row.meta) | {"view": "tool_absent"},
    )
