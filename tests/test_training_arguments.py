"""Every key of `training` and `lora` arrives where it claims: each is set to a sentinel and looked for there."""

import dataclasses

import pytest
from transformers import TrainingArguments

from toolgemma.config import Config, LoraSection, TrainingSection
from toolgemma.errors import ConfigError
from toolgemma.model.load import lora_config
from toolgemma.training.arguments import training_arguments

# key -> (sentinel, where it arrives: name of the TrainingArguments field, and the value there)
CHECKPOINTING = next(
    name
    for name in ("activation_checkpointing", "gradient_checkpointing")
    if name in {field.name for field in dataclasses.fields(TrainingArguments)}
)
ARRIVE = {
    "output_dir": ("elsewhere", "output_dir", "elsewhere"),
    "num_train_epochs": (7.5, "num_train_epochs", 7.5),
    "max_steps": (13, "max_steps", 13),
    "learning_rate": (3.25e-5, "learning_rate", 3.25e-5),
    "lr_scheduler_type": ("constant_with_warmup", "lr_scheduler_type", "constant_with_warmup"),
    "warmup_ratio": (0.125, "warmup_steps", 0.125),
    "per_device_train_batch_size": (3, "per_device_train_batch_size", 3 * 8),
    "per_device_eval_batch_size": (5, "per_device_eval_batch_size", 5),
    "gradient_accumulation_steps": (11, "per_device_train_batch_size", 11),
    "optim": ("adafactor", "optim", "adafactor"),
    "weight_decay": (0.0625, "weight_decay", 0.0625),
    "max_grad_norm": (0.75, "max_grad_norm", 0.75),
    "gradient_checkpointing": (True, CHECKPOINTING, True),
    "logging_steps": (17, "logging_steps", 17),
    "eval_steps": (19, "eval_steps", 19),
    "save_steps": (38, "save_steps", 38),
    "dataloader_num_workers": (2, "dataloader_num_workers", 2),
    "seed": (23, "seed", 23),
    "run_name": ("a name", "run_name", "a name"),
}
# Read by toolgemma itself, and tested where: test_training_run (limit, push), _best, _packing and below.
OURS = {
    "save_total_limit", "push_to_hub", "hub_model_id", "report_to", "dataloader_pin_memory", "metric_for_best_model",
    "early_stopping_patience", "packing", "max_tokens_per_forward",
}  # fmt: skip


def arguments(device="cpu", validated=True, **training):
    config = Config(training=TrainingSection(**training))
    return training_arguments(config, device=device, validated=validated)


def test_the_table_knows_every_key():
    assert ARRIVE.keys() | OURS == TrainingSection.model_fields.keys()


@pytest.mark.parametrize("key", ARRIVE)
def test_training_key_arrives(key):
    sentinel, field, expected = ARRIVE[key]
    assert TrainingSection.model_fields[key].default != sentinel
    assert getattr(arguments(**{key: sentinel}), field) == expected


@pytest.mark.parametrize(
    ("key", "sentinel"),
    [
        ("r", 5),
        ("lora_alpha", 12.5),
        ("lora_dropout", 0.375),
        ("bias", "lora_only"),
        ("target_modules", "all-linear"),
        ("use_rslora", True),
        ("use_dora", True),
    ],
)
def test_lora_key_arrives(key, sentinel):
    assert getattr(lora_config(LoraSection(**{key: sentinel})), key) == sentinel


def test_the_lora_table_knows_every_key():
    assert set(LoraSection.model_fields) == {
        "r", "lora_alpha", "lora_dropout", "bias", "target_modules", "use_rslora", "use_dora"
    }  # fmt: skip


def test_target_modules_arrive_as_a_list():
    assert lora_config(LoraSection(target_modules=["q_proj"])).target_modules == {"q_proj"}


def test_warmup_ratio_is_a_share_of_all_steps():
    assert arguments(warmup_ratio=0.125).get_warmup_steps(200) == 25
    assert arguments(warmup_ratio=0).get_warmup_steps(200) == 0


def test_memory_is_pinned_for_cuda_only():
    assert not arguments(dataloader_pin_memory=True).dataloader_pin_memory
    assert arguments(device="cuda", dataloader_pin_memory=True).dataloader_pin_memory
    assert not arguments(device="cuda", dataloader_pin_memory=False).dataloader_pin_memory


def test_trainer_evaluates_where_it_can_and_leaves_the_best_model_to_us():
    assert arguments().eval_strategy == "steps" and arguments(validated=False).eval_strategy == "no"
    assert arguments(metric_for_best_model="exact_match").metric_for_best_model is None


def test_no_autocast_no_second_device_no_filtered_nan():
    given = arguments()
    assert not (given.bf16 or given.fp16 or given.logging_nan_inf_filter or given.load_best_model_at_end)
    assert given.n_gpu <= 1 and given.save_total_limit is None
    assert given.report_to == []


@pytest.mark.parametrize("name", ["adamw_fast", "adamw_8bit"])
def test_optimizer_that_cannot_be_had_is_named(name, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "bitsandbytes", None)  # as where it isn't installed
    with pytest.raises(ConfigError, match=rf"training.optim: '{name}'"):
        arguments(optim=name)


def test_tracker_that_is_not_installed_names_the_extra(monkeypatch):
    monkeypatch.setattr("toolgemma.training.arguments.importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"training.report_to: wandb is not installed.*--extra track"):
        arguments(report_to=["wandb"])


def test_tracker_that_is_installed_arrives(monkeypatch):
    monkeypatch.setattr("toolgemma.training.arguments.importlib.util.find_spec", lambda name: object())
    assert arguments(report_to=["tensorboard"]).report_to == ["tensorboard"]
