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
    spec("record_blood_pressure", "Log a reading of the blood pressure.",
         "systolic!: integer systolic - Upper value\ndiastolic!: integer diastolic - Lower value\narm: left|right",
         """My blood pressure is {systolic} over {diastolic}, log it.
            Log a blood pressure of {systolic} to {diastolic}, {arm} arm.
            I measured {systolic} over {diastolic} on the {arm} arm, record my blood pressure.
            Blood pressure reading: {systolic} over {diastolic}"""),
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
    spec("create_poll", "Let a group vote in a poll.",
         "poll_question!: string poll - What is asked\nchoices!: array dessert - Answers to choose from\nanonymous: boolean - Hides who voted",
         """Create a poll "{poll_question}" with the choices {choices}.
            Let the group vote on "{poll_question}", the choices are {choices}.
            Start a poll that asks "{poll_question}", choices {choices}, {anonymous:anonymous|not anonymous}.
            New poll "{poll_question}": {choices}, {anonymous:anonymous votes|show who voted}"""),
    spec("log_sighting", "Report a wild animal that somebody saw.",
         "animal!: string animal - Kind of animal\nhabitat!: string wilds - Where it was seen\nherd_size: integer small - How many there were",
         """I saw a {animal} at {habitat}, report the animal.
            Report a sighting of {herd_size} animals at {habitat}, kind {animal}.
            A wild {animal} was seen near {habitat}.
            Wild animal sighting: {animal}, {habitat}, {herd_size} of them"""),
    spec("engrave_gift", "Engrave words on a piece of jewelry.",
         "keepsake!: ring|watch|bracelet|locket\nengraving!: string engraving - Words to engrave\nlettering: script|block|gothic",
         """Engrave "{engraving}" on the {keepsake}.
            I want a {keepsake} with "{engraving}" engraved on it.
            Engrave my {keepsake} with "{engraving}" in {lettering} letters.
            {keepsake} engraving in {lettering} letters: "{engraving}\""""),
    spec("hire_babysitter", "Find a babysitter for an evening.",
         "kids!: integer small - Number of kids\nevening!: string date - Day it is needed, YYYY-MM-DD\nuntil_hour: string time - When the parents are back, HH:MM",
         """We need a babysitter on {evening} for {kids} kids.
            Get a babysitter for {kids} kids on {evening} until {until_hour}.
            Can a sitter watch our {kids} kids on {evening}? We are back at {until_hour}.
            Babysitter for {evening}, {kids} kids"""),
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
    spec("file_claim", "File a claim with the insurance.",
         "policy_number!: string code - Number of the policy\ndamage!: string note - What happened\nloss_value: number money - Loss in dollars",
         """File an insurance claim on policy {policy_number}: "{damage}".
            I have a claim for my insurance, policy {policy_number}, "{damage}", the loss is {loss_value} dollars.
            Tell the insurance "{damage}", policy {policy_number}.
            Insurance claim for {loss_value} dollars, policy {policy_number}: "{damage}\""""),
    spec("reserve_campsite", "Reserve a pitch at a campsite.",
         "campsite!: string campsite - Name of the campsite\narrival!: string date - First day, YYYY-MM-DD\ntents!: integer small - Number of tents\npowered: boolean - With electricity",
         """Reserve a pitch at the campsite {campsite} from {arrival} for {tents} tents.
            We go camping at {campsite} on {arrival} with {tents} tents, {powered:with electricity|without electricity}.
            Campsite {campsite}: {tents} tents, arrival {arrival}.
            I need a pitch for {tents} tents at {campsite}, arriving {arrival}, {powered:electricity needed|no electricity}"""),
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
