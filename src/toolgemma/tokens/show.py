"""A row for the eye: its tokens, coloured by what the loss sees of them.

Reads the very ids and labels that train. Each second token is underlined, so that token boundaries show. Control
tokens stand out from text that merely looks like them. Terminal control characters in the data are shown as
pictures and do nothing.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.text import Text

from toolgemma.format.segments import CONTROL_TOKENS, PARTS
from toolgemma.tokens.encode import NO_PART, Encoded

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

STYLES = {"tool_call": "green", "final_answer": "cyan", "no_tool": "yellow"}
UNTRAINED = "bright_black"
CONTROL = "bold"
_BYTE = re.compile(r"<0x[0-9A-F]{2}>")
_PICTURES = {code: 0x2400 + code for code in range(0x20) if chr(code) not in "\n\t"}
_PICTURES |= {0x7F: 0x2421} | dict.fromkeys(range(0x80, 0xA0), 0x2426)


def render(encoded: Encoded, tokenizer: "PreTrainedTokenizerBase") -> Text:
    """The row under a legend with counts; without its styles it is the row's exact text, control characters aside."""
    text = _legend(encoded)
    control_ids = set(tokenizer.convert_tokens_to_ids(list(CONTROL_TOKENS)))
    underline = ""
    for start, end in _spans(encoded, tokenizer):
        part = encoded.parts[start]
        style = UNTRAINED if part == NO_PART else STYLES[PARTS[part]]
        if encoded.ids[start] in control_ids:
            style = f"{CONTROL} {style}"
        text.append(_decode(encoded.ids[start:end], tokenizer).translate(_PICTURES), f"{style}{underline}")
        underline = "" if underline else " underline"
    return text


def _legend(encoded: Encoded) -> Text:
    untrained = encoded.parts.count(NO_PART)
    legend = Text(f"{encoded.id or 'row'}: {len(encoded)} tokens, {len(encoded) - untrained} trained: ")
    for index, part in enumerate(PARTS):
        legend.append(f"{part} {encoded.parts.count(index)}", STYLES[part])
        legend.append(", ")
    legend.append(f"not trained {untrained}", UNTRAINED)
    return legend.append("\n\n")


def _spans(encoded: Encoded, tokenizer: "PreTrainedTokenizerBase") -> Iterator[tuple[int, int]]:
    """Spans of tokens, one each; neighbouring byte tokens are one span, since a character may need several."""
    is_byte = [bool(_BYTE.fullmatch(token)) for token in tokenizer.convert_ids_to_tokens(list(encoded.ids))]
    start = 0
    for end in range(1, len(encoded) + 1):
        inside = end < len(encoded) and is_byte[end - 1] and is_byte[end]
        if not (inside and encoded.parts[end - 1] == encoded.parts[end]):
            yield start, end
            start = end


def _decode(ids: tuple[int, ...], tokenizer: "PreTrainedTokenizerBase") -> str:
    text: str = tokenizer.decode(list(ids), skip_special_tokens=False, clean_up_tokenization_spaces=False)
    return text
