# ruff: noqa: E501 - tables read best as lines; seeded choices need no secrecy
"""Everyday forms with the sentences in which people ask for them: the natural part of the forms in the pre-training text.

    rent_bicycle  "Rent a bicycle."  station!:place hours:hours    "I'd like a bike at {station} for {hours} hours."

`!` marks a required field; `{a/b}` is an enum, `?` a boolean that a sentence says as `{field:yes words|no words}`. None is
a tool of the embedded dataset (`toolgemma.sample.text.purity` checks names, descriptions, schemas and sentences).
"""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from typing import Any

from toolgemma.sample.text import everyday, fields, values, words

SLOT = re.compile(r"\{([\w.-]+)(?::([^|{}]*)\|([^|{}]*))?\}")
WORD = re.compile(r"[a-z]{4,}")
STOP = "from with that this them they their what when where which have your into over some somebody something"
COMMON = frozenset(STOP.split(" "))

Draw = Callable[[random.Random], Any]
Wants = dict[str, tuple[str, bool]]
POOLS: dict[str, tuple[str, Draw, tuple[str, ...]]] = {
    "place": ("string", values.place, ("Name of the place", "Which town", "Where it is", "")),
    "date": ("string", values.date, ("Day, YYYY-MM-DD", "Date as YYYY-MM-DD", "When, YYYY-MM-DD")),
    "time": ("string", values.time, ("Time, HH:MM", "When it starts, HH:MM", "Hour as HH:MM")),
    "person": ("string", values.person, ("Who it is for", "Full name", "Person in question", "")),
    "email": ("string", values.email, ("Email address", "Where to write", "")),
    "item": ("string", values.item, ("The thing", "What it is about", "Which one", "")),
    "phrase": ("string", values.phrase, ("Text to use", "In a few words", "What it says", "")),
    "company": ("string", values.company, ("Name of the company", "Which firm", "")),
    "code": ("string", values.code, ("Number on the paper", "Reference", "Its code", "")),
    "address": ("string", fields.address, ("Street and number", "Where to go", "")),
    "phone": ("string", fields.phone, ("Number to call", "Telephone", "")),
    "file": ("string", fields.file, ("File to use", "Name of the file", "")),
    "language": ("string", lambda rng: rng.choice(words.LANGUAGES), ("Which language", "Language wanted", "")),
    "people": ("integer", fields.whole(1, 40), ("How many people", "Number of persons", "")),
    "count": ("integer", fields.whole(1, 99), ("How many", "Number of pieces", "")),
    "minutes": ("integer", fields.whole(5, 240), ("Length in minutes", "How many minutes", "")),
    "hours": ("integer", fields.whole(1, 48), ("How many hours", "Length in hours", "")),
    "days": ("integer", fields.whole(1, 30), ("How many days", "Length in days", "")),
    "age": ("integer", fields.whole(1, 99), ("Age in years", "How old", "")),
    "percent": ("integer", fields.whole(1, 99), ("Percent", "Share in percent", "")),
    "year": ("integer", fields.whole(1900, 2030), ("Year", "Which year", "")),
    "weekday": ("string", lambda rng: rng.choice(words.WEEKDAYS), ("Day of the week", "Which weekday", "")),
    "money": ("number", fields.amount(1, 900), ("Sum in euros", "How much money", "Amount in dollars", "")),
    "measure": ("number", fields.amount(1, 300), ("How much", "The measured value", "")),
    "items": ("array", fields.items, ("The things", "What to include", "One by one", "")),
    "names": ("array", fields.people, ("Who takes part", "The people", "")),
    "numbers": ("array", fields.figures, ("The numbers", "Figures to use", "")),
    "places": ("array", lambda rng: [values.place(rng) for _ in range(rng.randint(2, 4))], ("Places in order", "Which towns", "")),
}  # fmt: skip


NAMES = {
    "place": ("city", "town", "location", "where", "area"), "date": ("date", "day", "when", "on_date"), "time": ("time", "hour", "clock"),
    "person": ("person", "name", "guest", "customer"), "item": ("thing", "object", "subject", "topic"), "phrase": ("text", "note", "title", "words"),
    "company": ("company", "firm", "brand"), "code": ("number", "id", "reference"), "address": ("address", "street"), "file": ("file", "document"),
    "language": ("language", "tongue"), "people": ("people", "persons", "heads"), "count": ("count", "quantity", "number_of"),
    "minutes": ("minutes", "duration"), "hours": ("hours", "how_long"), "days": ("days", "nights"), "age": ("age", "years"),
    "money": ("amount", "price", "sum_of_money"), "measure": ("value", "size_of", "measured"), "items": ("items", "list", "parts"),
    "names": ("people", "members", "guests"), "places": ("cities", "stops_on_the_way", "towns_to_see"), "percent": ("percent", "share"),
    "year": ("year", "which_year"), "weekday": ("weekday", "day_of_week"), "numbers": ("numbers", "figures"), "email": ("email", "mail", "contact"), "phone": ("phone", "mobile"),
}  # fmt: skip


def _options(rng: random.Random, pool: str) -> str:
    """An enum with its options in another order, now and then with other words for them: they have to be read as well."""
    if not pool.startswith("{"):
        return pool
    options = pool[1:-1].split("/")
    if rng.random() < 0.3:
        options = list({values.noun(rng) if rng.random() < 0.7 else values.pseudo_word(rng): "" for _ in options})
    return "{" + "/".join(rng.sample(options, len(options))) + "}"


@dataclass(frozen=True, slots=True)
class Errand:
    """A form as people use it: `wants` maps each field to (pool or enum or ?, required)."""

    topic: str
    name: str
    description: str
    wants: Wants
    sentences: tuple[str, ...]
    origins: dict[str, str] = dataclass_field(default_factory=dict)
    """Of a variant: what each field is called in the errand as written."""

    def variant(self, rng: random.Random) -> "Errand":
        """The same errand with other names of form and fields, in another order: they have to be read."""
        pools = [pool for pool, _ in self.wants.values()]
        names: dict[str, str] = {}
        for field, (pool, _) in self.wants.items():
            alone = pools.count(pool) == 1
            other = rng.choice(NAMES[pool]) if pool in NAMES and alone and rng.random() < 0.4 else field
            other = values.identifier(rng) if rng.random() < 0.08 else other
            names[field] = field if other in names.values() or other in self.wants else other
        order = list(self.wants)
        if rng.random() < 0.5:
            rng.shuffle(order)
        verb, *things = self.name.split("_")
        strange = rng.choice([values.identifier(rng), f"{rng.choice(everyday.WORDS)}_{rng.choice(everyday.WORDS)}"])
        name = rng.choice([*[self.name] * 5, "_".join([*things, verb]), *[strange] * 3])

        def renamed(sentence: str) -> str:
            return SLOT.sub(lambda slot: slot.group().replace(slot.group(1), names[slot.group(1)], 1), sentence)

        wants = {names[field]: (_options(rng, self.wants[field][0]), self.wants[field][1]) for field in order}
        origins = {names[field]: field for field in order}
        if rng.random() < 0.4:
            wants = self._with_strangers(rng, wants)
        told = rng.choice(self.description.split(" // "))
        made = Errand(self.topic, name, told, wants, tuple(map(renamed, self.sentences)), origins)
        return made._reworded(rng) if rng.random() < 0.15 else made

    def _with_strangers(self, rng: random.Random, wants: Wants) -> Wants:
        """One or two optional fields of other errands beside, of pools that no field has: nothing is said of them."""
        added = dict(wants)
        said = " ".join(self.sentences).lower()
        for field, pool in rng.sample(OPTIONAL, rng.randint(1, 2)):
            taken = {pool for pool, _ in (*added.values(), *self.wants.values())}
            if field in added or pool in taken or any(word in said for word in WORD.findall(f"{field} {pool}")):
                continue
            added[field] = (_options(rng, pool), False)
        return {field: added[field] for field in rng.sample(list(added), len(added))}

    def _reworded(self, rng: random.Random) -> "Errand":
        """A word that stands in the description and in some of its sentences is an invented one in both; only these stay."""
        plain = [SLOT.sub("", sentence).lower() for sentence in self.sentences]
        shared = [
            word
            for word in WORD.findall(self.description.lower())
            if word not in COMMON and any(re.search(rf"\b{word}\b", text) for text in plain)
        ]
        if not shared:
            return self
        old, new = re.compile(rf"\b{rng.choice(shared)}\b", re.IGNORECASE), values.pseudo_word(rng, 1, 3)

        def put(text: str) -> str:
            return "".join(
                part if part.startswith("{") else old.sub(new, part) for part in re.split(r"(\{[^{}]*\})", text)
            )

        kept = tuple(put(text) for text, bare in zip(self.sentences, plain, strict=True) if old.search(bare))
        name = self.name if rng.random() < 0.5 else values.identifier(rng)
        description = put(self.description)
        description = description[0].upper() + description[1:]
        return replace(self, topic=f"{self.topic} {new}", name=name, description=description, sentences=kept)

    def schemas(self, rng: random.Random) -> dict[str, dict[str, Any]]:
        """The JSON Schema of each field. A field whose name says nothing is always described."""
        made: dict[str, dict[str, Any]] = {}
        pools = [pool for pool, _ in self.wants.values()]
        for field, (pool, _) in self.wants.items():
            label = self.origins.get(field, field).replace("_", " ")
            told = [label.capitalize(), f"The {label}"]
            if pool == "?":
                made[field] = {"type": "boolean"}
                told = [f"Whether {label} is wanted", f"True for {label}", f"{label.capitalize()} or not"]
            elif pool.startswith("{"):
                made[field] = {"type": "string", "enum": pool[1:-1].split("/")}
            else:
                json_type, _, about = POOLS[pool]
                made[field] = {"type": json_type}
                if json_type == "array":
                    made[field]["items"] = {"type": "integer" if pool == "numbers" else "string"}
                if pool in ("date", "time"):
                    told = [f"{text}, {'YYYY-MM-DD' if pool == 'date' else 'HH:MM'}" for text in told]
                told += [text for text in about if text] if pools.count(pool) == 1 else []
            if rng.random() < 0.8 or self.origins.get(field, field) != field:
                made[field]["description"] = rng.choice(told)
        return made

    def say(self, rng: random.Random) -> tuple[str, dict[str, Any]]:
        """One sentence with values, and the values in the order of the fields."""
        sentence = rng.choice(self.sentences)
        drawn: dict[str, Any] = {}
        said: dict[str, str] = {}
        for field, yes, no in SLOT.findall(sentence):
            pool = self.wants[field][0]
            if pool == "?":
                drawn[field] = rng.random() < 0.5
                said[field] = yes if drawn[field] else no
                continue
            drawn[field] = rng.choice(pool[1:-1].split("/")) if pool.startswith("{") else POOLS[pool][1](rng)
            value = drawn[field]
            said[field] = fields.listed(rng, value) if isinstance(value, list) else str(value)
        text = SLOT.sub(lambda match: said[match.group(1)], sentence)
        return text[0].upper() + text[1:], {field: drawn[field] for field in self.wants if field in drawn}


FIELD = re.compile(r"(\w+)(!?):(\{[^}]*\}|\S+)")


def _errand(block: str) -> Errand:
    """An errand from its block: `name | description // the same in other words | fields`, then a sentence a line."""
    head, *sentences = block.strip().splitlines()
    name, description, wants = map(str.strip, head.split("|", 2))
    parsed = {field: (pool, needed == "!") for field, needed, pool in FIELD.findall(wants)}
    return Errand(name, name, description, parsed, tuple(sentences))


ERRANDS = tuple(map(_errand, everyday.BLOCKS))
NUMBERS = frozenset(pool for pool, (kind, *_) in POOLS.items() if kind in ("integer", "number"))


def _has_twins(errand: Errand) -> bool:
    """Whether two fields take values of one kind, so that only the words around a value tell where it belongs."""
    kinds = ["number" if pool in NUMBERS else pool for pool, _ in errand.wants.values() if pool in POOLS]
    return len(set(kinds)) < len(kinds)


TWINS = tuple(filter(_has_twins, ERRANDS))
BY_WORD: dict[str, list[Errand]] = {}
for _each in ERRANDS:
    for _word in _each.name.split("_"):
        BY_WORD.setdefault(_word, []).append(_each)


def near(rng: random.Random, name: str) -> Errand:
    """An errand that shares a word of its name with the errand called `name`, mostly another one."""
    return rng.choice(BY_WORD[rng.choice(name.split("_"))])


OPTIONAL = [(field, pool) for errand in ERRANDS for field, (pool, needed) in errand.wants.items() if not needed]
"""Every optional field and its pool."""
