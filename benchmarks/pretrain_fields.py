# ruff: noqa: E501
"""Rows of the pre-training text that teach to read values into fields: what stands beside a field's word is its value.

    {"wozu": {"type": "string", "description": "kran belt"}, "dal_mi": {"type": "integer"}}          user
    for belt iron moss, dal 41 please
    {"wozu": "iron moss", "dal_mi": 41}                                                              model

Words are runs of one to three random ids, in half of the lists English or invented ones. Each list has its own
difficulty: from one field of one word to five fields of several kinds and long values, some of them never mentioned.
"""

import json
import random
from dataclasses import dataclass
from typing import Any

from pretrain_rows import CONTROL, END, LENGTH, START, Row
from transformers import PreTrainedTokenizerFast

from toolgemma.sample.text import everyday, values, words

SMALL = ["for", "to", "with", "in", "at", "of", "on", "by", "from", "near", "the", "a", "some", "my", "please", "and"]
"""Words that are never part of a value."""
CONTENT = tuple(word for word in everyday.WORDS if word not in SMALL and len(word) > 3)
KINDS = ("string", "string", "string", "string", "integer", "number", "enum", "enum", "array", "boolean")

Ids = list[int]
Value = list[Ids]
"""A value as words, each a run of ids."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A field: the words of its key and of its description, its kind, the options of an enum."""

    key: Value
    about: Value
    kind: str
    options: tuple[Value, ...]
    required: bool


class Writer:
    """Writes one list of fields, its wishes and its answers, all of one difficulty (0..1)."""

    def __init__(self, rng: random.Random, tokenizer: PreTrainedTokenizerFast) -> None:
        self.rng, self.size = rng, len(tokenizer)
        self._encode = tokenizer.backend_tokenizer.encode
        self.level = rng.random()
        self.english = rng.random() < 0.5
        self.glue = self.text(" ") if self.english or rng.random() < 0.6 else []

    def text(self, said: str) -> Ids:
        return list(self._encode(said, add_special_tokens=False).ids)

    def upto(self, most: int, least: int = 1) -> int:
        """A number in least..most; the most only where the level is high."""
        return self.rng.randint(least, least + round((most - least) * self.level))

    def word(self) -> Ids:
        if self.english:
            return self.text(self.rng.choice(CONTENT) if self.rng.random() < 0.6 else values.pseudo_word(self.rng))
        return [self.rng.randrange(len(CONTROL), self.size) for _ in range(self.upto(3))]

    def words(self, most: int, least: int = 1) -> Value:
        return [self.word() for _ in range(self.upto(most, least))]

    def joined(self, value: Value, glue: Ids | None = None) -> Ids:
        made: Ids = []
        for run in value:
            made += [*(self.glue if glue is None else glue), *run] if made else run
        return made

    def quoted(self, value: Value, glue: Ids | None = None) -> Ids:
        return [*self.text('"'), *self.joined(value, glue), *self.text('"')]

    def slot(self) -> Slot:
        kind = self.rng.choice(KINDS) if self.rng.random() < 0.3 + 0.5 * self.level else "string"
        options = tuple(self.words(2) for _ in range(self.rng.randint(2, 4))) if kind == "enum" else ()
        about = self.words(3, 0) if self.rng.random() < 0.7 else []
        return Slot(self.words(2), about, kind, options, self.rng.random() < 0.5)

    def schema(self, slots: list[Slot]) -> Ids:
        made = self.text("{")
        for number, slot in enumerate(slots):
            made += self.text(", ") if number else []
            json_type = {"enum": "string"}.get(slot.kind, slot.kind)
            made += [*self.quoted(slot.key, self.text("_")), *self.text(f': {{"type": "{json_type}"')]
            if slot.options:
                made += self.text(', "enum": [')
                for place, option in enumerate(slot.options):
                    made += [*(self.text(", ") if place else []), *self.quoted(option)]
                made += self.text("]")
            if slot.about:
                made += [*self.text(', "description": '), *self.quoted(slot.about)]
            made += self.text("}")
        return [*made, *self.text("}")]

    def drawn(self, slot: Slot) -> tuple[Ids, Ids]:
        """A value: as it is said, and as JSON."""
        rng = self.rng
        if slot.kind in ("integer", "number"):
            number: Any = (
                values.integer(rng, 1, 999)
                if slot.kind == "integer" or rng.random() < 0.3
                else values.decimal(rng, 1, 300)
            )
            return self.text(str(number)), self.text(json.dumps(number))
        if slot.kind == "enum":
            option = rng.choice(slot.options)
            return self.joined(option), self.quoted(option)
        if slot.kind == "array":
            parts = [self.words(2) for _ in range(rng.randint(2, 4))]
            said, made = self.joined(parts[0]), [*self.text("["), *self.quoted(parts[0])]
            for number, part in enumerate(parts[1:], 2):
                said += [*self.text(" and " if number == len(parts) else ", "), *self.joined(part)]
                made += [*self.text(", "), *self.quoted(part)]
            return said, [*made, *self.text("]")]
        if self.english and rng.random() < 0.4:
            makers = (
                values.full_name,
                values.place,
                values.email,
                values.code,
                values.phrase,
                values.date,
                values.time,
                values.item,
            )
            plain = rng.choice(makers)(rng)
            told = f'"{plain}"' if rng.random() < 0.3 else plain
            return self.text(told), self.text(f'"{plain}"')
        value = self.words(5)
        return (self.quoted(value) if rng.random() < 0.2 else self.joined(value)), self.quoted(value)

    def mention(self, slot: Slot, alone: bool) -> tuple[Ids, Ids]:
        """Words that give a field its value: a word of the field and the value; or the value only, where it must be its own."""
        rng = self.rng
        marker = rng.choice([*slot.key, *slot.about])
        space = self.text(" ")
        if slot.kind == "boolean":
            yes = rng.random() < 0.5
            small = "with" if yes else rng.choice(["without", "no"])
            return [*self.text(small), *space, *marker], self.text("true" if yes else "false")
        said, made = self.drawn(slot)
        if (alone or slot.kind == "enum") and rng.random() < 0.5:
            small = self.text(f"{rng.choice(SMALL)} ") if rng.random() < 0.7 else []
            return [*small, *said], made
        if slot.kind in ("integer", "number") and rng.random() < 0.5:
            return [*said, *space, *marker], made
        link = self.text(rng.choice([" ", " ", " ", f" {rng.choice(SMALL)} ", ": ", " is "]))
        return [*marker, *link, *said], made

    def wish(self, slots: list[Slot], frame: Value) -> tuple[Ids, Ids]:
        """What is said, and its answer: the mentioned fields in the order of the list. Words of `frame` are no value."""
        rng = self.rng
        chosen = [slot for slot in slots if slot.required or rng.random() < 0.45] or [rng.choice(slots)]
        mentions, answer = [], self.text("{")
        for slot in chosen:
            alone = sum((other.kind == slot.kind) for other in slots) == 1
            said, made = self.mention(slot, alone)
            mentions.append(said)
            answer += self.text(", ") if len(mentions) > 1 else []
            answer += [*self.quoted(slot.key, self.text("_")), *self.text(": "), *made]
        if frame and rng.random() < 0.8:
            mentions.append(self.joined(rng.sample(frame, rng.randint(1, len(frame)))))
        rng.shuffle(mentions)
        text: Ids = self.text(f"{rng.choice(SMALL)} ") if rng.random() < 0.5 else []
        for number, said in enumerate(mentions):
            text += [*(self.text(rng.choice([", ", " and ", ". ", f" {rng.choice(SMALL)} "])) if number else []), *said]
        return [*text, *self.text(rng.choice(["", "", ".", "?", " please"]))], [*answer, *self.text("}")]


def row_of_fields(rng: random.Random, tokenizer: PreTrainedTokenizerFast) -> Row:
    """Lists of fields, each with its wishes and their answers."""
    ids: Ids = []
    answers: Ids = []
    number = 0
    while len(ids) < LENGTH:
        writer = Writer(rng, tokenizer)
        newline, text = writer.text("\n"), writer.text
        slots = [writer.slot() for _ in range(writer.upto(5))]
        read, frame = [START, *text("user\n")], []
        if rng.random() < 0.5:
            kind, title, about = rng.choice(words.CONTAINERS), rng.choice(words.TITLES), rng.choice(words.ABOUT)
            body, filled = rng.sample(words.BODIES, 2)
            name, frame = writer.words(2), writer.words(5)
            read += [
                *text(f'{{"{title}": '),
                *writer.quoted(name, text("_")),
                *text(f', "{about}": '),
                *writer.quoted(frame),
            ]
            read += [*text(f', "{body}": '), *writer.schema(slots), *text("}")]
            opens = [*text(f'{{"{kind}": '), *writer.quoted(name, text("_")), *text(f', "{filled}": ')]
            closes = text("}")
            read += [*newline, *text(f'{{"{kind}": ..., "{filled}": {{...}}}}')]
        else:
            read += writer.schema(slots)
            opens, closes = [], []
        read += newline
        for _ in range(rng.randint(3, 8)):
            said, answer = writer.wish(slots, frame)
            number += 1
            read += [*said, END, *newline, START, *text("model\n")]
            ids += [*read, *opens, *answer, *closes, END]
            answers += [0] * len(read) + [number] * (len(opens) + len(answer) + len(closes) + 1)
            read = [*newline, START, *text("user\n")]
        ids += newline
        answers += [0] * (len(ids) - len(answers))
    return ids[:LENGTH], answers[:LENGTH]
