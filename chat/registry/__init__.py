"""The providers there are, of the environment and of the admins, in all workers alike.

A reader gets what this worker knows; at most once a second it asks the database whether that still holds. An answer
goes on with the provider it began with. What admins change is in records.py.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from chat.people import admins, audit
from chat.people.person import Actor
from chat.providers.base import AbstractProvider, Timeouts
from chat.registry import rows
from chat.registry.encryption import SecretBox
from chat.registry.snapshot import ProviderEntry, Snapshot, build_snapshot
from chat.storage import locks
from chat.storage.database import Database, DatabaseAway, NotFound
from chat.storage.locks import Lock

FRESH = 1.0
"""For how many seconds a worker doesn't ask the database again."""


class ProviderRegistry(Mapping[str, AbstractProvider]):
    """The providers that are turned on, by name."""

    def __init__(
        self,
        database: Database,
        box: SecretBox,
        configured: Mapping[str, AbstractProvider],
        timeouts: Timeouts,
    ):
        self.database = database
        self.box = box
        self.configured = configured
        self.timeouts = timeouts
        self._lock = threading.Lock()
        self._due = 0.0
        self._snapshot = Snapshot()

    def __getitem__(self, name: str) -> AbstractProvider:
        return self.now().providers[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.now().providers)

    def __len__(self) -> int:
        return len(self.now().providers)

    def now(self) -> Snapshot:
        """Give what there is; within a transaction, or while another thread looks, what is known of it."""
        if time.monotonic() >= self._due and not self.database.is_reading() and self._lock.acquire(blocking=False):
            try:
                self._refresh()
            except (SQLAlchemyError, DatabaseAway):
                pass  # whoever asked has use for what is known, and hears of the database by other ways
            finally:
                self._lock.release()
        return self._snapshot

    def require_known(self) -> None:
        """Raise DatabaseAway where nothing is known yet, because the database has been away since the start."""
        if self._snapshot.version is None:
            self.refresh()

    def refresh(self) -> None:
        """Look now at what is stored."""
        with self._lock:
            self._refresh()

    def _refresh(self) -> None:
        self._due = time.monotonic() + FRESH
        with self.database.read() as connection:
            if rows.version(connection) == self._snapshot.version:
                return
            stored = rows.load(connection)
        self._snapshot = build_snapshot(stored, self.configured, self._snapshot, self.box, self.timeouts)

    def find(self, name: str) -> ProviderEntry:
        """Find a provider, turned on or off. Raises NotFound."""
        found = self.now().entries.get(name)
        if found is None:
            raise NotFound
        return found

    @contextmanager
    def changing(self, admin: Actor, action: str, subject: str) -> Iterator[Connection]:
        """Open the transaction of an admin's change: one at a time, and noted. The next reader sees it."""
        with self.database.write() as connection:
            admins.lock_admin(connection, admin)
            locks.hold(connection, (Lock.SERVICES, 0))
            rows.set_option(connection, rows.VERSION, secrets.token_hex(8))
            yield connection
            audit.note(connection, admin, action, subject)
        self._due = 0.0
