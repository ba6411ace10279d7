"""Rows that fit a length budget, without ever cutting a row.

    fits                      kept as it is
    too long                  loses distractor tools (never a called one), as few as needed, in a seeded order
    too long without them     dropped, and counted with its length

Cutting from the right instead would delete the very tokens that the loss should see: answers stand at the end.
The order in which a row loses tools depends on the seed and the row's id only, not on the rows around it, and a
smaller budget takes more of the same order.

Costs: every row is rendered and encoded once, a row that is too long about 1 + log2(distractors) times more; all in
batches.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from toolgemma.conversation import Conversation
from toolgemma.format import Dialect
from toolgemma.tokens.encode import Encoded, encode_many

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True, slots=True)
class Fitted:
    """Rows within the budget, in order, and what it took."""

    rows: list[Encoded]
    lost: dict[str, list[str]] = field(default_factory=dict)
    """Conversation id -> names of the tools it lost, in the order of losing."""
    dropped: dict[str, int] = field(default_factory=dict)
    """Id of a conversation that doesn't fit -> its length in tokens without any distractor."""


@dataclass(slots=True)
class _Search:
    """How many distractors a row must lose: more than `too_few`; `enough` do, and give `best`."""

    conversation: Conversation
    spare: list[int]
    too_few: int
    enough: int
    best: Encoded

    @property
    def middle(self) -> int:
        return (self.too_few + self.enough) // 2

    @property
    def open(self) -> bool:
        return self.enough - self.too_few > 1


def fit(
    conversations: Sequence[Conversation],
    dialect: Dialect,
    tokenizer: "PreTrainedTokenizerBase",
    max_seq_length: int,
    seed: int,
) -> Fitted:
    """Encode conversations within `max_seq_length` tokens each, prompt and targets together.

    Raises:
        FormatError: a conversation can't be written in the dialect.
        CheckpointError: the tokenizer isn't one of Gemma 3.
    """

    def encode(batch: Sequence[Conversation]) -> list[Encoded]:
        return encode_many(((conversation.id, dialect.render(conversation)) for conversation in batch), tokenizer)

    rows: list[Encoded | None] = list(encode(conversations))
    long = [place for place, row in enumerate(rows) if row is not None and len(row) > max_seq_length]
    spare = {place: _spare_tools(conversations[place], seed) for place in long}
    shortest = encode([_without(conversations[place], spare[place]) for place in long])
    searches: dict[int, _Search] = {}
    dropped = {}
    for place, row in zip(long, shortest, strict=True):
        rows[place] = None
        if len(row) > max_seq_length:
            dropped[row.id] = len(row)
        else:
            searches[place] = _Search(conversations[place], spare[place], 0, len(spare[place]), row)
    while undecided := [search for search in searches.values() if search.open]:
        tried = encode([_without(search.conversation, search.spare[: search.middle]) for search in undecided])
        for search, row in zip(undecided, tried, strict=True):
            if len(row) > max_seq_length:
                search.too_few = search.middle
            else:
                search.enough, search.best = search.middle, row
    lost = {}
    for place, search in searches.items():
        rows[place] = search.best
        lost[search.best.id] = [search.conversation.tools[index].name for index in search.spare[: search.enough]]
    return Fitted([row for row in rows if row is not None], lost, dropped)


def _spare_tools(conversation: Conversation, seed: int) -> list[int]:
    """Places of the tools that no message calls, in the order in which they go."""
    called = {call.name for call in conversation.calls}
    places = [place for place, tool in enumerate(conversation.tools) if tool.name not in called]
    random.Random(f"{seed} {conversation.id}").shuffle(places)  # noqa: S311 - not for secrets
    return places


def _without(conversation: Conversation, places: Sequence[int]) -> Conversation:
    gone = set(places)
    return replace(
        conversation, tools=tuple(tool for place, tool in enumerate(conversation.tools) if place not in gone)
    )
