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
        _split("London, Paris, Berlin, Rome, Madrid, Vienna, Oslo, Dublin, Athens, Prague, Warsaw, Lisbon, Boston, Chicago, Denver, Miami, Toronto, Tokyo, Seoul, Cairo, Sydney, Lima, Munich, Milan, Lyon, Geneva, Zurich, Leeds, Bristol, New York, Los Angeles, San Diego, Cape Town, Hong Kong, Buenos Aires, Mexico City, Las Vegas, Santa Fe, Gdansk, Leicester, Kota Kinabalu, Trieste, Baton Rouge, Cork, San Sebastian, Bergen, Port Elizabeth, Nagoya, Des Moines, Toulouse, Rostock, Puerto Montt, Tampere, Novi Sad, Savannah, Brno, Las Palmas, Izmir, Dundee, Ho Chi Minh City, Pune, Chattanooga, Coimbra, Fort Collins, Graz, Aarhus, Santiago de Compostela, Spokane, Rio Branco, Mombasa, Halifax, Ghent, Oulu, Wroclaw, Plovdiv, Cusco, Bari"),
        _split("Helsinki, Budapest, Marrakesh, Reykjavik, Valencia, Salzburg, Antwerp, Rotterdam, Seattle, Nashville, Vancouver, Montevideo, Kathmandu, Singapore, Jakarta, Wellington, Gothenburg, Ljubljana, Addis Ababa, Rio de Janeiro, Saint Petersburg, Santa Barbara"),
        _split("Stockholm, Copenhagen, Brussels, Florence, Barcelona, Edinburgh, Marseille, Cologne, Philadelphia, Minneapolis, Honolulu, Montreal, Bangkok, Manila, Melbourne, Casablanca, Hanoi, Tallinn, San Francisco, New Orleans, Tel Aviv, Porto Alegre"),
    ),
    "country": (
        _split("France, Japan, Brazil, Canada, Egypt, India, Norway, Spain, Turkey, Kenya, China, Peru, Greece, Mexico, Uruguay, Estonia, Costa Rica, Slovenia, Sri Lanka, Bolivia, Denmark, Mongolia, South Korea, Paraguay, Jordan, Latvia, Nepal, Papua New Guinea, Luxembourg, Senegal, Namibia, Ecuador, Cyprus, Zambia, El Salvador, Albania, Oman, Guatemala, Botswana"),
        _split("Thailand, Iceland, Vietnam, Morocco, Argentina, Australia, Ghana, Portugal, Indonesia"),
        _split("Sweden, Austria, Colombia, Malaysia, Tunisia, Croatia, Pakistan, New Zealand, Tanzania"),
    ),
    "nation": (
        _split("German, French, Indian, Brazilian, Polish, Kenyan, Swiss, Danish, Mexican, Irish, Greek, Chinese, Lebanese, Georgian, Moroccan, Swedish, Cuban, Malaysian, Argentinian, Persian, Nepalese, Croatian, Jamaican, Armenian, Sri Lankan, Syrian, Colombian, Indonesian, Burmese, Bulgarian, Serbian, Taiwanese, Iranian, Venezuelan, Afghan, Dutch, Puerto Rican"),
        _split("Canadian, Nigerian, Korean, Finnish, Chilean, Belgian, Egyptian, Ukrainian"),
        _split("Austrian, Ethiopian, Filipino, Hungarian, Peruvian, Scottish, Tunisian, Australian"),
    ),
    "person": (
        _split("Anna Smith, Ben Carter, Clara Jones, David Hall, Emma Wood, Frank Moore, Grace Hill, Henry Cook, Ida Palmer, Jack Stone, Karen Fox, Leo Marsh, Maria Lane, Nina Perry, Oscar Burns, Paul Hayes, Rosa Porter, Sam Doyle, Tina Nash, Victor Gray, Wendy Shaw, Alice Bell, Daniel Mills, Helen King, Amara Okonkwo, Henrik Lindqvist, Mei Ling Zhao, Rosa Delgado, Tomasz Kowalczyk, Priya Raghunathan, Declan Murphy, Fatima El Amrani, Yusuf Demir, Ingrid van Dijk, Kofi Mensah, Hana Suzuki, Luis Miguel Ortega, Olena Shevchuk, Marcus Whitfield, Nguyen Thi Hoa, Bianca Rossi, Samir Haddad, Greta Olafsdottir, Jean Luc Perrin, Tariq Aziz, Abigail Thornton, Pavel Novotny, Leilani Kahale, Zanele Dlamini, Caroline de la Cruz, Arjun Mehta, Siobhan Kelleher, Park Ji Woo, Nikos Papadakis, Esther Nyambura, Gustavo Pereira, Maja Jovanovic, Walter Brandt, Aisha Bello, Emre Yildiz, Anna Maria Conti, Oskar Nieminen, Trevor Blackwood, Chidi Eze"),
        _split("Beatrix Lindqvist, Caspian Orloff, Delphine Moreau, Ezekiel Thornbury, Fiona Gallagher, Gideon Achterberg, Henrietta Vance, Isidore Kowalski, Jasmine Okafor, Konrad Zeller, Lavinia Crawford, Matteo Ricci, Odette Fairweather, Priya Raman, Quentin Hargrove, Theodora Blythe"),
        _split("Amelia Rutherford, Bartholomew Quinn, Camille Duvall, Dmitri Vasquez, Eleanor Hathaway, Ferdinand Osei, Giulia Romano, Harriet Winslow, Ignatius Pell, Juliette Castellan, Kwame Adjei, Leonora Stanhope, Mohamed Farouk, Philippa Drummond, Rupert Ashdown, Yuki Tanabe"),
    ),
    "restaurant": (
        _split("Golden Spoon, Blue Lemon, Mamma Rosa, The Old Mill, Green Garden, Bella Roma, Salt and Pepper, The Red Lion, Casa Lima, Sunny Plate, The Copper Pot, Little Tokyo, Harbour Light, The Fat Duck, Olive Tree, Papa Joe, The Copper Ladle, Saffron Lane, Bistro Marguerite, Old Mill Tavern, Noodle Harbor, La Pergola Verde, Tandoor Corner, The Hungry Otter, Casa Benita, Fig and Thistle, Sakura Garden, Luigi and Sons, The Painted Goose, Ember, Blue Anchor Grill, Pho Palace, Taverna Kalypso, Smoke and Barley, El Molino Rojo, The Lemon House, Little Krakow, Mango Tree Kitchen, Oyster Row, Petit Jardin, The Crooked Spoon, Dumpling Street, Harissa, Brasserie du Pont, Golden Heron, Bella Sorrento, Nonna Pia, The Salt Cellar, River and Rye, Juniper, Taco Paradiso, The Lazy Fisherman, Anatolia Grill House, Wok on Third, Sunny Side Diner, Vine Street Kitchen"),
        _split("Chez Margaux, The Velvet Fig, Trattoria Zaffiro, Smoky Barrel, Saffron Palace, The Hungry Badger, Kimchi Corner, Casa Flamenca, The Gilded Goose, Noodle Republic"),
        _split("Le Petit Moulin, The Jade Lantern, Osteria Pavone, Burger Foundry, Tandoori Nights, The Thirsty Otter, Bistro Clementine, El Toro Bravo, The Silver Ladle, Waffle Kingdom"),
    ),
    "company": (
        _split("Swiftpost, Brightline, Norcom, Maple Works, Redstone, Bluebird Express, Polar Freight, Greenway, Ironbridge, Sunhill, Quickpack, Baker and Sons, Northwind Freight, Brightwater, Larkspur Media, Castellan Insurance, Quillon Software, Meridian Dairy, Tobin and Clarke, Ironbridge Steel, Verdant Foods, Kestrel Labs, Bluefin Capital, Maplewood Furniture, Zephyr Energy, Fennimore Paper Company, Sundial Travel, Arbor Health, Crestline Motors, Tidewater Shipping, Pemberton Textiles, Nimbus Telecom, Redwood Analytics, Hollis Brothers, Lumenara, Granite Peak Mining, Silverleaf Cosmetics, Copperfield Publishing, Novarra, Oakhurst Pharma, Wrenfield Bank, Sable Interactive, Helix Dental Supplies, Juniper Hill Farms, Beacon Street Partners, Marlowe Shoes, Eastgate Cement, Corvane, Whitlock Plumbing, Amberly Toys, Falcon Ridge Security, Dovetail Design"),
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
            River Song
            Quarterly Budget Review
            dinner on Friday
            lost keys
            Weekly Standup
            Midnight in Lisbon
            new office layout
            Invoice Overdue
            the long way home
            Launch Planning
            summer holiday dates
            Onboarding for New Hires
            changes to the rota
            Golden Hour Blues
            Parent Evening
            draft of the contract
            Empty Railway Station
            Design Critique
            flight confirmation
            Salt and Starlight
            Road Map Discussion
            book club picks
            One to One
            Broken Compass
            website feedback
            Dancing with Ghosts
            Fire Drill Reminder
            thank you for coming
            Yoga Class Schedule
            photos from the wedding
            Slow River
            Supplier Call
            question about the lease
            Board Meeting Minutes
            carpool next week
            leaking roof
            your recent order
            retro
            rent increase
            birthday plans
            garden committee"""),
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
            the lamp is broken
            Running late so start without me
            be home by seven
            Don't forget the spare key
            the parcel is with the neighbour
            Can you pick up some bread
            I'm stuck in traffic on the bridge
            meeting got moved to the small room
            Happy birthday to my favourite aunt
            the cake turned out great
            Let's meet at the station instead
            your package arrived this morning
            Thanks for covering my shift
            can't make it to practice tonight
            the train is delayed again
            Please send me the latest draft
            we're out of milk
            The plumber is coming after lunch
            see you outside the cinema
            Mum says hi and misses you
            I left the tickets on the table
            leave the back door unlocked
            Good luck with your exam tomorrow
            did you feed the cat
            The doctor's office called back
            we got the apartment
            save me a seat near the front
            Sorry I missed your call
            dinner's in the oven
            The client loved the new logo
            bring a warm coat tonight
            I'll pay you back on payday
            the wifi password has changed
            Call me when you land
            my phone is almost dead
            The kids are already asleep
            grab an umbrella before you leave
            that's the best news all week
            Tell Dad the car is ready
            landed safely and waiting for bags
            It's your turn to cook"""),
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
            write to Emma
            call the plumber
            water the tomatoes
            pick up the dry cleaning
            book a dentist appointment
            return the library books
            change the bed sheets
            pay the gas bill
            order new contact lenses
            clean out the fridge
            email the landlord
            take the dog out
            finish the sales report
            buy stamps
            fix the bathroom door
            cancel the gym membership
            send grandma a postcard
            back up my laptop
            defrost the chicken
            descale the kettle
            write a thank you note
            vacuum the stairs
            collect the parcel
            check the smoke alarms
            update my resume
            wrap the presents
            get the bike repaired
            reply to the accountant
            empty the dishwasher
            print the boarding passes
            feed the hamster
            sharpen the kitchen knives
            charge the camera
            schedule a haircut
            rake the leaves
            practise the piano
            file the tax return
            sort the recycling
            iron my shirts
            replace the water filter
            hang up the curtains"""),
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
        _split("cheese, ham, mushrooms, onions, olives, tomatoes, spinach, eggs, flour, butter, rice, potatoes, carrots, milk, bread, apples, chicken, beans, garlic, pepper, corn, peas, lemon, honey, red cabbage, sour cream, paprika, brown sugar, olive oil, parsley, cheddar, bay leaves, oats, pumpkin seeds, mustard, red onions, salmon, ginger, puff pastry, black beans, turmeric, walnuts, rice vinegar, yogurt, celery, baking powder, tofu, cream cheese, raisins, sweet potatoes, cinnamon, capers, goat cheese, kale, almonds, tarragon, lime juice, beetroot, polenta, cumin, barley, cashews, radishes, dill, cornstarch, fennel"),
        _split("artichokes, anchovies, zucchini, halibut, chickpeas, tempeh, basil, mozzarella, eggplant, quinoa, prawns, blueberries, maple syrup, coconut milk, jalapenos"),
        _split("asparagus, sardines, cauliflower, kohlrabi, lentils, couscous, oregano, feta, leeks, oatmeal, shrimps, raspberries, peanut butter, soy sauce, avocados"),
    ),
    "room": (
        _split("kitchen, bedroom, living room, bathroom, office, hall, garage, dining room, guest room, cellar, guest bedroom, attic, study, conference room, break room, home office, server room, master bedroom, waiting room, library, lobby, game room, porch, mail room, den, staff kitchen, copy room, sun room, meeting room, landing, print room, corridor, closet, lounge, canteen"),
        _split("nursery, scullery, sunroom, laundry room, home theater, pantry, veranda"),
        _split("basement, conservatory, playroom, utility room, music studio, hallway, loft"),
    ),
    "language": (
        _split("French, German, Spanish, Italian, Polish, Greek, Dutch, Danish, Swedish, Arabic, Russian, Hindi, Tagalog, Thai, Amharic, Malay, Tamil, Basque, Zulu, Croatian, Punjabi, Latvian, Irish, Mandarin, Estonian, Farsi, Yoruba, Slovak, Bulgarian, Serbian, Lithuanian, Nepali, Khmer, Burmese, Georgian, Armenian, Albanian"),
        _split("Portuguese, Japanese, Turkish, Swahili, Norwegian, Vietnamese, Catalan"),
        _split("Hebrew, Icelandic, Czech, Urdu, Romanian, Welsh, Bengali"),
    ),
    "ticker": (
        _split("ABCD, KLX, MORN, PTR, SUNX, BRT, QNTA, LOGI, VLT, HBR, FINN, TRK, AMZN, NVDA, IBM, DIS, NFLX, INTC, PFE, WMT, JPM, ORCL, SBUX, NKE, COST, ADBE, CSCO, BAC, MCD, PEP, UBER, ABNB, SHOP, PYPL, QCOM, CRM, TGT, CVX, XOM, UPS, FDX, GOOGL"),
        _split("ZYNQ, WXHO, GRDL, UMBR, OXTA, JPLY, EVKO"),
        _split("VQRN, BLZT, HYKO, DWEX, ORMA, FJTI, KESU"),
    ),
    "sport": (
        _split("running, swimming, cycling, rowing, hiking, yoga, boxing, skating, walking, dancing, table tennis, ice skating, badminton, cross-country skiing, horse riding, water polo, judo, squash, mountain biking, volleyball, trail running, beach volleyball, cricket, lacrosse, tai chi, handball, figure skating, curling, netball, bouldering, softball, diving, skateboarding, golf, sailing"),
        _split("kayaking, snowboarding, fencing, rock climbing, pilates, surfing"),
        _split("canoeing, gymnastics, archery, trail biking, karate, wrestling"),
    ),
    "product": (
        _split("red shoes, a garden chair, a wool blanket, a desk lamp, a blue kettle, a small sofa, running shorts, a phone case, a wooden toy, kitchen knives, a rain jacket, a bread knife, an electric kettle, running shoes, wireless earbuds, a garden hose, a coffee grinder, bath towels, a camping stove, an ironing board, hiking socks, a leather wallet, a cast iron pan, printer paper, a picture frame, an office chair, a bicycle helmet, wool blankets, a sewing machine, a travel pillow, a baby monitor, light bulbs, an umbrella stand, a chess set, a rice cooker, reading glasses, a wall clock, a shower curtain, an alarm clock, dog treats, a tool box, a tennis racket, a winter coat, storage boxes, a bookshelf speaker, a cutting board, a sleeping bag, gardening gloves, a laptop stand, an air fryer, a bread bin, guitar strings"),
        _split("a hammock, noise cancelling headphones, a cast iron skillet, a fountain pen, snow goggles, a stainless thermos, a yoga mat, bamboo cutlery"),
        _split("a trampoline, a waterproof backpack, a ceramic teacup, a mechanical keyboard, leather sandals, a folding umbrella, a picnic hamper, scented candles"),
    ),
    "topic": (
        _split("bees, the moon, old maps, gardening, Roman history, chess, trains, cooking, volcanoes, knitting, birds, the sea, the French Revolution, urban planning, deep sea creatures, stoicism, Roman engineering, bread baking, the history of tea, chess openings, climate policy, grief and healing, polar exploration, the space race, behavioral economics, wild mushrooms, Viking trade routes, meditation, lighthouse keepers, the Silk Road, raising teenagers, women in science, bird migration, the opium wars, typography, organic farming, ancient Egypt, personal finance, shipwrecks, the human brain, folk tales, railway architecture, black holes, sign language, the Cold War, watercolor painting, negotiation, lost cities, the gold rush, sleep, wine making, Norse mythology"),
        _split("origami, glaciers, beekeeping, jazz, medieval castles, robotics, mushrooms of Europe, astronomy"),
        _split("calligraphy, earthquakes, winemaking, opera, Viking ships, cryptography, butterflies of Asia, psychology"),
    ),
    "channel": (
        _split("general, sales, random, design, support, news, marketing, help, dev-ops, design-review, lunch-plans, backend, release-notes, hiring, book-club, incidents, sales-leads, frontend, pet-photos, announcements, data-science, finance, office-news, standup, bug-reports, legal, customer-success, wellness, music-share, security, mobile-team, travel, team-social, analytics, on-call, ideas, infra-alerts, onboarding"),
        _split("logistics, watercooler, research-lab, payroll, frontdesk, ops-night"),
        _split("compliance, lunchroom, data-platform, facilities, helpline, night-shift"),
    ),
    "plant": (
        _split("rose, fern, cactus, spider plant, lemon tree, orchid, ivy, palm, tulip, lavender, fiddle leaf fig, rosemary, rubber plant, African violet, cherry tomato, money tree, camellia, Boston fern, mint, Christmas cactus, jasmine, bird of paradise, jade plant, olive tree, philodendron, English ivy, hibiscus, prayer plant, sweet pea, petunia, marigold, dahlia, sage, thyme, peony"),
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


def draw(rng: random.Random, pool: str | tuple[str, ...], json_type: str, part: Part) -> Any:
    """A value for a parameter of `json_type`: one of the values `pool`, or of `part` of the pool with that name."""
    if json_type == "array":
        entries = pool if isinstance(pool, tuple) else NAMES[pool][PARTS.index(part)]
        return rng.sample(entries, rng.randint(2, 4))
    if isinstance(pool, tuple):
        return rng.choice(pool)
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
