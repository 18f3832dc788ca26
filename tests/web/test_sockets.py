"""Test the deployed app under gunicorn over a raw socket."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.scripted import PATIENCE, Gate
from tests.serving import Gunicorn, Upstream, gunicorn, upstream

MARKED = "heron-7714-marked"


@pytest.fixture(scope="module")
def model() -> Iterator[Upstream]:
    """A model's server."""
    with upstream() as server:
        yield server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, model: Upstream) -> Iterator[Gunicorn]:
    """The app under gunicorn."""
    with gunicorn(tmp_path_factory.mktemp("gunicorn"), model) as server:
        yield server


def request(server: Gunicorn, method: str, path: str, body: bytes = b"", **headers: str) -> socket.socket:
    """Send a request; return the socket with its answer."""
    connection = socket.create_connection(("127.0.0.1", server.port), PATIENCE)
    fields = {"Host": "localhost", "Content-Length": str(len(body)), **headers}
    fields |= {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    connection.sendall(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body)
    return connection


def until(connection: socket.socket, wanted: bytes) -> bytes:
    """Read until a text has arrived."""
    seen = b""
    while wanted not in seen:
        more = connection.recv(65_536)
        assert more, seen
        seen += more
    return seen


def send(server: Gunicorn, text: str, **headers: str) -> socket.socket:
    """Send a message that begins a conversation."""
    return request(server, "POST", "/conversations", urlencode({"text": text}).encode(), **headers)


@pytest.mark.parametrize("accept", ["text/plain", "text/html"])
def test_an_answer_leaves_in_chunks_while_the_model_still_speaks(
    server: Gunicorn, model: Upstream, accept: str
) -> None:
    silent, speaking = Gate(), Gate()
    model.will_say(silent, "One, ", speaking, "two.")

    with send(server, "Count", Accept=accept) as connection:
        head = until(connection, b"\r\n\r\n")
        silent.wait_until_reached()
        silent.open()
        middle = until(connection, b"One,")
        speaking.open()
        until(connection, b"two.")

    assert b"Transfer-Encoding: chunked" in head and b"Content-Length" not in head
    assert b"Content-Security-Policy: default-src 'none'" in head and b"two." not in middle


def test_a_follow_leaves_in_chunks_while_the_model_still_speaks(server: Gunicorn, model: Upstream) -> None:
    gate = Gate()
    model.will_say("One, ", gate, "two.")
    with send(server, "Count", HX_Request="true") as connection:
        sent = until(connection, b"/generation").decode()
    cookie, reply = re.search(r"rivulet-[^=]+=[^;]+", sent), re.search(r"/replies/\d+/generation", sent)
    assert cookie and reply

    with request(server, "GET", reply[0], Cookie=cookie[0]) as connection:
        early = until(connection, b"One,")
        gate.open()
        late = until(connection, b"outerHTML")

    assert b"Transfer-Encoding: chunked" in early and b"text/event-stream" in early
    assert b"X-Accel-Buffering: no" in early and b"two." in late


@pytest.mark.parametrize("megabytes", [2, 10])
@pytest.mark.parametrize("connection", ["close", "keep-alive"])
def test_the_answer_to_a_body_too_large_can_be_read(server: Gunicorn, megabytes: int, connection: str) -> None:
    body = b"text=" + b"x" * (megabytes * 1024 * 1024)

    with request(server, "POST", "/conversations", body, Connection=connection, Accept="text/plain") as opened:
        answer = until(opened, b"1 MB")

    assert answer.startswith(b"HTTP/1.1 413 ")


def test_no_line_of_the_servers_log_holds_what_was_said_a_key_or_a_cookie(server: Gunicorn, model: Upstream) -> None:
    model.will_say(f"{MARKED} said")
    with send(server, MARKED, Accept="text/plain", Connection="close") as connection:
        sent = until(connection, b"\r\n0\r\n\r\n").decode()
    for form in ({"text": f"{MARKED}\0"}, {"text": MARKED, "model": MARKED}, {"text": MARKED * 90_000}):
        with request(server, "POST", "/conversations", urlencode(form).encode(), Accept="text/plain") as connection:
            until(connection, b"HTTP/1.1 4")
    with request(server, "GET", f"/{MARKED}?q={MARKED}", Cookie=f"rivulet={MARKED}") as connection:
        until(connection, b"HTTP/1.1 404")

    cookie = re.search(r"rivulet-[^=]+=([^;]+)", sent)
    log = server.log.read_text()
    assert f"{MARKED} said" in sent and cookie
    assert MARKED not in log and cookie[1] not in log and "sk-a-key-nobody-may-see" not in log


def test_what_breaks_in_the_server_says_nothing_of_the_message(tmp_path: Path, model: Upstream) -> None:
    with gunicorn(tmp_path, model) as server:
        for path in (tmp_path / "instance").glob("rivulet.db*"):
            path.write_bytes(b"no database any more")
        with send(server, MARKED, Accept="text/plain", Connection="close") as connection:
            answer = until(connection, b"\r\n\r\n")

        assert re.match(rb"HTTP/1.1 50[03] ", answer) and b"Content-Security-Policy" in answer
        assert server.log.read_text() and MARKED not in server.log.read_text()
