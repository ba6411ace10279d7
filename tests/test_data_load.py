"""Loading: which file is which split, Arrow's nulls, bad input, and the Hub through its real client."""

import json
import os
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fake_hub import FakeHub, Repository
from toolgemma.config import DatasetSection
from toolgemma.data.files import find_splits
from toolgemma.data.load import read, read_file_or_folder, source_files
from toolgemma.errors import DataError
from traces import CLEAN


def write_parquet(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), path)


def write_jsonl(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


@pytest.mark.parametrize(
    ("names", "splits"),
    [
        (["train.parquet", "validation.parquet", "test.parquet"], ["train", "validation", "test"]),
        (["data/test-00000-of-00001.parquet", "data/train-00000-of-00001-abc.parquet"], ["train", "test"]),
        (["dev.jsonl", "train.jsonl", "report.json", "notes.json"], ["train", "validation"]),
        (["train/data-00000-of-00001.arrow", "val/data-00000-of-00001.arrow"], ["train", "validation"]),
        (["train.arrow", "train.jsonl"], ["train"]),
        (["my_rows.jsonl"], ["train"]),
        (["my_rows.json", "state.json", "report.json"], ["train"]),
        (["data-00000-of-00002.arrow", "data-00001-of-00002.arrow"], ["train"]),
        ([".train.parquet", "rows.parquet"], ["train"]),
    ],
)
def test_splits_of_a_folder(tmp_path, names, splits):
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = find_splits(tmp_path)
    assert list(found) == splits
    assert len({file.suffix for files in found.values() for file in files}) == 1


def test_shards_are_read_in_order(tmp_path):
    for shard in (1, 0):
        write_jsonl(tmp_path / f"train-0000{shard}-of-00002.jsonl", [CLEAN[shard]])
    read_back = read_file_or_folder(str(tmp_path))["train"]
    assert [row.messages[0].content for row in read_back] == ["What is 2 plus 3?", "How warm is Paris?"]
    assert [row.id for row in read_back] == ["train/0", "train/1"]


@pytest.mark.parametrize("suffix", ["parquet", "stream.arrow", "file.arrow", "jsonl", "json", "lines.json"])
def test_every_kind_of_file_gives_the_same_rows(tmp_path, suffix):
    path = tmp_path / f"train.{suffix}"
    table = pa.Table.from_pylist(CLEAN)
    if suffix == "parquet":
        write_parquet(path, CLEAN)
    elif suffix.endswith("arrow"):
        with pa.ipc.new_file(path, table.schema) if "file" in suffix else pa.ipc.new_stream(path, table.schema) as out:
            out.write_table(table)
    elif suffix == "json":
        path.write_text(json.dumps(CLEAN), encoding="utf-8-sig")
    else:
        write_jsonl(path, CLEAN)
    expected = ["What is 2 plus 3?", "How warm is Paris?", "Why is the sky blue?"]
    assert [row.messages[0].content for row in read_file_or_folder(str(path))["train"]] == expected


def test_arrow_nulls_never_become_arguments(tmp_path):
    rows = [
        {
            "messages": [
                {"role": "user", "content": "?"},
                {"role": "assistant", "tool_calls": [{"function": {"name": name, "arguments": arguments}}]},
            ],
            "tools": [{"name": name, "parameters": {"properties": {key: {"type": "integer"} for key in arguments}}}],
        }
        for name, arguments in (("f", {"x": 1}), ("g", {"y": 2}), ("h", {}))
    ]
    write_parquet(tmp_path / "train.parquet", rows)
    filled = pq.read_table(tmp_path / "train.parquet").to_pylist()[0]["messages"][1]["tool_calls"][0]["function"]
    assert filled["arguments"] == {"x": 1, "y": None}, "Arrow no longer fills: this test tests nothing"
    read_back = read(DatasetSection(path=str(tmp_path)))["train"]
    assert [dict(row.calls[0].arguments) for row in read_back] == [{"x": 1}, {"y": 2}, {}]
    assert [list(row.tools[0].parameters["properties"]) for row in read_back] == [["x"], ["y"], []]


def test_bad_files_say_what_and_where(tmp_path):
    def message(name, content=None):
        path = tmp_path / name
        if content is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        with pytest.raises(DataError) as error:
            read(DatasetSection(path=str(path)))
        return str(error.value)

    assert "missing.parquet not found" in message("missing.parquet")
    assert "no data file" in message("notes.txt", b"hello")
    assert "can't be read as parquet" in message("a.parquet", b"version https://git-lfs.github.com/spec/v1\n")
    assert "can't be read as arrow" in message("a.arrow", b"PAR1")
    assert "a.jsonl, line 3: not JSON" in message("a.jsonl", b'{"a": 1}\n\n{"a": \n')
    assert "b.jsonl, line 1: a list" in message("b.jsonl", b"[1]\n")
    assert "must hold a list" in message("a.json", b'{"rows": []}')
    assert "can't be read as jsonl" in message("c.jsonl", b'{"a": "\xff"}\n')
    assert "split train is empty" in message("empty.jsonl", b"")
    (tmp_path / "folder").mkdir()
    assert "holds no data file" in message("folder")
    write_jsonl(tmp_path / "two" / "a.jsonl", CLEAN)
    write_jsonl(tmp_path / "two" / "b.jsonl", CLEAN)
    assert "none names its split (a, b)" in message("two")


def test_a_deeply_nested_line_is_an_error_not_a_crash(tmp_path):
    (tmp_path / "a.jsonl").write_text("[" * 200_000, encoding="utf-8")
    with pytest.raises(DataError, match="line 1: not JSON"):
        read(DatasetSection(path=str(tmp_path)))


def test_what_looks_like_a_path_never_reaches_the_hub(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for data in ("./no-such-folder", "no/such/folder", "owner/name.parquet", "/no-such-folder"):
        with pytest.raises(DataError, match="not found"):
            read_file_or_folder(data)


def test_source_files(tmp_path):
    write_jsonl(tmp_path / "test.jsonl", CLEAN)
    write_jsonl(tmp_path / "train.jsonl", CLEAN)
    assert source_files(DatasetSection(path=str(tmp_path))) == [tmp_path / "train.jsonl", tmp_path / "test.jsonl"]
    assert source_files(DatasetSection()) == []


def test_hub(tmp_path):
    """The real client, against a server on this machine: a download, then a repository that isn't there."""
    write_parquet(tmp_path / "repository" / "data" / "train-00000-of-00001.parquet", CLEAN)
    write_parquet(tmp_path / "repository" / "data" / "test-00000-of-00001.parquet", CLEAN[:1])
    code = (
        "from toolgemma.data.load import read_file_or_folder\n"
        "from toolgemma.errors import HubError\n"
        "splits = read_file_or_folder('owner/rows')\n"
        "print({split: len(rows) for split, rows in splits.items()}, splits['train'][1].calls[0].arguments)\n"
        "try:\n    read_file_or_folder('owner/none')\n"
        "except HubError as error:\n    print(error)\n"
    )
    with FakeHub({"owner/rows": Repository(tmp_path / "repository", kind="dataset")}) as hub:
        environment = os.environ | hub.environment(tmp_path / "cache") | {"HF_ENDPOINT": hub.url}
        environment.pop("HF_HUB_OFFLINE", None)
        result = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8", env=environment, timeout=120
        )
    lines = result.stdout.splitlines()
    assert lines[0] == "{'train': 3, 'test': 1} {'city': 'Paris'}", result.stderr[-2000:]
    assert lines[1].startswith("dataset owner/none was not found on the Hub")


def test_rows_know_their_file_where_a_split_has_several_by_name(tmp_path):
    for name, row in (("test_unseen", 1), ("test_seen", 0), ("train-00000-of-00002", 0), ("train-00001-of-00002", 1)):
        write_jsonl(tmp_path / f"{name}.jsonl", [CLEAN[row]])
    for name in ("validation/0000.jsonl", "validation/0001.jsonl"):
        write_jsonl(tmp_path / name, [CLEAN[0]])
    splits = read_file_or_folder(str(tmp_path))
    files = {split: [row.meta.get("source_file") for row in rows] for split, rows in splits.items()}
    assert files == {"train": [None, None], "validation": [None, None], "test": ["test_seen", "test_unseen"]}


def test_embedded_is_a_dataset():
    splits = read_file_or_folder("embedded")
    assert {name: len(rows) for name, rows in splits.items()} == {"train": 2880, "validation": 100, "test": 180}
    assert {row.meta["source_file"] for row in splits["test"]} == {"test_seen", "test_unseen"}
