"""What a failure on the Hub means for the user."""

import socket

import pytest
from huggingface_hub import errors as hub_errors

from toolgemma import hub


def raised(error: Exception, wrapper: type[Exception] | None = None) -> Exception:
    """The error as a library would hand it on: raised, and wrapped in another one where asked."""
    try:
        try:
            raise error
        except Exception as inner:
            if wrapper:
                raise wrapper("Can't load the model") from inner
            raise
    except Exception as outer:
        return outer


def answer(status: int):
    import httpx

    return httpx.Response(status, request=httpx.Request("GET", "https://huggingface.co/x"))


@pytest.mark.parametrize("wrapper", [None, OSError])
@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (hub_errors.GatedRepoError("403", response=answer(403)), "accept its terms at https://huggingface.co/a/b"),
        (hub_errors.RepositoryNotFoundError("404", response=answer(404)), "was not found on the Hub"),
        (hub_errors.RevisionNotFoundError("404", response=answer(404)), "no such revision"),
        (hub_errors.OfflineModeIsEnabled("offline"), "HF_HUB_OFFLINE"),
        (hub_errors.LocalEntryNotFoundError("no connection"), "mirror.mode"),
        (ConnectionError("refused"), "mirror.mode"),
    ],
)
def test_each_failure_has_its_cure(error, expected, wrapper):
    message = str(hub.explain(raised(error, wrapper), "a/b", "model"))
    assert "a/b" in message
    assert expected in message


def test_datasets_have_their_own_page():
    error = hub_errors.GatedRepoError("401", response=answer(401))
    assert "https://huggingface.co/datasets/a/b" in str(hub.explain(error, "a/b", "dataset"))


def test_a_listening_endpoint_is_reachable_and_a_closed_one_is_not(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert hub.is_reachable(f"http://127.0.0.1:{port}/path")
    assert not hub.is_reachable(f"http://127.0.0.1:{port}")
    assert not hub.is_reachable("https://nowhere.invalid")
    assert not hub.is_reachable("ftp://127.0.0.1")


def test_behind_a_proxy_only_the_proxy_could_tell(monkeypatch):
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    assert hub.is_reachable("https://nowhere.invalid")
