"""Test request headers: few bytes in little time, however slow and however many their senders are."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from tests.faults.harness import PATIENCE, Hurried, Model, Server, served

HASTE = 30
"""The factor that shortens the app's times, so that the longest time of a request's headers is a second."""

START = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app with short times, where connections can wait as long as behind a platform's router."""
    with Model() as model:
        settings = {"HASTE": str(HASTE), "GUNICORN_CMD_ARGS": "--keep-alive 95"}
        with served(tmp_path_factory.mktemp("heads"), model, Hurried, **settings) as server:
            yield server


def opened(server: Server) -> socket.socket:
    """Connect to the server."""
    return socket.create_connection(("127.0.0.1", server.port), PATIENCE / 3)


def fields(count: int, size: int) -> bytes:
    return b"".join(b"X-Field-%d: %b\r\n" % (number, b"x" * size) for number in range(count))


@pytest.mark.parametrize(
    "head",
    [START + fields(100, 4_800), START + fields(6, 8_000), START + b"X: " + b"x" * 480_000, b"GET /" + b"x" * 480_000],
    ids=["many fields", "large fields", "one field", "one line"],
)
def test_a_large_head_that_stalls_is_refused_and_its_connection_closed(server: Server, head: bytes) -> None:
    with opened(server) as connection:
        try:
            connection.sendall(head)
        except ConnectionError:
            return
        try:
            status = connection.recv(100).split()[1:2]
        except ConnectionResetError:
            return

        assert status in ([b"431"], [b"414"])


def test_a_head_as_large_as_browsers_send_is_read(server: Server) -> None:
    with opened(server) as connection:
        connection.sendall(START + fields(3, 8_000) + fields(40, 150) + b"\r\n")

        assert connection.recv(100).startswith(b"HTTP/1.1 200 ")


def test_a_head_that_drips_ends_in_time_though_its_connection_might_wait(server: Server) -> None:
    with opened(server) as connection:
        connection.sendall(START + b"X-Slow: ")

        assert ends(connection, drop=b"x")
        assert "Traceback" not in server.log.read_text()


def ends(connection: socket.socket, drop: bytes) -> bool:
    """Send a byte twenty times a second until the server closes the connection; return False if it answers."""
    connection.settimeout(0.05)
    deadline = time.monotonic() + PATIENCE / 3
    while time.monotonic() < deadline:
        try:
            connection.sendall(drop)
            return connection.recv(100) == b""
        except TimeoutError:
            continue
        except ConnectionError:
            return True
    raise AssertionError("the server still waits")


def test_a_connection_may_wait_for_its_next_request_for_longer_than_a_head_may_take(server: Server) -> None:
    with opened(server) as connection:
        for _ in range(2):
            connection.sendall(START + b"\r\n")
            assert whole(connection).startswith(b"HTTP/1.1 200 ")
            time.sleep(1.5)


def whole(connection: socket.socket) -> bytes:
    """Read the answer to /healthz, which can arrive in parts."""
    received = b""
    while not received.endswith(b"ok\n") and (more := connection.recv(1000)):
        received += more
    return received


def test_a_body_has_its_own_time_after_a_head(server: Server) -> None:
    with opened(server) as connection:
        head = b"POST /conversations HTTP/1.1\r\nHost: localhost\r\nAccept: text/plain\r\n"
        connection.sendall(head + b"Content-Type: application/x-www-form-urlencoded\r\n")
        time.sleep(0.6)
        connection.sendall(b"Content-Length: 8\r\n\r\n")
        time.sleep(0.6)
        connection.sendall(b"text=Hi.")

        assert connection.recv(100).startswith(b"HTTP/1.1 200 ")
