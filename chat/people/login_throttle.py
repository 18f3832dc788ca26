"""Throttling: how often somebody may try to sign in, as one account, from one address, and all together.

A try counts as failed from before it is looked at until it has succeeded, in the transaction that looks how many there
were: so many at once are no more than one after another, over all workers. Nobody is locked out, they wait; while they
wait, the right password is refused as well, or waiting would tell which one it is.

Who is signed in and shows that they know their password is counted apart, and so is who signs in by a browser by which
they did before: what others fail at keeps them from nothing, and whoever has their session, or that browser, can't
guess without end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, Integer, bindparam, delete, func, insert, select

from chat.config.durations import DAY
from chat.people.accounts import Refused, normalize_email
from chat.people.sliding_window import MINUTE, TooMany, digest, nth_newest, waits
from chat.storage import locks
from chat.storage.database import Database, clock
from chat.storage.locks import Lock
from chat.storage.tables import attempts

FREE_FAILURES = 5
"""How many tries in a row may fail before there is a wait."""

FIRST_WAIT, LONGEST_WAIT = 15, 900
"""The wait after these, in seconds; each further failure doubles it."""


FROM_ADDRESS = 20
"""How many tries may fail in a minute, whoever they are as."""

FROM_ALL = 100
"""How many tries may fail in a minute in all: one common password may be tried as everybody, from everywhere."""

ALL, MAILS = "all", "letters"
"""Whose tries those of the whole instance are, to sign in and to be sent a link; a digest is longer."""

WHOSE = attempts.c.whose == bindparam("whose")
COUNT_FAILURES = select(func.count(), (clock() - func.max(attempts.c.at)).label("since")).where(
    WHOSE, attempts.c.at > clock() - DAY
)
SELECT_WAIT = nth_newest(waits(attempts.c.at, WHOSE), bindparam("before", type_=Integer))
INSERT_ATTEMPT = insert(attempts).values(at=clock()).returning(attempts.c.id)
DELETE_FAILURES = delete(attempts).where(WHOSE)
DELETE_ATTEMPT = delete(attempts).where(attempts.c.id == bindparam("it", type_=Integer))
DELETE_OLD = delete(attempts).where(attempts.c.at < clock() - DAY)
DELETE_OLD_IN_MINUTE = DELETE_FAILURES.where(attempts.c.at < clock() - MINUTE)


class TooManyAttempts(Refused, TooMany):
    """There were too many tries; the next one may be made after `wait` seconds."""

    def __init__(self, wait: int):
        said = f"{wait} seconds" if wait < 90 else f"{-(-wait // 60)} minutes"
        super().__init__(f"There were too many tries. Try again in {said}.", wait)


@dataclass(frozen=True)
class LoginAttempt:
    """Who tries and from where, by digests, and among which tries of all; without an address it is apart from those.

    `email` is what they typed.
    """

    account: str
    address: str = ""
    among: str = ALL
    email: str = ""


def account_digest(secret: str, email: str) -> str:
    """Give what the tries as an account are known by, whether there is one or not."""
    return digest(secret, "accounts", normalize_email(email))


def own_digest(secret: str, whose: str) -> str:
    """Give what tries that are counted apart are known by; no e-mail address makes the same one."""
    return digest(secret, "own accounts", whose)


def register_attempt(database: Database, attempt: LoginAttempt) -> list[int]:
    """Count an attempt as failed; gives its rows of a minute. Raises TooManyAttempts, which counts nothing."""
    with database.read() as connection:  # a flood is refused by reading, and keeps nobody from writing
        check_limits(connection, attempt)
    with locked(database) as connection:
        check_limits(connection, attempt)
        connection.execute(DELETE_OLD)
        connection.execute(INSERT_ATTEMPT, {"whose": attempt.account})
        return [insert_attempt(connection, whose) for whose in bounds_of(attempt)]


def check_limits(connection: Connection, attempt: LoginAttempt) -> None:
    """Raise TooManyAttempts where this attempt has to wait."""
    waits = [wait_of(connection, attempt.account)]
    for whose, most in bounds_of(attempt).items():
        waits.append(connection.execute(SELECT_WAIT, {"whose": whose, "before": most - 1}).scalar() or 0)
    if max(waits) > 0:
        raise TooManyAttempts(max(waits))


def wait_of(connection: Connection, account: str) -> int:
    """Tell for how long there may be no try as an account, in seconds."""
    failed, since = connection.execute(COUNT_FAILURES, {"whose": account}).one()
    return delay(failed) - since if failed >= FREE_FAILURES else 0


def delay(failed: int) -> int:
    """Tell how long to wait after so many failures, in seconds."""
    return min(FIRST_WAIT * 2 ** min(failed - FREE_FAILURES, 10), LONGEST_WAIT)


def bounds_of(attempt: LoginAttempt) -> dict[str, int]:
    """Tell whose tries a try is counted among beside the account's, and how many of those may fail in a minute."""
    return {attempt.address: FROM_ADDRESS, attempt.among: FROM_ALL} if attempt.address else {}


def insert_attempt(connection: Connection, whose: str) -> int:
    """Count a try for a minute; gives the row that does."""
    connection.execute(DELETE_OLD_IN_MINUTE, {"whose": whose})
    return connection.execute(INSERT_ATTEMPT, {"whose": whose}).scalar_one()


def clear_failures(connection: Connection, attempt: LoginAttempt, rows: Sequence[int]) -> None:
    """Take back an attempt that succeeded, and forget the failures as its account: last in a transaction, as it locks.

    A success resets only the counter that it was counted by: each reset gives an attacker five more guesses.
    """
    locks.hold(connection, (Lock.TRIES, 0))
    connection.execute(DELETE_FAILURES, {"whose": attempt.account})
    for row in rows:
        connection.execute(DELETE_ATTEMPT, {"it": row})


def reset_failures(database: Database, account: str) -> None:
    """Forget the failures as an account whose owner has proved it in another way."""
    with locked(database) as connection:
        connection.execute(DELETE_FAILURES, {"whose": account})


@contextmanager
def locked(database: Database) -> Iterator[Connection]:
    """Open a transaction in which nobody else counts tries.

    One lock for all: the count of all tries would be waited for in any case, and one can't be taken in two orders.
    """
    with database.write() as connection:
        locks.hold(connection, (Lock.TRIES, 0))
        yield connection
