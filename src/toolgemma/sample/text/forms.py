# ruff: noqa: E501 - tables read best as lines; seeded choices need no secrecy
"""The largest part of the pre-training text: forms are described, somebody asks for something, the right form is filled.

    Forms:                                                             user
    {"sheet": "lamp_route", "about": "Book a boat.", "slots": {...}}
    ...
    Please reserve a ferry to Oslo for 4 people.
    {"sheet": "lamp_route", "filled": {"goal": "Oslo", "heads": 4}}    model

Names of forms mostly say nothing, so that they have to be read from the list. Container words, layout and wrapping
change from document to document, so that they have to be read from the instructions.
"""

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from toolgemma.sample.text import errands, everyday, values, words
from toolgemma.sample.text.fields import Field, field

Turn = tuple[str, str]


Said = tuple[str, dict[str, Any]]
"""A sentence, and the values that it mentions in the order of the form's fields."""


@dataclass(frozen=True, slots=True)
class Form:
    """A form: its fields, and how people ask for it (`ask`: what they want; `say`: with values)."""

    name: str
    description: str
    schemas: dict[str, dict[str, Any]]
    required: tuple[str, ...]
    topic: tuple[str, ...]
    say: Callable[[random.Random], Said]
    ask: Callable[[random.Random], str]
    errand: str = ""
    """Name of the errand that it comes from, as written."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The words and shape of one document: keys of the form list and of the answer."""

    kind: str
    title: str
    about: str
    slots: str
    filled: str
    style: int
    tag: str | None
    needed: str


def layout(rng: random.Random) -> Layout:
    """A random layout. Its keys are never those of a tool call."""
    kind, title, about = rng.choice(words.CONTAINERS), rng.choice(words.TITLES), rng.choice(words.ABOUT)
    slots, filled = rng.sample(words.BODIES, 2)
    tag = rng.choice([kind, kind, f"{kind}_{filled}", filled]) if rng.random() < 0.8 else None
    needed = rng.choice(["required", "required", "needed"])
    return Layout(kind, title, about, slots, filled, rng.choice([0, 0, 0, 0, 1, 2, 2, 3]), tag, needed)


def form(rng: random.Random, near: Form | None = None) -> Form:
    """A form; most are everyday ones, the rest random; `near` asks for one that shares the action or the thing."""
    if near is None and rng.random() < 0.1:
        return _word_form(rng)
    known = near.errand if near else ""
    if known or (near is None and rng.random() < 0.93):
        among = errands.TWINS if rng.random() < 0.35 else errands.ERRANDS
        errand = (errands.near(rng, known) if known else rng.choice(among)).variant(rng)
        required = tuple(name for name, (_, needed) in errand.wants.items() if needed)
        schemas = errand.schemas(rng)
        return Form(
            errand.name,
            errand.description,
            schemas,
            required,
            (errand.topic,),
            errand.say,
            lambda rng: errand.say(rng)[0],
            errand.topic.split(" ")[0],
        )
    return _random_form(rng, near.topic if near and len(near.topic) == 2 else None)


def _random_form(rng: random.Random, near: tuple[str, ...] | None) -> Form:
    """A form for a random action on a random thing, with random fields."""
    action, thing = rng.choice(words.ACTIONS), rng.choice(words.THINGS)
    if near and rng.random() < 0.5:
        action = next(group for group in words.ACTIONS if group[0] == near[0])
    elif near:
        thing = next((group for group in words.THINGS if group[0] == near[1]), (near[1],))
    elif rng.random() < 0.5:  # an invented thing: it can only be found by its word
        thing = (values.pseudo_word(rng, 1, 3),)
    taken: set[str] = set()
    fields = tuple(field(rng, taken) for _ in range(rng.choice([1, 1, 2, 2, 2, 3, 3, 4])))
    shown = thing[0] if rng.random() < 0.8 else rng.choice(thing)
    description = f"{action[0].capitalize()} {rng.choice(['a ', 'the ', ''])}{shown}"
    description += rng.choice(
        ["", "", f" ({rng.choice(thing)})", f" or {rng.choice(thing)}", " for somebody", " of the user"]
    )
    draw = rng.random()
    name = (
        f"{action[0].replace(' ', '_')}_{thing[0].replace(' ', '_')}"
        if draw < 0.7
        else f"{thing[0].replace(' ', '_')}_{rng.choice(words.NOUNS)}"
        if draw < 0.85
        else values.identifier(rng)
    )

    def ask(rng: random.Random) -> str:
        verb = action[0] if rng.random() < 0.4 else rng.choice(action)
        noun = thing[0] if rng.random() < 0.45 else rng.choice(thing)
        article = "" if noun.endswith("s") or " " in noun else rng.choice(["a ", "the ", "my ", ""])
        return f"{verb} {article}{noun}"

    return Form(
        name,
        description + rng.choice([".", ".", ""]),
        {entry.name: entry.schema for entry in fields},
        tuple(entry.name for entry in fields if entry.required),
        (action[0], thing[0]),
        lambda rng: _joined(rng, ask(rng), fields),
        lambda rng: f"{rng.choice(words.OPENERS)} {ask(rng)}",
    )


def _word_form(rng: random.Random) -> Form:
    """A form described by words drawn at random: a wish is told to be for it only by the words that both have."""
    drawn = tuple(
        dict.fromkeys(
            values.pseudo_word(rng, 1, 3) if rng.random() < 0.25 else rng.choice(everyday.WORDS)
            for _ in range(rng.randint(2, 6))
        )
    )
    small = ("a", "the", "of", "for", "with", "in", "to", "your")

    def phrase(chosen: Sequence[str], glue: float) -> str:
        parts: list[str] = []
        for word in chosen:
            parts += [rng.choice(small)] * (bool(parts) and rng.random() < glue) + [word]
        return " ".join(parts)

    described = phrase(drawn, 0.5)
    draw = rng.random()
    name = "_".join(drawn[:2]) if draw < 0.5 else values.identifier(rng) if draw < 0.8 else drawn[-1]
    taken: set[str] = set()
    fields = tuple(field(rng, taken) for _ in range(rng.choice([0, 1, 1, 2, 2, 2, 3, 4])))

    def ask(rng: random.Random) -> str:
        shared = rng.sample(drawn, rng.randint(1, len(drawn)))
        strange = [rng.choice(everyday.WORDS) for _ in range(rng.choice([0, 0, 1, 2]))]
        return phrase(rng.sample([*shared, *strange], len(shared) + len(strange)), 0.5)

    return Form(
        name,
        described[0].upper() + described[1:] + rng.choice([".", ".", ""]),
        {entry.name: entry.schema for entry in fields},
        tuple(entry.name for entry in fields if entry.required),
        (" ".join(drawn),),
        lambda rng: _joined(rng, ask(rng), fields),
        lambda rng: f"{rng.choice(words.OPENERS)} {ask(rng)}",
    )


def some_forms(rng: random.Random, count: int) -> tuple[list[Form], list[Form]]:
    """`count` forms that are offered and two that are not; no two do the same, many are alike."""
    made: list[Form] = []
    while len(made) < count + 2:
        new = form(rng, rng.choice(made) if made and rng.random() < 0.3 else None)
        if not any(new.topic == other.topic or new.name == other.name for other in made):
            made.append(new)
    rng.shuffle(made)
    return made[:count], made[count:]


def schema_json(made: Form, shape: Layout) -> dict[str, Any]:
    """A form as the JSON object of its line in the list."""
    properties, needed = made.schemas, list(made.required)
    if shape.style == 1:
        return {shape.kind: made.name, shape.about: made.description, shape.slots: properties, shape.needed: needed}
    body = {"type": "object", "properties": properties, shape.needed: needed}
    plain = {shape.title: made.name, shape.about: made.description, shape.slots: body}
    return {"type": shape.kind, shape.kind: plain} if shape.style == 0 else plain


def listing(rng: random.Random, forms: Sequence[Form], shape: Layout) -> str:
    """The list of forms, one a line."""
    if shape.style < 3:
        return "\n".join(json.dumps(schema_json(made, shape)) for made in forms)
    lines = []
    for made in forms:
        parts = []
        for field_name, schema in made.schemas.items():
            kind = "|".join(schema["enum"]) if "enum" in schema else schema["type"]
            optional = "" if field_name in made.required else ", optional"
            parts.append(f"{field_name} ({kind}{optional}): {schema.get('description', '')}")
        lines.append(f"- {made.name}: {made.description} {'; '.join(parts)}")
    return "\n".join(lines)


def _joined(rng: random.Random, wish: str, fields: Sequence[Field]) -> Said:
    """A wish for a random form with its fields' phrases around it."""
    chosen = [(entry.name, *entry.say(rng)) for entry in fields if entry.required or rng.random() < 0.4]
    said = [text for _, _, text in chosen]
    if rng.random() < 0.5:
        rng.shuffle(said)
    draw = rng.random()
    joined = rng.choice([" ", " ", ", "]).join(said)
    if draw < 0.55:
        text = f"{rng.choice(words.OPENERS)} {wish} {joined}".rstrip() + rng.choice([".", ".", "", "?"])
    elif draw < 0.73:
        text = f"{wish.capitalize()} {joined}".rstrip() + rng.choice([".", "", "!"])
    elif draw < 0.83 and said:
        rest = ". ".join(part[0].upper() + part[1:] for part in said)
        text = f"{rng.choice(words.OPENERS)} {wish}. {rest}."
    elif draw < 0.92 and said:
        text = f"{wish.capitalize()}: {', '.join(said)}"
    else:
        text = f"{joined}: {rng.choice(words.OPENERS).lower()} {wish}" if said else wish
    return text, {name: value for name, value, _ in chosen}


def request(rng: random.Random, made: Form) -> Said:
    """What somebody types to get this form filled, and the values."""
    text, filled = made.say(rng)
    if rng.random() < 0.12:
        text = f"{rng.choice(words.ASIDES)} {text}"
    if rng.random() < 0.12:
        text = f"{text} {rng.choice(words.CLOSERS)}"
    return text, filled


def _answer(made: Form, filled: dict[str, Any], shape: Layout) -> str:
    text = json.dumps({shape.kind: made.name, shape.filled: filled}, ensure_ascii=False)
    return f"<{shape.tag}>\n{text}\n</{shape.tag}>" if shape.tag else text


RULES = (
    "Use nothing but this list.", "If none fits, say so.", "Fill one for each wish.", "Then stop.", "Leave out what isn't said.",
    "The results come later.", "Write nothing else.", "Copy values as they are.", "Otherwise answer in text.",
)  # fmt: skip


def _instructions(rng: random.Random, shape: Layout, listed: str) -> str:
    example = f'{{"{shape.kind}": ..., "{shape.filled}": {{...}}}}'
    intro = rng.choice(
        [
            "You may fill in forms.",
            "Forms you can use:",
            "Here are the forms.",
            "These are at hand:",
            "Choose one of the forms.",
            "Some sheets to fill:",
        ]
    )
    where = f" between <{shape.tag}> and </{shape.tag}>" if shape.tag else ""
    rule = rng.choice(["To use one, write", "Answer with", "Fill it as", "For each, write", "Reply like this:"])
    if shape.tag and rng.random() < 0.4:
        how = f"{rule}\n<{shape.tag}>\n{example}\n</{shape.tag}>"
    else:
        how = f"{rule} {example}{where}."
    how += "".join(" " + rng.choice(RULES) for _ in range(rng.choice([0, 0, 1, 2])))
    block = rng.choice(["list", "sheets", "offer", "paper", values.pseudo_word(rng)])
    listed = f"<{block}>\n{listed}\n</{block}>" if rng.random() < 0.5 else listed
    return rng.choice([f"{intro}\n{listed}\n{how}", f"{intro} {how}\n{listed}", f"{how}\n{intro}\n{listed}"])


def _sentence(record: dict[str, Any]) -> str:
    parts = [f"the {key.replace('_', ' ')} is {value}" for key, value in record.items()]
    text = ", ".join(parts[:-1]) + (" and " if len(parts) > 1 else "") + parts[-1]
    return text + "."


def document(rng: random.Random) -> list[Turn]:
    """One conversation over 1 to 8 forms; each wish gets one form filled, two filled, or a word that none fits.

    Several wishes a conversation: the list of forms, its longest part, is paid for once.
    """
    shape = layout(rng)
    offered, absent = some_forms(rng, rng.choice([1, 2, 2, 3, 3, 4, 4, 5, 6, 7, 8]))
    turns: list[Turn] = []
    for _ in range(rng.randint(2, 8)):
        more = _wish(rng, offered, absent, shape)
        if not turns:
            prompt = _instructions(rng, shape, listing(rng, offered, shape))
            more = [("user", f"{prompt}\n\n{more[0][1]}"), *more[1:]]
        turns += more
    return turns


def _wish(rng: random.Random, offered: Sequence[Form], absent: Sequence[Form], shape: Layout) -> list[Turn]:
    draw = rng.random()
    if draw < 0.06:
        question, reply = rng.choice(words.SMALL_TALK)
        return [("user", question), ("model", reply)]
    if draw < 0.2:
        return [("user", request(rng, rng.choice(absent))[0]), ("model", words.NONE_FITS)]
    made = rng.choice(offered)
    text, filled = request(rng, made)
    answers = [_answer(made, filled, shape)]
    if draw > 0.84:
        other = made if rng.random() < 0.3 else rng.choice(offered)
        more, filled = request(rng, other)
        text += rng.choice([" Also, ", " And ", " Then ", " ", " After that, "]) + more
        answers.append(_answer(other, filled, shape))
    turns = [("user", text), ("model", "\n".join(answers))]
    if rng.random() < 0.12:
        result = {
            values.identifier(rng) if rng.random() < 0.5 else key: _result_value(rng)
            for key in ("status", "number", "note")[: rng.randint(1, 3)]
        }
        turns += [
            ("user", rng.choice(["", "Result: ", "It says: "]) + json.dumps(result)),
            ("model", _sentence(result)),
        ]
    return turns


def _result_value(rng: random.Random) -> Any:
    makers = (values.item, values.code, values.person, values.place, values.date)
    index = rng.randrange(len(makers) + 1)
    return makers[index](rng) if index < len(makers) else values.integer(rng, 1, 999)
