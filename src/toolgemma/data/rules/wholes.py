"""Rules about whole splits: weak schemas (once a tool), style that follows a label (once a split), length."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

from toolgemma.conversation import Conversation, Tool, canonical_json
from toolgemma.schema import schema_error, weaknesses

CHARACTERS_PER_TOKEN = 4
_LEAST_ROWS = 5
_VALUES_IN_PROSE = re.compile(r"\b(?:possible|allowed|valid|accepted|supported) (?:values?|options?)\b", re.IGNORECASE)


def weak_schemas(split: str, conversations: Sequence[Conversation]) -> Iterator[tuple[str, str, int, str]]:
    """One fault per weak tool, at the first row that offers it."""
    seen: set[tuple[str, str]] = set()
    first: dict[str, int] = {}
    faults: dict[str, str] = {}
    count: Counter[str] = Counter()
    for conversation in conversations:
        count.update(conversation.tool_names)
        for tool in conversation.tools:
            key = (tool.name, canonical_json([tool.description, tool.parameters]))
            if key not in seen:
                seen.add(key)
                error = schema_error(tool.parameters)
                found = [error] if error else [*weaknesses(tool.parameters), *_unlisted_values(tool)]
                if found and tool.name not in faults:
                    faults[tool.name], first[tool.name] = "; ".join(found), conversation.row
    for name, fault in faults.items():
        yield "weak-schema", split, first[name], f"{name} ({count[name]} rows offer it): {fault}"


def style_confounds(split: str, conversations: Sequence[Conversation]) -> Iterator[tuple[str, str, int, str]]:
    """One fault per label column under which one value always (95%) has text before the call and another never (5%)."""
    calling = [row for row in conversations if row.calls]
    for column in dict.fromkeys(key for row in calling for key, value in row.meta.items() if isinstance(value, str)):
        groups: dict[str, list[Conversation]] = defaultdict(list)
        for row in calling:
            groups[str(row.meta.get(column))].append(row)
        shares = {
            value: sum(_speaks_first(row) for row in rows) / len(rows)
            for value, rows in groups.items()
            if len(rows) >= _LEAST_ROWS
        }
        with_text = [value for value, share in shares.items() if share >= 0.95]
        without = [value for value, share in shares.items() if share <= 0.05]
        if with_text and without and len(groups) <= len(calling) // _LEAST_ROWS:
            example = next(row for row in groups[with_text[0]] if _speaks_first(row))
            message = f"text before the call stands in {column} {', '.join(with_text)}, not in {', '.join(without)}"
            yield "style-confound", split, example.row, f"{message} (all of {split}; this row is an example)"


def over_budget(
    split: str, conversations: Sequence[Conversation], count_tokens: Callable[[Conversation], int] | None, budget: int
) -> Iterator[tuple[str, str, int, str]]:
    """One fault per row that is longer than `budget` tokens, by `count_tokens` or by an estimate from characters."""
    sizes: dict[int, int] = {}
    for row in conversations:
        for tool in row.tools:
            if id(tool) not in sizes:
                sizes[id(tool)] = len(canonical_json(tool.to_openai()))
        if count_tokens is None:
            characters = sum(len(message.content) for message in row.messages)
            characters += sum(len(call.key()) for call in row.calls) + sum(sizes[id(tool)] for tool in row.tools)
            tokens = characters // CHARACTERS_PER_TOKEN
        else:
            tokens = count_tokens(row)
        if tokens > budget:
            how = "" if count_tokens else f" (estimate: {CHARACTERS_PER_TOKEN} characters a token)"
            yield "over-budget", split, row.row, f"{tokens:,} tokens{how}, budget {budget:,}"


def _speaks_first(row: Conversation) -> bool:
    return any(message.tool_calls and message.content.strip() for message in row.messages)


def _unlisted_values(tool: Tool) -> Iterator[str]:
    for name, schema in (tool.parameters.get("properties") or {}).items():
        if (
            isinstance(schema, Mapping)
            and "enum" not in schema
            and _VALUES_IN_PROSE.search(str(schema.get("description")))
        ):
            yield f"{name}: its values stand in the description, not in an enum"
