"""Test the sign-in form: slow or large bodies from strangers don't keep a member's own long message out."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urlencode

import pytest

from tests.faults.browser import Answer, Browser, read
from tests.faults.harness import PATIENCE, Model, Server, served
from tests.faults.model import question
from tests.marked import PASSWORD
from tests.serving import KEY
from tests.team import account

SLOW = 40
"""How many bodies strangers send slowly: more than all slots together."""

HERE = "192.0.2.1"
LONG = b"text=" + b"x" * 90_000
DOORS = ("/claim", "/resets", "/resets/yours", "/invites/yours", "/sign-in/openid", "/sign-out")


@pytest.fixture(scope="module")
def model() -> Iterator[Model]:
    """A model's server."""
    with Model() as model:
        yield model


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, model: Model) -> Iterator[Server]:
    """The app of a team, behind a proxy that tells each client's address."""
    settings = {"ACCESS": "team", "SECRET_KEY": KEY, "TRUSTED_PROXIES": "1"}
    with served(tmp_path_factory.mktemp("doors"), model, **settings) as server:
        account(server.database)
        yield server


def opened(server: Server, path: str, address: str, length: int | None, cookie: str = "") -> socket.socket:
    """Send the headers of a form, with a length or in chunks, as a proxy passes it on."""
    size = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\nX-Forwarded-For: {address}\r\n"
    head += f"Cookie: {cookie}\r\nContent-Type: application/x-www-form-urlencoded\r\n{size}\r\n\r\n"
    connection = socket.create_connection(("127.0.0.1", server.port), PATIENCE)
    connection.sendall(head.encode())
    return connection


def chunk(body: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(body), body)


def answered(connection: socket.socket) -> Answer:
    """Read the answer to its end, which is the end of the connection or of its data."""
    received = b""
    while select.select([connection], [], [], 1 if received else PATIENCE)[0] and (more := connection.recv(65_536)):
        received += more
    return read(received)


@pytest.fixture(params=["one address", "many addresses"])
def crowd(request: pytest.FixtureRequest, server: Server) -> Iterator[str]:
    """Strangers who hold all their slots at the sign-in form; the fixture returns one stranger's address."""
    with ExitStack() as held:
        addresses = [HERE if request.param == "one address" else f"192.0.2.{number // 4 + 1}" for number in range(SLOW)]
        slow = [held.enter_context(opened(server, "/sign-in", address, 90_000)) for address in addresses]
        for connection in slow:
            connection.sendall(LONG[:-1000])
        until_refused(slow, 8)
        yield HERE


def until_refused(slow: list[socket.socket], least: int) -> None:
    """Wait until a number of them have an answer: by then all slots are taken."""
    deadline = time.monotonic() + PATIENCE
    while len(select.select(slow, [], [], 0.05)[0]) < least:
        assert time.monotonic() < deadline


def signed_in(server: Server, address: str) -> Browser:
    """Return a member's signed-in browser at an address."""
    browser = server.browser()
    form = {"email": "ann@example.org", "password": PASSWORD}
    assert browser.ask("POST", "/sign-in", form, X_Forwarded_For=address).status == 303
    return browser


@pytest.mark.parametrize("size", ["length", "chunks"])
def test_a_members_long_message_has_a_place_whatever_strangers_send(crowd: str, server: Server, size: str):
    member = signed_in(server, crowd)
    body = urlencode({"text": f"{question('long', 3)} {'x' * 90_000}"}).encode()

    with opened(server, "/conversations", crowd, len(body) if size == "length" else None, member.cookie) as connection:
        connection.sendall(body if size == "length" else chunk(body) + chunk(b""))
        answer = answered(connection)

    assert answer.status in {200, 303}, answer


def test_a_cookie_that_is_no_members_has_a_strangers_place(crowd: str, server: Server):
    with opened(server, "/conversations", crowd, len(LONG), "rivulet=made-up") as connection:
        connection.sendall(LONG)

        assert answered(connection).status == 503


def test_a_long_draft_of_somebody_whose_session_has_ended_comes_along_to_the_sign_in(server: Server):
    draft = "水" * 30_000
    form = {"email": "ann@example.org", "password": PASSWORD, "text": draft}

    answer = server.browser().ask("POST", "/sign-in", form, X_Forwarded_For=HERE)

    assert answer.status == 200 and draft in answer.body


@pytest.mark.parametrize("path", DOORS)
@pytest.mark.parametrize("size", ["length", "chunks"])
def test_a_door_takes_no_more_than_16_kb(server: Server, path: str, size: str):
    body = b"email=" + b"x" * 17_000

    with opened(server, path, HERE, len(body) if size == "length" else None) as connection:
        connection.sendall(body if size == "length" else chunk(body) + chunk(b""))
        answer = answered(connection)

    assert answer.status == 413 and "limit 16 KB" in answer.body and "message" not in answer.body.lower()


@pytest.mark.parametrize("path", DOORS)
def test_a_door_takes_what_its_form_needs(server: Server, path: str):
    answer = server.browser().ask("POST", path, {"email": "x" * 15_000}, X_Forwarded_For=HERE)

    assert answer.status not in {413, 500, 503}


def test_slow_bodies_at_other_doors_take_no_place(server: Server):
    with ExitStack() as held:
        for _ in range(SLOW):
            held.enter_context(opened(server, "/claim", HERE, 90_000)).sendall(LONG[:-1000])
        draft = held.enter_context(opened(server, "/sign-in", HERE, len(LONG)))
        draft.sendall(LONG)

        assert answered(draft).status == 403
