# ruff: noqa: E501 - tables read best as lines; seeded choices need no secrecy
"""Values of the embedded dataset, each pool in three parts: for train, for validation and for the two test splits.

Nothing of the second and third parts stands in train or in the pre-training text. Numbers, dates and times have two
sides instead of three lists, by the rule in `toolgemma.sample.text.values`: validation draws them from train's.
"""

import random
from collections.abc import Callable
from typing import Any, Literal, get_args

from toolgemma.sample.text import values

Part = Literal["train", "validation", "test"]
PARTS: tuple[Part, ...] = get_args(Part)


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.strip().splitlines())


NAMES: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "city": (
        _split("London, Paris, Berlin, Rome, Madrid, Vienna, Oslo, Dublin, Athens, Prague, Warsaw, Lisbon, Boston, Chicago, Denver, Miami, Toronto, Tokyo, Seoul, Cairo, Sydney, Lima, Munich, Milan, Lyon, Geneva, Zurich, Leeds, Bristol, New York, Los Angeles, San Diego, Cape Town, Hong Kong, Buenos Aires, Mexico City, Las Vegas"),
        _split("Helsinki, Budapest, Marrakesh, Reykjavik, Valencia, Salzburg, Antwerp, Rotterdam, Seattle, Nashville, Vancouver, Montevideo, Kathmandu, Singapore, Jakarta, Wellington, Gothenburg, Ljubljana, Addis Ababa, Rio de Janeiro, Saint Petersburg, Santa Barbara"),
        _split("Stockholm, Copenhagen, Brussels, Florence, Barcelona, Edinburgh, Marseille, Cologne, Philadelphia, Minneapolis, Honolulu, Montreal, Bangkok, Manila, Melbourne, Casablanca, Hanoi, Tallinn, San Francisco, New Orleans, Tel Aviv, Porto Alegre"),
    ),
    "country": (
        _split("France, Japan, Brazil, Canada, Egypt, India, Norway, Spain, Turkey, Kenya, China, Peru, Greece, Mexico"),
        _split("Thailand, Iceland, Vietnam, Morocco, Argentina, Australia, Ghana, Portugal, Indonesia"),
        _split("Sweden, Austria, Colombia, Malaysia, Tunisia, Croatia, Pakistan, New Zealand, Tanzania"),
    ),
    "nation": (
        _split("German, French, Indian, Brazilian, Polish, Kenyan, Swiss, Danish, Mexican, Irish, Greek, Chinese"),
        _split("Canadian, Nigerian, Korean, Finnish, Chilean, Belgian, Egyptian, Ukrainian"),
        _split("Austrian, Ethiopian, Filipino, Hungarian, Peruvian, Scottish, Tunisian, Australian"),
    ),
    "person": (
        _split("Anna Smith, Ben Carter, Clara Jones, David Hall, Emma Wood, Frank Moore, Grace Hill, Henry Cook, Ida Palmer, Jack Stone, Karen Fox, Leo Marsh, Maria Lane, Nina Perry, Oscar Burns, Paul Hayes, Rosa Porter, Sam Doyle, Tina Nash, Victor Gray, Wendy Shaw, Alice Bell, Daniel Mills, Helen King"),
        _split("Beatrix Lindqvist, Caspian Orloff, Delphine Moreau, Ezekiel Thornbury, Fiona Gallagher, Gideon Achterberg, Henrietta Vance, Isidore Kowalski, Jasmine Okafor, Konrad Zeller, Lavinia Crawford, Matteo Ricci, Odette Fairweather, Priya Raman, Quentin Hargrove, Theodora Blythe"),
        _split("Amelia Rutherford, Bartholomew Quinn, Camille Duvall, Dmitri Vasquez, Eleanor Hathaway, Ferdinand Osei, Giulia Romano, Harriet Winslow, Ignatius Pell, Juliette Castellan, Kwame Adjei, Leonora Stanhope, Mohamed Farouk, Philippa Drummond, Rupert Ashdown, Yuki Tanabe"),
    ),
    "restaurant": (
        _split("Golden Spoon, Blue Lemon, Mamma Rosa, The Old Mill, Green Garden, Bella Roma, Salt and Pepper, The Red Lion, Casa Lima, Sunny Plate, The Copper Pot, Little Tokyo, Harbour Light, The Fat Duck, Olive Tree, Papa Joe"),
        _split("Chez Margaux, The Velvet Fig, Trattoria Zaffiro, Smoky Barrel, Saffron Palace, The Hungry Badger, Kimchi Corner, Casa Flamenca, The Gilded Goose, Noodle Republic"),
        _split("Le Petit Moulin, The Jade Lantern, Osteria Pavone, Burger Foundry, Tandoori Nights, The Thirsty Otter, Bistro Clementine, El Toro Bravo, The Silver Ladle, Waffle Kingdom"),
    ),
    "company": (
        _split("Swiftpost, Brightline, Norcom, Maple Works, Redstone, Bluebird Express, Polar Freight, Greenway, Ironbridge, Sunhill, Quickpack, Baker and Sons"),
        _split("Hermelin Logistics, Vandermeer, Cobalt Couriers, Starling Freight, Zephyrline, Quarrymen, Nimbus Partners, Tallgrass"),
        _split("Osprey Haulage, Lindenfeld, Amber Dispatch, Kestrel Parcels, Meridian Post, Duskwood, Halvorsen, Pinnacle Movers"),
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
        _lines("""annual inventory
            Porcelain Skies
            snow removal policy
            Electric Feather
            orchestra auditions
            Desert Lullaby
            safety inspection
            Burning Lighthouse
            uniform sizes
            Scarlet Carousel
            scholarship banquet
            Ghosts of Avalon
            vendor negotiations
            Satin Horizon
            basement insulation"""),
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
        _lines("""the basement floods every spring
            my suitcase went to another airport
            please ignore the fire drill
            the speakers crackle at night
            pack an extra sweater
            the soup tasted wonderful
            the plumber never showed up
            welcome aboard and enjoy yourself
            it freezes whenever I type
            a squirrel chewed the cable
            the handle came loose
            cyclists gather beside the fountain
            the budget was rejected again
            the lid cracked during transport"""),
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
        _lines("""rinse the aquarium
            phone the plumber
            submit my tax return
            fetch grandma's medicine
            mow the lawn
            groom the poodle
            varnish the bookshelf
            bleed the radiators
            iron the tablecloth
            replace the smoke detector"""),
    ),
    "food": (
        _split("cheese, ham, mushrooms, onions, olives, tomatoes, spinach, eggs, flour, butter, rice, potatoes, carrots, milk, bread, apples, chicken, beans, garlic, pepper, corn, peas, lemon, honey, red cabbage, sour cream"),
        _split("artichokes, anchovies, zucchini, halibut, chickpeas, tempeh, basil, mozzarella, eggplant, quinoa, prawns, blueberries, maple syrup, coconut milk, jalapenos"),
        _split("asparagus, sardines, cauliflower, kohlrabi, lentils, couscous, oregano, feta, leeks, oatmeal, shrimps, raspberries, peanut butter, soy sauce, avocados"),
    ),
    "room": (
        _split("kitchen, bedroom, living room, bathroom, office, hall, garage, dining room, guest room, cellar"),
        _split("nursery, scullery, sunroom, laundry room, home theater, pantry, veranda"),
        _split("basement, conservatory, playroom, utility room, music studio, hallway, loft"),
    ),
    "language": (
        _split("French, German, Spanish, Italian, Polish, Greek, Dutch, Danish, Swedish, Arabic, Russian, Hindi"),
        _split("Portuguese, Japanese, Turkish, Swahili, Norwegian, Vietnamese, Catalan"),
        _split("Hebrew, Icelandic, Czech, Urdu, Romanian, Welsh, Bengali"),
    ),
    "ticker": (
        _split("ABCD, KLX, MORN, PTR, SUNX, BRT, QNTA, LOGI, VLT, HBR, FINN, TRK"),
        _split("ZYNQ, WXHO, GRDL, UMBR, OXTA, JPLY, EVKO"),
        _split("VQRN, BLZT, HYKO, DWEX, ORMA, FJTI, KESU"),
    ),
    "sport": (
        _split("running, swimming, cycling, rowing, hiking, yoga, boxing, skating, walking, dancing"),
        _split("kayaking, snowboarding, fencing, rock climbing, pilates, surfing"),
        _split("canoeing, gymnastics, archery, trail biking, karate, wrestling"),
    ),
    "product": (
        _split("red shoes, a garden chair, a wool blanket, a desk lamp, a blue kettle, a small sofa, running shorts, a phone case, a wooden toy, kitchen knives, a rain jacket, a bread knife"),
        _split("a hammock, noise cancelling headphones, a cast iron skillet, a fountain pen, snow goggles, a stainless thermos, a yoga mat, bamboo cutlery"),
        _split("a trampoline, a waterproof backpack, a ceramic teacup, a mechanical keyboard, leather sandals, a folding umbrella, a picnic hamper, scented candles"),
    ),
    "topic": (
        _split("bees, the moon, old maps, gardening, Roman history, chess, trains, cooking, volcanoes, knitting, birds, the sea"),
        _split("origami, glaciers, beekeeping, jazz, medieval castles, robotics, mushrooms of Europe, astronomy"),
        _split("calligraphy, earthquakes, winemaking, opera, Viking ships, cryptography, butterflies of Asia, psychology"),
    ),
    "channel": (
        _split("general, sales, random, design, support, news, marketing, help"),
        _split("logistics, watercooler, research-lab, payroll, frontdesk, ops-night"),
        _split("compliance, lunchroom, data-platform, facilities, helpline, night-shift"),
    ),
    "plant": (
        _split("rose, fern, cactus, spider plant, lemon tree, orchid, ivy, palm, tulip, lavender"),
        _split("bonsai, monstera, hydrangea, aloe vera, peace lily, fuchsia"),
        _split("begonia, azalea, gardenia, snake plant, rubber fig, geranium"),
    ),
    "petname": ((), _split("Rex, Pixie, Waldo, Luna, Milo, Daisy, Rocky, Coco, Buddy, Molly"), ()),
    "device": ((), _split("percolator, projector, hearing aid, typewriter, treadmill, smart doorbell, espresso grinder, e-reader"), ()),
    "charity": ((), _split("Clean Oceans, Feline Rescue, Meals on Wheels, Books for Villages, Rainforest Guardians, Warm Hearths"), ()),
    "rareword": ((), _split("serendipity, mellifluous, obfuscate, quixotic, ephemeral, gregarious, halcyon, petrichor, laconic, zeitgeist"), ()),
    "purchase": ((), _split("train snacks, a conference badge, printer toner, airport parking, a client breakfast, hotel laundry"), ()),
    "zone": ((), _split("rose beds, north lawn, vegetable patch, hedge, orchard, greenhouse"), ()),
    "subject": ((), _split("chemistry, algebra, geography, Latin, physics, biology, geometry"), ()),
    "shade": ((), _split("turquoise, mauve, ochre, crimson, indigo, ivory, beige, maroon"), ()),
    "museum": ((), _split("Aerospace, Van Hoorn, Maritime Heritage, Dinosaur Hall, Toulouse Glass, Puppet Theater"), ()),
    "harbor": ((), _split("Saint-Malo, Plymouth, Galway, Bremerhaven, Falmouth, Anchorage, Dunkirk"), ()),
    "equipment": ((), _split("pressure washer, chainsaw, tile cutter, jackhammer, sewing kit, extension cord, power drill"), ()),
    "salon": ((), (), _split("Studio Fringe, Curl and Comb, The Parlour, Barber Brothers, Velour Hair Lounge, Hairloom, Crown and Mane, Snips")),
    "station": ((), (), _split("Radio Aurora, Coastline FM, Kingfisher Radio, Pulsar FM, Rockline, Talkzone, Radio Meadow, Magic Ninety")),
    "dessert": ((), (), _split("tiramisu, cheesecake, baklava, pancakes, sorbet, brownies, panna cotta, apple strudel, donuts, macarons")),
    "animal": ((), (), _split("lynx, hedgehog, red deer, ocelot, ibex, porcupine, golden eagle, moose, salamander, pelican")),
    "wilds": ((), (), _split("Birch Creek, Heather Moor, Loon Lake, Granite Gorge, Cedar Ridge, Mossy Glen, Sandpiper Dunes, Thistle Valley")),
    "engraving": ((), (), _split("forever yours, best dad ever, my dearest Margot, ten golden years, with all my heart, class champion, always together, follow your dreams, thank you coach")),
    "award": ((), (), _split("Rising Star, Team Spirit, Innovator of the Year, Golden Wrench, Customer Hero, Safety First, Helping Hand, Mentor of the Month")),
    "wine": ((), (), _split("Pebble Cove, Bear Hollow, Sunset Bluff, Alder Grove, Whistling Creek, Kingfisher Bay, Starlight Meadow, Dragonfly Pond")),
    "magazine": ((), (), _split("Popular Telescope, Modern Angler, Vintage Motors, Cheese Lovers Weekly, The Puzzle Gazette, Wild Horizons, Kitchen Alchemy, Sailing Digest, Crochet Monthly")),
    "tournament": ((), (), _split("Harvest Cup, Winter Classic, Riverside Open, Lions Trophy, Thunder Bowl, Friendship Shield, Lakeside Invitational, Champions Gala")),
}  # fmt: skip
STREETS = (_split("Hill Road, Park Lane, Mill Street, Station Road, Church Street, High Street, Lake Drive, King Street, School Lane, Garden Way"),
           _split("Juniper Boulevard, Cobblers Row, Falcon Terrace, Magnolia Crescent, Windmill Quay, Harlequin Street"),
           _split("Sycamore Avenue, Tanners Alley, Heron Parade, Camellia Gardens, Lighthouse Walk, Chapel Hollow"))  # fmt: skip
MAIL = ((_split("anna.smith, ben, info, clara.jones, office, sales, d.hall, emma, team, frank_moore, grace, jobs"), _split("example.com, mail.org, post.net, office.io, home.co")),
        (_split("beatrix.l, caspian, helpdesk, d.moreau, ezekiel, press, fiona_g, bookings, konrad.zeller, odette"), _split("lumenworks.eu, pinecrest.edu, fastmail.test, harborview.biz, quillandco.uk")),
        (_split("amelia.r, bartholomew, reception, c.duvall, dmitri, curator, eleanor_h, admissions, kwame.adjei, philippa"), _split("northgate.eu, willowbrook.edu, swiftmail.test, cloverfield.biz, inkandpaper.uk")))  # fmt: skip
NUMBERS: dict[str, tuple[int, int]] = {
    "people": (2, 40), "days": (2, 30), "percent": (1, 99), "minutes": (5, 240), "small": (2, 20), "sides": (4, 100), "grade": (1, 12),
}  # fmt: skip
DECIMALS: dict[str, tuple[int, int]] = {
    "money": (3, 900),
    "degrees": (15, 27),
    "km": (1, 40),
    "megahertz": (88, 107),
    "length": (2, 500),
}
LISTS: dict[str, str] = {
    "foods": "food",
    "people": "person",
    "city": "city",
    "shade": "shade",
    "dessert": "dessert",
    "wilds": "wilds",
}


def _street(rng: random.Random, part: Part) -> str:
    return f"{values.integer(rng, 1, 200, part == 'test')} {rng.choice(STREETS[PARTS.index(part)])}"


def _email(rng: random.Random, part: Part) -> str:
    users, domains = MAIL[PARTS.index(part)]
    return f"{rng.choice(users)}@{rng.choice(domains)}"


def _code(rng: random.Random, part: Part) -> str:
    letters = "".join(rng.choice("ABCDEFGHJKLMNPRSTUVWXYZ") for _ in range(2))
    return f"{letters}{rng.choice(['-', ''])}{values.integer(rng, 1000, 99999, part == 'test')}"


MADE: dict[str, Callable[[random.Random, Part], Any]] = {
    "date": lambda rng, part: values.date(rng, part == "test"), "time": lambda rng, part: values.time(rng, part == "test"),
    "address": _street, "email": _email, "code": _code,
}  # fmt: skip


def draw(rng: random.Random, pool: str, json_type: str, part: Part) -> Any:
    """A value for a parameter of `json_type` from `part` of `pool`."""
    if json_type == "array":
        return rng.sample(NAMES[LISTS[pool]][PARTS.index(part)], rng.randint(2, 4))
    if json_type == "integer":
        return values.integer(rng, *NUMBERS[pool], part == "test")
    if json_type == "number":
        low, high = DECIMALS[pool]
        if rng.random() < 0.5:
            return values.integer(rng, low, high, part == "test")
        return values.decimal(rng, low, high, part == "test", places=2 if pool == "money" else 1)
    return MADE[pool](rng, part) if pool in MADE else rng.choice(NAMES[pool][PARTS.index(part)])


def texts(part: Part) -> frozenset[str]:
    """Every value of `part` that comes from a list."""
    index = PARTS.index(part)
    lists = [*(entries[index] for entries in NAMES.values()), STREETS[index], *MAIL[index]]
    return frozenset(text for entries in lists for text in entries)


def held_out_texts() -> frozenset[str]:
    """Every value of validation and of the test splits that comes from a list: none stands in the pre-training text."""
    return texts("validation") | texts("test")
