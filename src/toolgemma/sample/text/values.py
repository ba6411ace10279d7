"""Values: random names, numbers, dates and phrases. One rule keeps numbers of the test splits apart from all others.

Whole numbers, decimals (their digits), dates (their day count) and times (their five minutes) belong to the test splits
where the remainder by 7 is 3, and to train, validation and pre-training otherwise. Names and phrases come from lists.
"""

import datetime
import random

from toolgemma.sample.text import everyday, words

HELD_OUT_MODULUS, HELD_OUT_REMAINDER = 7, 3
FIRST_DAY = datetime.date(2026, 1, 1).toordinal()
DAYS = 1095
_ONSETS = "b c d f g h j k l m n p r s t v w z br ch cl cr dr fl gr pl pr qu sh sk st th tr"
ONSETS = _ONSETS.split(" ")
VOWELS = ["a", "e", "i", "o", "u", "a", "e", "i", "o", "ai", "ea", "ou", "oo"]
CODAS = ["", "", "", *["n", "r", "l", "s", "t", "m", "k", "d", "nd", "rt", "ll", "st", "x"]]


def is_held_out(number: int) -> bool:
    """Whether a number belongs to the test splits."""
    return number % HELD_OUT_MODULUS == HELD_OUT_REMAINDER


def integer(rng: random.Random, low: int, high: int, held_out: bool = False) -> int:
    """An integer in low..high of the wanted side."""
    while True:
        number = rng.randint(low, high)
        if is_held_out(number) == held_out:
            return number


def decimal(rng: random.Random, low: int, high: int, held_out: bool = False, places: int = 1) -> float:
    """A number with exactly `places` decimals."""
    scale = 10**places
    while True:
        digits = integer(rng, low * scale, high * scale, held_out)
        if digits % 10:
            return float(digits / scale)


def date(rng: random.Random, held_out: bool = False) -> str:
    """A day as YYYY-MM-DD."""
    return datetime.date.fromordinal(integer(rng, FIRST_DAY, FIRST_DAY + DAYS, held_out)).isoformat()


def time(rng: random.Random, held_out: bool = False) -> str:
    """A time of day as HH:MM, in steps of five minutes."""
    minutes = 5 * integer(rng, 72, 287, held_out)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


CONSONANTS, WIDE_VOWELS = (
    "bcdfghjklmnpqrstvwxyz",
    ("a", "e", "i", "o", "u", "y", "ei", "ou", "ia", "io", "ie", "au", "ey", "ae"),
)


def pseudo_word(rng: random.Random, low: int = 1, high: int = 3) -> str:
    """A word that doesn't exist: pieces of real words (`chesfterpla`), syllables (`brailock`), or letters in any order.

    Most are spelt in several small tokens, as are names that the model never saw: those have to be copied as well.
    """
    draw = rng.random()
    if draw < 0.5:
        return "".join(_piece(rng) for _ in range(max(2, rng.randint(low, high))))
    if draw < 0.65:
        return "".join(
            "".join(rng.choice(CONSONANTS) for _ in range(rng.choice([0, 1, 1, 2])))
            + rng.choice(WIDE_VOWELS)
            + "".join(rng.choice(CONSONANTS) for _ in range(rng.choice([0, 0, 1, 1, 2])))
            for _ in range(rng.randint(low, high))
        )
    return "".join(rng.choice(ONSETS) + rng.choice(VOWELS) + rng.choice(CODAS) for _ in range(rng.randint(low, high)))


def _piece(rng: random.Random) -> str:
    word = rng.choice(everyday.WORDS)
    size = rng.randint(2, 4)
    start = rng.randint(0, max(0, len(word) - size))
    return word[start : start + size]


def noun(rng: random.Random) -> str:
    """A thing, or any word of everyday errands."""
    return rng.choice(words.NOUNS if rng.random() < 0.4 else everyday.WORDS)


def name(rng: random.Random) -> str:
    """A capitalised word: an invented one or a first name."""
    return pseudo_word(rng, 2, 3).capitalize() if rng.random() < 0.5 else rng.choice(words.FIRST)


def full_name(rng: random.Random) -> str:
    """First and last name."""
    last = pseudo_word(rng, 2, 3).capitalize() if rng.random() < 0.5 else rng.choice(words.LAST)
    return f"{name(rng)} {last}"


def person(rng: random.Random) -> str:
    """First name, mostly with a last name."""
    return name(rng) if rng.random() < 0.3 else full_name(rng)


def place(rng: random.Random) -> str:
    """A town, real or invented."""
    if rng.random() < 0.5:
        return rng.choice(words.PLACES)
    town = pseudo_word(rng, 2, 3).capitalize()
    draw = rng.random()
    if draw < 0.5:
        return town
    known = rng.choice(["New", "Old", "Port", "Saint", "Upper", "Lake"])
    first = pseudo_word(rng).capitalize() if draw < 0.7 else known
    return f"{first} {town}" if draw < 0.9 else f"{first} {rng.choice(['on', 'am', 'do', 'sur', 'upon'])} {town}"


def company(rng: random.Random) -> str:
    """A firm, a club or a brand in one or two words."""
    first = pseudo_word(rng, 2, 3).capitalize()
    return first if rng.random() < 0.5 else f"{first} {noun(rng).capitalize()}"


def email(rng: random.Random) -> str:
    """An address such as `anna.brill@post.net`."""
    domain = (
        rng.choice(words.DOMAINS)
        if rng.random() < 0.6
        else pseudo_word(rng, 2, 2) + rng.choice([".com", ".org", ".de"])
    )
    user = (
        name(rng).lower() + rng.choice([".", "_", ""]) + rng.choice([pseudo_word(rng), rng.choice(words.LAST).lower()])
    )
    return f"{user}@{domain}"


def code(rng: random.Random) -> str:
    """A reference such as `KX-4821`."""
    letters = "".join(rng.choice("ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(rng.randint(1, 3)))
    return f"{letters}{rng.choice(['-', '', ''])}{integer(rng, 10, 99999)}"


def item(rng: random.Random) -> str:
    """A thing in one to three words."""
    thing = noun(rng) if rng.random() < 0.6 else pseudo_word(rng, 2, 3)
    if rng.random() < 0.5:
        thing = f"{thing} {noun(rng)}"
    return thing if rng.random() < 0.6 else f"{rng.choice(words.ADJECTIVES)} {thing}"


def phrase(rng: random.Random) -> str:
    """Two to seven words, like a title or a short note."""
    parts = [noun(rng) if rng.random() < 0.75 else pseudo_word(rng, 1, 3) for _ in range(rng.randint(2, 5))]
    if rng.random() < 0.5:
        parts.insert(
            0, rng.choice(["bring", "call", "the", "my", "buy", "read", "meet", "see you at", "fix the", "about"])
        )
    if rng.random() < 0.2:
        parts.append(str(integer(rng, 1, 60)))
    text = " ".join(parts)
    return text[0].upper() + text[1:] if rng.random() < 0.4 else text


def identifier(rng: random.Random) -> str:
    """A name like `lamp_route`, `brailock` or `soft-crate`: says nothing about what it stands for."""
    parts = [noun(rng) if rng.random() < 0.6 else pseudo_word(rng, 1, 2) for _ in range(rng.randint(1, 3))]
    return rng.choice(["_", "_", "_", "_", "_", "-", "."]).join(parts)
