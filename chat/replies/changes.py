"""Whether the database has changed, whichever process changed it: what the reader waits for."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from chat.database import Database
from chat.outages import reason_of

LOOK = 0.01
"""How often SQLite is asked, in seconds; asking takes some microseconds."""

CONNECTED = 15.0
"""How long Postgres may take until it is listened to, in seconds."""

CHANNEL = "rivulet"
"""What Postgres calls when pieces are stored; log.announce calls it in the same transaction."""


class Changes:
    """A connection of its own that hears of commits; not for more than one thread."""

    def __init__(self, database: Database):
        self._is_sqlite = database.is_sqlite
        self._outage = database.outage
        self._broken = database.engine.dialect.loaded_dbapi.OperationalError
        with self._outage.watched(CONNECTED), self._telling():
            self._held = database.engine.raw_connection()
            self._connection = cast(Any, self._held.driver_connection)
            self._held.detach()  # it is held for long, and the pool is for transactions
            if self._is_sqlite:
                self._version = self._look()
            else:
                self._connection.execute(f"LISTEN {CHANNEL}")

    def wait(self, timeout: float) -> None:
        """Wait until something was committed, `timeout` seconds at most. Raises DatabaseAway."""
        if not self._is_sqlite:
            self._listen(timeout)
            return
        deadline = time.monotonic() + timeout
        while (version := self._look()) == self._version and time.monotonic() < deadline:
            time.sleep(LOOK)
        self._version = version

    def _listen(self, timeout: float) -> None:
        with self._telling():
            list(self._connection.notifies(timeout=timeout, stop_after=1))

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Raise DatabaseAway for what the driver itself says of its connection."""
        try:
            yield
        except self._broken as error:
            raise self._outage.begin(reason_of(error)) from error

    def _look(self) -> int:
        return self._connection.execute("PRAGMA data_version").fetchone()[0]

    def close(self) -> None:
        """Let go of the connection."""
        self._held.close()
