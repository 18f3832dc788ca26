"""Test a PostgreSQL that goes away and returns: the server waits for it, answers go on, and the log is short."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.harness import Model, Server, served, until, until_ended, violations, words_stored
from tests.faults.model import question
from tests.postgres import Postgres

WORDS = 60
PAUSE = 0.1


@pytest.fixture
def server(tmp_path: Path, model: Model, database_server: Postgres) -> Iterator[Server]:
    """A server of two workers on PostgreSQL."""
    environ = {"DATABASE_URL": database_server.new_database(), "WEB_CONCURRENCY": "2"}
    with served(tmp_path / "one", model, **environ) as server:
        yield server


@contextmanager
def away(database_server: Postgres, how: signal.Signals = signal.SIGINT) -> Iterator[None]:
    """Stop PostgreSQL while a block runs."""
    database_server.stop(how)
    yield
    database_server.start()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["stopped", "crashed"])
def test_answers_of_a_worker_that_lives_go_on_after_an_outage(
    server: Server, model: Model, database_server: Postgres, how: signal.Signals
) -> None:
    """S3: longer than a lease; each reply costs one call, and is complete."""
    browser = server.browser()
    sent = [browser.send(question(f"ten-{number}", WORDS, PAUSE)) for number in range(10)]
    pages = [browser.follow(each.reply) for each in sent]
    for page in pages:
        page.until_words(5)

    with away(database_server, how):
        time.sleep(6)

    for number, (each, page) in enumerate(zip(sent, pages, strict=True)):
        page.until_over()
        row = until_ended(server.database, each.reply)
        assert (row.state, row.attempts, model.calls[f"ten-{number}"]) == ("complete", 0, 1)
        assert words_stored(server.database, each.reply) == list(range(WORDS))
        assert violations(server, f"ten-{number}", [each.reply], [page]) == []


def test_a_worker_that_dies_while_the_database_is_away_takes_no_other_with_it(
    server: Server, model: Model, database_server: Postgres
) -> None:
    """S2: its replacement serves and waits; /readyz says so."""
    browser = server.browser()
    sent = browser.send(question("lives", WORDS, PAUSE))
    page = browser.follow(sent.reply)
    page.until_words(5)
    owner = server.owner("lives")
    other = next(worker for worker in server.workers() if worker != owner)

    with away(database_server):
        server.send_signal(signal.SIGKILL, other)
        until(lambda: len(set(server.workers()) - {other}) == 2)
        until(lambda: all(server.browser().get("/readyz").status == 503 for _ in range(8)))
        alive = server.browser().get("/healthz")

    until(lambda: all(server.browser().get("/readyz").status == 200 for _ in range(8)))
    page.until_over()
    assert alive.status == 200 and owner in server.workers()
    assert until_ended(server.database, sent.reply).attempts == 0
    assert violations(server, "lives", [sent.reply], [page]) == []


def test_a_server_starts_without_its_database_and_waits_for_it(
    tmp_path: Path, model: Model, database_server: Postgres
) -> None:
    """S2: it answers, says that it waits, and goes on by itself."""
    url = database_server.new_database()
    with away(database_server):
        server = Server(tmp_path / "one", model, DATABASE_URL=url)
        server.start()
        waiting = server.browser().get("/readyz")
        page = server.browser().ask("POST", "/conversations", {"text": "My draft"}, Accept="text/html")
    try:
        until(lambda: server.browser().get("/readyz").status == 200)
        sent = server.browser().send(question("late"))

        assert (waiting.status, page.status) == (503, 503) and "My draft" in page.body
        assert until_ended(server.database, sent.reply).state == "complete"
        assert server.log.read_text().count("Waiting for the database") == 1
    finally:
        server.kill()
        server.database.dispose()


def test_requests_while_the_database_is_away_are_one_line_each(server: Server, database_server: Postgres) -> None:
    """S7: besides one line for the outage, and one for its end, in each worker."""
    browser = server.browser()
    until(lambda: "\nrivulet_workers 2\n" in browser.get("/metrics").body)
    browser.send(question("somebody"))
    before = len(server.log.read_text().splitlines())

    with away(database_server):
        answers = [browser.get("/") for _ in range(20)] + [browser.post("/conversations", text="Hi") for _ in range(20)]
    until(lambda: browser.get("/readyz").status == 200)

    lines = server.log.read_text().splitlines()[before:]
    assert {answer.status for answer in answers} == {503}
    assert [line for line in lines if "Traceback" in line] == []
    told = [line for line in lines if not re.search(r"journal: (GET|POST) ", line)]
    assert len(told) <= 4 and len(lines) - len(told) <= 44, told
