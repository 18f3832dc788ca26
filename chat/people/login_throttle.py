"""Login throttle: how many sign-in attempts can fail for one account, from one address, and in all.

An attempt counts as failed until it has succeeded. It is counted in the transaction that checks the limits, so
concurrent attempts over all workers pass no limit. Nobody is locked out: they wait. Meanwhile even the right password
is refused; otherwise the answer would tell which one is right.

Password checks of a signed-in user have a counter of their own, and so has a browser that has signed in before. So
failures elsewhere lock neither out, and an attacker with a stolen session or browser can't guess without end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Integer, bindparam, delete, func, insert, select

from chat.config.durations import DAY
from chat.people.accounts import Refused, normalize_email
from chat.people.sliding_window import MINUTE, TooMany, digest, waits
from chat.storage import locks
from chat.storage.database import Database, clock
from chat.storage.locks import Lock
from chat.storage.tables import attempts

FREE_FAILURES = 5
"""How many attempts in a row can fail before there is a wait."""

FIRST_WAIT, LONGEST_WAIT = 15, 900
"""The wait after these failures, in seconds; each further failure doubles it."""

FROM_ADDRESS = 20
"""How many attempts from one address can fail in a minute, for all accounts together."""

FROM_ALL = 100
"""How many attempts can fail in a minute in all: an attacker can try one common password everywhere."""

ALL, MAILS = "all", "letters"
"""Names of the counters of the whole instance: sign-ins, and requests for reset links. A digest is longer."""

COUNTER_LOCK = (Lock.TRIES, 0)
"""One lock for all counters: every attempt counts in ALL anyway, and a single lock can't deadlock."""

WHOSE = attempts.c.whose == bindparam("whose")
COUNT_FAILURES = select(func.count(), (clock() - func.max(attempts.c.at)).label("since")).where(
    WHOSE, attempts.c.at > clock() - DAY
)
SELECT_WAIT = waits(attempts.c.at, WHOSE).limit(1).offset(bindparam("before", type_=Integer))
INSERT_ATTEMPT = insert(attempts).values(at=clock()).returning(attempts.c.id)
DELETE_FAILURES = delete(attempts).where(WHOSE)
DELETE_ATTEMPT = delete(attempts).where(attempts.c.id == bindparam("it", type_=Integer))
DELETE_OLD = delete(attempts).where(attempts.c.at < clock() - DAY)
DELETE_OLD_IN_MINUTE = DELETE_FAILURES.where(attempts.c.at < clock() - MINUTE)


class TooManyAttempts(Refused, TooMany):
    """Too many attempts have failed; the next one is allowed after `wait` seconds."""

    def __init__(self, wait: int):
        span = f"{wait} seconds" if wait < 90 else f"{-(-wait // 60)} minutes"
        super().__init__(f"Too many attempts. Try again in {span}.", wait)


@dataclass(frozen=True)
class LoginAttempt:
    """An attempt: the digests of an account and an address, the counter of the instance, and the email as typed.

    Without an address only the account's counter counts it.
    """

    account: str
    address: str = ""
    among: str = ALL
    email: str = ""


def account_digest(secret: str, email: str) -> str:
    """Return the counter's name for an email address, whether there is an account or not."""
    return digest(secret, "accounts", normalize_email(email))


def own_digest(secret: str, whose: str) -> str:
    """Return the name of a counter apart; no email address has the same one."""
    return digest(secret, "own accounts", whose)


def register_attempt(database: Database, attempt: LoginAttempt) -> list[int]:
    """Count an attempt as failed, and return its rows of this minute. Raises TooManyAttempts, and counts nothing."""
    bounds = {attempt.address: FROM_ADDRESS, attempt.among: FROM_ALL} if attempt.address else {}
    with database.read() as connection:  # refuse a flood by reading, so that it blocks no writer
        check_limits(connection, attempt.account, bounds)
    with database.write() as connection:
        locks.hold(connection, COUNTER_LOCK)
        check_limits(connection, attempt.account, bounds)
        connection.execute(DELETE_OLD)
        connection.execute(INSERT_ATTEMPT, {"whose": attempt.account})
        rows = []
        for whose in bounds:
            connection.execute(DELETE_OLD_IN_MINUTE, {"whose": whose})
            rows.append(connection.execute(INSERT_ATTEMPT, {"whose": whose}).scalar_one())
    return rows


def check_limits(connection: Connection, account: str, bounds: Mapping[str, int]) -> None:
    """Raise TooManyAttempts if the account has to wait, or another counter has reached its bound in this minute."""
    waits = [account_wait(connection, account)]
    for whose, most in bounds.items():
        waits.append(connection.execute(SELECT_WAIT, {"whose": whose, "before": most - 1}).scalar() or 0)
    if max(waits) > 0:
        raise TooManyAttempts(max(waits))


def account_wait(connection: Connection, account: str) -> int:
    """Return how many seconds an account has to wait; 0 or less if it needn't."""
    failed, since = connection.execute(COUNT_FAILURES, {"whose": account}).one()
    if failed < FREE_FAILURES:
        return 0
    return min(FIRST_WAIT * 2 ** min(failed - FREE_FAILURES, 10), LONGEST_WAIT) - since


def clear_failures(connection: Connection, account: str, rows: Sequence[int] = ()) -> None:
    """Delete an account's failures, and the rows of an attempt that succeeded. Call it last: it takes a lock.

    A success clears only its own counter: each reset gives an attacker five more guesses.
    """
    locks.hold(connection, COUNTER_LOCK)
    connection.execute(DELETE_FAILURES, {"whose": account})
    for row in rows:
        connection.execute(DELETE_ATTEMPT, {"it": row})
