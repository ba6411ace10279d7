"""The pre-training text as it is trained on: seeded, and searched before it is used."""

import random
from collections.abc import Iterator

from toolgemma.sample.text import purity, tasks
from toolgemma.sample.text.forms import Turn


def plain(turns: list[Turn]) -> str:
    """A document as one text, for the search and for the tokenizer."""
    return "\n".join(text for _, text in turns)


def clean_documents(rng: random.Random, count: int, progress: float) -> Iterator[tuple[str, list[Turn]]]:
    """Kind and turns of `count` documents that hold nothing they may not; about one in a hundred is thrown away."""
    while count:
        kind, turns = tasks.document(rng, progress)
        if purity.is_clean(plain(turns)):
            yield kind, turns
            count -= 1
