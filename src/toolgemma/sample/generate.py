# ruff: noqa: E501, S311 - tables read best as lines; seeded choices need no secrecy
"""Write the embedded dataset: `python -m toolgemma.sample.generate FOLDER` makes the four files of `data/` again.

    train        seen tools, in a quarter of the rows others; half of the rows under aliases; the first part of every
                 pool of values
    validation   half seen tools, half tools of its own; wordings and values of its own
    test_seen    seen tools; wordings and values that neither of the two has
    test_unseen  tools, argument names, domains and values that none of the others has

A row is OpenAI messages and tools; train is parquet, with both as JSON text, the others are JSON lines. 1 to 8 tools
are offered, in train fewer than elsewhere, to train faster; about a fifth of the rows, in train a quarter, asks for
something that none of them does, or just talks: there the right answer is text. About a fifth needs two calls. Takes two
seconds; the same seed gives the same rows.
"""

import json
import random
import re
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from toolgemma.rundir import write_text
from toolgemma.sample import pools, tools
from toolgemma.sample.aliases import aliased
from toolgemma.sample.chat import CHAT, CLOSINGS, GREETINGS, NO_TOOL, NO_TOOL_NEW
from toolgemma.sample.pools import Part
from toolgemma.sample.tools import Spec

SEED = 20261124
SLOT = re.compile(r"\{(\w+)(?::([^|{}]*)\|([^|{}]*))?\}")
LINKS = (" Also, ", " And ", " Then ", " Besides that: ", " ")
COUNTS = (1, 2, 2, 3, 3, 3, 4, 4, 5, 6, 8)
"""How many tools a row offers: one of these."""
FEWER = (1, 1, 2, 2, 2, 2, 3, 3, 3, 4, 4, 5, 6, 8)
SIZES = {"train": 2880, "validation": 100, "test_seen": 90, "test_unseen": 90}


@dataclass(frozen=True, slots=True)
class Source:
    """What the rows of one split are made from: `part` of every pool of values and of the wordings."""

    asked: Sequence[Spec]
    offered: Sequence[Spec]
    part: Part
    query_type: str
    """Column of the rows with calls: whether train shows their tools."""
    counts: tuple[int, ...] = COUNTS
    aliases: bool = False
    """Whether half of the rows offer their tools under aliases."""
    silent: float = 0.2
    """Share of the rows whose right answer is text."""

    def asks(self, spec: Spec) -> Sequence[str]:
        """The sentences that ask for `spec` in this split; one that train never shows has the same ones everywhere."""
        kept = {"train": (), "validation": spec.asks_of_validation, "test": spec.asks_of_tests}[self.part]
        return kept or spec.asks


def _trained(asked: Sequence[Spec], offered: Sequence[Spec]) -> Source:
    return Source(asked, offered, "train", "seen", counts=FEWER, aliases=True, silent=0.25)


SOURCES = {
    "train": (*[_trained(tools.SEEN, tools.SEEN)] * 3, _trained(tools.TRAIN, tools.SHOWN)),
    "validation": (
        Source(tools.SEEN, tools.SEEN, "validation", "seen"),
        Source(tools.VALIDATION, (*tools.VALIDATION, *tools.SEEN), "validation", "unseen"),
    ),
    "test_seen": (Source(tools.SEEN, tools.SEEN, "test", "seen"),),
    "test_unseen": (Source(tools.UNSEEN, tools.UNSEEN, "test", "unseen"),),
}


@dataclass(frozen=True, slots=True)
class Wish:
    """One sentence and the call that it asks for."""

    spec: Spec
    text: str
    arguments: dict[str, Any]


def _said(value: Any) -> str:
    if isinstance(value, list):
        return f"{', '.join(map(str, value[:-1]))} and {value[-1]}"
    return str(value)


def wish(rng: random.Random, spec: Spec, ask: str, part: Part) -> Wish:
    """Fill the slots of `ask` with values of `part`; of several dates the first parameter's is the earliest."""
    drawn: dict[str, Any] = {}
    said: dict[str, str] = {}
    for match in SLOT.finditer(ask):
        name, yes, no = match.groups()
        if yes is not None:
            drawn[name] = rng.random() < 0.5
            said[name] = yes if drawn[name] else no
            continue
        schema, pool = spec.properties[name], spec.pools[name]
        value = None
        while value is None or value in drawn.values():
            value = pools.draw(rng, pool, schema["type"], part)
        drawn[name] = value
    dates = [name for name in spec.properties if name in drawn and spec.pools[name] == "date"]
    drawn |= dict(zip(dates, sorted(drawn[name] for name in dates), strict=True))
    text = SLOT.sub(lambda match: said.get(match.group(1)) or _said(drawn[match.group(1)]), ask)
    return Wish(spec, text[0].upper() + text[1:], {name: drawn[name] for name in spec.properties if name in drawn})


def _joined(rng: random.Random, texts: Sequence[str]) -> str:
    """Several wishes as one message."""
    text = texts[0]
    for more in texts[1:]:
        link = rng.choice(LINKS)
        ended = text if text[-1] in ".?!" else text + "."
        lower = link not in (" ", " Besides that: ") and more.split()[0].rstrip(",") not in ("I", "I'd", "I'm")
        text = ended + link + (more[0].lower() + more[1:] if lower and not more[:2].isupper() else more)
    return text


def _dressed(rng: random.Random, text: str) -> str:
    """The message with a greeting or thanks, now and then."""
    if rng.random() < 0.2:
        text = f"{rng.choice(GREETINGS)} {text}"
    if rng.random() < 0.15:
        text = f"{text if text[-1] in '.?!' else text + '.'} {rng.choice(CLOSINGS)}"
    return text


def _offer(rng: random.Random, source: Source, wanted: Sequence[Spec], absent: Sequence[Spec]) -> list[Spec]:
    """The wanted tools among others, in random order; 1 to 8, never an `absent` one."""
    count = max(len(wanted), rng.choice(source.counts))
    others = [spec for spec in source.offered if spec not in wanted and spec not in absent]
    offered = [*wanted, *rng.sample(others, min(len(others), count - len(wanted)))]
    return rng.sample(offered, len(offered))


def _row(query_type: str, messages: list[dict[str, Any]], offered: Sequence[Spec]) -> dict[str, Any]:
    schemas = [
        {
            "type": "function",
            "function": {"name": spec.name, "description": spec.description, "parameters": spec.parameters},
        }
        for spec in offered
    ]
    return {"messages": messages, "tools": schemas, "query_type": query_type}


def _call(made: Wish) -> dict[str, Any]:
    return {"type": "function", "function": {"name": made.spec.name, "arguments": made.arguments}}


def _filled(text: str, arguments: dict[str, Any]) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: _said(arguments[match.group(1)]), text)


def _calling(rng: random.Random, source: Source, wishes: Sequence[Wish]) -> dict[str, Any]:
    """A row with calls; after a single one often its result and the answer."""
    text = _dressed(rng, _joined(rng, [made.text for made in wishes]))
    specs = list(dict.fromkeys(id(made.spec) for made in wishes))
    wanted = [next(made.spec for made in wishes if id(made.spec) == key) for key in specs]
    messages: list[dict[str, Any]] = [
        {"role": "user", "content": text},
        {"role": "assistant", "content": "", "tool_calls": [_call(made) for made in wishes]},
    ]
    result = wishes[0].spec.result
    if len(wishes) == 1 and result and rng.random() < 0.6:
        content, _, answer = result.partition(" => ")
        messages.append({"role": "tool", "content": content, "name": wishes[0].spec.name})
        messages.append({"role": "assistant", "content": _filled(answer, wishes[0].arguments)})
    return _row(source.query_type, messages, _offer(rng, source, wanted, ()))


def _talking(rng: random.Random, source: Source, made: Wish, chat: list[tuple[str, str]]) -> dict[str, Any]:
    """A row whose right answer is text: nothing needs a tool (from `chat`), or the tool that would fit isn't offered."""
    if chat and rng.random() < 0.35:
        text, reply = chat.pop()
    else:
        text, reply = _dressed(rng, made.text), rng.choice(NO_TOOL_NEW if source.part == "test" else NO_TOOL)
    messages = [{"role": "user", "content": text}, {"role": "assistant", "content": reply}]
    return _row("no_tool", messages, _offer(rng, source, (), (made.spec,)))


def rows(split: str, seed: int = SEED) -> list[dict[str, Any]]:
    """The rows of one split. No two have the same user message."""
    rng = random.Random(f"{seed} {split}")
    made: list[dict[str, Any]] = []
    seen: set[str] = set()
    chat = rng.sample(CHAT[split], len(CHAT[split]))
    turns: Counter[str] = Counter()
    """How often a list of tools, known by its first, was asked."""
    while len(made) < SIZES[split]:
        source = SOURCES[split][len(made) % len(SOURCES[split])]
        every, index = divmod(turns[source.asked[0].name], len(source.asked))
        turns[source.asked[0].name] += 1
        spec = source.asked[index]
        asks = source.asks(spec)
        ask = asks[every % len(asks)]
        wishes = [wish(rng, spec, ask, source.part)]
        draw = rng.random()
        if draw < source.silent:
            row = _talking(rng, source, wishes[0], chat)
        else:
            if draw > 0.82:
                other = spec if rng.random() < 0.3 else rng.choice(source.asked)
                wishes.append(wish(rng, other, rng.choice(source.asks(other)), source.part))
            if len(wishes) == 2 and wishes[0].spec is wishes[1].spec and wishes[0].arguments == wishes[1].arguments:
                continue
            row = _calling(rng, source, wishes)
        if row["messages"][0]["content"] not in seen:
            seen.add(row["messages"][0]["content"])
            made.append(aliased(rng, row) if source.aliases and rng.random() < 0.5 else row)
    return made


def write(folder: Path, seed: int = SEED) -> list[Path]:
    """Write train as `train.parquet`, every other split as `SPLIT.jsonl` into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for split in SIZES:
        path = folder / f"{split}.{'parquet' if split == 'train' else 'jsonl'}"
        made = rows(split, seed)
        if split == "train":
            texts = [row | {key: _json(row[key]) for key in ("messages", "tools")} for row in made]
            beside = path.with_suffix(".part")
            pq.write_table(pa.Table.from_pylist(texts), beside, compression="zstd", compression_level=19)
            beside.replace(path)
        else:
            write_text(path, "".join(_json(row) + "\n" for row in made))
        paths.append(path)
    return paths


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


if __name__ == "__main__":
    for written in write(Path(sys.argv[1])):
        print(written)
