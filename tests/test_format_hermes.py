"""The default dialect: its bytes, and its chat template against transformers' and plain Jinja."""

import json
import re
from importlib import resources

import pytest
from jinja2.ext import Extension
from jinja2.nodes import CallBlock
from jinja2.sandbox import ImmutableSandboxedEnvironment
from tokenizers import AddedToken

from conversations import FORBIDDEN, generated_conversations, real_conversations
from tiny import make_tokenizer
from toolgemma.conversation import Conversation, Message, Tool, ToolCall, to_openai
from toolgemma.format import hermes
from toolgemma.format.segments import CONTROL_TOKENS, completions, join
from toolgemma.tokens.encode import IGNORED, encode

WEATHER = Tool(
    "get_weather",
    "Weather in a city <now>.",
    {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)
CONVERSATION = Conversation(
    messages=(
        Message("system", "You are brief."),
        Message("user", "Zürich & Bonn?"),
        Message(
            "assistant",
            "Let me look.",
            (ToolCall("get_weather", {"city": "Zürich"}), ToolCall("get_weather", {"city": '"Bonn"'})),
        ),
        Message("tool", "21"),
        Message("tool", "19"),
        Message("assistant", "21 and 19."),
    ),
    tools=(WEATHER, Tool("now", "Time.")),
)
TOOLS = """# Tools

You can call the functions below. Each line is the JSON Schema of one function.
<tools>
{"type": "function", "function": {"name": "get_weather", "description": "Weather in a city <now>.", \
"parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}}
{"type": "function", "function": {"name": "now", "description": "Time.", \
"parameters": {"type": "object", "properties": {}}}}
</tools>

To call a function, write a block like this, one for each call, and then stop:
<tool_call>
{"name": "FUNCTION", "arguments": {"PARAMETER": VALUE}}
</tool_call>
The results come in <tool_response> blocks. Call only functions listed above. If none is needed, answer in text."""
TEXT = f"""<bos><start_of_turn>user
You are brief.

{TOOLS}

Zürich & Bonn?<end_of_turn>
<start_of_turn>model
Let me look.
<tool_call>
{{"name": "get_weather", "arguments": {{"city": "Zürich"}}}}
</tool_call>
<tool_call>
{{"name": "get_weather", "arguments": {{"city": "\\"Bonn\\""}}}}
</tool_call><end_of_turn>
<start_of_turn>user
<tool_response>
21
</tool_response>
<tool_response>
19
</tool_response><end_of_turn>
<start_of_turn>model
21 and 19.<end_of_turn>
"""


@pytest.fixture(scope="module")
def tokenizer():
    """With Gemma's runs of line breaks as tokens of their own: no token crosses the end of a prompt."""
    tokenizer = make_tokenizer()
    tokenizer.add_tokens([AddedToken("\n" * count, normalized=False) for count in range(1, 32)])
    return tokenizer


def templated(tokenizer, conversation, **options):
    plain = to_openai(conversation)
    return tokenizer.apply_chat_template(
        plain["messages"], tools=plain["tools"], chat_template=hermes.CHAT_TEMPLATE, tokenize=False, **options
    )


def test_bytes():
    assert join(hermes.render(CONVERSATION)) == TEXT


def test_trained_bytes():
    (prompt, first), (_, second) = completions(hermes.render(CONVERSATION))
    assert join(first) == TEXT[TEXT.index("Let me") : TEXT.index("\n<start_of_turn>user\n<tool_response>")]
    assert join(second) == "21 and 19.<end_of_turn>"
    assert join(prompt) == TEXT[: TEXT.index("Let me")]


def test_without_tools_there_is_no_tools_text():
    text = join(hermes.render(Conversation((Message("user", "Hi"),))))
    assert text == "<bos><start_of_turn>user\nHi<end_of_turn>\n"


def test_template_on_generated_conversations(tokenizer):
    for conversation in generated_conversations():
        for prompt in (False, True):
            segments = hermes.render(conversation, add_generation_prompt=prompt)
            assert templated(tokenizer, conversation, add_generation_prompt=prompt) == join(segments)


def test_template_on_the_real_rows(tokenizer, real_data):
    for row in real_conversations(real_data):
        for prompt in (False, True):
            segments = hermes.render(row, add_generation_prompt=prompt)
            assert templated(tokenizer, row, add_generation_prompt=prompt) == join(segments)


def check_mask(tokenizer, conversation):
    """transformers' own ids and mask of what the assistant said = our ids and labels."""
    plain = to_openai(conversation)
    theirs = tokenizer.apply_chat_template(
        plain["messages"],
        tools=plain["tools"],
        chat_template=hermes.CHAT_TEMPLATE,
        return_dict=True,
        return_assistant_tokens_mask=True,
    )
    ours = encode(hermes.render(conversation), tokenizer)
    assert list(ours.ids) == theirs["input_ids"]
    assert [int(label != IGNORED) for label in ours.labels] == theirs["assistant_masks"]


def test_assistant_mask_on_generated_conversations(tokenizer):
    """Where no text looks like a special token: transformers would read it as one."""
    special = (*CONTROL_TOKENS, *tokenizer.all_special_tokens)
    checked = 0
    for conversation in generated_conversations():
        texts = [segment.text for segment in hermes.render(conversation) if not segment.control]
        if not any(token in text for token in special for text in texts):
            check_mask(tokenizer, conversation)
            checked += 1
    assert checked > 100


def test_assistant_mask_on_the_real_rows(tokenizer, real_data):
    for row in real_conversations(real_data)[::10]:
        check_mask(tokenizer, row)


class Generation(Extension):
    """`{% generation %}` in plain Jinja: prints its body."""

    tags = {"generation"}  # noqa: RUF012

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return CallBlock(self.call_method("_body"), [], [], body).set_lineno(line)

    def _body(self, caller):
        return caller()


def plain_jinja(messages, tools=None, add_generation_prompt=False, *, blocks=True):
    environment = ImmutableSandboxedEnvironment(trim_blocks=blocks, lstrip_blocks=blocks, extensions=[Generation])
    environment.filters["tojson"] = lambda value: json.dumps(value, ensure_ascii=False)
    return environment.from_string(hermes.CHAT_TEMPLATE).render(
        messages=messages, tools=tools, bos_token="<bos>", add_generation_prompt=add_generation_prompt
    )


@pytest.mark.parametrize("blocks", [True, False])
def test_template_in_plain_jinja_with_any_white_space_settings(blocks):
    assert plain_jinja(**to_openai(CONVERSATION), blocks=blocks) == TEXT


def test_template_takes_every_form_of_openai_messages():
    """Developer for system, parts and null for content, arguments as JSON string, calls without a function wrapper."""
    plain = to_openai(CONVERSATION)
    system, question, calls, first, *rest = plain["messages"]
    system["role"] = "developer"
    question["content"] = [{"type": "text", "text": "Zürich "}, {"type": "image"}, {"type": "text", "text": "& Bonn?"}]
    calls["tool_calls"][0]["function"]["arguments"] = '{"city": "Zürich"}'
    calls["tool_calls"][1] = calls["tool_calls"][1]["function"]
    first["content"] = ["21"]
    assert plain_jinja([system, question, calls, first, *rest], plain["tools"]) == TEXT


def test_template_takes_missing_and_null_fields():
    call = {"type": "function", "function": {"name": "now"}}
    messages = [
        {"role": "user", "content": None},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool"},
        {"role": "assistant", "tool_calls": None},
    ]
    assert plain_jinja(messages, [], add_generation_prompt=True) == (
        "<bos><start_of_turn>user\n<end_of_turn>\n"
        '<start_of_turn>model\n<tool_call>\n{"name": "now", "arguments": {}}\n</tool_call><end_of_turn>\n'
        "<start_of_turn>user\n<tool_response>\n\n</tool_response><end_of_turn>\n"
        "<start_of_turn>model\n<end_of_turn>\n"
        "<start_of_turn>model\n"
    )


def test_what_engines_look_for_in_the_template():
    template = hermes.CHAT_TEMPLATE
    assert template.startswith("{{ bos_token }}")
    assert "tool_call.name" in template
    assert re.search(r"\{\%-?\s*generation\s*-?\%\}", template)
    assert "raise_exception" not in template
    assert "sort_keys" not in template
    assert resources.files("toolgemma.format").joinpath("hermes.jinja").is_file()


def check_response(tokenizer, conversation):
    turns = [message for message in conversation.messages if message.role == "assistant"]
    for message, (prompt, completion) in zip(turns, completions(hermes.render(conversation)), strict=True):
        response = tokenizer.parse_response(join(completion), hermes.RESPONSE_TEMPLATE, prefix=join(prompt))
        assert response["role"] == "assistant"
        assert response.get("content", "") == message.content.strip()
        functions = [call["function"] for call in response.get("tool_calls", [])]
        assert [ToolCall(**function).key() for function in functions] == [call.key() for call in message.tool_calls]


def test_transformers_reads_completions_by_the_response_template(tokenizer, real_data):
    check_response(tokenizer, CONVERSATION)
    for row in real_conversations(real_data)[::10]:
        check_response(tokenizer, row)
    for conversation in generated_conversations()[:200]:
        arguments = [call.key() for call in conversation.calls]
        if not any(tag in text for text in arguments for tag in ("</tool_call>", *FORBIDDEN)):
            check_response(tokenizer, conversation)


def test_templates_travel_with_the_tokenizer(tmp_path):
    from transformers import AutoTokenizer

    tokenizer = make_tokenizer()
    tokenizer.chat_template = hermes.CHAT_TEMPLATE
    tokenizer.response_template = hermes.RESPONSE_TEMPLATE
    tokenizer.save_pretrained(tmp_path)
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    plain = to_openai(CONVERSATION)
    assert loaded.apply_chat_template(plain["messages"], tools=plain["tools"], tokenize=False) == TEXT
    (prompt, completion), _ = completions(hermes.render(CONVERSATION))
    response = loaded.parse_response(join(completion), prefix=join(prompt))
    assert response["content"] == "Let me look."
    assert response["tool_calls"][0]["function"] == {"name": "get_weather", "arguments": {"city": "Zürich"}}
