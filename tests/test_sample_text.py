"""The pre-training text: what it may not hold is found when planted, and isn't there."""

import json
import random
import re

import pytest

from toolgemma.sample import pools, tools
from toolgemma.sample.generate import SOURCES, wish
from toolgemma.sample.text import errands, everyday, purity, tasks, values
from toolgemma.sample.text.errands import ERRANDS
from toolgemma.sample.text.stream import clean_documents, plain

SAMPLE = [
    list(turns)
    for progress in (0.0, 0.5, 1.0)
    for _, turns in clean_documents(random.Random(f"test {progress}"), 500, progress)
]
TEXTS = [plain(turns) for turns in SAMPLE]
ALL = "\n".join(TEXTS).lower()
TAGS = ["tool_call", "tools", "tool_response", "tool_result", "final_answer", "function_call"]


def objects(text):
    """Every JSON object in `text`, nested ones too."""
    decoder = json.JSONDecoder()
    for match in re.finditer(r"\{", text):
        try:
            value, _ = decoder.raw_decode(text, match.start())
        except json.JSONDecodeError:
            continue
        yield value


def standing(text):
    """Whether `text` stands in the sample as whole words."""
    lowered = text.lower()
    return lowered in ALL and re.search(rf"(?<!\w){re.escape(lowered)}(?!\w)", ALL)


def test_same_seed_same_text():
    assert tasks.document(random.Random("a"), 0.5) == tasks.document(random.Random("a"), 0.5)
    assert tasks.document(random.Random("a"), 0.5) != tasks.document(random.Random("b"), 0.5)


def test_turns_alternate_and_say_something():
    for turns in SAMPLE:
        assert [role for role, _ in turns] == ["user", "model"] * (len(turns) // 2)
        assert all(text.strip() for _, text in turns)


def test_no_tag_of_any_dialect():
    assert not [tag for tag in TAGS if f"<{tag}>" in ALL or f"</{tag}>" in ALL]


def test_no_object_with_the_keys_of_a_call():
    found = [value for text in TEXTS for value in objects(text)]
    assert len(found) > 1000
    assert not [value for value in found if {"name", "arguments"} <= set(value) or {"tool_name", "args"} <= set(value)]
    assert not [value for value in found if {"name", "parameters"} <= set(value)]


def test_no_tool_of_the_dataset():
    for tool in purity.OFFERED:
        assert not standing(tool.name), tool.name
        assert tool.description.lower().rstrip(".") not in ALL, tool.description
    assert not [spec.name for spec in tools.EVERY if json.dumps(spec.parameters).lower() in ALL]


def test_no_value_of_validation_or_the_test_splits():
    assert not [value for value in pools.held_out_texts() if standing(value)]


def test_no_word_of_the_errands_is_held_out():
    """Lists of single words are drawn from them without a search."""
    assert len(everyday.WORDS) > 8000
    assert not [word for word in everyday.WORDS if not purity.is_clean(word)]


def test_no_request_of_the_dataset():
    rng = random.Random(0)
    for spec in tools.EVERY:
        for ask in (*spec.asks, *spec.asks_of_validation, *spec.asks_of_tests):
            found = wish(rng, spec, ask, "test" if spec in tools.UNSEEN else "validation").text.lower() in ALL
            assert not found, ask
    assert not [text for text in TEXTS if any(kind == "request" for kind, _ in purity.findings(text))]


def test_no_errand_is_a_tool_of_the_tests_by_another_name():
    for errand in ERRANDS:
        near = [spec.name for spec in tools.UNSEEN if len(set(spec.properties) & set(errand.wants)) > 1]
        assert not near, errand.name


def test_errands_are_read_whole():
    assert len(ERRANDS) > 6000
    rng = random.Random(3)
    for errand in ERRANDS:
        for _ in range(3):
            made = errand.variant(rng)
            text, filled = made.say(rng)
            assert not re.search("[{}]", text), text
            assert {name for name, (_, needed) in made.wants.items() if needed} <= set(filled)
            assert set(made.schemas(rng)) == set(made.wants)


def test_fields_that_nothing_is_said_of_stand_beside_and_stay_empty():
    rng = random.Random(4)
    added = 0
    for errand in ERRANDS[:2000]:
        made = errand.variant(rng)
        strangers = {name: needed for name, (_, needed) in made.wants.items() if name not in made.origins}
        added += bool(strangers)
        assert not any(strangers.values()), made.name
        assert not set(strangers) & set(made.say(rng)[1]), made.name
    assert 400 < added < 900


def test_options_change_their_order_and_sometimes_their_words():
    rng = random.Random(5)
    pool = "{small/medium/large}"
    drawn = [errands._options(rng, pool)[1:-1].split("/") for _ in range(300)]
    own = [options for options in drawn if set(options) == {"small", "medium", "large"}]
    assert len({tuple(options) for options in own}) == 6
    assert 50 < len(drawn) - len(own) < 130
    assert errands._options(rng, "place") == "place"


def test_near_errands_share_a_word_and_twins_have_two_values_of_one_kind():
    rng = random.Random(6)
    for errand in ERRANDS[::50]:
        assert set(errands.near(rng, errand.name).name.split("_")) & set(errand.name.split("_"))
    assert len(errands.TWINS) > 1500
    for errand in errands.TWINS:
        kinds = [errands.POOLS[pool][0] if pool in errands.NUMBERS else pool for pool, _ in errand.wants.values()]
        assert len({"number" if kind == "integer" else kind for kind in kinds if kind != "?" and kind[0] != "{"}) < len(
            [kind for kind in kinds if kind != "?" and kind[0] != "{"]
        )


@pytest.mark.parametrize(
    ("planted", "kind"),
    [
        ("see <tool_call> there", "tag"),
        ("</tools>", "tag"),
        ('{"name": "x", "arguments": {}}', "call"),
        ('{"tool_name": "x", "args": {}}', "call"),
        ("- set_thermostat: warm", "tool"),
        ("Roll dice", "tool"),
        ("I live in Reykjavik now", "value"),
        ("I live in Stockholm now", "value"),
        ("how to tune_radio", "tool"),
        ("a player.playTrack", "tool"),
        ("Settle a bill that is due, now", "tool"),
        ("for 10 people", "value"),
        ("for 10.1 kg and 24.5 kg", "value"),
        ("Nominate somebody for the best award", "request"),
        ("Reserve a squash court on 2027-01-05 at 09:00", "request"),
    ],
)
def test_the_search_finds_what_is_planted(planted, kind):
    assert kind in {found for found, _ in purity.findings(planted)}


def test_the_search_finds_every_request_of_the_dataset():
    rng = random.Random(1)
    for split, sources in SOURCES.items():
        for source in sources:
            for spec in source.asked:
                for ask in source.asks(spec):
                    text = wish(rng, spec, ask, source.part).text
                    assert "request" in {kind for kind, _ in purity.findings(f"Hello. {text} Bye.")}, (split, ask)


def test_numbers_dates_and_times_keep_their_side():
    rng = random.Random(2)
    for held_out in (False, True):
        for _ in range(200):
            assert (values.integer(rng, 1, 90, held_out) % 7 == 3) is held_out
            shown = str(values.decimal(rng, 1, 90, held_out, places=2))
            assert (int(shown.replace(".", "")) % 7 == 3) is held_out
            for text in (values.date(rng, held_out), values.time(rng, held_out)):
                assert ("value" in {kind for kind, _ in purity.findings(text)}) is held_out
