# ruff: noqa: E501 - tables read best as lines; seeded choices need no secrecy
"""Everyday forms with the sentences in which people ask for them: the natural part of the forms in the pre-training text.

    rent_bicycle  "Rent a bicycle."  station!:place hours:hours    "I'd like a bike at {station} for {hours} hours."

`!` marks a required field; `{a/b}` is an enum, `?` a boolean that a sentence says as `{field:yes words|no words}`. None is
a tool of the embedded dataset (`toolgemma.sample.text.purity` checks names, descriptions, schemas and sentences).
"""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from toolgemma.sample.text import fields, values, words

SLOT = re.compile(r"\{(\w+)(?::([^|{}]*)\|([^|{}]*))?\}")

Draw = Callable[[random.Random], Any]
POOLS: dict[str, tuple[str, Draw, tuple[str, ...]]] = {
    "place": ("string", values.place, ("Name of the place", "Which town", "Where it is", "")),
    "date": ("string", values.date, ("Day, YYYY-MM-DD", "Date as YYYY-MM-DD", "When, YYYY-MM-DD")),
    "time": ("string", values.time, ("Time, HH:MM", "When it starts, HH:MM", "Hour as HH:MM")),
    "person": ("string", values.person, ("Who it is for", "Full name", "Person in question", "")),
    "email": ("string", values.email, ("Email address", "Where to write", "")),
    "item": ("string", values.item, ("The thing", "What it is about", "Which one", "")),
    "phrase": ("string", values.phrase, ("Text to use", "In a few words", "What it says", "")),
    "company": ("string", lambda rng: values.pseudo_word(rng, 2, 3).capitalize(), ("Name of the company", "Which firm", "")),
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
    "money": ("number", fields.decimal(1, 900), ("Sum in euros", "How much money", "Amount in dollars", "")),
    "measure": ("number", fields.decimal(1, 300), ("How much", "The measured value", "")),
    "items": ("array", fields.items, ("The things", "What to include", "One by one", "")),
    "names": ("array", fields.people, ("Who takes part", "The people", "")),
    "places": ("array", lambda rng: [values.place(rng) for _ in range(rng.randint(2, 4))], ("Places in order", "Which towns", "")),
}  # fmt: skip


NAMES = {
    "place": ("city", "town", "location", "where", "area"), "date": ("date", "day", "when", "on_date"), "time": ("time", "hour", "clock"),
    "person": ("person", "name", "guest", "customer"), "item": ("thing", "object", "subject", "topic"), "phrase": ("text", "note", "title", "words"),
    "company": ("company", "firm", "brand"), "code": ("number", "id", "reference"), "address": ("address", "street"), "file": ("file", "document"),
    "language": ("language", "tongue"), "people": ("people", "persons", "heads"), "count": ("count", "quantity", "number_of"),
    "minutes": ("minutes", "duration"), "hours": ("hours", "how_long"), "days": ("days", "nights"), "age": ("age", "years"),
    "money": ("amount", "price", "sum_of_money"), "measure": ("value", "size_of", "measured"), "items": ("items", "list", "parts"),
    "names": ("people", "members", "guests"), "places": ("cities", "stops_on_the_way", "towns_to_see"), "email": ("email", "mail", "contact"), "phone": ("phone", "mobile"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Errand:
    """A form as people use it: `wants` maps each field to (pool or enum or ?, required)."""

    topic: str
    name: str
    description: str
    wants: dict[str, tuple[str, bool]]
    sentences: tuple[str, ...]

    def variant(self, rng: random.Random) -> "Errand":
        """The same errand with other names of form and fields, in another order: they have to be read."""
        names: dict[str, str] = {}
        for field, (pool, _) in self.wants.items():
            other = rng.choice(NAMES[pool]) if pool in NAMES and rng.random() < 0.5 else field
            other = values.identifier(rng) if rng.random() < 0.12 else other
            names[field] = field if other in names.values() or other in self.wants else other
        order = list(self.wants)
        if rng.random() < 0.5:
            rng.shuffle(order)
        verb, *things = self.name.split("_")
        name = rng.choice([self.name, self.name, self.name, "_".join([*things, verb]), values.identifier(rng)])

        def renamed(sentence: str) -> str:
            return SLOT.sub(lambda slot: slot.group().replace(slot.group(1), names[slot.group(1)], 1), sentence)

        wants = {names[field]: self.wants[field] for field in order}
        return Errand(self.topic, name, self.description, wants, tuple(map(renamed, self.sentences)))

    def schemas(self, rng: random.Random) -> dict[str, dict[str, Any]]:
        """The JSON Schema of each field, with one of its pool's descriptions or none."""
        made: dict[str, dict[str, Any]] = {}
        for field, (pool, _) in self.wants.items():
            if pool == "?":
                made[field] = {"type": "boolean", "description": f"Whether {field.replace('_', ' ')} is wanted"}
            elif pool.startswith("{"):
                made[field] = {"type": "string", "enum": pool[1:-1].split("/")}
            else:
                json_type, _, about = POOLS[pool]
                made[field] = {"type": json_type} | ({"items": {"type": "string"}} if json_type == "array" else {})
                description = rng.choice(about)
                made[field] |= {"description": description} if description else {}
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
            said[field] = f"{', '.join(value[:-1])} and {value[-1]}" if isinstance(value, list) else str(value)
        text = SLOT.sub(lambda match: said[match.group(1)], sentence)
        return text[0].upper() + text[1:], {field: drawn[field] for field in self.wants if field in drawn}


def _errand(name: str, description: str, wants: str, sentences: str) -> Errand:
    parsed = {}
    for part in wants.split():
        field, _, pool = part.partition(":")
        parsed[field.rstrip("!")] = (pool, field.endswith("!"))
    return Errand(name, name, description, parsed, tuple(line.strip() for line in sentences.strip().splitlines()))


ERRANDS = (
    _errand("rent_bicycle", "Rent a bicycle.", "station!:place hours!:hours helmet:?",
            """I'd like a bike at {station} for {hours} hours.
            Get me a bicycle in {station}, {hours} hours, {helmet:with a helmet|no helmet}.
            Can I rent a bike for {hours} hours? I'm in {station}.
            We need a bicycle near {station} for {hours} hours {helmet:and a helmet too|but I have a helmet}"""),
    _errand("see_dentist", "Get an appointment at the dentist.", "patient!:person day!:date hour:time",
            """{patient} has a toothache, get an appointment on {day}.
            Dentist for {patient} on {day} at {hour}, please.
            I need to see the dentist on {day}, my name is {patient}.
            Can {patient} come in at {hour} on {day} for a check of the teeth?"""),
    _errand("wash_clothes", "Start the washing machine.", "program!:{wool/cotton/quick/silk} degrees:count spin:?",
            """Wash my things, program {program}.
            Run the washing machine on {program} at {degrees} degrees.
            Start the {program} wash, {spin:spin it|don't spin it}.
            Laundry at {degrees} degrees please, {program} program"""),
    _errand("find_parking", "Find a parking space.", "near!:place until:time covered:?",
            """Where can I park in {near}?
            I need a parking space near {near} until {until}.
            Look for parking around {near}, {covered:under a roof|no roof needed}.
            Park my car in {near} until {until}."""),
    _errand("write_letter", "Write a letter to somebody.", "to_whom!:person about!:phrase pages:count",
            """Write to {to_whom} about "{about}".
            A letter for {to_whom} please, it is about "{about}".
            I must write {pages} pages to {to_whom}, subject "{about}".
            Send {to_whom} a letter that says "{about}\""""),
    _errand("lend_money", "Lend money to a friend.", "friend!:person sum!:money back_on:date",
            """{friend} borrows {sum} euros from me.
            I lent {friend} {sum} dollars, to be paid back on {back_on}.
            Note that {friend} owes me {sum} until {back_on}.
            Give {friend} {sum} euros as a loan."""),
    _errand("buy_train_ticket", "Buy a ticket for the train.", "start!:place end!:place leaves:date seat:{window/aisle}",
            """A train ticket from {start} to {end} please.
            I go by train from {start} to {end} on {leaves}.
            Take me from {start} to {end} by rail, {seat} seat.
            On {leaves} I have to be in {end}, I start in {start}, get a ticket for the train."""),
    _errand("measure_pulse", "Write down the pulse of somebody.", "beats!:count who:person at:time",
            """My pulse is {beats}.
            {who} has a pulse of {beats} at {at}.
            Heart rate {beats}, write it down for {who}.
            Put down {beats} beats at {at}"""),
    _errand("take_picture", "Take a picture with the camera.", "motif!:item filter:{none/sepia/grey} flash:?",
            """Take a picture of the {motif}.
            Photo of the {motif}, {flash:with flash|without flash}.
            Shoot the {motif} in {filter}.
            I want a {filter} picture of the {motif}, {flash:use the flash|no flash}"""),
    _errand("hire_painter", "Hire a painter for the walls.", "rooms!:count color!:item begins:date",
            """I need a painter for {rooms} rooms in {color}.
            Paint my {rooms} rooms {color}, begin on {begins}.
            The walls should be {color}, {rooms} rooms, starting {begins}.
            Get somebody who paints {rooms} rooms with {color}."""),
    _errand("walk_dog", "Find somebody who walks the dog.", "dog!:person minutes!:minutes at:time",
            """Somebody should walk {dog} for {minutes} minutes.
            My dog {dog} has to go out at {at} for {minutes} minutes.
            Walk {dog} at {at}, {minutes} minutes please.
            Who can take my dog {dog} out for {minutes} minutes?"""),
    _errand("buy_shoes", "Buy a pair of shoes.", "size!:count shade:item brand:company",
            """I want shoes in size {size}.
            Buy {shade} shoes by {brand}, size {size}.
            Size {size} shoes from {brand} please.
            New shoes: size {size}, color {shade}"""),
    _errand("plan_hike", "Plan a hike in the hills.", "hill!:place length_km:measure with_dog:?",
            """Plan a hike near {hill}.
            I want to walk {length_km} km in the hills of {hill}.
            A hike of {length_km} km around {hill}, {with_dog:with my dog|without the dog}.
            Where can I hike in {hill} {with_dog:together with a dog|without a dog}?"""),
    _errand("join_course", "Join a course at the evening school.", "course!:item student!:person level:{beginner/medium/expert}",
            """{student} wants to join the course on {course}.
            Put {student} into the {course} course, level {level}.
            Evening school: {course} for {student}.
            I am {student} and a {level}, I want to learn about {course} in a course."""),
    _errand("repair_phone", "Have a phone repaired.", "model!:code fault!:phrase fast:?",
            """My phone {model} is broken: "{fault}".
            Repair the phone {model}, the fault is "{fault}", {fast:as fast as you can|no need to be fast}.
            The mobile {model} needs repair, it has "{fault}".
            "{fault}" is what my phone {model} says, mend it"""),
    _errand("change_address", "Change the address of a customer.", "customer!:person new_home!:address from_day:date",
            """{customer} moves to {new_home}.
            The new address of {customer} is {new_home}, from {from_day}.
            Please change the address: {customer}, {new_home}.
            From {from_day} on {customer} lives at {new_home}"""),
    _errand("play_game", "Start a game on the computer.", "game!:item players!:people round_minutes:minutes",
            """Let's play {game} with {players} players.
            Start {game}, we are {players}.
            A game of {game} for {players} people, {round_minutes} minutes a round.
            {players} of us want to play {game}"""),
    _errand("collect_waste", "Ask for old things to be collected.", "things!:items street!:address day:date",
            """Collect {things} from {street}.
            I have {things} to throw away at {street}, come on {day}.
            Please pick up the waste ({things}) at {street}.
            On {day} take away {things}, my address is {street}"""),
    _errand("book_ferry", "Reserve a place on a ferry.", "harbor_town!:place cars:count persons!:people",
            """We take the ferry to {harbor_town}, {persons} persons.
            {persons} people and {cars} cars on the ferry to {harbor_town}.
            A place on the ship to {harbor_town} for {persons}.
            Reserve the ferry to {harbor_town}: {persons} persons, {cars} cars"""),
    _errand("weigh_baby", "Record the weight of a baby.", "baby!:person kilos!:measure on:date",
            """{baby} weighs {kilos} kg today.
            On {on} the baby {baby} had {kilos} kilos.
            Put down {kilos} kg for {baby}.
            The weight of {baby} is {kilos}, measured on {on}"""),
    _errand("find_doctor", "Look for a doctor.", "town!:place kind:{eye/skin/child/heart} speaks:language",
            """I need a doctor in {town}.
            Is there a {kind} doctor in {town}?
            Look for a doctor near {town} who speaks {speaks}.
            A {kind} doctor in {town} please, one that speaks {speaks}"""),
    _errand("share_file", "Share a file with somebody.", "file!:file reader!:email can_edit:?",
            """Share {file} with {reader}.
            Give {reader} access to {file}, {can_edit:editing is fine|only for reading}.
            {reader} should see the file {file}.
            Let {reader} {can_edit:edit|look at} {file}"""),
    _errand("order_flowers", "Order flowers for somebody.", "kind!:item count!:count to_address:address",
            """Order {count} {kind} flowers.
            Bring {count} {kind} flowers to {to_address}.
            I'd like to have {count} of the {kind} flowers delivered to {to_address}.
            Flowers please: {kind}, {count} pieces"""),
    _errand("make_coffee", "Make a cup of coffee.", "cups!:count strength:{mild/normal/strong} milk:?",
            """Make {cups} cups of coffee.
            {cups} coffees please, {milk:with milk|black}.
            I want {cups} {strength} coffees.
            Coffee for us, {cups} cups, {strength}, {milk:add milk|no milk}"""),
    _errand("save_contact", "Save a person in the address book.", "full_name!:person phone:phone mail:email",
            """Save {full_name}, phone {phone}.
            The number of {full_name} is {phone} and the mail is {mail}.
            New contact: {full_name}, {mail}.
            Put {full_name} into the address book with {mail}"""),
    _errand("count_calories", "Count the calories of a meal.", "foods!:items portion:{small/normal/large}",
            """How many calories have {foods}?
            I ate {foods}, a {portion} portion.
            Count the calories of {foods} for a {portion} plate.
            Calories: {foods}"""),
    _errand("find_cinema", "Find a cinema that shows a film.", "film!:phrase town!:place evening:date",
            """Where does "{film}" run in {town}?
            I want to see "{film}" on {evening} in {town}.
            Which cinema in {town} shows "{film}"?
            On {evening} we go to the movies in {town}, the film is "{film}\""""),
    _errand("clean_office", "Have an office cleaned.", "firm!:company floor:count weekday:{Monday/Tuesday/Friday/Sunday}",
            """Clean the office of {firm}.
            The rooms of {firm} on floor {floor} are dirty, send somebody.
            {firm} wants its office cleaned on {weekday}.
            Floor {floor} of {firm} has to be cleaned each {weekday}"""),
    _errand("compare_prices", "Compare what shops ask for a product.", "product!:item shops!:names limit:money",
            """What does the {product} cost at {shops}?
            Compare the price of the {product} between {shops}.
            I pay {limit} euros at most for the {product}, look at {shops}.
            Is the {product} cheaper at {shops}?"""),
    _errand("make_backup", "Save a copy of a folder.", "folder!:file target:{disk/cloud/stick} at:time",
            """Back up {folder}.
            Copy {folder} to the {target}.
            Every day at {at} save {folder} on the {target}.
            Make a safety copy of {folder} at {at}"""),
    _errand("get_vaccine", "Get a vaccination.", "against!:item person!:person years:age",
            """{person} needs a shot against {against}.
            Vaccinate {person}, {years} years old, against {against}.
            I'm {person} and want the vaccine for {against}.
            Vaccine against {against} for {person} aged {years}"""),
    _errand("sell_item", "Offer something for sale.", "thing!:item price!:money used:?",
            """Sell my {thing} for {price} euros.
            I want {price} for the {thing}, it is {used:used|new}.
            Offer the {thing} for {price} dollars.
            My {used:old|new} {thing} is for sale, {price} euros"""),
    _errand("plan_tour", "Plan a tour through several towns.", "towns!:places days:days by:{train/car/bus}",
            """Plan a tour through {towns}.
            I want to see {towns} in {days} days.
            A tour by {by} over {towns}.
            {days} days by {by}: {towns}"""),
    _errand("hear_news", "Read the news aloud.", "subject!:item country_language:language minutes:minutes",
            """What is new about the {subject}?
            Read me the news on the {subject} in {country_language}.
            {minutes} minutes of news about the {subject} please.
            News in {country_language}, subject {subject}, {minutes} minutes long"""),
    _errand("lock_doors", "Lock the doors of a house.", "house!:address after:time alarm:?",
            """Lock everything at {house}.
            Close the doors of {house} after {after}, {alarm:alarm on|no alarm}.
            After {after} the house at {house} has to be locked.
            Lock {house} {alarm:and set the alarm|without the alarm}"""),
    _errand("split_bill", "Split what was paid among friends.", "total!:money friends!:names",
            """We paid {total} euros, split it between {friends}.
            {friends} share {total}.
            Divide {total} among {friends}.
            Who owes what? {friends} spent {total} dollars together"""),
    _errand("apply_for_job", "Send an application for a job.", "job!:item employer!:company cv:file",
            """I want to work as {job} at {employer}.
            Apply to {employer} for the {job} job, my CV is {cv}.
            Send {cv} to {employer}, I'd like to be their {job}.
            {employer} looks for somebody for {job}, apply"""),
    _errand("set_oven", "Heat the oven.", "degrees!:count minutes!:minutes fan:?",
            """Heat the oven to {degrees} degrees for {minutes} minutes.
            Bake at {degrees} degrees, {minutes} minutes, {fan:fan on|fan off}.
            The oven please: {minutes} minutes at {degrees}.
            Oven {fan:with the fan|without the fan}, {degrees} degrees for {minutes} minutes"""),
    _errand("report_loss", "Report a thing that was lost.", "lost!:item place!:place day:date",
            """I lost my {lost} in {place}.
            My {lost} is gone since {day}, it was in {place}.
            Report a lost {lost}, {place}, {day}.
            On {day} somebody left a {lost} in {place}"""),
    _errand("learn_words", "Practise words of a language.", "tongue!:language words!:count theme:item",
            """Teach me {words} words of {tongue}.
            I want to learn {tongue}, {words} words about {theme}.
            {words} {tongue} words please.
            Let's practise {tongue} with {words} words, theme {theme}"""),
)  # fmt: skip
