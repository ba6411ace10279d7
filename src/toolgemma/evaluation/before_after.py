"""What fine-tuning changed, for people: a short table, and conversations that turned out right or are still wrong.

    rows         metric                before        after
    seen         tool_call_accuracy    0.0 % 0/71    90.1 % 64/71
    test_seen    abstention_accuracy   ...

Read from a finished evaluation's report and the saved predictions of both models; loads no model. Fits 80 columns.
"""

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolgemma.conversation import Conversation
from toolgemma.errors import DataError
from toolgemma.evaluation.decisions import HEADLINE_VIEW
from toolgemma.evaluation.metrics import PRIMARY
from toolgemma.evaluation.table import Sheet, figure

WIDTH = 80
_LINES = 3
"""Lines that a request or an answer may take."""


@dataclass(frozen=True, slots=True)
class Example:
    """One turn that may call (D1): what was asked, the right answer, and both models' answers as one line each."""

    row: str
    query_type: str
    request: str
    gold: str
    before: str
    after: str
    label: str
    """Of the answer after: ok, wrong_value, ..."""


def sheet(report: Mapping[str, Any]) -> Sheet:
    """The primary metric on rows that need a call, by query type; abstention on the others; malformed calls."""
    before, after = (report["systems"][name]["views"][HEADLINE_VIEW] for name in ("untuned", "tuned"))
    lines: list[tuple[str, str, Mapping[str, Any], Mapping[str, Any]]] = []
    for group, found in before["by_query_type"].items():
        if found["tool_name_accuracy"]["denominator"]:
            lines.append((PRIMARY, group, found, after["by_query_type"][group]))
    lines.append((PRIMARY, "all", before["D1"], after["D1"]))
    files = before["by_file"] or {"without a call": before["D1"]}
    for group, found in files.items():
        if found["abstention_accuracy"]["denominator"]:
            lines.append(("abstention_accuracy", group, found, after["by_file"].get(group, after["D1"])))
    lines.append(("malformed_rate", "all", before["D1"], after["D1"]))
    rows = ((group, name, figure(name, old[name]), figure(name, new[name])) for name, group, old, new in lines)
    title = f"{report['rows']} rows of {report['split']}, view {HEADLINE_VIEW}"
    return Sheet(title, ("rows", "metric", "before", "after"), tuple(rows))


def examples(before: Path, after: Path, conversations: Sequence[Conversation]) -> list[Example]:
    """Every D1 of the headline view, in the rows' order; `before` and `after` are predictions.jsonl of the same rows.

    Raises:
        DataError: a file isn't whole, or they are not of the same rows.
    """
    rows = {row.id: row for row in conversations}
    old, new = _turns(before), _turns(after)
    if old.keys() != new.keys() or not {row for row, _ in old} <= rows.keys():
        raise DataError(f"{before} and {after} are not predictions of the same rows; evaluate again")
    return [
        Example(
            row=row,
            query_type=old[row, position]["query_type"],
            request=_request(rows[row], position),
            gold=_calls(old[row, position]["views"][HEADLINE_VIEW]["gold"]["calls"]) or "no call",
            before=_answer(old[row, position]),
            after=_answer(new[row, position]),
            label=new[row, position]["views"][HEADLINE_VIEW]["label"],
        )
        for row, position in sorted(old, key=lambda key: (list(rows).index(key[0]), key[1]))
    ]


def fixed(before: Path, found: Sequence[Example], count: int) -> list[Example]:
    """Up to `count` examples that were wrong in `before` and are right now, the query types in turn."""
    wrong = {row for (row, _), turn in _turns(before).items() if turn["views"][HEADLINE_VIEW]["label"] != "ok"}
    return _in_turn([each for each in found if each.label == "ok" and each.row in wrong], count)


def still_wrong(found: Sequence[Example], count: int) -> list[Example]:
    """Up to `count` examples that are wrong now, the query types in turn."""
    return _in_turn([each for each in found if each.label != "ok"], count)


def lines(example: Example) -> Iterator[str]:
    """The example as lines of at most 80 columns."""
    right = example.label == "ok"
    yield f"{example.row} ({example.query_type})"
    for name, text in (
        ("request", example.request),
        ("gold", example.gold),
        ("before", example.before),
        ("after", "as gold" if right else f"{example.label}: {example.after}"),
    ):
        yield from textwrap.wrap(
            _printable(text),
            WIDTH,
            initial_indent=f"  {name:<9}",
            subsequent_indent=" " * 11,
            max_lines=_LINES,
            placeholder=" ...",
        )


def _in_turn(found: Sequence[Example], count: int) -> list[Example]:
    """One of each query type, then the next one of each, in the rows' order."""
    seen: dict[str, int] = {}
    ranked = []
    for place, example in enumerate(found):
        seen[example.query_type] = seen.get(example.query_type, 0) + 1
        ranked.append((seen[example.query_type], place, example))
    return [example for _, _, example in sorted(ranked, key=lambda entry: entry[:2])[:count]]


def _turns(path: Path) -> dict[tuple[str, int], Mapping[str, Any]]:
    """Lines of the headline view's D1, by row and position."""
    try:
        entries = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()[1:]]
    except (OSError, ValueError) as error:
        raise DataError(f"{path} can't be read: {error}; evaluate again") from error
    chosen = (entry for entry in entries if entry["turn"] == "D1" and HEADLINE_VIEW in entry["views"])
    return {(entry["row"], entry["position"]): entry for entry in chosen}


def _request(conversation: Conversation, position: int) -> str:
    asked = (message for message in reversed(conversation.messages[:position]) if message.role == "user")
    return next((message.content for message in asked), "")


def _answer(turn: Mapping[str, Any]) -> str:
    """The calls, else what is no well-formed call, else the text."""
    if turn["malformed"]:
        return f"malformed ({turn['malformed'][0]['reason']}): {turn['completion']}"
    return _calls(turn["calls"]) or f'no call: "{turn["content"]}"'


def _calls(calls: Sequence[Mapping[str, Any]]) -> str:
    return "; ".join(f"{call['name']} {json.dumps(call['arguments'], ensure_ascii=False)}" for call in calls)


def _printable(text: str) -> str:
    """What a model wrote may hold anything, terminal control codes too."""
    return "".join(character if character.isprintable() else " " for character in text)
