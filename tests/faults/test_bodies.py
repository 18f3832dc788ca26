"""Test bodies that arrive late, slowly, or not to their end: old rights don't count, and a partial body is refused."""

from __future__ import annotations

import re
import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlencode

import pytest
from sqlalchemy import func
from sqlalchemy import select as rows

from chat.people import accounts, roles
from chat.storage.tables import messages
from tests.faults.browser import Answer, Browser, read
from tests.faults.harness import PATIENCE, Hurried, Model, Server, served
from tests.serving import KEY
from tests.team import PASSWORD, account

HASTE = 30
"""The factor that shortens the app's times, so that the longest time of a body is a second."""

LENGTH, CHUNKS = "Content-Length: {}", "Transfer-Encoding: chunked"


@pytest.fixture(scope="module")
def model() -> Iterator[Model]:
    """A model's server."""
    with Model() as model:
        yield model


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, model: Model) -> Iterator[Server]:
    """The app of a team."""
    with served(tmp_path_factory.mktemp("bodies"), model, ACCESS="team", SECRET_KEY=KEY) as server:
        account(server.database)
        yield server


@pytest.fixture(scope="module")
def hurried(tmp_path_factory: pytest.TempPathFactory, model: Model) -> Iterator[Server]:
    """The app with short times, open to everyone."""
    with served(tmp_path_factory.mktemp("hurried"), model, Hurried, HASTE=str(HASTE)) as server:
        yield server


def opened(server: Server, length: str, cookie: str = "", method: str = "POST") -> socket.socket:
    """Send the headers of a request whose body comes later."""
    path = "/conversations" if method == "POST" else "/"
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n{length}\r\n"
    head += f"Cookie: {cookie}\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n"
    connection = socket.create_connection(("127.0.0.1", server.port), PATIENCE)
    connection.sendall(head.encode())
    return connection


def framed(body: bytes, length: str) -> bytes:
    """Write a body whole, or in one chunk and the last one."""
    return body if length != CHUNKS else b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)


def answered(connection: socket.socket) -> Answer:
    """Read until the server closes the connection, or the declared length is complete."""
    received = b""
    while more := connection.recv(65_536):
        received += more
        head, found, body = received.partition(b"\r\n\r\n")
        length = re.search(rb"Content-Length: (\d+)", head)
        if found and length and len(body) >= int(length[1]):
            break
    return read(received)


def stored(server: Server) -> int:
    with server.database.read() as connection:
        return connection.execute(rows(func.count()).select_from(messages)).scalar_one()


def signed_in(server: Server) -> Browser:
    """Return a user's signed-in browser."""
    browser = server.browser()
    assert browser.ask("POST", "/sign-in", {"email": "ann@example.org", "password": PASSWORD}).status == 303
    return browser


@pytest.mark.parametrize("length", [LENGTH, CHUNKS])
def test_a_late_body_of_somebody_who_was_suspended_meanwhile_is_a_strangers(server: Server, length: str) -> None:
    """OW 26-59219: a user without the right went on over a connection that was open before."""
    browser, before = signed_in(server), stored(server)
    ann = accounts.by_email(server.database, "ann@example.org")
    assert ann
    body = urlencode({"text": "What else do they know?"}).encode()

    with opened(server, length.format(len(body)), browser.cookie) as connection:
        assert server.browser().get("/healthz").status == 200  # by then the server has read the headers, too
        roles.suspend(server.database, "a test", ann.id)
        connection.sendall(framed(body, length))
        answer = answered(connection)
    roles.resume(server.database, "a test", ann.id)

    assert answer.status == 401 and 'name="password"' in answer.body
    assert stored(server) == before


def drip(connection: socket.socket, drop: bytes) -> Answer:
    """Send a byte twenty times a second until an answer comes."""
    deadline = time.monotonic() + PATIENCE
    connection.settimeout(0.05)
    received = b""
    while not received and time.monotonic() < deadline:
        connection.sendall(drop)
        try:
            received = connection.recv(65_536)
        except TimeoutError:
            continue
    connection.settimeout(PATIENCE)
    return read(received + rest(connection))


def rest(connection: socket.socket) -> bytes:
    """Read until the server closes the connection, or resets it, as it does if a byte arrives meanwhile."""
    received = b""
    with suppress(ConnectionResetError):
        while more := connection.recv(65_536):
            received += more
    return received


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize(
    ("length", "drop"), [(LENGTH.format(1_000_000), b"x"), (CHUNKS, b"1\r\nx\r\n")], ids=["length", "chunks"]
)
def test_a_body_that_drips_is_answered_in_time_and_the_connection_closed(
    hurried: Server, method: str, length: str, drop: bytes
) -> None:
    before = stored(hurried)

    with opened(hurried, length, method=method) as connection:
        answer = drip(connection, drop)

    assert answer.status == 408 and "The upload timed out" in answer.body and "<!doctype html>" in answer.body
    log = hurried.log.read_text()
    assert stored(hurried) == before and f"{method} /" in log and " 408 " in log and "Traceback" not in log


def test_others_are_served_while_bodies_drip(server: Server) -> None:
    slow = [opened(server, length) for length in (LENGTH.format(1000), CHUNKS) * 20]

    answer = server.browser().get("/healthz")

    assert answer.body == "ok\n"
    for connection in slow:
        connection.close()


@pytest.mark.parametrize(
    ("length", "sent"),
    [(LENGTH.format(1000), b"text=Hello"), (CHUNKS, b"a\r\ntext=Hello\r\n"), (CHUNKS, b"nonsense\r\n")],
    ids=["length", "chunks", "no chunks"],
)
def test_a_body_that_breaks_off_is_no_message(hurried: Server, length: str, sent: bytes) -> None:
    before = stored(hurried)

    with opened(hurried, length) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        answer = answered(connection)

    assert answer.status == 400
    assert stored(hurried) == before


def test_who_waits_to_be_asked_for_the_body_is_asked(hurried: Server) -> None:
    body = urlencode({"text": "Hello?"}).encode()

    with opened(hurried, f"{LENGTH.format(len(body))}\r\nExpect: 100-continue") as connection:
        asked = connection.recv(100)
        connection.sendall(body)
        answer = connection.recv(100)

    assert asked == b"HTTP/1.1 100 Continue\r\n\r\n" and answer.startswith(b"HTTP/1.1 200 ")


def flood(connection: socket.socket, ended: threading.Event) -> None:
    """Send one-byte chunks faster than the server reads them, until told to stop or disconnected."""
    with suppress(OSError):
        while not ended.is_set():
            connection.sendall(b"1\r\nx\r\n" * 10_000)


@pytest.mark.parametrize(
    "first", [b"", b"1000000\r\n" + b"x" * 0x1000000 + b"\r\n"], ids=["at once", "past all limits"]
)
def test_others_are_served_while_a_body_comes_faster_than_it_can_be_read(server: Server, first: bytes) -> None:
    """OW 26-59220: one-byte chunks take a thousand times the work of their content."""
    ended = threading.Event()
    with opened(server, CHUNKS) as connection:
        connection.sendall(first)
        sender = threading.Thread(target=flood, args=(connection, ended), daemon=True)
        sender.start()

        answers = [server.browser().get("/healthz").body for _ in range(5)]
        went_on = sender.is_alive()

        ended.set()
        sender.join(PATIENCE)

    assert answers == ["ok\n"] * 5 and went_on


def test_a_body_that_comes_faster_than_it_can_be_read_is_ended_in_time_with_its_connection(hurried: Server) -> None:
    ended = threading.Event()
    with opened(hurried, CHUNKS) as connection:
        sender = threading.Thread(target=flood, args=(connection, ended), daemon=True)
        sender.start()

        answer = connection.recv(100)
        sender.join(PATIENCE)

    assert answer.startswith(b"HTTP/1.1 408 ") and not sender.is_alive()
    assert hurried.browser().get("/healthz").body == "ok\n"


@pytest.mark.parametrize("length", [LENGTH, CHUNKS])
def test_so_many_large_bodies_arrive_at_once_and_those_past_them_are_told_to_come_again(
    server: Server, length: str
) -> None:
    part = b"text=" + b"x" * 100_000
    waiting = [opened(server, length.format(200_000)) for _ in range(9)]
    for connection in waiting:
        connection.sendall(part if length != CHUNKS else b"%x\r\n%b\r\n" % (len(part), part))

    (refused,) = select.select(waiting, [], [], PATIENCE)[0]

    answer = answered(refused)
    assert answer.status == 503 and "Retry-After: 5" in answer.head and "Try again in a few seconds" in answer.body
    small = opened(server, LENGTH.format(8))
    small.sendall(b"text=Hi.")
    assert answered(small).status == 401
    for connection in (*waiting, small):
        connection.close()
