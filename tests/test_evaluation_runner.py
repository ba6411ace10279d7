"""A whole evaluation of a tiny model: rows from disk, adapter on and off, kill and resume, the report."""

import json
import math
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from rich.console import Console
from torch.nn.functional import cross_entropy

from evaluated_run import make_run
from scenes import TOOLS, plain_row, tool_row
from toolgemma import rundir
from toolgemma.config import Config, ModelSection, load_config
from toolgemma.errors import CheckpointError, ConfigError
from toolgemma.evaluation import runner
from toolgemma.evaluation.metrics import METRICS
from toolgemma.evaluation.table import markdown
from toolgemma.evaluation.teacher_forced import teacher_forced
from toolgemma.format import get_dialect
from toolgemma.format.segments import PARTS
from toolgemma.model import device, load
from toolgemma.tokens.encode import encode

QUIET = Console(quiet=True)


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory, tiny_model) -> Path:
    return make_run(tmp_path_factory.mktemp("run"), tiny_model)


@pytest.fixture(scope="module")
def config(run_folder) -> Config:
    return load_config(runner.config_file(run_folder / rundir.FINAL))


@pytest.fixture(scope="module")
def report(run_folder, config, tmp_path_factory) -> dict:
    both = config.model_copy(update={"evaluation": config.evaluation.model_copy(update={"baseline": True})})
    return runner.evaluate(run_folder / rundir.FINAL, both, console=QUIET)


def predictions(folder: Path, name: str = "predictions.jsonl") -> list[dict]:
    lines = (folder / name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines[1:]]


def test_the_report_holds_before_and_after(report, run_folder):
    assert json.loads((run_folder / "evaluation" / "metrics.json").read_text(encoding="utf-8")) == report
    assert list(report["metrics"]) == list(METRICS)
    assert set(report["systems"]) == {"tuned", "untuned", "always_abstain", "first_offered_tool"}
    assert report["rows"] == 4
    tuned = report["systems"]["tuned"]
    decisions_of = {view: found["D1"]["decisions"] for view, found in tuned["views"].items()}
    assert decisions_of == {"published": 4, "answerable": 3, "repaired": 4, "tool_absent": 2}
    assert tuned["views"]["published"]["gold_unanswerable"] == 1
    assert tuned["views"]["repaired"]["gold_unanswerable"] == 0
    assert tuned["views"]["repaired"]["D2"]["decisions"] == 2
    assert tuned["loss"] != report["systems"]["untuned"]["loss"]
    # a random model calls nothing: it abstains rightly on the two plain rows
    assert report["systems"]["always_abstain"]["views"]["repaired"]["D1"]["tool_call_accuracy"]["value"] == 0.5


def test_adapter_on_and_off_are_two_models(report, run_folder):
    tuned = predictions(run_folder / "evaluation")
    untuned = predictions(run_folder / "evaluation", "untuned.predictions.jsonl")
    key = lambda entry: (entry["row"], entry["position"], entry["prompt_sha256"])  # noqa: E731
    assert sorted(map(key, tuned)) == sorted(map(key, untuned))
    assert {key(entry): entry["completion"] for entry in tuned} != {
        key(entry): entry["completion"] for entry in untuned
    }


def test_the_untuned_model_is_the_base_itself(report, config, run_folder):
    """Its completion of the plain row, against the base alone and a plain argmax loop."""
    base = load.load_base(config.model, device.choose(config.model))
    tokenizer = load.load_tokenizer(config.model)
    (entry,) = [
        entry
        for entry in predictions(run_folder / "evaluation", "untuned.predictions.jsonl")
        if entry["row"] == "test/1"
    ]
    ids = [2, *tokenizer("<start_of_turn>user\nWhat is fitness?<end_of_turn>\n<start_of_turn>model\n")["input_ids"]]
    assert entry["prompt_tokens"] == len(ids)
    written = []
    with torch.no_grad():
        while len(written) < 6 and (not written or written[-1] not in (1, 5)):
            written.append(base(torch.tensor([ids + written])).logits[0, -1].argmax().item())
    assert entry["completion"] == tokenizer.decode([token for token in written if token not in (1, 5)])


def test_a_second_call_generates_nothing(report, run_folder, config, monkeypatch):
    from toolgemma.inference import generate

    asked = []
    real = generate.generate
    monkeypatch.setattr(
        generate,
        "generate",
        lambda model, tok, prompts, **more: asked.extend(prompts) or real(model, tok, prompts, **more),
    )
    again = runner.evaluate(run_folder / rundir.FINAL, config, console=QUIET)
    assert asked == []
    assert again["metrics"] == report["metrics"]
    longer = load_config(runner.config_file(run_folder / rundir.FINAL), ["evaluation.max_new_tokens=7"])
    runner.evaluate(run_folder / rundir.FINAL, longer, output_file=run_folder / "elsewhere" / "x.json", console=QUIET)
    assert len(asked) == len({tuple(prompt) for prompt in asked}) > 0
    assert (run_folder / "elsewhere" / "x.predictions.jsonl").exists()


def test_sampling_counts_rows_and_nests(run_folder, config, tmp_path):
    chosen = []
    for count in (1, 2, 99):
        section = config.evaluation.model_copy(update={"max_samples": count})
        _, found = runner._test_views(config.model_copy(update={"evaluation": section}))
        rows = found["published"]
        chosen.append({row.id for row in rows})
    assert [len(found) for found in chosen] == [1, 2, 4]
    assert chosen[0] < chosen[1] < chosen[2]


def test_losses_are_global_sums_whatever_the_batch(config):
    """Against F.cross_entropy on whole logits, row by row."""
    model = load.load_base(config.model, device.choose(config.model))
    tokenizer = load.load_tokenizer(config.model)
    hermes = get_dialect("hermes")
    rows = [encode(hermes.render(row), tokenizer) for row in (tool_row(), plain_row(), tool_row(tools=TOOLS[:1]))]
    found = [teacher_forced(model, rows, batch_size=size, advance=lambda count: None) for size in (1, 2, 8)]
    assert model.config._attn_implementation == "sdpa"  # packs attended with their own
    nll, hits, count = dict.fromkeys(PARTS, 0.0), dict.fromkeys(PARTS, 0), dict.fromkeys(PARTS, 0)
    for row in rows:
        with torch.no_grad():
            logits = model(torch.tensor([row.ids])).logits[0, :-1].double()
        for place, label in enumerate(row.labels[1:]):
            if label >= 0:
                part = PARTS[row.parts[place + 1]]
                nll[part] += cross_entropy(logits[place], torch.tensor(label)).item()
                hits[part] += int(logits[place].argmax() == label)
                count[part] += 1
    for measured in found:
        assert measured["eval_loss"]["denominator"] == sum(count.values())
        assert measured["eval_loss"]["value"] == pytest.approx(sum(nll.values()) / sum(count.values()), abs=1e-5)
        assert measured["eval_accuracy"]["numerator"] == sum(hits.values())
        for part in PARTS:
            assert measured["by_part"][part]["eval_loss"]["value"] == pytest.approx(nll[part] / count[part], abs=1e-5)
            assert measured["by_part"][part]["eval_accuracy"]["denominator"] == count[part]


def test_broken_weights_are_an_error(config):
    model = load.load_base(config.model, device.choose(config.model))
    model.model.norm.weight.data.fill_(math.nan)
    tokenizer = load.load_tokenizer(config.model)
    rows = [encode(get_dialect("hermes").render(plain_row()), tokenizer)]
    with pytest.raises(CheckpointError, match="not a finite number"):
        teacher_forced(model, rows, batch_size=1, advance=lambda count: None)


KILLED = """
import sys
from pathlib import Path
from rich.console import Console
from toolgemma import rundir
from toolgemma.config import load_config
from toolgemma.evaluation import runner

checkpoint = Path(sys.argv[1]) / rundir.FINAL
config = load_config(runner.config_file(checkpoint), ["evaluation.batch_size=1", "evaluation.max_new_tokens=40"])
runner.evaluate(checkpoint, config, output_file=Path(sys.argv[2]), console=Console(quiet=True))
"""


def test_kill_dash_nine_and_go_on(run_folder, tmp_path):
    output = tmp_path / "metrics.json"
    command = [sys.executable, "-c", KILLED, str(run_folder), str(output)]
    process = subprocess.Popen(command)
    deadline = time.monotonic() + 240
    written = tmp_path / "predictions.jsonl"
    while time.monotonic() < deadline and process.poll() is None:
        if written.exists() and len(written.read_bytes().splitlines()) >= 3:
            break
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
    process.wait()
    before = written.read_text(encoding="utf-8").splitlines(keepends=True)
    assert len(before) >= 3
    assert not output.exists()
    config = load_config(runner.config_file(run_folder / rundir.FINAL), ["evaluation.max_new_tokens=40"])
    report = runner.evaluate(run_folder / rundir.FINAL, config, output_file=output, console=QUIET)
    after = written.read_text(encoding="utf-8").splitlines(keepends=True)
    assert {line for line in before if line.endswith("\n")} <= set(after)
    assert json.loads(output.read_text(encoding="utf-8")) == report
    assert not (tmp_path / "previous.predictions.jsonl").exists()


def test_no_test_split_is_an_error(run_folder):
    config = load_config(runner.config_file(run_folder / rundir.FINAL), ["dataset.test_split=null"])
    with pytest.raises(ConfigError, match=r"dataset\.test_split"):
        runner.evaluate(run_folder / rundir.FINAL, config, console=QUIET)


def test_a_checkpoint_without_config_is_an_error(tmp_path):
    (tmp_path / "checkpoint-20").mkdir()
    with pytest.raises(CheckpointError, match="--config FILE"):
        runner.config_file(tmp_path / "checkpoint-20")


def test_another_base_is_refused(run_folder, config, tmp_path):
    from tiny import make_model_folder

    other = make_model_folder(tmp_path / "other", seed=7)
    section = config.model_copy(update={"model": ModelSection(name=str(other), device="cpu", dtype="float32")})
    with pytest.raises(CheckpointError, match="another base model"):
        runner.evaluate(run_folder / rundir.FINAL, section, output_file=tmp_path / "x.json", console=QUIET)
    assert not (tmp_path / "x.json").exists()


def test_headline_figures_have_intervals(report):
    for name, system in report["systems"].items():
        found = system["views"]["repaired"]["D1"]
        for metric, interval in system["intervals"].items():
            assert interval["point"] == pytest.approx(found[metric]["value"]), (name, metric)
            if interval["point"] is not None:
                assert interval["low"] <= interval["point"] <= interval["high"]
    half = report["systems"]["always_abstain"]["intervals"]["tool_call_accuracy"]
    assert (half["point"], round(half["low"], 4), round(half["high"], 4)) == (0.5, 0.15, 0.85)  # Wilson, 2 of 4
    assert "tool_call_f1" in report["systems"]["tuned"]["intervals"]


def test_predictions_name_near_duplicates(report, run_folder):
    """The four rows ask two questions, each twice; only the offered tools differ."""
    found = {(entry["row"], entry["cluster"]) for entry in predictions(run_folder / "evaluation")}
    assert found == {("test/0",) * 2, ("test/1",) * 2, ("test/2", "test/0"), ("test/3", "test/1")}


def test_the_tables_of_a_real_report(report):
    text = markdown(report)
    for name in METRICS:
        assert f"| {name} |" in text
    assert "| tool_absent | hallucinated_name_rate |" in text
