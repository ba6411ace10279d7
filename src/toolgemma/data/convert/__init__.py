"""Rows of a source dialect become conversations; the dialect is found by looking at the columns.

A reader is a module with `NAME`, `COLUMNS` (what it looks for, for messages), `matches(columns, rows) -> bool` and
`convert(row) -> Conversation`. A row that can't be understood raises; a *call* that is not well formed does not,
because the linter has to see it. Its raw text is kept in `meta["malformed"]`:

    [{"message": 2, "reason": "bad JSON", "raw": "{\\"name\\": ..."}]        # message: index into `messages`
"""

from collections.abc import Sequence
from dataclasses import replace
from types import ModuleType
from typing import Any

from toolgemma.conversation import Conversation
from toolgemma.data.convert import glaive, hermes, openai, prepared, sharegpt, shawhin, xlam
from toolgemma.data.files import Row
from toolgemma.errors import DataError

READERS: tuple[ModuleType, ...] = (prepared, shawhin, xlam, glaive, sharegpt, hermes, openai)
_SAMPLE = 50
_CONTENT = {"messages", "tools", "functions", "conversations", "answers", "system", "chat"}
"""Columns that become messages and tools; the other plain ones go to `meta`."""


def convert(rows: Sequence[Row], split: str, format: str = "auto") -> list[Conversation]:
    """Conversations of one split, `id` and `meta["source"]` set; `format` names a reader, or auto.

    Raises:
        DataError: no rows, no reader knows the columns, or a row can't be used (the message has its index and column).
    """
    if not rows:
        raise DataError(f"split {split} is empty: it has no rows")
    reader = _choose(rows, split, format)
    conversations = []
    for index, row in enumerate(rows):
        try:
            conversation = reader.convert(row)
        except DataError as error:
            raise DataError(f"split {split}, row {index}: {error}; mend or remove the row") from None
        if reader is not prepared:
            meta = _scalars(row) | dict(conversation.meta) | {"source": reader.NAME}
            conversation = replace(conversation, id=f"{split}/{index}", meta=meta)
        conversations.append(conversation)
    return conversations


def _choose(rows: Sequence[Row], split: str, format: str) -> ModuleType:
    sample = rows[:_SAMPLE]
    columns = set().union(*sample)
    if format != "auto":
        by_name = {reader.NAME: reader for reader in READERS}
        if format not in by_name:
            raise DataError(f"format {format!r} is unknown; known are auto, {', '.join(by_name)}")
        return by_name[format]
    for reader in READERS:
        if reader.matches(columns, sample):
            return reader
    known = "; ".join(f"{reader.NAME}: {reader.COLUMNS}" for reader in READERS)
    raise DataError(
        f"split {split}: no reader knows the columns {', '.join(sorted(columns)) or '(none)'}. Known are {known}. "
        "Rename the columns, or set dataset.format"
    )


def _scalars(row: Row) -> dict[str, Any]:
    return {key: row[key] for key in row if key not in _CONTENT and isinstance(row[key], str | int | float | bool)}
