"""S3: test another process that holds the database for longer than a lease; no live worker loses an answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.faults.browser import Browser, Sent
from tests.faults.harness import Model, Server, served, until_ended, violations, words_stored
from tests.faults.holders import TABLES, holding_file, holding_row, holding_tables
from tests.faults.model import question
from tests.postgres import Postgres

WORDS = 120
PAUSE = 0.05
LONG = 8.0
"""How many seconds the database is held."""

NAMES = [f"held-{number}" for number in range(8)]


def hold(
    server: Server, holding: Callable[[], AbstractContextManager[None]], meanwhile: Callable[[Browser, Sent], object]
) -> None:
    """Hold a database during answers and one user's action; check all answers except that user's."""
    browsers = [server.browser() for _ in NAMES]
    sent = [browser.send(question(name, WORDS, PAUSE)) for browser, name in zip(browsers, NAMES, strict=True)]
    pages = [browser.follow(each.reply) for browser, each in zip(browsers, sent, strict=True)]
    for page in pages:
        page.until_words(5)

    with holding():
        threading.Thread(target=meanwhile, args=(browsers[0], sent[0]), daemon=True).start()
        time.sleep(LONG)

    for name, each, page in list(zip(NAMES, sent, pages, strict=True))[1:]:
        page.until_over()
        row = until_ended(server.database, each.reply)
        assert (row.state, row.attempts, server.model.calls[name]) == ("complete", 0, 1)
        assert words_stored(server.database, each.reply) == list(range(WORDS))
        assert violations(server, name, [each.reply], [page]) == []


def nothing(_: Browser, __: Sent) -> None:
    """Do nothing."""


def delete(browser: Browser, sent: Sent) -> None:
    """Delete a conversation whose answer is being written."""
    browser.ask("POST", f"/conversations/{sent.conversation}/deletion", {})


def test_answers_stay_where_they_are_while_a_file_is_held(tmp_path: Path, model: Model) -> None:
    with served(tmp_path, model, WEB_CONCURRENCY="2") as server:
        hold(server, lambda: holding_file(tmp_path / "instance" / "rivulet.db"), nothing)


@pytest.mark.parametrize(
    ("tables", "meanwhile"), [(TABLES, nothing), (["pieces"], delete)], ids=["all", "some, while a deletion waits"]
)
def test_answers_stay_where_they_are_while_tables_are_held(
    tmp_path: Path,
    model: Model,
    database_server: Postgres,
    tables: Sequence[str],
    meanwhile: Callable[[Browser, Sent], object],
) -> None:
    url = database_server.new_database()
    with served(tmp_path, model, WEB_CONCURRENCY="2", DATABASE_URL=url) as server:
        hold(server, lambda: holding_tables(url, tables), meanwhile)


def test_answers_stay_where_they_are_while_the_row_of_one_is_held(
    tmp_path: Path, model: Model, database_server: Postgres
) -> None:
    url, name = database_server.new_database(), "row"
    with served(tmp_path, model, WEB_CONCURRENCY="2", DATABASE_URL=url) as server:
        browser = server.browser()
        sent = browser.send(question(name, 2 * WORDS, PAUSE))
        page = browser.follow(sent.reply)
        page.until_words(5)

        hold(server, lambda: holding_row(url, sent.reply), nothing)

        row = until_ended(server.database, sent.reply)
        assert (row.state, row.attempts, server.model.calls[name]) == ("complete", 0, 1)
        assert words_stored(server.database, sent.reply) == list(range(2 * WORDS))
