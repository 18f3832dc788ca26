"""Whether the database has changed, whichever process changed it: what the reader waits for."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from chat.storage.database import Database
from chat.storage.engines import is_pooled
from chat.storage.outages import reason_of

LOOK = 0.01
"""How often SQLite is asked, in seconds; asking takes some microseconds."""

LOOK_BEHIND_A_POOLER = 0.1
"""How often it is looked for news where Postgres can't call, because a pooler stands before it, in seconds."""

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
        with self._outage.watch(CONNECTED), self._translating_errors():
            held = database.engine.raw_connection()
            self._connection = cast(Any, held.driver_connection)
            held.detach()  # it is held for long, and the pool is for transactions
            self._is_heard = not self._is_sqlite and not is_pooled(self._connection)
            if self._is_sqlite:
                self._version = self._read_version()
            elif self._is_heard:
                self._connection.execute(f"LISTEN {CHANNEL}")

    def wait(self, timeout: float) -> None:
        """Wait until something was committed, `timeout` seconds at most. Raises DatabaseAway."""
        if self._is_heard:
            self._listen(timeout)
            return
        if not self._is_sqlite:
            time.sleep(min(timeout, LOOK_BEHIND_A_POOLER))
            return
        deadline = time.monotonic() + timeout
        while (version := self._read_version()) == self._version and time.monotonic() < deadline:
            time.sleep(LOOK)
        self._version = version

    def _listen(self, timeout: float) -> None:
        with self._translating_errors():
            list(self._connection.notifies(timeout=timeout, stop_after=1))

    @contextmanager
    def _translating_errors(self) -> Iterator[None]:
        """Raise DatabaseAway for what the driver itself says of its connection."""
        try:
            yield
        except self._broken as error:
            raise self._outage.begin(reason_of(error)) from error

    def _read_version(self) -> int:
        return self._connection.execute("PRAGMA data_version").fetchone()[0]

    def close(self) -> None:
        """Let go of the connection: the driver's own way, as the pool's would ask a broken one to roll back."""
        self._connection.close()
