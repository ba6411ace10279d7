"""Completions back into turns: each way to break a call has its name, and chunks never matter."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conversations import GENERATED
from toolgemma.conversation import ToolCall
from toolgemma.format import get_dialect
from toolgemma.format.parse import MAX_DEPTH, REASONS, Malformed

HERMES = get_dialect("hermes")
SHAWHIN = get_dialect("shawhin")
GOOD = '<tool_call>\n{"name": "add", "arguments": {"a": 1}}\n</tool_call>'
ADD = ToolCall("add", {"a": 1})


def call(body):
    return f"<tool_call>{body}</tool_call>"


def nested(depth):
    return '{"name": "f", "arguments": {"a": ' + "[" * depth + "]" * depth + "}}"


def test_text_and_calls():
    turn = HERMES.parse(f"Let me see.\n{GOOD}\n{GOOD.replace('1', '2')}<end_of_turn>\nnot read {GOOD}")
    assert turn.content == "Let me see."
    assert turn.calls == (ADD, ToolCall("add", {"a": 2}))
    assert turn.malformed == ()
    assert turn.calls[0].raw == '{"name": "add", "arguments": {"a": 1}}'


def test_order_of_keys_and_white_space_between_the_tags_are_free():
    assert HERMES.parse(call('{"arguments":{"a":1},"name":"add"}')).calls == (ADD,)
    assert HERMES.parse(call(' \n\t{"name": "add", "arguments": {"a": 1}}\r\n ')).calls == (ADD,)


def test_text_around_and_between_calls_is_content():
    turn = HERMES.parse(f" before {GOOD} between {GOOD} behind \n")
    assert turn.content == "before  between  behind"
    assert len(turn.calls) == 2


def test_no_call():
    for text in ("", " \n", "<end_of_turn>", "<end_of_turn>more"):
        turn = HERMES.parse(text)
        assert (turn.content, turn.calls, turn.malformed) == ("", (), ())
    assert HERMES.parse("lorem ipsum").content == "lorem ipsum"


def test_a_closing_tag_that_closes_nothing_is_content():
    turn = HERMES.parse('{"name": "add", "arguments": {}}</tool_call>')
    assert turn.content == '{"name": "add", "arguments": {}}</tool_call>'
    assert (turn.calls, turn.malformed) == ((), ())


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "bad_json"),
        ("add(a=1)", "bad_json"),
        ("{'name': 'add', 'arguments': {}}", "bad_json"),
        ('{"name": "add", "arguments": {"a": 1}', "bad_json"),
        ('{"name": "add", "arguments": {"a": 1},}', "bad_json"),
        ('{"name": "add", "arguments": {"a": 1}} and more', "bad_json"),
        ('{"name": "add", "arguments": {"a": "</tool_call><tool_call>"}} and more', "bad_json"),
        ('{"name": "add", "arguments": {}}{"name": "add", "arguments": {}}', "bad_json"),
        ('```json\n{"name": "add", "arguments": {}}\n```', "bad_json"),
        ('{"name": "add", "arguments": {"a": "line\nbreak"}}', "bad_json"),
        ('{"name": "add", "arguments": {"a": NaN}}', "bad_json"),
        ('{"name": "add", "arguments": {"a": [-Infinity]}}', "bad_json"),
        ('{"name": "add", "arguments": {"a": 1e999}}', "bad_json"),
        ('{"name": "add", "arguments": {"a": ' + "1" * 5000 + "}}", "bad_json"),
        ('{"name": "add", "arguments": {"a": "\\ud800"}}', "bad_json"),
        ('{"name": "add", "arguments": {"\\udfff": 1}}', "bad_json"),
        (nested(MAX_DEPTH + 1), "bad_json"),
        (nested(100_000), "bad_json"),
        ("NaN", "bad_json"),
        ("[]", "not_object"),
        ('"add"', "not_object"),
        ("12", "not_object"),
        ("null", "not_object"),
        ("{}", "wrong_keys"),
        ('{"name": "add"}', "wrong_keys"),
        ('{"name": "add", "parameters": {}}', "wrong_keys"),
        ('{"name": "add", "arguments": {}, "id": "1"}', "wrong_keys"),
        ('{"tool_name": "add", "args": {}}', "wrong_keys"),
        ('{"name": null, "arguments": {}}', "name_not_string"),
        ('{"name": "add", "arguments": []}', "args_not_object"),
        ('{"name": "add", "arguments": null}', "args_not_object"),
        ('{"name": "add", "arguments": "{\\"a\\": 1}"}', "args_not_object"),
        ('{"name": "add", "name": "sub", "arguments": {}}', "duplicate_key"),
        ('{"name": "add", "arguments": {"a": 1, "a": 1}}', "duplicate_key"),
        ('{"name": "add", "arguments": {"a": {"b": 1, "b": 2}}}', "duplicate_key"),
    ],
)
def test_a_broken_call_has_a_reason_and_keeps_its_text(body, reason):
    turn = HERMES.parse(f"before\n{call(body)}\n{GOOD} behind")
    assert turn.malformed == (Malformed(reason, body),)
    assert turn.calls == (ADD,)
    assert turn.content == "before\n\n behind"


@pytest.mark.parametrize(
    ("text", "raws", "calls"),
    [
        ("<tool_call>", [""], ()),
        ('<tool_call>\n{"name": "add", "argu', ['\n{"name": "add", "argu'], ()),
        ('<tool_call>\n{"name": "add", "arguments": {}}\n', ['\n{"name": "add", "arguments": {}}\n'], ()),
        (
            f'<tool_call>{{"name": "add", "arguments": {{}}}}<end_of_turn>{GOOD}',
            ['{"name": "add", "arguments": {}}'],
            (),
        ),
        (f"<tool_call>oops {GOOD}", ["oops "], (ADD,)),
        (f'<tool_call>{{"name": "add", "arguments": {{}}}} {GOOD}', ['{"name": "add", "arguments": {}} '], (ADD,)),
        ("<tool_call><tool_call>", ["", ""], ()),
    ],
)
def test_a_call_that_is_never_closed(text, raws, calls):
    turn = HERMES.parse(text)
    assert turn.malformed == tuple(Malformed("unclosed", raw) for raw in raws)
    assert turn.calls == calls
    assert turn.content == ""


def test_every_reason_is_tested():
    mark = test_a_broken_call_has_a_reason_and_keeps_its_text.pytestmark[0]
    assert {reason for _, reason in mark.args[1]} | {"unclosed"} == set(REASONS)


@pytest.mark.parametrize("tag", ["</tool_call>", "<tool_call>", "<end_of_turn>", "<start_of_turn>model\\n"])
def test_a_tag_inside_a_json_string_is_text(tag):
    turn = HERMES.parse(f'<tool_call>\n{{"name": "add", "arguments": {{"a": "x{tag}y{tag}"}}}}\n</tool_call> done')
    assert [dict(call.arguments) for call in turn.calls] == [{"a": f"x{tag}y{tag}".replace("\\n", "\n")}]
    assert turn.content == "done"
    assert turn.malformed == ()


def test_a_turn_that_ends_inside_a_string_is_not_read_past_its_end():
    """A model that doesn't stop goes on with a raw line break, which no JSON string holds."""
    text = '<tool_call>\n{"name": "add", "arguments": {"a": "x<end_of_turn>\n<start_of_turn>model\n"}}\n</tool_call>'
    turn = HERMES.parse(text)
    assert turn.malformed == (Malformed("unclosed", '\n{"name": "add", "arguments": {"a": "x'),)
    assert turn.calls == ()


def test_depth_that_is_allowed():
    assert len(HERMES.parse(call(nested(MAX_DEPTH - 2))).calls) == 1


def test_types_survive():
    body = (
        '{"name": "f", "arguments": {"i": 5, "x": 5.0, "b": true, "n": null, "s": "5", "big": 123456789012345678901}}'
    )
    arguments = HERMES.parse(call(body)).calls[0].arguments
    assert {key: type(value) for key, value in arguments.items()} == {
        "i": int, "x": float, "b": bool, "n": type(None), "s": str, "big": int,
    }  # fmt: skip
    assert type(arguments) is dict


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("<final_answer>\nIt is noon.\n</final_answer>", "It is noon."),
        ("<final_answer>a <b> c</final_answer><end_of_turn>", "a <b> c"),
        ("It is noon.", "It is noon."),
        ("```", "```"),
        ("```xml\n<final_answer>\nNoon.\n</final_answer>\n```", "Noon."),
        ("Okay.\n<final_answer>Noon.</final_answer>", "Noon."),
        ("<final_answer>Noo", "Noo"),
        ("Noon.\n</final_answer>", "Noon."),
        ("<final_answer></final_answer>", ""),
    ],
)
def test_shawhin_answers_are_unwrapped(text, content):
    assert SHAWHIN.parse(text).content == content


def test_shawhin_calls():
    turn = SHAWHIN.parse('Let me add.\n<tool_call>\n{\n  "tool_name": "add",\n  "args": {"a": 1}\n}\n</tool_call>')
    assert (turn.content, turn.calls) == ("Let me add.", (ADD,))
    assert SHAWHIN.parse(GOOD).malformed[0].reason == "wrong_keys"


PIECES = ["<tool_call>", "</tool_call>", "<end_of_turn>", "<final_answer>", "</final_answer>", GOOD, "text", " ",
          "\n", '{"name": "add", "arguments": {"a": "</tool_call>"}}', '{"name": "add", "arguments": {"a": "', '"}}',
          "<", "12", '{"tool_name": "f", "args": {}}', "}", '"', "<tool_", "call>", "e5"]  # fmt: skip
completions = st.lists(st.sampled_from(PIECES), max_size=10).map("".join)


@pytest.mark.parametrize("dialect", [HERMES, SHAWHIN], ids=["hermes", "shawhin"])
def test_a_stream_is_the_whole_whatever_the_chunks(dialect):
    @settings(GENERATED, max_examples=1000)
    @given(completions, st.data())
    def check(text, data):
        cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
        parser = dialect.StreamParser()
        events = []
        for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
            events += parser.feed(text[start:end])
        turn = parser.finish()
        assert turn == dialect.parse(text)
        pieces = [event for event in events if isinstance(event, str)]
        assert turn.content.startswith("".join(pieces))
        assert all(pieces)
        calls = tuple(event for event in events if isinstance(event, ToolCall))
        assert calls == turn.calls[: len(calls)]

    check()


def test_a_stream_gives_text_and_calls_as_soon_as_they_are_certain():
    parser = HERMES.StreamParser()
    assert parser.feed(" Let me") == ["Let me"]
    assert parser.feed(" see. ") == [" see."]
    assert parser.feed("<tool") == []
    assert parser.feed("box>") == [" <toolbox>"]
    assert parser.feed(f"\n{GOOD[:-1]}") == []
    assert parser.feed(">") == [ADD]
    assert parser.feed("\n<tool_call>oops</tool_call> x") == []
    turn = parser.finish()
    assert turn.content == "Let me see. <toolbox>\n\n x"
    assert turn.calls == (ADD,)
    assert turn.malformed == (Malformed("bad_json", "oops"),)


@given(st.text())
@settings(GENERATED)
def test_no_text_raises(text):
    for dialect in (HERMES, SHAWHIN):
        dialect.parse(text)
        dialect.parse(f"<tool_call>{text}")
        dialect.parse(f"<tool_call>{text}</tool_call>")
