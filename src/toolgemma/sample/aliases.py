"""Rows whose tools have other names.

Half of the train rows offer their tools under an alias, so that a call can only be right if the offered schema was
read: a model that learnt the tools by heart is wrong. It is the data augmentation of Hammer's function masking (Lin et
al., "Hammer: Robust Function-Calling for On-Device Language Models via Function Masking", arXiv 2410.04587), which puts
random strings in the place of names; here they are names that a tool of another program might have.
"""

import random
from typing import Any

from toolgemma.sample.tools import SHOWN, Alias

ALIASES = {spec.name: spec.aliases for spec in SHOWN}
"""Two for each tool that train shows."""


def aliased(rng: random.Random, row: dict[str, Any]) -> dict[str, Any]:
    """`row` with every offered tool under one of its aliases: in the schemas, in the calls and at their results."""
    chosen = {tool["function"]["name"]: rng.choice(ALIASES[tool["function"]["name"]]) for tool in row["tools"]}
    schemas = []
    for tool in row["tools"]:
        alias, parameters = chosen[tool["function"]["name"]], tool["function"]["parameters"]
        renamed = parameters | {
            "properties": {alias.arguments.get(key, key): value for key, value in parameters["properties"].items()},
            "required": [alias.arguments.get(key, key) for key in parameters["required"]],
        }
        function = {"name": alias.name, "description": alias.description, "parameters": renamed}
        schemas.append(tool | {"function": function})
    return row | {"messages": [_renamed(message, chosen) for message in row["messages"]], "tools": schemas}


def _renamed(message: dict[str, Any], chosen: dict[str, Alias]) -> dict[str, Any]:
    if message["role"] == "tool":
        return message | {"name": chosen[message["name"]].name}
    calls = []
    for call in message.get("tool_calls", ()):
        alias = chosen[call["function"]["name"]]
        arguments = {alias.arguments.get(key, key): value for key, value in call["function"]["arguments"].items()}
        calls.append(call | {"function": {"name": alias.name, "arguments": arguments}})
    return message | ({"tool_calls": calls} if calls else {})
