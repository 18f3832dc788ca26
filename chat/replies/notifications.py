"""Changes of the database, whichever process made them: what the reader waits for."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from sqlalchemy.exc import TimeoutError as PoolTimeout

from chat.server.greenlets import limit_time
from chat.storage.database import Database
from chat.storage.engines import is_pooled
from chat.storage.outages import Silence, reason_of

POLL_INTERVAL = 0.01
"""How often to ask SQLite, in seconds; each time costs some microseconds."""

POOLER_POLL_INTERVAL = 0.1
"""How often to look for news if a pooler in front of Postgres swallows its notifications, in seconds."""

CONNECT_TIMEOUT = 15.0
"""How long it can take until we listen to Postgres, in seconds."""

CHANNEL = "rivulet"
"""The channel on which `log.store` notifies readers, within its transaction."""


class Changes:
    """A connection of its own that hears of commits; for one thread only."""

    def __init__(self, database: Database):
        self._is_sqlite = database.is_sqlite
        self._outage = database.outage
        self._broken = database.engine.dialect.loaded_dbapi.OperationalError
        silence = Silence(f"no answer within {CONNECT_TIMEOUT:.0f} s")
        with self._translating_errors(), limit_time(CONNECT_TIMEOUT, silence):
            held = database.engine.raw_connection()
            self._connection = cast(Any, held.driver_connection)
            held.detach()  # the pool is for transactions, which are short
            self._is_heard = not self._is_sqlite and not is_pooled(self._connection)
            if self._is_sqlite:
                self._version = self._read_version()
            elif self._is_heard:
                self._connection.execute(f"LISTEN {CHANNEL}")

    def wait(self, timeout: float) -> None:
        """Wait for a commit, `timeout` seconds at most. Raises DatabaseAway."""
        if self._is_heard:
            with self._translating_errors():
                list(self._connection.notifies(timeout=timeout, stop_after=1))
        elif self._is_sqlite:
            deadline = time.monotonic() + timeout
            while (version := self._read_version()) == self._version and time.monotonic() < deadline:
                time.sleep(POLL_INTERVAL)
            self._version = version
        else:
            time.sleep(min(timeout, POOLER_POLL_INTERVAL))

    @contextmanager
    def _translating_errors(self) -> Iterator[None]:
        """Raise DatabaseAway for the driver's own errors and a full pool."""
        try:
            yield
        except (self._broken, PoolTimeout, Silence) as error:
            raise self._outage.explain(error) or self._outage.begin(reason_of(error)) from error

    def _read_version(self) -> int:
        return self._connection.execute("PRAGMA data_version").fetchone()[0]

    def close(self) -> None:
        """Close the connection directly: the pool would first send a rollback, even on a broken one."""
        self._connection.close()
