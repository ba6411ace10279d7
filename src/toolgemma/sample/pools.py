# ruff: noqa: E501 - tables read best as lines; seeded choices need no secrecy
"""Values of the embedded dataset, each pool in two parts: train and validation draw from the first, tests from the second.

Nothing of a second part stands in the pre-training text either. Numbers, dates and times are divided by the rule in
`toolgemma.sample.text.values` instead of by lists.
"""

import random
from collections.abc import Callable
from typing import Any

from toolgemma.sample.text import values


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.strip().splitlines())


NAMES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "city": (
        _split("London, Paris, Berlin, Rome, Madrid, Vienna, Oslo, Dublin, Athens, Prague, Warsaw, Lisbon, Boston, Chicago, Denver, Miami, Toronto, Tokyo, Seoul, Cairo, Sydney, Lima, Munich, Milan, Lyon, Geneva, Zurich, Leeds, Bristol, New York, Los Angeles, San Diego, Cape Town, Hong Kong, Buenos Aires, Mexico City, Las Vegas"),
        _split("Helsinki, Budapest, Marrakesh, Reykjavik, Valencia, Salzburg, Antwerp, Rotterdam, Seattle, Nashville, Vancouver, Montevideo, Kathmandu, Singapore, Jakarta, Wellington, Gothenburg, Ljubljana, Addis Ababa, Rio de Janeiro, Saint Petersburg, Santa Barbara"),
    ),
    "country": (
        _split("France, Japan, Brazil, Canada, Egypt, India, Norway, Spain, Turkey, Kenya, China, Peru, Greece, Mexico"),
        _split("Thailand, Iceland, Vietnam, Morocco, Argentina, Australia, Ghana, Portugal, Indonesia"),
    ),
    "nation": (
        _split("German, French, Indian, Brazilian, Polish, Kenyan, Swiss, Danish, Mexican, Irish, Greek, Chinese"),
        _split("Canadian, Nigerian, Korean, Finnish, Chilean, Belgian, Egyptian, Ukrainian"),
    ),
    "person": (
        _split("Anna Smith, Ben Carter, Clara Jones, David Hall, Emma Wood, Frank Moore, Grace Hill, Henry Cook, Ida Palmer, Jack Stone, Karen Fox, Leo Marsh, Maria Lane, Nina Perry, Oscar Burns, Paul Hayes, Rosa Porter, Sam Doyle, Tina Nash, Victor Gray, Wendy Shaw, Alice Bell, Daniel Mills, Helen King"),
        _split("Beatrix Lindqvist, Caspian Orloff, Delphine Moreau, Ezekiel Thornbury, Fiona Gallagher, Gideon Achterberg, Henrietta Vance, Isidore Kowalski, Jasmine Okafor, Konrad Zeller, Lavinia Crawford, Matteo Ricci, Odette Fairweather, Priya Raman, Quentin Hargrove, Theodora Blythe"),
    ),
    "restaurant": (
        _split("Golden Spoon, Blue Lemon, Mamma Rosa, The Old Mill, Green Garden, Bella Roma, Salt and Pepper, The Red Lion, Casa Lima, Sunny Plate, The Copper Pot, Little Tokyo, Harbour Light, The Fat Duck, Olive Tree, Papa Joe"),
        _split("Chez Margaux, The Velvet Fig, Trattoria Zaffiro, Smoky Barrel, Saffron Palace, The Hungry Badger, Kimchi Corner, Casa Flamenca, The Gilded Goose, Noodle Republic"),
    ),
    "company": (
        _split("Swiftpost, Brightline, Norcom, Maple Works, Redstone, Bluebird Express, Polar Freight, Greenway, Ironbridge, Sunhill, Quickpack, Baker and Sons"),
        _split("Hermelin Logistics, Vandermeer, Cobalt Couriers, Starling Freight, Zephyrline, Quarrymen, Nimbus Partners, Tallgrass"),
    ),
    "title": (
        _lines("""weekly report
            Summer Rain
            budget for May
            Blue Morning
            team lunch
            open questions
            Long Way Home
            holiday photos
            new printer
            garden party
            Silver Moon
            the next steps
            rent for June
            Dancing Shoes
            old friends
            project kickoff
            Golden Hour
            your invoice
            weekend shopping
            Cold Coffee
            hiring plan
            book club
            Midnight Train
            price list
            kitchen update
            River Song"""),
        _lines("""quarterly roadmap
            Paper Lanterns
            lost umbrella policy
            Velvet Thunder
            choir rehearsal
            Neon Tides
            onboarding checklist
            Whispering Pines
            parking permits
            Crimson Parade
            fundraiser dinner
            Echoes of Winter
            audit findings
            Marble Staircase
            bathroom renovation"""),
    ),
    "note": (
        _lines("""I will be late today
            the meeting is moved to Friday
            thanks for your help
            see you at the station
            the printer is out of paper
            please call me back
            we need more chairs
            where is the kitchen
            the keys are under the mat
            good luck with the test
            it costs too much
            I ordered the wrong size
            lunch is ready
            the door does not close
            can we talk tomorrow
            my train leaves soon
            the report is done
            happy new year
            the milk is sour
            it stopped working
            I found a cheaper one
            the water is cold
            have a nice weekend
            the lamp is broken"""),
        _lines("""the elevator smells strange
            our guests arrive before noon
            never mind the earlier request
            the screen flickers constantly
            bring your swimsuit
            dessert was delicious
            the courier rang twice
            congratulations on the promotion
            it overheats after an hour
            somebody parked in my spot
            the zipper is jammed
            volunteers meet behind the gym
            the deadline slipped again
            it arrived scratched"""),
    ),
    "task": (
        _lines("""call the bank
            water the plants
            pay the rent
            feed the cat
            buy milk and bread
            take out the trash
            send the report
            charge my phone
            visit the dentist
            pick up the kids
            wash the car
            book the tickets
            clean the oven
            walk the dog
            renew my passport
            read the contract
            fix the bike
            write to Emma"""),
        _lines("""defrost the freezer
            ring the landlord
            hand in my thesis
            collect the dry cleaning
            prune the roses
            vaccinate the hamster
            polish grandpa's trophy
            descale the espresso machine
            sign the permission slip
            rotate the tires"""),
    ),
    "food": (
        _split("cheese, ham, mushrooms, onions, olives, tomatoes, spinach, eggs, flour, butter, rice, potatoes, carrots, milk, bread, apples, chicken, beans, garlic, pepper, corn, peas, lemon, honey, red cabbage, sour cream"),
        _split("artichokes, anchovies, zucchini, salmon, chickpeas, tofu, basil, mozzarella, eggplant, quinoa, prawns, blueberries, maple syrup, coconut milk, jalapenos"),
    ),
    "room": (
        _split("kitchen, bedroom, living room, bathroom, office, hall, garage, dining room, guest room, cellar"),
        _split("nursery, attic, sunroom, laundry room, home theater, pantry, veranda"),
    ),
    "language": (
        _split("French, German, Spanish, Italian, Polish, Greek, Dutch, Danish, Swedish, Arabic, Russian, Hindi"),
        _split("Portuguese, Japanese, Turkish, Swahili, Norwegian, Vietnamese, Catalan"),
    ),
    "ticker": (
        _split("ABCD, KLX, MORN, PTR, SUNX, BRT, QNTA, LOGI, VLT, HBR, FINN, TRK"),
        _split("ZYNQ, WXHO, GRDL, UMBR, OXTA, JPLY, EVKO"),
    ),
    "sport": (
        _split("running, swimming, cycling, rowing, hiking, yoga, boxing, skating, walking, dancing"),
        _split("kayaking, snowboarding, fencing, rock climbing, pilates, surfing"),
    ),
    "product": (
        _split("red shoes, a garden chair, a wool blanket, a desk lamp, a blue kettle, a small sofa, running shorts, a phone case, a wooden toy, kitchen knives, a rain jacket, a bread knife"),
        _split("a hammock, noise cancelling headphones, a cast iron skillet, a fountain pen, snow goggles, a stainless thermos, a yoga mat, bamboo cutlery"),
    ),
    "topic": (
        _split("bees, the moon, old maps, gardening, Roman history, chess, trains, cooking, volcanoes, knitting, birds, the sea"),
        _split("origami, glaciers, beekeeping, jazz, medieval castles, robotics, mushrooms of Europe, astronomy"),
    ),
    "channel": (
        _split("general, sales, random, design, support, news, marketing, help"),
        _split("logistics, watercooler, research-lab, payroll, frontdesk, ops-night"),
    ),
    "plant": (
        _split("rose, fern, cactus, spider plant, lemon tree, orchid, ivy, palm, tulip, lavender"),
        _split("bonsai, monstera, hydrangea, aloe vera, peace lily, fuchsia"),
    ),
    "petname": (_split("Rex, Bella, Max, Luna, Milo, Daisy, Rocky, Coco, Buddy, Molly"), ()),
    "device": ((), _split("dishwasher, projector, hearing aid, tablet, treadmill, smart doorbell, espresso grinder, e-reader")),
    "charity": ((), _split("Clean Oceans, Feline Rescue, Meals on Wheels, Books for Villages, Rainforest Guardians, Warm Hearths")),
    "rareword": ((), _split("serendipity, mellifluous, obfuscate, quixotic, ephemeral, gregarious, halcyon, petrichor, laconic, zeitgeist")),
    "purchase": ((), _split("train snacks, a conference badge, printer toner, airport parking, a client breakfast, hotel laundry")),
    "zone": ((), _split("rose beds, north lawn, vegetable patch, hedge, orchard, greenhouse")),
    "subject": ((), _split("chemistry, algebra, geography, Latin, physics, biology, geometry")),
    "shade": ((), _split("turquoise, magenta, ochre, crimson, indigo, ivory, beige, maroon")),
    "museum": ((), _split("Aerospace, Van Hoorn, Maritime Heritage, Dinosaur Hall, Toulouse Glass, Puppet Theater")),
    "harbor": ((), _split("Saint-Malo, Plymouth, Galway, Bremerhaven, Falmouth, Anchorage, Dunkirk")),
    "equipment": ((), _split("pressure washer, chainsaw, tile cutter, jackhammer, sewing kit, extension cord, power drill")),
}  # fmt: skip
STREETS = (_split("Hill Road, Park Lane, Mill Street, Station Road, Church Street, High Street, Lake Drive, King Street, School Lane, Garden Way"),
           _split("Juniper Boulevard, Cobblers Row, Falcon Terrace, Magnolia Crescent, Windmill Quay, Harlequin Street"))  # fmt: skip
MAIL = ((_split("anna.smith, ben, info, clara.jones, office, sales, d.hall, emma, team, frank_moore, grace, jobs"), _split("example.com, mail.org, post.net, office.io, home.co")),
        (_split("beatrix.l, caspian, helpdesk, d.moreau, ezekiel, press, fiona_g, bookings, konrad.zeller, odette"), _split("lumenworks.eu, pinecrest.edu, fastmail.test, harborview.biz, quillandco.uk")))  # fmt: skip
NUMBERS: dict[str, tuple[int, int]] = {
    "people": (2, 40), "days": (2, 30), "percent": (1, 99), "minutes": (5, 240), "small": (2, 20), "sides": (4, 100), "grade": (1, 12),
}  # fmt: skip
DECIMALS: dict[str, tuple[int, int]] = {"money": (3, 900), "degrees": (15, 27), "km": (1, 40)}
LISTS: dict[str, str] = {"foods": "food", "people": "person", "city": "city", "shade": "shade"}


def _street(rng: random.Random, held_out: bool) -> str:
    return f"{values.integer(rng, 1, 200, held_out)} {rng.choice(STREETS[held_out])}"


def _email(rng: random.Random, held_out: bool) -> str:
    users, domains = MAIL[held_out]
    return f"{rng.choice(users)}@{rng.choice(domains)}"


def _code(rng: random.Random, held_out: bool) -> str:
    letters = "".join(rng.choice("ABCDEFGHJKLMNPRSTUVWXYZ") for _ in range(2))
    return f"{letters}{rng.choice(['-', ''])}{values.integer(rng, 1000, 99999, held_out)}"


MADE: dict[str, Callable[[random.Random, bool], Any]] = {
    "date": values.date, "time": values.time, "address": _street, "email": _email, "code": _code,
}  # fmt: skip


def draw(rng: random.Random, pool: str, json_type: str, held_out: bool) -> Any:
    """A value for a parameter of `json_type` from `pool`, of the wanted side."""
    if json_type == "array":
        source = NAMES[LISTS[pool]][held_out]
        return rng.sample(source, rng.randint(2, 4))
    if json_type == "integer":
        return values.integer(rng, *NUMBERS[pool], held_out)
    if json_type == "number":
        low, high = DECIMALS[pool]
        if rng.random() < 0.5:
            return values.integer(rng, low, high, held_out)
        return values.decimal(rng, low, high, held_out, places=2 if pool == "money" else 1)
    return MADE[pool](rng, held_out) if pool in MADE else rng.choice(NAMES[pool][held_out])


def held_out_texts() -> frozenset[str]:
    """Every value of the test splits that comes from a list."""
    lists = [test for _, test in NAMES.values()] + [STREETS[1], MAIL[1][0], MAIL[1][1]]
    return frozenset(text for entries in lists for text in entries)
