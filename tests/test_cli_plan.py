"""`toolgemma plan` as a user runs it: nothing is downloaded, no torch is needed with --gpu."""

import json

import pytest

from test_cli import ROOT, run_main

GTX_1080 = ROOT / "configs" / "training_config_gtx1080.yaml"
RTX_4090 = ROOT / "configs" / "training_config_rtx4090.yaml"


@pytest.fixture(autouse=True)
def empty_home(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))


def test_what_fits_is_marked_and_can_be_copied(capsys):
    assert run_main("plan", "--config", RTX_4090, "--gpu", "24GiB") == 0
    printed = capsys.readouterr().out
    assert printed.count("<- taken") == 1 and "base weights" in printed
    assert "--set training.per_device_train_batch_size=1 --set training.gradient_accumulation_steps=8" in printed


def test_a_larger_gpu_takes_more_rows_at_a_time(capsys):
    assert run_main("plan", "--config", RTX_4090, "--gpu", "80GB", "--tokens", 1024) == 0
    assert "--set training.per_device_train_batch_size=8" in capsys.readouterr().out


def test_nothing_fits(capsys):
    assert run_main("plan", "--config", GTX_1080, "--gpu", "4GiB") == 1
    printed = capsys.readouterr().out
    assert "Nothing that this config allows fits" in printed and "taken" not in printed


def test_the_shape_comes_from_the_models_own_config(tiny_model, capsys):
    assert run_main("plan", "--config", RTX_4090, "--gpu", "24GiB", "--set", f"model.name={tiny_model}") == 0
    assert "--set training.per_device_train_batch_size=8" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--gpu", "lots"], "write it as 8GiB"),
        (["--gpu", "8 parsecs"], "write it as 8GiB"),
        (["--gpu", "8GiB", "--set", "model.name=google/gemma-3-270m"], "the shape of google/gemma-3-270m is not known"),
        (["--gpu", "8GiB", "--set", "training.gradient_checkpointing=maybe"], "give true or false, or auto"),
        (["--gpu", "8GiB", "--set", "training.per_device_train_batch_size=0"], "give a number of 1 or more, or auto"),
    ],
)
def test_bad_input_is_named(capsys, arguments, expected):
    assert run_main("plan", *arguments) == 2
    assert expected in " ".join(capsys.readouterr().err.split())


def test_the_config_keeps_auto(tmp_path):
    from toolgemma.config import dump_config, load_config

    config = load_config(RTX_4090)
    (tmp_path / "config.yaml").write_text(dump_config(config), encoding="utf-8")
    assert load_config(tmp_path / "config.yaml") == config
    assert json.loads(config.model_dump_json())["training"]["per_device_train_batch_size"] == "auto"
