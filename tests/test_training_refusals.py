"""What a run refuses: one message with its cure, and nothing half-written."""

import shutil

import pytest

from toolgemma.errors import CheckpointError, ConfigError, DataError
from training_runs import make_config, run


def test_checkpoints_of_others_are_left_alone(tiny_model, tmp_path):
    foreign = tmp_path / "outputs" / "checkpoint-500"
    foreign.mkdir(parents=True)
    (foreign / "pytorch_model.bin").write_bytes(b"precious")
    with pytest.raises(CheckpointError, match="toolgemma didn't write"):
        run(make_config(tiny_model, tmp_path / "outputs"), resume=True)
    assert (foreign / "pytorch_model.bin").read_bytes() == b"precious"


def test_no_rows_is_an_error_before_anything_is_written(tiny_model, tmp_path):
    with pytest.raises(DataError, match="no row is left"):
        run(make_config(tiny_model, tmp_path / "outputs"), rows=0)
    assert not (tmp_path / "outputs").exists()


def test_wrong_settings_leave_nothing_behind(tiny_model, tmp_path):
    for override, error in [("training.optim=adamw_fast", ConfigError), ("lora.target_modules=[q_prj]", ConfigError)]:
        with pytest.raises(error):
            run(make_config(tiny_model, tmp_path / "outputs", override))
        assert not (tmp_path / "outputs").exists(), override


def test_full_disk_is_named_before_training(tiny_model, tmp_path, monkeypatch):
    full = shutil._ntuple_diskusage(100, 99, 1)
    monkeypatch.setattr("toolgemma.training.checkpoint.shutil.disk_usage", lambda path: full)
    with pytest.raises(CheckpointError, match=r"no space for a checkpoint.*--output_dir"):
        run(make_config(tiny_model, tmp_path / "outputs"))
    assert not (tmp_path / "outputs").exists()


def test_disk_that_fills_while_saving_is_one_message(tiny_model, tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise RuntimeError("[enforce fail at inline_container.cc] . PytorchStreamWriter failed writing file data/3")

    monkeypatch.setattr("transformers.trainer.torch.save", refuse)
    with pytest.raises(CheckpointError, match=r"can't write to .*--resume"):
        run(make_config(tiny_model, tmp_path / "outputs"))
