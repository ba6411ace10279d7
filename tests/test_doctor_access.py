"""Access to the model and dataset, asked of servers on this machine that speak the Hub's protocol."""

import json

import pytest

from fake_hub import FakeHub, Repository, dead
from tiny import make_model_folder
from toolgemma import hub as hub_module
from toolgemma.config import load_config
from toolgemma.doctor import access
from toolgemma.hub.probe import Measurement

TOKEN = "hf_secret"


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty cache, no login, no proxy."""
    for name in ("HF_ENDPOINT", "HF_HUB_OFFLINE", "HF_TOKEN", "HF_HUB_CACHE", "http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "config.json").write_text(json.dumps({"model_type": "gemma3_text"}), encoding="utf-8")
    return tmp_path


@pytest.fixture
def served(place):
    repositories = {
        "me/open": Repository(place / "files"),
        "me/gated": Repository(place / "files", token=TOKEN),
        "me/tools": Repository(place / "files", kind="dataset"),
    }
    with FakeHub(repositories) as hub:
        yield hub


def look(place, *urls, model="me/open", dataset="me/tools", token_hosts=()):
    endpoints = {f"source{number}": url for number, url in enumerate(urls)}
    return access.look(
        load_config(
            None,
            [f"model.name={model}", f"dataset.name={dataset}", f"dataset.prepared_dir={place / 'prepared'}",
             f"mirror.endpoints={json.dumps(endpoints)}", f"mirror.token_hosts={json.dumps(list(token_hosts))}"],
        )
    )  # fmt: skip


def accesses(found):
    return [one.access for one in found.repositories]


def test_open_gated_and_missing(place, served):
    assert accesses(look(place, served.url)) == ["open", "open"]
    assert accesses(look(place, served.url, model="me/gated")) == ["gated", "open"]
    assert accesses(look(place, served.url, model="me/none", dataset="me/neither")) == ["missing", "missing"]


def test_one_source_that_serves_is_enough(place, served):
    found = look(place, dead(), served.url)
    assert accesses(found) == ["open", "open"] and found.repositories[0].sources == ("source1",)
    assert [answer.answers for answer in found.answers] == [False, True]


def test_a_copy_that_only_modelscope_serves_counts_where_its_library_is_installed(place, monkeypatch):
    one = hub_module.Repository("model", "me/open")
    served = [
        Measurement(one, hub_module.Source("huggingface", hub_module.OFFICIAL), "gated"),
        Measurement(one, hub_module.Source("modelscope", "https://modelscope.cn"), "serves"),
    ]
    monkeypatch.setattr("toolgemma.hub.choose.is_installed", lambda: False)
    without = access._judge(one, served)
    assert (without.access, without.on_modelscope) == ("gated", True)
    monkeypatch.setattr("toolgemma.hub.choose.is_installed", lambda: True)
    installed = access._judge(one, served)
    assert (installed.access, installed.sources, installed.on_modelscope) == ("open", ("modelscope",), False)


def test_the_token_is_shown_where_the_config_says_so(place, served, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    found = look(place, served.url, model="me/gated")
    assert accesses(found)[0] == "gated" and found.has_token and found.user is None
    assert not any(TOKEN in str(authorization) for _, _, authorization in served.log)
    assert accesses(look(place, served.url, model="me/gated", token_hosts=[served.host]))[0] == "open"


def test_nobody_answers(place):
    found = look(place, dead())
    assert accesses(found) == ["unreachable", "unreachable"] and not found.answers[0].answers


def test_offline_asks_nobody(place, served, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    found = look(place, served.url)
    assert accesses(found) == ["offline", "offline"] and found.offline and not served.log


def test_what_is_on_this_disk_needs_no_hub(place, served):
    model = make_model_folder(place / "model")
    (place / "prepared").mkdir()
    (place / "prepared" / "report.json").write_text("{}", encoding="utf-8")
    found = look(place, served.url, model=model)
    assert accesses(found) == ["local", "local"] and not found.answers and not served.log
    config = load_config(None, [f"model.name={model}"])
    assert access.config_json(config) == model / "config.json"


def test_a_folder_that_is_not_there_is_asked_of_nobody(place, served):
    found = look(place, served.url, model=place / "nowhere")
    assert accesses(found) == ["missing", "open"] and not any("nowhere" in path for _, path, _ in served.log)


def test_whose_token_it_is(place, served, monkeypatch):
    """The stand-in knows no owner of any token and answers 401, as the Hub does to a mistyped one."""
    monkeypatch.setattr(hub_module, "OFFICIAL", served.url)
    assert access._who("hf_wrong") == (None, True)
    assert ("GET", "/api/whoami-v2", "Bearer hf_wrong") in served.log
    monkeypatch.setattr(hub_module, "OFFICIAL", dead())
    assert access._who("hf_wrong") == (None, False)
