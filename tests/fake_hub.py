"""A server on this machine that speaks enough of the Hub's HTTP protocol for the real clients to download from it.

    with FakeHub({"google/gemma": Repository(folder)}) as hub:
        subprocess.run([...], env=os.environ | hub.environment(cache))

It answers repository info, file trees, paths-info and resolve (with ETag, commit and ranges), refuses gated
repositories without the right token as the Hub does, and keeps a log of every request.
"""

import hashlib
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlparse

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Repository:
    """A folder served as a repository; `token`: gated, and opens to this token alone."""

    folder: Path
    kind: str = "model"
    token: str | None = None

    def files(self) -> list[Path]:
        return sorted(path for path in self.folder.rglob("*") if path.is_file())


@dataclass
class FakeHub:
    """Serves `repositories` by name on a free port of the loopback interface."""

    repositories: dict[str, Repository]
    log: list[tuple[str, str, str | None]] = field(default_factory=list)
    """(method, path, authorization header) of each request."""

    def __enter__(self) -> "FakeHub":
        handler = type("Handler", (_Handler,), {"hub": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.server.shutdown()
        self.server.server_close()

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
    oid = hashlib.sha1(path.read_bytes()).hexdigest()
    return {"type": "file", "path": name, "size": path.stat().st_size, "oid": oid}


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
        if repository is None:
            return self.send(401, b"", {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"})
        if repository.token and authorization != f"Bearer {repository.token}" and "/api/" not in path:
            return self.send(
                401, b"", {"X-Error-Code": "GatedRepo", "X-Error-Message": f"Access to {name} is restricted"}
            )
        if path.startswith("/api/"):
            return self.api(name, repository, rest, body)
        return self.resolve(repository, rest, body)

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
                "siblings": [{"rfilename": entry["path"], "size": entry["size"]} for entry in files],
            }
        else:
            return self.send(404, b"", {"X-Error-Code": "EntryNotFound"})
        if answer is None:
            return self.send(404, b"", {"X-Error-Code": "EntryNotFound"})
        self.send(200, json.dumps(answer).encode() if body else b"", {"Content-Type": "application/json"})

    def resolve(self, repository: Repository, rest: list[str], body: bool) -> None:
        path = repository.folder.joinpath(*rest[2:])
        if rest[0] != "resolve" or not path.is_file():
            return self.send(404, b"", {"X-Error-Code": "EntryNotFound", "X-Error-Message": "Entry not found"})
        content = path.read_bytes()
        headers = {
            "ETag": f'"{hashlib.sha1(content).hexdigest()}"',
            "X-Repo-Commit": COMMIT,
            "Accept-Ranges": "bytes",
            "Content-Type": "application/octet-stream",
        }
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").split("-")[0] or 0)
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        self.send(206 if start else 200, content[start:], headers, body)

    def send(self, status: int, content: bytes, headers: dict[str, str], body: bool = True) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if body and self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *arguments: object) -> None:
        """Silence: `FakeHub.log` keeps the requests."""
