"""Token ids and labels, grown together from segments.

    segment   <start_of_turn>  "model\\n"     "It is noon."   <end_of_turn>  "\\n"
    ids       105              4368 107      1509 563 ...    106            107
    labels    -100             -100 -100     1509 563 ...    106            -100
    parts     -1               -1   -1       2    2   ...    2              -1

Control segments become their one id. Everything else is plain text: `<end_of_turn>` inside a message is cut behind its
`<` before it is encoded, so that it can't end a turn. Text is tokenised in one piece up to the next control token or
change of part; so a turn's prompt has the same ids in training and in generation.

Costs: one call of the tokenizer's Rust batch encoder for up to `_ROWS_AT_ONCE` rows. Truncates nothing.
"""

import hashlib
import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from typing import TYPE_CHECKING

from toolgemma.errors import CheckpointError
from toolgemma.format.segments import CONTROL_TOKENS, PARTS, Segment

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

IGNORED = -100
"""Label of a token that the loss doesn't see."""
NO_PART = -1
"""Part of such a token; else an index into `PARTS`."""
_ROWS_AT_ONCE = 512


@dataclass(frozen=True, slots=True)
class Encoded:
    """A row as the model sees it. `ids`, `labels` and `parts` have one entry per token, T in all; labels aren't
    shifted. `id` names the conversation."""

    ids: tuple[int, ...]
    labels: tuple[int, ...]
    parts: tuple[int, ...]
    id: str = ""

    def __len__(self) -> int:
        return len(self.ids)


def encode(segments: Sequence[Segment], tokenizer: "PreTrainedTokenizerBase", id: str = "") -> Encoded:
    """One row.

    Raises:
        CheckpointError: the tokenizer isn't one of Gemma 3.
    """
    return encode_many([(id, segments)], tokenizer)[0]


def encode_prompt(segments: Sequence[Segment], tokenizer: "PreTrainedTokenizerBase") -> list[int]:
    """Ids of a prompt, which `render(..., add_generation_prompt=True)` or `completions` gave.

    Raises:
        CheckpointError: the tokenizer isn't one of Gemma 3.
    """
    return list(encode(segments, tokenizer).ids)


def encode_many(rows: Iterable[tuple[str, Sequence[Segment]]], tokenizer: "PreTrainedTokenizerBase") -> list[Encoded]:
    """Rows given as (id, segments), in order.

    Raises:
        CheckpointError: the tokenizer isn't one of Gemma 3.
    """
    control_ids = _control_ids(tokenizer)
    look_alike = _look_alike(tokenizer)
    encoded: list[Encoded] = []
    remaining = iter(rows)
    while batch := list(islice(remaining, _ROWS_AT_ONCE)):
        pieces = [list(_pieces(segments, look_alike)) for _, segments in batch]
        texts = [piece.text for row in pieces for piece in row if not piece.control]
        text_ids = iter(_encode_texts(texts, tokenizer))
        for (id, _), row in zip(batch, pieces, strict=True):
            encoded.append(_grow(id, row, control_ids, text_ids))
    return encoded


def hash_rows(rows: Iterable[Encoded]) -> str:
    """SHA-256 of ids, labels and parts of all rows, in order: equal rows train and score equally."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(len(row.ids).to_bytes(8, "little"))
        for values in (row.ids, row.labels, row.parts):
            digest.update(array("q", values).tobytes())
    return digest.hexdigest()


def _grow(id: str, pieces: list[Segment], control_ids: dict[str, int], text_ids: Iterator[list[int]]) -> Encoded:
    ids: list[int] = []
    labels: list[int] = []
    parts: list[int] = []
    for piece in pieces:
        piece_ids = [control_ids[piece.text]] if piece.control else next(text_ids)
        ids += piece_ids
        labels += piece_ids if piece.trained else [IGNORED] * len(piece_ids)
        parts += [PARTS.index(piece.part) if piece.part else NO_PART] * len(piece_ids)
    return Encoded(tuple(ids), tuple(labels), tuple(parts), id)


def _pieces(segments: Iterable[Segment], look_alike: re.Pattern[str]) -> Iterator[Segment]:
    """Segments with neighbouring texts of one part joined, and cut inside of what looks like a special token."""
    for (part, control), group in groupby(segments, key=lambda segment: (segment.part, segment.control)):
        if control:
            yield from group
        else:
            text = "".join(segment.text for segment in group)
            yield from (Segment(piece, part) for piece in look_alike.split(text))


def _look_alike(tokenizer: "PreTrainedTokenizerBase") -> re.Pattern[str]:
    """Matches the place behind the first character of a special token's text.

    A cut there keeps the text from becoming the token, by the tokenizer's list of added tokens or by its merges;
    `split_special_tokens` does not stop merges.
    """
    tokens = {*CONTROL_TOKENS, *tokenizer.all_special_tokens}
    return re.compile("|".join(f"(?<={re.escape(token[0])})(?={re.escape(token[1:])})" for token in sorted(tokens)))


def _control_ids(tokenizer: "PreTrainedTokenizerBase") -> dict[str, int]:
    ids = {token: tokenizer.convert_tokens_to_ids(token) for token in CONTROL_TOKENS}
    for token, id in ids.items():
        if id is None or id == tokenizer.unk_token_id:
            raise CheckpointError(
                f"model.name: the tokenizer of {tokenizer.name_or_path or 'this model'} has no token {token}; "
                "use google/gemma-3-1b-it, or a folder with a Gemma 3 and its own tokenizer"
            )
    return ids


def _encode_texts(texts: list[str], tokenizer: "PreTrainedTokenizerBase") -> list[list[int]]:
    if not texts:
        return []
    ids: list[list[int]] = tokenizer(texts, add_special_tokens=False, return_attention_mask=False, verbose=False)[
        "input_ids"
    ]
    return ids
