"""When two calls are equal (mode `strict`), and how many of them can be paired at most.

Same name; same arguments, where an optional one at its schema default equals its absence; types exact, except that an
int equals a float where the schema says `number`, inside arrays and objects too; a bool is never an int; strings after
NFC, strip and inner white space collapsed, and nothing else; lists ordered; objects key by key.

Each call is brought to a normal form once, so comparing P predicted with G gold calls costs P + G normal forms and
P x G comparisons of text. The matching is a maximum one by augmenting paths, O(G x edges): a greedy one would depend on
the order of the calls as soon as an equality with alternatives (such as the official BFCL rules) is put in.

Strict equality accepts neither `75 * 8` for `75 / 8` nor `johndoe@xcom` for `john.doe@x.com`.
"""

import unicodedata
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from toolgemma.conversation import ToolCall, canonical_json

Schema = Mapping[str, Any]
Edges = Sequence[Sequence[int]]
"""For each gold call the indices of the predicted calls that equal it."""


@dataclass(frozen=True, slots=True)
class Matching:
    """Which calls are equal, and a maximum pairing of them."""

    edges: Edges
    pairs: Mapping[int, int]
    """Gold index -> predicted index."""

    @property
    def size(self) -> int:
        """Number of pairs: `m`."""
        return len(self.pairs)

    @property
    def in_order(self) -> bool:
        """Whether the n-th predicted call equals the n-th gold call, for every gold call."""
        return all(index in edges for index, edges in enumerate(self.edges))


def match_strict(gold: Sequence[ToolCall], predicted: Sequence[ToolCall], schemas: Mapping[str, Schema]) -> Matching:
    """The maximum matching under `strict`; `schemas` by tool name, a tool without one is compared exactly."""
    predicted_keys = [strict_key(call, schemas.get(call.name, {})) for call in predicted]
    gold_keys = [strict_key(call, schemas.get(call.name, {})) for call in gold]
    edges = [[index for index, key in enumerate(predicted_keys) if key == gold_key] for gold_key in gold_keys]
    return Matching(edges, maximum_matching(edges))


def strict_key(call: ToolCall, parameters: Schema) -> str:
    """Text that two calls share iff they are equal under `strict`; `parameters`: JSON Schema of the arguments."""
    return canonical_json([call.name, normal_arguments(call.arguments, parameters)])


def names_in_common(gold: Sequence[ToolCall], predicted: Sequence[ToolCall]) -> int:
    """Size of the maximum matching by name alone."""
    return (Counter(call.name for call in gold) & Counter(call.name for call in predicted)).total()


def maximum_matching(edges: Edges) -> dict[int, int]:
    """A maximum bipartite matching, gold index -> predicted index.

    For each gold call a breadth-first search for an augmenting path (Kuhn 1955, Berge 1957); without recursion, so
    that hundreds of sprayed calls are no danger.
    """
    gold_of: dict[int, int] = {}
    for start in range(len(edges)):
        came_from: dict[int, int] = {}
        queue = deque([start])
        while queue:
            gold = queue.popleft()
            free = None
            for predicted in edges[gold]:
                if predicted in came_from:
                    continue
                came_from[predicted] = gold
                if predicted not in gold_of:
                    free = predicted
                    break
                queue.append(gold_of[predicted])
            if free is not None:
                _augment(free, start, came_from, gold_of)
                break
    return {gold: predicted for predicted, gold in gold_of.items()}


def normal_arguments(arguments: Mapping[str, Any], parameters: Schema) -> dict[str, Any]:
    """Arguments in normal form, without the optional ones that stand at their schema default."""
    properties = parameters.get("properties") or {}
    required = parameters.get("required") or ()
    normal = {}
    for name, value in arguments.items():
        schema = properties.get(name)
        schemas = _alternatives(schema, parameters)
        normal[name] = _normal(value, schemas, parameters)
        if name not in required and isinstance(schema, Mapping) and "default" in schema:
            default = _normal(schema["default"], schemas, parameters)
            if canonical_json(normal[name]) == canonical_json(default):
                del normal[name]
    return normal


def _augment(free: int, start: int, came_from: Mapping[int, int], gold_of: dict[int, int]) -> None:
    """Flip the path that ends at `free`: each gold call on it moves on to the predicted call it was reached by."""
    predicted_of = {gold: predicted for predicted, gold in gold_of.items()}
    predicted = free
    while True:
        gold = came_from[predicted]
        gold_of[predicted] = gold
        if gold == start:
            return
        predicted = predicted_of[gold]


def _normal(value: Any, schemas: Sequence[Schema], root: Schema) -> Any:
    if isinstance(value, str):
        return " ".join(unicodedata.normalize("NFC", value).split())
    if isinstance(value, float):
        value += 0.0  # -0.0 equals 0.0
        return int(value) if value.is_integer() and any(map(_says_number, schemas)) else value
    if isinstance(value, list | tuple):
        return [_normal(entry, _item_schemas(schemas, index, root), root) for index, entry in enumerate(value)]
    if isinstance(value, Mapping):
        return {key: _normal(entry, _property_schemas(schemas, key, root), root) for key, entry in value.items()}
    return value


def _says_number(schema: Schema) -> bool:
    kind = schema.get("type")
    return kind == "number" or (isinstance(kind, list) and "number" in kind)


def _item_schemas(schemas: Sequence[Schema], index: int, root: Schema) -> list[Schema]:
    found: list[Schema] = []
    for schema in schemas:
        prefix = schema.get("prefixItems") or ()
        found += _alternatives(prefix[index] if index < len(prefix) else schema.get("items"), root)
    return found


def _property_schemas(schemas: Sequence[Schema], key: str, root: Schema) -> list[Schema]:
    found: list[Schema] = []
    for schema in schemas:
        found += _alternatives((schema.get("properties") or {}).get(key, schema.get("additionalProperties")), root)
    return found


def _alternatives(schema: Any, root: Schema) -> list[Schema]:
    """`schema` and all it combines or refers to inside `root`; empty where it is no object (absent, true, false)."""
    found: list[Schema] = []
    waiting = [schema]
    while waiting:
        entry = waiting.pop()
        if not isinstance(entry, Mapping) or any(entry is seen for seen in found):
            continue
        found.append(entry)
        waiting += [member for word in ("anyOf", "oneOf", "allOf") for member in entry.get(word) or ()]
        waiting += _referred(entry.get("$ref"), root)
    return found


def _referred(reference: Any, root: Schema) -> Iterator[Any]:
    """The part of `root` that a local JSON pointer ("#/$defs/Point") names; nothing for any other reference."""
    if not isinstance(reference, str) or not reference.startswith("#/"):
        return
    part: Any = root
    for step in reference[2:].split("/"):
        if not isinstance(part, Mapping) or step not in part:
            return
        part = part[step]
    yield part
