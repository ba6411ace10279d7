# ruff: noqa: E501 - tables read best as lines; seeded choices need no secrecy
"""Word lists of the pre-training text. Names that the test splits use as values are kept out of every list here."""


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _groups(text: str) -> tuple[tuple[str, ...], ...]:
    return tuple(_split(line) for line in text.strip().splitlines())


# Verb groups: the first is how a form describes itself, the rest are how people ask for it.
ACTIONS = _groups("""
book, reserve, arrange, get me
order, ask for, buy, get me
cancel, call off, drop, stop
find, look for, search for, locate, hunt down
check, look at, verify, tell me
send, mail, pass on, forward
create, make, set up, start, open
add, put in, include, append
remove, take out, take off, strike
change, update, modify, switch, adjust
show, display, bring up, let me see, list
count, tally, add up, how many are there of
compare, weigh, put side by side
rent, hire, borrow, lease
repair, fix, mend
clean, wash, tidy, wipe
measure, gauge, size up
convert, turn, change over
compute, calculate, work out, figure out
plan, prepare, organise, schedule
describe, explain, tell me about, sum up
report, tell someone about, flag, note down
print, put on paper, run off
share, hand around, pass around
record, log, write down, keep track of
rate, review, judge, grade
move, shift, relocate, carry
store, keep, save, put away
lock, shut, close, secure
open, unlock, let open
play, put on, start playing
pause, hold, halt
suggest, recommend, propose, think of
sell, offer for sale, get rid of
sign up, register, enrol, join
return, give back, bring back, send back
deliver, ship, drop off, bring
collect, pick up, fetch
assign, give, hand over
approve, accept, okay, sign off on
draw, sketch, paint
inspect, examine, go over
water, sprinkle, give water to
feed, give food to
paint, colour, coat
translate, put into another language, render
fetch, get, retrieve, pull up
estimate, guess, give a rough idea of
choose, pick, select
renew, extend, prolong
look up, search, check on, what is
set, put, turn on, program
track, follow, watch, where is
pay, settle, pay off
transfer, move over, wire
invite, ask over, call in
turn off, shut down, switch off
tell, inform, notify, let know
read, read out, go through
""")

THINGS = _groups("""
film, movie, picture show
car, auto, vehicle
flat, apartment, place to live
house, home, building
bill, invoice, amount due
shop, store, market stall
doctor, physician, medic
lesson, class, course
meal, dinner, something to eat
drink, beverage, something to drink
picture, photo, image
song, track, tune
book, novel, volume
present, gift
trip, journey, travel
job, position, work
street, road, way
parcel, package, box
money, cash, funds
letter, mail, post
child, kid, little one
garden, yard, plants
dress, clothes, outfit
shoes, boots, footwear
phone, mobile, handset
computer, laptop, machine
game, match, play
party, celebration, get-together
appointment, visit, slot
bicycle, bike
boat, ship, ferry
train, railway ride, rail seat
bus, coach
cab, taxi ride
table, dining table, seat at a restaurant
ticket, entry pass, admission
show, performance, concert
museum, gallery, exhibition
pool, swimming lane
gym, fitness hall, workout room
dog, puppy, pet dog
cat, kitten
horse, pony
bird, parrot
fish, aquarium fish
flower, bouquet, blossoms
tree, sapling
recipe, dish, how to cook
bread, loaf, rolls
cake, pie, pastry
coffee, espresso
tea, herbal tea
fruit, apples and pears
vegetables, greens, carrots
meat, steak
cheese, dairy
medicine, pills, drug
tooth, dental care, dentist
hair, haircut, barber
glasses, eyewear, lenses
insurance, policy, cover
loan, credit, lending
account, bank account
tax, duty, levy
salary, wage, pay
price, cost, charge
discount, price cut, coupon
contract, agreement, deal
meeting, conference, talk
file, document, paper
folder, directory
password, secret code, login
printer, printing device
network, internet line, wireless
website, web page, homepage
message, text, note
email, electronic mail
call, ring, phone call
contact, address book entry
calendar, agenda, diary
event, happening, occasion
reminder, memo, nudge
clock, time, hour
watch, wristwatch
lamp, light, bulb
door, gate, entrance
window, pane
heating, radiator, warmth
fan, cooling, fresh air
oven, stove
fridge, refrigerator, cold box
vacuum, dust sucker
laundry, washing
curtain, blinds
sofa, couch
bed, mattress
chair, stool
weather, forecast, rain or sun
storm, wind warning
temperature, degrees, how warm it is
river, stream, water level
mountain, peak, hike
beach, seaside, coast
forest, woods
farm, field, crop
animal, wildlife
star, planet, night sky
map, route, directions
bridge, crossing, tunnel
station, stop, platform
airport, terminal
plane, flight, air trip
hotel, inn, guest house
room, chamber
tent, camp site
passport, travel papers, visa
luggage, suitcase, bags
currency, foreign money, exchange rate
stock, share, equity
news, headlines, latest stories
article, blog post, story
poem, verse
language, tongue
word, term, meaning
number, figure, sum
equation, formula, maths
unit, measurement
colour, shade, paint
sport, training, exercise
team, squad, crew
score, result, standing
player, athlete
race, run, marathon
hospital, clinic, ward
nurse, carer
blood test, lab sample
allergy, intolerance
diet, nutrition, calories
sleep, rest, nap
heart rate, pulse
school, academy
teacher, tutor
exam, test, quiz
homework, assignment
library, reading room
lawyer, legal advice
court, hearing
police, crime report
fire, smoke alarm
ambulance, emergency help
vote, ballot
office, workplace, desk
employee, staff member, worker
customer, client, buyer
supplier, vendor
order, purchase
warehouse, stock room
delivery, shipment
refund, money back
complaint, trouble report
survey, questionnaire
budget, spending plan
project, undertaking
task, to-do, chore
team lead, manager, boss
software, program, app
bug, defect, fault
server, machine room
database, data table
backup, safety copy
camera, webcam
video, clip, recording
radio, broadcast
newspaper, daily paper
magazine, journal
podcast, audio show
toy, doll
puzzle, riddle, brain teaser
board game, chess set
guitar, instrument, strings
piano, keyboard
drum, percussion
battery, power cell
fuel, petrol, gas
tyre, wheel
parking, parking space
traffic, jam, road state
toll, road fee
wood, timber, planks
stone, brick
tool box, hammer and nails
rope, cord
paint job, wall colour
plumber, pipe work
electrician, wiring
cleaner, cleaning service
neighbour, next door
wedding, marriage party
birthday, anniversary
holiday, vacation, time off
festival, fair
prayer, service
subscription, plan, membership
""")

PLACES = _split("""
London, Paris, Berlin, Rome, Madrid, Vienna, Oslo, Dublin, Athens, Prague, Warsaw, Lisbon, Boston, Chicago, Denver,
Miami, Houston, Phoenix, Portland, Atlanta, Toronto, Ottawa, Tokyo, Osaka, Seoul, Beijing, Delhi, Mumbai, Cairo, Nairobi,
Lagos, Sydney, Perth, Lima, Bogota, Santiago, Hamburg, Munich, Milan, Naples, Turin, Lyon, Nice, Geneva, Zurich, Basel,
Bern, Leeds, Bristol, Oxford, Glasgow, Cardiff, Malmo, Bergen, Aarhus, Tampere, Riga, Vilnius, Krakow, Brno, Graz, Split,
New York, Los Angeles, San Diego, San Jose, Cape Town, Hong Kong, Kuala Lumpur, New Delhi, Saint Louis, Salt Lake City,
Buenos Aires, Mexico City, Las Vegas, Santa Fe, Fort Worth, Baton Rouge, Little Rock, Green Bay, Sioux Falls, El Paso
""")
FIRST = _split("""
Anna, Ben, Clara, David, Emma, Frank, Grace, Henry, Ida, Jack, Karen, Leo, Maria, Nina, Oscar, Paul, Rosa, Sam, Tina,
Victor, Wendy, Alice, Bob, Carol, Daniel, Eve, George, Helen, Ian, Julia, Kevin, Laura, Mark, Nora, Peter, Rachel, Simon,
Tom, Ursula, William, Amy, Brian, Chloe, Dennis, Ella, Fred, Gina, Hugo, Iris, James, Kate, Lucas, Mia, Noah, Olga
""")
LAST = _split("""
Smith, Jones, Brown, Taylor, Wilson, Davies, Evans, Thomas, Walker, White, Green, Hall, Wood, Clark, Hill, Moore, King,
Baker, Carter, Turner, Cooper, Ward, Morris, Bell, Murphy, Bailey, Cook, Shaw, Bennett, Gray, Watson, Palmer, Mills,
Stone, Fox, Hunt, Black, Ford, Marsh, Page, Lane, West, Field, Perry, Long, Burns, Hayes, Porter, Doyle, Nash
""")
ADJECTIVES = _split("""
red, blue, green, yellow, white, black, brown, grey, orange, purple, pink, silver, golden, small, large, big, tiny, huge,
old, new, young, fresh, warm, cold, hot, cool, quiet, loud, bright, dark, soft, hard, heavy, light, cheap, dear, clean,
dirty, dry, wet, fast, slow, early, late, long, short, tall, round, flat, deep, sweet, sour, salty, bitter, plain, spicy,
wooden, plastic, cotton, woollen, open, closed, empty, full, simple, modern, local, foreign, busy, calm, lucky, strange
""")
NOUNS = _split("""
apple, basket, blanket, bottle, bowl, bracelet, branch, broom, bucket, button, candle, carpet, chain, chestnut, coat,
cookie, cup, cushion, desk, drawer, egg, fence, flour, fork, glass, glove, hat, honey, jacket, jar, kettle, key, kitchen,
knife, ladder, lemon, lid, milk, mirror, mug, nail, napkin, needle, onion, pan, paper, pencil, pepper, pillow, plate, pot,
potato, purse, rice, ring, rug, salt, scarf, shelf, shirt, sock, soap, spoon, stamp, stick, sugar, sweater, swing, tape,
teapot, thread, tomato, towel, tray, umbrella, vase, wall, wallet, wire, wool, yarn, butter, cabbage, barley, cherry,
grape, melon, mint, nut, oat, pea, plum, pumpkin, salad, soup, spinach, turnip, walnut, badge, banner, bench, cable, canvas,
crate, engine, filter, hinge, hook, lever, motor, panel, pump, screw, sensor, spring, switch, valve,
report, function, parameters, object, weather, today, tomorrow, city, number, date, message, answer, question, value
""")
LANGUAGES = _split(
    "English, French, German, Italian, Spanish, Polish, Greek, Dutch, Danish, Swedish, Russian, Arabic, Hindi"
)
WEEKDAYS = _split("Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday")
STREETS = _split("Street, Road, Avenue, Lane, Square, Park, Court, Drive, Way")
DOMAINS = _split("example.com, mail.org, post.net, office.io, home.co, letters.net, inbox.org")
CONTAINERS = _split(
    "form, sheet, card, record, template, service, action, task, job, command, entry, item, request, order, skill, step"
)
TITLES = _split("title, title, label, id, name, heading, key, called, code")
BODIES = _split(
    "fields, values, content, entries, inputs, details, data, options, settings, slots, given, properties, body, words"
)
ABOUT = _split("about, purpose, description, description, summary, does, help, meaning, use")
NONE_FITS = "Sorry, none of the forms fits that."
OPENERS = _split("""
Please, Hi! Please, Could you, Can you, I want to, I need to, I'd like to, Hello! I would like to, Would you, Help me,
We have to, Hey! Can you, I have to, Kindly, Time to, Let's, My boss wants me to, Now, Quick one:, Good morning! Could you
""")
CLOSERS = _split("Thanks!, Thank you., Please., Many thanks., That's all., Cheers!, Thanks in advance., I'd be glad.")
ASIDES = _split("""
It was a long day., My friend told me to ask you., I have little time today., The weather is fine here.,
I hope you are well., We talked about this before., I'm new here., No hurry., It's for my family., My old one broke.,
It is for work., I forgot to do it earlier., I'm planning ahead.
""")
SMALL_TALK = (
    ("Hello!", "Hello! What can I do for you?"),
    ("Hi there.", "Hi! How can I help?"),
    ("Good morning.", "Good morning! What would you like to do?"),
    ("How are you?", "I'm fine, thank you. How can I help?"),
    ("Thank you!", "You're welcome!"),
    ("Thanks a lot, bye.", "You're welcome. Goodbye!"),
    ("Who are you?", "I'm a small assistant. I can answer questions and fill in forms."),
    ("Tell me a joke.", "Why did the clock stop? It ran out of time."),
    ("What is your favourite colour?", "I have none, but many people like blue."),
    ("Are you a human?", "No, I'm a small language model."),
    ("I'm bored.", "Maybe a walk or a good book would help."),
    ("I feel tired today.", "I'm sorry to hear that. A short rest may help."),
    ("Good night.", "Good night! Sleep well."),
    ("Can you sing?", "I can't sing, but I can write you a line or two."),
    ("What do you think about rain?", "It is good for the plants."),
    ("Why is the sky blue?", "Because air scatters blue light more than red light."),
    ("How many days are in a week?", "There are seven days in a week."),
    ("Is a whale a fish?", "No, a whale is a mammal."),
    ("What do bees make?", "Bees make honey."),
    ("Where does the sun rise?", "The sun rises in the east."),
)
