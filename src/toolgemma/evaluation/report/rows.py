"""The browsable rows: every generated turn with prompt, gold and completion, and what differs marked.

    {"id": "test/0", "turn": "D1", "prompt": [["user", "..."]], "views": {"repaired": {"gold": 0, ...}},
     "golds": ["get_weather"], "said": {"tuned": {"labels": {"repaired": "ok"}, "parts": [[[0, "{...}"]]], ...}}}

`parts` hold, for each gold turn of the row (the view tool_absent has another one), the text and the calls of gold and
completion as pieces: in both, in gold only, in the completion only. Differing pieces are marked, except in prose that
has little in common with gold, where every word would be. A page may become some megabytes, never more: `limits` says
what is cut.
"""

import difflib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from toolgemma.evaluation.decisions import VIEWS
from toolgemma.evaluation.report.saved import Asked, Call, Line, Saved
from toolgemma.evaluation.report.text import cut, visible
from toolgemma.evaluation.score import CallScore

ROWS = 5_000
"""Turns on a page at most; wrong ones stay first."""
TEXTS = 16_000_000
"""Characters of all texts together, about: the limit of one text is chosen so."""
LIMITS = (4_000, 2_000, 1_000, 400)
_MARKED = 1_200
"""Words and signs of a text at most, for differences to be marked."""
_ALIKE = 0.5
"""Texts are compared word by word from this similarity on (difflib's ratio)."""
BOTH, GOLD, SAID, GOLD_UNMARKED, SAID_UNMARKED = range(5)
_TOKEN = re.compile(r"\s+|\w+|[^\w\s]")

Pieces = list[list[Any]]


@dataclass(frozen=True, slots=True)
class Browser:
    """What the page's script shows, and what was cut from it, in words."""

    rows: Sequence[Mapping[str, Any]]
    views: Sequence[str]
    systems: Sequence[str]
    limits: Sequence[str]


def browser(saved: Saved) -> Browser:
    """The rows of the page."""
    lines = {system: {line.key: line for line in found} for system, found in saved.lines.items()}
    keys = list(dict.fromkeys(key for found in lines.values() for key in found))
    chosen, said = _chosen(keys, lines["tuned"])
    limit = _limit([found[key] for key in chosen for found in lines.values() if key in found])
    rows = [_row({system: found[key] for system, found in lines.items() if key in found}, limit) for key in chosen]
    longer = sum(any(len(text) > limit for text in _texts(line)) for found in lines.values() for line in found.values())
    if longer:
        said.append(
            f"{longer} turns hold a text of more than {limit:,} characters: here its middle is left out; the "
            "predictions file holds it whole."
        )
    views = [view for view in VIEWS if any(view in row["views"] for row in rows)]
    return Browser(rows, views, list(lines), said)


def _chosen(keys: Sequence[tuple[str, int, str]], tuned: Mapping[Any, Line]) -> tuple[list[Any], list[str]]:
    """The turns that stand on the page, in the order of the rows, and what to say about the others."""
    if len(keys) <= ROWS:
        return list(keys), []
    wrong = {key for key in keys if key not in tuned or any(a.score.label != "ok" for a in tuned[key].views.values())}
    kept = set(sorted(keys, key=lambda key: key not in wrong)[:ROWS])
    note = f"{ROWS:,} of {len(keys):,} turns are on this page, those with a mistake of the tuned model before others; "
    return [key for key in keys if key in kept], [note + "the predictions file holds all."]


def _limit(lines: Sequence[Line]) -> int:
    """The largest of `LIMITS` with which all texts together stay under `TEXTS`."""
    lengths = [len(text) for line in lines for text in _texts(line)]
    return next((limit for limit in LIMITS if sum(min(n, limit) for n in lengths) <= TEXTS), LIMITS[-1])


def _texts(line: Line) -> Iterator[str]:
    yield line.completion
    yield from (str(message.get("content") or "") for message in line.messages or ())
    for asked in line.views.values():
        yield asked.content
        yield _calls(asked.calls)


def _row(lines: Mapping[str, Line], limit: int) -> dict[str, Any]:
    first = next(iter(lines.values()))
    golds: list[tuple[str, Sequence[Call]]] = []
    views = {}
    for view, asked in first.views.items():
        gold = (asked.content, asked.calls)
        if gold not in golds:
            golds.append(gold)
        views[view] = {
            "gold": golds.index(gold),
            "offered": _offered(asked, limit),
            "count": len(asked.offered),
            "unanswerable": asked.unanswerable,
        }
    return {
        "id": visible(cut(first.row, 200)),
        "turn": first.turn,
        "type": visible(cut(first.query_type, 100)),
        "views": views,
        "golds": [", ".join(visible(cut(str(call["name"]), 100)) for call in calls[:5]) for _, calls in golds],
        "prompt": None if first.messages is None else [_message(message, limit) for message in first.messages],
        "promptTokens": first.prompt_tokens,
        "said": {system: _said(line, golds, limit) for system, line in lines.items()},
    }


def _said(line: Line, golds: Sequence[tuple[str, Sequence[Call]]], limit: int) -> dict[str, Any]:
    labels = {
        view: [asked.score.label, asked.score.sublabel or "", _right(asked)] for view, asked in line.views.items()
    }
    calls = _calls(line.calls)
    broken = "\n".join(each["raw"] for each in line.malformed)
    wire = bool(line.calls or line.malformed)
    called = _shown("\n".join(filter(None, (calls, broken))), limit)
    return {
        "labels": labels,
        "called": ", ".join(visible(cut(str(call["name"]), 100)) for call in line.calls[:5]),
        "parts": [
            [
                _pieces(_shown(content, limit), _shown(line.content, limit), calls=False),
                _pieces(_shown(_calls(wanted), limit), called, calls=True),
            ]
            for content, wanted in golds
        ],
        "malformed": visible(", ".join(each["reason"] for each in line.malformed[:5])),
        "raw": _shown(line.completion, limit) if wire else None,
        "tokens": line.tokens,
        "ended": line.ended,
    }


def _right(asked: Asked) -> bool:
    return asked.score.correct if isinstance(asked.score, CallScore) else asked.score.label == "ok"


def _offered(asked: Asked, limit: int) -> str:
    return visible(cut(", ".join(map(str, asked.offered)), limit))


def _message(message: Mapping[str, Any], limit: int) -> list[str]:
    text = str(message.get("content") or "")
    calls = [each["function"] for each in message.get("tool_calls") or ()]
    whole = "\n".join(filter(None, (text, _calls(calls))))
    return [visible(str(message.get("role"))), _shown(whole, limit)]


def _shown(text: str, limit: int) -> str:
    return visible(cut(text.strip(), limit))


def _calls(calls: Sequence[Call]) -> str:
    """Calls as JSON that reads and compares well: sorted arguments, one a line."""
    return "\n".join(
        f'{{"name": {json.dumps(call["name"], ensure_ascii=False)}, "arguments": '
        f"{json.dumps(call['arguments'], ensure_ascii=False, indent=2, sort_keys=True)}}}"
        for call in calls
    )


def _pieces(gold: str, said: str, *, calls: bool) -> Pieces:
    """`gold` and `said` as pieces, (kind, text). What has little in common is marked as a whole if it is calls."""
    if gold == said:
        return [[BOTH, gold]] if gold else []
    one, other = _TOKEN.findall(gold), _TOKEN.findall(said)
    small = len(one) <= _MARKED and len(other) <= _MARKED
    matcher = difflib.SequenceMatcher(None, one, other, autojunk=False)
    if not small or not _alike(matcher):
        kinds = (GOLD, SAID) if calls else (GOLD_UNMARKED, SAID_UNMARKED)
        return [[kind, text] for kind, text in zip(kinds, (gold, said), strict=True) if text]
    pieces: Pieces = []
    for kind, start, end, other_start, other_end in difflib.SequenceMatcher(
        None, one, other, autojunk=False
    ).get_opcodes():
        if kind == "equal":
            pieces.append([BOTH, "".join(one[start:end])])
            continue
        if end > start:
            pieces.append([GOLD, "".join(one[start:end])])
        if other_end > other_start:
            pieces.append([SAID, "".join(other[other_start:other_end])])
    return pieces


def _alike(matcher: difflib.SequenceMatcher[str]) -> bool:
    return all(ratio() >= _ALIKE for ratio in (matcher.real_quick_ratio, matcher.quick_ratio, matcher.ratio))
