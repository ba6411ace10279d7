"""Sealing, rotating, cleaning and setting aside, on folders made by hand."""

import pytest

from toolgemma import rundir
from toolgemma.errors import CheckpointError
from toolgemma.tokens.encode import Encoded, hash_rows
from toolgemma.training import checkpoint


def make(run, step, complete=True):
    folder = run / f"checkpoint-{step}"
    folder.mkdir(parents=True)
    (folder / "weights").write_bytes(bytes(step))
    if complete:
        checkpoint.seal(folder, {"step": step})
    return folder


def names(run):
    return sorted(path.name for path in run.iterdir())


@pytest.mark.parametrize(
    ("limit", "best", "left"),
    [
        (2, 10, ["checkpoint-10", "checkpoint-30", "checkpoint-40"]),
        (2, 40, ["checkpoint-20", "checkpoint-30", "checkpoint-40"]),
        (1, 40, ["checkpoint-30", "checkpoint-40"]),
        (1, None, ["checkpoint-40"]),
        (None, 10, ["checkpoint-10", "checkpoint-20", "checkpoint-30", "checkpoint-40"]),
    ],
)
def test_rotation_keeps_the_newest_and_the_best(tmp_path, limit, best, left):
    for step in (10, 20, 30, 40):
        make(tmp_path, step)
    checkpoint.rotate(tmp_path, limit, best)
    assert names(tmp_path) == left


def test_a_torn_checkpoint_takes_no_place_in_the_limit(tmp_path):
    make(tmp_path, 10)
    make(tmp_path, 20, complete=False)
    checkpoint.rotate(tmp_path, 1, None)
    assert rundir.newest_complete(tmp_path) == tmp_path / "checkpoint-10"


def test_removal_that_is_killed_half_way_leaves_nothing_complete(tmp_path, monkeypatch):
    folder = make(tmp_path, 10)
    monkeypatch.setattr(checkpoint.shutil, "rmtree", lambda path: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        checkpoint.remove(folder)
    assert (folder / "weights").exists() and not rundir.is_complete(folder)


def test_clean_takes_remains_and_leaves_the_rest(tmp_path):
    make(tmp_path, 10)
    make(tmp_path, 20, complete=False)
    (tmp_path / f"{checkpoint.SAVING}checkpoint-final").mkdir()
    for name in (".config.yaml.77", "notes.txt", ".hidden"):
        (tmp_path / name).write_text("", encoding="utf-8")
    checkpoint.clean(tmp_path)
    assert names(tmp_path) == [".hidden", "checkpoint-10", "notes.txt"]


def test_setting_aside_goes_on_where_a_kill_stopped_it(tmp_path):
    run = tmp_path / "outputs"
    make(run, 10)
    (run / rundir.FINAL).mkdir()
    checkpoint.seal(run / rundir.FINAL, {"step": 10})
    for name in (rundir.CONFIG, rundir.METRICS):
        (run / name).write_text("x", encoding="utf-8")
    killed = run / checkpoint.PREVIOUS / "1"
    killed.mkdir(parents=True)
    (run / "checkpoint-10").rename(killed / "checkpoint-10")
    assert checkpoint.look(run, resume=False) == run / rundir.FINAL
    assert checkpoint.set_aside(run) == killed
    assert names(killed) == ["checkpoint-10", rundir.FINAL, rundir.CONFIG, rundir.METRICS]
    assert names(run) == [checkpoint.PREVIOUS]
    (run / rundir.FINAL).mkdir()
    assert checkpoint.set_aside(run) == run / checkpoint.PREVIOUS / "2"


def test_output_dir_that_is_a_file(tmp_path):
    (tmp_path / "outputs").write_text("", encoding="utf-8")
    with pytest.raises(CheckpointError, match="is a file"):
        checkpoint.look(tmp_path / "outputs", resume=False)


def test_rows_are_told_apart_by_every_token():
    row = Encoded((2, 7, 8), (-100, 7, 8), (-1, 0, 0))
    changed = [
        Encoded((2, 7, 9), row.labels, row.parts),
        Encoded(row.ids, (-100, -100, 8), row.parts),
        Encoded(row.ids, row.labels, (-1, 1, 0)),
    ]
    hashes = {hash_rows(rows) for rows in ([row], [row, row], *([other] for other in changed))}
    assert len(hashes) == 5
    assert hash_rows([row]) == hash_rows([Encoded(row.ids, row.labels, row.parts, "other id")])


def test_different_maths_are_listed_and_hashes_are_short(tmp_path):
    checkpoint.check_same_maths({"a": 1}, {"a": 1}, tmp_path)
    with pytest.raises(CheckpointError) as error:
        checkpoint.check_same_maths({"a": 1, "rows": "0" * 64}, {"a": 2, "rows": "1" * 64, "new": True}, tmp_path)
    text = str(error.value)
    assert "a: 1 there, 2 now" in text and "new: None there, True now" in text
    assert "rows: 000000000000... there, 111111111111... now" in text
