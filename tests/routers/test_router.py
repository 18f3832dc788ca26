"""Test that the routers cut, hold back and choose as their kind says; otherwise other tests prove little."""

from __future__ import annotations

import socket

import pytest

from tests.faults.browser import Answer, Browser
from tests.providers.server import END, SILENCE, Server, chunk, head, whole
from tests.routers import BUFFERING, CUTTING, HEROKU, NGINX, Kind, Router
from tests.serving import free_port

TEXT = head("200 OK", "Content-Type: text/plain")


def answer(kind: Kind, *script: bytes | float | str) -> tuple[Answer, Router]:
    """Ask through a router for a backend's script."""
    with Server(script) as backend, Router(kind.faster(100), int(backend.url.rpartition(":")[2])) as router:
        return Browser(router.port).get("/"), router


@pytest.mark.parametrize(("kind", "status"), [(HEROKU, 503), (NGINX, 504)])
def test_a_first_byte_that_is_late_gets_the_routers_own_page(kind: Kind, status: int) -> None:
    got, router = answer(kind, SILENCE)

    assert (got.status, router.did) == (status, {str(status): 1}) and "own page" in got.body


def test_a_silence_that_is_too_long_is_cut(kind: Kind = HEROKU) -> None:
    got, router = answer(kind, TEXT, chunk("one "), 0.3, chunk("two "), 0.3, chunk("three "), SILENCE)

    assert (got.body, router.did) == ("one two three ", {"cut": 1})


def test_a_connection_that_lasts_is_cut_though_it_speaks() -> None:
    words: list[bytes | float | str] = [chunk("word "), 0.01]

    got, router = answer(CUTTING, TEXT, *words * 100, chunk("end"), END)

    assert got.body.startswith("word ") and "end" not in got.body and router.did == {"cut": 1}


def test_what_is_held_back_comes_whole() -> None:
    got, router = answer(BUFFERING, TEXT, chunk("one "), chunk("two "), END)

    assert (got.body, router.did) == ("one two ", {})


def test_what_is_held_back_and_cut_never_comes() -> None:
    with pytest.raises(ConnectionError):
        answer(BUFFERING, TEXT, chunk("one "), SILENCE)


def test_a_backend_that_is_closed_is_passed_over_and_one_that_is_retired_is_not_asked() -> None:
    # It closes each connection and says so, else the router would ask again on one that is about to be closed.
    closed, here = free_port(), whole("200 OK", "here", "Connection: close")
    with Server(here) as up, Router(NGINX, closed, int(up.url.rpartition(":")[2])) as router:
        bodies = [Browser(router.port).get("/").body for _ in range(4)]
        refused = router.did["refused"]
        router.retire(closed)
        bodies += [Browser(router.port).get("/").body for _ in range(4)]

    assert bodies == ["here"] * 8 and refused == router.did["refused"] > 0


def test_who_asks_is_told_to_the_backend_and_connections_are_kept() -> None:
    with (
        Server([*whole("200 OK", "one"), *whole("200 OK", "two")]) as backend,
        Router(NGINX, int(backend.url.rpartition(":")[2])) as router,
        socket.create_connection(("127.0.0.1", router.port), 20) as connection,
    ):
        connection.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        received = b""
        while b"one" not in received and (more := connection.recv(1000)):
            received += more

    assert b"one" in received and b"keep-alive" in received
    assert backend.head["x-forwarded-for"] == "127.0.0.1" and backend.head["x-forwarded-proto"] == "https"
