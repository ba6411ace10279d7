"""Which sources are admitted, who may see a token, what is measured, chosen, applied and remembered."""

import contextlib
import json
import os
import subprocess
import sys
import time

import pytest

from fake_hub import FakeHub, Repository, black_hole, dead
from toolgemma import hub
from toolgemma.config import MirrorSection
from toolgemma.hub import endpoints, memory, plan, probe
from toolgemma.hub.choose import choose, measure, orders_of, rank

MODEL = hub.Repository("model", "google/gemma")
DATASET = hub.Repository("dataset", "me/rows", "v1")


@pytest.fixture
def home(tmp_path):
    """An environment of its own: no login, an empty cache."""
    return {"HF_HOME": str(tmp_path / "home")}


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "repository"
    place.mkdir()
    (place / "tokenizer.json").write_bytes(b"x" * 50_000)
    (place / "config.json").write_text("{}", encoding="utf-8")
    return place


def section(*urls: str, **keys: object) -> MirrorSection:
    return MirrorSection(endpoints={f"source{number}": url for number, url in enumerate(urls)}, **keys)


@pytest.mark.parametrize(
    ("mode", "environ", "expected"),
    [
        ("auto", {}, ["https://huggingface.co", "https://hf-mirror.com", "https://modelscope.cn"]),
        ("auto", {"HF_ENDPOINT": "https://own/"}, ["https://own"]),
        ("none", {"HF_ENDPOINT": "https://own"}, ["https://own"]),
        ("none", {}, ["https://huggingface.co"]),
        ("hf-mirror", {"HF_ENDPOINT": "https://own"}, ["https://hf-mirror.com"]),
        ("modelscope", {}, ["https://modelscope.cn"]),
        ("https://x.org/hub/", {}, ["https://x.org/hub"]),
    ],
)
def test_what_a_mode_admits(mode, environ, expected):
    assert [source.url for source in endpoints.sources(MirrorSection(mode=mode), environ)] == expected


@pytest.mark.parametrize(
    ("url", "hosts", "expected"),
    [
        ("https://huggingface.co", [], True),
        ("http://huggingface.co", [], False),
        ("https://huggingface.co.evil.org", [], False),
        ("https://huggingface.co@evil.org", [], False),
        ("https://hf-mirror.com", [], False),
        ("https://hf-mirror.com/path", ["hf-mirror.com"], True),
        ("https://sub.hf-mirror.com", ["hf-mirror.com"], False),
        ("http://127.0.0.1:81", ["127.0.0.1:80"], False),
    ],
)
def test_who_may_see_a_token(url, hosts, expected):
    assert endpoints.is_trusted(url, hosts) is expected


def test_a_login_is_found_where_huggingface_keeps_it(tmp_path):
    environ = {"HF_HOME": str(tmp_path)}
    assert endpoints.login(environ) is None
    (tmp_path / "token").write_text("from-file\n", encoding="utf-8")
    assert endpoints.login(environ) == "from-file"
    assert endpoints.login(environ | {"HF_TOKEN": "from-variable"}) == "from-variable"


def test_the_plan_travels_through_the_environment():
    made = plan.make(MirrorSection(token_hosts=["a:1"]), {str(MODEL): ("hf-mirror", "huggingface")}, {})
    variables = hub.environment(made, MirrorSection())
    assert hub.current(variables) == made
    assert [source.name for source in made.order(MODEL)] == ["hf-mirror", "huggingface"]
    assert variables["HF_ENDPOINT"] == "https://hf-mirror.com"
    assert variables["HF_HUB_DISABLE_IMPLICIT_TOKEN"] == "1"
    assert variables["HF_HUB_DISABLE_XET"] == "1"


def test_the_official_hub_alone_keeps_token_and_xet():
    one = MirrorSection(mode="huggingface")
    assert set(hub.environment(choose(one, [MODEL], {}), one)) == {"TOOLGEMMA_MIRROR", "HF_ENDPOINT"}
    off = MirrorSection(mode="huggingface", xet="off")
    assert hub.environment(choose(off, [MODEL], {}), off)["HF_HUB_DISABLE_XET"] == "1"
    on = MirrorSection(mode="hf-mirror", xet="on")
    assert "HF_HUB_DISABLE_XET" not in hub.environment(choose(on, [MODEL], {}), on)


def test_uploads_go_to_the_official_hub_or_a_trusted_one_of_the_users():
    own = {"HF_ENDPOINT": "https://hub.company.org"}
    assert choose(MirrorSection(), [], own).upload == "https://huggingface.co"
    assert choose(MirrorSection(mode="none"), [], own).upload == "https://huggingface.co"
    trusted = MirrorSection(mode="none", token_hosts=["hub.company.org"])
    assert choose(trusted, [], own).upload == "https://hub.company.org"


def test_modelscope_is_asked_only_under_a_configured_id(monkeypatch):
    everything = choose(MirrorSection(), [], {})
    monkeypatch.setattr(plan, "is_installed", lambda: True)
    known = hub.Repository("model", "google/gemma-3-1b-it")
    assert [source.name for source in everything.order(known)] == ["huggingface", "hf-mirror", "modelscope"]
    assert [source.name for source in everything.order(MODEL)] == ["huggingface", "hf-mirror"]
    monkeypatch.setattr(plan, "is_installed", lambda: False)
    assert [source.name for source in everything.order(known)] == ["huggingface", "hf-mirror"]


def test_states_of_good_and_bad_sources(folder, home):
    """Asked side by side: what each is to the model, with figures where it serves it."""
    model = {"google/gemma": Repository(folder)}
    with (
        FakeHub(model) as good,
        FakeHub({}) as lacking,
        FakeHub(model, {"*": "503"}) as busy,
        FakeHub(model, {"*": "html"}) as portal,
        FakeHub({"google/gemma": Repository(folder, token="secret")}) as gated,
        FakeHub(model, {"*/resolve/*": "503"}) as no_files,
        black_hole() as silent,
    ):
        urls = (good.url, lacking.url, busy.url, portal.url, gated.url, no_files.url, silent, dead())
        found = measure(section(*urls), [MODEL], home)
    assert [one.state for one in found] == [
        *("serves", "lacks", "broken", "broken", "gated", "broken", "silent", "silent")
    ]
    assert found[0].latency_s and found[0].bytes_per_s and found[0].bytes_per_s > 10_000
    assert found[2].detail == "answers 503"
    assert found[3].detail == "answers, but is no Hub (text/html)"
    assert found[5].detail == "lists it, but answers 503 for a file"
    assert ("GET", "/google/gemma/resolve/main/tokenizer.json", None) in good.log


def test_the_limit_holds_whatever_the_sources_do(folder):
    """Nothing waits for a black hole, a file that trickles or an answer that drips; who does is left behind."""
    (folder / "tokenizer.json").write_bytes(b"x" * 4_000_000)  # 20 s at the slow server's pace
    with (
        FakeHub({"google/gemma": Repository(folder)}, {"*/resolve/*": "slow"}) as slow,
        FakeHub({}, {"*": "drip"}) as dripping,
        black_hole() as silent,
    ):
        urls = {"slow": slow.url, "silent": silent, "dripping": dripping.url}
        sources = [endpoints.Source(name, url) for name, url in urls.items()]
        asked = probe.questions([MODEL], sources, token=None, token_hosts=(), modelscope_ids={})
        started = time.monotonic()
        found = probe.ask(asked, limit_s=1.0)
        took = time.monotonic() - started
    assert took < 3
    assert [one.state for one in found] == ["serves", "silent", "silent"]


def one(name: str, state: str = "serves", speed: float | None = None, latency: float | None = 0.1) -> probe.Measurement:
    return probe.Measurement(MODEL, endpoints.Source(name, f"https://{name}"), state, "", latency, speed)


@pytest.mark.parametrize(
    ("measured", "expected"),
    [
        ([one("first", speed=60), one("second", speed=100)], ("first", "second")),
        ([one("first", speed=40), one("second", speed=100)], ("second", "first")),
        ([one("first", "silent"), one("second", speed=1)], ("second", "first")),
        ([one("first", "gated"), one("second", speed=1)], ("second",)),
        ([one("first", "lacks"), one("second", "gated"), one("third", "silent")], ("first", "second", "third")),
        ([one("first", speed=None), one("second", speed=1)], ("second", "first")),
        ([one("second", latency=0.1), one("third", latency=0.05)], ("third", "second")),
    ],
)
def test_rank(measured, expected):
    assert rank(measured, endpoints.Source("first", "https://first")) == expected


def test_each_repository_gets_its_own_source(folder, home):
    rows = hub.Repository("dataset", "me/rows")
    with (
        FakeHub({"google/gemma": Repository(folder)}) as models,
        FakeHub({"me/rows": Repository(folder, kind="dataset")}) as datasets,
    ):
        made = choose(section(models.url, datasets.url), [MODEL, rows], home)
    assert [source.url for source in made.order(MODEL)] == [models.url]
    assert [source.url for source in made.order(rows)] == [datasets.url]


def test_a_gated_model_comes_only_from_who_may_give_it(folder, home):
    """The token goes to the host that the user named; the other one sees none and is out."""
    gated = {"google/gemma": Repository(folder, token="secret")}
    home["HF_TOKEN"] = "secret"
    with FakeHub(gated) as official, FakeHub(gated) as mirror:
        trusting = section(mirror.url, official.url, token_hosts=[official.host])
        made = choose(trusting, [MODEL], home)
        assert [source.url for source in made.order(MODEL)] == [official.url]
        assert {header for _, _, header in official.log} == {"Bearer secret"}
        assert {header for _, _, header in mirror.log} == {None}


def test_a_token_doesnt_follow_a_redirect_to_another_host(folder, home):
    """A trusted host that redirects: the measurement goes on there without the token."""
    with FakeHub({"google/gemma": Repository(folder)}) as other, FakeHub({}, {"*": other.url}) as trusted:
        measure(section(trusted.url, token_hosts=[trusted.host]), [MODEL], home | {"HF_TOKEN": "secret"})
        assert {header for _, _, header in trusted.log} == {"Bearer secret"}
        assert other.log and {header for _, _, header in other.log} == {None}


def test_a_choice_is_remembered_for_a_day(folder, home, monkeypatch):
    with FakeHub({"google/gemma": Repository(folder)}) as good:
        both = section(dead(), good.url)
        first = choose(both, [MODEL], home)
        asked = len(good.log)
        assert asked and choose(both, [MODEL], home) == first and len(good.log) == asked
        choose(both, [MODEL], home | {"HF_TOKEN": "new"})
        assert len(good.log) == asked  # a login that no source may see changes nothing
        later = time.time() + memory.DAY_S + 1
        monkeypatch.setattr(time, "time", lambda: later)
        choose(both, [MODEL], home)
        assert len(good.log) == 2 * asked


def test_a_broken_memory_only_costs_a_measurement(home, tmp_path):
    file = tmp_path / "home" / "toolgemma" / "mirrors.json"
    file.parent.mkdir(parents=True)
    for text in ("{", "[]", json.dumps({str(MODEL): 3}), json.dumps({str(MODEL): {"order": ["gone"]}})):
        file.write_text(text, encoding="utf-8")
        assert memory.recall(MODEL, {}, home) is None
    file.unlink()
    file.mkdir()
    memory.remember(MODEL, ("a",), {}, home)
    assert memory.recall(MODEL, {}, home) is None


def test_nothing_missing_or_offline_asks_nobody(folder, home):
    with FakeHub({"google/gemma": Repository(folder)}) as one_source, FakeHub({}) as other:
        both = section(one_source.url, other.url)
        choose(both, [], home)
        choose(both, [MODEL], home | {"HF_HUB_OFFLINE": "1"})
        choose(section(one_source.url), [MODEL], home)
        assert not one_source.log and not other.log


def test_nobody_serving_is_not_remembered(home):
    both = section(dead(), dead())
    assert set(orders_of(measure(both, [MODEL], home), both, home)[str(MODEL)]) == {"source0", "source1"}
    assert memory.recall(MODEL, {}, home) is None


# HF_ENDPOINT counts when huggingface_hub is imported, so the proof needs a process of its own.

APPLY = "from toolgemma.cli.options import read_config; read_config(None, ['mirror.mode=http://127.0.0.1:9/hub'], {})"
LIBRARIES = "import huggingface_hub, datasets"
SHOW = "print(huggingface_hub.constants.ENDPOINT, datasets.config.HF_ENDPOINT, huggingface_hub.HfApi().endpoint)"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [([APPLY, LIBRARIES, SHOW], "http://127.0.0.1:9/hub"), ([LIBRARIES, APPLY, SHOW], "https://huggingface.co")],
    ids=["applied first", "too late"],
)
def test_the_endpoint_is_effective_in_every_library(lines, expected, tmp_path):
    """Applied before the import it holds everywhere; the other way round it doesn't, so this test can fail."""
    environ = {name: value for name, value in os.environ.items() if name != "HF_ENDPOINT"}
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)],
        env=environ | {"HF_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
    )
    assert done.stdout.split() == [expected] * 3, done.stderr


def test_the_table_and_the_exit_code(folder, tmp_path):
    """The command in a process of its own, with a dead, a black-holed and a good endpoint."""
    with FakeHub({"google/gemma": Repository(folder)}) as good, contextlib.ExitStack() as stack:
        config = tmp_path / "config.yaml"
        settings = {
            "model": {"name": "google/gemma"},
            "dataset": {"path": str(folder)},
            "mirror": {"endpoints": {"gone": dead(), "hole": stack.enter_context(black_hole()), "good": good.url}},
        }
        config.write_text(json.dumps(settings), encoding="utf-8")

        def run(*arguments: str) -> subprocess.CompletedProcess[str]:
            environ = os.environ | good.environment(tmp_path / "cache") | {"HF_ENDPOINT": ""}
            command = [sys.executable, "-m", "toolgemma.cli", "mirrors", "--config", str(config), *arguments]
            return subprocess.run(command, env=environ, capture_output=True, text=True, encoding="utf-8", timeout=60)

        done = run()
        assert done.returncode == 0, done.stderr
        rows = {line.split("│")[2].strip(): line for line in done.stdout.splitlines() if line.count("│") > 3}
        assert "chosen" in rows["good"] and "ms" in rows["good"]
        assert "silent" in rows["gone"] and "no answer in" in rows["hole"]
        facts = json.loads(run("--json", "--mirror", "gone").stdout)
        assert [(one["source"], one["state"]) for one in facts] == [("gone", "silent")]
        assert run("--mirror", "gone").returncode == 1
