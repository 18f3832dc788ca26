"""Test PostgreSQL under two servers, as on two machines: followed from any, hurt, restarted."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from chat import conversations
from chat.people.sessions import SessionStore
from chat.replies import log
from chat.replies.log import Ending
from chat.storage.database import Database
from chat.storage.tables import conversations as conversation_table
from chat.web.readiness import NO_ANSWER
from tests.faults.browser import Browser
from tests.faults.harness import Model, Server, served, until, until_ended, violations, words_stored
from tests.faults.model import question
from tests.postgres import Postgres, column
from tests.serving import KEY
from tests.turns import asked, count, guest

WORDS = 100
PAUSE = 0.04


@pytest.fixture
def servers(tmp_path: Path, model: Model, database_server: Postgres) -> Iterator[tuple[Server, Server]]:
    """Two servers of one worker each on one database."""
    environ = {"DATABASE_URL": database_server.new_database(), "SECRET_KEY": KEY}
    with served(tmp_path / "one", model, **environ) as one, served(tmp_path / "two", model, **environ) as two:
        yield one, two


def also_at(server: Server, browser: Browser) -> Browser:
    """Return the same visitor at another server."""
    other = server.browser()
    other.cookie = browser.cookie
    return other


@pytest.mark.newer_postgres
def test_an_answer_is_followed_and_stopped_from_another_machine(servers: tuple[Server, Server], model: Model) -> None:
    """F18: every page at either server sees all words once and in order; the stop reaches the provider."""
    one, two = servers
    browser = one.browser()
    sent = browser.send(question("both", 2000, PAUSE))
    pages = [also_at(server, browser).follow(sent.reply) for server in (one, two) * 4]
    for page in pages:
        page.until_words(20)

    also_at(two, browser).post(f"/replies/{sent.reply}/stop")

    for page in pages:
        page.until_over()
    until(lambda: model.gone["both"] == 1)
    assert until_ended(one.database, sent.reply).state == "stopped"
    assert violations(one, "both", [sent.reply], pages) == []


def test_an_answer_goes_on_at_another_machine_when_its_own_dies(servers: tuple[Server, Server], model: Model) -> None:
    """F2: SIGKILL of one whole server; the other one goes on, and the browser's router switches to it."""
    one, two = servers
    browser = one.browser()
    sent = browser.send(question("machine", WORDS, PAUSE))
    near, far = browser.follow(sent.reply), also_at(two, browser).follow(sent.reply)
    far.until_words(10)

    one.kill()
    browser.port = two.port

    near.until_over()
    far.until_over()
    row = until_ended(two.database, sent.reply)
    assert (row.state, row.attempts, model.calls["machine"]) == ("complete", 1, 2)
    assert words_stored(two.database, sent.reply) == list(range(WORDS))
    assert violations(two, "machine", [sent.reply], [near, far]) == []
    assert len(far.received) == 1


def test_connections_that_the_database_ends_are_not_noticed(
    servers: tuple[Server, Server], model: Model, database_server: Postgres
) -> None:
    """F28: pg_terminate_backend of all connections in mid-answer; no word is lost, no call is repeated."""
    one, two = servers
    browser = one.browser()
    sent = browser.send(question("ended", WORDS, PAUSE))
    pages = [browser.follow(sent.reply), also_at(two, browser).follow(sent.reply)]
    pages[1].until_words(10)

    database_server.command("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 'rivulet_%'")

    for page in pages:
        page.until_over()
    row = until_ended(one.database, sent.reply)
    assert row.state == "complete" and words_stored(one.database, sent.reply) == list(range(WORDS)), row
    assert violations(one, "ended", [sent.reply], pages) == []


def waiting(server: Postgres, database: Database) -> list[str]:
    """List the statements that wait in a database for what another transaction holds."""
    query = "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with server.connect(str(database.engine.url.database)) as connection:
        return column(connection, query)


def test_an_end_and_a_deletion_at_the_same_moment_wait_for_each_other(
    model: Model, database_server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F22: both lock the conversation first and the reply second; otherwise PostgreSQL would abort one of them."""
    database = Database(database_server.new_database())
    database.upgrade()
    person = guest(database, "somebody")
    turn, owners = asked(database, person), log.lock_owners

    def held(*which: Any) -> dict[int, str]:
        found = owners(*which)
        deletion.start()
        until(lambda: waiting(database_server, database))
        return found

    deletion = threading.Thread(target=conversations.delete, args=(database, person, turn.conversation_id))
    monkeypatch.setattr(log, "lock_owners", held)
    with database.write() as connection:
        kept = log.store(
            connection, [log.ReplyUpdate(turn.reply_id, turn.owner or "", 0, [], Ending("complete", "", "", 1))]
        )
    deletion.join(20)

    assert kept == {turn.reply_id}
    assert count(database, conversation_table) == 0
    database.dispose()


def test_requests_of_one_visitor_keep_the_session_at_once(database_server: Postgres) -> None:
    """If each request drops and recreates a session, two of them can create it twice in PostgreSQL."""
    database = Database(database_server.new_database())
    database.upgrade()
    store, line, kept = SessionStore(database), threading.Barrier(8), []
    store.add("one", {"hour": 7}, 60)

    def keep() -> None:
        for _ in range(10):
            line.wait(20)
            kept.append(store.set("one", {"hour": 7, "day": 1}, 60))

    requests = [threading.Thread(target=keep) for _ in range(8)]
    for request in requests:
        request.start()
    for request in requests:
        request.join(60)

    assert len(kept) == 80 and store.get("one") == {"hour": 7, "day": 1}
    database.dispose()


def test_while_the_database_hangs_a_process_is_alive_but_not_ready(
    servers: tuple[Server, Server], model: Model, database_server: Postgres
) -> None:
    """F28, I5: a lock that is never released; each request is answered anyway, and again after its release."""
    one, _ = servers

    with psycopg.connect(database_server.address(one.database.engine.url.database or "")) as connection:
        connection.execute("LOCK TABLE alembic_version")
        with ThreadPoolExecutor(4) as pool:
            asking = [pool.submit(one.browser().get, "/readyz") for _ in range(4)]
            alive = one.browser().get("/healthz")
        hanging = [answer.result() for answer in asking]
    until(lambda: one.browser().get("/readyz").status == 200)

    assert {(answer.status, answer.body) for answer in hanging} == {(503, f"{NO_ANSWER}\n")}
    assert alive.status == 200


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["fast", "immediate"])
def test_an_answer_survives_a_restart_of_the_database(
    servers: tuple[Server, Server], model: Model, database_server: Postgres, how: signal.Signals
) -> None:
    """F28: stopped and started again, cleanly and after a crash; new sends work without a restart of the app."""
    one, two = servers
    browser = one.browser()
    sent = browser.send(question("restart", WORDS, PAUSE))
    pages = [browser.follow(sent.reply), also_at(two, browser).follow(sent.reply)]
    pages[1].until_words(10)

    database_server.stop(how)
    refused = one.browser().ask("POST", "/conversations", {"text": "My draft"}, Accept="text/html")
    database_server.start()

    for page in pages:
        page.until_over()
    row = until_ended(one.database, sent.reply)
    assert refused.status == 503 and "My draft" in refused.body
    assert row.state in {"complete", "interrupted", "failed"}
    assert row.state != "complete" or len(words_stored(one.database, sent.reply)) == WORDS
    assert violations(one, "restart", [sent.reply], pages) == []
    again = two.browser().send(question("after"))
    assert until_ended(two.database, again.reply).state == "complete"
