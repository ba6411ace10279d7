# ruff: noqa: E501 - tables read best as lines; seeded choices need no secrecy
"""Fields of forms: what a field is called, how it is described, and how people mention its value in a sentence."""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from toolgemma.sample.text import values, words

Draw = Callable[[random.Random], Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of field. `phrases` hold `{}` where the value stands; a field of a form is one draw from a kind."""

    json_type: str
    names: tuple[str, ...]
    descriptions: tuple[str, ...]
    phrases: tuple[str, ...]
    draw: Draw


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form. `say` draws a value and the words that mention it."""

    name: str
    schema: dict[str, Any]
    required: bool
    say: Callable[[random.Random], tuple[Any, str]]


def _kind(json_type: str, names: str, descriptions: str, phrases: str, draw: Draw) -> Kind:
    def split(text: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in text.split("|"))

    return Kind(json_type, tuple(names.split()), split(descriptions), split(phrases), draw)


def whole(low: int, high: int) -> Draw:
    """Integers in low..high."""
    return lambda rng: values.integer(rng, low, high)


def decimal(low: int, high: int) -> Draw:
    """Numbers with one or two decimals."""
    return lambda rng: values.decimal(rng, low, high, places=rng.choice([1, 1, 2]))


def amount(low: int, high: int) -> Draw:
    """Numbers, some of them whole."""
    whole_one, broken = whole(low, high), decimal(low, high)
    return lambda rng: whole_one(rng) if rng.random() < 0.4 else broken(rng)


def _one_of(options: tuple[str, ...]) -> Draw:
    return lambda rng: rng.choice(options)


def address(rng: random.Random) -> str:
    """House number and street."""
    street = rng.choice([values.pseudo_word(rng, 1, 2).capitalize(), rng.choice(words.LAST)])
    return f"{values.integer(rng, 1, 220)} {street} {rng.choice(words.STREETS)}"


def items(rng: random.Random) -> list[str]:
    """Two to four things."""
    return [values.item(rng) for _ in range(rng.randint(2, 4))]


def people(rng: random.Random) -> list[str]:
    """Two to four names."""
    full = rng.random() < 0.7
    return [values.full_name(rng) if full else values.name(rng) for _ in range(rng.randint(2, 4))]


def figures(rng: random.Random) -> list[int]:
    """Two to five whole numbers."""
    return [values.integer(rng, 1, 99) for _ in range(rng.randint(2, 5))]


def phone(rng: random.Random) -> str:
    """A telephone number."""
    return f"+{values.integer(rng, 1, 99)} {values.integer(rng, 100, 999)} {values.integer(rng, 1000, 99999)}"


def _website(rng: random.Random) -> str:
    return f"{values.pseudo_word(rng, 2, 3)}.{rng.choice(['com', 'org', 'net', 'io'])}"


def file(rng: random.Random) -> str:
    """A file name."""
    stem = values.identifier(rng)
    return f"{stem}.{rng.choice(['txt', 'pdf', 'csv', 'png', 'doc', 'zip'])}"


KINDS = (
    _kind("string", "city town place location where area venue site region", "City or town|Where it takes place|Name of the place|Town in question|Place it is about", "in {}|at {}|near {}|around {}|over in {}|for {}", values.place),
    _kind("string", "origin start_city from_place departure source start_point", "Place of departure|Where it starts|City to leave from|Starting point", "from {}|starting in {}|leaving {}|out of {}|departing from {}", values.place),
    _kind("string", "destination target_city to_place arrival goal end_point", "Place of arrival|Where it goes|City to travel to|Destination city", "to {}|going to {}|heading for {}|bound for {}|towards {}", values.place),
    _kind("string", "date day on_date when event_date due", "Date as YYYY-MM-DD|Day it takes place, YYYY-MM-DD|The date (YYYY-MM-DD)|Calendar day, YYYY-MM-DD", "on {}|for {}|dated {}|for the day {}", values.date),
    _kind("string", "start_date first_day begin from_date arrival_day", "First day, YYYY-MM-DD|Start date, YYYY-MM-DD|Day it begins, YYYY-MM-DD", "from {}|starting {}|beginning on {}|as of {}", values.date),
    _kind("string", "end_date last_day until to_date deadline", "Last day, YYYY-MM-DD|End date, YYYY-MM-DD|Day it ends, YYYY-MM-DD|Latest day, YYYY-MM-DD", "until {}|to {}|ending on {}|by {}|no later than {}", values.date),
    _kind("string", "time at_time hour start_time clock_time", "Time of day as HH:MM|Starting time, HH:MM|Clock time, HH:MM", "at {}|for {}|at {} sharp|around {}", values.time),
    _kind("string", "person name full_name guest owner holder customer", "Name of the person|Who it is for|Full name|Person in question", "for {}|under the name {}|in the name of {}|on behalf of {}|the name is {}", values.person),
    _kind("string", "recipient to receiver addressee contact", "Who receives it|Name of the recipient|Person it goes to", "to {}|addressed to {}|for {}|let {} have it", values.person),
    _kind("string", "sender by author from_person creator", "Who sends it|Name of the author|Person it comes from", "from {}|by {}|written by {}|sent by {}", values.person),
    _kind("string", "email mail address_email to_email contact_email", "Email address|Where to write to|Address for email", "at {}|to {}|my email is {}|write to {}|email {}", values.email),
    _kind("string", "phone phone_number tel mobile callback", "Phone number|Number to call|Telephone number", "on {}|my number is {}|call {}|phone {}|reachable under {}", phone),
    _kind("string", "title subject heading label headline caption", "Title|Name it gets|Subject line|Short heading|Label to show", 'called "{}"|with the title "{}"|titled "{}"|named "{}"|with the subject "{}"|the heading is "{}"', values.phrase),
    _kind("string", "text message note content body comment remark", "Text of the message|What it says|Note to add|Body of the text|What to write", 'saying "{}"|with the note "{}"|that says "{}"|with the text "{}"|and write "{}"|: "{}"', values.phrase),
    _kind("string", "query keyword search_term topic term theme", "What to search for|Topic of interest|Search words|Subject it is about", "about {}|on {}|regarding {}|on the topic of {}|matching {}|with the word {}", values.item),
    _kind("string", "item product thing article object goods", "The item|Product name|What it is|Thing in question|Name of the article", "the {}|a {}|one {}|my {}|some {}|this {}", values.item),
    _kind("string", "brand maker company firm vendor", "Brand|Name of the company|Who makes it|Business name", "from {}|made by {}|by the company {}|of the brand {}|at {}", lambda rng: values.pseudo_word(rng, 2, 3).capitalize()),
    _kind("string", "address street home_address delivery_address", "Street address|House number and street|Where to bring it", "at {}|to {}|to the address {}|I live at {}", address),
    _kind("string", "code reference booking_id number id ref ticket_no", "Reference code|Booking number|Identifier|Code of the order|Id of the record", "with the code {}|number {}|reference {}|{}|id {}|with reference {}", values.code),
    _kind("string", "website url link domain page_url", "Web address|Link to the page|Site to use", "on {}|from {}|the site is {}|at {}", _website),
    _kind("string", "file filename document path input_file", "File name|Name of the document|File to use", "the file {}|{}|in {}|from {}|called {}", file),
    _kind("string", "language lang target_language speech", "Language|Language to use|Which language", "in {}|into {}|to {}|using {}", _one_of(words.LANGUAGES)),
    _kind("string", "colour color shade paint", "Colour|Which colour|Colour wanted", "in {}|coloured {}|make it {}|the {} one", _one_of(words.ADJECTIVES[:13])),
    _kind("integer", "people guests persons party_size seats heads", "Number of people|How many guests|Head count|How many seats", "for {} people|for {} guests|with {} people|{} persons|for a group of {}", whole(1, 40)),
    _kind("integer", "quantity count amount copies pieces units", "How many|Number of pieces|Quantity|How many copies|Number of units", "{} of them|{} pieces|{} copies|{} times|{} units|make it {}", whole(1, 99)),
    _kind("integer", "days nights weeks length duration_days", "Number of days|How many nights|Length in days|How long, in days", "for {} days|for {} nights|over {} days|lasting {} days|{} days long", whole(1, 30)),
    _kind("integer", "minutes duration length_minutes minutes_long", "Length in minutes|Duration in minutes|How many minutes", "for {} minutes|lasting {} minutes|{} minutes long|of {} minutes|taking {} minutes", whole(5, 240)),
    _kind("integer", "hours duration_hours length_hours", "Length in hours|How many hours|Duration in hours", "for {} hours|lasting {} hours|{} hours long", whole(1, 48)),
    _kind("integer", "age years years_old", "Age in years|How old|Years of age", "aged {}|who is {} years old|{} years old|of age {}", whole(1, 99)),
    _kind("integer", "limit max_results top first_n results", "How many results at most|Number of entries to show|Upper limit of results", "at most {}|no more than {}|only {} results|the first {}|up to {}|top {}", whole(1, 50)),
    _kind("integer", "page page_number chapter level floor", "Page number|Which chapter|Number of the level|Which floor", "page {}|number {}|on page {}|level {}|chapter {}|floor {}", whole(1, 300)),
    _kind("integer", "year build_year since published", "Year|Which year|Year it is from", "from {}|of {}|in the year {}|since {}", whole(1900, 2030)),
    _kind("integer", "stars rating score mark", "Rating in stars|Score given|Mark from 1 to 9", "with {} stars|{} stars|a score of {}|rated {}|mark {}", whole(1, 10)),
    _kind("number", "price budget max_price cost sum value", "Price in euros|Amount of money|Upper price|Budget in dollars|Sum of money", "for {} euros|under {} dollars|at most {} euros|up to {}|costing {}|of {} dollars", decimal(1, 900)),
    _kind("number", "input", "Amount to use|The value|Number to work with|Quantity", "{}|the value {}|the number {}|of {}|with {}", decimal(1, 500)),
    _kind("number", "weight mass kilos weight_kg", "Weight in kilograms|How heavy|Mass in kg", "weighing {} kg|of {} kilos|{} kilograms|that weighs {} kg", decimal(1, 120)),
    _kind("number", "height size width depth distance", "Height in metres|Length in metres|Width in cm|Distance in km|Size in cm", "{} metres|of {} cm|{} km|measuring {} m|{} long|{} high", decimal(1, 300)),
    _kind("number", "temperature degrees heat warmth", "Temperature in degrees|How warm|Degrees", "at {} degrees|to {} degrees|{} degrees|of {} degrees", decimal(1, 99)),
    _kind("number", "rate percent share interest", "Rate in percent|Share in percent|Percentage", "at {} percent|at a rate of {}%|{}%|with {} percent", decimal(1, 60)),
    _kind("array", "items things list products entries", "The items|List of things|Products wanted|Things to include", "{}|with {}|including {}|namely {}|the following: {}", items),
    _kind("array", "names attendees members", "Names of the people|Who takes part|Guests to include|People involved", "with {}|for {}|and {} will be there|together with {}|including {}", people),
    _kind("array", "numbers values figures data", "The numbers|List of values|Figures to use", "{}|of {}|with {}|for the numbers {}|the values {}", figures),
)  # fmt: skip

ARRAYS = tuple(kind for kind in KINDS if kind.json_type == "array")

CHOICES = (
    (("size", "format", "cup"), ("Size", "Which size"), ("small", "medium", "large", "extra large", "tiny"), ("in {}", "{}", "size {}", "a {} one")),
    (("unit", "units", "scale"), ("Unit", "Unit to use"), ("kilometres", "miles", "metres", "feet", "litres", "gallons", "grams", "ounces", "hours"), ("in {}", "using {}", "as {}", "measured in {}")),
    (("priority", "urgency", "importance"), ("How urgent", "Priority"), ("low", "normal", "high", "urgent", "critical"), ("with {} priority", "priority {}", "it is {}", "marked {}")),
    (("sort", "order_by", "sorting"), ("Sort order", "How to sort"), ("price", "date", "name", "distance", "rating", "newest", "oldest"), ("sorted by {}", "ordered by {}", "by {}")),
    (("mode", "style", "type", "variant", "class"), ("Which mode", "Style", "Type wanted"), ("standard", "express", "basic", "premium", "economy", "business", "classic", "quick", "quiet", "manual"), ("{}", "in {} mode", "the {} one", "{} style", "{} class", "as {}")),
    (("format", "file_type", "output"), ("File format", "Output format"), ("pdf", "csv", "txt", "html", "docx", "png", "jpeg"), ("as {}", "in {} format", "as a {} file", "in {}")),
    (("frequency", "repeat", "interval"), ("How often", "Repetition"), ("once", "daily", "weekly", "monthly", "yearly", "hourly"), ("{}", "repeated {}", "on a {} basis", "happening {}")),
    (("method", "by", "via", "way"), ("How it is done", "Way to do it"), ("card", "cash", "transfer", "train", "bus", "car", "bike", "foot", "email", "phone"), ("by {}", "via {}", "using {}", "with {}")),
    (("status", "state", "filter"), ("State", "Which state"), ("open", "closed", "pending", "done", "active", "archived"), ("that are {}", "in the state {}", "only the {} ones", "marked {}", "as {}")),
    (("category", "genre", "group", "section"), ("Category", "Group it belongs to"), ("sports", "music", "food", "science", "history", "art", "health", "travel", "comedy", "drama"), ("in {}", "from the category {}", "in the {} section", "about {}", "{}")),
    (("diet", "preference", "option"), ("Preference", "Special wish"), ("vegan", "vegetarian", "halal", "kosher", "none", "low salt"), ("{}", "{} please", "it should be {}")),
)  # fmt: skip

FLAGS = (
    ("breakfast", "gift wrap", "a receipt", "insurance", "a return", "sound", "pictures", "delivery", "details", "a view",
     "parking", "a child seat", "extra cheese", "ice", "milk", "a warranty", "subtitles", "images", "comments", "tax", "tips",
     "cleaning", "a reminder", "a map", "music", "heating", "a signature", "tracking", "a window", "pets", "a balcony")
)  # fmt: skip


SWITCHES = (
    ("on", "off"), ("open", "shut"), ("public", "private"), ("loud", "silent"), ("new", "used"), ("hot", "cold"),
    ("urgent", "not urgent"), ("one way", "both ways"), ("indoors", "outdoors"), ("fast", "slow"), ("yes", "no"),
)  # fmt: skip


def _switch(rng: random.Random, rename: Callable[[str], str]) -> Field:
    """A boolean that is said as one of two words."""
    yes, no = rng.choice(SWITCHES)
    stem = yes.replace(" ", "_")
    description = rng.choice(
        [f"True for {yes}", f"True is {yes}, false is {no}", f"Whether it is {yes}", f"{yes.capitalize()} or not"]
    )

    def say(rng: random.Random) -> tuple[bool, str]:
        value = rng.random() < 0.5
        phrase = rng.choice(["{}", "{} please", "make it {}", "it should be {}", "({})"])
        return value, phrase.format(yes if value else no)

    name = rename(rng.choice([stem, f"is_{stem}", f"set_{stem}"]))
    return Field(name, {"type": "boolean", "description": description}, rng.random() < 0.5, say)


def _flag(rng: random.Random, rename: Callable[[str], str]) -> Field:
    if rng.random() < 0.4:
        return _switch(rng, rename)
    thing = rng.choice(FLAGS)
    bare = thing.removeprefix("a ")
    stem = bare.replace(" ", "_")
    name = rng.choice([f"with_{stem}", f"include_{stem}", stem, f"add_{stem}", f"{stem}_wanted"])
    yes = (f"with {thing}", f"include {thing}", f"add {thing}", f"and I want {thing}", f"{bare} too")
    no = (f"without {thing}", f"no {bare}", f"leave out {thing}", f"and I don't want {thing}", f"{bare} is not needed")
    description = rng.choice(
        [f"Whether {thing} is wanted", f"True for {thing}", f"With {thing} or not", f"If {thing} should be included"]
    )

    def say(rng: random.Random) -> tuple[bool, str]:
        value = rng.random() < 0.6
        return value, rng.choice(yes if value else no)

    return Field(rename(name), {"type": "boolean", "description": description}, False, say)


def _choice(rng: random.Random, rename: Callable[[str], str]) -> Field:
    names, descriptions, options, phrases = rng.choice(CHOICES)
    allowed = rng.sample(options, rng.randint(2, min(5, len(options))))
    schema: dict[str, Any] = {"type": "string", "enum": allowed}
    if rng.random() < 0.5:
        schema["description"] = rng.choice(descriptions)

    def say(rng: random.Random) -> tuple[str, str]:
        value = rng.choice(allowed)
        return value, rng.choice(phrases).format(value)

    return Field(rename(rng.choice(names)), schema, rng.random() < 0.5, say)


def listed(rng: random.Random, value: list[Any]) -> str:
    """A list as people say it."""
    parts = [str(part) for part in value]
    if rng.random() < 0.15:
        return ", ".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def field(rng: random.Random, taken: set[str], odd_names: float = 0.25) -> Field:
    """A field whose name is not in `taken`; its name is invented, saying nothing, in `odd_names` of the cases."""

    def rename(name: str) -> str:
        return values.identifier(rng) if rng.random() < odd_names else name

    while True:
        draw = rng.random()
        made = _flag(rng, rename) if draw < 0.09 else _choice(rng, rename) if draw < 0.22 else _typed(rng, rename)
        if made.name not in taken:
            taken.add(made.name)
            return made


def _typed(rng: random.Random, rename: Callable[[str], str]) -> Field:
    kind = rng.choice(ARRAYS if rng.random() < 0.08 else KINDS)
    name, description = rename(rng.choice(kind.names)), rng.choice(kind.descriptions)
    schema: dict[str, Any] = {"type": kind.json_type}
    if kind.json_type == "array":
        schema["items"] = {"type": "integer" if kind.draw is figures else "string"}
    schema["description"] = description
    label = rng.choice([re.sub(r"[_.-]", " ", name), description.split(",")[0].split(" as ")[0].lower()])
    spelt = (f"the {label} is {{}}", f"{label}: {{}}", f"{label} {{}}", f"with {{}} as {label}")

    def say(rng: random.Random) -> tuple[Any, str]:
        whole = kind.json_type == "number" and rng.random() < 0.3
        value = values.integer(rng, 1, 900) if whole else kind.draw(rng)
        shown = listed(rng, value) if isinstance(value, list) else str(value)
        return value, rng.choice(kind.phrases if rng.random() < 0.72 else spelt).format(shown)

    return Field(name, schema, rng.random() < 0.6, say)
