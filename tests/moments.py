"""Act between two transactions of a request, as another user could.

A request that reads twice can see two states. This module counts a request's transactions, and runs an action right
before any of them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection

from chat.storage.database import Database


class Moments:
    """Counts the transactions of its own thread, and runs an action right before number `at`."""

    def __init__(self, database: Database, at: int = 0, act: Callable[[], object] = bool):
        self.count, self.writing = 0, False
        self._database, self._at, self._act = database, at, act
        self._thread = threading.get_ident()

    def __enter__(self) -> Moments:
        self._read, self._write = self._database.read, self._database.write
        self._database.read, self._database.write = self.read, self.write  # type: ignore[method-assign]
        return self

    def __exit__(self, *_: object) -> None:
        self._database.read, self._database.write = self._read, self._write  # type: ignore[method-assign]

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Read as the database does; a read within another transaction is not counted."""
        self._pass()
        with self._read() as connection:
            yield connection

    @contextmanager
    def write(self, *given: Any, **named: Any) -> Iterator[Connection]:
        """Write as the database does."""
        self._pass()
        with self._write(*given, **named) as connection:
            here = threading.get_ident() == self._thread
            self.writing = here or self.writing
            try:
                yield connection
            finally:
                self.writing = self.writing and not here

    def _pass(self) -> None:
        if threading.get_ident() != self._thread or self.writing or self._database.is_reading():
            return
        self.count += 1
        if self.count == self._at:
            elsewhere = threading.Thread(target=self._act)
            elsewhere.start()
            elsewhere.join()
