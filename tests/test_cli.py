"""The commands as a user runs them: what they print, what they leave behind, and what bad input gets."""

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import little_data
from fake_hub import FakeHub, Repository
from tiny import make_model_folder
from toolgemma import cli, rundir

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def place(tmp_path_factory, tiny_model) -> Path:
    """A folder with `data`, a config, and a finished run in `outputs`."""
    folder = tmp_path_factory.mktemp("cli")
    little_data.write(folder / "data")
    config = {
        "model": {"name": str(tiny_model), "dtype": "float32", "device": "cpu"},
        "dataset": {"path": str(folder / "data"), "prepared_dir": str(folder / "prepared")},
        "training": {
            "output_dir": str(folder / "outputs"),
            "num_train_epochs": 1,
            "gradient_accumulation_steps": 4,
            "logging_steps": 1,
            "eval_steps": 2,
            "save_steps": 2,
        },
        "evaluation": {"max_new_tokens": 8, "baseline": False},
    }
    (folder / "config.yaml").write_text(json.dumps(config), encoding="utf-8")
    code = run_main("train", "--config", folder / "config.yaml")
    assert code == 0
    return folder


def run_main(*arguments: object) -> int:
    """The command line in this process; its exit code."""
    before = sys.argv, os.environ.copy()
    sys.argv = ["toolgemma", *map(str, arguments)]
    try:
        cli.main()
    except SystemExit as stop:
        return int(stop.code or 0)
    finally:
        sys.argv = before[0]
        os.environ.clear()
        os.environ.update(before[1])
    return 0


def fails(capsys, *arguments: object) -> str:
    """The one error that a command ends with; it must exit with 2 and show no traceback."""
    assert run_main(*arguments) == 2
    found = capsys.readouterr().err
    assert "error: " in found
    assert "Traceback" not in found
    return " ".join(found.split())


def test_help_loads_nothing_heavy():
    code = (
        "import sys; sys.argv = ['toolgemma', '--help']\nfrom toolgemma.cli import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print([name for name in ('torch', 'transformers', 'datasets', 'pyarrow', 'pydantic') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8")
    assert result.stdout.strip().endswith("[]"), result.stdout + result.stderr
    for command in ("prepare", "lint", "show", "train", "evaluate", "info"):
        assert command in result.stdout


@pytest.mark.parametrize("script", ["prepare_data.py", "train.py", "evaluate.py"])
def test_scripts_are_the_commands(script):
    result = subprocess.run(
        [sys.executable, ROOT / "scripts" / script, "--help"], capture_output=True, text=True, encoding="utf-8"
    )
    assert result.returncode == 0
    assert "--log_level" in result.stdout


def test_a_run_leaves_what_the_docs_promise(place):
    outputs = place / "outputs"
    for name in (rundir.CONFIG, rundir.DATA_REPORT, rundir.METRICS):
        assert (outputs / name).is_file()
    final = outputs / rundir.FINAL
    assert rundir.is_complete(final)
    for name in (
        "adapter_model.safetensors",
        "chat_template.jinja",
        "generation_config.json",
        "tokenizer.json",
        "README.md",
    ):
        assert (final / name).is_file()
    report = json.loads((outputs / rundir.DATA_REPORT).read_text(encoding="utf-8"))
    assert report["fit"] == {"max_seq_length": 4096, "rows": 8, "kept": 8, "lost_distractors": {}, "dropped": {}}
    assert not [
        path for path in place.rglob("*") if path.suffix in (".bin", ".pkl") or path.name == "training_args.bin"
    ]


def test_the_prepared_rows_are_reused(place, capsys):
    stamp = (place / "prepared" / "report.json").stat().st_mtime_ns
    assert run_main("prepare", "--config", place / "config.yaml") == 0
    printed = capsys.readouterr()
    assert "reusing" in " ".join(printed.err.split())
    assert (place / "prepared" / "report.json").stat().st_mtime_ns == stamp


def test_evaluate_prints_and_saves_the_figures(place, capsys):
    assert run_main("evaluate", "--model_path", place / "outputs", "--max_samples", 100, "--baseline") == 0
    printed = capsys.readouterr().out
    for metric in ("tool_call_accuracy", "tool_name_accuracy", "tool_args_accuracy", "tool_call_f1", "exact_match"):
        assert metric in printed
    saved = json.loads((place / "outputs" / "evaluation" / "metrics.json").read_text(encoding="utf-8"))
    assert saved["rows"] == 4
    assert set(saved["systems"]) == {"tuned", "untuned", "always_abstain", "first_offered_tool"}
    assert (place / "outputs" / "evaluation" / "predictions.jsonl").is_file()


def test_evaluate_ends_with_a_report_that_can_be_made_again(place, tmp_path, capsys):
    target = tmp_path / "figures.json"
    assert run_main("evaluate", "--model_path", place / "outputs", "--baseline", "--output_file", target) == 0
    page = tmp_path / "figures.report.html"
    assert f"Report: {page}" in capsys.readouterr().out
    made = page.read_text(encoding="utf-8")
    for expected in ("What is the weather in", "Loss per token", "num_train_epochs: 1.0", "after repair", "untuned"):
        assert expected in made
    page.unlink()
    assert run_main("report", target) == 0
    assert page.read_text(encoding="utf-8") == made
    assert "# Tool calling" in page.with_suffix(".md").read_text(encoding="utf-8")
    assert "toolgemma evaluate" in fails(capsys, "report", tmp_path / "nowhere")


def test_compare_says_what_the_baseline_run_said(place, capsys):
    assert run_main("evaluate", "--model_path", place / "outputs", "--baseline") == 0
    assert "rows fixed" in " ".join(capsys.readouterr().out.split())
    untuned = place / "outputs" / "evaluation" / "untuned.predictions.jsonl"
    assert run_main("compare", untuned, place / "outputs") == 0
    assert "exact McNemar p = 1.000: not shown" in " ".join(capsys.readouterr().out.split())
    assert (
        (place / "outputs" / "evaluation" / "metrics.md").read_text(encoding="utf-8").startswith("### 4 rows of test")
    )


def test_compare_refuses_different_rows(place, tmp_path, capsys):
    target = tmp_path / "one.json"
    assert run_main("evaluate", "--model_path", place / "outputs", "--max_samples", 1, "--output_file", target) == 0
    assert "different rows" in fails(capsys, "compare", place / "outputs", tmp_path / "one.predictions.jsonl")


def test_evaluate_takes_a_checkpoint_and_an_output_file(place, tmp_path, capsys):
    target = tmp_path / "figures.json"
    checkpoint = place / "outputs" / rundir.FINAL
    assert run_main("evaluate", "--model_path", checkpoint, "--max_samples", 1, "--output_file", target) == 0
    assert json.loads(target.read_text(encoding="utf-8"))["rows"] == 1
    assert str(checkpoint) in "".join(capsys.readouterr().out.split("\n"))


def test_dry_run_trains_nothing(place, tmp_path, capsys):
    target = tmp_path / "untouched"
    assert run_main("train", "--config", place / "config.yaml", "--output_dir", target, "--dry-run") == 0
    printed = capsys.readouterr().out
    for expected in (
        "train rows",
        "tokens an epoch",
        "steps",
        "parameters",
        "rows at a time",
        "memory, predicted",
        "time, estimated",
    ):
        assert expected in printed
    assert not target.exists()


def test_lint_exits_with_1_on_errors_and_writes_json(place, tmp_path, capsys):
    target = tmp_path / "findings.json"
    assert run_main("lint", place / "data", "--json", target) == 0
    rows = little_data.rows("train", 3)
    rows[1]["tools"] = little_data.TOOLS[1:]
    faulty = tmp_path / "faulty.jsonl"
    faulty.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert run_main("lint", faulty, "--json", target) == 1
    found = json.loads(target.read_text(encoding="utf-8"))
    errors = [(entry["rule"], entry["split"], entry["row"]) for entry in found if entry["severity"] == "error"]
    assert errors == [("tool-not-offered", "train", 1)]
    assert set(found[0]) == {"rule", "severity", "split", "row", "message"}
    assert "tool-not-offered" in capsys.readouterr().out


def test_lint_finds_nothing_wrong_with_prepared_rows(place):
    assert run_main("lint", place / "prepared") == 0


def test_show_prints_the_wire_text(place, tiny_model, capsys):
    assert run_main("show", place / "data", "--split", "test", "--row", 1, "--tokenizer", tiny_model) == 0
    printed = capsys.readouterr().out
    assert "What is the weather in Rome test 1?<end_of_turn>" in printed
    assert '{"name": "get_weather", "arguments": {"city": "Rome test 1"}}' in printed


def test_info(place, capsys):
    assert run_main("info", "--json", "--config", place / "config.yaml") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["versions"]["toolgemma"] == cli_version()
    assert found["config"]["training"]["num_train_epochs"] == 1


def cli_version() -> str:
    import toolgemma

    return toolgemma.__version__


# Bad input: one message with the cure, exit code 2, no traceback, nothing half-written.


def config_with(place: Path, *overrides: str) -> list[object]:
    return ["--config", place / "config.yaml", *(word for override in overrides for word in ("--set", override))]


def test_a_missing_config(capsys):
    assert "config file not found: nowhere.yaml" in fails(capsys, "train", "--config", "nowhere.yaml")


def test_a_malformed_config(tmp_path, capsys):
    path = tmp_path / "config.yaml"
    path.write_text("training: [", encoding="utf-8")
    assert "not valid YAML" in fails(capsys, "train", "--config", path)


def test_a_wrong_type(place, capsys):
    assert "training.learning_rate: 'fast'" in fails(
        capsys, "train", *config_with(place, "training.learning_rate=fast")
    )


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "has no rows"),
        (b'{"messages": [}\n', "line 1"),
        (b'{"x": 1, "y": 2}\n', "x, y"),
        (b'{"messages": null, "tools": []}\n', "messages"),
        (b"\x00\x01\xff\xfe", "decode"),
    ],
    ids=["empty", "malformed", "unknown columns", "null", "binary"],
)
def test_bad_rows(place, tmp_path, capsys, content, expected):
    data = tmp_path / "data"
    little_data.write(data)
    (data / "train.jsonl").write_bytes(content)
    target = tmp_path / "prepared"
    message = fails(capsys, "prepare", *config_with(place), "--dataset_name", data, "--output_dir", target)
    assert expected in message
    assert "train" in message
    assert not target.exists()


def test_a_missing_dataset_file(place, capsys):
    assert "nowhere" in fails(capsys, "prepare", *config_with(place, "dataset.path=/nowhere/data.jsonl"))


def test_a_model_folder_without_weights(place, tiny_model, tmp_path, capsys):
    base = tmp_path / "base"
    shutil.copytree(tiny_model, base)
    (base / "model.safetensors").unlink()
    target = tmp_path / "outputs"
    message = fails(capsys, "train", *config_with(place, f"model.name={base}"), "--output_dir", target)
    assert "safetensors" in message
    assert not target.exists()


def test_an_adapter_of_another_base(place, tmp_path, capsys):
    base = make_model_folder(tmp_path / "base", seed=7)
    message = fails(
        capsys, "evaluate", "--model_path", place / "outputs", "--set", f"model.name={base}", "--max_samples", 1
    )
    assert "trained on another base" in message


@pytest.mark.parametrize("path", ["nowhere", "data"])
def test_a_model_path_without_a_checkpoint(place, capsys, path):
    assert "train first" in fails(capsys, "evaluate", "--model_path", place / path)


def test_4bit_without_cuda_fails_before_any_download(place, capsys):
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA; run with CUDA_VISIBLE_DEVICES= to see the error")
    message = fails(
        capsys,
        "train",
        *config_with(place, "model.quantization=4bit", "model.name=nobody/nothing", "dataset.path=null"),
    )
    assert "model.quantization" in message


def test_a_full_disk(place, tmp_path, capsys, monkeypatch):
    def no_space(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    target = tmp_path / "prepared"
    message = fails(capsys, "prepare", *config_with(place), "--output_dir", target)
    assert "No space left" in message
    assert not target.exists()


def test_an_unknown_flag_and_a_bad_log_level(capsys):
    for arguments in (["train", "--nope"], ["train", "--log_level", "loud"], ["lint"]):
        assert run_main(*arguments) == 2
        assert "Traceback" not in capsys.readouterr().err


# The Hub, through the real clients, in processes of their own: HF_ENDPOINT counts when huggingface_hub is imported.


def run_process(environment: dict[str, str], *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "toolgemma.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=os.environ | environment,
        timeout=120,
    )


def test_model_and_dataset_from_their_own_sources(place, tiny_model, tmp_path):
    """A gated model from the host that may see the token, the dataset from the mirror, which sees none; then the same
    again from the cache, without a request; and a repository that nobody has."""
    with (
        FakeHub({"google/gated": Repository(tiny_model, token="secret")}) as official,
        FakeHub({"me/tools": Repository(place / "data", kind="dataset")}) as mirror,
    ):
        environment = mirror.environment(tmp_path / "cache") | {"HF_TOKEN": "secret"}
        sources = config_with(
            place,
            f"mirror.endpoints={json.dumps({'official': official.url, 'mirror': mirror.url})}",
            f"mirror.token_hosts=[{official.host!r}]",
            "dataset.path=null",
            "dataset.name=me/tools",
        )

        def dry_run(model: str, prepared: str) -> subprocess.CompletedProcess[str]:
            values = f"model.name={model}", f"dataset.prepared_dir={tmp_path / prepared}"
            flags = [flag for value in values for flag in ("--set", value)]
            return run_process(environment, "train", "--dry-run", *sources, *flags)

        fine = dry_run("google/gated", "one")
        assert fine.returncode == 0, fine.stderr
        assert "train rows" in fine.stdout
        assert any(path.startswith("/datasets/me/tools/resolve") for _, path, _ in mirror.log)
        assert any(path.startswith("/google/gated/resolve") for _, path, _ in official.log)
        assert {header for _, _, header in official.log} == {"Bearer secret"}
        assert {header for _, _, header in mirror.log} == {None}

        asked = len(official.log), len(mirror.log)
        again = dry_run("google/gated", "two")
        assert again.returncode == 0, again.stderr
        assert (len(official.log), len(mirror.log)) == asked

        result = dry_run("google/missing", "two")
        assert result.returncode == 2, result.stderr
        assert "model google/missing was not found" in " ".join(result.stderr.split())
        assert "Traceback" not in result.stderr


@pytest.mark.parametrize("command", ["show", "prepare", "lint"])
def test_no_network_names_the_mirror_setting(place, tmp_path, command):
    environment = {"HF_HOME": str(tmp_path / "cache"), "HF_HUB_DISABLE_XET": "1"}
    arguments = {
        "show": ["show", place / "data", "--tokenizer", "google/open"],
        "prepare": ["prepare", "--dataset_name", "me/tools", "--output_dir", tmp_path / "prepared"],
        "lint": ["lint", "me/tools"],
    }[command]
    result = run_process(environment, *arguments, "--mirror", "http://127.0.0.1:9")
    assert result.returncode == 2, result.stderr
    assert "http://127.0.0.1:9 can't be reached" in " ".join(result.stderr.split())
    assert "set mirror.mode" in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr
