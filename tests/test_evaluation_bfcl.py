"""BFCL scores: what a completion earns in each category, the table, and the published figures beside it."""

import re
from pathlib import Path

import pytest

import bfcl_oracle
from test_evaluation_bfcl_data import UNANSWERABLE
from toolgemma.conversation import ToolCall
from toolgemma.errors import DataError
from toolgemma.evaluation.bfcl import AGGREGATES, PUBLISHED, RowScore, decontaminated, score, tabulate
from toolgemma.evaluation.bfcl_data import CATEGORIES, Row, with_gold
from toolgemma.format import get_dialect
from toolgemma.format.parse import Malformed, ParsedTurn
from toolgemma.format.segments import completions, join

DOCUMENT = Path(__file__).parents[1] / "docs" / "evaluation.md"
DOC = {
    "name": "f",
    "description": "",
    "parameters": {"properties": {"x": {"type": "integer"}, "y": {"type": "number"}}, "required": ["x"]},
}
CALL, WRONG = ToolCall("f", {"x": 1}), ToolCall("f", {"x": 2})
BROKEN = Malformed("bad_json", "{")


def row(category, number=0):
    gold = () if "relevance" in category else ({"f": {"x": [1], "y": [1, ""]}},)
    return Row(f"{category}_{number}", category, number, (), (DOC,), gold)


@pytest.mark.parametrize(
    ("category", "calls", "malformed", "expected"),
    [
        ("simple_python", (CALL,), (), (True, False, "ok")),
        ("simple_python", (WRONG,), (), (False, False, "wrong_value")),
        ("simple_python", (CALL, CALL), (), (False, False, "wrong_count")),
        ("simple_python", (), (), (False, True, "no_call")),
        ("simple_python", (), (BROKEN,), (False, True, "malformed")),
        ("live_multiple", (CALL,), (BROKEN,), (False, True, "malformed")),
        ("live_parallel", (CALL,), (), (True, False, "ok")),
        ("simple_python", (ToolCall("f", {"x": 1, "y": 1}),), (), (False, False, "no_verdict")),
        ("irrelevance", (), (), (True, False, "ok")),
        ("irrelevance", (CALL,), (), (False, False, "spurious_call")),
        ("live_irrelevance", (), (BROKEN,), (True, True, "ok")),
        ("live_irrelevance", (CALL,), (BROKEN,), (False, True, "spurious_call")),
        ("live_relevance", (WRONG,), (), (True, False, "ok")),
        ("live_relevance", (), (), (False, True, "no_call")),
        ("live_relevance", (), (BROKEN,), (False, True, "malformed")),
        ("live_relevance", (CALL,), (BROKEN,), (True, True, "ok")),
    ],
)
def test_what_a_completion_earns(category, calls, malformed, expected):
    found = score(row(category), ParsedTurn("", calls, malformed))
    assert (found.passed, found.decode_failed, found.label) == expected


def test_detail_says_what_was_wrong():
    assert score(row("simple_python"), ParsedTurn("", (WRONG,))).detail == "x: 2"
    assert score(row("simple_python"), ParsedTurn("", (), (BROKEN,))).detail == "bad_json"


def entries(category, passed, rows=None, decode_failed=0):
    """Scores of a category of which the first `passed` passed."""
    rows = CATEGORIES[category].rows if rows is None else rows
    return [
        RowScore(f"{category}_{number}", category, number < passed, number >= rows - decode_failed, "ok")
        for number in range(rows)
    ]


def test_table_by_category():
    table = tabulate([*entries("live_relevance", 4, decode_failed=2), *entries("parallel", 30, rows=100)])
    assert list(table.categories) == ["parallel", "live_relevance"]  # the leaderboard's order
    relevance = table.categories["live_relevance"]
    assert (relevance.rows, relevance.passed, relevance.decode_failure_rate) == (16, 4, 0.125)
    assert relevance.accuracy.point == 0.25
    assert relevance.complete
    assert not table.categories["parallel"].complete


def test_table_counts_rows_without_a_verdict():
    found = score(row("simple_python"), ParsedTurn("", (ToolCall("f", {"x": 1, "y": 1}),)))
    line = tabulate([found]).categories["simple_python"]
    assert (line.passed, line.no_verdict, line.labels) == (0, 1, {"no_verdict": 1})


def test_aggregates_need_every_row_of_every_part():
    parts = [
        *entries("simple_python", 400),
        *entries("multiple", 100),
        *entries("parallel", 50),
        *entries("parallel_multiple", 0),
    ]
    assert tabulate(parts).aggregates == {
        "non_live_python": (1 + 0.5 + 0.25 + 0) / 4,
        "live": None,
        "irrelevance_detection": None,
    }
    assert tabulate(parts[:-1]).aggregates["non_live_python"] is None
    live = [*entries("live_simple", 258), *entries("live_multiple", 0), *entries("live_parallel", 16)]
    assert tabulate(live).aggregates["live"] is None
    live += entries("live_parallel_multiple", 24)
    assert tabulate(live).aggregates["live"] == (258 + 16 + 24) / (258 + 1053 + 16 + 24)
    irrelevance = [*entries("irrelevance", 60), *entries("live_irrelevance", 884)]
    assert tabulate(irrelevance).aggregates["irrelevance_detection"] == (0.25 + 1) / 2


def test_no_aggregate_is_called_overall():
    assert not any("overall" in name for name in AGGREGATES)


def test_a_row_scored_twice_is_refused():
    with pytest.raises(DataError, match="parallel_0 was scored twice"):
        tabulate(entries("parallel", 1, rows=1) * 2)


def test_decontaminated_leaves_rows_out():
    everything, clean = decontaminated(entries("live_parallel", 8), {f"live_parallel_{number}" for number in range(8)})
    assert (everything.categories["live_parallel"].passed, everything.categories["live_parallel"].rows) == (8, 16)
    assert (clean.categories["live_parallel"].passed, clean.categories["live_parallel"].rows) == (0, 8)


def test_published_figures_are_possible():
    """A percentage over n rows is k / n; `simple` is the mean over 400 Python, 100 Java and 50 JavaScript rows."""
    for published in PUBLISHED:
        assert published.source
        for name, percent in published.accuracy.items():
            rows = 100 * 400 if name == "simple" else CATEGORIES[name].rows
            nearest = round(percent / 100 * rows) / rows * 100
            assert abs(nearest - percent) <= 0.1, (published.model, name)


def test_the_document_prints_the_published_figures():
    text = DOCUMENT.read_text(encoding="utf-8")
    for published in PUBLISHED:
        (line,) = re.findall(rf"^\| {published.model} \({published.mode}\) \|(.*)\|$", text, re.MULTILINE)
        cells = [cell.strip().removesuffix(" (Python)") for cell in line.split("|")]
        assert [float(cell) for cell in cells if cell] == list(published.accuracy.values())


def test_the_example_in_the_document_runs(capsys):
    bfcl_oracle.rows_or_skip()
    (code,) = re.findall(r"^```python\n(.*?)^```", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    exec(compile(code, DOCUMENT.name, "exec"), {})
    assert capsys.readouterr().out == "{'multiple': 0.0, 'live_relevance': 0.0}\n"


@pytest.mark.parametrize("name", ["hermes", "shawhin"])
def test_gold_in_our_dialect_passes(name):
    """Rendered, parsed and scored: every row with an answer, but the four that no answer passes."""
    dialect = get_dialect(name)
    failed = []
    for found in bfcl_oracle.rows_or_skip():
        if found.gold:
            _, completion = completions(dialect.render(with_gold(found)))[-1]
            earned = score(found, dialect.parse(join(completion)))
            failed += [] if earned.passed else [earned.id]
    assert set(failed) == UNANSWERABLE


@pytest.mark.parametrize("completion", ["", "lorem ipsum", '<tool_call>\n{"name": "f", "arguments": {}', "[f(x=1)]"])
def test_empty_and_garbage_output_earns_nothing_where_a_call_is_due(completion):
    turn = get_dialect("hermes").parse(completion)
    table = tabulate(score(found, turn) for found in bfcl_oracle.rows_or_skip())
    for name, line in table.categories.items():
        assert line.passed == (0 if CATEGORIES[name].calls_due else line.rows)
    broken = completion.startswith("<tool_call>")
    assert table.categories["irrelevance"].decode_failed == (240 if broken else 0)
    assert table.categories["multiple"].decode_failure_rate == 1
