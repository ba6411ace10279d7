"""The tools of the embedded dataset: schemas, aliases and the sentences that ask for them, read from `toolbox/*.txt`.

    seen        tools that train shows and test_seen asks for, in sentences that train hasn't
    train       more tools that only train shows
    validation  tools of validation, that train never shows
    unseen      tools of test_unseen, that train never shows; no name, description or argument's name of any other

Everyday domains, 1 to 4 parameters. A block of a file is a tool, blocks are parted by an empty line:

    rent_skates | Hire ice skates at a rink.          name and description
    rink!: string (North Rink; Polar Park) - Name     `!`: required; values in place, or the name of a pool
    size: integer small - Size of the shoes           `type pool - description`; `array pool` is a list of them
    level: beginner|expert                            an enum
    helmet: boolean - Whether one is wanted
    ~ skates.hire | Get skates. | rink=hall           another name, description and argument names
    > Skates at {rink}, {helmet:and a|no} helmet      a sentence; a parameter without a slot isn't given in the call
    ? Sentences that only validation has
    * Sentences that only test_seen has
    = {"paid": true} => They wait at {rink}.          the tool's answer, and what is said about it
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class Alias:
    """What a tool is called instead; `arguments` maps its own argument names to others, those left out stay."""

    name: str
    description: str
    arguments: dict[str, str]


@dataclass(frozen=True, slots=True)
class Spec:
    """A tool, how people ask for it, and where values come from: a pool's name, values in place, or an enum's."""

    name: str
    description: str
    properties: dict[str, dict[str, Any]]
    required: tuple[str, ...]
    pools: dict[str, str | tuple[str, ...]]
    aliases: tuple[Alias, ...]
    asks: tuple[str, ...]
    asks_of_validation: tuple[str, ...]
    asks_of_tests: tuple[str, ...]
    result: str
    """The tool's answer and what is said about it, `JSON => sentence`; slots are filled in both. Empty: none."""

    @property
    def parameters(self) -> dict[str, Any]:
        """JSON Schema of the arguments."""
        return {"type": "object", "properties": self.properties, "required": list(self.required)}


def spec(block: str) -> Spec:
    """The tool that `block` describes."""
    first, *lines = (line.strip() for line in block.strip().splitlines())
    name, _, description = first.partition(" | ")
    marked: dict[str, list[str]] = {mark: [] for mark in "~>?*="}
    properties: dict[str, dict[str, Any]] = {}
    required: list[str] = []
    pools: dict[str, str | tuple[str, ...]] = {}
    for line in lines:
        if line[0] in marked:
            marked[line[0]].append(line[1:].strip())
            continue
        head, _, about = line.partition(" - ")
        key, _, kind = head.partition(": ")
        argument = key.rstrip("!")
        properties[argument], pools[argument] = _parameter(kind)
        if about:
            properties[argument]["description"] = about
        if key.endswith("!"):
            required.append(argument)
    return Spec(
        name,
        description,
        properties,
        tuple(required),
        pools,
        tuple(_alias(line) for line in marked["~"]),
        asks=tuple(marked[">"]),
        asks_of_validation=tuple(marked["?"]),
        asks_of_tests=tuple(marked["*"]),
        result="".join(marked["="]),
    )


def _parameter(kind: str) -> tuple[dict[str, Any], str | tuple[str, ...]]:
    """JSON Schema and pool of `type pool`, `type (value; value)` or `option|option`."""
    json_type, _, pool = kind.partition(" ")
    if pool.startswith("("):
        values: str | tuple[str, ...] = tuple(value.strip() for value in pool.strip("()").split(";"))
    elif "|" in kind:
        options = kind.split("|")
        return {"type": "string", "enum": options}, tuple(options)
    else:
        values = pool
    schema: dict[str, Any] = {"type": json_type}
    if json_type == "array":
        schema["items"] = {"type": "string"}
    return schema, values


def _alias(line: str) -> Alias:
    name, description, arguments = line.split(" | ")
    return Alias(name, description, dict(pair.split("=") for pair in arguments.split()))


def _read(name: str) -> Iterator[Spec]:
    text = files(__package__).joinpath("toolbox", f"{name}.txt").read_text(encoding="utf-8")
    return map(spec, re.split(r"\n\s*\n", text.strip()))


SEEN, TRAIN, VALIDATION, UNSEEN = (tuple(_read(name)) for name in ("seen", "train", "validation", "unseen"))
SHOWN = (*SEEN, *TRAIN)
"""What train shows."""
EVERY = (*SHOWN, *VALIDATION, *UNSEEN)
