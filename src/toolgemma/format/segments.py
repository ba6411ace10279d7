"""Segments: a conversation as text, split by who pays for it.

    control  <bos><start_of_turn>        untrained
    text     user\\nWhat time is it?     untrained
    control  <end_of_turn>               untrained
    text     \\n                         untrained
    ...
    text     model\\n                    untrained: ends the generation prompt
    text     It is noon.                 trained, part no_tool
    control  <end_of_turn>               trained, part no_tool

The loss mask, the generation prompt and the parser's input all derive from this one split. Control tokens stand in
segments of their own, so that the same characters inside somebody's message are encoded as plain text and can't
forge a turn. Segments join to exactly what the dialect's chat template renders.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

BOS = "<bos>"
START = "<start_of_turn>"
END = "<end_of_turn>"
CONTROL_TOKENS = (BOS, START, END)

Part = Literal["tool_call", "final_answer", "no_tool"]
PARTS: tuple[Part, ...] = ("tool_call", "final_answer", "no_tool")


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of the wire text.

    `part` says which kind of assistant turn the text belongs to, and so that it is trained: a turn that calls, an
    answer after a result, or an answer in a conversation without calls. None: not trained. `control`: the text is
    exactly one control token.
    """

    text: str
    part: Part | None = None
    control: bool = False

    @property
    def trained(self) -> bool:
        """Whether the loss sees this text."""
        return self.part is not None


def join(segments: Iterable[Segment]) -> str:
    """The wire text of segments."""
    return "".join(segment.text for segment in segments)


def completions(segments: Sequence[Segment]) -> list[tuple[list[Segment], list[Segment]]]:
    """One `(prompt, completion)` pair per assistant turn, in order.

    `prompt` is everything before the turn's first trained segment, so it ends with the generation prompt;
    `completion` is the run of trained segments, its `<end_of_turn>` included.
    """
    pairs = []
    position = 0
    while position < len(segments):
        if not segments[position].trained:
            position += 1
            continue
        end = position
        while end < len(segments) and segments[end].trained:
            end += 1
        pairs.append((list(segments[:position]), list(segments[position:end])))
        position = end
    return pairs
