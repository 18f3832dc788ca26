"""Test request bodies: read in little memory, and whole or not at all."""

from __future__ import annotations

import re
import socket
import subprocess
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from chat.web.form_parser import URLENCODED
from chat.web.request_body import TooSlow
from tests.asking import HTMX, PAGE, TEXT, rows
from tests.scripted import PATIENCE
from tests.serving import Gunicorn, Upstream, gunicorn, upstream

MEGABYTE = 1024 * 1024

CHUNKED = {"Transfer-Encoding": "chunked"}


def test_a_form_in_chunks_that_is_too_large_is_given_back(client: FlaskClient, app: Flask) -> None:
    body = BytesIO(b"text=Keep+me" + b"+" * MEGABYTE)

    refused = client.post("/conversations", input_stream=body, content_type=URLENCODED, headers=PAGE | CHUNKED)

    assert refused.status_code == 413 and "larger than 1 MB" in refused.text and ">Keep me " in refused.text
    assert set(rows(app).values()) == {0}


def test_a_body_too_large_is_refused_where_nobody_asks_for_it_too(client: FlaskClient) -> None:
    for length in (CHUNKED, {"Content-Length": str(MEGABYTE + 1)}):
        assert client.get("/", input_stream=BytesIO(b"x" * (MEGABYTE + 1)), headers=length).status_code == 413


class Slow(BytesIO):
    """A body of which no byte arrives in time."""

    def read(self, _: int | None = -1) -> bytes:
        """Time out as a server's stream does under gevent."""
        raise TooSlow


def test_what_takes_too_long_is_told_in_the_form_that_was_asked_for(client: FlaskClient, app: Flask) -> None:
    page, fragment, text = (
        client.post("/conversations", input_stream=Slow(), content_type=URLENCODED, headers=form | CHUNKED)
        for form in (PAGE, HTMX, TEXT)
    )

    assert {page.status_code, fragment.status_code, text.status_code} == {408}
    assert page.text.startswith("<!doctype html>") and fragment.text.startswith('<p class="problem">')
    assert text.text == f"{TooSlow.description}\n" and set(rows(app).values()) == {0}


@pytest.fixture(scope="module")
def model() -> Iterator[Upstream]:
    """A model's server."""
    with upstream() as server:
        yield server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, model: Upstream) -> Iterator[Gunicorn]:
    """The app under gunicorn, without a limit on messages."""
    with gunicorn(tmp_path_factory.mktemp("gunicorn"), model, PROMPT_LIMIT="0") as server:
        yield server


def post(server: Gunicorn, body: bytes, chunked: bool = False) -> str:
    """Send a form, whole or in chunks; return the answer."""
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(body)}"
    head = f"POST /conversations HTTP/1.1\r\nHost: localhost\r\nAccept: text/plain\r\nConnection: close\r\n{length}\r\n"
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as connection:
        connection.sendall(f"{head}Content-Type: {URLENCODED}\r\n\r\n".encode())
        connection.sendall(in_chunks(body) if chunked else body)
        received = bytearray()
        while more := connection.recv(65_536):
            received += more
    return received.decode()


def in_chunks(body: bytes) -> bytes:
    parts = [body[start : start + 50_000] for start in range(0, len(body), 50_000)]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in [*parts, b""])


def peak(server: Gunicorn) -> int:
    """Read the worker's peak memory, in MiB."""
    asked = ["ps", "-o", "pid=", "--ppid", str(server.process.pid)]
    worker = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()[0]
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{worker}/status").read_text())
    assert found
    return int(found[1]) // 1024


@pytest.mark.parametrize("length", [5, 900_000])
def test_a_body_in_chunks_is_read_whole(server: Gunicorn, model: Upstream, length: int) -> None:
    model.will_say("Heard.")

    answer = post(server, b"text=" + b"x" * length, chunked=True)

    assert answer.startswith("HTTP/1.1 200 ") and "Heard." in answer


@pytest.mark.parametrize("length", [MEGABYTE, 2 * MEGABYTE, 10 * MEGABYTE])
def test_a_body_in_chunks_past_the_limit_is_refused_and_no_part_of_it_is_taken(server: Gunicorn, length: int) -> None:
    answer = post(server, b"text=" + b"x" * length, chunked=True)

    assert answer.startswith("HTTP/1.1 413 ") and "larger than 1 MB" in answer


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Memory is read from /proc, which is Linux's.")
@pytest.mark.parametrize("chunked", [False, True], ids=["whole", "in chunks"])
@pytest.mark.parametrize(
    "body",
    [b"text=" + b"x" * 10 * MEGABYTE, b"text=" + b"%41" * 600_000, b"a&" * 500_000],
    ids=["long", "escapes", "fields"],
)
def test_what_is_too_large_takes_little_memory(server: Gunicorn, model: Upstream, body: bytes, chunked: bool) -> None:
    """GR 24-8966, 24-10569; OW 24-12537: a body that takes a server's memory."""
    model.will_say("Warm.")
    assert post(server, b"text=Hello").startswith("HTTP/1.1 200 ")
    before = peak(server)

    answer = post(server, body, chunked)

    assert answer.startswith("HTTP/1.1 413 ")
    assert peak(server) - before < 20
