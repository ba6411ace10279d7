# ruff: noqa: E501 - tables read best as lines; seeded choices need no secrecy
"""The tools that train shows: schemas, and sentences that ask for them. Everyday domains, 1 to 4 parameters.

A sentence holds slots: `{city}` is a value drawn for that parameter, `{lid:with a lid|without}` a boolean said in words. A parameter whose slot is missing isn't given in the call. Of each tool's sentences those in `new`
are kept for test_seen. Tools that train never shows stand in `toolgemma.sample.tools_held_out`.
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


def spec(name: str, description: str, parameters: str, asks: str, new: str = "", result: str = "") -> Spec:
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
    spec("get_forecast", "Weather forecast for a city.",
         "city!: string city - Name of the city\ndays: integer days - How many days ahead\nunit: celsius|fahrenheit",
         """What's the weather going to be like in {city}?
            Will it rain in {city} during the next {days} days?
            Forecast for {city} in {unit}, please.
            I'm travelling to {city} soon, how warm does it get there over {days} days? Use {unit}.
            Do I need an umbrella in {city}?
            Weather outlook for {city} for {days} days in {unit}""",
         """Should I take a raincoat to {city}?
            How will the weather turn out in {city} over the coming {days} days, in {unit}?""",
         '{"sky": "sunny", "high": 21} => It will be sunny with a high of 21 degrees.'),
    spec("book_table", "Reserve a table at a restaurant.",
         "restaurant!: string restaurant - Name of the restaurant\nguests!: integer people - Number of guests\ndate!: string date - Day, YYYY-MM-DD\ntime: string time - Hour, HH:MM",
         """Book a table at {restaurant} for {guests} people on {date}.
            We are {guests} and want to eat at {restaurant} on {date} at {time}, can you reserve?
            Reserve at {restaurant} on {date} at {time} for a party of {guests}.
            I need a table for {guests} at {restaurant}, date {date}.
            Dinner at {restaurant} for {guests} on {date} at {time}, please get us a table.
            Could we have a table for {guests} guests at {restaurant} on {date}?""",
         """On {date} {guests} people want to dine at {restaurant}, please reserve a table.
            A table for {guests} at {restaurant} would be nice on {date}, around {time}.""",
         '{"status": "confirmed"} => Your table at {restaurant} is confirmed.'),
    spec("send_email", "Send an email message.",
         "to!: string email - Address of the recipient\nsubject!: string title - Subject line\nbody: string note - Text of the message",
         """Send an email to {to} with the subject "{subject}".
            Write to {to}, subject "{subject}", and say "{body}".
            Email {to}: subject "{subject}", text "{body}".
            Drop a mail with the subject "{subject}" to {to}
            Please mail {to} about "{subject}" and tell them "{body}".
            An email should go to {to}, the subject line is "{subject}".""",
         """Mail {to} for me: the subject is "{subject}" and it should say "{body}".
            I have to email {to}, put "{subject}" in the subject line.""",
         '{"sent": true} => I have sent your email to {to}.'),
    spec("create_reminder", "Set a reminder for a task.",
         "task!: string task - What to remember\ndate: string date - Day, YYYY-MM-DD\ntime: string time - Hour, HH:MM",
         """Remind me to {task} at {time}.
            Set a reminder for {date}: {task}.
            Don't let me forget to {task} on {date} at {time}.
            I have to {task}, please remind me.
            On {date} at {time} I must {task}, can you give me a reminder?
            Make a reminder to {task} on {date}""",
         """Could you remind me on {date} to {task}?
            At {time} on {date} I need to {task}, set a reminder please.""",
         '{"saved": true} => Okay, I will remind you to {task}.'),
    spec("convert_currency", "Convert an amount of money to another currency.",
         "amount!: number money - Amount to convert\nsource!: USD|EUR|GBP|JPY|CHF\ntarget!: USD|EUR|GBP|JPY|CHF",
         """How much is {amount} {source} in {target}?
            Convert {amount} {source} to {target}.
            I have {amount} {source}, what do I get for it in {target}?
            Change {amount} from {source} into {target}
            What would {amount} {source} be worth in {target}?
            Exchange {amount} {source} to {target} please""",
         """If I change {amount} {source}, how much do I get in {target}?
            I'd like {amount} {source} converted into {target}."""),
    spec("play_song", "Play a song by an artist.",
         "title!: string title - Title of the song\nartist: string person - Who sings it\nvolume: integer percent - Loudness from 0 to 100",
         """Play "{title}" by {artist}.
            Put on the song "{title}".
            I'd like to hear "{title}" from {artist} at volume {volume}.
            Play the track "{title}" at volume {volume}
            Can you start the song "{title}" by {artist}?
            Let me listen to "{title}", volume {volume}.""",
         """I feel like listening to "{title}" by {artist}.
            Start playing the song "{title}", set the volume to {volume}."""),
    spec("order_pizza", "Order a pizza with toppings.",
         "size!: small|medium|large\ntoppings!: array foods - What goes on it\naddress: string address - Where to deliver",
         """I want a {size} pizza with {toppings}.
            Order one {size} pizza, toppings {toppings}, to {address}.
            Get me a {size} pizza with {toppings} delivered to {address}.
            Hungry! A {size} pizza topped with {toppings} please
            Can I have a pizza, size {size}, with {toppings} on it?
            Send a {size} pizza with {toppings} to {address}.""",
         """We'd like one {size} pizza topped with {toppings}.
            Please bring a {size} pizza with {toppings} to {address}.""",
         '{"eta_minutes": 35} => Your {size} pizza will arrive in 35 minutes.'),
    spec("find_flights", "Search flights between two cities.",
         "origin!: string city - City of departure\ndestination!: string city - City of arrival\ndate!: string date - Day of travel, YYYY-MM-DD\nnonstop: boolean - Only direct flights",
         """Find flights from {origin} to {destination} on {date}.
            I need to fly from {origin} to {destination} on {date}{nonstop:, nonstop only|, stops are okay}.
            What flights leave {origin} for {destination} on {date}?
            Search a plane to {destination} from {origin}, {date}
            Which planes go from {origin} to {destination} on {date}?
            Look for flights on {date}, {origin} to {destination}{nonstop:, only direct ones|, with stops is fine}.""",
         """I'm looking for a flight to {destination} from {origin} on {date}.
            Are there flights between {origin} and {destination} on {date}{nonstop:, without stops|, stops don't matter}?"""),
    spec("track_parcel", "Find out where a parcel is.",
         "tracking_number!: string code - Number of the parcel\ncarrier: string company - Who delivers it",
         """Where is my parcel {tracking_number}?
            Track package {tracking_number} from {carrier}.
            {carrier} should have brought my parcel {tracking_number}, where is it?
            Check the delivery with tracking number {tracking_number}
            My package has the number {tracking_number}, has it moved?
            Can you see where parcel {tracking_number} by {carrier} is?""",
         """When will parcel {tracking_number} get here?
            Look up the package {tracking_number} that {carrier} is delivering.""",
         '{"place": "depot", "days_left": 2} => Your parcel is at the depot and needs 2 more days.'),
    spec("set_thermostat", "Change the temperature of a room.",
         "room!: string room - Which room\ntemperature!: number degrees - Degrees wanted",
         """Set the {room} to {temperature} degrees.
            It's cold in the {room}, make it {temperature} degrees.
            Heat the {room} up to {temperature} degrees please.
            Thermostat in the {room}: {temperature} degrees
            I want {temperature} degrees in the {room}.
            Turn the thermostat of the {room} to {temperature}.""",
         """Could you warm the {room} to {temperature} degrees?
            Make the temperature in the {room} {temperature} degrees.""",
         '{"ok": true} => The {room} is set to {temperature} degrees.'),
    spec("switch_light", "Turn a lamp on or off.",
         "room!: string room - Which room\non!: boolean - True for on\nbrightness: integer percent - Brightness in percent",
         """Turn {on:on|off} the light in the {room}.
            Lights {on:on|off} in the {room}, please.
            Switch the {room} lamp {on:on|off}.
            Put the {room} light {on:on|off} at {brightness} percent brightness.
            Can you switch {on:on|off} the lights of the {room}?
            The light in the {room} should be {on:on|off}.""",
         """The lamp in the {room} has to be {on:on|off}.
            Please turn the {room} lights {on:on|off}."""),
    spec("add_to_list", "Add items to a shopping list.",
         "items!: array foods - Things to buy\nlist_name: string title - Name of the list",
         """Add {items} to my shopping list.
            I need to buy {items}, put them on the list "{list_name}".
            Put {items} on the shopping list.
            We are out of {items}, add that to the list "{list_name}".
            Please write {items} on my shopping list.
            On the list "{list_name}" we still need {items}, add them.""",
         """Don't forget {items}, they belong on the shopping list.
            My list "{list_name}" is missing {items}, add them please.""",
         '{"count": 9} => Done, your list now has 9 items.'),
    spec("find_recipe", "Find a recipe that uses given ingredients.",
         "ingredients!: array foods - What is at hand\nmax_minutes: integer minutes - Longest cooking time\nvegetarian: boolean - Only without meat",
         """What can I cook with {ingredients}?
            Find a recipe with {ingredients} that takes at most {max_minutes} minutes.
            I have {ingredients} at home, any recipe{vegetarian: without meat|, meat is fine}?
            Recipe ideas for {ingredients}, {max_minutes} minutes at most
            Which dish can I make from {ingredients} in {max_minutes} minutes?
            Suggest a recipe for {ingredients}{vegetarian:, vegetarian only|, it may have meat}.""",
         """What's a good recipe for {ingredients}?
            I want to cook something with {ingredients} in under {max_minutes} minutes{vegetarian:, no meat|, meat is okay}."""),
    spec("translate_text", "Translate a text to another language.",
         "text!: string note - Text to translate\nlanguage!: string language - Target language",
         """Translate "{text}" to {language}.
            How do I say "{text}" in {language}?
            What is "{text}" in {language}?
            Put "{text}" into {language} for me
            I need the {language} for "{text}".
            Could you translate this into {language}: "{text}"?""",
         """What would "{text}" be in {language}?
            Please give me a translation of "{text}" into {language}."""),
    spec("get_stock_price", "Current price of a share.",
         "symbol!: string ticker - Ticker symbol\ncurrency: USD|EUR|GBP",
         """What is the share price of {symbol}?
            How is {symbol} trading right now?
            Give me the stock price of {symbol} in {currency}.
            Price of one {symbol} share in {currency}?
            How much does a share of {symbol} cost in {currency}?
            Check the stock {symbol} for me.""",
         """What are {symbol} shares worth at the moment?
            Tell me what one share of {symbol} costs, in {currency}.""",
         '{"price": 88} => One share of {symbol} costs 88.'),
    spec("book_hotel", "Book a hotel room in a city.",
         "city!: string city - Where to stay\ncheck_in!: string date - First night, YYYY-MM-DD\nnights!: integer days - Number of nights\nbreakfast: boolean - Whether breakfast is included",
         """Book a hotel in {city} from {check_in} for {nights} nights.
            I need a hotel room in {city}, arriving {check_in}, {nights} nights, {breakfast:with breakfast|without breakfast}.
            Get me a hotel in {city} for {nights} nights starting {check_in}.
            Hotel in {city}, check in {check_in}, {nights} nights, {breakfast:breakfast included|no breakfast}
            We will stay {nights} nights in {city} from {check_in}, book us a hotel room.
            Find me a hotel room in {city} on {check_in} for {nights} nights {breakfast:with breakfast|without breakfast}.""",
         """Please find us a hotel in {city}, {nights} nights from {check_in} on.
            I'm staying in {city} for {nights} nights from {check_in}, get me a hotel room {breakfast:with breakfast|without breakfast}.""",
         '{"booked": true} => Your hotel in {city} is booked for {nights} nights.'),
    spec("log_workout", "Record a workout.",
         "activity!: string sport - Kind of exercise\nminutes!: integer minutes - How long it took\ndistance_km: number km - Distance in km",
         """Log {minutes} minutes of {activity}.
            I did {activity} for {minutes} minutes and covered {distance_km} km, record it.
            Record my workout: {activity}, {minutes} minutes.
            Today I did {minutes} minutes of {activity} over {distance_km} km, please log that
            Note a workout of {minutes} minutes {activity}.
            Add {activity} to my workouts: {minutes} minutes, {distance_km} km.""",
         """I just finished {minutes} minutes of {activity}, please log it.
            Put {distance_km} km of {activity} in {minutes} minutes into my workout log.""",
         '{"week_total": 120} => Logged. That makes 120 minutes this week.'),
    spec("schedule_meeting", "Put a meeting into the calendar.",
         "title!: string title - Name of the meeting\nattendees!: array people - Who takes part\ndate!: string date - Day, YYYY-MM-DD\ntime: string time - Hour, HH:MM",
         """Schedule a meeting "{title}" with {attendees} on {date}.
            Set up the meeting "{title}" on {date} at {time} with {attendees}.
            {attendees} and I need to meet on {date}, call it "{title}".
            Plan a meeting with {attendees} on {date} at {time}, title "{title}"
            Put "{title}" with {attendees} into my calendar for {date}.
            I'd like a meeting on {date} at {time} with {attendees} named "{title}".""",
         """Can you arrange a meeting called "{title}" with {attendees} for {date}?
            On {date} at {time} {attendees} should join the meeting "{title}".""",
         '{"ok": true} => The meeting is in your calendar for {date}.'),
    spec("call_taxi", "Order a taxi.",
         "pickup!: string address - Where it picks you up\ndestination: string address - Where it goes\npassengers: integer people - How many ride",
         """Call a taxi to {pickup}.
            I need a cab from {pickup} to {destination}.
            Order a taxi for {passengers} people at {pickup}.
            Taxi please, from {pickup} to {destination}, {passengers} passengers
            Send a cab to {pickup} for {passengers} of us.
            Can a taxi take me from {pickup} to {destination}?""",
         """I'm waiting at {pickup}, get me a taxi.
            We are {passengers} people and need a taxi from {pickup} to {destination}.""",
         '{"minutes": 6} => Your taxi comes to {pickup} in 6 minutes.'),
    spec("search_products", "Search an online shop.",
         "query!: string product - What to look for\nmax_price: number money - Highest price\nsort: price|rating|newest",
         """Search the shop for {query}.
            I'm looking for {query} under {max_price} dollars.
            Show me {query} sorted by {sort}.
            Find {query} for at most {max_price}, sort by {sort}
            Does the shop have {query} below {max_price} dollars?
            I want to buy {query}, order the results by {sort}.""",
         """Can I get {query} in the shop for less than {max_price} dollars?
            I'd like to buy {query}, list what the shop has by {sort}."""),
    spec("cancel_order", "Cancel an order in the shop.",
         "order_id!: string code - Number of the order\nreason: string note - Why it is cancelled",
         """Cancel my order {order_id}.
            Please stop order {order_id}, the reason is "{reason}".
            I don't want order {order_id} any more.
            Order {order_id} has to be cancelled because "{reason}"
            Call off order {order_id} please.
            I changed my mind about order {order_id}, cancel it with the reason "{reason}".""",
         """The order {order_id} is no longer needed, cancel it.
            Please cancel order {order_id} for me, my reason: "{reason}".""",
         '{"cancelled": true} => Order {order_id} is cancelled.'),
    spec("roll_dice", "Roll dice.",
         "count!: integer small - How many dice\nsides: integer sides - Sides of each die",
         """Roll {count} dice.
            Throw {count} dice with {sides} sides.
            Please roll {count} dice, {sides} sides each.
            I need a roll of {count} dice
            Throw {count} dice for me.
            Let's roll {count} dice that have {sides} sides.""",
         """Give me a throw of {count} dice.
            Use dice with {sides} sides and roll {count} of them."""),
    spec("calculate_tip", "Work out the tip for a bill.",
         "bill!: number money - Amount on the bill\npercent!: integer percent - Tip in percent\npeople: integer people - Number of people who share",
         """What is a {percent} percent tip on {bill}?
            The bill is {bill}, how much is {percent} percent tip?
            Split a bill of {bill} with {percent} percent tip between {people} people.
            Tip of {percent} percent on {bill} for {people} people
            We pay {bill}, work out the tip at {percent} percent.
            How much tip is {percent} percent of {bill} when {people} people share?""",
         """If the bill comes to {bill}, what does a {percent} percent tip make?
            There are {people} people for a bill of {bill}, add {percent} percent tip."""),
    spec("search_books", "Search the catalogue of a library.",
         "author: string person - Who wrote it\ntopic!: string topic - What it is about\nlanguage: string language - Language of the book",
         """Are there books about {topic} in the library?
            Find library books on {topic} by {author}.
            I'd like to read something about {topic} in {language}.
            Search the library for {topic}, author {author}
            Has the library got anything on {topic}?
            Look up books about {topic} written by {author} in {language}.""",
         """I want to borrow a book about {topic} from the library.
            Does the library keep books on {topic} in {language} by {author}?"""),
    spec("set_alarm", "Set an alarm clock.",
         "time!: string time - Hour, HH:MM\nlabel: string title - Name of the alarm\nrepeat: once|daily|weekly",
         """Wake me up at {time}.
            Set an alarm for {time} named "{label}".
            Alarm at {time}, repeat {repeat}.
            I need a {repeat} alarm at {time} called "{label}".
            I have to get up at {time}, set the alarm.
            Ring the alarm at {time} {repeat}, label "{label}".""",
         """I want the alarm to wake me at {time}.
            Please set my {repeat} alarm to {time} and name it "{label}".""",
         '{"set": true} => Your alarm rings at {time}.'),
    spec("post_message", "Write a message into a team channel.",
         "channel!: string channel - Name of the channel\ntext!: string note - What to write\nurgent: boolean - Marks it as urgent",
         """Post "{text}" in the channel {channel}.
            Tell the {channel} channel "{text}".
            Write "{text}" to channel {channel}, {urgent:it is urgent|it is not urgent}.
            Message for {channel}: "{text}"
            Let everybody in {channel} know: "{text}".
            Put "{text}" into the {channel} channel, {urgent:mark it urgent|not urgent}.""",
         """Send "{text}" to everyone in the {channel} channel.
            The {channel} channel should read "{text}", {urgent:mark it as urgent|it isn't urgent}."""),
    spec("rent_car", "Rent a car.",
         "city!: string city - Where to pick it up\ndays!: integer days - Number of days\ncategory: compact|suv|van\ndriver: string person - Name of the driver",
         """Rent a car in {city} for {days} days.
            I need a {category} rental car in {city} for {days} days.
            Get a rental car in {city} for {days} days, the driver is {driver}.
            Hire a {category} in {city}, {days} days, driver {driver}
            We want to hire a {category} car in {city} for {days} days.
            Car rental in {city}: {days} days, driven by {driver}.""",
         """I'd like to rent a {category} in {city} for {days} days.
            {driver} needs a rental car for {days} days in {city}."""),
    spec("check_visa", "Tell whether a traveller needs a visa.",
         "nationality!: string nation - Passport of the traveller\ncountry!: string country - Where to go\nstay_days: integer days - Length of the stay",
         """Does a {nationality} citizen need a visa for {country}?
            I have a {nationality} passport and go to {country} for {stay_days} days, do I need a visa?
            Visa rules for {country} with a {nationality} passport?
            Check if {nationality} people need a visa for {stay_days} days in {country}
            My passport is {nationality}, is a visa needed for {country}?
            Going to {country} for {stay_days} days on a {nationality} passport: visa or not?""",
         """Can I enter {country} with a {nationality} passport or do I need a visa?
            For {stay_days} days in {country}, does a {nationality} traveller need a visa?"""),
    spec("plant_care", "Watering advice for a plant.",
         "plant!: string plant - Kind of plant\nlocation: indoor|outdoor",
         """How often should I water my {plant}?
            My {plant} looks sad, give me care advice.
            Care tips for an {location} {plant}.
            How do I look after a {plant}? It is {location}.
            When does a {plant} need water?
            Tell me how to care for my {location} {plant}.""",
         """How do I take care of a {plant}?
            Watering tips please, my {plant} is an {location} plant."""),
    spec("pay_invoice", "Pay an invoice from an account.",
         "invoice!: string code - Invoice number\namount!: number money - Sum to pay\naccount: savings|checking|business",
         """Pay invoice {invoice} over {amount} dollars.
            Please settle invoice {invoice}, {amount}, from my {account} account.
            Transfer {amount} for invoice {invoice}.
            Invoice {invoice} is due, pay {amount} from {account}
            Can you pay the {amount} for invoice {invoice}?
            Use the {account} account to pay {amount} on invoice {invoice}.""",
         """Invoice {invoice} has arrived, please pay {amount} dollars.
            Pay {amount} from the {account} account for invoice {invoice}.""",
         '{"paid": true} => Invoice {invoice} is paid.'),
)  # fmt: skip
