"""The linter: each rule finds its planted fault and is silent on the clean twin; the real data; speed."""

from collections import Counter
from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from toolgemma.conversation import Conversation, Message, Tool, ToolCall
from toolgemma.data.convert import convert
from toolgemma.data.findings import RULES
from toolgemma.data.lint import lint
from toolgemma.data.load import read_file_or_folder
from toolgemma.data.rules.answers import answer_faults, contradiction, read_result
from toolgemma.data.rules.calls import order_fault
from toolgemma.data.rules.duplicates import _grams, _repeated, clusters, near_pairs
from toolgemma.data.rules.prompts import prompt_faults
from toolgemma.data.table import lint_table
from traces import CLEAN, call, trace_row

EMAIL = ("check_email",)
REMIND = {"offered": ("set_reminder",), "result": "{'status': 'set'}", "answer": "I have set it."}


def remind(query, datetime_str, **more):
    return trace_row(query, call("set_reminder", message="Call", datetime_str=datetime_str), **(REMIND | more))


def adding(**more):
    return trace_row("What is 2 plus 3?", more.pop("made", call("add", a=2, b=3)), "5", "It is 5.", **more)


def planted(splits):
    converted = {split: convert(rows, split) for split, rows in splits.items()}
    return [finding for finding in lint(converted) if finding.rule != "offered-count-mismatch"]


# rule, the faulty row, its clean twin
ROWS = [
    ("tool-not-offered", adding(offered=("get_weather",)), adding()),
    ("label-mismatch", adding(tool_name="get_weather"), adding()),
    ("label-mismatch", adding(tool_needed=False, tool_name=None), adding()),
    ("label-mismatch", trace_row("Hi?", tool_needed=True), trace_row("Hi?")),
    ("malformed-call", adding(made='{"tool_name": "add", "args": {"a": 2, "b": 3}'), adding()),
    ("unknown-argument", adding(made=call("add", a=2, b=3, c=4)), adding()),
    ("missing-argument", adding(made=call("add", a=2)), adding()),
    ("wrong-type", adding(made=call("add", a=2, b="three")), adding()),
    ("answer-contradicts-result", trace_row("2 plus 3?", call("add", a=2, b=3), "5", "It is 6."), adding()),
    ("answer-tags", adding() | {"trace": [*adding()["trace"][:-1], {"role": "assistant", "content": "It is 5."}]},
     adding()),
    ("generator-residue", trace_row("Here is a query for the tool:\n\nWhy is the sky blue?"),
     trace_row("Here is a list, can you explain it: [1, 2]?")),
    ("missing-date", remind("Remind me to call tomorrow", "2024-01-16T10:00:00"),
     remind("Remind me to call tomorrow", "2024-01-16T10:00:00", date="2024-01-15")),
    ("over-budget", trace_row("Why?", answer="word " * 4000), trace_row("Why?", answer="word " * 400)),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "faulty", "clean"), ROWS, ids=[f"{row[0]}-{i}" for i, row in enumerate(ROWS)])
def test_a_planted_fault_is_found_and_its_clean_twin_is_not(rule, faulty, clean):
    assert [(finding.rule, finding.row) for finding in planted({"train": [CLEAN[2], faulty]})] == [(rule, 1)]
    assert planted({"train": [CLEAN[2], clean]}) == []


def test_clean_rows_have_no_finding():
    assert lint({"train": convert(CLEAN, "train")}) == []


def test_multiple_calls_contradict_a_label_and_nothing_else():
    double = Message("assistant", "", (ToolCall("add", {"a": 1, "b": 2}), ToolCall("add", {"a": 3, "b": 4})))
    unlabelled = Conversation((Message("user", "Add."), double), convert(CLEAN, "train")[0].tools, "train/0")
    assert lint({"train": [unlabelled]}) == []
    labelled = replace(unlabelled, meta={"tool_name": "add"})
    assert [finding.rule for finding in lint({"train": [labelled]})] == ["multiple-calls"]


def test_offered_count():
    (finding,) = lint({"train": convert([adding(num_tools_available=7)], "train")})
    assert (finding.rule, finding.severity) == ("offered-count-mismatch", "warning")
    assert finding.message == "num_tools_available is 7, the list has 2"


S, U, T = Message("system", "s"), Message("user", "u"), Message("tool", "t")
A, C = Message("assistant", "a"), Message("assistant", "", (ToolCall("add", {}),))


@pytest.mark.parametrize(
    ("messages", "fault"),
    [
        ((U, A), None),
        ((S, U, C, T, A, U, A), None),
        ((U, C), None),
        ((U, C, T, C, T, A), None),
        ((U, S, A), "message 1 is a system message; it can only be the first"),
        ((U, U, A), "message 1 is from the user, twice in a row"),
        ((U, C, U, A), "message 2 is from the user, after an unanswered call"),
        ((U, T, A), "message 1 is a tool result that no call asked for"),
        ((U, C, T, T, A), "message 3 is a tool result that no call asked for"),
        ((A,), "message 0 is from the assistant, after nothing"),
        ((U, A, A), "message 2 is from the assistant, after assistant"),
        ((U, Message("assistant", " ")), "message 1 is an empty assistant turn"),
        ((U, A, U), "ends with user, not with the assistant"),
        ((), "ends with nothing, not with the assistant"),
    ],
)
def test_role_order(messages, fault):
    conversation = Conversation(messages, (Tool("add"),), "train/0")
    assert order_fault(conversation) == fault
    assert ("role-order" in {finding.rule for finding in lint({"train": [conversation]})}) == (fault is not None)


def test_repeated_queries_within_and_across_splits():
    def asks(*queries):
        return [trace_row(query) for query in queries]

    found = planted(
        {
            "test": asks("Who wrote Hamlet?", "What is the main purpose of education?"),
            "train": asks(
                "who  wrote hamlet?",  # the same as test/0
                "wat is the main purpos of education?",  # nearly test/1
                "Choose 3 items from a set of 10",
                "Choose 4 items from a set of 10",  # another task in the same wording
                "Name a red flower",
                "Name a red flower.",  # nearly train/4
            ),
        }
    )
    assert [(finding.rule, finding.split, finding.row) for finding in found] == [
        ("leakage-exact", "train", 0),
        ("duplicate-query", "train", 5),
        ("leakage-near", "train", 1),
    ]
    assert found[0].message == "the same query as test/0: 'who  wrote hamlet?'"


def test_the_train_split_may_have_another_name():
    rows = {"scored": convert(CLEAN[:1], "scored"), "fit": convert(CLEAN[:1], "fit")}
    (leak,) = lint(rows, train_split="fit")
    assert (leak.rule, leak.split, leak.row) == ("leakage-exact", "fit", 0)


@given(st.lists(st.text("ab ", min_size=4, max_size=12), max_size=9))
def test_clusters_are_the_connected_components(texts):
    """A row that is like two others makes them one group, named by its first row."""
    rows = [Conversation((Message("user", text),), id=f"test/{number}") for number, text in enumerate(texts)]
    found = clusters(rows)
    exact, near = _repeated(texts)
    components = [{number} for number in range(len(texts))]
    for one, other, _ in (*exact, *near):
        joined = [group for group in components if {one, other} & group]
        components = [group for group in components if group not in joined] + [set().union(*joined)]
    assert found == {f"test/{number}": f"test/{min(group)}" for group in components for number in group}


@given(st.lists(st.text(alphabet="abc 1", max_size=12), max_size=12), st.sampled_from([0.3, 0.5, 0.7, 0.9]))
def test_near_pairs_are_those_of_the_definition(texts, threshold):
    expected = []
    for (i, one), (j, other) in combinations(enumerate(map(_grams, texts)), 2):
        if one and other and len(one & other) / len(one | other) >= threshold:
            expected.append((i, j, len(one & other) / len(one | other)))
    assert near_pairs(texts, threshold) == expected


def test_weak_schemas_once_a_tool():
    strong = Tool("a", "", {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]})
    weak = Tool("b", "", {"type": "object", "properties": {"x": {"type": "array"}}, "required": ["x"]})
    listing = {"type": "string", "description": "Possible values - 'u', 'v'"}
    listed = Tool("c", "", {"type": "object", "properties": {"x": listing}, "required": ["x"]})
    rows = [
        Conversation((U, A), tools, f"train/{i}") for i, tools in enumerate([(strong,), (strong, weak, listed)] * 2)
    ]
    found = [finding for finding in lint({"train": rows}) if finding.rule == "weak-schema"]
    assert [(finding.row, finding.message) for finding in found] == [
        (1, "b (2 rows offer it): x: array without items"),
        (1, "c (2 rows offer it): x: its values stand in the description, not in an enum"),
    ]


def test_style_confound_needs_a_label_that_text_follows():
    def rows(texts):
        messages = [(Message("user", f"{'xyz' * i}?"), replace(C, content=text)) for i, (_, text) in enumerate(texts)]
        return [
            Conversation(messages[i], (Tool("add"),), f"train/{i}", {"query_type": kind})
            for i, (kind, _) in enumerate(texts)
        ]

    confounded = rows([("easy", ""), ("hard", "I look.")] * 5)
    (found,) = [finding for finding in lint({"train": confounded}) if finding.rule == "style-confound"]
    assert found.row == 1
    assert found.message.startswith("text before the call stands in query_type hard, not in easy")
    mixed = rows([("easy", ""), ("hard", "I look."), ("easy", "I look."), ("hard", "")] * 3)
    always = rows([("easy", "I look."), ("hard", "I look.")] * 5)
    for fine in (mixed, always):
        assert not [finding for finding in lint({"train": fine}) if finding.rule == "style-confound"]


def test_over_budget_counts_with_the_tokenizer_that_is_given():
    rows = {"train": convert(CLEAN, "train")}
    found = [f for f in lint(rows, count_tokens=lambda row: 10 + row.row, budget=11) if f.rule == "over-budget"]
    assert [(finding.row, finding.message) for finding in found] == [(2, "12 tokens, budget 11")]
    (estimate,) = [f for f in lint(rows, budget=100) if f.rule == "over-budget" and f.row == 0]
    assert "estimate" in estimate.message


@pytest.mark.parametrize(
    ("result", "answer", "wrong"),
    [
        ("5", "It is five.", False),
        ("5", "It is 5.", False),
        ("3.391164991562634", "About 3.39.", False),
        ("7534.999999999999", "About 7534.99 or 7,535 yen.", False),
        ("0.25", "25% of them.", False),
        ("-45.25", "It fell by $45.25.", False),
        ("36", "There are 35.", True),
        ("3.39", "About 3.41.", True),
        ("True", "No, that is not valid: it is invalid.", True),
        ("True", "Yes, it is valid, not a typo.", False),
        ("False", "Yes, it is a valid address.", True),
        ("False", "It is not valid.", False),
        ("2024-03-26", "It will be March 26, 2024.", False),
        ("2024-03-26", "It will be 2024-03-27.", True),
        ("2024-07-01T08:30:00-07:00", "At 8:30 AM.", False),
        ("2024-07-01T08:30:00-07:00", "At 9:30 AM on 2024-07-02.", True),
        ("Wednesday", "It was a Thursday.", True),
        ("Wednesday", "Wednesday", False),
        ("a-nice-slug-2024", "Here: `a-nice-slug-2024`.", False),
        ("a-nice-slug-2024", "Here: `a-nice-2024`.", True),
        ("q6vdi2N7bT", "Your password is ready.", False),
        ("['#sun', '#fun']", "I found #sun and #fun.", False),
        ("['#sun', '#fun']", "I found #sun, #fun and #run.", True),
        ("['https://a.com,']", "Found https://a.com.", False),
        ("['https://a.com,']", "Found https://a.com and www.b.com.", True),
        ("['https://a.com,']", "Found https://a.com; but not www.b.com.", False),
        ("[' 8002223456']", "It is (800) 222-3456.", False),
        ("[' 8002223456']", "They are 555-1234 and (800) 222-3456.", True),
        ("{'error': 'no such city'}", "It is sunny.", True),
        ("{'error': 'no such city'}", "I could not find it.", False),
        ("[{'title': 'Results for: plans'}]", 'I found a page titled "Plans".', True),
        ("[{'title': 'Results for: plans'}]", 'I found no page titled "Plans".', False),
        ("[{'url': 'https://a.com/q?x=red%20green'}]", "See https://a.com/q?x=red.", False),
        ("[{'url': 'https://a.com/q?x=red%20green%20blue'}]", "See https://a.com/q?x=red%20blue.", True),
        ("{'message': 'The project deadline has moved'}", 'I sent "The deadline has moved".', True),
        ("{'message': 'Call mom about the birthday'}", 'I noted "Call mom about her birthday".', False),
        ("{'temperature': 62, 'condition': 'Cloudy'}", "Cloudy in Paris.", False),
        ("9" * 400, "It is 7.", False),
    ],
)
def test_contradictions(result, answer, wrong):
    assert (contradiction(read_result(result), answer, {}, "") is not None) == wrong


def test_a_result_is_read_and_never_run():
    assert read_result("__import__('os').getcwd()") == "__import__('os').getcwd()"
    assert read_result("[1, 'a', None, True]") == [1, "a", None, True]
    assert read_result("(" * 5000) == "(" * 5000


@pytest.mark.parametrize(
    ("query", "residue"),
    [
        ("Sure! Here’s your query:\n\nCan u explan carving?", True),
        ("Here is a human-like query suited for the extract tool:\n\nFind it.", True),
        ("**Query:** What is it?", True),
        ('"What is the time in Rome?"', True),
        ("What is it?<|im_end|>", True),
        ("Here is my list: [1, 2]. Sort it.", False),
        ('Is "a@b.c" valid?', False),
        ("```python\nx\n``` why does this fail?", False),
        ("Here are my numbers:\n1, 2", False),
    ],
)
def test_generator_residue(query, residue):
    assert bool(list(prompt_faults(Conversation((Message("user", query), A), id="train/0")))) == residue


@pytest.mark.parametrize(
    ("query", "argument", "missing"),
    [
        ("on June 30th at 2pm", "2024-06-30T14:00:00", True),
        ("on June 30, 2024", "2024-06-30T14:00:00", False),
        ("on 30.6.24", "2024-06-30", False),
        ("who won this year?", "winner 2024", True),
        ("who won?", "winner 2024", False),
        ("tomorrow", "Call mom tomorrow", False),
    ],
)
def test_missing_date(query, argument, missing):
    made = Message("assistant", "", (ToolCall("f", {"nested": [{"when": argument}]}),))
    conversation = Conversation((Message("user", query), made), id="train/0")
    assert [rule for rule, _ in prompt_faults(conversation)] == ["missing-date"] * missing


def test_a_date_from_a_tool_is_a_date():
    now = (C, Message("tool", "2024-01-15T12:30:45"))
    made = Message("assistant", "", (ToolCall("f", {"when": "2025-01-01"}),))
    assert not list(prompt_faults(Conversation((Message("user", "in a year"), *now, made), id="train/0")))


def test_answer_tags_of_other_sources_are_only_judged_where_there_are_tags():
    answered = Conversation((U, replace(A, raw="a")), id="train/0", meta={"source": "hermes"})
    assert not list(answer_faults(answered))
    assert list(answer_faults(replace(answered, meta={"source": "shawhin"}))) == [("answer-tags", "no tags: 'a'")]


def test_the_table_has_a_line_per_rule():
    found = lint({"train": convert([adding(offered=("get_weather",))], "train"), "test": convert(CLEAN, "test")})
    console = Console(width=200, record=True)
    console.print(lint_table(found, ["train", "test"]))
    text = console.export_text()
    assert "tool-not-offered" in text and "train/0" in text and RULES["tool-not-offered"].cure[:20] in text
    assert "2 errors, 0 warnings" in text  # the call, and the same query in both splits


@pytest.fixture(scope="module")
def real(real_data):
    return read_file_or_folder(str(real_data))


def test_real_data_calls_outside_the_list(real):
    """The counts of an independent search over the published text: label against the names in the <tools> list."""
    import json

    expected = Counter()
    for split, rows in real.items():
        for row in rows:
            listed = row.meta["instructions_raw"].partition("<tools>")[2].partition("</tools>")[0]
            names = [entry["tool_name"] for entry in json.loads(listed)]
            expected[split, "tool-not-offered"] += row.meta["tool_needed"] and row.meta["tool_name"] not in names
            expected[split, "offered-count-mismatch"] += len(names) != row.meta["num_tools_available"]
    counted = Counter((finding.split, finding.rule) for finding in lint(real))
    assert {key: counted[key] for key in expected} == dict(expected)


def test_real_data_faults_that_a_reader_finds(real):
    """Rows judged by reading all 397 tool rows and all queries; the rules must find them and nothing else."""
    by_rule = {}
    for finding in lint(real):
        by_rule.setdefault(finding.rule, set()).add(f"{finding.split}/{finding.row}")
    assert by_rule["answer-contradicts-result"] == {
        "train/30", "train/112", "train/256", "train/397", "train/409", "validation/13", "validation/50", "test/43",
        "test/47",
    }  # fmt: skip
    assert by_rule["multiple-calls"] == {"train/351"}
    assert by_rule["generator-residue"] == {"train/409", "test/16"}
    assert by_rule["missing-date"] == {
        f"train/{row}" for row in (9, 27, 80, 89, 105, 133, 153, 315, 376, 388, 398, 443)
    }  # fmt: skip
    assert by_rule["leakage-exact"] == {
        *(f"train/{row}" for row in (151, 213, 252, 405, 445, 446)), "validation/14",
    }  # fmt: skip
    assert {"train/391", "train/256", "test/58", "validation/16", "train/23"} <= by_rule["answer-tags"]
    assert not {"label-mismatch", "malformed-call", "unknown-argument", "role-order"} & set(by_rule)
