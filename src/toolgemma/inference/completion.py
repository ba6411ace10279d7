"""What a model wrote after a prompt, as plain values: readable without torch."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Completion:
    """Text up to the first stop token or the limit."""

    text: str
    """Decoded tokens before the stop token; control tokens other than it are kept as text."""
    tokens: int
    """Number of generated tokens, the stop token not counted."""
    ended: Literal["stop", "length"]
