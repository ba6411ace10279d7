"""Documents are executed: every command in them exists with its flags, every file they name is there, twins agree.

`python tests/test_docs.py` rewrites docs/config.md from the config's own descriptions.
"""

import json
import re
import shlex
from pathlib import Path

import pytest

from toolgemma.config import Config

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)#\s]+)")
EXAMPLE_PATHS = ("my-data", "outputs", "lint.json", "./outputs", "results.json")


def commands(path: Path) -> list[str]:
    """Every command line of a document's shell blocks, comments and prompts removed, continued lines joined."""
    found = []
    for language, text in BLOCK.findall(path.read_text(encoding="utf-8")):
        if language in ("bash", "sh", "shell"):
            lines = text.replace("\\\n", " ").splitlines()
            found += [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]
    return found


def toolgemma_arguments(command: str) -> list[str] | None:
    """The arguments that a documented command hands to the command line, or None if it runs something else."""
    words = shlex.split(command, comments=True)
    if words[:2] == ["uv", "run"]:
        words = words[2:]
    if words[:1] == ["--no-sync"]:
        words = words[1:]
    if words[:1] == ["toolgemma"]:
        return words[1:]
    if words[:1] == ["python"] and len(words) > 1 and words[1].startswith("scripts/"):
        script = ROOT / words[1]
        assert script.is_file(), f"{command}: no {words[1]}"
        name = re.search(r'main\("(\w+)"\)', script.read_text(encoding="utf-8"))
        assert name, f"{words[1]} names no command"
        return [name[1], *words[2:]]
    return None


DOCUMENTED = [(path, command) for path in DOCUMENTS for command in commands(path)]


@pytest.mark.parametrize(("path", "command"), DOCUMENTED, ids=lambda value: getattr(value, "name", value))
def test_every_documented_command_resolves(path, command):
    from typer.main import get_command

    from toolgemma.cli import app

    arguments = toolgemma_arguments(command)
    if arguments is None:
        assert shlex.split(command)[0] in (
            "uv",
            "git",
            "cd",
            "export",
            "bash",
            "vllm",
            "python",
            "llama-server",
            "ollama",
        )
        return
    group = get_command(app)
    if not arguments or arguments[0] == "--help":
        return
    assert arguments[0] in group.commands, f"{path.name}: no command {arguments[0]}"
    known = {flag for parameter in group.commands[arguments[0]].params for flag in parameter.opts} | {"--help"}
    for word in arguments[1:]:
        if word.startswith("--"):
            assert word.partition("=")[0] in known, f"{path.name}: {arguments[0]} has no flag {word}"
        if word.endswith(".yaml"):
            assert (ROOT / word).is_file(), f"{path.name}: no file {word}"


def test_the_five_commands_stand_in_both_readmes():
    for name in ("README.md", "README.zh-CN.md"):
        found = commands(ROOT / name)
        for command in (
            "uv sync",
            "uv run python scripts/prepare_data.py",
            "uv run python scripts/train.py --config configs/training_config_optimized.yaml",
            "uv run python scripts/evaluate.py --model_path ./outputs --max_samples 100",
            "uv run pytest tests/ -v",
        ):
            assert any(line.partition("  #")[0].strip() == command for line in found), f"{name} lacks {command}"


def test_the_chinese_readme_is_a_twin():
    def shape(name: str) -> tuple[list[str], list[str]]:
        text = (ROOT / name).read_text(encoding="utf-8")
        return [line.partition("  #")[0] for line in commands(ROOT / name)], re.findall(
            r"^#+ ", BLOCK.sub("", text), re.M
        )

    assert shape("README.md") == shape("README.zh-CN.md")


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(path):
    for target in LINK.findall(path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), f"{path.name} links to {target}"


def test_the_config_reference_is_up_to_date():
    assert (ROOT / "docs" / "config.md").read_text(encoding="utf-8") == config_reference()


def config_reference() -> str:
    """docs/config.md: one table a section, from the field descriptions."""
    lines = [
        "# Config keys",
        "",
        "Written by `python tests/test_docs.py` from `src/toolgemma/config.py`. Override any key on the",
        "command line with `--set section.key=value`. An unknown key is an error that names the nearest known one.",
    ]
    for section, info in Config.model_fields.items():
        lines += ["", f"## {section}", "", "| key | default | meaning |", "|---|---|---|"]
        for key, field in info.annotation.model_fields.items():  # type: ignore[union-attr]
            default = json.dumps(field.get_default(call_default_factory=True))
            lines.append(f"| `{section}.{key}` | `{default}` | {field.description.replace('|', chr(92) + '|')} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    (ROOT / "docs" / "config.md").write_text(config_reference(), encoding="utf-8")
