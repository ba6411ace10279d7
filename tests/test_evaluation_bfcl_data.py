"""Reading BFCL's rows: from a folder, the wheel, the Hub; and rows as conversations."""

import json
import os
import subprocess
import sys
from collections import Counter
from fnmatch import fnmatch

import pytest

import bfcl_oracle
from fake_hub import FakeHub, Repository, dead
from toolgemma.conversation import Message, ToolCall, canonical_json
from toolgemma.errors import DataError, HubError
from toolgemma.evaluation import bfcl_data
from toolgemma.evaluation.bfcl_data import (
    CATEGORIES,
    Row,
    conversation,
    gold_calls,
    json_schema,
    offering,
    read,
    with_gold,
)
from toolgemma.evaluation.bfcl_rules import check
from toolgemma.format import get_dialect
from toolgemma.schema import schema_error

UNANSWERABLE = {  # the official checker rejects every answer to these: gold and doc contradict each other
    "live_simple_106-63-0",  # a required argument that the gold answer doesn't know
    "live_simple_112-68-0",  # required arguments without any allowed value
    "live_multiple_862-181-3",  # the gold answer demands an argument that the doc doesn't know
    "live_multiple_964-207-0",  # doc and gold answer name the only argument differently
}
DOC = {
    "name": "rent.bike",
    "description": "Rent a bike.",
    "parameters": {
        "type": "dict",
        "properties": {
            "days": {"type": "integer", "description": "How long."},
            "price": {"type": "float", "default": 5.5},
            "at": {"type": "tuple", "items": {"type": "float"}},
            "options": {"type": "dict", "properties": {"lock": {"type": "any"}}},
        },
        "required": ["days"],
    },
}
QUESTION = [[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "A bike for two days."}]]
GOLD = [{"rent.bike": {"days": [2], "price": [5.5, ""], "at": [""], "options": ["", {"lock": ["", "chain", "U"]}]}}]


def write(folder, name, questions, answers=None, version="v3"):
    """A category's file, and its answers where it has some; the default version has no fixed number of rows."""
    (folder / "possible_answer").mkdir(parents=True, exist_ok=True)
    for place, records in (("", questions), ("possible_answer/", answers)):
        if records is not None:
            text = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
            (folder / f"{place}BFCL_{version}_{name}.json").write_text(text, encoding="utf-8")
    return folder


def question(number=0, name="multiple", **changes):
    return {"id": f"{name}_{number}", "question": QUESTION, "function": [DOC]} | changes


def answer(number=0, name="multiple", gold=GOLD):
    return {"id": f"{name}_{number}", "ground_truth": gold}


@pytest.fixture
def folder(tmp_path):
    write(tmp_path, "multiple", [question(0), question(1)], [answer(0), answer(1)])
    write(tmp_path, "simple", [question(0, "simple")], [answer(0, "simple")])
    return write(tmp_path, "irrelevance", [question(0, "irrelevance")])


def test_reads_a_folder_in_order(folder):
    suite = read(str(folder), categories=["multiple", "irrelevance"])
    assert (suite.version, suite.source) == ("v3", str(folder))
    assert [(row.id, row.category, row.index) for row in suite.rows] == [
        ("multiple_0", "multiple", 0),
        ("multiple_1", "multiple", 1),
        ("irrelevance_0", "irrelevance", 0),
    ]
    assert suite.rows[0].messages == (Message("system", "Be brief."), Message("user", "A bike for two days."))
    assert suite.rows[0].gold == tuple(GOLD)
    assert suite.rows[2].gold == ()


def test_reads_version_3_names(folder):
    (row,) = read(str(folder), categories=["simple_python"]).rows
    assert (row.id, row.category) == ("simple_0", "simple_python")


def test_newest_version_of_a_folder_wins_and_must_be_whole(folder):
    write(folder, "multiple", [question()], [answer()], version="v4")
    with pytest.raises(DataError, match="has 1 rows where version 4 has 200"):
        read(str(folder), categories=["multiple"])


@pytest.mark.parametrize(
    ("questions", "answers", "says"),
    [
        ([question()], [answer(7)], "belongs to another row"),
        ([question()], [], "its answer is missing"),
        ([question(question=[QUESTION[0], QUESTION[0]])], [answer()], "row 0 is not as published"),
        ([question(question=[[{"role": "wizard", "content": ""}]])], [answer()], "role 'wizard'"),
        ([question(function=[{"name": "f"}])], [answer()], "KeyError"),
        ([question(function=[DOC | {"description": None}])], [answer()], "without name or description"),
        ([question(function=[DOC | {"parameters": {"required": "days"}}])], [answer()], "required is no list"),
        ([question()], [answer(gold=[{"f": {"x": 1}}])], "alternatives of 'x' are no list"),
        ([question()], [answer(gold=[{"f": {"x": [[{"a": 1}]]}}])], "an object of 'x'"),
        ([question()], [answer(gold=[{"f": {}, "g": {}}])], "not as published"),
    ],
)
def test_rows_that_are_not_as_published(tmp_path, questions, answers, says):
    write(tmp_path, "multiple", questions, answers)
    with pytest.raises(DataError, match=says):
        read(str(tmp_path), categories=["multiple"])


def test_broken_line_is_named(folder):
    path = folder / "BFCL_v3_multiple.json"
    path.write_text(path.read_text(encoding="utf-8") + "{", encoding="utf-8")
    with pytest.raises(DataError, match=r"BFCL_v3_multiple\.json line 3 is no JSON"):
        read(str(folder), categories=["multiple"])


def test_what_is_missing_is_said_with_its_cure(folder, tmp_path, monkeypatch):
    with pytest.raises(DataError, match="category 'multipel' is not one of simple_python"):
        read(str(folder), categories=["multipel"])
    with pytest.raises(DataError, match="is no folder: install bfcl-eval"):
        read(str(tmp_path / "nowhere"))
    with pytest.raises(DataError, match=r"BFCL_v3_parallel\.json is missing"):
        read(str(folder), categories=["parallel"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no file named BFCL_v4"):
        read(str(tmp_path / "empty"))
    monkeypatch.setattr(bfcl_data, "wheel_folder", lambda: None)
    with pytest.raises(DataError, match="bfcl-eval is not installed"):
        read("wheel")


def test_hub_is_asked_for_these_files_alone(folder, monkeypatch):
    asked = []

    def fetch(repository, patterns):
        asked.append((repository, patterns))
        return folder

    monkeypatch.setattr(bfcl_data.hub, "fetch", fetch)
    suite = read("hub", categories=["simple_python", "irrelevance"], revision="abc")
    ((repository, patterns),) = asked
    assert suite.source == repository.name == "gorilla-llm/Berkeley-Function-Calling-Leaderboard"
    assert (repository.kind, repository.revision) == ("dataset", "abc")
    wanted = lambda name: any(fnmatch(name, pattern) for pattern in patterns)  # noqa: E731
    assert wanted("BFCL_v3_simple.json")
    assert wanted("possible_answer/BFCL_v4_simple_python.json")
    assert not wanted("BFCL_v3_live_simple.json")
    assert not wanted("BFCL_v4_multi_turn_base.json")


def test_failed_download_is_explained(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.setenv("HF_ENDPOINT", dead())
    with pytest.raises(HubError, match=r"dataset gorilla-llm/.* can't be downloaded"):
        read("hub")


def test_hub_for_real_on_a_local_server(folder, tmp_path):
    code = (
        "from toolgemma.evaluation.bfcl_data import read\n"
        "print([row.id for row in read('hub', categories=['multiple']).rows])"
    )
    with FakeHub({bfcl_data.REPOSITORY: Repository(folder, kind="dataset")}) as hub:
        environment = os.environ | hub.environment(tmp_path / "cache") | {"HF_ENDPOINT": hub.url}
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, encoding="utf-8", timeout=120
        )
        fetched = {path for _, path, _ in hub.log if "/resolve/" in path}
    assert done.stdout.strip() == "['multiple_0', 'multiple_1']", done.stderr
    assert {path.rpartition("/")[2] for path in fetched} == {"BFCL_v3_multiple.json"}


def test_row_becomes_a_conversation_with_json_schema(folder):
    row = read(str(folder), categories=["multiple"]).rows[1]
    found = conversation(row)
    assert (found.id, found.split, found.row) == ("multiple/1", "multiple", 1)
    assert found.meta == {"source": "bfcl", "bfcl_id": "multiple_1", "query_type": "multiple"}
    (tool,) = found.tools
    assert (tool.name, tool.description) == ("rent.bike", "Rent a bike.")
    assert tool.parameters == {
        "type": "object",
        "properties": {
            "days": {"type": "integer", "description": "How long."},
            "price": {"type": "number", "default": 5.5},
            "at": {"type": "array", "items": {"type": "number"}},
            "options": {"type": "object", "properties": {"lock": {}}},
        },
        "required": ["days"],
    }
    assert DOC["parameters"]["type"] == "dict"  # the doc that is judged by stays as published


def test_a_parameter_named_type_is_no_type_word():
    schema = {"type": "dict", "properties": {"type": {"type": "string"}}}
    assert json_schema(schema)["properties"] == {"type": {"type": "string"}}


def test_gold_calls_take_the_first_alternative_that_is_something(folder):
    row = read(str(folder), categories=["multiple"]).rows[0]
    expected = ToolCall("rent.bike", {"days": 2, "price": 5.5, "options": {"lock": "chain"}})
    assert gold_calls(row) == (expected,)
    assert with_gold(row).messages[-1] == Message("assistant", tool_calls=(expected,))


def test_gold_calls_write_an_empty_string_only_where_one_is_required():
    doc = {"name": "f", "parameters": {"properties": {"a": {}, "b": {}}, "required": ["a"]}}
    gold = ({"f": {"a": [""], "b": [""], "unknown": ["", 1], "demanded": [1]}},)
    row = Row("x_0", "multiple", 0, (), (doc,), gold)
    assert gold_calls(row) == (ToolCall("f", {"a": "", "demanded": 1}),)


def test_offering_finds_rows_by_tool_name(folder):
    rows = read(str(folder), categories=["multiple"]).rows
    assert offering(rows, {"rent.bike", "other"}) == {"multiple_0", "multiple_1"}
    assert offering(rows, {"bike"}) == set()


def test_wheel_has_the_published_rows():
    rows = bfcl_oracle.rows_or_skip()
    assert Counter(row.category for row in rows) == {
        "simple_python": 400,
        "multiple": 200,
        "parallel": 200,
        "parallel_multiple": 200,
        "live_simple": 258,
        "live_multiple": 1053,
        "live_parallel": 16,
        "live_parallel_multiple": 24,
        "irrelevance": 240,
        "live_irrelevance": 884,
        "live_relevance": 16,
    }
    assert sum(bool(row.gold) for row in rows) == 2351
    assert len({row.id for row in rows}) == len(rows)


def test_gold_passes_but_where_the_official_checker_rejects_any_answer():
    rows = [row for row in bfcl_oracle.rows_or_skip() if row.gold]
    kinds = {name: category.kind for name, category in CATEGORIES.items()}
    ours = {row.id for row in rows if not check(kinds[row.category], row.docs, gold_calls(row), row.gold).passed}
    official = bfcl_oracle.load()
    theirs = {row.id for row in rows if official((row.category, row.docs, list(gold_calls(row)), row.gold)) != "ok"}
    assert ours == theirs == UNANSWERABLE


def test_every_row_is_valid_json_schema_and_renders():
    dialect = get_dialect("hermes")
    schemas = {}
    for row in bfcl_oracle.rows_or_skip():
        found = conversation(row)
        schemas |= {canonical_json(tool.parameters): tool.parameters for tool in found.tools}
        assert dialect.render(found, add_generation_prompt=True)[-1].text == "model\n"
    assert len(schemas) > 1000
    assert {schema_error(schema) for schema in schemas.values()} == {None}
