"""Every config that comes with the project loads, and the two named recipes say what the README promises."""

from pathlib import Path

import pytest

import toolgemma
from toolgemma.config import MirrorSection, load_config
from toolgemma.model import cuda
from toolgemma.training import memory

CONFIGS = Path(__file__).parents[1] / "configs"


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.name)
def test_every_config_loads(path):
    load_config(path)


def test_there_are_configs():
    assert {"training_config.yaml", "training_config_optimized.yaml"} <= {path.name for path in CONFIGS.iterdir()}


def test_the_standard_recipe():
    config = load_config(CONFIGS / "training_config.yaml")
    assert (config.training.num_train_epochs, config.training.learning_rate) == (3, 2e-4)
    assert (config.lora.r, config.lora.lora_alpha, config.lora.target_modules) == (16, 32, "all-linear")
    assert config.data_processing.max_seq_length == 4096
    assert config.evaluation.baseline  # every table has the untuned model, unless somebody leaves it out


def test_the_optimized_recipe():
    standard = load_config(CONFIGS / "training_config.yaml")
    config = load_config(CONFIGS / "training_config_optimized.yaml")
    assert config.dataset.max_samples == 1000
    assert config.data_processing.max_seq_length == 1024
    assert (config.training.num_train_epochs, config.training.learning_rate) == (2, 1e-4)
    assert config.training.dataloader_pin_memory is True
    assert config.training.eval_steps > standard.training.eval_steps


def test_the_quickstart_is_the_real_recipe_on_embedded_model_and_rows():
    config = load_config(CONFIGS / "quickstart.yaml")
    real = load_config(CONFIGS / "training_config.yaml")
    package = Path(toolgemma.__file__).parent
    assert config.model.name == str(package / "sample" / "model")
    assert config.dataset.path == str(package / "sample" / "data")
    assert config.dataset.repair == real.dataset.repair
    assert config.data_processing.tool_format == real.data_processing.tool_format
    assert (config.lora.r, config.lora.target_modules) == (real.lora.r, real.lora.target_modules)
    assert config.training.output_dir != real.training.output_dir


PROFILES = ("rtx4090", "gtx1080", "windows", "china")


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_is_the_recipe_on_other_hardware(name):
    """What is learnt from a step stays: rows a step, adapter, rate, dialect, repair."""
    standard, config = (
        load_config(CONFIGS / f"{file}.yaml") for file in ("training_config", f"training_config_{name}")
    )
    assert config.lora == standard.lora and config.dataset == standard.dataset
    assert memory.rows_per_step(config.training) == memory.rows_per_step(standard.training) == 8
    assert config.training.learning_rate == standard.training.learning_rate
    assert config.data_processing.tool_format == standard.data_processing.tool_format


@pytest.mark.parametrize(
    ("name", "gib", "dtype"), [("rtx4090", 24, "bfloat16"), ("gtx1080", 8, "float32"), ("gtx1080", 6.5, "float32")]
)
def test_a_card_profile_fits_its_card(name, gib, dtype):
    """The longest row that the config allows, on the card's memory less what a desktop holds."""
    config = load_config(CONFIGS / f"training_config_{name}.yaml")
    assert (config.model.device, config.model.dtype) == ("cuda", dtype)
    load = memory.Load("cuda", dtype, 1, config.data_processing.max_seq_length)
    choice = memory.choose(memory.GEMMA_3_1B, config, load, int(memory.SHARE * gib * 2**30))
    assert choice.fits, choice
    assert choice.rows * choice.accumulation == 8


def test_the_pascal_profile_asks_for_nothing_that_pascal_lacks():
    config = load_config(CONFIGS / "training_config_gtx1080.yaml")
    assert config.model.quantization == "none" and config.model.attn_implementation == "sdpa"
    assert config.training.optim == "adamw_torch" and config.training.gradient_checkpointing is True
    text = (CONFIGS / "training_config_gtx1080.yaml").read_text(encoding="utf-8")
    assert cuda.INSTALL_LEGACY in text


def test_the_windows_profile_starts_no_processes():
    config = load_config(CONFIGS / "training_config_windows.yaml")
    assert config.training.dataloader_num_workers == 0
    assert cuda.INSTALL in (CONFIGS / "training_config_windows.yaml").read_text(encoding="utf-8")


def test_the_china_profile_prefers_what_is_near():
    endpoints = load_config(CONFIGS / "training_config_china.yaml").mirror.endpoints
    assert next(iter(endpoints)) == "hf-mirror" and endpoints.keys() == MirrorSection().endpoints.keys()
