"""The leaderboard's suite end to end: a tiny model with and without adapter, resumed, sampled, decontaminated."""

import json
import zlib
from pathlib import Path

import pytest
from rich.console import Console

import bfcl_oracle
from evaluated_run import make_run
from test_cli import fails, run_main
from test_evaluation_bfcl_data import DOC, UNANSWERABLE, answer, question, write
from toolgemma import rundir
from toolgemma.config import Config, load_config
from toolgemma.evaluation import bfcl_runner, runner
from toolgemma.evaluation.bfcl import AGGREGATES
from toolgemma.evaluation.bfcl_data import CATEGORIES, Suite, conversation, read, with_gold
from toolgemma.evaluation.bfcl_table import sheets
from toolgemma.format import get_dialect
from toolgemma.format.segments import completions, join
from toolgemma.inference.completion import Completion

QUIET = Console(quiet=True)
KNOWN = DOC | {"name": "get_weather"}  # a tool of the run's training rows
ASKED_TWICE = {  # the same prompt stands among the rows with a gold call: nobody passes both
    "live_irrelevance_118-7-8",
    "live_irrelevance_565-173-0",
    "live_irrelevance_567-175-0",
}
CALL_DUE = [name for name, category in CATEGORIES.items() if category.calls_due]


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory, tiny_model) -> Path:
    return make_run(tmp_path_factory.mktemp("run"), tiny_model)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Version 3 (whose counts are free): three rows of each category, the last of `multiple` offering a known tool."""
    place = tmp_path_factory.mktemp("bfcl")
    for name, category in CATEGORIES.items():
        name = {"simple_python": "simple"}.get(name, name)
        asked = [[{"role": "user", "content": f"{name} {number}"}] for number in range(3)]
        rows = [question(number, name, question=[turn]) for number, turn in enumerate(asked)]
        if name == "multiple":
            rows[2]["function"] = [DOC, KNOWN]
        answers = [answer(number, name) for number in range(3)] if category.calls_due else None
        write(place, name, rows, None if name == "live_relevance" else answers)
    return place


def evaluate(run_folder: Path, folder: Path, output: Path, *overrides: str, tools=frozenset({"get_weather"})) -> dict:
    checkpoint = run_folder / rundir.FINAL
    config = load_config(runner.config_file(checkpoint), overrides)
    return bfcl_runner.evaluate_bfcl(
        checkpoint, config, read(str(folder)), output_file=output, train_tools=set(tools), console=QUIET
    )


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()[1:]]


def test_command_on_a_run(run_folder, folder, capsys):
    """Tuned and untuned, baselines, published figures, the training tools taken from the prepared rows."""
    assert run_main("evaluate", "--suite", "bfcl", "--model_path", run_folder, "--bfcl_data", folder, "--baseline") == 0
    printed = capsys.readouterr().out
    for text in (*CATEGORIES, "google/gemma-3-1b-it", "gorilla.cs.berkeley.edu", "version v3", "Without the 1 rows"):
        assert text in " ".join(printed.split())
    place = run_folder / "evaluation"
    report = json.loads((place / "bfcl.json").read_text(encoding="utf-8"))
    assert list(report["systems"]) == ["always_abstain", "first_offered_tool", "tuned", "untuned"]
    assert report["decontaminated"]["left_out"] == ["multiple_2"]
    assert report["decontaminated"]["systems"]["tuned"]["categories"]["multiple"]["rows"] == 2
    assert report["systems"]["tuned"]["categories"]["multiple"]["rows"] == 3
    assert {entry["model"] for entry in report["published"]} >= {"google/gemma-3-1b-it"}
    text = (place / "bfcl.md").read_text(encoding="utf-8")
    assert text.startswith("### BFCL v3, single turn, Python: 33 rows") and "| live_relevance | 3 |" in text
    assert "https://huggingface.co/google/functiongemma-270m-it" in text
    tuned, untuned = lines(place / "bfcl.predictions.jsonl"), lines(place / "bfcl.untuned.predictions.jsonl")
    assert {entry["id"] for entry in tuned} == {entry["id"] for entry in untuned}
    assert len(tuned) == len(untuned) == 33
    by_id = {entry["id"]: entry["completion"] for entry in untuned}
    assert any(by_id[entry["id"]] != entry["completion"] for entry in tuned)
    for entry in tuned:  # a random model calls nothing
        assert entry["passed"] == (not CATEGORIES[entry["category"]].calls_due)
        assert entry["ended"] == "length" and entry["tokens"] == 6 and entry["offered"][0] == "rent.bike"


def test_command_on_a_base_model(tiny_model, folder, tmp_path, capsys):
    target = tmp_path / "figures.json"
    code = run_main(
        "evaluate", "--suite", "bfcl", "--model_path", tiny_model, "--bfcl_data", folder, "--max_samples", 1,
        "--output_file", target, "--set", "evaluation.max_new_tokens=3", "--set", "model.dtype=float32",
    )  # fmt: skip
    assert code == 0
    report = json.loads(target.read_text(encoding="utf-8"))
    assert list(report["systems"]) == ["always_abstain", "first_offered_tool", "untuned"]
    assert (report["checkpoint"], report["decontaminated"], report["change"]) == (None, None, None)
    assert report["rows"] == len(CATEGORIES)
    assert (tmp_path / "figures.untuned.predictions.jsonl").is_file()
    assert "at most 1 a category" in " ".join(capsys.readouterr().out.split())


def test_second_call_generates_nothing(run_folder, folder, tmp_path, monkeypatch):
    output = tmp_path / "bfcl.json"
    first = evaluate(run_folder, folder, output, "evaluation.max_samples=1")
    asked = []
    real = runner.Subject.complete
    monkeypatch.setattr(
        runner.Subject, "complete", lambda self, prompts, section: asked.extend(prompts) or real(self, prompts, section)
    )
    assert evaluate(run_folder, folder, output, "evaluation.max_samples=1") == first
    assert asked == []
    more = evaluate(run_folder, folder, output, "evaluation.max_samples=2")
    assert (len(asked), more["rows"]) == (11, 22)
    assert len(lines(tmp_path / "bfcl.predictions.jsonl")) == 22


def test_samples_nest_within_each_category(folder):
    rows = read(str(folder)).rows
    chosen = [{row.id for row in bfcl_runner.sample(rows, count, seed=3)} for count in (1, 2, 3, None)]
    assert [len(found) for found in chosen] == [11, 22, 33, 33]
    assert chosen[0] < chosen[1] < chosen[2] == chosen[3]
    assert bfcl_runner.sample(rows, None, seed=3) == list(rows)
    assert chosen[0] != {row.id for row in bfcl_runner.sample(rows, 1, seed=4)}


class Answering:
    """Stands in for a model: answers each question from a table; prompts are one number, so that nothing is slow."""

    dialect = get_dialect("hermes")

    def __init__(self, answers: dict[int, str]) -> None:
        self.answers = answers

    def prompt(self, history) -> list[int]:
        return [key(history)]

    def complete(self, prompts, section):
        for index, (number,) in enumerate(prompts):
            yield index, Completion(self.answers[number], 1, "stop")


def key(history) -> int:
    """One number for a prompt."""
    return zlib.crc32(join(Answering.dialect.render(history, add_generation_prompt=True)).encode())


def report_of(answers, rows, tmp_path, monkeypatch) -> dict:
    subject = Answering(answers)
    monkeypatch.setattr(bfcl_runner, "load_subject", lambda *_: (subject, {"adapter": None}))
    suite = Suite("v4", "bfcl-eval wheel", tuple(rows))
    return bfcl_runner.evaluate_bfcl(None, Config(), suite, output_file=tmp_path / "bfcl.json", console=QUIET)


def test_gold_in_our_dialect_is_everything_and_silence_nothing(tmp_path, monkeypatch):
    """All 3,491 rows through prompt, parser, scores and table; only the four rows that no answer passes are lost."""
    rows = bfcl_oracle.rows_or_skip()
    answers = {}
    for row in sorted(rows, key=lambda row: not row.gold):
        text = join(completions(Answering.dialect.render(with_gold(row)))[-1][1]) if row.gold else ""
        answers.setdefault(key(conversation(row)), text)
    report = report_of(answers, rows, tmp_path, monkeypatch)
    found = report["systems"]["untuned"]["categories"]
    wrong = {entry["id"] for entry in lines(tmp_path / "bfcl.untuned.predictions.jsonl") if not entry["passed"]}
    no_gold = {row.id for row in rows if row.category == "live_relevance"}
    assert wrong == UNANSWERABLE | ASKED_TWICE | no_gold
    assert sum(line["rows"] for line in found.values()) == 3491 and len(found) == 11
    aggregates = report["systems"]["untuned"]["aggregates"]
    assert aggregates == {"non_live_python": 1.0, "live": 1347 / 1351, "irrelevance_detection": (1 + 881 / 884) / 2}
    titles = [sheet.title for sheet in sheets(report)]
    assert titles[0] == "BFCL v4, single turn, Python: 3491 rows (bfcl-eval wheel)"
    abstain = report["systems"]["always_abstain"]["categories"]
    assert {abstain[name]["passed"] for name in CALL_DUE} == {0}
    assert set(AGGREGATES) == set(aggregates)


def test_one_model_run_over_the_published_rows(tiny_model, tmp_path):
    """Real prompts through a real model: one row of each of the eleven categories."""
    suite = Suite("v4", "bfcl-eval wheel", bfcl_oracle.rows_or_skip())
    settings = ["evaluation.max_samples=1", "evaluation.max_new_tokens=2", "model.device=cpu", "model.dtype=float32"]
    config = load_config(None, [f"model.name={json.dumps(str(tiny_model))}", *settings])
    report = bfcl_runner.evaluate_bfcl(None, config, suite, output_file=tmp_path / "bfcl.json", console=QUIET)
    found = report["systems"]["untuned"]
    assert {name: line["rows"] for name, line in found["categories"].items()} == dict.fromkeys(CATEGORIES, 1)
    assert set(found["aggregates"].values()) == {None}  # a sample has no aggregate
    for entry in lines(tmp_path / "bfcl.untuned.predictions.jsonl"):
        assert entry["prompt_tokens"] > 100 and entry["tokens"] == 2


def test_bad_input_gets_one_error(run_folder, folder, tmp_path, capsys):
    bfcl = ("evaluate", "--suite", "bfcl")
    assert "is no folder: install bfcl-eval" in fails(
        capsys, *bfcl, "--model_path", run_folder, "--bfcl_data", tmp_path / "nowhere"
    )
    assert "model path not found: outputs-x" in fails(capsys, *bfcl, "--model_path", "outputs-x")
    gone = f"dataset.path={json.dumps(str(tmp_path / 'gone'))}"
    message = fails(capsys, *bfcl, "--model_path", run_folder, "--bfcl_data", folder, "--set", gone)
    assert "--no-decontaminate" in message
    assert not list(tmp_path.iterdir())
