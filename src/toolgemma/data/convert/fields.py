"""Take typed values out of a source row; what is null, binary or of the wrong type raises with its column."""

import json
from collections.abc import Mapping
from typing import Any

from toolgemma.conversation import Tool, ToolCall
from toolgemma.errors import DataError


class BadCallError(ValueError):
    """A call as its source wrote it is not well formed; the message is the reason, in one word or two."""


def text(value: Any, column: str) -> str:
    """`value` if it is text.

    Raises:
        DataError: it is null, binary or anything else.
    """
    if isinstance(value, str):
        return value
    kind = "null" if value is None else "binary" if isinstance(value, bytes) else type(value).__name__
    raise DataError(f"column {column}: {kind} where text must be")


def objects(value: Any, column: str) -> list[dict[str, Any]]:
    """`value`, or the JSON it holds as text, if it is a list of objects.

    Raises:
        DataError: it is not.
    """
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError) as error:
            raise DataError(f"column {column}: not JSON ({error})") from None
    if value is None:
        raise DataError(f"column {column}: null where a list must be")
    if isinstance(value, dict):
        value = [value]
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise DataError(f"column {column}: must be a list of objects, not {str(value)[:60]!r}")
    return value


def parse_object(source: str) -> dict[str, Any]:
    """The JSON object in `source`, strictly: no NaN, no key twice.

    Raises:
        BadCallError: it holds none.
    """
    try:
        value = json.loads(source, object_pairs_hook=_unique, parse_constant=_no_constant)
    except BadCallError:
        raise
    except (ValueError, RecursionError):
        raise BadCallError("bad JSON") from None
    if not isinstance(value, dict):
        raise BadCallError("not an object")
    return value


def parse_call(source: str, name_key: str = "name", arguments_key: str = "arguments") -> ToolCall:
    """The call that JSON text `source` describes, with `source` as its raw text.

    Raises:
        BadCallError: other keys, no name, arguments that are no object, or no JSON at all.
    """
    value = parse_object(source)
    if set(value) != {name_key, arguments_key} or not isinstance(value[name_key], str):
        raise BadCallError(f"keys must be {name_key} and {arguments_key}")
    return ToolCall(value[name_key], arguments_object(value[arguments_key]), raw=source)


def arguments_object(value: Any) -> dict[str, Any]:
    """Arguments as an object, from an object, JSON text, or nothing.

    Raises:
        BadCallError: they are something else.
    """
    if value is None or value == "":
        return {}
    if isinstance(value, str):
        value = parse_object(value)
    if not isinstance(value, dict):
        raise BadCallError("arguments are no object")
    return value


def openai_tool(entry: Mapping[str, Any], column: str = "tools") -> Tool:
    """A tool from an OpenAI entry, wrapped in `function` or bare.

    Raises:
        DataError: no name, or parameters that are no object.
    """
    function = entry.get("function", entry)
    if not isinstance(function, Mapping):
        raise DataError(f"column {column}: function must be an object, not {str(function)[:60]!r}")
    parameters = function.get("parameters") or {}
    if isinstance(parameters, str):
        parameters = objects(parameters, f"{column}.parameters")[0]
    if not isinstance(parameters, Mapping):
        raise DataError(f"column {column}: parameters must be an object, not {str(parameters)[:60]!r}")
    schema = {"type": "object", "properties": {}} | dict(parameters)
    return Tool(text(function.get("name"), f"{column}.name"), function.get("description") or "", schema)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise BadCallError("a key stands twice")
    return value


def _no_constant(name: str) -> None:
    raise BadCallError(f"{name} is not JSON")
