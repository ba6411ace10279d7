"""The wheel holds everything that the package reads at run time: templates, sample data and model, the quickstart."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "toolgemma"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8")
    assert result.returncode == 0, result.stdout + result.stderr
    (made,) = folder.glob("*.whl")
    return made


def test_every_file_of_the_package_is_in_the_wheel(wheel):
    expected = {
        path.relative_to(PACKAGE.parent).as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert packed == expected | {"toolgemma/sample/quickstart.yaml"}
    assert "toolgemma/format/hermes.jinja" in packed
    assert "toolgemma/sample/data/train.parquet" in packed


def test_the_unpacked_wheel_finds_its_own_files(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path)
    code = (
        "import toolgemma; print(toolgemma.__file__)\n"
        "from toolgemma.cli.run import quickstart_config; print(quickstart_config())\n"
        "from toolgemma.config import load_config; config = load_config(quickstart_config())\n"
        "print(config.model.name)\n"
        "from toolgemma.data.load import read; assert len(read(config.dataset)['train']) == 2880\n"
        "from toolgemma.format import get_dialect; assert get_dialect('hermes').CHAT_TEMPLATE\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert result.returncode == 0, result.stderr
    found = [Path(line).resolve() for line in result.stdout.splitlines()]
    assert len(found) == 3
    assert all(path.is_relative_to(tmp_path.resolve()) for path in found)
