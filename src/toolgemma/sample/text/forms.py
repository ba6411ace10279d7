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
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from toolgemma.sample.text import values, words
from toolgemma.sample.text.fields import Field, field

Turn = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Form:
    """A form, and how somebody would ask for it: `ask` is the verb and thing, the fields carry the rest."""

    name: str
    description: str
    ask: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """The words and shape of one document: keys of the form list and of the answer."""

    kind: str
    about: str
    slots: str
    filled: str
    style: int
    tag: str | None
    needed: str


def layout(rng: random.Random) -> Layout:
    """A random layout. Its keys are never those of a tool call."""
    kind, about = rng.choice(words.CONTAINERS), rng.choice(words.ABOUT)
    slots, filled = rng.sample(words.BODIES, 2)
    if rng.random() < 0.3:
        slots = filled
    tag = rng.choice([kind, f"{kind}_{filled}", values.identifier(rng), filled]) if rng.random() < 0.6 else None
    needed = rng.choice(["required", "required", "needed", "must", "mandatory"])
    return Layout(kind, about, slots, filled, rng.choice([0, 0, 1, 1, 2, 2, 3]), tag, needed)


def form(
    rng: random.Random, avoid: set[tuple[str, str]], near: tuple[str, str] | None = None
) -> tuple[Form, tuple[str, str]]:
    """A form whose (action, thing) isn't in `avoid`; `near` asks for one that shares the action or the thing."""
    while True:
        action, thing = rng.choice(words.ACTIONS), rng.choice(words.THINGS)
        if near is not None:
            if rng.random() < 0.5:
                action = next(group for group in words.ACTIONS if group[0] == near[0])
            else:
                thing = next(group for group in words.THINGS if group[0] == near[1])
        if (action[0], thing[0]) not in avoid:
            break
    taken: set[str] = set()
    fields = tuple(field(rng, taken) for _ in range(rng.choice([1, 1, 2, 2, 2, 3, 3, 4])))
    verb = action[0] if rng.random() < 0.4 else rng.choice(action)
    noun = thing[0] if rng.random() < 0.45 else rng.choice(thing)
    article = "" if noun.endswith("s") or " " in noun else rng.choice(["a ", "the ", "my ", ""])
    shown = thing[0] if rng.random() < 0.8 else rng.choice(thing)
    description = f"{action[0].capitalize()} {rng.choice(['a ', 'the ', ''])}{shown}"
    description += rng.choice(
        ["", "", f" ({rng.choice(thing)})", f" or {rng.choice(thing)}", " for somebody", " of the user"]
    )
    draw = rng.random()
    name = (
        f"{action[0].replace(' ', '_')}_{thing[0].replace(' ', '_')}"
        if draw < 0.45
        else values.identifier(rng)
        if draw < 0.9
        else f"{thing[0].replace(' ', '_')}_{rng.choice(words.NOUNS)}"
    )
    return Form(name, description + rng.choice([".", ".", ""]), f"{verb} {article}{noun}", fields), (
        action[0],
        thing[0],
    )


def schema_json(made: Form, shape: Layout) -> dict[str, Any]:
    """A form as the JSON object of its line in the list."""
    properties = {entry.name: entry.schema for entry in made.fields}
    needed = [entry.name for entry in made.fields if entry.required]
    if shape.style == 1:
        return {shape.kind: made.name, shape.about: made.description, shape.slots: properties, shape.needed: needed}
    body = {"type": "object", "properties": properties, shape.needed: needed}
    plain = {"title": made.name, shape.about: made.description, shape.slots: body}
    return {"type": shape.kind, shape.kind: plain} if shape.style == 0 else plain


def listing(rng: random.Random, forms: Sequence[Form], shape: Layout) -> str:
    """The list of forms, one a line."""
    if shape.style < 3:
        return "\n".join(json.dumps(schema_json(made, shape)) for made in forms)
    lines = []
    for made in forms:
        parts = []
        for entry in made.fields:
            kind = "|".join(entry.schema["enum"]) if "enum" in entry.schema else entry.schema["type"]
            parts.append(
                f"{entry.name} ({kind}{'' if entry.required else ', optional'}): {entry.schema.get('description', '')}"
            )
        lines.append(f"- {made.name}: {made.description} {'; '.join(parts)}")
    return "\n".join(lines)


def request(rng: random.Random, made: Form) -> tuple[str, dict[str, Any]]:
    """What somebody types to get this form filled, and the values, in the order of the fields."""
    chosen = [entry for entry in made.fields if entry.required or rng.random() < 0.55]
    said = [entry.said for entry in chosen]
    if rng.random() < 0.5:
        rng.shuffle(said)
    draw = rng.random()
    ask = made.ask
    joined = rng.choice([" ", " ", ", "]).join(said)
    if draw < 0.62:
        text = f"{rng.choice(words.OPENERS)} {ask} {joined}".rstrip() + rng.choice([".", ".", "", "?"])
    elif draw < 0.8:
        text = f"{ask.capitalize()} {joined}".rstrip() + rng.choice([".", "", "!"])
    elif draw < 0.9 and said:
        rest = ". ".join(part[0].upper() + part[1:] for part in said)
        text = f"{rng.choice(words.OPENERS)} {ask}. {rest}."
    else:
        text = f"{joined}: {rng.choice(words.OPENERS).lower()} {ask}" if said else f"{ask}"
    if rng.random() < 0.12:
        text = f"{rng.choice(words.ASIDES)} {text}"
    if rng.random() < 0.12:
        text = f"{text} {rng.choice(words.CLOSERS)}"
    return text, {entry.name: entry.value for entry in chosen}


def _answer(made: Form, filled: dict[str, Any], shape: Layout) -> str:
    text = json.dumps({shape.kind: made.name, shape.filled: filled}, ensure_ascii=False)
    return f"<{shape.tag}>\n{text}\n</{shape.tag}>" if shape.tag else text


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
    block = rng.choice(["list", "sheets", "offer", "paper", values.pseudo_word(rng)])
    listed = f"<{block}>\n{listed}\n</{block}>" if rng.random() < 0.5 else listed
    return rng.choice([f"{intro}\n{listed}\n{how}", f"{intro} {how}\n{listed}", f"{how}\n{intro}\n{listed}"])


def _sentence(rng: random.Random, record: dict[str, Any]) -> str:
    parts = [f"the {key.replace('_', ' ')} is {value}" for key, value in record.items()]
    text = ", ".join(parts[:-1]) + (" and " if len(parts) > 1 else "") + parts[-1]
    return rng.choice(["Done: ", "All right, ", "Here it is: ", ""]) + text + "."


def document(rng: random.Random) -> list[Turn]:
    """One conversation over 1 to 8 forms: one filled, two filled, or none that fits."""
    shape = layout(rng)
    count = rng.choice([1, 2, 2, 3, 3, 4, 4, 5, 6, 7, 8])
    target, topic = form(rng, set())
    forms, topics = [target], {topic}
    while len(forms) < count:
        near = topic if rng.random() < 0.35 else None
        other, other_topic = form(rng, topics, near)
        if other.name not in {made.name for made in forms}:
            forms.append(other)
            topics.add(other_topic)
    draw = rng.random()
    if draw < 0.17:
        return _no_fit(rng, forms, target, shape)
    shown = rng.sample(forms, len(forms))
    prompt = _instructions(rng, shape, listing(rng, shown, shape))
    text, filled = request(rng, target)
    answers = [_answer(target, filled, shape)]
    if draw > 0.82:
        text, answers = _second(rng, forms, target, shape, (text, answers))
    turns = [("user", f"{prompt}\n\n{text}"), ("model", "\n".join(answers))]
    if rng.random() < 0.2:
        result = {
            values.identifier(rng) if rng.random() < 0.5 else key: _result_value(rng)
            for key in ("status", "number", "note")[: rng.randint(1, 3)]
        }
        turns += [
            ("user", rng.choice(["", "Result: ", "It says: "]) + json.dumps(result)),
            ("model", _sentence(rng, result)),
        ]
    return turns


def _result_value(rng: random.Random) -> Any:
    makers = (values.item, values.code, values.person, values.place, values.date)
    index = rng.randrange(len(makers) + 1)
    return makers[index](rng) if index < len(makers) else values.integer(rng, 1, 999)


def _second(
    rng: random.Random, forms: Sequence[Form], first: Form, shape: Layout, sofar: tuple[str, list[str]]
) -> tuple[str, list[str]]:
    """A second wish in the same message: for another form, or for the same one with other values."""
    text, answers = sofar
    others = [made for made in forms if made is not first]
    if others and rng.random() < 0.6:
        second = rng.choice(others)
        more, filled = request(rng, second)
        link = rng.choice([" Also, ", " And ", " Then ", " ", " After that, "])
        return text + link + more, [*answers, _answer(second, filled, shape)]
    parts: list[str] = []
    chosen = [
        entry
        for entry in first.fields
        if entry.required and isinstance(entry.value, str) and "enum" not in entry.schema
    ]
    if len(chosen) != 1 or str(chosen[0].value) not in chosen[0].said:
        return text, answers
    entry = chosen[0]
    records = []
    for _ in range(rng.choice([2, 2, 3])):
        value = _sibling(rng, entry)
        records.append({entry.name: value})
        parts.append(value)
    joined = f"{', '.join(parts[:-1])} and {parts[-1]}" + rng.choice([" too", "", " as well"])
    text = f"{rng.choice(words.OPENERS)} {first.ask} {entry.said.replace(str(entry.value), joined)}."
    return text, [_answer(first, record, shape) for record in records]


def _sibling(rng: random.Random, entry: Field) -> str:
    """Another value of the same look as the field's own."""
    own = str(entry.value)
    if "@" in own:
        return values.email(rng)
    if own[:4].isdigit():
        return values.date(rng)
    if own[0].isdigit():
        return values.time(rng)
    return values.person(rng) if own[0].isupper() else values.item(rng)


def _no_fit(rng: random.Random, forms: list[Form], target: Form, shape: Layout) -> list[Turn]:
    """The form that is asked for isn't in the list, or nothing is asked for at all."""
    listed = [made for made in forms if made is not target] or [form(rng, set())[0]]
    prompt = _instructions(rng, shape, listing(rng, listed, shape))
    if rng.random() < 0.35:
        question, reply = rng.choice(words.SMALL_TALK)
        return [("user", f"{prompt}\n\n{question}"), ("model", reply)]
    text, _ = request(rng, target)
    reply = rng.choice(words.NONE_FITS)
    return [("user", f"{prompt}\n\n{text}"), ("model", reply)]
