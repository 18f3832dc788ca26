"""Test unreachable servers: the error, and the log line with the addresses."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from chat.providers.base import Timeouts
from chat.providers.errors import Unavailable
from chat.providers.http.client import StreamingRequest
from chat.providers.http.reachability import proxy_host, root_cause
from tests.providers.server import Server, whole

QUICK = Timeouts(connect=2, first_byte=2, read=2, total=5)
FAR = "http://models.test/v1"


@pytest.fixture
def nobody() -> Iterator[str]:
    """A port of this machine where no process listens."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{closed.getsockname()[1]}"


def told(url: str) -> str:
    with pytest.raises(Unavailable) as refused:
        list(StreamingRequest(url, b"{}", timeouts=QUICK, pauses=()))
    return str(refused.value)


def test_a_proxy_that_is_down_is_named_by_its_setting_and_its_address_is_logged(
    monkeypatch, nobody: str, caplog
) -> None:
    monkeypatch.setenv("http_proxy", f"http://user:secret@{nobody}")

    sentence = told(FAR)

    assert "its proxy doesn't respond" in sentence and "check HTTP_PROXY" in sentence and nobody not in sentence
    assert f"models.test can't be reached through {nobody}" in caplog.text and "Connection refused" in caplog.text
    assert "secret" not in sentence + caplog.text


@pytest.mark.parametrize("proxy", ["socks5h://127.0.0.1:9", "socks5://user:secret@127.0.0.1:9", "gopher://127.0.0.1:9"])
def test_a_proxy_of_a_kind_that_can_not_be_used_is_named_by_its_setting(monkeypatch, proxy: str, caplog) -> None:
    monkeypatch.setenv("all_proxy", proxy)

    sentence = told(FAR)

    assert "its proxy isn't an HTTP proxy" in sentence and "ALL_PROXY" in sentence
    assert "secret" not in sentence + caplog.text
    assert "models.test" in caplog.text and "127.0.0.1:9" in caplog.text


def test_a_proxy_that_refuses_the_way_is_quoted(monkeypatch) -> None:
    with Server(whole("407 Proxy Authentication Required", "")) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)

        sentence = told("https://models.test/v1")

    assert "the proxy refused the connection" in sentence and "407" in sentence


def test_this_machine_s_own_servers_are_asked_without_a_proxy(monkeypatch, nobody: str) -> None:
    monkeypatch.setenv("http_proxy", "socks5h://127.0.0.1:9")

    assert told(f"http://{nobody}/v1").startswith(
        f"{nobody} can't be reached. Ask your admin to check that it is running"
    )


def test_a_server_that_is_down_is_logged_once_with_its_cause(nobody: str, caplog, monkeypatch) -> None:
    monkeypatch.setattr("chat.providers.http.client.PAUSES", (0.0, 0.0))

    with pytest.raises(Unavailable):
        list(StreamingRequest(f"http://{nobody}/v1", b"{}", timeouts=QUICK))

    [record] = caplog.records
    assert record.name == "chat.providers.http.reachability" and "Connection refused" in record.getMessage()


def test_the_cause_is_the_innermost_fault() -> None:
    outer = ValueError(OSError(111, "Connection refused"))

    assert root_cause(outer) == "ConnectionRefusedError: [Errno 111] Connection refused"


@pytest.mark.parametrize(
    ("proxy", "place"),
    [
        ("http://a:b@p.test:3128/", "p.test:3128"),
        ("p.test:3128", "p.test:3128"),
        ("socks5://p.test", "socks5://p.test"),
    ],
)
def test_a_proxy_is_named_without_its_password(proxy: str, place: str) -> None:
    assert proxy_host(proxy) == place
