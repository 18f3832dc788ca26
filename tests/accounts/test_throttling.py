"""Throttling: how often somebody may try, whichever worker they ask."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import update

from chat.accounts import signing_in, throttling
from chat.accounts.people import Refused
from chat.accounts.throttling import TooManyTries, Try, account_digest
from chat.database import Database
from chat.tables import attempts
from tests.postgres import Postgres
from tests.serving import KEY
from tests.team import PASSWORD, account
from tests.turns import count


def by(email: str, address: str = "a" * 32) -> Try:
    """A try as somebody, from an address."""
    return Try(account_digest(KEY, email), address)


def tried(database: Database, email: str, address: str = "a" * 32) -> int | None:
    """Try and fail; gives how long to wait where there were too many."""
    try:
        throttling.begin(database, by(email, address))
    except TooManyTries as error:
        return error.wait
    return None


def later(database: Database, seconds: int) -> None:
    """Let time go by."""
    with database.write() as connection:
        connection.execute(update(attempts).values(at=attempts.c.at - seconds))


def test_after_five_failures_even_the_right_password_waits(database: Database) -> None:
    account(database)
    for _ in range(5):
        with pytest.raises(Refused, match="don't belong together"):
            signing_in.check(database, by("ann@example.org"), "ann@example.org", "wrong one")

    with pytest.raises(TooManyTries) as refused:
        signing_in.check(database, by("ann@example.org"), "ann@example.org", PASSWORD)

    assert 1 <= refused.value.wait <= 15
    later(database, 16)
    assert signing_in.check(database, by("ann@example.org"), "ann@example.org", PASSWORD).email == "ann@example.org"


def test_the_wait_doubles_up_to_a_quarter_of_an_hour_and_is_no_lock_out(database: Database) -> None:
    waits = []
    for _ in range(12):
        while (wait := tried(database, "ann@example.org")) is None:
            pass
        waits.append(wait)
        later(database, wait)

    assert all(abs(wait - expected) <= 1 for wait, expected in zip(waits, [15, 30, 60, 120, 240, 480], strict=False))
    assert 899 <= waits[-1] <= 900
    assert "15 minutes" in str(TooManyTries(waits[-1]))


def test_who_is_unknown_waits_as_well(database: Database) -> None:
    assert [tried(database, "nobody@example.org") is None for _ in range(6)] == [True] * 5 + [False]


def test_a_success_forgives_what_failed_before(database: Database) -> None:
    account(database)
    for _ in range(4):
        tried(database, "ann@example.org")

    signing_in.check(database, by("Ann@example.org "), "Ann@example.org ", PASSWORD)

    assert [tried(database, "ann@example.org") for _ in range(5)] == [None] * 5


def test_from_one_address_twenty_a_minute_may_fail_whoever_they_are_as(database: Database) -> None:
    waits = [tried(database, f"person{number}@example.org") for number in range(21)]

    assert waits[:20] == [None] * 20 and 55 <= (waits[20] or 0) <= 61
    assert tried(database, "ann@example.org", "b" * 32) is None
    later(database, 61)
    assert tried(database, "ann@example.org") is None


def test_what_is_old_is_dropped(database: Database) -> None:
    for number in range(20):
        tried(database, f"person{number}@example.org")
    later(database, 86_401)

    tried(database, "ann@example.org")

    assert count(database, attempts) == 2


def at_once(databases: list[Database]) -> list[bool]:
    """Try fifty times at once as one person, spread over workers; tells which came through."""
    with ThreadPoolExecutor(50) as pool:
        tries = [pool.submit(tried, databases[number % 2], "ann@example.org", f"{number:032x}") for number in range(50)]
        return [each.result(60) is None for each in tries]


def test_fifty_at_once_over_two_workers_are_no_more_than_five(database: Database) -> None:
    """LC 25-7105: a limit that looked first and counted later."""
    other = Database(str(database.engine.url))

    assert sum(at_once([database, other])) == 5
    other.engine.dispose()


def test_fifty_at_once_are_no_more_than_five_on_postgres(database_server: Postgres) -> None:
    url = database_server.new_database()
    workers = [Database(url), Database(url)]
    workers[0].upgrade()

    assert sum(at_once(workers)) == 5
    for worker in workers:
        worker.engine.dispose()


def test_the_table_names_nobody(database: Database) -> None:
    tried(database, "ann@example.org")

    with database.read() as connection:
        assert "ann" not in str(connection.execute(attempts.select()).all())
