"""Test a server that is told to stop: short answers end in it, long ones go on in the next one."""

from __future__ import annotations

import signal
import socket
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.faults.browser import read
from tests.faults.harness import Model, reply, served, until, until_ended, violations, words_stored
from tests.faults.model import HEAD, ending, question, words
from tests.scripted import Gate
from tests.serving import KEY

BOTH_STOPS = pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
STOPS = pytest.mark.parametrize(
    "how", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.long)], ids=["SIGTERM", "SIGINT"]
)
"""From the signal on, a server does the same after both."""


@BOTH_STOPS
def test_a_short_answer_ends_before_the_server_does(tmp_path: Path, model: Model, how: signal.Signals) -> None:
    """F4: told to stop in mid-answer, with enough time; the browser reads the end."""
    with served(tmp_path, model, DRAIN_SECONDS="20", WEB_CONCURRENCY="2") as server:
        gate = Gate()
        model.will_play("short", [HEAD, *words(0, 5), gate, *words(5, 10), ending()])
        browser = server.browser()
        sent = browser.send(question("short"))
        page = browser.follow(sent.reply)
        page.until_words(5)

        server.send_signal(how)
        gate.open()

        assert "w9" in page.until_over().text and len(page.received) == 1
        assert server.process.wait(30) == 0
        row = reply(server.database, sent.reply)
        assert row and (row.state, row.attempts, model.calls["short"]) == ("complete", 0, 1)
        assert violations(server, "short", [sent.reply], [page]) == []


@STOPS
def test_a_long_answer_goes_on_in_the_next_server(tmp_path: Path, model: Model, how: signal.Signals) -> None:
    """F4: the drain's time runs out; all is stored and released, the exit is clean, the page sees a pause."""
    with served(tmp_path, model, DRAIN_SECONDS="0.5", WEB_CONCURRENCY="2") as server:
        browser = server.browser()
        sent = browser.send(question("long", 100, 0.04))
        page = browser.follow(sent.reply)
        page.until_words(10)

        assert server.stop(how) == 0
        left = reply(server.database, sent.reply)
        kept, shown = words_stored(server.database, sent.reply), page.words_seen()
        server.start()

        page.until_over()
        row = until_ended(server.database, sent.reply)
        assert left and (left.state, left.owner) == ("generating", None) and shown <= len(kept) < 100
        assert (row.state, row.attempts, model.calls["long"]) == ("complete", 1, 2)
        assert words_stored(server.database, sent.reply) == list(range(100))
        assert violations(server, "long", [sent.reply], [page]) == []


@STOPS
def test_an_answer_that_nobody_watches_is_handed_on_as_well(tmp_path: Path, model: Model, how: signal.Signals) -> None:
    """F4: gunicorn knows only about requests; a worker that writes without one must release its replies before it
    exits."""
    with served(tmp_path, model, DRAIN_SECONDS="1.5", WEB_CONCURRENCY="2") as server:
        sent = server.browser().send(question("unwatched", 100, 0.04))
        until(lambda: len(words_stored(server.database, sent.reply)) > 5)

        assert server.stop(how) == 0

        left = reply(server.database, sent.reply)
        assert left and (left.state, left.owner, left.lease_until) == ("generating", None, 0)


def test_a_rolling_restart_is_a_pause(tmp_path: Path, model: Model) -> None:
    """F4: the next server runs before the old one is told to stop; the browser's router switches to it."""
    key = {"SECRET_KEY": KEY, "DATABASE_URL": f"sqlite:///{tmp_path / 'rivulet.db'}"}
    with (
        served(tmp_path / "old", model, **key, DRAIN_SECONDS="0.5") as old,
        served(tmp_path / "new", model, **key) as new,
    ):
        browser = old.browser()
        sent = browser.send(question("rolling", 100, 0.04))
        page = browser.follow(sent.reply)
        page.until_words(10)
        browser.port = new.port

        assert old.stop() == 0

        page.until_over()
        row = until_ended(new.database, sent.reply)
        assert (row.state, row.attempts) == ("complete", 1)
        assert words_stored(new.database, sent.reply) == list(range(100))
        assert violations(new, "rolling", [sent.reply], [page]) == []


def test_a_server_that_is_about_to_end_still_takes_a_message_and_answers_it(tmp_path: Path, model: Model) -> None:
    """F4: a router can still send to it; gunicorn reads on, and the request has the rest of the time."""
    with served(tmp_path, model, DRAIN_SECONDS="20") as server:
        gate = Gate()
        model.will_play("last", [HEAD, *words(0, 3), gate, ending()])
        sent = server.browser().send(question("last"))
        until(lambda: words_stored(server.database, sent.reply) == [0, 1, 2])

        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(b"POST /conversations HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n")
            until(server.browser().get("/healthz").body.strip)
            server.send_signal(signal.SIGTERM)
            until(lambda: not server.answers())
            connection.sendall(FORM)
            taken = read(all_of(connection))
        gate.open()

        assert server.process.wait(30) == 0
        assert taken.status == 200 and "My message" in taken.body and "w0" in taken.body and "</html>" in taken.body
        row = reply(server.database, sent.reply)
        assert row and row.state == "complete" and model.calls.total() == 2


def test_who_waits_to_be_let_in_when_the_server_stops_is_answered(tmp_path: Path, model: Model) -> None:
    """F4: a busy machine leaves connections in the kernel's queue, which resets the ones that no process accepts."""
    with served(tmp_path, model, WEB_CONCURRENCY="2", DRAIN_SECONDS="3") as server, ExitStack() as stack:
        workers = server.workers()
        for worker in workers:
            server.send_signal(signal.SIGSTOP, worker)
        waiting = [stack.enter_context(server.browser().open("GET", "/healthz")) for _ in range(50)]

        server.send_signal(signal.SIGTERM)
        time.sleep(1.5)  # gunicorn looks once a second, and must look before it accepts
        for worker in workers:
            server.send_signal(signal.SIGCONT, worker)

        answers = [read(all_of(connection)) for connection in waiting]
        assert [answer.status for answer in answers] == [200] * 50 and server.process.wait(30) == 0


def all_of(connection: socket.socket) -> bytes:
    """Read to the end of a connection."""
    return b"".join(iter(lambda: connection.recv(65_536), b""))


FORM = (
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 15\r\nConnection: close\r\n\r\ntext=My+message"
)
