# ruff: noqa: E501 - tables read best as lines; seeded choices need no secrecy
"""Documents of the pre-training text: short conversations, each made from a seeded random source.

    copying    repeat a run of words or tokens; recall the value of a key          half of the text at first
    passages   questions about a few sentences; a passage as a JSON document
    choosing   described options, a wish, the option that fits (or none)
    forms      described forms, a wish, the form filled in (see `forms`)
    talk       greetings and small questions

What it never holds: a tag of a tool-calling dialect, a JSON object with the keys of a tool call, a tool's name, schema
or request of the embedded dataset, a value of its test splits (`toolgemma.sample.text.purity` checks).
"""

import json
import random
from collections.abc import Callable
from typing import Any

from toolgemma.sample.text import forms, values, words
from toolgemma.sample.text.fields import field
from toolgemma.sample.text.forms import Turn

Maker = Callable[[random.Random], list[Turn]]


def _token(rng: random.Random) -> str:
    draw = rng.random()
    if draw < 0.35:
        return values.pseudo_word(rng, 1, 3)
    if draw < 0.55:
        return values.noun(rng)
    if draw < 0.7:
        return values.name(rng)
    if draw < 0.8:
        return str(values.integer(rng, 1, 9999))
    return rng.choice(
        [values.code, values.date, values.time, values.email, values.place, values.phrase, values.identifier]
    )(rng)


def repeat(rng: random.Random) -> list[Turn]:
    """A run of random words, to be written again."""
    run = rng.choice([" ", " ", ", ", "\n", " / "]).join(_token(rng) for _ in range(rng.randint(3, 24)))
    if rng.random() < 0.3:
        return [("user", f"As a JSON string: {run}"), ("model", json.dumps(run, ensure_ascii=False))]
    return [("user", rng.choice(["Repeat: ", "Copy this:\n", "Write again: ", "Say it back: "]) + run), ("model", run)]


def repeat_often(rng: random.Random) -> list[Turn]:
    """A run of random words that goes on and on: everything after the first round is known."""
    run = " ".join(_token(rng) for _ in range(rng.randint(4, 12)))
    return [("user", run), ("model", " ".join([run] * rng.randint(1, 4)))]


def recall(rng: random.Random) -> list[Turn]:
    """Key and value pairs; some keys are asked for."""
    keys = list(dict.fromkeys(values.identifier(rng) for _ in range(rng.randint(3, 14))))
    pairs = {key: _token(rng) for key in keys}
    draw = rng.random()
    if draw < 0.4:
        shown = json.dumps(pairs, ensure_ascii=False)
    else:
        shown = "\n".join(f"{key}{': ' if draw < 0.7 else ' = '}{value}" for key, value in pairs.items())
    asked = rng.sample(keys, rng.randint(1, min(4, len(keys))))
    answer = {key: pairs[key] for key in asked}
    if rng.random() < 0.6:
        return [
            ("user", f"{shown}\n\nGive me {', '.join(asked)} as JSON."),
            ("model", json.dumps(answer, ensure_ascii=False)),
        ]
    turns = [("user", f"{rng.choice(['What is', 'Value of', 'Give me'])} {key}?") for key in asked]
    turns[0] = ("user", f"{shown}\n\n{turns[0][1]}")
    return [turn for wish, key in zip(turns, asked, strict=True) for turn in (wish, ("model", pairs[key]))]


def pick(rng: random.Random) -> list[Turn]:
    """A sentence that mentions some values; fields are described by name and description; a JSON object is written."""
    taken: set[str] = set()
    entries = [(entry, *entry.say(rng)) for entry in (field(rng, taken) for _ in range(rng.randint(1, 6)))]
    said = [text for _, _, text in entries]
    rng.shuffle(said)
    thing = rng.choice(rng.choice(words.THINGS))
    sentence = f"{rng.choice(words.OPENERS)} {rng.choice(rng.choice(words.ACTIONS))} {thing} {' '.join(said)}."
    asked = rng.sample(entries, rng.randint(1, len(entries)))
    if rng.random() < 0.5:
        shape = "\n".join(
            f"{entry.name}: {entry.schema.get('description', entry.schema.get('enum'))}" for entry, _, _ in asked
        )
    else:
        shape = json.dumps({entry.name: entry.schema for entry, _, _ in asked})
    answer: dict[str, Any] = {entry.name: value for entry, value, _ in asked}
    order = rng.random() < 0.5
    prompt = f"{sentence}\n\n{shape}" if order else f"{shape}\n\n{sentence}"
    if len(asked) == 1 and rng.random() < 0.5:
        value = asked[0][1]
        return [("user", prompt), ("model", value if isinstance(value, str) else json.dumps(value))]
    return [("user", f"Write JSON with these keys.\n{prompt}"), ("model", json.dumps(answer, ensure_ascii=False))]


FACTS: tuple[tuple[str, Callable[[random.Random], Any], tuple[str, ...], tuple[str, ...]], ...] = (
    ("home", values.place, ("{n} lives in {v}.", "The home of {n} is {v}.", "{n} comes from {v}."), ("Where does {n} live?", "Where is {n} at home?")),
    ("birthday", values.date, ("{n} was born on {v}.", "The birthday of {n} is {v}."), ("When was {n} born?", "What is the birthday of {n}?")),
    ("age", lambda rng: values.integer(rng, 5, 95), ("{n} is {v} years old.", "The age of {n} is {v}."), ("How old is {n}?", "What is the age of {n}?")),
    ("email", values.email, ("Write to {n} at {v}.", "The email of {n} is {v}."), ("How can I write to {n}?", "What is the email of {n}?")),
    ("owns", values.item, ("{n} owns a {v}.", "{n} has a {v}.", "A {v} belongs to {n}."), ("What does {n} own?", "What belongs to {n}?")),
    ("likes", values.item, ("{n} likes the {v}.", "{n} is fond of a {v}."), ("What does {n} like?", "What is {n} fond of?")),
    ("boss", values.person, ("{n} works for {v}.", "The boss of {n} is {v}."), ("Who is the boss of {n}?", "For whom does {n} work?")),
    ("salary", lambda rng: values.integer(rng, 900, 9000), ("{n} earns {v} euros.", "The pay of {n} is {v} euros."), ("How much does {n} earn?", "What is the pay of {n}?")),
    ("code", values.code, ("The badge of {n} says {v}.", "{n} has the number {v}."), ("What does the badge of {n} say?", "Which number has {n}?")),
    ("meets", values.time, ("{n} comes at {v}.", "Meet {n} at {v}."), ("When does {n} come?", "At what time do we meet {n}?")),
)  # fmt: skip


def passage(rng: random.Random) -> list[Turn]:
    """A few sentences about invented people; questions about them, or all of it as a JSON document."""
    people = list(dict.fromkeys(values.person(rng) for _ in range(rng.randint(1, 4))))
    facts = [(person, *rng.choice(FACTS)) for person in people for _ in range(rng.randint(1, 4))]
    facts = list({(person, key): (person, key, draw, says, asks) for person, key, draw, says, asks in facts}.values())
    known = [(person, key, draw(rng), says, asks) for person, key, draw, says, asks in facts]
    rng.shuffle(known)
    text = " ".join(rng.choice(says).format(n=person, v=value) for person, _, value, says, _ in known)
    if rng.random() < 0.35:
        document: dict[str, dict[str, Any]] = {}
        for person, key, value, _, _ in known:
            document.setdefault(person, {})[key] = value
        return [("user", f"{text}\n\nWrite all of it as JSON."), ("model", json.dumps(document, ensure_ascii=False))]
    turns: list[Turn] = []
    for person, _, value, _, asks in rng.sample(known, min(len(known), rng.randint(1, 3))):
        question = rng.choice(asks).format(n=person)
        turns += [("user", question if turns else f"{text}\n\n{question}"), ("model", str(value))]
    return turns


def choose(rng: random.Random) -> list[Turn]:
    """Options with names that say little, each described; wishes put in other words; the option that fits, or none."""
    offered, absent = forms.some_forms(rng, rng.randint(2, 10))
    lines = "\n".join(f"{rng.choice(['- ', '* ', ''])}{made.name}: {made.description}" for made in offered)
    question = rng.choice(["Which one fits?", "Choose.", "Which option is it?", "Name the one that fits, or say none."])
    turns: list[Turn] = []
    for _ in range(rng.randint(1, 5)):
        fits = rng.random() < 0.8
        made = rng.choice(offered if fits else absent)
        wish = made.ask(rng) if rng.random() < 0.6 else forms.request(rng, made)[0]
        text = f"{wish}\n{question}"
        turns.append(("user", text if turns else f"{lines}\n\n{text}"))
        turns.append(("model", made.name if fits else "none"))
    return turns


def same_meaning(rng: random.Random) -> list[Turn]:
    """Words that mean the same: one is given with some strangers, its partner is found."""
    groups = rng.sample(words.THINGS + words.ACTIONS, rng.randint(3, 7))
    groups = [group for group in groups if len(group) > 1]
    target = rng.choice(groups)
    asked, answer = rng.sample(target, 2)
    shown = [answer if group is target else rng.choice(group) for group in groups]
    rng.shuffle(shown)
    return [("user", f"{', '.join(shown)}\n\nWhich means the same as {asked}?"), ("model", answer)]


def talk(rng: random.Random) -> list[Turn]:
    """A greeting or a small question."""
    return [
        turn
        for question, reply in rng.sample(words.SMALL_TALK, rng.randint(1, 3))
        for turn in (("user", question), ("model", reply))
    ]


EARLY: tuple[tuple[Maker, float], ...] = (
    (repeat, 0.2), (repeat_often, 0.12), (recall, 0.2), (pick, 0.12), (passage, 0.08), (choose, 0.1), (same_meaning, 0.03),
    (talk, 0.01), (forms.document, 0.14),
)  # fmt: skip
LATE: tuple[tuple[Maker, float], ...] = (
    (repeat, 0.06), (repeat_often, 0.01), (recall, 0.06), (pick, 0.05), (passage, 0.04), (choose, 0.13), (same_meaning, 0.01),
    (talk, 0.01), (forms.document, 0.63),
)  # fmt: skip


def document(rng: random.Random, progress: float) -> tuple[str, list[Turn]]:
    """The kind and the turns of one document; `progress` 0..1 shifts the mix from copying to forms (shares of documents)."""
    shift = min(1.0, progress)
    weights = [early * (1 - shift) + late * shift for (_, early), (_, late) in zip(EARLY, LATE, strict=True)]
    (maker, _), *_ = rng.choices(EARLY, weights)
    return ("forms" if maker is forms.document else maker.__name__), maker(rng)
