"""Run directories: atomic files, sealed checkpoints, and which one is chosen."""

import errno
import json

import pytest

from toolgemma import rundir
from toolgemma.errors import CheckpointError


def checkpoint(run, name, sealed=True):
    folder = run / name
    folder.mkdir(parents=True)
    (folder / "adapter_model.safetensors").write_bytes(b"weights")
    if sealed:
        rundir.seal(folder, {"step": 1})
    return folder


def test_write_text_replaces_the_whole_file_and_leaves_nothing_beside_it(tmp_path):
    path = tmp_path / "deep" / "file.txt"
    rundir.write_text(path, "old")
    rundir.write_text(path, "neu é 北京\n")
    assert path.read_bytes() == "neu é 北京\n".encode()
    assert [entry.name for entry in path.parent.iterdir()] == ["file.txt"]


def test_a_failed_write_keeps_the_old_file(tmp_path, monkeypatch):
    def no_space(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "file.txt"
    rundir.write_text(path, "old")
    monkeypatch.setattr(rundir.os, "fsync", no_space)
    with pytest.raises(CheckpointError, match="No space left"):
        rundir.write_text(path, "new")
    assert path.read_text(encoding="utf-8") == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file.txt"]


def test_json_with_a_lone_surrogate_reads_back(tmp_path):
    rundir.write_json(tmp_path / "x.json", "\ud800")
    assert json.loads((tmp_path / "x.json").read_text(encoding="utf-8")) == "\ud800"


def test_a_place_that_cannot_be_written_is_the_users_error(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(CheckpointError, match="can't write"):
        rundir.write_text(tmp_path / "file" / "below.txt", "x")


def test_seal_records_every_file_with_size_and_hash(tmp_path):
    folder = checkpoint(tmp_path, "checkpoint-1")
    manifest = rundir.read_manifest(folder)
    assert manifest["step"] == 1
    assert manifest["files"] == {
        "adapter_model.safetensors": {
            "bytes": 7,
            # printf weights | sha256sum
            "sha256": "9a129038d9a00aed0cf6a7ea059ca50a813449061ab87848cf1a13eafdf33b2c",
        }
    }


def test_torn_checkpoints_are_never_chosen(tmp_path):
    good = checkpoint(tmp_path, "checkpoint-9")
    checkpoint(tmp_path, "checkpoint-10", sealed=False)
    (checkpoint(tmp_path, "checkpoint-11") / "adapter_model.safetensors").write_bytes(b"weig")
    (checkpoint(tmp_path, "checkpoint-12") / rundir.MANIFEST).write_text('{"files"', encoding="utf-8")
    (checkpoint(tmp_path, "checkpoint-13") / "adapter_model.safetensors").unlink()
    (checkpoint(tmp_path, "checkpoint-14") / rundir.MANIFEST).write_text("[]", encoding="utf-8")
    assert [path.name for path in rundir.step_checkpoints(tmp_path)][:2] == ["checkpoint-9", "checkpoint-10"]
    assert rundir.newest_complete(tmp_path) == good
    assert rundir.resolve_checkpoint(tmp_path) == good


def test_resolve_prefers_the_final_then_the_newest(tmp_path):
    early, late = checkpoint(tmp_path, "checkpoint-9"), checkpoint(tmp_path, "checkpoint-10")
    assert rundir.resolve_checkpoint(tmp_path) == late
    final = checkpoint(tmp_path, rundir.FINAL)
    assert rundir.resolve_checkpoint(tmp_path) == final
    assert rundir.resolve_checkpoint(early) == early


@pytest.mark.parametrize("name", ["nowhere", "empty", "checkpoint-3"])
def test_nothing_complete_is_an_error_with_a_cure(tmp_path, name):
    (tmp_path / "empty").mkdir()
    checkpoint(tmp_path, "checkpoint-3", sealed=False)
    with pytest.raises(CheckpointError, match=r"train first|not a complete"):
        rundir.resolve_checkpoint(tmp_path / name)


def test_no_run_has_no_checkpoints(tmp_path):
    assert rundir.step_checkpoints(tmp_path / "nowhere") == []
    assert rundir.newest_complete(tmp_path / "nowhere") is None


def test_write_json_is_readable(tmp_path):
    rundir.write_json(tmp_path / "x.json", {"a": "é"})
    assert json.loads((tmp_path / "x.json").read_text(encoding="utf-8")) == {"a": "é"}
