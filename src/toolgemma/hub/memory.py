"""The orders that were measured, remembered for a day in HF_HOME/toolgemma/mirrors.json."""

import contextlib
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from toolgemma.errors import CheckpointError
from toolgemma.hub.endpoints import Repository, home
from toolgemma.rundir import write_json

DAY_S = 24 * 3600


def recall(repository: Repository, conditions: Any, environ: Mapping[str, str]) -> tuple[str, ...] | None:
    """The order measured for `repository` under the same `conditions` (any JSON value), less than a day ago."""
    entry: Any = _read(environ).get(str(repository))
    try:
        if entry["conditions"] == conditions and 0 <= time.time() - entry["measured_at"] < DAY_S:
            return tuple(entry["order"])
    except (KeyError, TypeError):
        pass  # nothing remembered
    return None


def remember(repository: Repository, order: tuple[str, ...], conditions: Any, environ: Mapping[str, str]) -> None:
    """Keep an order; a folder that can't be written only costs another measurement."""
    entry = {"order": list(order), "conditions": conditions, "measured_at": time.time()}
    with contextlib.suppress(CheckpointError):
        write_json(_file(environ), _read(environ) | {str(repository): entry})


def forget(repository: Repository, environ: Mapping[str, str]) -> None:
    """Drop what is remembered, because a source failed."""
    entries = _read(environ)
    if entries.pop(str(repository), None) is not None:
        with contextlib.suppress(CheckpointError):
            write_json(_file(environ), entries)


def _file(environ: Mapping[str, str]) -> Path:
    return home(environ) / "toolgemma" / "mirrors.json"


def _read(environ: Mapping[str, str]) -> dict[str, Any]:
    try:
        entries = json.loads(_file(environ).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return entries if isinstance(entries, dict) else {}
