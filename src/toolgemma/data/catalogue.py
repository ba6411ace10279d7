"""Every tool that a dataset offers anywhere, by name: the source of a definition that a row lacks."""

from collections import Counter
from collections.abc import Iterable, Mapping

from toolgemma.conversation import Conversation, Tool, canonical_json


def catalogue(splits: Mapping[str, Iterable[Conversation]]) -> dict[str, Tool]:
    """Each offered tool's definition by name; where rows differ, the most common one."""
    counts: Counter[int] = Counter()
    tools: dict[int, Tool] = {}
    for conversations in splits.values():
        for conversation in conversations:
            for tool in conversation.tools:
                tools[id(tool)] = tool
                counts[id(tool)] += 1
    by_definition: Counter[tuple[str, str]] = Counter()
    examples: dict[tuple[str, str], Tool] = {}
    for key, tool in tools.items():
        definition = (tool.name, tool.description + canonical_json(tool.parameters))
        by_definition[definition] += counts[key]
        examples.setdefault(definition, tool)
    found: dict[str, Tool] = {}
    for definition, _ in by_definition.most_common():
        found.setdefault(definition[0], examples[definition])
    return found
