# ruff: noqa: E501 - tables read best as lines; seeded choices need no secrecy
"""The tools that train never shows, written as in `toolgemma.sample.tools`: those of validation and of test_unseen.

Those of test_unseen share no name, no description and no argument's name with any other.
"""

from toolgemma.sample.tools import spec

VALIDATION = (
    spec("register_pet", "Register a pet at the vet.",
         "pet_name!: string petname - Name of the animal\nspecies!: dog|cat|rabbit\nage: integer days - Age in years",
         """Register my {species} {pet_name} at the vet.
            New pet at the vet: {pet_name}, a {species} of {age} years.
            I got a {species} called {pet_name} that is {age} years old, please register it."""),
    spec("report_pothole", "Report damage to a road.",
         "street!: string address - Where it is\nseverity: low|medium|high\ndepth_cm: number km - How deep it is",
         """There is a pothole at {street}, report it.
            Report road damage at {street}, severity {severity}.
            A hole in the road near {street}, {depth_cm} cm deep, please report."""),
    spec("start_timer", "Start a countdown.",
         "seconds!: integer minutes - Length in seconds\nlabel: string title - What it is for",
         """Start a timer of {seconds} seconds.
            Countdown of {seconds} seconds for "{label}".
            Timer please: {seconds} seconds, call it "{label}\""""),
    spec("invite_guests", "Send invitations to a party.",
         "guests!: array people - Who is invited\nplace!: string city - Where it is\ntheme: string topic - Motto of the party",
         """Invite {guests} to my party in {place}.
            Send party invitations to {guests}, it is in {place} and the theme is {theme}.
            The party is in {place}, invite {guests}."""),
    spec("open_support_case", "Open a case with technical support.",
         "product!: string device - Device that fails\nproblem!: string note - What goes wrong\nimpact: minor|major|critical",
         """My {product} fails, open a support case: "{problem}".
            Open a technical support case for the {product}, problem "{problem}", {impact}.
            Support case please. Product {product}, the problem is "{problem}".
            I have a {impact} problem with the {product}: "{problem}". Open a case with support."""),
    spec("reserve_court", "Reserve a court at the sports club.",
         "sport!: tennis|squash|badminton\nplay_date!: string date - Day to play, YYYY-MM-DD\nstart!: string time - When it starts, HH:MM",
         """Reserve a {sport} court on {play_date} at {start}.
            We want to play {sport} on {play_date} at {start}, reserve a court.
            Is a court free for {sport}? Take it for {play_date}, start {start}.
            {sport} court at the club, {play_date}, {start}"""),
    spec("donate", "Give money to a charity.",
         "charity!: string charity - Name of the charity\ngift!: number money - Sum in dollars\nmonthly: boolean - Repeat every month",
         """Donate {gift} dollars to the charity {charity}.
            I'd like to give {gift} to {charity}{monthly: every month| just once}.
            Give {charity} a donation of {gift} dollars.
            Money for the charity {charity}: {gift}, {monthly:repeat it every month|only once}"""),
    spec("lookup_word", "Look up a word in a dictionary.",
         "word!: string rareword - Word to look up\nshow_examples: boolean - Add example sentences",
         """What does the word {word} mean?
            Look up {word} in the dictionary.
            Look up the word {word} {show_examples:with example sentences|without example sentences}.
            Dictionary entry for {word}, please"""),
    spec("log_expense", "Record an expense of a business trip.",
         "item!: string purchase - What was bought\ncost!: number money - What it cost\ntrip_code: string code - Code of the trip",
         """Record an expense: {item} for {cost}.
            I bought {item} on my business trip, it cost {cost}, log the expense under trip {trip_code}.
            Add {item} to my expenses, cost {cost}.
            Expense for trip {trip_code}: {item}, {cost}"""),
    spec("water_garden", "Run the sprinklers in a part of the garden.",
         "zone!: string zone - Part of the garden\nliters: integer minutes - Amount of water\nstart_time: string time - When to begin, HH:MM",
         """Water the {zone} in the garden.
            Run the sprinklers at the {zone} at {start_time}.
            The {zone} is dry, give it {liters} liters of water.
            Sprinklers for the {zone}, start at {start_time}, {liters} liters"""),
    spec("hire_tutor", "Find a tutor for a school subject.",
         "school_subject!: string subject - What to learn\ngrade: integer grade - School year\nonline: boolean - Lessons over video",
         """Find a tutor for {school_subject}.
            My son needs a {school_subject} tutor, he is in grade {grade}.
            I'm looking for somebody to tutor {school_subject}, {online:online|not online}.
            {school_subject} tutor for grade {grade}, {online:lessons online|no online lessons}"""),
    spec("measure_route", "Distance of a walk through several stops.",
         "stops!: array city - Places in order\nmode: walking|cycling",
         """How long is the route through {stops}?
            Measure the {mode} route over {stops}.
            What is the distance if I visit the stops {stops}?
            Route length for {stops} by {mode}"""),
    spec("request_leave", "Ask the company for days off work.",
         "first_day!: string date - Start of the leave, YYYY-MM-DD\nlast_day!: string date - End of the leave, YYYY-MM-DD\nkind: vacation|sick|parental",
         """I want days off work from {first_day} to {last_day}.
            Request {kind} leave from {first_day} until {last_day}.
            Ask for leave starting {first_day} and ending {last_day}.
            Please request my {kind} leave: first day {first_day}, last day {last_day}"""),
    spec("mix_color", "Mix paint from base colors.",
         "colors!: array shade - Base colors\namount_ml!: integer minutes - Amount in ml",
         """Mix {amount_ml} ml of paint from {colors}.
            I need {amount_ml} ml of a color made of {colors}.
            Blend the colors {colors}, {amount_ml} ml.
            Paint mix: {colors}, amount {amount_ml} ml"""),
    spec("buy_museum_pass", "Buy museum passes.",
         "museum!: string museum - Name of the museum\nadults!: integer people - Number of adults\nchildren: integer people - Number of children",
         """Buy passes for the {museum} museum, {adults} adults.
            We want to see the {museum} museum, {adults} adults and {children} children, buy passes.
            Museum passes for {museum}: {adults} adults, {children} children.
            I need {adults} adult passes to the museum {museum}."""),
    spec("check_tides", "Times of high and low tide at a harbor.",
         "harbor!: string harbor - Name of the harbor\nday!: string date - Day, YYYY-MM-DD",
         """When is high tide in {harbor} on {day}?
            Tide times for the harbor {harbor} on {day}.
            I sail from {harbor} on {day}, check the tides.
            Low tide at {harbor}, {day}?"""),
    spec("print_badge", "Print a name badge for a visitor.",
         "visitor!: string person - Name on the badge\norganization: string company - Where the visitor works\ncopies: integer people - How many badges",
         """Print a badge for the visitor {visitor}.
            {visitor} from {organization} visits us, print a name badge.
            I need {copies} badges for {visitor}.
            Visitor badge: {visitor}, {organization}, {copies} copies"""),
    spec("lend_tool", "Borrow equipment from the neighborhood workshop.",
         "equipment!: string equipment - What to borrow\nborrower!: string person - Who borrows it\nreturn_by: string date - Day it comes back, YYYY-MM-DD",
         """{borrower} wants to borrow the {equipment} from the workshop.
            Borrow a {equipment} for {borrower}, back on {return_by}.
            Can the workshop lend the {equipment} to {borrower}?
            Lend {borrower} the workshop's {equipment} until {return_by}"""),
)  # fmt: skip

UNSEEN = (
    spec("book_haircut", "Get a haircut at a salon.",
         "salon!: string salon - Name of the salon\ncut_date!: string date - Day of the visit, YYYY-MM-DD\nstylist: string person - Who cuts the hair",
         """I need a haircut at {salon} on {cut_date}.
            Book me a haircut at the salon {salon} on {cut_date} with {stylist}.
            My hair is too long, {stylist} from {salon} should cut it on {cut_date}.
            Haircut please: salon {salon}, {cut_date}"""),
    spec("call_elevator", "Send an elevator to a floor.",
         "target_floor!: integer people - Floor to go to\ncurrent_floor: integer people - Floor where somebody waits\nwheelchair: boolean - Doors stay open longer",
         """Send the elevator to floor {target_floor}.
            I wait for the elevator on floor {current_floor} and want to go to floor {target_floor}.
            Elevator to floor {target_floor}, {wheelchair:with a wheelchair|without a wheelchair}.
            Call the elevator from floor {current_floor} to floor {target_floor}"""),
    spec("tune_radio", "Tune the radio to a station.",
         "station!: string station - Name of the station\nfrequency: number megahertz - Frequency in megahertz\npreset: integer grade - Number of the button to save it on",
         """Tune the radio to {station}.
            Put the station {station} on the radio, frequency {frequency}.
            I want to hear the radio station {station}, it is on {frequency} megahertz.
            Radio on {station}, save the station on button {preset}"""),
    spec("charge_scooter", "Charge an electric scooter.",
         "scooter_id!: string code - Number of the scooter\nbattery_level: integer percent - Charge wanted in percent\nready_by: string time - When it is needed, HH:MM",
         """Charge the scooter {scooter_id}.
            Charge scooter {scooter_id} to {battery_level} percent.
            My electric scooter {scooter_id} must be ready at {ready_by}, charge it.
            Plug in scooter {scooter_id}, {battery_level} percent by {ready_by}"""),
    spec("update_menu", "Write dishes on the menu of the canteen.",
         "dishes!: array dessert - What is served\nmealtime!: breakfast|lunch|dinner\nallergens: boolean - Shows the allergens",
         """Put {dishes} on the {mealtime} menu of the canteen.
            The canteen serves {dishes} at {mealtime}, update the menu.
            Canteen menu for {mealtime}: {dishes}, {allergens:show the allergens|no allergens}.
            We want {dishes} on the canteen menu at {mealtime}, {allergens:with allergens|without allergens}"""),
    spec("launch_drone", "Launch a drone that flies over places.",
         "drone_id!: string code - Number of the drone\nwaypoints!: array wilds - Places to fly over\naltitude: integer minutes - Height in meters\nrecord_video: boolean - Films the flight",
         """Launch drone {drone_id} and let it fly over {waypoints}.
            The drone {drone_id} should pass {waypoints}, {record_video:film it|don't film it}.
            Let drone {drone_id} fly over {waypoints} at an altitude of {altitude} meters.
            Drone {drone_id}, altitude {altitude}, places {waypoints}, {record_video:with video|no video}"""),
    spec("engrave_gift", "Engrave words on a piece of jewelry.",
         "keepsake!: ring|watch|bracelet|locket\nengraving!: string engraving - Words to engrave\nlettering: script|block|gothic",
         """Engrave "{engraving}" on the {keepsake}.
            I want a {keepsake} with "{engraving}" engraved on it.
            Engrave my {keepsake} with "{engraving}" in {lettering} letters.
            {keepsake} engraving in {lettering} letters: "{engraving}\""""),
    spec("compose_poem", "Compose a poem about an animal.",
         "inspiration!: string animal - Animal that it is about\nverses: integer small - Number of verses\nmood: cheerful|gloomy|funny",
         """Compose a poem about a {inspiration}.
            I'd like a {mood} poem of {verses} verses with a {inspiration} in it.
            Can you compose {verses} verses about a {inspiration}?
            {mood} poem, animal {inspiration}, {verses} verses"""),
    spec("convert_length", "Express a length in another unit.",
         "length!: number length - Length to convert\nfrom_unit!: miles|feet|inches|yards|meters\nto_unit!: miles|feet|inches|yards|meters",
         """How many {to_unit} is a length of {length} {from_unit}?
            Convert the length {length} {from_unit} to {to_unit}.
            The board is {length} {from_unit} long, what is that in {to_unit}?
            Length of {length} {from_unit} in the unit {to_unit}, please"""),
    spec("nominate_colleague", "Nominate a colleague for an award.",
         "nominee!: string person - Who should win\naward!: string award - Name of the award\nseconded_by: string person - Who supports it",
         """Nominate {nominee} for the {award} award.
            I think {nominee} deserves the award {award}, please nominate.
            Nomination for the {award} award: {nominee}, supported by {seconded_by}.
            My colleague {nominee} should win the award {award}, {seconded_by} supports it"""),
    spec("submit_feedback", "Give feedback on a lecture.",
         "lecture!: string topic - Topic of the lecture\nfeedback!: string note - What the listener says\nsemester: spring|summer|fall",
         """My feedback on the lecture about {lecture} is "{feedback}".
            Submit feedback: lecture {lecture}, "{feedback}".
            I heard the {semester} lecture on {lecture}, my feedback is "{feedback}".
            Feedback "{feedback}" for the lecture {lecture}, semester {semester}"""),
    spec("rate_wine", "Rate a wine after a tasting.",
         "wine!: string wine - Name of the wine\npoints!: integer percent - Points out of 100\nsweetness: dry|sweet|fruity",
         """Rate the wine {wine} with {points} points.
            I tasted the wine {wine}, it gets {points} points.
            The wine {wine} is {sweetness}, I rate it {points} points.
            Wine tasting: {wine}, {sweetness}, {points} points"""),
    spec("subscribe_magazine", "Subscribe to a magazine.",
         "magazine!: string magazine - Title of the magazine\nissues: integer small - Number of issues\nedition: print|digital",
         """Subscribe to the magazine {magazine}.
            I'd like to get {issues} issues of the magazine {magazine}.
            Get me a subscription to {magazine}, {edition} edition.
            Magazine subscription please: {magazine}, {edition}, {issues} issues"""),
    spec("enter_tournament", "Enter a team in a tournament.",
         "team_members!: array people - Who plays\ntournament!: string tournament - Name of the tournament\ncaptain: string person - Who leads the team",
         """Enter {team_members} in the tournament {tournament}.
            Our team is {team_members}, put it into the {tournament} tournament.
            Sign our team up for the {tournament} tournament: {team_members}, captain {captain}.
            Tournament {tournament}, the team is {team_members} with {captain} as captain"""),
)  # fmt: skip
