"""Whether the database has changed, whichever process changed it: what the reader waits for."""

from __future__ import annotations

import time
from typing import Any, cast

from chat.database import Database

LOOK = 0.01
"""How often SQLite is asked, in seconds; asking takes some microseconds."""

CHANNEL = "rivulet"
"""What Postgres calls when pieces are stored; log.announce calls it in the same transaction."""


class Changes:
    """A connection of its own that hears of commits; not for more than one thread."""

    def __init__(self, database: Database):
        self._is_sqlite = database.is_sqlite
        self._held = database.engine.raw_connection()
        self._connection = cast(Any, self._held.driver_connection)
        self._held.detach()  # it is held for long, and the pool is for transactions
        if self._is_sqlite:
            self._version = self._look()
        else:
            self._connection.autocommit = True
            self._connection.execute(f"LISTEN {CHANNEL}")

    def wait(self, timeout: float) -> None:
        """Wait until something was committed, `timeout` seconds at most."""
        if not self._is_sqlite:
            for _ in self._connection.notifies(timeout=timeout, stop_after=1):
                return
            return
        deadline = time.monotonic() + timeout
        while (version := self._look()) == self._version and time.monotonic() < deadline:
            time.sleep(LOOK)
        self._version = version

    def _look(self) -> int:
        return self._connection.execute("PRAGMA data_version").fetchone()[0]

    def close(self) -> None:
        """Let go of the connection."""
        self._held.close()
