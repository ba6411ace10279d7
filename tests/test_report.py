"""The report: each figure of the saved files, in both documents, and nothing in it that a model or data could run."""

import base64
import hashlib
import html
import json
import re
import subprocess
import sys
import unicodedata
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from report_runs import clumsy, gold, silent, write_run, written
from scenes import TOOLS, WEATHER, call, plain_row, tool_row
from toolgemma import rundir
from toolgemma.conversation import Conversation, Message, Tool
from toolgemma.errors import DataError
from toolgemma.evaluation.report import mistakes, rows, saved
from toolgemma.evaluation.report.blocks import Matrix, Plots, Table
from toolgemma.evaluation.report.text import cut, visible
from toolgemma.evaluation.report.write import make_page, report_file, write_report
from toolgemma.format.parse import ParsedTurn

ASSETS = Path(rows.__file__).parent / "assets"
BIDI = "\u202e\u2066\u200f"
HOSTILE = f"</script><script>window.pwned=1</script><img src=x onerror=window.pwned=1>{BIDI}\"'`|<!--"


class Reader(HTMLParser):
    """Elements with their attributes, the text of each, and tables as rows of cells."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.tables: list[list[list[str]]] = []
        self.scripts: list[str] = []
        self.text: list[str] = []
        self._open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr" and self.tables:
            self.tables[-1].append([])
        elif tag in ("th", "td"):
            self.tables[-1][-1].append("")
        elif tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if "script" in self._open:
            self.scripts[-1] += data
        elif "th" in self._open or "td" in self._open:
            self.tables[-1][-1][-1] += data
        else:
            self.text.append(data)


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    folder = write_run(tmp_path_factory.mktemp("report") / "outputs")
    write_report(folder)
    return folder


@pytest.fixture(scope="module")
def page(run) -> str:
    return (run / "evaluation" / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def markdown(run) -> str:
    return (run / "evaluation" / "report.md").read_text(encoding="utf-8")


def documents(folder: Path) -> tuple[str, str]:
    target = write_report(folder)
    return target.read_text(encoding="utf-8"), target.with_suffix(".md").read_text(encoding="utf-8")


def cells(page: str) -> dict[str, list[str]]:
    """The first row of each name, over all tables."""
    found: dict[str, list[str]] = {}
    for table in Reader(page).tables:
        for line in table[1:]:
            if line:
                found.setdefault(line[0].strip(), [cell.strip() for cell in line])
    return found


# What it says.


def test_the_headline_is_that_of_the_files(page, run):
    metrics = json.loads((run / "evaluation" / "metrics.json").read_text(encoding="utf-8"))
    recorded = metrics["systems"]["untuned"]["views"]["repaired"]["D1"]["tool_call_accuracy"]
    assert (recorded["numerator"], recorded["denominator"]) == (2, 8)
    # Wilson 1927 by hand: (2/8 + z^2/16 +- z sqrt(2/8 6/8 / 8 + z^2/256)) / (1 + z^2/8)
    assert cells(page)["tool_call_accuracy"][1:3] == ["25.0 % 2/8 [7.1, 59.1]", "100.0 % 8/8 [67.6, 100.0]"]
    text = " ".join(Reader(page).text)
    assert "6 rows fixed, 0 broken" in text
    assert "exact McNemar p = 0.031" in text


def test_every_section_of_the_issue_is_there(page):
    titles = re.findall(r"<h2 [^>]*>([^<]*)</h2>", page)
    assert titles == [
        "Before and after",
        "By group of rows",
        "What goes wrong",
        "By tool",
        "Length",
        "Learning curves",
        "Rows",
        "Data",
        "Settings",
    ]
    captions = re.findall(r"<figcaption>([^<]*)</figcaption>", page)
    for expected in (
        "Metrics of the view repaired",
        "by tools offered",
        "Labels of tool-call decisions",
        "Loss per token",
        "Learning rate",
        "Tool metrics by generation",
        "Length of the generated turns",
    ):
        assert any(expected in caption for caption in captions), expected


def test_figures_of_the_other_sections(page):
    found = cells(page)
    assert found["malformed"] == ["malformed", "2 (unclosed 2)", "0"]
    assert found["extra_arg"] == ["extra_arg", "4 (known 4)", "0"]
    assert found["get_weather"] == ["get_weather", "0/4 = 0 % [0, 49]", "4/4 = 100 % [51, 100]"]
    assert found["tool-not-offered"][:4] == ["tool-not-offered", "error", "3 → 0", "0 → 0"]
    assert found["seed of the training"][1] == "7"
    assert found["torch"] == ["torch", "2.9.0"]
    assert "training:" in page and "learning_rate: 0.0002" in page


def test_markdown_has_the_same_tables(page, markdown):
    lines = {line for line in markdown.splitlines() if line.startswith("| ")}
    made = {
        tuple(html.unescape(re.sub(r"\\(.)", r"\1", cell)).strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1])
        for line in lines
    }
    for table in Reader(page).tables:
        for row in table:
            if row and "row" not in row:  # the browser's empty table
                assert tuple(" ".join(cell.split()) for cell in row) in made, row


def test_every_drawing_says_its_figures_and_has_a_table(run):
    found = make_page(saved.read(run))
    for section in (*found.sections, *found.settings):
        kinds = [type(block) for block in section.blocks]
        if Plots in kinds:
            assert Table in kinds[kinds.index(Plots) :], section.title
            for block in section.blocks:
                for plot in block.plots if isinstance(block, Plots) else ():
                    assert re.search(r"\d", plot.alt), plot.caption


def test_calls_are_crossed_by_hand(tmp_path, monkeypatch):
    """One right call, one of another tool, one where none is due, one missing."""
    answers = {
        "test/0": written("", (call("get_weather", city="Paris"),)),
        "test/1": written("", (call("sort_list", values=[1]),)),
        "test/2": written("", (call("sort_list", values=[1]),)),
        "test/4": silent(None),  # type: ignore[arg-type]
    }
    chosen = [tool_row("test/0"), plain_row("test/1", TOOLS), tool_row("test/2"), tool_row("test/4")]
    folder = write_run(tmp_path, chosen, tuned=lambda decision: answers[decision.row], untuned=None)
    sections = {section.id: section for section in make_page(saved.read(folder)).sections}
    (matrix,) = (block for block in sections["tools"].blocks if isinstance(block, Matrix))
    counts = {
        (row, column): count
        for row, line in matrix.rows
        for column, count in zip(matrix.columns, line, strict=True)
        if count
    }
    assert counts == {
        ("get_weather", "get_weather"): 1,
        ("(no call due)", "sort_list"): 1,
        ("get_weather", "sort_list"): 1,
        ("get_weather", "(no call)"): 1,
    }
    assert ("get_weather", "get_weather") in matrix.right and ("get_weather", "sort_list") not in matrix.right
    monkeypatch.setattr(mistakes, "_TOOLS_CROSSED", 0)
    (matrix,) = (block for block in mistakes.tools(saved.read(folder)).blocks if isinstance(block, Matrix))
    assert (matrix.columns, matrix.rows) == (
        ("(the same tool)", "(other tools)", "(no call)"),
        (("(other tools)", (1, 1, 1)), ("(no call due)", (0, 1, 0))),
    )


def test_an_interval_that_says_nothing_is_left_out(page):
    """No call of the untuned model was right: every resample says 0, and that is no certainty."""
    assert cells(page)["tool_call_f1"][1:3] == ["0.0 % 0/10", "100.0 % 8/8"]
    assert cells(page)["malformed_rate (lower is better)"][1] == "25.0 % 2/8 [7.1, 59.1]"


def test_the_same_files_give_the_same_bytes(run, page):
    assert documents(run)[0] == page


# Files that are missing, damaged or don't belong together.


def test_without_a_baseline(tmp_path):
    page, _ = documents(write_run(tmp_path, untuned=None))
    assert "evaluate with --baseline" in page
    assert "Tool metrics by generation" in page


def test_without_the_runs_files_it_says_so(tmp_path):
    folder = write_run(tmp_path / "run")
    for name in (rundir.METRICS, rundir.DATA_REPORT, rundir.CONFIG):
        (folder / name).unlink()
    (folder / rundir.FINAL / rundir.MANIFEST).unlink()
    page, markdown = documents(folder)
    for text in (page, markdown):
        assert "metrics.jsonl was not found" in text
        assert "data_report.json was not found" in text
        assert "Not found beside the evaluation: metrics.jsonl, data_report.json, config.yaml, manifest.json." in text


@pytest.mark.parametrize("where", ["outputs", "outputs/evaluation", "outputs/checkpoint-final", "metrics.json"])
def test_what_a_path_may_name(run, where):
    path = {"metrics.json": run / "evaluation" / "metrics.json"}.get(where, run.parent / where)
    assert saved.metrics_file(path) == run / "evaluation" / "metrics.json"


def test_figures_of_another_name_have_a_report_of_their_own(tmp_path):
    folder = write_run(tmp_path, metrics_name="mine.json")
    target = write_report(folder / "evaluation" / "mine.json")
    assert target == report_file(folder / "evaluation" / "mine.json") == folder / "evaluation" / "mine.report.html"
    assert "Loss per token" in target.read_text(encoding="utf-8")


def test_nothing_to_report_on(tmp_path):
    with pytest.raises(DataError, match=r"no metrics.json.*toolgemma evaluate"):
        write_report(tmp_path)


def test_files_of_two_evaluations_are_refused(tmp_path):
    folder = write_run(tmp_path)
    path = folder / "evaluation" / "metrics.json"
    metrics = json.loads(path.read_text(encoding="utf-8"))
    metrics["systems"]["tuned"]["views"]["repaired"]["D1"]["tool_call_accuracy"]["numerator"] = 7
    rundir.write_json(path, metrics)
    with pytest.raises(DataError, match=r"not of the same evaluation: tool_call_accuracy is 8/8"):
        write_report(folder)
    assert not (folder / "evaluation" / "report.html").exists()


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("metrics.json", "{", "no JSON"),
        ("metrics.json", "[]", "no JSON object"),
        ("metrics.json", '{"systems": {}}', "no figures"),
        ("metrics.json", '{"suite": "bfcl", "systems": {"tuned": {}}}', "suite bfcl, which has no report"),
        ("predictions.jsonl", '{}\n{"row": 1}\n', "line 2"),
        ("../data_report.json", "x", "no JSON"),
    ],
)
def test_damaged_files(tmp_path, name, text, said):
    folder = write_run(tmp_path)
    (folder / "evaluation" / name).write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=said):
        write_report(folder)


def test_predictions_without_messages_still_make_a_report(tmp_path):
    folder = write_run(tmp_path, untuned=None)
    path = folder / "evaluation" / "predictions.jsonl"
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for line in lines[1:]:
        del line["messages"]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    assert rows.browser(saved.read(folder)).rows[0]["prompt"] is None


def test_the_command_needs_no_torch(run):
    code = (
        "import sys; from toolgemma.cli import main; sys.argv = ['toolgemma', 'report', sys.argv[1]]\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print([name for name in ('torch', 'transformers', 'datasets') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code, run], capture_output=True, text=True, encoding="utf-8")
    assert result.returncode == 0, result.stderr
    assert str(run / "evaluation" / "report.html") in result.stdout
    assert result.stdout.strip().endswith("[]")


# Untrusted text.


def hostile_rows() -> list[Conversation]:
    tool = Tool(HOSTILE, HOSTILE, WEATHER.parameters)
    asked = Message("user", HOSTILE)
    tool_message = Message("tool", HOSTILE, name=HOSTILE)
    made = [
        Conversation(
            (
                asked,
                Message("assistant", "", (call(HOSTILE, city=HOSTILE),)),
                tool_message,
                Message("assistant", HOSTILE),
            ),
            (tool, *TOOLS),
            "test/0",
            {"query_type": HOSTILE},
        ),
        Conversation((asked, Message("assistant", HOSTILE)), (tool,), "test/1", {"query_type": HOSTILE}),
    ]
    return [*made, tool_row("test/2"), replace(plain_row("test/3"), messages=(asked, Message("assistant", "no")))]


def hostile_run(folder: Path) -> Path:
    """Hostile strings wherever a model, a dataset or a config can put one."""
    made = write_run(
        folder,
        hostile_rows(),
        tuned=lambda decision: written("", (call(HOSTILE, city="x"), call("a" + BIDI, **{HOSTILE: HOSTILE}))),
        untuned=lambda decision: f"{HOSTILE}<tool_call>{HOSTILE}",
        tools=(*TOOLS, Tool(HOSTILE, HOSTILE)),
        base=HOSTILE,
    )
    report = json.loads((made / rundir.DATA_REPORT).read_text(encoding="utf-8"))
    report["changes"] = [{"rule": HOSTILE, "split": HOSTILE, "row": 1, "action": HOSTILE, "message": HOSTILE}]
    report["lint_before"][HOSTILE] = {"train": 1}
    report["source"]["name"] = HOSTILE
    rundir.write_json(made / rundir.DATA_REPORT, report)
    return made


def test_nothing_hostile_becomes_markup(tmp_path):
    page, markdown = documents(hostile_run(tmp_path))
    reader = Reader(page)
    assert [attributes.get("type") for tag, attributes in reader.elements if tag == "script"] == [
        "application/json",
        None,
    ]
    assert not [tag for tag, _ in reader.elements if tag in ("img", "iframe", "object", "base", "form[action]")]
    for tag, attributes in reader.elements:
        assert not [name for name in attributes if name.startswith("on") or name == "style"], (tag, attributes)
        assert not [value for name, value in attributes.items() if name == "href" and value[:1] not in "#d"]
    assert page.lower().count("</script") == 2
    assert "window.pwned" in "".join(reader.text)  # it is there to be read, as text
    prose = re.sub(r"^(`{3,})\n.*?^\1$", "", markdown, flags=re.DOTALL | re.MULTILINE)  # fenced text is shown as it is
    assert "```" not in prose
    assert not re.search(r"(?<!\\)<(script|img|!)", prose)
    assert not re.search(r"(?<!\\)`", prose)
    for text in (page, markdown):
        assert not set(text) & set(BIDI)
        assert "[U+202E]" in text


def test_the_rows_survive_the_way_into_the_page(tmp_path):
    page, _ = documents(hostile_run(tmp_path))
    data = json.loads(Reader(page).scripts[0])
    (row,) = (row for row in data["rows"] if row["id"] == "test/1")
    assert row["prompt"] == [["user", visible(HOSTILE)]]
    said = row["said"]["tuned"]["parts"][0][1]
    assert visible(HOSTILE.replace('"', '\\"')) in "".join(text for _, text in said)


def test_the_policy_allows_exactly_this_script_and_style(page):
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    rules = dict(rule.strip().split(" ", 1) for rule in html.unescape(policy).split(";"))
    assert rules["default-src"] == "'none'" and rules["base-uri"] == "'none'" and rules["form-action"] == "'none'"
    script = Reader(page).scripts[1]
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1]
    for rule, text in (("script-src", script), ("style-src", style)):
        digest = base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
        assert rules[rule] == f"'sha256-{digest}'"
    assert not re.search(r"""(src|href)\s*=\s*["']?\s*(https?:|//)""", page)
    assert "url(http" not in page


def test_a_megabyte_is_cut_and_said(tmp_path):
    huge = "x" * 1_000_000
    long_rows = [
        Conversation((Message("user", huge), Message("assistant", huge)), TOOLS, "test/0"),
        Conversation(
            (Message("user", "?"), Message("assistant", "", (call("get_weather", city=huge),))), TOOLS, "test/1"
        ),
        Conversation(
            (Message("user", "?"), Message("assistant", "no")), (Tool(huge), *TOOLS), "test/2", {"query_type": huge}
        ),
    ]
    folder = write_run(tmp_path, long_rows, tuned=gold, untuned=lambda decision: huge)
    page, markdown = documents(folder)
    assert len(page) < 400_000 and len(markdown) < 50_000
    assert "[996,000 characters left out]" in page
    assert "more than 4,000 characters: here its middle is left out" in page and "4,000 characters" in markdown


def test_many_rows_are_cut_and_said(tmp_path, monkeypatch):
    monkeypatch.setattr(rows, "ROWS", 4)
    found = rows.browser(saved.read(write_run(tmp_path, tuned=clumsy)))
    assert len(found.rows) == 4
    assert all(label[0] != "ok" for row in found.rows for label in row["said"]["tuned"]["labels"].values())
    assert found.limits == [
        "4 of 18 turns are on this page, those with a mistake of the tuned model before others; "
        "the predictions file holds all."
    ]


def test_all_texts_together_have_a_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(rows, "TEXTS", 10_000)
    found = rows.browser(saved.read(write_run(tmp_path, tuned=lambda decision: "word " * 900)))
    assert "400 characters" in found.limits[0]
    assert max(len(text) for row in found.rows for _, text in row["said"]["tuned"]["parts"][0][0]) < 500


@given(st.text(st.characters(codec=None), max_size=60))
def test_visible_leaves_nothing_unseen(text):
    shown = visible(text)
    assert not [
        c for c in shown if c not in "\n\t" and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
    ]
    assert visible(shown) == shown


@given(st.text("ab ", max_size=400), st.integers(8, 100))
def test_cut_keeps_both_ends_and_counts(text, limit):
    shown = cut(text, limit)
    if len(text) <= limit:
        assert shown == text
    else:
        head, count, tail = re.fullmatch(r"(.*) \[([\d,]+) characters left out\] (.*)", shown, re.DOTALL).groups()
        assert text.startswith(head) and text.endswith(tail)
        assert len(head) + int(count.replace(",", "")) + len(tail) == len(text)


@given(st.text("ab{}\n ", max_size=40), st.text("ab{}\n ", max_size=40), st.booleans())
def test_pieces_join_to_gold_and_completion(one, other, calls):
    pieces = rows._pieces(one, other, calls=calls)
    assert "".join(text for kind, text in pieces if kind in (rows.BOTH, rows.GOLD, rows.GOLD_UNMARKED)) == one
    assert "".join(text for kind, text in pieces if kind in (rows.BOTH, rows.SAID, rows.SAID_UNMARKED)) == other
    if calls:
        assert not {kind for kind, _ in pieces} & {rows.GOLD_UNMARKED, rows.SAID_UNMARKED}


def test_one_wrong_value_is_marked_and_nothing_else():
    pieces = rows._pieces('{"city": "Paris", "days": 3}', '{"city": "Oslo", "days": 3}', calls=True)
    assert [piece for piece in pieces if piece[0] != rows.BOTH] == [[rows.GOLD, "Paris"], [rows.SAID, "Oslo"]]


# For everybody's eyes and ears.


def test_tables_and_drawings_can_be_heard(page):
    reader = Reader(page)
    heads = [attributes for tag, attributes in reader.elements if tag == "th"]
    assert heads and all(head.get("scope") in ("col", "row") for head in heads)
    assert page.count("<table") == page.count("<caption")
    images = [attributes for _, attributes in reader.elements if attributes.get("role") == "img"]
    assert len(images) == page.count("<figure>") > 8
    assert all(len(image["aria-label"]) > 40 for image in images)
    ids = [
        attributes["id"]
        for tag, attributes in reader.elements
        if "id" in attributes and tag not in ("path", "clippath")
    ]
    assert len(ids) == len(set(ids))
    controls = [tag for tag, _ in reader.elements if tag in ("select", "input")]
    assert len(controls) == page.count("<label") == 6
    assert [tag for tag, _ in reader.elements if tag in ("h1", "h2")] == ["h1"] + ["h2"] * 9


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_contrast(dark):
    style = (ASSETS / "report.css").read_text(encoding="utf-8")
    blocks = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    colours = dict(re.findall(r"--([\w-]+): (#\w{6});", blocks[0]))
    if dark:
        colours |= dict(re.findall(r"--([\w-]+): (#\w{6});", blocks[1]))
    for text in ("ink", "muted", "link", "good", "bad"):
        for ground in ("paper", "raised"):
            assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
    for ground in ("extra", "missing", "note"):
        assert contrast(colours["ink"], colours[ground]) >= 4.5, ground
    for name in ("untuned", "tuned", "always-abstain", "first-offered-tool", "extra-line", "missing-line"):
        assert contrast(colours[name], colours["paper"]) >= 3, name
    for name in colours:
        if name.startswith("label-"):
            assert contrast(colours["on-label"], colours[name]) >= 4.5, name


def test_parsed_turns_are_what_was_written():
    """The helper that writes answers is right, or every test above would be about nothing."""
    from toolgemma.format import hermes

    assert hermes.parse(written("", (call("get_weather", city="Paris"),))) == ParsedTurn(
        "", (call("get_weather", city="Paris"),)
    )
