"""Throttling: how often somebody may try to sign in, as one account and from one address, over all workers.

A try counts as failed from before it is looked at until it has succeeded, in the transaction that looks how many there
were: so many at once are no more than one after another. Nobody is locked out, they wait; while they wait, the right
password is refused as well, or waiting would tell which one it is.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from sqlalchemy import Connection, Integer, bindparam, delete, func, insert, select

from chat.accounts.people import Refused, plain
from chat.database import Database, clock
from chat.keys import derived
from chat.tables import attempts

FREE = 5
"""How many tries in a row may fail before there is a wait."""

FIRST_WAIT, LONGEST_WAIT = 15, 900
"""The wait after these, in seconds; each further failure doubles it."""

A_MINUTE, A_DAY = 60, 86_400
"""How long the tries from an address, and those as an account, are remembered, in seconds."""

FROM_ADDRESS = 20
"""How many tries may fail in a minute, whoever they are as."""

WHOSE = attempts.c.whose == bindparam("whose")
FAILED = select(func.count(), (clock() - func.max(attempts.c.at)).label("since")).where(
    WHOSE, attempts.c.at > clock() - A_DAY
)
NTH = (
    select((attempts.c.at + A_MINUTE + 1 - clock()).label("wait"))
    .where(WHOSE, attempts.c.at >= clock() - A_MINUTE)
    .order_by(attempts.c.at.desc())
    .limit(1)
    .offset(FROM_ADDRESS - 1)
)
TRIED = insert(attempts).values(at=clock()).returning(attempts.c.id)
FORGIVEN = delete(attempts).where(WHOSE)
TAKEN_BACK = delete(attempts).where(attempts.c.id == bindparam("it", type_=Integer))
OLD = delete(attempts).where(attempts.c.at < clock() - A_DAY)
OLD_OF_ADDRESS = FORGIVEN.where(attempts.c.at < clock() - A_MINUTE)


class TooManyTries(Refused):
    """There were too many tries; the next one may be made after `wait` seconds."""

    def __init__(self, wait: int):
        said = f"{wait} seconds" if wait < 90 else f"{-(-wait // 60)} minutes"
        super().__init__(f"There were too many tries. Try again in {said}.")
        self.wait = wait


@dataclass(frozen=True)
class Try:
    """Who tries and from where, by digests."""

    account: str
    address: str


def account_digest(secret: str, email: str) -> str:
    """Give what the tries as an account are known by, whether there is one or not."""
    return hmac.new(derived(secret, "accounts"), plain(email).encode(), hashlib.sha256).hexdigest()


def begin(database: Database, tried: Try) -> int:
    """Count a try as failed; gives the row that counts it for the address. Raises TooManyTries: that counts nothing."""
    with database.write() as connection:
        hold(connection, tried)
        wait = max(wait_of(connection, tried.account), connection.execute(NTH, {"whose": tried.address}).scalar() or 0)
        if wait > 0:
            raise TooManyTries(wait)
        connection.execute(OLD)
        connection.execute(OLD_OF_ADDRESS, {"whose": tried.address})
        connection.execute(TRIED, {"whose": tried.account})
        return connection.execute(TRIED, {"whose": tried.address}).scalar_one()


def wait_of(connection: Connection, account: str) -> int:
    """Tell for how long there may be no try as an account, in seconds."""
    failed, since = connection.execute(FAILED, {"whose": account}).one()
    return delay(failed) - since if failed >= FREE else 0


def delay(failed: int) -> int:
    """Tell how long to wait after so many failures, in seconds."""
    return min(FIRST_WAIT * 2 ** min(failed - FREE, 10), LONGEST_WAIT)


def succeed(database: Database, tried: Try, row: int) -> None:
    """Take back a try that succeeded, and forgive those as the account that didn't."""
    with database.write() as connection:
        connection.execute(FORGIVEN, {"whose": tried.account})
        connection.execute(TAKEN_BACK, {"it": row})


def forgive(database: Database, tried: Try) -> None:
    """Forget the failures as an account, whose owner showed in another way to be that."""
    with database.write() as connection:
        connection.execute(FORGIVEN, {"whose": tried.account})


def hold(connection: Connection, tried: Try) -> None:
    """Let nobody else count for this account or this address meanwhile; SQLite has one writer at a time anyway."""
    if connection.dialect.name == "postgresql":
        numbers = (int(tried.account[:7], 16), int(tried.address[:7], 16))
        # The account first: in two orders they could wait for each other.
        connection.execute(select(*(func.pg_advisory_xact_lock(3 + kind, it) for kind, it in enumerate(numbers))))
