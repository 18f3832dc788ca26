"""Test slow readers: the cost of each is bounded, however long the response is."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.faults.browser import Answer, Browser, Sent, read
from tests.faults.harness import Model, Server, served, text_of, until
from tests.faults.model import HEAD, SILENCE, question, said
from tests.turns import lengthened

READERS = 30
EACH = 256 * 1024
"""The most that a slow reader may cost, in bytes."""

PARAGRAPHS = "A *word* and `some` more of them.\n\n" * 400
ONE_LINE = "word and more of these " * 600
CODE = "    count = count + 1  # once more\n" * 400
PIECES = 60  # an answer has a million characters at most


@pytest.fixture(scope="module")
def model() -> Iterator[Model]:
    """A model's server."""
    with Model() as model:
        yield model


@pytest.fixture
def server(tmp_path: Path, model: Model) -> Iterator[Server]:
    """The app with one new worker: in an old one, memory freed by other tests would hide new allocations."""
    with served(tmp_path, model, WEB_CONCURRENCY="1") as server:
        yield server


@pytest.fixture
def browser(server: Server) -> Browser:
    """A visitor."""
    return server.browser()


@pytest.fixture
def long(server: Server, browser: Browser) -> Sent:
    """A conversation of the visitor, of 20 MB."""
    sent = browser.send(question("hello", 1, 0))
    browser.follow(sent.reply).until_over()
    lengthened(server.database, sent.conversation, ["word " * 20_000] * 200)
    return sent


def memory_of(server: Server) -> int:
    """Return how much memory the worker holds, in bytes."""
    (worker,) = server.workers()
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{worker}/status").read_text())
    assert found
    return int(found[1]) * 1024


def stalled(browser: Browser, path: str, place: int, form: str = "") -> socket.socket:
    """Send a request from an address of this machine, read the beginning of the response, and then stop reading."""
    connection = socket.socket()
    connection.settimeout(30)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.bind((f"127.0.1.{place + 1}", 0))
    connection.connect(("127.0.0.1", browser.port))
    head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nCookie: {browser.cookie}\r\n"
    connection.sendall(f"{head}HX-Request: {form}\r\n\r\n".replace("HX-Request: \r\n", "").encode())
    assert connection.recv(15) == b"HTTP/1.1 200 OK"
    return connection


def held_by_each(server: Server, browser: Browser, path: str, form: str = "") -> int:
    """Measure the cost of each of many slow readers, in bytes; other requests are answered meanwhile."""
    with ExitStack() as stack:
        for place in range(3):  # modules that the first readers load stay in memory
            stalled(browser, path, place, form).close()
        before = memory_of(server)
        for place in range(READERS):
            stack.enter_context(stalled(browser, path, place, form))
        assert server.browser().get("/healthz").body == "ok\n"
        return (memory_of(server) - before) // READERS


@pytest.mark.parametrize("ending", [".json", ".md", ""])
def test_slow_readers_of_what_is_long_cost_little(server: Server, browser: Browser, long: Sent, ending: str) -> None:
    """P8: 30 connections ask for 20 MB and read slowly."""
    assert held_by_each(server, browser, f"/conversations/{long.conversation}{ending}") <= EACH


def test_slow_readers_of_a_part_of_a_page_cost_little(server: Server, browser: Browser, long: Sent) -> None:
    path = f"/conversations/{long.conversation}?before={long.reply + 100}"

    assert held_by_each(server, browser, path, form="true") <= EACH


@pytest.mark.parametrize("text", [PARAGRAPHS, ONE_LINE, CODE], ids=["paragraphs", "one line", "code"])
def test_slow_followers_of_a_long_answer_cost_little(server: Server, browser: Browser, model: Model, text: str) -> None:
    name = f"long-{len(text)}"
    model.will_play(name, [HEAD, *[said(text)] * PIECES, SILENCE])
    sent = browser.send(question(name))
    # Blanks wait for the text after them.
    until(lambda: len(text_of(server.database, sent.reply)) >= PIECES * len(text) - 2)

    assert held_by_each(server, browser, f"/replies/{sent.reply}/generation", form="true") <= EACH


def test_who_reads_many_long_answers_at_once_is_told_to_wait(server: Server, browser: Browser, long: Sent) -> None:
    path = f"/conversations/{long.conversation}.txt"
    with ExitStack() as stack:
        for _ in range(8):
            stack.enter_context(stalled(browser, path, 0))

        refused = asked(browser, path, 0)

        assert (
            refused.status == 503
            and "Retry-After: 5" in refused.head
            and "large pages or files are loading" in refused.body
        )
        assert asked(browser, "/", 0).status == 200
        stalled(browser, path, 1).close()  # from another address

    until(lambda: asked(browser, path, 0).status == 200)


def asked(browser: Browser, path: str, place: int) -> Answer:
    """Send a request from an address of this machine; return the whole answer."""
    received = bytearray()
    connection = socket.create_connection(("127.0.0.1", browser.port), 30, (f"127.0.1.{place + 1}", 0))
    with connection:
        head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nCookie: {browser.cookie}\r\n\r\n"
        connection.sendall(head.encode())
        while more := connection.recv(1_000_000):
            received += more
    return read(bytes(received))
