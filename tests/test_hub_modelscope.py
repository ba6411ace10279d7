"""ModelScope through its own library, from a stand-in that speaks as much of its protocol as that library asks for."""

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from fake_hub import dead
from toolgemma import hub
from toolgemma.config import MirrorSection
from toolgemma.errors import HubError
from toolgemma.hub import choose, plan

pytest.importorskip("modelscope", reason="needs the extra modelscope")
MODEL = hub.Repository("model", "google/gemma")
ROWS = hub.Repository("dataset", "me/rows")
FILES = {"config.json": b"{}", "tokenizer.json": b"x" * 5000, "weights.bin": b"pickled"}
IDS = {"google/gemma": "copies/gemma", "me/rows": "copies/rows"}


class StandIn(BaseHTTPRequestHandler):
    log: list[tuple[str, str | None]]

    def do_GET(self) -> None:
        self.log.append((self.path, self.headers.get("Authorization")))
        parts = urlsplit(self.path)
        status, body = 404, json.dumps({"Code": 10010205001, "Success": False, "Message": "not found"}).encode()
        if parts.path in ("/api/v1/models/copies/gemma/repo/files", "/api/v1/datasets/copies/rows/repo/tree"):
            listed = [
                {
                    "Path": name,
                    "Name": name,
                    "Type": "blob",
                    "Size": len(data),
                    "Sha256": hashlib.sha256(data).hexdigest(),
                }
                for name, data in FILES.items()
            ]
            status, body = 200, json.dumps({"Code": 200, "Success": True, "Data": {"Files": listed}}).encode()
        elif parts.path in ("/api/v1/models/copies/gemma/repo", "/api/v1/datasets/copies/rows/repo"):
            status, body = 200, FILES[parse_qs(parts.query)["FilePath"][0]]
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Silence."""


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """(URL, log of requests); an empty cache, and a Hub token that must not get here."""
    for name, value in {"HF_HOME": "home", "MODELSCOPE_CACHE": "modelscope", "MODELSCOPE_HOME": "login"}.items():
        monkeypatch.setenv(name, str(tmp_path / value))
    monkeypatch.setenv("HF_TOKEN", "secret")
    monkeypatch.delenv("HF_ENDPOINT", raising=False)
    handler = type("Handler", (StandIn,), {"log": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", handler.log
    server.shutdown()
    server.server_close()


def apply(monkeypatch, section: MirrorSection) -> None:
    monkeypatch.setenv(plan.VARIABLE, hub.environment(plan.make(section, {}, {}), section)[plan.VARIABLE])


def test_the_next_source_after_a_dead_hub(stand_in, monkeypatch):
    url, log = stand_in
    apply(monkeypatch, MirrorSection(endpoints={"huggingface": dead(), "modelscope": url}, modelscope_ids=IDS))
    for repository, patterns in ((MODEL, hub.TOKENIZER_FILES), (ROWS, hub.DATASET_FILES)):
        folder = hub.fetch(repository, patterns)
        assert (folder / "tokenizer.json").read_bytes() == FILES["tokenizer.json"]
        assert isinstance(folder, Path) and hub.fetch(repository, patterns) == folder
    assert not any("gemma" in path and "weights.bin" in path for path, _ in log)
    assert sum("gemma" in path and "tokenizer.json" in path for path, _ in log) == 1
    assert {token for _, token in log} == {None}


def test_measured_like_the_others(stand_in):
    url, log = stand_in
    section = MirrorSection(endpoints={"modelscope": url}, modelscope_ids=IDS)
    found = choose.measure(section, [MODEL, ROWS, hub.Repository("model", "no/id")], {"HF_TOKEN": "secret"})
    assert [(one.repository, one.state, one.bytes_per_s is not None) for one in found] == [
        (MODEL, "serves", True),
        (ROWS, "serves", True),
    ]
    assert {token for _, token in log} == {None}


@pytest.mark.parametrize(
    ("ids", "revision", "expected"),
    [
        ({}, None, "has no id in mirror.modelscope_ids"),
        ({"google/gemma": "copies/none"}, None, "can't be downloaded"),
        (IDS, "v2", "ModelScope doesn't know the Hub's revisions"),
    ],
)
def test_what_it_cant_serve(stand_in, monkeypatch, ids, revision, expected):
    section = MirrorSection(mode="modelscope", endpoints={"modelscope": stand_in[0]}, modelscope_ids=ids)
    apply(monkeypatch, section)
    with pytest.raises(HubError, match=expected):
        hub.fetch(hub.Repository("model", "google/gemma", revision), hub.TOKENIZER_FILES)


def test_without_the_extra(stand_in, monkeypatch):
    apply(monkeypatch, MirrorSection(mode="modelscope", endpoints={"modelscope": stand_in[0]}, modelscope_ids=IDS))
    monkeypatch.setattr("toolgemma.hub.modelscope.is_installed", lambda: False)
    with pytest.raises(HubError, match="uv sync --extra modelscope"):
        hub.fetch(MODEL, hub.TOKENIZER_FILES)
