"""Readers who take what they asked for slowly: what each costs is bounded, however long it is."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.faults.browser import Browser, Sent
from tests.faults.harness import Model, Server, served
from tests.faults.model import question
from tests.turns import lengthened

READERS = 30
EACH = 256 * 1024
"""The most that a slow reader may cost, in bytes."""

ALL_THEIR_PLACES = {"CROWD": "1000"}


@pytest.fixture(scope="module")
def model() -> Iterator[Model]:
    """A model's server."""
    with Model() as model:
        yield model


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, model: Model) -> Iterator[Server]:
    """The app, with one worker."""
    with served(tmp_path_factory.mktemp("slow"), model, WEB_CONCURRENCY="1") as server:
        yield server


def memory_of(server: Server) -> int:
    """Tell how much memory the worker holds, in bytes."""
    (worker,) = server.workers()
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{worker}/status").read_text())
    assert found
    return int(found[1]) * 1024


def long(browser: Browser, server: Server, count: int, size: int) -> Sent:
    """Store a conversation of a visitor with so many messages, each of so many characters."""
    sent = browser.send(question("hello", 1, 0))
    browser.follow(sent.reply).until_over()
    lengthened(server.database, sent.conversation, sent.reply, count, size)
    return sent


def stalled(browser: Browser, path: str, **headers: str) -> socket.socket:
    """Ask for something, read the beginning of it, and no more."""
    connection = browser.open("GET", path, **headers)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    assert connection.recv(12).startswith(b"HTTP/1.1 ")
    return connection


@contextmanager
def slow_readers(browser: Browser, path: str, **headers: str) -> Iterator[list[socket.socket]]:
    """Let many readers ask for something and hardly read it."""
    with ExitStack() as stack:
        yield [stack.enter_context(stalled(browser, path, **headers)) for _ in range(READERS)]


def held_by_readers(server: Server, browser: Browser, path: str, **headers: str) -> int:
    """Measure how much memory slow readers of something hold, each; others are answered meanwhile."""
    stalled(browser, path, **headers).close()  # what the first one loads stays
    time.sleep(0.2)
    before = memory_of(server)
    with slow_readers(browser, path, **headers):
        assert server.browser().get("/healthz").body == "ok\n"
        return (memory_of(server) - before) // READERS


@pytest.mark.parametrize("form", ["json", "md", "txt"])
def test_slow_readers_of_a_long_export_cost_little(server: Server, form: str) -> None:
    """P8."""
    browser = server.browser()
    sent = long(browser, server, 200, 100_000)

    held = held_by_readers(server, browser, f"/conversations/{sent.conversation}.{form}")

    assert held <= EACH
