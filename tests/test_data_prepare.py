"""Prepare: what lands on disk, when it is reused, and that a failure never leaves half of it."""

import json
import shutil
from dataclasses import asdict

import pyarrow as pa
import pytest

from toolgemma.config import Config, load_config
from toolgemma.data import prepare as prepare_module
from toolgemma.data.lint import lint
from toolgemma.data.load import read_file_or_folder
from toolgemma.data.prepare import load_prepared, prepare
from toolgemma.errors import DataError
from traces import CLEAN, call, trace_row

HIDDEN = trace_row(
    "What is 9 plus 1?", call("add", a=9, b=1), "10", "It is 10.", offered=("get_weather",), before="I add."
)
WRONG = trace_row("What is 7 plus 7?", call("add", a=7, b=7), "14", "It is 15.")
SURROGATE = trace_row("Is \ud800 a letter?", call("say", text="a\u2028b 🍕"), "ok", "No: 'é'.", offered=("say",))
TRAIN = [*CLEAN, HIDDEN, WRONG, SURROGATE]


def write_source(folder, **splits):
    folder.mkdir(exist_ok=True)
    for split, rows in splits.items():
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture
def config(tmp_path) -> Config:
    scored = [trace_row("Who wrote Hamlet?", answer="Shakespeare."), HIDDEN | {"query": "x"}]
    scored[1]["trace"] = [
        {"role": t["role"], "content": t["content"].replace("9 plus 1", "8 plus 2")} for t in HIDDEN["trace"]
    ]
    write_source(tmp_path / "source", train=TRAIN, validation=scored[:1], test=scored)
    return configured(tmp_path)


def configured(tmp_path, **more) -> Config:
    keys = {"path": tmp_path / "source", "prepared_dir": tmp_path / "out" / "prepared"} | more
    return load_config(None, [f"dataset.{key}={value}" for key, value in keys.items()])


def everything(rows):
    return [asdict(row) for row in rows]


def test_what_is_written_reads_back_whole(config, tmp_path):
    made = prepare(config)
    assert made.folder == tmp_path / "out" / "prepared"
    assert [row.row for row in made.splits["train"]] == [0, 1, 2, 3, 5]
    loaded = load_prepared(config)
    assert loaded.report == made.report
    assert {name: everything(rows) for name, rows in loaded.splits.items()} == {
        name: everything(rows) for name, rows in made.splits.items()
    }
    for kind in ("jsonl", "arrow"):
        assert everything(read_file_or_folder(str(made.folder / f"train.{kind}"))["train"]) == everything(
            made.splits["train"]
        )
    assert sorted(path.name for path in made.folder.iterdir()) == sorted(
        [f"{split}.{kind}" for split in made.splits for kind in ("arrow", "jsonl")] + ["report.json"]
    )
    first = json.loads((made.folder / "train.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert first["messages"][0]["role"] == "user" and first["tools"][0]["type"] == "function"


def test_the_arrow_files_open_with_the_library_that_everybody_uses(config):
    made = prepare(config)
    with pa.memory_map(str(made.folder / "train.arrow")) as source:
        table = pa.ipc.open_stream(source).read_all()
    assert table.num_rows == 5 and set(table.column_names) == {"id", "messages", "tools", "meta"}


def test_lint_of_the_prepared_folder_has_no_error_in_train(config):
    folder = prepare(config).folder
    found = lint(read_file_or_folder(str(folder)))
    assert not [finding for finding in found if finding.severity == "error" and finding.split == "train"]
    assert [(f.split, f.row) for f in found if f.rule == "tool-not-offered"] == [("test", 1)]


def test_the_report_tells_every_change(config):
    report = prepare(config).report
    assert [(change["row"], change["rule"], change["action"]) for change in report["changes"]] == [
        (3, "tool-not-offered", "mended"),
        (4, "answer-contradicts-result", "dropped"),
    ]
    assert report["rows"]["train"] == {"published": 6, "kept": 5}
    assert report["lint_before"]["tool-not-offered"] == {"train": 1, "test": 1}
    assert report["lint_after"]["tool-not-offered"] == {"test": 1}


def test_nothing_changed_is_reused_and_says_so(config):
    prepare(config)
    lines = []
    prepare(config, progress=lines.append)
    assert len(lines) == 1 and "reusing" in lines[0]


@pytest.mark.parametrize(
    "more",
    [{"repair": "none"}, {"reasoning": "drop"}, {"seed": 1}, {"validation_split": "null"}, {"format": "shawhin"}],
)
def test_a_key_that_matters_makes_it_stale(config, tmp_path, more):
    prepare(config)
    assert load_prepared(configured(tmp_path, **more)) is None


def test_changed_source_files_make_it_stale(config, tmp_path):
    prepare(config)
    assert load_prepared(config) is not None
    write_source(tmp_path / "source", train=TRAIN[:-1])
    assert load_prepared(config) is None
    assert len(prepare(config).splits["train"]) == 4
    write_source(tmp_path / "source", dev=CLEAN[:1])
    assert load_prepared(config) is None


def test_max_samples_is_a_seeded_sample_of_train_alone(config, tmp_path):
    whole = prepare(config)
    some = prepare(configured(tmp_path, max_samples=3))
    assert len(some.splits["train"]) == 3 and len(some.splits["test"]) == 2
    assert [row.row for row in some.splits["train"]] == sorted(row.row for row in some.splits["train"])
    assert all(row in whole.splits["train"] for row in some.splits["train"])
    assert load_prepared(configured(tmp_path, max_samples=3)).splits == some.splits
    assert len(load_prepared(config).splits["train"]) == 5
    assert len(prepare(configured(tmp_path, max_samples=100)).splits["train"]) == 5


def test_reasoning_drop_removes_the_sentence_and_its_raw_text(config, tmp_path):
    kept = prepare(config).splits["train"][3].messages[1]
    assert kept.content == "I add." and "I add." in kept.raw
    dropped = prepare(configured(tmp_path, reasoning="drop")).splits["train"][3].messages[1]
    assert (dropped.content, dropped.raw) == ("", None)
    assert dropped.tool_calls == kept.tool_calls


def test_a_failed_write_leaves_the_old_folder(config, tmp_path, monkeypatch):
    folder = prepare(config).folder
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    write_source(tmp_path / "source", train=TRAIN[:-1])

    def no_space(path, records):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(prepare_module, "_write_arrow", no_space)
    with pytest.raises(DataError, match=r"No space left on device.*free some space"):
        prepare(config)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in folder.parent.iterdir()] == ["prepared"]


def test_a_crash_between_the_two_renames_is_undone(config):
    folder = prepare(config).folder
    folder.rename(folder.with_name(".prepared.old"))
    assert load_prepared(config) is not None
    assert folder.is_dir()


def test_a_damaged_folder_is_an_error_with_a_cure(config):
    folder = prepare(config).folder
    shutil.copy(folder / "validation.arrow", folder / "train.arrow")
    with pytest.raises(DataError, match=r"damaged.*delete it and prepare again"):
        load_prepared(config)


def test_folders_of_others_are_never_replaced(config, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work", encoding="utf-8")
    for folder, message in (("mine", "didn't write"), ("source", "holds the source"), (".", "holds the source")):
        with pytest.raises(DataError, match=message):
            prepare(configured(tmp_path, prepared_dir=tmp_path / folder))
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="is a file"):
        prepare(configured(tmp_path, prepared_dir=tmp_path / "file"))
    assert (tmp_path / "mine" / "thesis.txt").exists()


def test_a_missing_split_names_those_there_are(tmp_path):
    write_source(tmp_path / "source", train=TRAIN)
    with pytest.raises(DataError, match=r"dataset\.validation_split: there is no split 'validation'.*has train.*null"):
        prepare(configured(tmp_path))
    assert not (tmp_path / "out").exists()


def test_train_rows_that_all_go_are_an_error(tmp_path):
    write_source(tmp_path / "source", train=[WRONG])
    with pytest.raises(DataError, match="every row of split train was dropped"):
        prepare(configured(tmp_path, validation_split="null", test_split="null"))


def test_no_prepared_data_is_none(config):
    assert load_prepared(config) is None


def test_real_data(real_data, tmp_path):
    config = load_config(None, [f"dataset.path={real_data}", f"dataset.prepared_dir={tmp_path / 'prepared'}"])
    made = prepare(config)
    assert {split: len(rows) for split, rows in made.splits.items()} == {"train": 465, "validation": 60, "test": 60}
    assert load_prepared(config).splits == made.splits
