# ruff: noqa: E501 - tables read best as lines; seeded choices need no secrecy
"""Other names, argument names and descriptions for the tools that train shows: two for each, written by hand.

Half of the train rows offer their tools under an alias, so that a call can only be right if the offered schema was read:
a model that learnt the tools by heart is wrong. It is the data augmentation of Hammer's function masking (Lin et al.,
"Hammer: Robust Function-Calling for On-Device Language Models via Function Masking", arXiv 2410.04587), which puts random
strings in the place of names; here they are names that a tool of another program might have.
"""

import random
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Alias:
    """What a tool is called instead; `arguments` maps its own argument names to others, those left out stay."""

    name: str
    description: str
    arguments: dict[str, str]


def _alias(name: str, description: str, arguments: str) -> Alias:
    return Alias(name, description, dict(pair.split("=") for pair in arguments.split()))


ALIASES: dict[str, tuple[Alias, Alias]] = {
    "get_forecast": (
        _alias("weather_outlook", "What the weather will be like in a town.", "city=town days=horizon_days unit=scale"),
        _alias("fetchForecast", "Rain, sun and warmth of the coming days in a place.", "city=place days=daysAhead unit=temperatureUnit")),
    "book_table": (
        _alias("reserve_dinner", "Get seats for a meal in a restaurant.", "restaurant=venue guests=party_size date=on_date time=at_hour"),
        _alias("restaurant.reserve", "Make a restaurant reservation for a group.", "guests=seats date=visit_day time=visit_time")),
    "send_email": (
        _alias("compose_mail", "Write a mail and send it off.", "to=recipient subject=subject_line body=message"),
        _alias("mailer.send", "Let a mail go out to somebody.", "to=address subject=headline body=content")),
    "create_reminder": (
        _alias("remember_todo", "Remind the user of something to do.", "task=todo date=due_date time=due_time"),
        _alias("addReminder", "Keep a note that reminds of a task later.", "task=what date=onDay time=atTime")),
    "convert_currency": (
        _alias("exchange_money", "What a sum is worth in other money.", "amount=sum source=from_currency target=to_currency"),
        _alias("currencyRate", "Exchange one currency for another.", "amount=value source=base target=quote")),
    "play_song": (
        _alias("start_music", "Start a piece of music.", "title=song artist=singer volume=loudness"),
        _alias("player.playTrack", "Let the music player play a track.", "title=track artist=performer volume=level")),
    "order_pizza": (
        _alias("pizza_delivery", "Have a pizza made and brought.", "size=pizza_size toppings=extras address=deliver_to"),
        _alias("buyPizza", "Buy a pizza from the pizzeria.", "size=format toppings=ingredients address=destination")),
    "find_flights": (
        _alias("plane_search", "Look for planes from one city to another.", "origin=from_city destination=to_city date=travel_day nonstop=direct"),
        _alias("flights.lookup", "List the flights on a day of travel.", "origin=departure destination=goal date=flyOn nonstop=directOnly")),
    "track_parcel": (
        _alias("parcel_status", "How far a package has come.", "tracking_number=parcel_id carrier=shipper"),
        _alias("locateShipment", "Locate a package on its way.", "tracking_number=shipmentNumber carrier=deliveryService")),
    "set_thermostat": (
        _alias("heat_room", "Warm up a room or cool it down.", "room=which_room temperature=degrees"),
        _alias("climate.set", "Set how warm a room shall be.", "room=area temperature=targetDegrees")),
    "switch_light": (
        _alias("lamp_control", "Control the lights of a room.", "room=lamp_room on=turned_on brightness=dim_level"),
        _alias("lights.toggle", "Light a room or make it dark.", "room=location on=lit brightness=brightnessPercent")),
    "add_to_list": (
        _alias("note_groceries", "Write groceries on a list.", "items=groceries list_name=which_list"),
        _alias("shoppingList.append", "Put things on the list of what to buy.", "items=entries list_name=listTitle")),
    "find_recipe": (
        _alias("suggest_dish", "What can be cooked from some food.", "ingredients=available max_minutes=time_limit vegetarian=meatless"),
        _alias("recipeSearch", "Look for dishes to cook with what is at hand.", "ingredients=foods max_minutes=maxCookingTime vegetarian=noMeat")),
    "translate_text": (
        _alias("say_in_language", "Say a text in a foreign language.", "text=phrase language=target_language"),
        _alias("translator.run", "Turn words into another language.", "text=original language=into")),
    "get_stock_price": (
        _alias("share_quote", "What a share costs at the moment.", "symbol=ticker currency=in_currency"),
        _alias("stocks.price", "Price of a stock on the market.", "symbol=stock currency=shownIn")),
    "book_hotel": (
        _alias("reserve_stay", "Find a bed in a hotel for some nights.", "city=town check_in=from_day nights=night_count breakfast=with_breakfast"),
        _alias("hotelBooking", "Make a booking at a hotel.", "city=where check_in=checkInDate nights=stayNights breakfast=breakfastIncluded")),
    "log_workout": (
        _alias("save_exercise", "Keep a record of some exercise.", "activity=exercise minutes=duration_minutes distance_km=kilometers"),
        _alias("trackTraining", "Note down how a training went.", "activity=training minutes=lasted distance_km=distance")),
    "schedule_meeting": (
        _alias("arrange_session", "Plan a meeting with other people.", "title=session_name attendees=participants date=session_day time=begins_at"),
        _alias("calendar.create", "Make an entry in the calendar that others join.", "title=eventName attendees=people date=day time=hour")),
    "call_taxi": (
        _alias("request_cab", "Send a cab to somebody.", "pickup=from_address destination=to_address passengers=riders"),
        _alias("taxi.order", "Have a taxi come to an address.", "pickup=startPoint destination=dropOff passengers=seatsNeeded")),
    "search_products": (
        _alias("shop_lookup", "Find things that an online shop sells.", "query=wanted max_price=price_limit sort=order_by"),
        _alias("productSearch", "Search a web store for goods.", "query=searchText max_price=upTo sort=sortedBy")),
    "cancel_order": (
        _alias("revoke_purchase", "Call off something that was ordered.", "order_id=order_number reason=why"),
        _alias("orders.cancel", "Take back an order that was placed.", "order_id=number reason=explanation")),
    "roll_dice": (
        _alias("throw_dice", "Throw some dice and show the numbers.", "count=dice_count sides=faces"),
        _alias("diceRoller", "Get a random roll of dice.", "count=howMany sides=sidesEach")),
    "calculate_tip": (
        _alias("tip_amount", "How much to tip on a bill.", "bill=total percent=tip_rate people=shared_by"),
        _alias("tipCalculator", "Add a tip and share the bill.", "bill=billAmount percent=tipPercent people=persons")),
    "search_books": (
        _alias("library_catalogue", "Look up which books a library has.", "author=writer topic=about language=written_in"),
        _alias("books.find", "Find something to read in the library.", "author=by topic=subject language=bookLanguage")),
    "set_alarm": (
        _alias("wake_up_call", "Wake somebody at an hour.", "time=wake_time label=alarm_name repeat=how_often"),
        _alias("alarmClock.add", "Let the clock ring as an alarm.", "time=ringAt label=title repeat=repetition")),
    "post_message": (
        _alias("write_in_channel", "Tell something to everybody in a channel.", "channel=channel_name text=content urgent=important"),
        _alias("chat.send", "Send words to a chat of the team.", "channel=group text=message urgent=highPriority")),
    "rent_car": (
        _alias("hire_vehicle", "Get a rental car for some days.", "city=pickup_city days=rental_days category=car_class driver=driven_by"),
        _alias("carRental", "Hire a car at a rental desk.", "city=pickupPlace days=dayCount category=vehicleType driver=driverName")),
    "check_visa": (
        _alias("visa_requirement", "Whether a passport is enough to enter a country.", "nationality=passport country=travel_to stay_days=length_of_stay"),
        _alias("travel.visaRules", "Find out about visas for a trip.", "nationality=citizenship country=destinationCountry stay_days=daysThere")),
    "plant_care": (
        _alias("care_tips", "How to look after a plant.", "plant=plant_kind location=stands"),
        _alias("greenThumb.advice", "Tell when a plant needs water.", "plant=species location=site")),
    "pay_invoice": (
        _alias("settle_bill", "Settle a bill that is due.", "invoice=bill_number amount=sum_due account=from_account"),
        _alias("payments.transfer", "Transfer money for an invoice.", "invoice=invoiceNumber amount=total account=payFrom")),
}  # fmt: skip


def aliased(rng: random.Random, row: dict[str, Any]) -> dict[str, Any]:
    """`row` with every offered tool under one of its aliases: in the schemas, in the calls and at their results."""
    chosen = {tool["function"]["name"]: rng.choice(ALIASES[tool["function"]["name"]]) for tool in row["tools"]}
    schemas = []
    for tool in row["tools"]:
        alias, parameters = chosen[tool["function"]["name"]], tool["function"]["parameters"]
        renamed = parameters | {
            "properties": {alias.arguments.get(key, key): value for key, value in parameters["properties"].items()},
            "required": [alias.arguments.get(key, key) for key in parameters["required"]],
        }
        function = {"name": alias.name, "description": alias.description, "parameters": renamed}
        schemas.append(tool | {"function": function})
    return row | {"messages": [_renamed(message, chosen) for message in row["messages"]], "tools": schemas}


def _renamed(message: dict[str, Any], chosen: dict[str, Alias]) -> dict[str, Any]:
    if message["role"] == "tool":
        return message | {"name": chosen[message["name"]].name}
    calls = []
    for call in message.get("tool_calls", ()):
        alias = chosen[call["function"]["name"]]
        arguments = {alias.arguments.get(key, key): value for key, value in call["function"]["arguments"].items()}
        calls.append(call | {"function": {"name": alias.name, "arguments": arguments}})
    return message | ({"tool_calls": calls} if calls else {})
