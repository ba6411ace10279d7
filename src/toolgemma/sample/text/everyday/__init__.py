"""Everyday errands as text (`toolgemma.sample.text.errands` says how a block is read), and the words in them."""

import re
from importlib.resources import files

_TEXTS = [
    entry.read_text(encoding="utf-8")
    for entry in sorted(files(__name__).iterdir(), key=lambda entry: entry.name)
    if entry.name.endswith(".txt")
]
BLOCKS = tuple(block for text in _TEXTS for block in re.split(r"\n\s*\n", text.strip()))
WORDS: tuple[str, ...] = tuple(sorted(set(re.findall(r"[a-z]{3,}", re.sub(r"\{\w+", " ", "\n".join(BLOCKS)).lower()))))
"""Every word of three letters or more."""
