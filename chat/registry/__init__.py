"""Services: the providers there are, of the environment and of the admins, in all workers alike.

Whoever looks sees what is known here; once a second at most the database is asked whether that is still so. An answer
goes on with the provider it began with.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from chat.people import admins, audit
from chat.people.person import Actor
from chat.providers.base import AbstractProvider, Timeouts
from chat.registry import records
from chat.registry.encryption import Locked, Vault
from chat.registry.form import BadService, Entered, end_of
from chat.registry.snapshot import Known, Service, known_of
from chat.storage.database import Database, DatabaseAway, NotFound

__all__ = ["BadService", "Entered", "Known", "Service", "Services"]

FRESH = 1.0
"""How long, in seconds, nobody asks the database again."""

WHERE = "The key was entered for another address and goes nowhere else. Enter the key for this one, too."


class Services(Mapping[str, AbstractProvider]):
    """The providers that are turned on, by name; and what admins do with them."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        configured: Mapping[str, AbstractProvider],
        timeouts: Timeouts,
    ):
        self.database = database
        self.vault = vault
        self.configured = configured
        self.timeouts = timeouts
        self._lock = threading.Lock()
        self._due = 0.0
        self._known = Known()

    def __getitem__(self, name: str) -> AbstractProvider:
        return self.now().providers[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.now().providers)

    def __len__(self) -> int:
        return len(self.now().providers)

    def now(self) -> Known:
        """Give what there is; within a transaction, or while another one looks, what is known of it."""
        if time.monotonic() >= self._due and not self.database.is_reading() and self._lock.acquire(blocking=False):
            try:
                self._look()
            except (SQLAlchemyError, DatabaseAway):
                pass  # whoever asked has use for what is known, and hears of the database by other ways
            finally:
                self._lock.release()
        return self._known

    def begin(self) -> None:
        """See for the first time what is stored, all of it encrypted by the newest secret."""
        self._reseal()
        self.look()

    def require_known(self) -> None:
        """Raise DatabaseAway where nothing is known yet, because the database has been away since the start."""
        if self._known.version is None:
            self.look()

    def look(self) -> None:
        """See now what is stored."""
        with self._lock:
            self._look()

    def _look(self) -> None:
        self._due = time.monotonic() + FRESH
        with self.database.read() as connection:
            if records.version(connection) == self._known.version:
                return
            stored = records.all_of(connection)
        self._known = known_of(stored, self.configured, self._known, self.vault, self.timeouts)

    def _reseal(self) -> None:
        """Encrypt anew, by the newest secret, what an older one encrypted."""
        with self.database.read() as connection:
            rows = [row for row in records.all_of(connection).rows if row.key and not self.vault.is_new(row.key)]
        for row in rows:
            try:
                new = self.vault.closed(self.vault.opened(row.key, row.url), row.url)
            except Locked:
                continue
            with self.database.write() as connection:
                records.reseal(connection, row.name, row.key, new)

    def find(self, name: str) -> Service:
        """Find a provider, turned on or off. Raises NotFound."""
        found = self.now().services.get(name)
        if found is None:
            raise NotFound
        return found

    def add(self, actor: Actor, entered: Entered) -> None:
        """Set up a provider. Raises BadService."""
        key = self._closed(entered)
        with self._change(actor, "provider_added", f"{entered.name} ({entered.url})") as connection:
            records.add(connection, entered, key, set(self.configured))

    def change(self, actor: Actor, entered: Entered) -> None:
        """Change the address or the key of a provider; without a key the old one is kept.

        Raises BadService and NotFound.
        """
        key = self._closed(entered)
        action = "key_changed" if entered.key else "provider_changed"
        with self._change(actor, action, f"{entered.name} ({entered.url})") as connection:
            row = records.find(connection, entered.name)
            if row.key and not entered.key and row.url != entered.url:
                raise BadService(WHERE)
            kept = {"key": key, "key_end": end_of(entered.key)} if entered.key else {}
            records.change(connection, entered.name, url=entered.url, **kept)

    def _closed(self, entered: Entered) -> str:
        return self.vault.closed(entered.key, entered.url) if entered.key else ""

    def switch(self, actor: Actor, name: str, on: bool) -> None:
        """Turn a provider on or off. Raises NotFound."""
        self.find(name)
        with self._change(actor, f"provider_{'on' if on else 'off'}", name) as connection:
            records.switch(connection, name, on, name in self.configured)

    def remove(self, actor: Actor, name: str) -> None:
        """Delete a provider that an admin set up. Raises NotFound."""
        self.find(name)
        with self._change(actor, "provider_deleted", name) as connection:
            records.remove(connection, name)

    def offer(self, actor: Actor, name: str, model: str, on: bool) -> None:
        """Turn a model on or off. Raises NotFound."""
        self._require_model(name, model)
        with self._change(actor, f"model_{'on' if on else 'off'}", f"{name}/{model}") as connection:
            change = records.show if self.find(name).is_other(model) else records.offer
            change(connection, name, model, on)

    def begin_with(self, actor: Actor, name: str, model: str) -> None:
        """Make a model the one to begin with. Raises NotFound."""
        self._require_model(name, model)
        with self._change(actor, "model_first", f"{name}/{model}") as connection:
            records.begin_with(connection, name, model)

    def _require_model(self, name: str, model: str) -> None:
        if model not in self.find(name).ids():
            raise NotFound

    @contextmanager
    def _change(self, actor: Actor, action: str, subject: str) -> Iterator[Connection]:
        """Open a transaction for what an admin changes: it is noted, and known here as soon as it is done."""
        with self.database.write() as connection:
            admins.lock_admin(connection, actor)
            records.begin_change(connection)
            yield connection
            audit.note(connection, actor, action, subject)
        self.look()
