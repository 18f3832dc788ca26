"""Test a COMMIT without an answer: Rivulet looks up its result, and claims nothing if the result is unknown."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import psycopg
import pytest
from sqlalchemy import insert
from sqlalchemy.exc import DBAPIError, OperationalError

from chat.storage import commits, transactions
from chat.storage.database import Database, DatabaseAway, DatabaseBusy
from chat.storage.engines import DatabaseUnusable
from chat.storage.outages import OutcomeUnclear, Silence
from chat.storage.tables import people
from tests.faults.harness import until
from tests.postgres import Postgres
from tests.serving import free_port
from tests.turns import count, guest

pytestmark = pytest.mark.newer_postgres

Break = Callable[..., None]

LOST = "server closed the connection unexpectedly"


@pytest.fixture
def on_postgres(database_server: Postgres) -> Iterator[Database]:
    """An empty database of PostgreSQL."""
    database = Database(database_server.new_database())
    database.upgrade()
    yield database
    database.dispose()


@pytest.fixture
def lose(on_postgres: Database, monkeypatch: pytest.MonkeyPatch) -> Break:
    """Break the connection at the next COMMIT: before the server receives it, or after the server has done it."""
    dialect = type(on_postgres.engine.dialect)
    commit = dialect.do_commit

    def lose(done: bool, then: Callable[[], object] = lambda: None) -> None:
        def broken(self: Any, connection: Any) -> None:
            monkeypatch.setattr(dialect, "do_commit", commit)
            if done:
                commit(self, connection)
            connection.driver_connection.close()
            then()
            raise psycopg.OperationalError(LOST)

        monkeypatch.setattr(dialect, "do_commit", broken)

    return lose


def test_what_was_committed_though_its_answer_was_lost_counts_as_done(on_postgres: Database, lose: Break) -> None:
    lose(done=True)

    person = guest(on_postgres, "ann")

    assert person and count(on_postgres, people) == 1


def test_a_commit_that_never_arrived_is_an_error_and_changed_nothing(on_postgres: Database, lose: Break) -> None:
    lose(done=False)

    with pytest.raises(DatabaseAway) as told:
        guest(on_postgres, "ann")

    assert type(told.value) is DatabaseAway and count(on_postgres, people) == 0


def test_a_transaction_that_still_waits_for_its_client_is_ended(on_postgres: Database) -> None:
    """A wire that swallowed the COMMIT: the server holds the locks of a transaction that no client will end."""
    connection, ticket = transactions.begin(on_postgres.engine, writes=True, wait=1)
    connection.execute(insert(people).values(uid="zoe", created_at=1))

    assert ticket and not commits.was_committed(on_postgres.engine, ticket)

    with pytest.raises(OperationalError):
        connection.commit()
    connection.close()
    assert count(on_postgres, people) == 0


def test_after_a_restart_of_the_server_nobody_claims_to_know(
    on_postgres: Database, lose: Break, database_server: Postgres
) -> None:
    """A crashed server reuses the ids of transactions that it has forgotten."""
    lose(done=True, then=lambda: (database_server.stop(), database_server.start()))

    with pytest.raises(OutcomeUnclear, match="Check whether it was saved"):
        guest(on_postgres, "ann")


def test_after_a_crash_of_one_process_of_the_server_a_number_that_it_gives_again_proves_nothing(
    on_postgres: Database, database_server: Postgres
) -> None:
    """It ends all connections, forgets unwritten data, and goes on, without restarting as a whole."""
    with pytest.raises(OutcomeUnclear), on_postgres.write() as connection:
        ours = connection.exec_driver_sql("SELECT txid_current()").scalar_one()
        connection.execute(insert(people).values(uid="ann", created_at=1))
        crash(database_server, on_postgres)
        until_given_again(database_server, ours)

    assert count(on_postgres, people) == 0


def crash(server: Postgres, database: Database) -> None:
    """Kill one process of PostgreSQL, as the kernel does when memory runs out; wait until it takes connections.

    PostgreSQL first ends all its other processes; until then it can still accept a connection.
    """
    address = server.address(database.engine.url.database or "")
    with psycopg.connect(address) as victim, psycopg.connect(address) as other:
        os.kill(victim.info.backend_pid, signal.SIGKILL)
        with suppress(psycopg.OperationalError):
            other.execute("SELECT pg_sleep(10)")
    until(server.answers)


def until_given_again(server: Postgres, number: int) -> None:
    """Use up transaction ids until one of them has been committed."""
    with psycopg.connect(server.address("postgres"), autocommit=True) as connection:
        while connection.execute("SELECT txid_current()").fetchone() < (number,):  # type: ignore[operator]
            pass


def test_who_waits_for_nobody_is_refused_at_once(on_postgres: Database) -> None:
    with on_postgres.write() as holder:
        holder.exec_driver_sql("LOCK TABLE people IN EXCLUSIVE MODE")

        with pytest.raises(DatabaseBusy), on_postgres.write(wait=0) as connection:
            # Without this limit it could wait for ever.
            connection.exec_driver_sql("SET LOCAL statement_timeout = 5000")
            connection.execute(insert(people).values(uid="ann", created_at=1))


def test_a_database_that_can_only_be_read_is_away_for_who_writes(
    on_postgres: Database, database_server: Postgres
) -> None:
    """A standby, or a database that its host made read-only because the disk is full."""
    name = on_postgres.engine.url.database
    database_server.command(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    on_postgres.dispose()

    with pytest.raises(DatabaseAway), on_postgres.write() as connection:
        connection.execute(insert(people).values(uid="ann", created_at=1))


def test_a_connection_whose_transaction_never_began_is_dropped_without_a_word(
    on_postgres: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fall_silent(*_: object) -> None:
        raise Silence

    monkeypatch.setattr(transactions, "BEGIN_READING", "BEGIN; SELECT pg_sleep(20) -- {}")
    before = signal.signal(signal.SIGALRM, fall_silent)
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    try:
        with pytest.raises(Silence):
            transactions.begin(on_postgres.engine, writes=False, wait=1)
    finally:
        signal.signal(signal.SIGALRM, before)

    assert caplog.records == []


def test_who_repeats_a_transaction_is_told_that_it_broke(on_postgres: Database, lose: Break) -> None:
    lose(done=True)

    with pytest.raises(DatabaseAway), on_postgres.write(is_repeated=True) as connection:
        connection.execute(insert(people).values(uid="ann", created_at=1))


def test_a_transaction_waits_for_locks_of_others_for_a_bounded_time(on_postgres: Database) -> None:
    with on_postgres.write() as holder:
        holder.exec_driver_sql("LOCK TABLE people IN EXCLUSIVE MODE")

        with pytest.raises(DatabaseBusy), on_postgres.write(wait=0.05) as connection:
            connection.execute(insert(people).values(uid="ann", created_at=1))


def test_a_read_on_postgres_changes_nothing(on_postgres: Database) -> None:
    with pytest.raises(DBAPIError, match="read-only transaction"), on_postgres.read() as connection:
        connection.execute(insert(people).values(uid="ann", created_at=1))


def test_an_outage_is_one_line_in_the_log_and_its_end_another(
    on_postgres: Database, database_server: Postgres, caplog: pytest.LogCaptureFixture
) -> None:
    database_server.stop()
    for _ in range(3):
        with pytest.raises(DatabaseAway), on_postgres.read():
            pass
    database_server.start()
    for _ in range(3):
        with on_postgres.read():
            pass

    assert [record.message.partition(":")[0] for record in caplog.records] == [
        "the database is unavailable",
        "the database is available again",
    ]


@pytest.mark.parametrize(
    ("part", "wrong"), [("rivulet@", "nobody-here@"), ("/rivulet_", "/no_rivulet_")], ids=["role", "database"]
)
def test_a_server_that_lets_nobody_in_is_a_wrong_setting(on_postgres: Database, part: str, wrong: str) -> None:
    url = on_postgres.engine.url.render_as_string(hide_password=False)

    with pytest.raises(DatabaseUnusable, match=r"does not exist.*Check DATABASE_URL"):
        Database(url.replace("+psycopg", "").replace(part, wrong)).upgrade()


def test_a_role_that_may_make_no_tables_is_told_what_its_owner_has_to_type(database_server: Postgres) -> None:
    """Since PostgreSQL 15, only a database's owner may create tables by default."""
    url = database_server.new_database()
    role = f"plain_{free_port()}"
    database_server.command(f"CREATE ROLE {role} LOGIN")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    plain = Database(url.replace("rivulet@", f"{role}@"))

    with pytest.raises(DatabaseUnusable) as caught:
        plain.upgrade()
    grant = re.findall(r"GRANT CREATE ON SCHEMA public TO \w+;", str(caught.value))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(grant[0])
    plain.upgrade()

    assert count(plain, people) == 0
    plain.dispose()


@pytest.mark.parametrize("host", ["127.0.0.1", "db.invalid"])
def test_a_server_that_is_not_there_yet_is_none(host: str) -> None:
    """An unknown name can belong to a container that hasn't started."""
    with pytest.raises(DatabaseAway):
        Database(f"postgres://rivulet@{host}:{free_port()}/rivulet").upgrade()
