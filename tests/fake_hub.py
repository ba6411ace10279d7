"""Servers on this machine that speak enough of the Hub's HTTP protocol for the real clients to download from them.

    with FakeHub({"google/gemma": Repository(folder)}, {"*/model.safetensors": "die"}) as hub:
        subprocess.run([...], env=os.environ | hub.environment(cache))

A server answers repository info, file trees, paths-info and resolve (with ETag, commit and ranges), refuses gated
repositories without the right token as the Hub does, keeps a log of every request, and fails on command.
"""

import contextlib
import fnmatch
import hashlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlparse

COMMIT = "0123456789abcdef0123456789abcdef01234567"
LARGE = 16 * 1024
"""Bytes from which a file counts as stored by LFS: its ETag and hash are SHA-256 then."""


@contextlib.contextmanager
def black_hole() -> Iterator[str]:
    """URL of a port that swallows connections: nobody accepts, and the queue is full."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(socket.socket())
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(4):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(server.getsockname())
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def dead() -> str:
    """URL of a port where nobody listens."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{server.getsockname()[1]}"


@dataclass
class Repository:
    """A folder served as a repository; `token`: gated, and opens to this token alone; `cas`: stored by Xet there."""

    folder: Path
    kind: str = "model"
    token: str | None = None
    cas: str | None = None

    def files(self) -> list[Path]:
        return sorted(path for path in self.folder.rglob("*") if path.is_file())


@dataclass
class FakeHub:
    """Serves `repositories` by name on a free port of the loopback interface; `faults` by pattern of the path."""

    repositories: dict[str, Repository]
    faults: dict[str, str] = field(default_factory=dict)
    """503, html (a captive portal), drip (byte by byte), a URL (redirected there); for files: die (half of it, then the
    server is gone), truncate, corrupt, slow."""
    log: list[tuple[str, str, str | None]] = field(default_factory=list)
    """(method, path, authorization header) of each request."""

    def __enter__(self) -> "FakeHub":
        handler = type("Handler", (_Handler,), {"hub": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Close the port; requests that are being answered go on."""
        self.server.shutdown()
        self.server.server_close()

    def fetched(self) -> list[str]:
        """Names of the files whose content was asked for, in order, as often as it was."""
        return [path.rpartition("/")[2] for method, path, _ in self.log if method == "GET" and "/resolve/" in path]

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server.server_port}"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def environment(self, cache: Path) -> dict[str, str]:
        """Environment of a client process with an empty cache and no login."""
        return {"HF_HOME": str(cache), "HF_HUB_DISABLE_XET": "1", "HF_TOKEN": "", "HF_HUB_DISABLE_TELEMETRY": "1"}


def _entry(path: Path, root: Path) -> dict[str, object]:
    name = path.relative_to(root).as_posix()
    if path.is_dir():
        return {"type": "directory", "path": name, "size": 0, "oid": hashlib.sha1(name.encode()).hexdigest()}
    content = path.read_bytes()
    blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    entry: dict[str, object] = {"type": "file", "path": name, "size": len(content), "oid": blob}
    if len(content) >= LARGE:
        sha256 = hashlib.sha256(content).hexdigest()
        entry["lfs"] = {"oid": sha256, "sha256": sha256, "size": len(content), "pointerSize": 134}
    return entry


def _sibling(entry: dict[str, object]) -> dict[str, object]:
    """An entry as repository info lists it with `blobs=true`."""
    lfs = {"lfs": entry["lfs"]} if "lfs" in entry else {}
    return {"rfilename": entry["path"], "size": entry["size"], "blobId": entry["oid"], **lfs}


def _listing(root: Path, below: str, recursive: bool) -> list[dict[str, object]] | None:
    """Entries of a folder as the Hub's tree call lists them; None where there is no such folder."""
    folder = root / below
    if not folder.is_dir():
        return None
    return [_entry(path, root) for path in sorted(folder.rglob("*") if recursive else folder.iterdir())]


class _Handler(BaseHTTPRequestHandler):
    hub: FakeHub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.answer(body=True)

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_POST(self) -> None:
        self.payload = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.answer(body=True)

    def answer(self, body: bool) -> None:
        path = unquote(urlparse(self.path).path)
        authorization = self.headers.get("Authorization")
        self.hub.log.append((self.command, path, authorization))
        name, repository, rest = self.find(path)
        fault = next((fault for pattern, fault in self.hub.faults.items() if fnmatch.fnmatch(path, pattern)), None)
        if fault == "503":
            return self.send(503, b"busy", {})
        if fault and fault.startswith("http"):
            return self.send(302, b"", {"Location": fault + self.path})
        if fault == "drip":
            return self.send(200, b"{" + b" " * 1000, {"Content-Type": "application/json"}, fault)
        if fault == "html":
            return self.send(200, b"<html>Please log in to the hotel's network</html>", {"Content-Type": "text/html"})
        if repository is None:
            return self.send(401, b"", {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"})
        if "/xet-read-token/" in path:
            expires = str(int(time.time()) + 600)
            access = {"X-Xet-Cas-Url": str(repository.cas), "X-Xet-Access-Token": "xet"}
            return self.send(200, b"{}", access | {"X-Xet-Token-Expiration": expires})
        if repository.token and authorization != f"Bearer {repository.token}" and "/api/" not in path:
            refusal = {"X-Error-Code": "GatedRepo", "X-Error-Message": f"Access to {name} is restricted"}
            return self.send(403 if authorization else 401, b"", refusal)
        if path.startswith("/api/"):
            return self.api(name, repository, rest, body)
        return self.resolve(name, repository, rest, fault)

    def find(self, path: str) -> tuple[str, Repository | None, list[str]]:
        """The repository that a path names, and the parts of the path behind it."""
        for name, repository in self.hub.repositories.items():
            plural = f"{repository.kind}s"
            prefix = "/datasets/" if repository.kind == "dataset" else "/"
            for start in (f"/api/{plural}/{name}", f"{prefix}{name}"):
                if path == start or path.startswith(start + "/"):
                    return name, repository, path[len(start) :].strip("/").split("/")
        return "", None, []

    def api(self, name: str, repository: Repository, rest: list[str], body: bool) -> None:
        recursive = "recursive=true" in urlparse(self.path).query.lower()
        files = [_entry(path, repository.folder) for path in repository.files()]
        if rest[0] == "tree":
            answer: object = _listing(repository.folder, "/".join(rest[2:]), recursive)
        elif rest[0] == "paths-info":
            wanted = json.loads(self.payload)["paths"] if self.payload.startswith(b"{") else []
            answer = [entry for entry in files if entry["path"] in wanted]
        elif rest[0] in ("", "revision"):
            answer = {
                "id": name,
                "sha": COMMIT,
                "private": False,
                "gated": bool(repository.token) and "manual",
                "disabled": False,
                "tags": [],
                "downloads": 0,
                "likes": 0,
                "siblings": [_sibling(entry) for entry in files],
            }
        else:
            return self.send(404, b"", {"X-Error-Code": "EntryNotFound"})
        if answer is None:
            return self.send(404, b"", {"X-Error-Code": "EntryNotFound"})
        self.send(200, json.dumps(answer).encode() if body else b"", {"Content-Type": "application/json"})

    def resolve(self, name: str, repository: Repository, rest: list[str], fault: str | None) -> None:
        path = repository.folder.joinpath(*rest[2:])
        if rest[0] != "resolve" or not path.is_file():
            return self.send(404, b"", {"X-Error-Code": "EntryNotFound", "X-Error-Message": "Entry not found"})
        entry, content = _entry(path, repository.folder), path.read_bytes()
        lfs = entry.get("lfs")
        headers = {
            "ETag": f'"{lfs["oid"] if isinstance(lfs, dict) else entry["oid"]}"',
            "X-Repo-Commit": COMMIT,
            "Accept-Ranges": "bytes",
            "Content-Type": "application/octet-stream",
        }
        if repository.cas and isinstance(lfs, dict):
            headers["X-Xet-Hash"] = lfs["oid"]
            route = f"{self.hub.url}/api/{repository.kind}s/{name}/xet-read-token/{COMMIT}"
            headers["Link"] = f'<{route}>; rel="xet-auth"'
        first, _, last = self.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")
        start, end = int(first or 0), min(int(last or len(content)), len(content) - 1) + 1
        if "Range" in self.headers:
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{len(content)}"
        if self.command == "GET":
            content = self.spoil(content, fault)
        self.send(206 if "Range" in self.headers else 200, content[start:end], headers, fault)

    def spoil(self, content: bytes, fault: str | None) -> bytes:
        if fault == "truncate":
            return content[: len(content) // 2]
        return content[:-1] + bytes([content[-1] ^ 1]) if fault == "corrupt" else content

    def send(self, status: int, content: bytes, headers: dict[str, str], fault: str | None = None) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if fault == "die":
            self.wfile.write(content[: len(content) // 2])
            self.close_connection = True
            self.hub.stop()
            return
        if fault in ("slow", "drip"):
            step = 4096 if fault == "slow" else 1
            with contextlib.suppress(OSError):  # the client may have had enough
                for place in range(0, len(content), step):
                    self.wfile.write(content[place : place + step])
                    time.sleep(0.02)
            return
        self.wfile.write(content)

    def log_message(self, *arguments: object) -> None:
        """Silence: `FakeHub.log` keeps the requests."""
