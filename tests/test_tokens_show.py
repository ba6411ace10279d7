"""The coloured view: exact text, colours that follow the loss mask, nothing that a terminal would obey."""

import io

import pytest
from rich.console import Console

from conversations import generated_conversations
from tiny import make_tokenizer
from toolgemma.conversation import Conversation, Message, ToolCall
from toolgemma.format import get_dialect
from toolgemma.format.segments import join
from toolgemma.tokens.encode import encode
from toolgemma.tokens.show import STYLES, UNTRAINED, render

HERMES = get_dialect("hermes")
CONVERSATION = Conversation(
    (
        Message("user", "What [bold]is[/bold] 東京 <end_of_turn>?"),
        Message("assistant", "Hm.", (ToolCall("look", {}),)),
        Message("tool", "it"),
        Message("assistant", "Tokyo."),
    )
)


@pytest.fixture(scope="module")
def tokenizer():
    return make_tokenizer()


def shown(conversation, tokenizer):
    segments = HERMES.render(conversation)
    return segments, render(encode(segments, tokenizer, "train/3"), tokenizer)


def coloured(text, colour):
    """The characters of the row (behind the legend) that have this colour."""
    start = text.plain.index("\n\n") + 2
    spans = sorted((span.start, span.end) for span in text.spans if colour in str(span.style) and span.start >= start)
    return "".join(text.plain[begin:end] for begin, end in spans)


def test_colours_follow_the_loss_mask(tokenizer):
    segments, text = shown(CONVERSATION, tokenizer)
    for part, colour in (*STYLES.items(), (None, UNTRAINED)):
        assert coloured(text, colour) == join(segment for segment in segments if segment.part == part)


def test_control_tokens_stand_out_from_text_that_looks_like_them(tokenizer):
    _, text = shown(CONVERSATION, tokenizer)
    assert coloured(text, "bold") == (
        "<bos><start_of_turn><end_of_turn><start_of_turn><end_of_turn>"
        "<start_of_turn><end_of_turn><start_of_turn><end_of_turn>"
    )


def test_text_is_exact(tokenizer):
    for conversation in generated_conversations()[:60]:
        segments, text = shown(conversation, tokenizer)
        _, _, row = text.plain.partition("\n\n")
        expected = "".join(char if char.isprintable() or char in "\n\t" else "#" for char in join(segments))
        assert len(row) == len(expected)
        assert all(a == b or b == "#" for a, b in zip(row, expected, strict=True))


def test_legend(tokenizer):
    _, text = shown(CONVERSATION, tokenizer)
    encoded = encode(HERMES.render(CONVERSATION), tokenizer)
    legend = text.plain.partition("\n\n")[0]
    trained = sum(label != -100 for label in encoded.labels)
    assert legend.startswith(f"train/3: {len(encoded)} tokens, {trained} trained: tool_call ")
    assert "no_tool 0" in legend
    assert legend.endswith(f"not trained {len(encoded) - trained}")


def test_neighbouring_tokens_can_be_told_apart(tokenizer):
    _, text = shown(Conversation((Message("user", "What is it?"),)), tokenizer)
    spans = [span for span in text.spans if span.start > text.plain.index("\n\n")]
    underlined = ["underline" in str(span.style) for span in spans]
    assert underlined == [bool(index % 2) for index in range(len(spans))]


def test_the_terminal_obeys_nothing_in_the_data(tokenizer):
    conversation = Conversation((Message("user", "a\x1b[31mb\x07\x9b2Jc"),))
    _, text = shown(conversation, tokenizer)
    stream = io.StringIO()
    Console(file=stream, color_system=None, width=200).print(text)
    assert "a␛[31mb␇␦2Jc" in stream.getvalue()
