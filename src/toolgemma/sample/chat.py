"""Small talk, refusals, greetings and thanks of the embedded dataset. Each question stands in one row at most."""

CHAT: dict[str, tuple[tuple[str, str], ...]] = {
    "train": (
        ("How do you say thank you politely?", "You can say: thank you very much, that is kind of you."),
        ("What is the capital of France?", "The capital of France is Paris."),
        ("Tell me something nice.", "You are doing well, and the day is still young."),
        ("Why do leaves turn red?", "In autumn leaves lose their green, and other colours show."),
        ("Who wrote Hamlet?", "William Shakespeare wrote Hamlet."),
        ("I had a bad day.", "I'm sorry to hear that. I hope tomorrow is better."),
        ("What can you do?", "I can answer questions and call the functions that are offered to me."),
        ("How many legs has a spider?", "A spider has eight legs."),
        ("Hello, nice to meet you!", "Hello! Nice to meet you too."),
        ("Is the sun a star?", "Yes, the sun is a star."),
        ("Write one line about the sea.", "The sea is wide and never quite silent."),
        ("What is the opposite of early?", "The opposite of early is late."),
        ("Do cats like water?", "Most cats don't like water."),
        ("Thanks, that was all for today.", "You're welcome. Have a nice day!"),
        ("What colour is snow?", "Snow is white."),
        ("Can fish sleep?", "Yes, fish rest, but without closing their eyes."),
        ("Hey, how is it going?", "Very well, thank you. What can I do for you?"),
        ("I learned to ride a bike!", "Well done! That is a great thing to learn."),
        ("Which month comes after June?", "July comes after June."),
        ("Are you there?", "Yes, I'm here. How can I help?"),
        ("Do birds have teeth?", "No, birds have no teeth."),
        ("It is so hot today.", "Then drink enough water and stay in the shade."),
    ),
    "validation": (
        ("What do cows drink?", "Cows drink water."),
        ("I passed my exam!", "Congratulations! That is great news."),
        ("Is ice warmer than steam?", "No, ice is much colder than steam."),
        ("Tell me a short rhyme.", "The cat in the hat sat down on a mat."),
        ("Goodbye for now.", "Goodbye! Until next time."),
    ),
    "test_seen": (
        ("Which planet is closest to the sun?", "Mercury is the planet closest to the sun."),
        ("I just got a puppy and I'm so happy!", "Congratulations! Enjoy the time with your puppy."),
        ("What is the plural of mouse?", "The plural of mouse is mice."),
        ("Do you ever get lonely?", "No, I'm a program, but thank you for asking."),
        ("Why do cats purr?", "Cats often purr when they feel safe."),
        ("Give me a short motto for today.", "One small step at a time."),
    ),
    "test_unseen": (
        ("Who painted the Mona Lisa?", "Leonardo da Vinci painted the Mona Lisa."),
        ("Good evening, how was your day?", "Good evening! All is well here."),
        ("Is glass a metal?", "No, glass is not a metal."),
        ("What do pandas eat?", "Pandas eat mostly bamboo."),
        ("I can't sleep at night.", "I'm sorry. Less light in the evening may help."),
        ("How do rainbows form?", "Raindrops bend sunlight into its colours."),
    ),
}
NO_TOOL = (
    "I can't do that with the functions I have.",
    "Sorry, none of my functions fits that.",
    "I have no function for that.",
    "That isn't something I can do here, sorry.",
    "I'm afraid no function here covers that.",
)
NO_TOOL_NEW = ("Sorry, I have no function that does that.",)
GREETINGS = ("Hi!", "Hello,", "Hey.", "Good morning.", "Hi there,", "Good evening.")
CLOSINGS = ("Thanks!", "Thank you.", "Many thanks.", "Cheers!")
