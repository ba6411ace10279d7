"""predictions.jsonl: every prompt once, resumed after a kill, refused when it belongs to another run."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from scenes import CONVERT, SORT, absent, plain_row, tool_row
from toolgemma.errors import CheckpointError
from toolgemma.evaluation.decisions import Decision, decisions
from toolgemma.evaluation.predictions import predict, tasks
from toolgemma.evaluation.progress import progress_bar
from toolgemma.evaluation.score import score_from_record
from toolgemma.format import get_dialect
from toolgemma.format.segments import join
from toolgemma.inference.completion import Completion

HERMES = get_dialect("hermes")
IDENTITY = {"base": "abc", "decoding": {"strategy": "greedy", "stop_ids": [1, 5]}}


def encode(decision: Decision) -> list[int]:
    return list(join(HERMES.render(decision.history, add_generation_prompt=True)).encode())


def found_decisions() -> list[Decision]:
    unanswerable = tool_row("test/2", tools=(CONVERT, SORT))
    rows = [tool_row("test/0"), plain_row("test/1"), unanswerable]
    return decisions(
        {
            "published": rows,
            "answerable": rows[:2],
            "repaired": [*rows[:2], tool_row("test/2")],
            "tool_absent": [absent(rows[0]), absent(unanswerable)],
        }
    )


class Model:
    """Answers every prompt with a text that depends on it, counts, and can be killed."""

    def __init__(self, dies_after: int | None = None) -> None:
        self.asked: list[tuple[int, ...]] = []
        self.dies_after = dies_after

    def __call__(self, prompts):
        for index in reversed(range(len(prompts))):  # batches finish in an order of their own
            if self.dies_after is not None and len(self.asked) == self.dies_after:
                raise KeyboardInterrupt
            self.asked.append(tuple(prompts[index]))
            yield index, self.answer(prompts[index])

    @staticmethod
    def answer(prompt) -> Completion:
        if len(prompt) % 2:
            return Completion(f"\u00e9 {len(prompt)}", 3, "length")
        return Completion(
            '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris"}}\n</tool_call>', 9, "stop"
        )


def run(path: Path, model: Model, identity=IDENTITY, found=None, console=None):
    bar = progress_bar(console or Console(quiet=True))
    planned = tasks(found_decisions() if found is None else found, encode)
    with bar:
        return predict(planned, parse=HERMES.parse, complete=model, path=path, identity=identity, progress=bar)


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_each_prompt_is_generated_once(tmp_path):
    model = Model()
    scores = run(tmp_path / "p.jsonl", model)
    found = found_decisions()
    assert len(scores) == len(found) == 5 + 3 + 5 + 2
    prompts = {tuple(encode(each)) for each in found}
    assert sorted(model.asked) == sorted(prompts)
    # rows 0 and 2 ask the same: once row 2 is repaired, or row 0 has lost its tool, their prompts are the same
    assert len(prompts) == 2 + 1 + 2
    header, *entries = lines(tmp_path / "p.jsonl")
    assert header["identity"] == IDENTITY
    assert len(entries) == 3 + 1 + 4  # a line per row and turn, though a prompt of two rows is asked once
    order = [each.sha256 for each in tasks(found, encode)]
    assert [entry["prompt_sha256"] for entry in entries] == sorted(order, key=order.index)  # not as they came


def test_a_line_holds_what_the_figures_need(tmp_path):
    path = tmp_path / "p.jsonl"
    scores = run(path, Model())
    entry = next(entry for entry in lines(path)[1:] if "tool_absent" in entry["views"] and entry["row"] == "test/2")
    assert set(entry["views"]) == {"published", "tool_absent"}  # one prompt, two golds
    published, missing = entry["views"]["published"], entry["views"]["tool_absent"]
    assert published["gold"]["calls"] == [{"name": "get_weather", "arguments": {"city": "Paris"}}]
    assert published["gold_unanswerable"] and missing["gold"]["calls"] == []
    assert published["offered"] == ["convert", "sort_list"]
    assert (entry["turn"], entry["position"], entry["query_type"]) == ("D1", 1, "easy")
    assert len(entry["prompt_sha256"]) == 64
    written = [
        (entry["row"], view, score_from_record(found["score"]))
        for entry in lines(path)[1:]
        for view, found in entry["views"].items()
    ]
    assert sorted(map(repr, written)) == sorted(repr((each.row, each.view, each.score)) for each in scores)


@pytest.mark.parametrize("cut", [0, 1, 40])
def test_a_killed_run_goes_on(tmp_path, cut):
    whole, torn = tmp_path / "whole.jsonl", tmp_path / "torn.jsonl"
    expected = run(whole, Model())
    killed = Model(dies_after=3)
    with pytest.raises(KeyboardInterrupt):
        run(torn, killed)
    before = {entry["prompt_sha256"] for entry in lines(torn)[1:]}
    assert len(before) == 3
    torn.write_bytes(torn.read_bytes()[: -cut or None])  # a kill in the middle of a line, or of its line end
    again = Model()
    assert run(torn, again) == expected
    assert len(again.asked) == 5 - 3 + bool(cut)
    assert set(killed.asked[:2]).isdisjoint(again.asked)
    assert whole.read_bytes() == torn.read_bytes()
    finished = Model()
    assert run(torn, finished) == expected
    assert finished.asked == []


def test_another_models_predictions_are_refused_and_kept(tmp_path):
    path = tmp_path / "p.jsonl"
    run(path, Model())
    before = path.read_bytes()
    told = Console(width=200, file=io.StringIO())
    model = Model()
    run(path, model, identity=IDENTITY | {"base": "other"}, console=told)
    assert len(model.asked) == 5
    assert "base differ" in told.file.getvalue()
    assert (tmp_path / "previous.p.jsonl").read_bytes() == before
    assert lines(path)[0]["identity"]["base"] == "other"


@pytest.mark.parametrize("text", ["", "not json\n", '{"kind": "other"}\n', "[]\n", "\x00\xff"])
def test_a_file_of_something_else_is_kept_beside(tmp_path, text):
    path = tmp_path / "p.jsonl"
    path.write_bytes(text.encode("latin-1"))
    model = Model()
    run(path, model)
    assert len(model.asked) == 5
    assert (tmp_path / "previous.p.jsonl").exists()


def test_a_changed_prompt_is_asked_again(tmp_path):
    path = tmp_path / "p.jsonl"
    run(path, Model())
    model = Model()
    changed = decisions({"repaired": [tool_row("test/0", tools=(SORT,))]})
    run(path, model, found=changed)
    assert len(model.asked) == 2
    assert {entry["row"] for entry in lines(path)[1:]} == {"test/0"}


def test_more_rows_reuse_the_fewer(tmp_path):
    path = tmp_path / "p.jsonl"
    run(path, Model(), found=decisions({"repaired": [tool_row("test/0")]}))
    model = Model()
    run(path, model, found=decisions({"repaired": [tool_row("test/0"), plain_row("test/1")]}))
    assert len(model.asked) == 1


def test_scores_are_computed_anew(tmp_path):
    """A stale score in the file changes nothing: only completions are taken up."""
    path = tmp_path / "p.jsonl"
    expected = run(path, Model())
    path.write_text(path.read_text(encoding="utf-8").replace('"matched": 1', '"matched": 7'), encoding="utf-8")
    assert run(path, Model()) == expected
    assert '"matched": 7' not in path.read_text(encoding="utf-8")


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path):
    blocker = tmp_path / "file"
    blocker.write_text("", encoding="utf-8")
    with pytest.raises(CheckpointError, match="can't read"):
        run(blocker / "p.jsonl", Model())
