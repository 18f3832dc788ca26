"""Test throttling: how often a user can try, over all workers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import update

from chat.people import authentication, login_throttle
from chat.people.accounts import Refused
from chat.people.login_throttle import LoginAttempt, TooManyAttempts, account_digest
from chat.storage.database import Database
from chat.storage.tables import attempts
from tests.postgres import Postgres
from tests.serving import KEY
from tests.team import PASSWORD, account
from tests.turns import count


def by(email: str, address: str = "a" * 32) -> LoginAttempt:
    """Return an attempt for a user, from an address."""
    return LoginAttempt(account_digest(KEY, email), address, email=email)


def tried(database: Database, email: str, address: str = "a" * 32) -> int | None:
    """Try and fail; return the wait if there were too many attempts."""
    try:
        login_throttle.register_attempt(database, by(email, address))
    except TooManyAttempts as error:
        return error.wait
    return None


def succeed(database: Database, attempt: LoginAttempt) -> None:
    """Try with success."""
    rows = login_throttle.register_attempt(database, attempt)
    with database.write() as connection:
        login_throttle.clear_failures(connection, attempt.account, rows)


def later(database: Database, seconds: int) -> None:
    """Move all attempts into the past."""
    with database.write() as connection:
        connection.execute(update(attempts).values(at=attempts.c.at - seconds))


def test_after_five_failures_even_the_right_password_waits(database: Database) -> None:
    account(database)
    for _ in range(5):
        with pytest.raises(Refused, match="Wrong email or password"):
            authentication.confirm(database, by("ann@example.org"), "wrong one")

    with pytest.raises(TooManyAttempts) as refused:
        authentication.confirm(database, by("ann@example.org"), PASSWORD)

    assert 1 <= refused.value.wait <= 15
    later(database, 16)
    assert authentication.confirm(database, by("ann@example.org"), PASSWORD).email == "ann@example.org"


def test_the_wait_doubles_up_to_a_quarter_of_an_hour_and_is_no_lock_out(database: Database) -> None:
    waits = []
    for _ in range(12):
        while (wait := tried(database, "ann@example.org")) is None:
            pass
        waits.append(wait)
        later(database, wait)

    assert all(abs(wait - expected) <= 1 for wait, expected in zip(waits, [15, 30, 60, 120, 240, 480], strict=False))
    assert 899 <= waits[-1] <= 900
    assert "15 minutes" in str(TooManyAttempts(waits[-1]))


def test_who_is_unknown_waits_as_well(database: Database) -> None:
    assert [tried(database, "nobody@example.org") is None for _ in range(6)] == [True] * 5 + [False]


def test_a_success_forgives_what_failed_before(database: Database) -> None:
    account(database)
    for _ in range(4):
        tried(database, "ann@example.org")

    authentication.confirm(database, by("Ann@example.org "), PASSWORD)

    assert [tried(database, "ann@example.org") for _ in range(5)] == [None] * 5


def test_from_one_address_twenty_a_minute_may_fail_whoever_they_are_as(database: Database) -> None:
    waits = [tried(database, f"person{number}@example.org") for number in range(21)]

    assert waits[:20] == [None] * 20 and 55 <= (waits[20] or 0) <= 61
    assert tried(database, "ann@example.org", "b" * 32) is None
    later(database, 61)
    assert tried(database, "ann@example.org") is None


def tried_everywhere(database: Database, number: int) -> int | None:
    """Try and fail as one of many users, each from a different address."""
    return tried(database, f"person{number}@example.org", f"{number:032x}")


def test_in_all_a_hundred_a_minute_may_fail(either: Database) -> None:
    """Security.md A2: one common password, tried at each account from thousands of addresses."""
    waits = [tried_everywhere(either, number) for number in range(101)]

    assert waits[:100] == [None] * 100 and 50 <= (waits[100] or 0) <= 61
    later(either, 61)
    assert tried_everywhere(either, 101) is None


def test_a_hundred_and_fifty_at_once_are_no_more_than_a_hundred_over_two_workers(either: Database) -> None:
    other = Database(either.engine.url.render_as_string(hide_password=False))

    with ThreadPoolExecutor(30) as pool:
        tries = [pool.submit(tried_everywhere, (either, other)[number % 2], number) for number in range(150)]
        through = sum(each.result(60) is None for each in tries)

    assert through == 100
    other.dispose()


def test_who_asks_for_links_is_counted_apart(database: Database) -> None:
    for number in range(100):
        login_throttle.register_attempt(database, LoginAttempt(f"link {number}", f"{number:032}", login_throttle.MAILS))

    assert tried_everywhere(database, 1) is None


def test_what_succeeds_takes_nobody_elses_try(database: Database) -> None:
    for number in range(101):
        there = by(f"person{number}@example.org")
        succeed(database, there)

    assert count(database, attempts) == 0


def test_many_who_succeed_at_once_are_kept_out_by_nobody(either: Database) -> None:
    """On Postgres they would lock one another's rows in two orders."""
    other = Database(either.engine.url.render_as_string(hide_password=False))

    def right(number: int) -> None:
        database, there = (either, other)[number % 2], by(f"person{number % 40}@example.org", f"{number:032x}")
        succeed(database, there)
        with database.write() as connection:
            login_throttle.clear_failures(connection, there.account)

    with ThreadPoolExecutor(20) as pool:
        assert list(pool.map(right, range(80))) == [None] * 80

    assert count(either, attempts) == 0
    other.dispose()


def test_what_fails_at_large_keeps_nobody_out_who_is_signed_in(database: Database) -> None:
    account(database)
    for number in range(100):
        tried_everywhere(database, number)
    within = LoginAttempt(login_throttle.own_digest(KEY, "person 1"), email="ann@example.org")

    person = authentication.confirm(database, within, PASSWORD)

    assert person.email == "ann@example.org" and tried(database, "ann@example.org") is not None
    waits = [failed_within(database, within) for _ in range(6)]
    assert waits[:5] == [None] * 5 and 14 <= (waits[5] or 0) <= 15


def failed_within(database: Database, within: LoginAttempt) -> int | None:
    """Try and fail in a session; return the wait if there were too many attempts."""
    try:
        login_throttle.register_attempt(database, within)
    except TooManyAttempts as error:
        return error.wait
    return None


@pytest.mark.parametrize("email", ["person 1", "own accounts person 1", "all", "letters"])
def test_nobody_can_name_what_is_counted_apart(database: Database, email: str) -> None:
    assert account_digest(KEY, email) not in (
        login_throttle.own_digest(KEY, "person 1"),
        login_throttle.ALL,
        login_throttle.MAILS,
    )


def test_who_has_to_wait_keeps_nobody_from_writing(database: Database) -> None:
    """A flood of attempts costs only reads."""
    for _ in range(5):
        tried(database, "ann@example.org")

    with database.write():
        assert tried(database, "ann@example.org")


def test_what_is_old_is_dropped(database: Database) -> None:
    for number in range(20):
        tried(database, f"person{number}@example.org")
    later(database, 86_401)

    tried(database, "ann@example.org")

    assert count(database, attempts) == 3


def at_once(databases: list[Database]) -> list[bool]:
    """Try fifty times at once as one user, over several workers; return which attempts got through."""
    with ThreadPoolExecutor(50) as pool:
        tries = [pool.submit(tried, databases[number % 2], "ann@example.org", f"{number:032x}") for number in range(50)]
        return [each.result(60) is None for each in tries]


def test_fifty_at_once_over_two_workers_are_no_more_than_five(database: Database) -> None:
    """LC 25-7105: a limit that looked first and counted later."""
    other = Database(str(database.engine.url))

    assert sum(at_once([database, other])) == 5
    other.dispose()


def test_fifty_at_once_are_no_more_than_five_on_postgres(database_server: Postgres) -> None:
    url = database_server.new_database()
    workers = [Database(url), Database(url)]
    workers[0].upgrade()

    assert sum(at_once(workers)) == 5
    for worker in workers:
        worker.dispose()


def test_the_table_names_nobody(database: Database) -> None:
    tried(database, "ann@example.org")

    with database.read() as connection:
        assert "ann" not in str(connection.execute(attempts.select()).all())
