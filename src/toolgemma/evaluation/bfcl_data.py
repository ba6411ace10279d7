"""The single-turn Python part of the Berkeley Function Calling Leaderboard: where its rows are, and how they are read.

    folder/BFCL_v4_multiple.json                   one JSON object a line: id, question, function
    folder/possible_answer/BFCL_v4_multiple.json   one a line: id, ground_truth (no file for irrelevance and relevance)

The rows come from an installed `bfcl-eval` wheel (its data folder; nothing of the package is imported or run), from a
local folder, or from the Hub. Version 4 must have exactly the published number of rows in every category: a figure
over other rows can't stand beside the leaderboard's. The Hub's copy may lag behind (version 3); it is read, and
`Suite.version` says so.

`conversation` turns a row into a prompt for any of our dialects: BFCL's own type words become JSON Schema (dict,
float, tuple, any -> object, number, array, no type), everything else in a doc stays as published. The leaderboard's
prompt adds a sentence about Python 3 syntax to every description; ours doesn't. Reading all 3,491 rows takes about 0.2
seconds.
"""

import importlib.util
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from toolgemma import hub
from toolgemma.conversation import ROLES, Conversation, Message, Tool, ToolCall
from toolgemma.errors import DataError
from toolgemma.evaluation.bfcl_rules import Doc, GoldCall, Kind

REPOSITORY = "gorilla-llm/Berkeley-Function-Calling-Leaderboard"
CURE = "install bfcl-eval (`uv sync --group oracle`), or name the folder that holds BFCL_v4_multiple.json"


@dataclass(frozen=True, slots=True)
class Category:
    """A file of the leaderboard: how its rows are judged, and how many version 4 has."""

    name: str
    kind: Kind | Literal["irrelevance", "relevance"]
    rows: int
    live: bool = False

    @property
    def calls_due(self) -> bool:
        """Whether a call is the right answer."""
        return self.kind != "irrelevance"


CATEGORIES: Mapping[str, Category] = {
    category.name: category
    for category in (
        Category("simple_python", "simple", 400),
        Category("multiple", "multiple", 200),
        Category("parallel", "parallel", 200),
        Category("parallel_multiple", "parallel", 200),
        Category("live_simple", "simple", 258, live=True),
        Category("live_multiple", "multiple", 1053, live=True),
        Category("live_parallel", "parallel", 16, live=True),
        Category("live_parallel_multiple", "parallel", 24, live=True),
        Category("irrelevance", "irrelevance", 240),
        Category("live_irrelevance", "irrelevance", 884, live=True),
        Category("live_relevance", "relevance", 16, live=True),
    )
}
OLD_NAMES: Mapping[str, str] = {"simple_python": "simple"}
"""What version 3 called a category."""
JSON_TYPES: Mapping[str, str | None] = {"dict": "object", "float": "number", "tuple": "array", "any": None}
"""BFCL's type words that JSON Schema has not; None: any type."""


@dataclass(frozen=True, slots=True)
class Row:
    """One question. `gold` is empty where no answer is published (irrelevance, relevance)."""

    id: str
    category: str
    index: int
    """Place within the category's file."""
    messages: tuple[Message, ...]
    docs: tuple[Doc, ...] = field(repr=False)
    gold: tuple[GoldCall, ...] = ()


@dataclass(frozen=True, slots=True)
class Suite:
    """Rows as read, and from what."""

    version: str
    """As in the file names, "v4"."""
    source: str
    """"bfcl-eval wheel", a folder, or the Hub's repository."""
    rows: tuple[Row, ...] = field(repr=False)


def read(source: str = "auto", *, categories: Iterable[str] = tuple(CATEGORIES), revision: str | None = None) -> Suite:
    """Read the leaderboard's rows, in the order of its files.

    `source`: `wheel`, `hub`, the path of a folder, or `auto` (the wheel where it is installed, else the Hub);
    `revision` is the Hub's.

    Raises:
        DataError: an unknown category, no such folder or file, a line that isn't as published, a wrong count.
        HubError: the Hub can't be reached.
    """
    wanted = list(dict.fromkeys(categories))
    for name in wanted:
        if name not in CATEGORIES:
            raise DataError(f"category {name!r} is not one of {', '.join(CATEGORIES)}")
    folder, label = _locate(source, wanted, revision)
    version = _version(folder)
    rows = tuple(row for name in wanted for row in _read_category(folder, version, CATEGORIES[name]))
    return Suite(version, label, rows)


def wheel_folder() -> Path | None:
    """The data folder of an installed `bfcl-eval`, or None; the package itself is not imported."""
    spec = importlib.util.find_spec("bfcl_eval")
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations))) / "data"


def conversation(row: Row) -> Conversation:
    """The row as a prompt: its messages, and its docs as tools with JSON Schema parameters."""
    tools = tuple(Tool(doc["name"], doc["description"], json_schema(doc["parameters"])) for doc in row.docs)
    meta = {"source": "bfcl", "bfcl_id": row.id, "query_type": row.category}
    return Conversation(row.messages, tools, f"{row.category}/{row.index}", meta)


def with_gold(row: Row) -> Conversation:
    """The row with the gold calls as the assistant's turn."""
    prompt = conversation(row)
    return replace(prompt, messages=(*prompt.messages, Message("assistant", tool_calls=gold_calls(row))))


def json_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """BFCL's schema as JSON Schema: only the type words change."""
    converted = dict(schema)
    word = converted.pop("type", None)
    word = JSON_TYPES.get(word, word)
    if word is not None:
        converted = {"type": word, **converted}
    if isinstance(converted.get("properties"), Mapping):
        converted["properties"] = {name: json_schema(entry) for name, entry in converted["properties"].items()}
    if isinstance(converted.get("items"), Mapping):
        converted["items"] = json_schema(converted["items"])
    return converted


def gold_calls(row: Row) -> tuple[ToolCall, ...]:
    """The gold answer as calls: of each argument the first alternative that isn't "".

    "" says that an argument may be absent; it is left out then, also where the doc doesn't know it, and written as ""
    only if the doc requires it.
    """
    docs = {doc["name"]: doc["parameters"] for doc in row.docs}
    calls = []
    for answer in row.gold:
        ((name, arguments),) = answer.items()
        parameters = docs.get(name, {})
        known, required = parameters.get("properties", arguments), parameters.get("required", ())
        chosen = {}
        for argument, alternatives in arguments.items():
            values = [value for value in alternatives if value != ""]
            if values and (argument in known or "" not in alternatives):
                chosen[argument] = _concrete(values[0])
            elif alternatives and argument in required:
                chosen[argument] = ""
        calls.append(ToolCall(name, chosen))
    return tuple(calls)


def offering(rows: Iterable[Row], names: Iterable[str]) -> set[str]:
    """Ids of the rows that offer a tool of one of these names: leave them out to see figures without contamination."""
    known = set(names)
    return {row.id for row in rows if any(doc["name"] in known for doc in row.docs)}


def _concrete(value: Any) -> Any:
    """A gold value with the first alternative of each key where it is an object (or a list of objects)."""
    if isinstance(value, list):
        return [_concrete(entry) if isinstance(entry, dict) else entry for entry in value]
    if not isinstance(value, dict):
        return value
    chosen = {key: [option for option in options if option != ""] for key, options in value.items()}
    return {key: options[0] for key, options in chosen.items() if options}


def _locate(source: str, categories: Sequence[str], revision: str | None) -> tuple[Path, str]:
    wheel = wheel_folder()
    if source in ("auto", "wheel") and wheel is not None:
        return wheel, "bfcl-eval wheel"
    if source == "wheel":
        raise DataError(f"bfcl-eval is not installed: {CURE}")
    if source in ("auto", "hub"):
        return _download(categories, revision), REPOSITORY
    folder = Path(source)
    if not folder.is_dir():
        raise DataError(f"{source} is no folder: {CURE}")
    return folder, str(folder)


def _download(categories: Sequence[str], revision: str | None) -> Path:
    names = {*categories, *(OLD_NAMES[name] for name in categories if name in OLD_NAMES)}
    patterns = [f"{place}BFCL_v[0-9]_{name}.json" for name in sorted(names) for place in ("", "possible_answer/")]
    return hub.fetch(hub.Repository("dataset", REPOSITORY, revision), patterns)


def _version(folder: Path) -> str:
    found = {match[1] for path in folder.iterdir() if (match := re.fullmatch(r"BFCL_(v\d+)_\w+\.json", path.name))}
    if not found:
        raise DataError(f"{folder} holds no file named BFCL_v4_CATEGORY.json: {CURE}")
    return max(found, key=lambda version: int(version[1:]))


def _read_category(folder: Path, version: str, category: Category) -> list[Row]:
    path = _file(folder, version, category.name)
    answers: list[Any] = []
    if category.kind not in ("irrelevance", "relevance"):
        answers = list(_lines(_file(folder / "possible_answer", version, category.name)))
    rows = []
    for index, record in enumerate(_lines(path)):
        answer = answers[index] if index < len(answers) else None
        try:
            rows.append(_row(record, answer, category, index))
        except (KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
            raise DataError(f"{path} row {index} is not as published ({error!r}): fetch the file again") from error
    if version == "v4" and len(rows) != category.rows:
        raise DataError(
            f"{path} has {len(rows)} rows where version 4 has {category.rows}: fetch the file again (to score fewer "
            "rows, use --max_samples)"
        )
    return rows


def _row(record: Mapping[str, Any], answer: Any, category: Category, index: int) -> Row:
    (turn,) = record["question"]
    messages = tuple(Message(_role(message["role"]), message["content"]) for message in turn)
    docs = tuple(_doc(doc) for doc in record["function"])
    gold: tuple[GoldCall, ...] = ()
    if category.kind not in ("irrelevance", "relevance"):
        if answer is None or answer["id"] != record["id"]:
            raise ValueError("its answer is missing or belongs to another row")
        gold = tuple(_gold_call(call) for call in answer["ground_truth"])
    return Row(record["id"], category.name, index, messages, docs, gold)


def _doc(doc: Mapping[str, Any]) -> Doc:
    parameters = doc["parameters"]
    if not isinstance(doc["name"], str) or not isinstance(doc["description"], str):
        raise ValueError("a doc without name or description")
    if not isinstance(parameters.get("properties", {}), dict) or not isinstance(parameters.get("required", []), list):
        raise ValueError("a doc whose properties are no object or whose required is no list")
    return doc


def _gold_call(call: Mapping[str, Any]) -> GoldCall:
    ((_, arguments),) = call.items()
    for name, alternatives in arguments.items():
        if not isinstance(alternatives, list):
            raise ValueError(f"the alternatives of {name!r} are no list")
        for value in alternatives:
            objects = [entry for entry in (value if isinstance(value, list) else [value]) if isinstance(entry, dict)]
            if any(not isinstance(options, list) for entry in objects for options in entry.values()):
                raise ValueError(f"an object of {name!r} has a value that is no list of alternatives")
    return call


def _role(role: str) -> Any:
    if role not in ROLES:
        raise ValueError(f"role {role!r}")
    return role


def _file(folder: Path, version: str, name: str) -> Path:
    for candidate in (name, OLD_NAMES.get(name, name)):
        path = folder / f"BFCL_{version}_{candidate}.json"
        if path.is_file():
            return path
    raise DataError(f"{folder / f'BFCL_{version}_{name}.json'} is missing: {CURE}")


def _lines(path: Path) -> Iterator[Any]:
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                yield json.loads(line)
            except json.JSONDecodeError as error:
                raise DataError(f"{path} line {number} is no JSON ({error}): fetch the file again") from error
