"""The registry: the providers of the environment and of the admins, the same in all workers.

Each worker keeps a snapshot, and asks the database once a second at most whether it is current. An answer keeps the
provider that it began with. records.py holds the changes that admins make.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from chat.people import accounts, audit
from chat.people.person import Actor
from chat.providers.base import AbstractProvider, Timeouts
from chat.registry import rows
from chat.registry.encryption import SecretBox
from chat.registry.snapshot import ProviderEntry, Snapshot, build_snapshot
from chat.storage import locks
from chat.storage.database import Database, DatabaseAway, NotFound
from chat.storage.locks import Lock

FRESH = 1.0
"""How many seconds a snapshot is used before a worker asks the database again."""


class ProviderRegistry(Mapping[str, AbstractProvider]):
    """The enabled providers, by name."""

    def __init__(
        self, database: Database, box: SecretBox, configured: Mapping[str, AbstractProvider], timeouts: Timeouts
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
        """Return the current snapshot; within a transaction, or while another thread refreshes it, the last one."""
        if time.monotonic() >= self._due and not self.database.is_reading():
            # The caller can do with the last snapshot, and other code reports the database.
            with suppress(SQLAlchemyError, DatabaseAway):
                self.refresh(wait=False)
        return self._snapshot

    def require_known(self) -> None:
        """Raise DatabaseAway if the database has been away since the start, so that nothing is known yet."""
        if self._snapshot.version is None:
            self.refresh()

    def refresh(self, wait: bool = True) -> None:
        """Read the database if its version has changed; without `wait`, not while another thread does."""
        if not self._lock.acquire(blocking=wait):
            return
        try:
            self._due = time.monotonic() + FRESH
            with self.database.read() as connection:
                if rows.option(connection, rows.VERSION) == self._snapshot.version:
                    return
                stored = rows.load(connection)
            self._snapshot = build_snapshot(stored, self.configured, self._snapshot, self.box, self.timeouts)
        finally:
            self._lock.release()

    def find(self, name: str) -> ProviderEntry:
        """Find a provider, enabled or not. Raises NotFound."""
        found = self.now().entries.get(name)
        if found is None:
            raise NotFound
        return found

    @contextmanager
    def changing(self, admin: Actor, *notes: tuple[str, str]) -> Iterator[Connection]:
        """Open the transaction of an admin's change, and note its actions and subjects. One change runs at a time."""
        with self.database.write() as connection:
            accounts.lock_admin(connection, admin)
            locks.hold(connection, (Lock.SERVICES, 0))
            rows.set_option(connection, rows.VERSION, secrets.token_hex(8))
            yield connection
            for action, subject in notes:
                audit.note(connection, admin, action, subject)
        self._due = 0.0
