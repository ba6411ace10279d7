"""What is printed: every figure with its counts, null as a dash, nobody's text read as markup."""

import io
import json

import pytest
from rich.console import Console

from scenes import absent, call, plain_row, tool_row, turn
from toolgemma.evaluation.baselines import BASELINES, score_baseline
from toolgemma.evaluation.decisions import decisions
from toolgemma.evaluation.intervals import headline_intervals
from toolgemma.evaluation.metrics import COMPANIONS, METRICS
from toolgemma.evaluation.score import score
from toolgemma.evaluation.summary import Scored, summarise
from toolgemma.evaluation.table import figure, markdown, print_report, sheets


def loss(nll: float) -> dict:
    record = {"value": nll / 8, "numerator": nll, "denominator": 8}
    hits = {"value": 0.25, "numerator": 2, "denominator": 8}
    empty = {"value": None, "numerator": 0, "denominator": 0}
    parts = {"tool_call": record, "final_answer": record, "no_tool": empty}
    return {
        "eval_loss": record,
        "eval_accuracy": hits,
        "by_part": {part: {"eval_loss": found, "eval_accuracy": hits} for part, found in parts.items()},
    }


@pytest.fixture
def report() -> dict:
    rows = [tool_row("test/0"), tool_row("test/1", query_type="[red]odd|type"), plain_row("test/2")]
    found = decisions({"published": rows, "repaired": rows, "tool_absent": [absent(rows[0])]})
    systems = {}
    for name in BASELINES:
        scores = score_baseline(name, found)
        systems[name] = {"views": summarise(scores), "intervals": headline_intervals(scores, {})}
    for name, parsed, nll in (
        ("untuned", turn(content="Well."), 16.0),
        ("tuned", turn(call("get_weather", city="Paris")), 8.0),
    ):
        scores = [Scored.of(each, score(each, parsed)) for each in found]
        systems[name] = {
            "views": summarise(scores),
            "intervals": headline_intervals(scores, {}),
            "loss": loss(nll),
        }
    return json.loads(json.dumps({"rows": 3, "split": "test", "systems": systems}))


def rows_of(report, title: str) -> dict[str, tuple[str, ...]]:
    (sheet,) = [sheet for sheet in sheets(report) if sheet.title.startswith(title)]
    assert all(len(row) == len(sheet.heads) for row in sheet.rows)
    names = 2 if "metric" in sheet.heads[1:] else 1
    return {": ".join(row[:names]): row[names:] for row in sheet.rows}


def test_headline_before_and_after_beside_the_baselines(report):
    first = sheets(report)[0]
    assert first.heads == ("metric", "always abstain", "first offered tool", "untuned", "tuned")
    rows = rows_of(report, "3 rows of test")
    assert list(rows) == [*METRICS, *COMPANIONS]
    third = "33.3 % [6.1, 79.2] 1/3"  # Wilson
    assert rows["tool_call_accuracy"] == (third, third, third, "66.7 % [20.8, 93.9] 2/3")
    assert rows["tool_call_f1"][:2] == ("0.0 % [0.0, 0.0] 0/2", "0.0 % [0.0, 0.0] 0/4")
    assert rows["tool_call_f1"][3] == "80.0 % [80.0, 80.0] 4/5"  # one row a stratum: nothing to draw
    assert rows["eval_loss"] == ("–", "–", "2.0000 n=8", "1.0000 n=8")
    assert rows["eval_accuracy"] == ("–", "–", "25.0 % 2/8", "25.0 % 2/8")
    assert rows["args_given_name"][0] == "–"
    assert rows["abstention_accuracy"][3] == "0.0 % [0.0, 79.3] 0/1"


def test_views_groups_parts_and_errors(report):
    views = rows_of(report, "D1 by view")
    assert views["tool_absent: hallucinated_name_rate"][2:] == ("0.0 % 0/1", "100.0 % 1/1")
    assert "tool_absent: tool_args_accuracy" not in views  # null for everybody
    types = rows_of(report, "D1 by query type")
    assert types["easy: tool_call_accuracy"][2:] == ("0.0 % 0/1", "100.0 % 1/1")
    assert rows_of(report, "D1 by tools offered")["0: tool_call_accuracy"][3] == "0.0 % 0/1"
    assert rows_of(report, "D2, ")["no_second_call"] == ("100.0 % 2/2", "0.0 % 0/2")
    assert rows_of(report, "Teacher-forced")["no_tool: eval_loss"] == ("–", "–")
    assert rows_of(report, "D1 errors")["missed_call"] == ("2 (prose 2)", "0")
    assert rows_of(report, "D2 errors")["second_call"] == ("0", "2")


def test_the_terminal_gets_the_headline_and_one_figure_a_group(report):
    out = io.StringIO()
    print_report(Console(file=out, width=160), report)
    lines = [[cell.strip() for cell in line.strip("│\n").split("│")] for line in out.getvalue().splitlines()]
    by_group = {line[0]: line[1:] for line in lines}
    assert by_group["view tool_absent"] == ["100.0 % 1/1", "0.0 % 0/1", "100.0 % 1/1", "0.0 % 0/1"]
    assert by_group["query type easy"][2:] == ["0.0 % 0/1", "100.0 % 1/1"]
    assert by_group["tools offered 0"][3] == "0.0 % 0/1"
    assert ["tool_call", "eval_loss", "2.0000 n=8", "1.0000 n=8"] in lines


def test_printed_text_is_no_markup(report):
    out = io.StringIO()
    print_report(Console(file=out, width=160), report)
    assert "[red]odd|type" in out.getvalue()
    assert "66.7 % [20.8, 93.9] 2/3" in out.getvalue()


def test_a_narrow_terminal_loses_nothing(report):
    out = io.StringIO()
    print_report(Console(file=out, width=60), report)
    text = "".join(out.getvalue().split())
    assert "…" not in text
    assert "balanced" in text


def test_markdown(report):
    text = markdown(report)
    third = "33.3 % [6.1, 79.2] 1/3"
    assert f"| tool_call_accuracy | {third} | {third} | {third} | 66.7 % [20.8, 93.9] 2/3 |" in text
    assert "| [red]odd\\|type | exact_match |" in text
    tables = [block for block in text.split("\n\n") if block.startswith("|")]
    for table in tables:
        assert len({line.replace("\\|", "").count("|") for line in table.strip().splitlines()}) == 1


def test_figures():
    assert figure("exact_match", None) == "–"
    assert figure("exact_match", {"value": None, "numerator": 0, "denominator": 0}) == "–"
    assert figure("exact_match", {"value": 0.0, "numerator": 0, "denominator": 7}) == "0.0 % 0/7"
    assert figure("f1_macro_tool", {"value": 2 / 3, "numerator": 4 / 3, "denominator": 2}) == "66.7 % 1.3333/2"
    assert figure("eval_loss", {"value": 0.123456, "numerator": 12.3456, "denominator": 100}) == "0.1235 n=100"
