"""JSON Schema of a tool's arguments: check values against it, say which fault it is. Nothing is coerced.

Validation is jsonschema's (draft 2020-12); this module only names the faults the way the linter and the error
taxonomy count them. A parameter named in `properties` is known; `additionalProperties` defaults to false here,
because a model that invents an argument has made a mistake even where the schema's author left the door open.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import jsonschema

from toolgemma.errors import DataError

FaultKind = Literal["unknown-argument", "missing-argument", "wrong-type", "wrong-value"]
JSON_TYPES = ("string", "integer", "number", "boolean", "array", "object", "null")
PROSE_TYPES = {name: name for name in JSON_TYPES} | {
    "str": "string", "int": "integer", "float": "number", "bool": "boolean", "list": "array", "dict": "object",
}  # fmt: skip
OPTIONAL = ", optional"


@dataclass(frozen=True, slots=True)
class ArgumentFault:
    """One way in which arguments break their schema. `path` is the dotted place, `message` says value and rule."""

    kind: FaultKind
    path: str
    message: str


def argument_faults(arguments: Mapping[str, Any], parameters: Mapping[str, Any]) -> list[ArgumentFault]:
    """Every fault of `arguments` under the JSON Schema `parameters`, in a stable order."""
    properties = parameters.get("properties") or {}
    faults = [
        ArgumentFault(
            "unknown-argument", name, f"{name!r} is not a parameter; known: {', '.join(properties) or 'none'}"
        )
        for name in arguments
        if name not in properties and not parameters.get("additionalProperties")
    ]
    faults += [
        ArgumentFault("missing-argument", name, f"required parameter {name!r} is absent")
        for name in parameters.get("required") or ()
        if name not in arguments
    ]
    for name, value in arguments.items():
        schema = properties.get(name)
        if isinstance(schema, Mapping):
            faults += _value_faults(value, schema, name)
    return faults


def schema_error(parameters: Mapping[str, Any]) -> str | None:
    """Why `parameters` is no JSON Schema of an arguments object, or None."""
    if parameters.get("type", "object") != "object":
        return f"the type of a tool's parameters must be object, not {parameters['type']!r}"
    if not isinstance(parameters.get("properties", {}), Mapping):
        return "properties must be an object of schemas"
    try:
        jsonschema.Draft202012Validator.check_schema(dict(parameters))
    except jsonschema.SchemaError as error:
        return f"{'.'.join(map(str, error.absolute_path)) or 'schema'}: {error.message}"
    return None


def weaknesses(parameters: Mapping[str, Any]) -> Iterator[str]:
    """What a schema leaves open that a model has to guess: no `required`, an array without `items`, no type."""
    properties = parameters.get("properties") or {}
    if properties and "required" not in parameters:
        yield "no required list"
    for name, schema in properties.items():
        if not isinstance(schema, Mapping):
            yield f"{name}: no schema"
        elif schema.get("type") == "array" and "items" not in schema:
            yield f"{name}: array without items"
        elif not {"type", "enum", "const", "anyOf", "oneOf", "allOf", "$ref"} & set(schema):
            yield f"{name}: no type"


def parameters_from_prose(input_args: Mapping[str, str]) -> dict[str, Any]:
    """JSON Schema of arguments described as `{"amount": "number - Amount to convert"}`.

    A parameter is required unless its type says `, optional`. Where the text opens with no known type, all of it is
    the description and the type stays open (`weaknesses` reports it).

    Raises:
        DataError: `input_args` isn't an object of texts.
    """
    if not isinstance(input_args, Mapping) or not all(isinstance(text, str) for text in input_args.values()):
        raise DataError(f'input_args must be like {{"amount": "number - Amount to convert"}}, not {input_args!r}')
    properties: dict[str, Any] = {}
    required = []
    for name, text in input_args.items():
        type_text, _, description = text.partition(" - ")
        type_word = type_text.strip().removesuffix(OPTIONAL)
        if type_word not in PROSE_TYPES:
            properties[name] = {"description": text}
        elif description:
            properties[name] = {"type": PROSE_TYPES[type_word], "description": description}
        else:
            properties[name] = {"type": PROSE_TYPES[type_word]}
        if type_word not in PROSE_TYPES or type_word == type_text.strip():
            required.append(name)
    return {"type": "object", "properties": properties} | ({"required": required} if properties else {})


def parameters_to_prose(parameters: Mapping[str, Any]) -> dict[str, str]:
    """The inverse of `parameters_from_prose`. Prose holds type, description and `required`; the rest is left out."""
    required = parameters.get("required") or ()
    prose = {}
    for name, schema in (parameters.get("properties") or {}).items():
        schema = schema if isinstance(schema, Mapping) else {}
        type_text, description = schema.get("type"), schema.get("description")
        if isinstance(type_text, str) and name not in required:
            type_text += OPTIONAL
        prose[name] = " - ".join(part for part in (type_text, description) if isinstance(part, str) and part)
    return prose


def _value_faults(value: Any, schema: Mapping[str, Any], name: str) -> Iterator[ArgumentFault]:
    validator = jsonschema.Draft202012Validator(dict(schema))
    for error in sorted(validator.iter_errors(value), key=lambda error: list(map(str, error.absolute_path))):
        kind: FaultKind = "wrong-type" if error.validator == "type" else "wrong-value"
        path = ".".join([name, *map(str, error.absolute_path)])
        yield ArgumentFault(kind, path, f"{path}: {error.message}")
