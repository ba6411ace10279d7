"""Shared fixtures: where the real dataset is, a small model folder."""

import os
from pathlib import Path

import pytest

REAL_DATA = "TOOLGEMMA_REAL_DATA"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder with the three parquet files of shawhin/tool-use-finetuning."""
    beside = Path(__file__).parents[2] / "shared" / "data" / "tool-use-finetuning"
    folder = Path(os.environ.get(REAL_DATA, beside))
    if not (folder / "train.parquet").is_file():
        pytest.skip(
            f"needs the real dataset: set {REAL_DATA} to a folder with train.parquet, validation.parquet and "
            "test.parquet of shawhin/tool-use-finetuning"
        )
    return folder


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a two-layer Gemma 3 with random weights; shared, don't write into it."""
    from tiny import make_model_folder

    return make_model_folder(tmp_path_factory.mktemp("tiny-model"))
