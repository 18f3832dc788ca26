"""A database that is away: its errors, and how they are told from a driver's other errors."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy.exc import DBAPIError

CONFLICTS = {"40001", "40P01", "55P03"}
"""SQLSTATEs of Postgres for a conflict of transactions: serialization failure, deadlock, lock timeout."""

UNREACHABLE = ("08", "57P", "53300", "25P03", "55000")
"""How the SQLSTATEs begin of a Postgres that is gone, stopping, starting, or out of connections."""

READ_ONLY = "25006"
"""The SQLSTATE of a write to a standby, or to a server that its host made read-only because its disk is full."""

REFUSAL = re.compile(
    "authentication failed|no password supplied|no pg_hba.conf entry|role .* is not permitted|permission denied"
    "|(role|database) .* does not exist|no such (database|user)|does not support SSL|certificate|channel binding"
    "|unsupported startup parameter|invalid (sslmode|connection option)"
)
"""What Postgres, PgBouncer and libpq say when they refuse a connection for good; libpq hides the SQLSTATE."""


class DatabaseAway(Exception):
    """The database can't be used now, and the transaction changed nothing; the sentence is for the user who waited."""

    sentence = "The database is unavailable. Try again in a moment."

    def __init__(self, reason: str = ""):
        super().__init__(self.sentence)
        self.reason = reason or self.sentence


class DatabaseBusy(DatabaseAway):
    """Another transaction held what this one needs for too long."""

    sentence = "The database is busy. Try again in a moment."


class OutcomeUnclear(DatabaseAway):
    """The connection broke at a COMMIT, and nobody can find out whether Postgres did it."""

    sentence = (
        "The connection to the database was lost while saving. Check whether it was saved, then try again. "
        "A message isn't saved twice."
    )


class Silence(BaseException):
    """The database said nothing for too long. It is no Exception, so that SQLAlchemy drops the connection."""


def is_away(error: DBAPIError, writes: bool) -> bool:
    """Return whether Postgres can't be reached or, for one who `writes`, can't be written to; SQLite is always there.

    An error without a SQLSTATE comes from libpq, and an OperationalError of it is about the connection.
    """
    if type(error.orig).__module__.partition(".")[0] != "psycopg":
        return False
    state = state_of(error)
    if error.connection_invalidated or (writes and state == READ_ONLY):
        return True
    return state.startswith(UNREACHABLE) if state else type(error).__name__ == "OperationalError"


def state_of(error: DBAPIError) -> str:
    """Return the SQLSTATE of an error, or an empty string."""
    return str(getattr(error.orig, "sqlstate", None) or "")


def is_refusal(error: BaseException) -> bool:
    """Return whether Postgres refused the connection: the settings are wrong, and waiting won't help."""
    return REFUSAL.search(str(error)) is not None


def reason_of(error: Any) -> str:
    """Return the first line of a driver's error: it can name the host, but never what was to be stored."""
    return str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
