"""Rows that `prepare` wrote: `conversation.to_record`, nested parts as objects (jsonl) or as JSON text (arrow)."""

import json
from collections.abc import Mapping
from typing import Any

from toolgemma.conversation import Conversation, from_record
from toolgemma.errors import DataError

NAME = "prepared"
COLUMNS = "id, messages, tools, meta"


def matches(columns: set[str], rows: object) -> bool:
    """Whether this reader knows rows with these columns."""
    return columns == {"id", "messages", "tools", "meta"}


def convert(row: Mapping[str, Any]) -> Conversation:
    """The conversation as it was prepared, `id` and `meta` included.

    Raises:
        DataError: it is no prepared row.
    """
    try:
        parts = {key: json.loads(row[key]) if isinstance(row[key], str) else row[key] for key in row if key != "id"}
    except (ValueError, RecursionError) as error:
        raise DataError(f"not a prepared row: {error}") from None
    return from_record(parts | {"id": row.get("id", "")})
