# ruff: noqa: E501 - tables read best as lines; seeded choices need no secrecy
"""The tools of the embedded dataset: schemas, and sentences that ask for them. Everyday domains, 1 to 4 parameters.

A sentence holds slots: `{city}` is a value drawn for that parameter, `{lid:with a lid|without}` a boolean said in words. A parameter whose slot is missing isn't given in the call. Of each tool's sentences those in `new`
are kept for the test split.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Spec:
    """A tool, how people ask for it, and from which pool each slot's value comes."""

    name: str
    description: str
    properties: dict[str, dict[str, Any]]
    required: tuple[str, ...]
    pools: dict[str, str]
    asks: tuple[str, ...]
    new: tuple[str, ...] = ()
    result: str = ""
    """The tool's answer and what is said about it, `JSON => sentence`; slots are filled in both. Empty: none."""

    @property
    def parameters(self) -> dict[str, Any]:
        """JSON Schema of the arguments."""
        return {"type": "object", "properties": self.properties, "required": list(self.required)}


def _spec(name: str, description: str, parameters: str, asks: str, new: str = "", result: str = "") -> Spec:
    """A tool from lines: `name!: type pool - description`; `!` marks what is required, `a|b` is an enum."""
    properties: dict[str, dict[str, Any]] = {}
    required: list[str] = []
    pools: dict[str, str] = {}
    for line in _lines(parameters):
        head, _, about = line.partition(" - ")
        key, _, kind = head.partition(": ")
        argument = key.rstrip("!")
        schema: dict[str, Any]
        if "|" in kind:
            schema = {"type": "string", "enum": kind.split("|")}
            pools[argument] = "enum"
        else:
            json_type, _, pool = kind.partition(" ")
            schema = {"type": json_type}
            if json_type == "array":
                schema["items"] = {"type": "integer" if pool.startswith("whole") else "string"}
            pools[argument] = pool
        if about:
            schema["description"] = about
        properties[argument] = schema
        if key.endswith("!"):
            required.append(argument)
    return Spec(name, description, properties, tuple(required), pools, _lines(asks), _lines(new), result)


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.strip().splitlines() if line.strip())


SEEN = (
    _spec("get_forecast", "Weather forecast for a city.",
          "city!: string city - Name of the city\ndays: integer days - How many days ahead\nunit: celsius|fahrenheit",
          """What's the weather going to be like in {city}?
             Will it rain in {city} during the next {days} days?
             Forecast for {city} in {unit}, please.
             I'm travelling to {city} soon, how warm does it get there over {days} days? Use {unit}.""",
          """Do I need an umbrella in {city}?
             Weather outlook for {city} for {days} days in {unit}""",
          '{"sky": "sunny", "high": 21} => It will be sunny with a high of 21 degrees.'),
    _spec("book_table", "Reserve a table at a restaurant.",
          "restaurant!: string restaurant - Name of the restaurant\nguests!: integer people - Number of guests\ndate!: string date - Day, YYYY-MM-DD\ntime: string time - Hour, HH:MM",
          """Book a table at {restaurant} for {guests} people on {date}.
             We are {guests} and want to eat at {restaurant} on {date} at {time}, can you reserve?
             Reserve at {restaurant} on {date} at {time} for a party of {guests}.
             I need a table for {guests} at {restaurant}, date {date}.""",
          """Dinner at {restaurant} for {guests} on {date} at {time}, please get us a table.
             Could we have a table for {guests} guests at {restaurant} on {date}?""",
          '{"status": "confirmed"} => Your table at {restaurant} is confirmed.'),
    _spec("send_email", "Send an email message.",
          "to!: string email - Address of the recipient\nsubject!: string title - Subject line\nbody: string note - Text of the message",
          """Send an email to {to} with the subject "{subject}".
             Write to {to}, subject "{subject}", and say "{body}".
             Email {to}: subject "{subject}", text "{body}".
             Drop a mail with the subject "{subject}" to {to}""",
          """Please mail {to} about "{subject}" and tell them "{body}".
             An email should go to {to}, the subject line is "{subject}".""",
          '{"sent": true} => I have sent your email to {to}.'),
    _spec("create_reminder", "Set a reminder for a task.",
          "task!: string task - What to remember\ndate: string date - Day, YYYY-MM-DD\ntime: string time - Hour, HH:MM",
          """Remind me to {task} at {time}.
             Set a reminder for {date}: {task}.
             Don't let me forget to {task} on {date} at {time}.
             I have to {task}, please remind me.""",
          """On {date} at {time} I must {task}, can you give me a reminder?
             Make a reminder to {task} on {date}""",
          '{"saved": true} => Okay, I will remind you to {task}.'),
    _spec("convert_currency", "Convert an amount of money to another currency.",
          "amount!: number money - Amount to convert\nsource!: USD|EUR|GBP|JPY|CHF\ntarget!: USD|EUR|GBP|JPY|CHF",
          """How much is {amount} {source} in {target}?
             Convert {amount} {source} to {target}.
             I have {amount} {source}, what do I get for it in {target}?
             Change {amount} from {source} into {target}""",
          """What would {amount} {source} be worth in {target}?
             Exchange {amount} {source} to {target} please"""),
    _spec("play_song", "Play a song by an artist.",
          "title!: string title - Title of the song\nartist: string person - Who sings it\nvolume: integer percent - Loudness from 0 to 100",
          """Play "{title}" by {artist}.
             Put on the song "{title}".
             I'd like to hear "{title}" from {artist} at volume {volume}.
             Play the track "{title}" at volume {volume}""",
          """Can you start the song "{title}" by {artist}?
             Let me listen to "{title}", volume {volume}."""),
    _spec("order_pizza", "Order a pizza with toppings.",
          "size!: small|medium|large\ntoppings!: array foods - What goes on it\naddress: string address - Where to deliver",
          """I want a {size} pizza with {toppings}.
             Order one {size} pizza, toppings {toppings}, to {address}.
             Get me a {size} pizza with {toppings} delivered to {address}.
             Hungry! A {size} pizza topped with {toppings} please""",
          """Can I have a pizza, size {size}, with {toppings} on it?
             Send a {size} pizza with {toppings} to {address}.""",
          '{"eta_minutes": 35} => Your {size} pizza will arrive in 35 minutes.'),
    _spec("find_flights", "Search flights between two cities.",
          "origin!: string city - City of departure\ndestination!: string city - City of arrival\ndate!: string date - Day of travel, YYYY-MM-DD\nnonstop: boolean - Only direct flights",
          """Find flights from {origin} to {destination} on {date}.
             I need to fly from {origin} to {destination} on {date}{nonstop:, nonstop only|, stops are okay}.
             What flights leave {origin} for {destination} on {date}?
             Search a plane to {destination} from {origin}, {date}""",
          """Which planes go from {origin} to {destination} on {date}?
             Look for flights on {date}, {origin} to {destination}{nonstop:, only direct ones|, with stops is fine}."""),
    _spec("track_parcel", "Find out where a parcel is.",
          "tracking_number!: string code - Number of the parcel\ncarrier: string company - Who delivers it",
          """Where is my parcel {tracking_number}?
             Track package {tracking_number} from {carrier}.
             {carrier} should have brought my parcel {tracking_number}, where is it?
             Check the delivery with tracking number {tracking_number}""",
          """My package has the number {tracking_number}, has it moved?
             Can you see where parcel {tracking_number} by {carrier} is?""",
          '{"place": "depot", "days_left": 2} => Your parcel is at the depot and needs 2 more days.'),
    _spec("set_thermostat", "Change the temperature of a room.",
          "room!: string room - Which room\ntemperature!: number degrees - Degrees wanted",
          """Set the {room} to {temperature} degrees.
             It's cold in the {room}, make it {temperature} degrees.
             Heat the {room} up to {temperature} degrees please.
             Thermostat in the {room}: {temperature} degrees""",
          """I want {temperature} degrees in the {room}.
             Turn the thermostat of the {room} to {temperature}.""",
          '{"ok": true} => The {room} is set to {temperature} degrees.'),
    _spec("switch_light", "Turn a lamp on or off.",
          "room!: string room - Which room\non!: boolean - True for on\nbrightness: integer percent - Brightness in percent",
          """Turn {on:on|off} the light in the {room}.
             Lights {on:on|off} in the {room}, please.
             Switch the {room} lamp {on:on|off}.
             Put the {room} light {on:on|off} at {brightness} percent brightness.""",
          """Can you switch {on:on|off} the lights of the {room}?
             The light in the {room} should be {on:on|off}."""),
    _spec("add_to_list", "Add items to a shopping list.",
          "items!: array foods - Things to buy\nlist_name: string title - Name of the list",
          """Add {items} to my shopping list.
             I need to buy {items}, put them on the list "{list_name}".
             Put {items} on the shopping list.
             We are out of {items}, add that to the list "{list_name}".""",
          """Please write {items} on my shopping list.
             On the list "{list_name}" we still need {items}, add them.""",
          '{"count": 9} => Done, your list now has 9 items.'),
    _spec("find_recipe", "Find a recipe that uses given ingredients.",
          "ingredients!: array foods - What is at hand\nmax_minutes: integer minutes - Longest cooking time\nvegetarian: boolean - Only without meat",
          """What can I cook with {ingredients}?
             Find a recipe with {ingredients} that takes at most {max_minutes} minutes.
             I have {ingredients} at home, any recipe{vegetarian: without meat|, meat is fine}?
             Recipe ideas for {ingredients}, {max_minutes} minutes at most""",
          """Which dish can I make from {ingredients} in {max_minutes} minutes?
             Suggest a recipe for {ingredients}{vegetarian:, vegetarian only|, it may have meat}."""),
    _spec("translate_text", "Translate a text to another language.",
          "text!: string note - Text to translate\nlanguage!: string language - Target language",
          """Translate "{text}" to {language}.
             How do I say "{text}" in {language}?
             What is "{text}" in {language}?
             Put "{text}" into {language} for me""",
          """I need the {language} for "{text}".
             Could you translate this into {language}: "{text}"?"""),
    _spec("get_stock_price", "Current price of a share.",
          "symbol!: string ticker - Ticker symbol\ncurrency: USD|EUR|GBP",
          """What is the share price of {symbol}?
             How is {symbol} trading right now?
             Give me the stock price of {symbol} in {currency}.
             Price of one {symbol} share in {currency}?""",
          """How much does a share of {symbol} cost in {currency}?
             Check the stock {symbol} for me.""",
          '{"price": 88} => One share of {symbol} costs 88.'),
    _spec("book_hotel", "Book a hotel room in a city.",
          "city!: string city - Where to stay\ncheck_in!: string date - First night, YYYY-MM-DD\nnights!: integer days - Number of nights\nbreakfast: boolean - Whether breakfast is included",
          """Book a hotel in {city} from {check_in} for {nights} nights.
             I need a hotel room in {city}, arriving {check_in}, {nights} nights, {breakfast:with breakfast|without breakfast}.
             Get me a hotel in {city} for {nights} nights starting {check_in}.
             Hotel in {city}, check in {check_in}, {nights} nights, {breakfast:breakfast included|no breakfast}""",
          """We will stay {nights} nights in {city} from {check_in}, book us a hotel room.
             Find me a hotel room in {city} on {check_in} for {nights} nights {breakfast:with breakfast|without breakfast}.""",
          '{"booked": true} => Your hotel in {city} is booked for {nights} nights.'),
    _spec("log_workout", "Record a workout.",
          "activity!: string sport - Kind of exercise\nminutes!: integer minutes - How long it took\ndistance_km: number km - Distance in km",
          """Log {minutes} minutes of {activity}.
             I did {activity} for {minutes} minutes and covered {distance_km} km, record it.
             Record my workout: {activity}, {minutes} minutes.
             Today I did {minutes} minutes of {activity} over {distance_km} km, please log that""",
          """Note a workout of {minutes} minutes {activity}.
             Add {activity} to my workouts: {minutes} minutes, {distance_km} km.""",
          '{"week_total": 120} => Logged. That makes 120 minutes this week.'),
    _spec("schedule_meeting", "Put a meeting into the calendar.",
          "title!: string title - Name of the meeting\nattendees!: array people - Who takes part\ndate!: string date - Day, YYYY-MM-DD\ntime: string time - Hour, HH:MM",
          """Schedule a meeting "{title}" with {attendees} on {date}.
             Set up the meeting "{title}" on {date} at {time} with {attendees}.
             {attendees} and I need to meet on {date}, call it "{title}".
             Plan a meeting with {attendees} on {date} at {time}, title "{title}\"""",
          """Put "{title}" with {attendees} into my calendar for {date}.
             I'd like a meeting on {date} at {time} with {attendees} named "{title}".""",
          '{"ok": true} => The meeting is in your calendar for {date}.'),
    _spec("call_taxi", "Order a taxi.",
          "pickup!: string address - Where it picks you up\ndestination: string address - Where it goes\npassengers: integer people - How many ride",
          """Call a taxi to {pickup}.
             I need a cab from {pickup} to {destination}.
             Order a taxi for {passengers} people at {pickup}.
             Taxi please, from {pickup} to {destination}, {passengers} passengers""",
          """Send a cab to {pickup} for {passengers} of us.
             Can a taxi take me from {pickup} to {destination}?""",
          '{"minutes": 6} => Your taxi comes to {pickup} in 6 minutes.'),
    _spec("search_products", "Search an online shop.",
          "query!: string product - What to look for\nmax_price: number money - Highest price\nsort: price|rating|newest",
          """Search the shop for {query}.
             I'm looking for {query} under {max_price} dollars.
             Show me {query} sorted by {sort}.
             Find {query} for at most {max_price}, sort by {sort}""",
          """Does the shop have {query} below {max_price} dollars?
             I want to buy {query}, order the results by {sort}."""),
    _spec("cancel_order", "Cancel an order in the shop.",
          "order_id!: string code - Number of the order\nreason: string note - Why it is cancelled",
          """Cancel my order {order_id}.
             Please stop order {order_id}, the reason is "{reason}".
             I don't want order {order_id} any more.
             Order {order_id} has to be cancelled because "{reason}\"""",
          """Call off order {order_id} please.
             I changed my mind about order {order_id}, cancel it with the reason "{reason}".""",
          '{"cancelled": true} => Order {order_id} is cancelled.'),
    _spec("roll_dice", "Roll dice.",
          "count!: integer small - How many dice\nsides: integer sides - Sides of each die",
          """Roll {count} dice.
             Throw {count} dice with {sides} sides.
             Please roll {count} dice, {sides} sides each.
             I need a roll of {count} dice""",
          """Throw {count} dice for me.
             Let's roll {count} dice that have {sides} sides."""),
    _spec("calculate_tip", "Work out the tip for a bill.",
          "bill!: number money - Amount on the bill\npercent!: integer percent - Tip in percent\npeople: integer people - Number of people who share",
          """What is a {percent} percent tip on {bill}?
             The bill is {bill}, how much is {percent} percent tip?
             Split a bill of {bill} with {percent} percent tip between {people} people.
             Tip of {percent} percent on {bill} for {people} people""",
          """We pay {bill}, work out the tip at {percent} percent.
             How much tip is {percent} percent of {bill} when {people} people share?"""),
    _spec("search_books", "Search the catalogue of a library.",
          "author: string person - Who wrote it\ntopic!: string topic - What it is about\nlanguage: string language - Language of the book",
          """Are there books about {topic} in the library?
             Find library books on {topic} by {author}.
             I'd like to read something about {topic} in {language}.
             Search the library for {topic}, author {author}""",
          """Has the library got anything on {topic}?
             Look up books about {topic} written by {author} in {language}."""),
    _spec("set_alarm", "Set an alarm clock.",
          "time!: string time - Hour, HH:MM\nlabel: string title - Name of the alarm\nrepeat: once|daily|weekly",
          """Wake me up at {time}.
             Set an alarm for {time} named "{label}".
             Alarm at {time}, repeat {repeat}.
             I need a {repeat} alarm at {time} called "{label}".""",
          """I have to get up at {time}, set the alarm.
             Ring the alarm at {time} {repeat}, label "{label}".""",
          '{"set": true} => Your alarm rings at {time}.'),
    _spec("post_message", "Write a message into a team channel.",
          "channel!: string channel - Name of the channel\ntext!: string note - What to write\nurgent: boolean - Marks it as urgent",
          """Post "{text}" in the channel {channel}.
             Tell the {channel} channel "{text}".
             Write "{text}" to channel {channel}, {urgent:it is urgent|it is not urgent}.
             Message for {channel}: "{text}\"""",
          """Let everybody in {channel} know: "{text}".
             Put "{text}" into the {channel} channel, {urgent:mark it urgent|not urgent}."""),
    _spec("rent_car", "Rent a car.",
          "city!: string city - Where to pick it up\ndays!: integer days - Number of days\ncategory: compact|suv|van\ndriver: string person - Name of the driver",
          """Rent a car in {city} for {days} days.
             I need a {category} rental car in {city} for {days} days.
             Get a rental car in {city} for {days} days, the driver is {driver}.
             Hire a {category} in {city}, {days} days, driver {driver}""",
          """We want to hire a {category} car in {city} for {days} days.
             Car rental in {city}: {days} days, driven by {driver}."""),
    _spec("check_visa", "Tell whether a traveller needs a visa.",
          "nationality!: string nation - Passport of the traveller\ncountry!: string country - Where to go\nstay_days: integer days - Length of the stay",
          """Does a {nationality} citizen need a visa for {country}?
             I have a {nationality} passport and go to {country} for {stay_days} days, do I need a visa?
             Visa rules for {country} with a {nationality} passport?
             Check if {nationality} people need a visa for {stay_days} days in {country}""",
          """My passport is {nationality}, is a visa needed for {country}?
             Going to {country} for {stay_days} days on a {nationality} passport: visa or not?"""),
    _spec("plant_care", "Watering advice for a plant.",
          "plant!: string plant - Kind of plant\nlocation: indoor|outdoor",
          """How often should I water my {plant}?
             My {plant} looks sad, give me care advice.
             Care tips for an {location} {plant}.
             How do I look after a {plant}? It is {location}.""",
          """When does a {plant} need water?
             Tell me how to care for my {location} {plant}."""),
    _spec("pay_invoice", "Pay an invoice from an account.",
          "invoice!: string code - Invoice number\namount!: number money - Sum to pay\naccount: savings|checking|business",
          """Pay invoice {invoice} over {amount} dollars.
             Please settle invoice {invoice}, {amount}, from my {account} account.
             Transfer {amount} for invoice {invoice}.
             Invoice {invoice} is due, pay {amount} from {account}""",
          """Can you pay the {amount} for invoice {invoice}?
             Use the {account} account to pay {amount} on invoice {invoice}.""",
          '{"paid": true} => Invoice {invoice} is paid.'),
)  # fmt: skip

VALIDATION = (
    _spec("register_pet", "Register a pet at the vet.",
          "pet_name!: string petname - Name of the animal\nspecies!: dog|cat|rabbit\nage: integer days - Age in years",
          """Register my {species} {pet_name} at the vet.
             New pet at the vet: {pet_name}, a {species} of {age} years.
             I got a {species} called {pet_name} that is {age} years old, please register it."""),
    _spec("report_pothole", "Report damage to a road.",
          "street!: string address - Where it is\nseverity: low|medium|high\ndepth_cm: number km - How deep it is",
          """There is a pothole at {street}, report it.
             Report road damage at {street}, severity {severity}.
             A hole in the road near {street}, {depth_cm} cm deep, please report."""),
    _spec("start_timer", "Start a countdown.",
          "seconds!: integer minutes - Length in seconds\nlabel: string title - What it is for",
          """Start a timer of {seconds} seconds.
             Countdown of {seconds} seconds for "{label}".
             Timer please: {seconds} seconds, call it "{label}\""""),
    _spec("invite_guests", "Send invitations to a party.",
          "guests!: array people - Who is invited\nplace!: string city - Where it is\ntheme: string topic - Motto of the party",
          """Invite {guests} to my party in {place}.
             Send party invitations to {guests}, it is in {place} and the theme is {theme}.
             The party is in {place}, invite {guests}."""),
)  # fmt: skip

UNSEEN = (
    _spec("open_support_case", "Open a case with technical support.",
          "product!: string device - Device that fails\nproblem!: string note - What goes wrong\nimpact: minor|major|critical",
          """My {product} fails, open a support case: "{problem}".
             Open a technical support case for the {product}, problem "{problem}", {impact}.
             Support case please. Product {product}, the problem is "{problem}".
             I have a {impact} problem with the {product}: "{problem}". Open a case with support."""),
    _spec("reserve_court", "Reserve a court at the sports club.",
          "sport!: tennis|squash|badminton\nplay_date!: string date - Day to play, YYYY-MM-DD\nstart!: string time - When it starts, HH:MM",
          """Reserve a {sport} court on {play_date} at {start}.
             We want to play {sport} on {play_date} at {start}, reserve a court.
             Is a court free for {sport}? Take it for {play_date}, start {start}.
             {sport} court at the club, {play_date}, {start}"""),
    _spec("donate", "Give money to a charity.",
          "charity!: string charity - Name of the charity\ngift!: number money - Sum in dollars\nmonthly: boolean - Repeat every month",
          """Donate {gift} dollars to the charity {charity}.
             I'd like to give {gift} to {charity}{monthly: every month| just once}.
             Give {charity} a donation of {gift} dollars.
             Money for the charity {charity}: {gift}, {monthly:repeat it every month|only once}"""),
    _spec("lookup_word", "Look up a word in a dictionary.",
          "word!: string rareword - Word to look up\nshow_examples: boolean - Add example sentences",
          """What does the word {word} mean?
             Look up {word} in the dictionary.
             Look up the word {word} {show_examples:with example sentences|without example sentences}.
             Dictionary entry for {word}, please"""),
    _spec("log_expense", "Record an expense of a business trip.",
          "item!: string purchase - What was bought\ncost!: number money - What it cost\ntrip_code: string code - Code of the trip",
          """Record an expense: {item} for {cost}.
             I bought {item} on my business trip, it cost {cost}, log the expense under trip {trip_code}.
             Add {item} to my expenses, cost {cost}.
             Expense for trip {trip_code}: {item}, {cost}"""),
    _spec("water_garden", "Run the sprinklers in a part of the garden.",
          "zone!: string zone - Part of the garden\nliters: integer minutes - Amount of water\nstart_time: string time - When to begin, HH:MM",
          """Water the {zone} in the garden.
             Run the sprinklers at the {zone} at {start_time}.
             The {zone} is dry, give it {liters} liters of water.
             Sprinklers for the {zone}, start at {start_time}, {liters} liters"""),
    _spec("hire_tutor", "Find a tutor for a school subject.",
          "school_subject!: string subject - What to learn\ngrade: integer grade - School year\nonline: boolean - Lessons over video",
          """Find a tutor for {school_subject}.
             My son needs a {school_subject} tutor, he is in grade {grade}.
             I'm looking for somebody to tutor {school_subject}, {online:online|not online}.
             {school_subject} tutor for grade {grade}, {online:lessons online|no online lessons}"""),
    _spec("measure_route", "Distance of a walk through several stops.",
          "stops!: array city - Places in order\nmode: walking|cycling",
          """How long is the route through {stops}?
             Measure the {mode} route over {stops}.
             What is the distance if I visit the stops {stops}?
             Route length for {stops} by {mode}"""),
    _spec("request_leave", "Ask the company for days off work.",
          "first_day!: string date - Start of the leave, YYYY-MM-DD\nlast_day!: string date - End of the leave, YYYY-MM-DD\nkind: vacation|sick|parental",
          """I want days off work from {first_day} to {last_day}.
             Request {kind} leave from {first_day} until {last_day}.
             Ask for leave starting {first_day} and ending {last_day}.
             Please request my {kind} leave: first day {first_day}, last day {last_day}"""),
    _spec("mix_color", "Mix paint from base colors.",
          "colors!: array shade - Base colors\namount_ml!: integer minutes - Amount in ml",
          """Mix {amount_ml} ml of paint from {colors}.
             I need {amount_ml} ml of a color made of {colors}.
             Blend the colors {colors}, {amount_ml} ml.
             Paint mix: {colors}, amount {amount_ml} ml"""),
    _spec("buy_museum_pass", "Buy museum passes.",
          "museum!: string museum - Name of the museum\nadults!: integer people - Number of adults\nchildren: integer people - Number of children",
          """Buy passes for the {museum} museum, {adults} adults.
             We want to see the {museum} museum, {adults} adults and {children} children, buy passes.
             Museum passes for {museum}: {adults} adults, {children} children.
             I need {adults} adult passes to the museum {museum}."""),
    _spec("check_tides", "Times of high and low tide at a harbor.",
          "harbor!: string harbor - Name of the harbor\nday!: string date - Day, YYYY-MM-DD",
          """When is high tide in {harbor} on {day}?
             Tide times for the harbor {harbor} on {day}.
             I sail from {harbor} on {day}, check the tides.
             Low tide at {harbor}, {day}?"""),
    _spec("print_badge", "Print a name badge for a visitor.",
          "visitor!: string person - Name on the badge\norganization: string company - Where the visitor works\ncopies: integer people - How many badges",
          """Print a badge for the visitor {visitor}.
             {visitor} from {organization} visits us, print a name badge.
             I need {copies} badges for {visitor}.
             Visitor badge: {visitor}, {organization}, {copies} copies"""),
    _spec("lend_tool", "Borrow equipment from the neighborhood workshop.",
          "equipment!: string equipment - What to borrow\nborrower!: string person - Who borrows it\nreturn_by: string date - Day it comes back, YYYY-MM-DD",
          """{borrower} wants to borrow the {equipment} from the workshop.
             Borrow a {equipment} for {borrower}, back on {return_by}.
             Can the workshop lend the {equipment} to {borrower}?
             Lend {borrower} the workshop's {equipment} until {return_by}"""),
)  # fmt: skip
