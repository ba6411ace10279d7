"""Every config that comes with the project loads, and the two named recipes say what the README promises."""

from pathlib import Path

import pytest

import toolgemma
from toolgemma.config import load_config

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
