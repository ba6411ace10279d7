"""Text from models and datasets, made safe to look at: cut to a length that a page can hold, nothing invisible.

    visible("a\u202egpj.exe")   ->  "a[U+202E]gpj.exe"
    cut("x" * 1_000_000, 4000)  ->  "xxx... [996,000 characters left out] ...xxx"

Escaping for HTML is not done here but by the template, on everything.
"""

import unicodedata

_KEPT = frozenset("\n\t")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories without a glyph of their own: controls, bidi and other formats, surrogates, unassigned."""
_TAIL = 0.25


def visible(text: str) -> str:
    """Every character that has no glyph (bidi controls above all, Unicode TR 36) replaced by its code point."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    if character in _KEPT or unicodedata.category(character) not in _HIDDEN:
        return character
    return f"[U+{ord(character):04X}]"


def cut(text: str, limit: int) -> str:
    """At most `limit` characters of `text`, its start and its end, and between them how many are left out."""
    if len(text) <= limit:
        return text
    tail = int(limit * _TAIL)
    head = limit - tail
    return f"{text[:head]} [{len(text) - limit:,} characters left out] {text[len(text) - tail :]}"


def one_line(text: str, limit: int) -> str:
    """`text` without line ends, cut at its end where it is longer than `limit` characters."""
    flat = " ".join(visible(text[: 4 * limit]).split())
    return flat if len(flat) <= limit and len(text) <= 4 * limit else flat[: limit - 1] + "…"
