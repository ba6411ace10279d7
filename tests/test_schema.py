"""Arguments against their schema: each kind of fault, and no fault where there is none."""

import pytest

from toolgemma.errors import DataError
from toolgemma.schema import argument_faults, parameters_from_prose, parameters_to_prose, schema_error, weaknesses

PARAMETERS = {
    "type": "object",
    "properties": {
        "city": {"type": "string"},
        "days": {"type": "integer"},
        "ratio": {"type": "number"},
        "unit": {"type": "string", "enum": ["c", "f"]},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["city"],
}


def kinds(arguments, parameters=PARAMETERS):
    return [(fault.kind, fault.path) for fault in argument_faults(arguments, parameters)]


def test_arguments_that_fit_have_no_fault():
    assert kinds({"city": "Bonn", "days": 3, "ratio": 0.5, "unit": "c", "tags": ["a"]}) == []
    assert kinds({"city": "Bonn", "ratio": 1}) == []


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, [("missing-argument", "city")]),
        ({"city": "x", "town": "y"}, [("unknown-argument", "town")]),
        ({"city": 5}, [("wrong-type", "city")]),
        ({"city": "x", "days": "3"}, [("wrong-type", "days")]),
        ({"city": "x", "days": True}, [("wrong-type", "days")]),
        ({"city": "x", "days": 1.5}, [("wrong-type", "days")]),
        ({"city": "x", "unit": "k"}, [("wrong-value", "unit")]),
        ({"city": "x", "tags": ["a", 3]}, [("wrong-type", "tags.1")]),
        ({"city": None}, [("wrong-type", "city")]),
    ],
)
def test_each_fault_is_named(arguments, expected):
    assert kinds(arguments) == expected


def test_additional_properties_are_allowed_only_where_the_schema_says_so():
    assert kinds({"x": 1}, {"type": "object", "properties": {}}) == [("unknown-argument", "x")]
    assert kinds({"x": 1}, {"type": "object", "additionalProperties": True}) == []


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"type": "array"}, "must be object"),
        ({"properties": []}, "properties must be"),
        ({"properties": {"a": {"type": "strin"}}}, "properties.a.type"),
    ],
)
def test_a_schema_that_is_none(parameters, expected):
    assert expected in schema_error(parameters)


def test_a_schema_that_is_one():
    assert schema_error(PARAMETERS) is None
    assert schema_error({}) is None


def test_weaknesses():
    assert list(weaknesses(PARAMETERS)) == []
    assert list(weaknesses({"properties": {"a": {"type": "array"}, "b": {"description": "?"}}})) == [
        "no required list",
        "a: array without items",
        "b: no type",
    ]


PROSE = {
    "amount": "number - Amount - net of tax.",
    "unit": "string, optional - Unit.",
    "when": "a date",
    "n": "integer",
}


def test_prose_becomes_a_schema_and_comes_back():
    schema = parameters_from_prose(PROSE)
    assert schema == {
        "type": "object",
        "properties": {
            "amount": {"type": "number", "description": "Amount - net of tax."},
            "unit": {"type": "string", "description": "Unit."},
            "when": {"description": "a date"},
            "n": {"type": "integer"},
        },
        "required": ["amount", "when", "n"],
    }
    assert schema_error(schema) is None
    assert parameters_to_prose(schema) == PROSE


def test_prose_knows_pythons_names_of_types():
    assert parameters_from_prose({"x": "list - Items."})["properties"] == {
        "x": {"type": "array", "description": "Items."}
    }


def test_no_parameters_in_prose():
    assert parameters_from_prose({}) == {"type": "object", "properties": {}}
    assert parameters_to_prose({"type": "object", "properties": {}}) == {}


@pytest.mark.parametrize("wrong", [None, [], {"x": None}, {"x": {"type": "string"}}])
def test_prose_that_is_none_names_the_value(wrong):
    with pytest.raises(DataError, match="input_args must be like"):
        parameters_from_prose(wrong)
