"""A database that is away: how that is told from its other errors, and noted in the log."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from chat.server.greenlets import limit_time

AWAY = "The database is unavailable. Try again in a moment."
BUSY = "The database is busy. Try again in a moment."
UNCLEAR = (
    "The connection to the database broke while this was being saved. Look whether it was, then try again. "
    "A message isn't saved twice."
)

CONFLICTS = {"40001", "40P01", "55P03"}
"""States of Postgres in which a transaction met others: a serialization failure, a deadlock, a lock for too long."""

UNREACHABLE = ("08", "57P", "53300", "25P03", "55000")
"""How the states begin in which Postgres is gone, going or coming, or full of connections."""

READ_ONLY = "25006"
"""The state of what a standby refuses, and a server that was set to read only, as hosts do where its disk is full."""

REFUSAL = re.compile(
    "authentication failed|no password supplied|no pg_hba.conf entry|role .* is not permitted|permission denied"
    "|(role|database) .* does not exist|no such (database|user)|does not support SSL|certificate|channel binding"
    "|unsupported startup parameter|invalid (sslmode|connection option)"
)
"""What Postgres, PgBouncer and libpq say to a connection that is never let in; its SQLSTATE is not passed on."""

logger = logging.getLogger(__name__)


class DatabaseAway(Exception):
    """The database can't be used now, and the transaction changed nothing; the message is for the person who waited."""

    def __init__(self, sentence: str = AWAY, reason: str = ""):
        super().__init__(sentence)
        self.reason = reason or sentence


class DatabaseBusy(DatabaseAway):
    """Another transaction held what this one needs for too long."""

    def __init__(self, sentence: str = BUSY):
        super().__init__(sentence)


class OutcomeUnclear(DatabaseAway):
    """The connection broke at a COMMIT, and whether that was done could not be found out."""

    def __init__(self) -> None:
        super().__init__(UNCLEAR)


class Silence(BaseException):
    """The database said nothing for too long. It is no Exception: so SQLAlchemy drops the connection."""


class Outage:
    """Whether a database that was there is away; the log has a line when that begins, and one when it ends."""

    def __init__(self) -> None:
        self._was_there = self._is_away = False

    def end(self) -> None:
        """Note that the database can be reached."""
        if self._is_away:
            logger.warning("the database can be reached again")
        self._was_there, self._is_away = True, False

    def begin(self, reason: str) -> DatabaseAway:
        """Note why the database can't be reached; gives the error for who needed it."""
        if self._was_there and not self._is_away:
            logger.error("the database can't be reached: %s", reason)
            self._is_away = True
        return DatabaseAway(reason=reason)

    @contextmanager
    def watch(self, seconds: float, writes: bool = False) -> Iterator[None]:
        """Raise DatabaseAway where a block finds the database away, or silent for so many seconds (under gevent).

        For one that `writes`, a database that can only be read is away, too.
        """
        try:
            with limit_time(seconds, Silence()):
                yield
        except Silence as error:
            raise self.begin(f"no answer within {seconds:.0f} s") from error
        except PoolTimeout as error:
            raise DatabaseBusy from error
        except DBAPIError as error:
            if is_busy(error):
                raise DatabaseBusy from error
            if is_away(error) or (writes and state_of(error) == READ_ONLY):
                raise self.begin(reason_of(error)) from error
            raise


def is_busy(error: DBAPIError) -> bool:
    """Tell whether a transaction broke off because of another one."""
    return state_of(error) in CONFLICTS


def is_away(error: DBAPIError) -> bool:
    """Tell whether Postgres can't be reached, or can't be written to where it is; SQLite's file is always there."""
    if not is_of_postgres(error):
        return False
    state = state_of(error)
    return error.connection_invalidated or (state.startswith(UNREACHABLE) if state else is_operational(error))


def is_of_postgres(error: DBAPIError) -> bool:
    """Tell whose error it is."""
    return type(error.orig).__module__.partition(".")[0] == "psycopg"


def is_operational(error: DBAPIError) -> bool:
    """Tell whether an error without a state is of the connection: what libpq itself finds out has none."""
    return type(error).__name__ == "OperationalError"


def state_of(error: DBAPIError) -> str:
    """Give the SQLSTATE of an error; empty where it has none."""
    return str(getattr(error.orig, "sqlstate", None) or "")


def is_refusal(error: BaseException) -> bool:
    """Tell whether Postgres was reached and let nobody in: what is set is wrong, and waiting helps nothing."""
    return REFUSAL.search(str(error)) is not None


def reason_of(error: Any) -> str:
    """Give the first line of what the driver says: of a connection it names the host, never what was to be stored."""
    return str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
