"""Test PgBouncer between the app and PostgreSQL: answers are complete, and another worker can follow them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.faults.harness import Model, Server, served, until_ended, violations, words_stored
from tests.faults.model import question
from tests.pgbouncer import pgbouncer
from tests.postgres import Postgres

WORDS = 20
AT_ONCE = 30

pytestmark = pytest.mark.pgbouncer


def by_both(first: str, second: str) -> pytest.MarkDecorator:
    """Run a test in both of PgBouncer's modes, in the second one only with --long."""
    return pytest.mark.parametrize("server", [first, pytest.param(second, marks=pytest.mark.long)], indirect=True)


@pytest.fixture
def server(request: pytest.FixtureRequest, tmp_path: Path, model: Model, database_server: Postgres) -> Iterator[Server]:
    """A server of two workers behind PgBouncer.

    By default connections change after each transaction; in session mode the app keeps them.
    """
    direct = database_server.new_database()
    mode = getattr(request, "param", "transaction")
    size = {"transaction": 4, "session": 30}[mode]
    with pgbouncer(database_server, mode, size) as port:
        url = direct.replace(f":{database_server.port}/", f":{port}/")
        with served(tmp_path, model, direct=direct, DATABASE_URL=url, WEB_CONCURRENCY="2") as server:
            yield server


@by_both("transaction", "session")
def test_thirty_answers_at_once_are_whole_twice(server: Server, model: Model) -> None:
    def ask(name: str) -> tuple[str, int]:
        return name, server.browser().send(question(name, WORDS, 0.02)).reply

    for again in range(2):
        with ThreadPoolExecutor(AT_ONCE) as pool:
            sent = list(pool.map(ask, [f"{again}-{number}" for number in range(AT_ONCE)]))
        for name, reply in sent:
            row = until_ended(server.database, reply)
            assert (row.state, row.attempts, model.calls[name]) == ("complete", 0, 1)
            assert words_stored(server.database, reply) == list(range(WORDS))


def test_an_answer_is_followed_from_both_workers_as_it_grows(server: Server) -> None:
    browser = server.browser()
    sent = browser.send(question("followed", 60, 0.05))

    pages = [browser.follow(sent.reply) for _ in range(8)]
    for page in pages:
        page.until_words(5)
    state = until_ended(server.database, sent.reply).state
    for page in pages:
        page.until_over()

    assert state == "complete"
    assert violations(server, "followed", [sent.reply], pages) == []


@by_both("session", "transaction")
def test_answers_go_on_after_an_outage_behind_it(server: Server, model: Model, database_server: Postgres) -> None:
    browser = server.browser()
    sent = [browser.send(question(f"outage-{number}", 60, 0.1)) for number in range(4)]
    pages = [browser.follow(each.reply) for each in sent]
    for page in pages:
        page.until_words(5)

    database_server.stop()
    time.sleep(3)
    database_server.start()

    for number, (each, page) in enumerate(zip(sent, pages, strict=True)):
        page.until_over()
        row = until_ended(server.database, each.reply)
        assert (row.state, row.attempts, model.calls[f"outage-{number}"]) == ("complete", 0, 1)
        assert violations(server, f"outage-{number}", [each.reply], [page]) == []
