"""Downloads through the real huggingface_hub client, from servers that fail in every way that we know of."""

import hashlib
import json
import logging
import os
import subprocess
import sys
import time
from pathlib import Path

import huggingface_hub
import pytest
from huggingface_hub import constants

from fake_hub import COMMIT, FakeHub, Repository, black_hole, dead
from toolgemma import hub
from toolgemma.config import MirrorSection
from toolgemma.errors import HubError
from toolgemma.hub import memory, plan

NAME = "google/gemma"
MODEL = hub.Repository("model", NAME)
FILES = {
    "config.json": b"{}",
    "model.safetensors": bytes(range(256)) * 400,
    "tokenizer.json": b"x" * 20_000,
    "tokenizer_config.json": b"{ }",
    "README.md": b"not needed",
    "original/params.json": b"not needed",
    "modeling.py": b"not needed",
}
NEEDED = {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}


@pytest.fixture
def folder(tmp_path):
    for name, content in FILES.items():
        path = tmp_path / "repository" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path / "repository"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """An empty cache of its own for the client of this process, no login, no waiting for a dead line."""
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    for name in ("HF_TOKEN", "HF_ENDPOINT", "HF_HUB_OFFLINE", plan.VARIABLE):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "home" / "hub"))
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "home" / "token"))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda seconds: None)
    return tmp_path / "home"


@pytest.fixture
def sources(monkeypatch):
    """Apply a plan of these URLs, in this order, as the command line would."""

    def apply(*urls: str, **keys: object) -> None:
        section = MirrorSection(endpoints={f"source{number}": url for number, url in enumerate(urls)}, **keys)
        variables = hub.environment(plan.make(section, {}, {}), section)
        monkeypatch.setenv(plan.VARIABLE, variables[plan.VARIABLE])

    return apply


def is_whole(place: Path) -> bool:
    found = {path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file()}
    return found == NEEDED and all((place / name).read_bytes() == FILES[name] for name in NEEDED)


def test_what_is_needed_arrives_once_and_then_asks_nobody(folder, sources):
    with FakeHub({NAME: Repository(folder)}) as good:
        sources(good.url)
        tokenizer = hub.fetch(MODEL, hub.TOKENIZER_FILES)
        assert set(good.fetched()) == NEEDED - {"model.safetensors"}
        assert is_whole(hub.fetch(MODEL, hub.MODEL_FILES))
        assert sorted(good.fetched()) == sorted(NEEDED)
        assert len([path for _, path, _ in good.log if path.endswith("/config.json")]) == 2  # one HEAD, one GET
        asked = len(good.log)
        assert hub.fetch(MODEL, hub.MODEL_FILES) == hub.fetch(MODEL, hub.TOKENIZER_FILES) == tokenizer
        assert len(good.log) == asked
    cached = huggingface_hub.snapshot_download(NAME, local_files_only=True)  # other tools find it as well
    assert Path(cached) == tokenizer


def test_a_download_survives_the_death_of_its_mirror(folder, sources, home, caplog):
    """Half of the weights is here when the mirror goes: what was whole isn't asked for again, the rest restarts."""
    with (
        FakeHub({NAME: Repository(folder)}, {"*/model.safetensors": "die"}) as dying,
        FakeHub({NAME: Repository(folder)}) as good,
    ):
        sources(dying.url, good.url)
        memory.remember(MODEL, ("source0", "source1"), {}, os.environ)
        blobs = home / "hub" / "models--google--gemma" / "blobs"
        blobs.mkdir(parents=True)
        for name, age in (("half.incomplete", 0), ("another.process.incomplete", 3600)):
            (blobs / name).write_bytes(b"x")
            os.utime(blobs / name, (time.time() - age,) * 2)
        with caplog.at_level(logging.INFO, "toolgemma"):
            assert is_whole(hub.fetch(MODEL, hub.MODEL_FILES))
        assert dying.fetched()[:2] == ["config.json", "model.safetensors"]
        assert sorted(good.fetched()) == sorted(NEEDED - {"config.json"})
        weights = [path for _, path, _ in good.log if path.endswith("model.safetensors")]
        assert len(weights) == 2  # one HEAD, one GET from the first byte
    text = caplog.text
    assert "source0 failed while model google/gemma was downloaded" in text
    assert "1 of 4 files are whole and stay; going on with source1" in text
    assert memory.recall(MODEL, {}, os.environ) is None
    assert [path.name for path in blobs.glob("*.incomplete")] == ["another.process.incomplete"]


@pytest.mark.parametrize(
    ("faults", "expected"),
    [
        ({"*": "503"}, "503"),
        ({"*": "html"}, "Expecting value"),
        ({"*/model.safetensors": "truncate"}, "1 of 4 files are whole"),
        ({"*/model.safetensors": "corrupt"}, "sent other bytes for model.safetensors"),
        ({"*/config.json": "corrupt"}, "sent other bytes for config.json"),
        ({"*/resolve/*": "html"}, "0 of 4 files are whole"),
    ],
    ids=lambda value: next(iter(value.items()))[1] + next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_source_that_fails_gives_way_to_the_next(folder, sources, caplog, faults, expected):
    with FakeHub({NAME: Repository(folder)}, faults) as bad, FakeHub({NAME: Repository(folder)}) as good:
        sources(bad.url, good.url)
        with caplog.at_level(logging.INFO, "toolgemma"):
            assert is_whole(hub.fetch(MODEL, hub.MODEL_FILES))
        assert expected in caplog.text and "going on with source1" in caplog.text
        whole = set(bad.fetched()) - {path.rpartition("/")[2] for path in faults}
        assert "resolve" in next(iter(faults)) or not whole & set(good.fetched())


def test_dead_silent_and_lacking_sources_give_way(folder, sources):
    with FakeHub({}) as lacking, black_hole() as hole, FakeHub({NAME: Repository(folder)}) as good:
        sources(dead(), lacking.url, hole, good.url)
        hub.fetch(MODEL, hub.TOKENIZER_FILES)
        assert set(good.fetched()) == NEEDED - {"model.safetensors"}


def test_corrupted_everywhere_leaves_nothing_behind(folder, sources, home, monkeypatch):
    with FakeHub({NAME: Repository(folder)}, {"*/model.safetensors": "corrupt"}) as bad:
        sources(bad.url)
        with pytest.raises(HubError, match=r"can't be downloaded \(source0 sent other bytes for model.safetensors"):
            hub.fetch(MODEL, hub.MODEL_FILES)
    kept = {path.name for path in (home / "hub").rglob("snapshots/*/*")}
    assert kept == NEEDED - {"model.safetensors"}
    wrong = hashlib.sha256(FILES["model.safetensors"]).hexdigest()
    assert not list((home / "hub").rglob(wrong))
    monkeypatch.chdir(folder)  # files of the same names prove nothing
    assert hub.cached(MODEL, hub.MODEL_FILES, os.environ) is None


def test_no_token_reaches_a_host_that_may_not_see_it(folder, sources, monkeypatch):
    """Gated at both: the first one sees no token and refuses, the one that the user named serves it."""
    monkeypatch.setenv("HF_TOKEN", "secret")
    gated = {NAME: Repository(folder, token="secret")}
    with FakeHub(gated) as mirror, FakeHub(gated) as official:
        sources(mirror.url, official.url, token_hosts=[official.host])
        assert is_whole(hub.fetch(MODEL, hub.MODEL_FILES))
        assert mirror.log and {header for _, _, header in mirror.log} == {None}
        assert {header for _, _, header in official.log} == {"Bearer secret"}


@pytest.mark.parametrize("token", [None, "without access"])
def test_gated_is_explained_even_when_others_lack_it(folder, sources, monkeypatch, token):
    if token:
        monkeypatch.setenv("HF_TOKEN", token)
    with FakeHub({}) as lacking, FakeHub({NAME: Repository(folder, token="secret")}) as gated:
        sources(lacking.url, gated.url, token_hosts=[gated.host])
        with pytest.raises(HubError, match=r"is gated: accept its terms .*source0: "):
            hub.fetch(MODEL, hub.MODEL_FILES)


def test_a_repository_without_what_is_needed(folder, sources):
    with FakeHub({NAME: Repository(folder / "original")}) as odd:
        sources(odd.url)
        with pytest.raises(HubError, match=r"holds no file that is needed \(\*\.safetensors\)"):
            hub.fetch(MODEL, ("*.safetensors",))


def test_offline_uses_the_cache_and_asks_nobody(folder, sources, monkeypatch, caplog):
    rows = hub.Repository("dataset", "me/rows")
    with FakeHub({NAME: Repository(folder), "me/rows": Repository(folder, kind="dataset")}) as good:
        sources(good.url)
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        with pytest.raises(HubError, match=r"google/gemma is not in the local cache and HF_HUB_OFFLINE is set"):
            hub.fetch(MODEL, hub.MODEL_FILES)
        assert not good.log
        monkeypatch.delenv("HF_HUB_OFFLINE")
        for name, kind in ((NAME, "model"), ("me/rows", "dataset")):  # by another tool: no record of ours
            huggingface_hub.snapshot_download(name, repo_type=kind, endpoint=good.url)
        asked = len(good.log)
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        assert (hub.fetch(MODEL, hub.MODEL_FILES) / "model.safetensors").is_file()
        assert hub.fetch(rows, hub.DATASET_FILES).is_dir()
        assert "dataset me/rows can't be compared with the Hub" in caplog.text and NAME not in caplog.text
        assert len(good.log) == asked


def test_a_cache_with_a_missing_shard_is_not_whole(tmp_path):
    environ = {"HF_HOME": str(tmp_path)}
    snapshot = tmp_path / "hub" / "models--google--gemma" / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    index = {"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}}
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json", "one.safetensors"):
        (snapshot / name).write_text("{}", encoding="utf-8")
    (snapshot / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")
    at = hub.Repository("model", NAME, COMMIT)
    assert hub.cached(at, hub.TOKENIZER_FILES, environ) == snapshot
    assert hub.cached(at, hub.MODEL_FILES, environ) is None
    (snapshot / "two.safetensors").write_text("{}", encoding="utf-8")
    assert hub.cached(at, hub.MODEL_FILES, environ) == snapshot
    assert hub.cached(MODEL, hub.MODEL_FILES, environ) is None  # no ref says that main is this commit


@pytest.mark.parametrize("xet", ["off", "on"])
def test_xet_goes_past_the_mirror_unless_it_is_off(folder, tmp_path, xet):
    """The bytes of a file stored by Xet come from the host that the mirror names; switched off, from the mirror."""
    with FakeHub({}) as storage, FakeHub({NAME: Repository(folder, cas=storage.url)}) as mirror:
        section = MirrorSection(mode=mirror.url, xet=xet)
        variables = hub.environment(plan.make(section, {}, {}), section)
        environ = os.environ | mirror.environment(tmp_path / "xet")
        del environ["HF_HUB_DISABLE_XET"]
        code = f"from toolgemma import hub; print(hub.fetch(hub.Repository('model', {NAME!r}), hub.MODEL_FILES))"
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=environ | variables,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=90,
        )
        if xet == "off":
            assert done.returncode == 0, done.stderr
            assert not storage.log and "model.safetensors" in mirror.fetched()
        else:
            assert storage.log and "model.safetensors" not in mirror.fetched()
            assert "can't be downloaded" in done.stderr
