"""The embedded dataset: made again row for row, right by its own schemas, and its test splits new to the model."""

import json
import re
from collections import Counter
from pathlib import Path

import jsonschema
import pytest

from toolgemma.data.files import read_rows
from toolgemma.data.lint import lint
from toolgemma.data.load import read_file_or_folder
from toolgemma.sample import chat, generate, pools, tools
from toolgemma.sample.text import words
from toolgemma.schema import argument_faults

FOLDER = Path(generate.__file__).parent / "data"
FILES = ("test_seen.jsonl", "test_unseen.jsonl", "train.parquet", "validation.jsonl")


def rows_of(path):
    """Rows of a file; messages and tools of the parquet file are JSON text."""
    rows = read_rows([path])
    if path.suffix == ".parquet":
        return [row | {key: json.loads(row[key]) for key in ("messages", "tools")} for row in rows]
    return rows


SPLITS = {path.stem: rows_of(path) for path in map(FOLDER.joinpath, FILES)}
TRAINED = ("train", "validation")
TESTS = ("test_seen", "test_unseen")
ALIASES = [alias for spec in tools.EVERY for alias in spec.aliases]


def calls(row):
    """(schema of the arguments, arguments) of each call of a row."""
    schemas = {tool["function"]["name"]: tool["function"]["parameters"] for tool in row["tools"]}
    for message in row["messages"]:
        for call in message.get("tool_calls", ()):
            yield schemas[call["function"]["name"]], call["function"]["arguments"]


def free_values(splits):
    """Values of arguments that aren't one of an enum or a boolean, one by one; lists are taken apart."""
    found = set()
    for split in splits:
        for row in SPLITS[split]:
            for schema, arguments in calls(row):
                for name, value in arguments.items():
                    if "enum" not in schema["properties"][name] and not isinstance(value, bool):
                        found |= set(value) if isinstance(value, list) else {value}
    return found


def test_the_committed_files_are_what_the_generator_writes(tmp_path):
    written = generate.write(tmp_path)
    assert {path.name for path in written} == set(FILES) == {path.name for path in FOLDER.iterdir()}
    assert {path.name for path in tmp_path.iterdir()} == set(FILES)
    for path in written:
        if path.suffix == ".parquet":  # its bytes depend on the version of pyarrow
            assert rows_of(path) == SPLITS["train"] == generate.rows("train")
        else:
            assert path.read_bytes() == (FOLDER / path.name).read_bytes()


def test_another_seed_gives_other_rows():
    assert generate.rows("validation", seed=1) != SPLITS["validation"]


def test_size():
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 1_000_000
    sizes = {split: len(rows) for split, rows in SPLITS.items()}
    assert sizes == {"train": 2880, "validation": 100, "test_seen": 90, "test_unseen": 90}
    for rows in SPLITS.values():
        assert len({row["messages"][0]["content"] for row in rows}) == len(rows)
    assert sum(row["query_type"] == "seen" for row in SPLITS["validation"]) > 35
    assert sum(row["query_type"] == "unseen" for row in SPLITS["validation"]) > 35


def test_the_reader_and_the_linter_accept_it():
    splits = read_file_or_folder(str(FOLDER))
    assert {name: len(rows) for name, rows in splits.items()} == {
        "train": len(SPLITS["train"]),
        "validation": len(SPLITS["validation"]),
        "test": len(SPLITS["test_seen"]) + len(SPLITS["test_unseen"]),
    }
    assert {row.meta["query_type"] for row in splits["test"]} == {"seen", "unseen", "no_tool"}
    assert [finding for finding in lint(splits) if finding.severity == "error"] == []


@pytest.mark.parametrize("split", SPLITS)
def test_every_call_is_offered_and_true_to_its_schema(split):
    for row in SPLITS[split]:
        assert 1 <= len(row["tools"]) <= 8
        for schema, arguments in calls(row):
            jsonschema.Draft202012Validator.check_schema(schema)
            assert argument_faults(arguments, schema) == []


@pytest.mark.parametrize("split", SPLITS)
def test_every_value_stands_in_the_message(split):
    for row in SPLITS[split]:
        text = row["messages"][0]["content"].lower()
        for _, arguments in calls(row):
            for value in arguments.values():
                for part in value if isinstance(value, list) else [value]:
                    assert isinstance(part, bool) or str(part).lower() in text


def test_kinds_of_rows():
    for split, rows in SPLITS.items():
        count = Counter(len(list(calls(row))) for row in rows)
        assert 0.1 < count[0] / len(rows) < 0.3, split
        assert count[2] / len(rows) > 0.05, split
        assert all((row["query_type"] == "no_tool") == (not list(calls(row))) for row in rows)
        assert {len(row["tools"]) for row in rows} >= {1, 2, 3, 4, 5, 6, 8}
    answered = [row for row in SPLITS["train"] if len(row["messages"]) == 4]
    assert len(answered) > 200
    assert all([m["role"] for m in row["messages"]] == ["user", "assistant", "tool", "assistant"] for row in answered)


def test_kinds_of_schemas():
    specs = tools.EVERY
    assert len({spec.name for spec in specs}) == len(specs) >= 40
    schemas = [schema for spec in specs for schema in spec.properties.values()]
    assert {schema["type"] for schema in schemas} == {"string", "integer", "number", "boolean", "array"}
    assert any("enum" in schema for schema in schemas)
    assert all(1 <= len(spec.properties) <= 4 for spec in specs)
    assert sum(len(spec.required) < len(spec.properties) for spec in specs) > 20


def test_unseen_tools_share_nothing_with_the_tools_of_train():
    seen, unseen = (*tools.SHOWN, *tools.VALIDATION), tools.UNSEEN
    named = (*seen, *ALIASES)
    assert not {tool.name for tool in named} & {spec.name for spec in unseen}
    assert not {tool.description for tool in named} & {spec.description for spec in unseen}
    arguments = {name for spec in seen for name in spec.properties}
    arguments |= {name for alias in ALIASES for name in alias.arguments.values()}
    assert not arguments & {name for spec in unseen for name in spec.properties}
    offered = {
        split: {tool["function"]["name"] for row in rows for tool in row["tools"]} for split, rows in SPLITS.items()
    }
    assert offered["test_unseen"] == {spec.name for spec in unseen}
    assert not offered["test_unseen"] & (offered["train"] | offered["validation"])
    assert offered["test_seen"] <= offered["train"]


def test_every_seen_tool_has_two_aliases_and_no_name_stands_for_two_tools():
    assert {len(spec.aliases) for spec in tools.SHOWN} == {2}
    assert not [spec for spec in (*tools.VALIDATION, *tools.UNSEEN) if spec.aliases]
    everything = (*tools.EVERY, *ALIASES)
    assert len({tool.name.lower() for tool in everything}) == len(everything)
    assert len({tool.description.lower() for tool in everything}) == len(everything)
    for spec in tools.SHOWN:
        for alias in spec.aliases:
            assert set(alias.arguments) <= set(spec.properties)
            assert len({alias.arguments.get(key, key) for key in spec.properties}) == len(spec.properties)


def test_half_of_the_train_rows_offer_their_tools_under_aliases():
    names, others = {spec.name for spec in tools.SHOWN}, {alias.name for alias in ALIASES}
    shown = [{tool["function"]["name"] for tool in row["tools"]} for row in SPLITS["train"]]
    assert all(offered <= names or offered <= others for offered in shown)
    assert 0.45 < sum(offered <= others for offered in shown) / len(shown) < 0.55
    assert names <= set().union(*shown) <= names | others
    assert len(others - set().union(*shown)) < 5
    for row, offered in zip(SPLITS["train"], shown, strict=True):
        results = [message["name"] for message in row["messages"] if message["role"] == "tool"]
        assert set(results) <= offered
    for split in ("validation", *TESTS):
        assert not others & {tool["function"]["name"] for row in SPLITS[split] for tool in row["tools"]}


def fixed_words(ask):
    """A sentence without its slots and signs: two with the same ones are one sentence."""
    return " ".join(re.findall(r"[a-z']+|{}", re.sub(r"{[^{}]*}", " {} ", ask.lower())))


def test_seen_tools_have_wordings_of_their_own_in_each_split():
    for spec in tools.SEEN:
        assert len(spec.asks) >= 24, spec.name
        assert len(spec.asks_of_validation) >= 4, spec.name
        assert len(spec.asks_of_tests) >= 2, spec.name
    asks = [
        fixed_words(ask) for spec in tools.EVERY for ask in (*spec.asks, *spec.asks_of_validation, *spec.asks_of_tests)
    ]
    assert [ask for ask, count in Counter(asks).items() if count > 1] == []


def standing(values, text):
    """Those of `values` that stand in `text` as whole words."""
    words = re.compile(r"[a-z0-9.'@+-]+")
    runs = " ".join(word.strip(".'") for word in words.findall(text.lower()))
    return [value for value in values if f" {' '.join(words.findall(value.lower()))} " in f" {runs} "]


def said(*splits):
    return "\n".join(message["content"] for split in splits for row in SPLITS[split] for message in row["messages"])


def test_values_of_the_tests_stand_nowhere_in_train():
    tested = free_values(TESTS)
    assert len(tested) > 200
    assert not tested & free_values(TRAINED)
    assert standing([value for value in tested if isinstance(value, str)], said(*TRAINED)) == []


def test_every_part_of_the_pools_is_its_own():
    """No entry of validation or of the tests stands in another part, in a word list, in a tool or in small talk."""
    parts = {part: pools.texts(part) for part in pools.PARTS}
    lists = [value for name, value in vars(words).items() if name.isupper()]
    everywhere = [*map(repr, (lists, tools.EVERY, chat.NO_TOOL, chat.CHAT["train"]))]
    for part, others in (("validation", ("train", "test")), ("test", ("train", "validation"))):
        assert len(parts[part]) > 200
        elsewhere = [*everywhere, *(f"{text} ." for other in others for text in parts[other]), said(*others[:1])]
        assert [found for text in elsewhere for found in standing(parts[part], text)] == []
    assert standing(parts["test"], said("validation")) == []
    strings = {value for value in free_values(["validation"]) if isinstance(value, str)}
    assert standing([value for value in strings if not any(map(str.isdigit, value))], said("train")) == []
