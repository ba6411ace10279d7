"""The length budget: distractors go first, called tools and targets never, and nothing depends on the order of rows."""

import pytest

from conversations import generated_conversations, real_conversations
from tiny import make_tokenizer
from toolgemma.conversation import Conversation, Message, Tool, ToolCall
from toolgemma.format import get_dialect
from toolgemma.format.segments import completions
from toolgemma.tokens.encode import IGNORED, encode, encode_many
from toolgemma.tokens.fit import Fitted, fit

HERMES = get_dialect("hermes")
TOOLS = tuple(Tool(f"tool_{index}", "It does something that takes words to say. " * 3) for index in range(9))


def row(id, call="tool_4", tools=TOOLS, text="Hi"):
    messages = (Message("user", text), Message("assistant", "", (ToolCall(call, {}),)), Message("tool", "1"))
    return Conversation((*messages, Message("assistant", "One.")), tools, id=id)


@pytest.fixture(scope="module")
def tokenizer():
    return make_tokenizer()


def length(conversation, tokenizer):
    return len(encode(HERMES.render(conversation), tokenizer))


def targets(encoded):
    return [label for label in encoded.labels if label != IGNORED]


def test_rows_that_fit_are_left_alone(tokenizer):
    rows = [row("train/0"), row("train/1", text="Hello")]
    budget = max(length(row, tokenizer) for row in rows)
    expected = encode_many([(row.id, HERMES.render(row)) for row in rows], tokenizer)
    assert fit(rows, HERMES, tokenizer, budget, 0) == Fitted(expected, {}, {})
    assert fit([], HERMES, tokenizer, budget, 0) == Fitted([], {}, {})


def test_as_few_distractors_go_as_needed_and_never_the_called_one(tokenizer):
    full = row("train/0")
    without = [length(row("x", tools=TOOLS[4 : 4 + count]), tokenizer) for count in range(1, 6)]
    one_tool = without[1] - without[0]  # every tool has the same length
    for gone in range(9):
        budget = length(full, tokenizer) - gone * one_tool
        fitted = fit([full], HERMES, tokenizer, budget, 0)
        assert len(fitted.rows[0]) == budget
        assert len(fitted.lost.get("train/0", [])) == gone
        assert "tool_4" not in fitted.lost.get("train/0", [])
        tight = fit([full], HERMES, tokenizer, budget - 1, 0)
        assert len(tight.lost.get("train/0", [])) == (gone + 1 if gone < 8 else 0)
    assert tight.rows == []
    assert tight.dropped == {"train/0": without[0]}


def test_a_long_row_is_rendered_a_few_times_only(tokenizer):
    tools = tuple(Tool(f"tool_{index}", "It does something. " * 3) for index in range(64))
    calls = []

    class Counting:
        def render(self, conversation):
            calls.append(conversation)
            return HERMES.render(conversation)

    fitted = fit([row("train/0", tools=tools)], Counting(), tokenizer, 2000, 0)
    assert 10 < len(fitted.lost["train/0"]) < 60
    assert len(calls) <= 2 + 6  # whole, without any distractor, and log2 of 63


def test_what_is_left_keeps_its_order_and_its_targets(tokenizer):
    full = row("train/0")
    fitted = fit([full], HERMES, tokenizer, length(full, tokenizer) - 1, 0)
    (lost,) = fitted.lost["train/0"]
    rest = Conversation(full.messages, tuple(tool for tool in TOOLS if tool.name != lost), id="train/0")
    assert fitted.rows == [encode(HERMES.render(rest), tokenizer, "train/0")]


def test_the_choice_depends_on_seed_and_row_only(tokenizer):
    rows = [row(f"train/{index}") for index in range(12)]
    budget = length(rows[0], tokenizer) - 150
    fitted = fit(rows, HERMES, tokenizer, budget, 0)
    assert fit(rows[::-1], HERMES, tokenizer, budget, 0).lost == fitted.lost
    assert fit(rows[3:4], HERMES, tokenizer, budget, 0).lost == {"train/3": fitted.lost["train/3"]}
    assert len({tuple(names) for names in fitted.lost.values()}) > 3
    assert fit(rows, HERMES, tokenizer, budget, 1).lost != fitted.lost
    tighter = fit(rows, HERMES, tokenizer, budget - 400, 0)
    for id, names in fitted.lost.items():
        assert tighter.lost[id][: len(names)] == names
        assert len(tighter.lost[id]) > len(names)


def test_rows_stay_in_order(tokenizer):
    rows = [row("train/0"), row("train/1", tools=TOOLS[4:5], text="long " * 900), row("train/2", tools=TOOLS[4:5])]
    fitted = fit(rows, HERMES, tokenizer, length(rows[0], tokenizer) - 1, 0)
    assert [encoded.id for encoded in fitted.rows] == ["train/0", "train/2"]
    assert fitted.dropped == {"train/1": length(rows[1], tokenizer)}


@pytest.mark.parametrize("name", ["hermes", "shawhin"])
def test_no_target_is_ever_cut(name, tokenizer, real_data):
    """On generated and on real rows: every row is kept with all its targets, or counted as dropped."""
    dialect = get_dialect(name)
    rows = real_conversations(real_data)[::5] + [
        Conversation(row.messages, row.tools, f"generated/{index}")
        for index, row in enumerate(generated_conversations()[::5])
    ]
    budget = 2000
    fitted = fit(rows, dialect, tokenizer, budget, 0)
    kept = {encoded.id: encoded for encoded in fitted.rows}
    assert kept.keys().isdisjoint(fitted.dropped)
    assert len(kept) + len(fitted.dropped) == len(rows)
    assert fitted.lost
    assert fitted.dropped
    assert min(fitted.dropped.values()) > budget
    for conversation in rows:
        if conversation.id not in kept:
            continue
        encoded = kept[conversation.id]
        assert len(encoded) <= budget
        untouched = [completion for _, completion in completions(dialect.render(conversation))]
        expected = [id for completion in untouched for id in encode(completion, tokenizer).ids]
        assert targets(encoded) == expected
        assert not {call.name for call in conversation.calls} & set(fitted.lost.get(conversation.id, ()))
