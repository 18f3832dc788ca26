"""The providers there are, of the environment and of the admins, in all workers alike.

Whoever looks sees what is known here; once a second at most the database is asked whether that is still so. An answer
goes on with the provider it began with.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy import Connection, Row
from sqlalchemy.exc import SQLAlchemyError

from chat.people import admins, audit
from chat.providers.base import AbstractProvider, Timeouts
from chat.registry import records
from chat.registry.encryption import DecryptionError, SecretBox
from chat.registry.form import InvalidProvider, ProviderForm, key_end
from chat.registry.snapshot import ProviderEntry, Snapshot, build_snapshot
from chat.storage.database import Database, DatabaseAway, NotFound

__all__ = ["InvalidProvider", "ProviderEntry", "ProviderForm", "ProviderRegistry", "Snapshot"]

FRESH = 1.0
"""How long, in seconds, nobody asks the database again."""

WHERE = "The key was form for another address and goes nowhere else. Enter the key for this one, too."


class ProviderRegistry(Mapping[str, AbstractProvider]):
    """The providers that are turned on, by name; and what admins do with them."""

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
        """Give what there is; within a transaction, or while another one looks, what is known of it."""
        if time.monotonic() >= self._due and not self.database.is_reading() and self._lock.acquire(blocking=False):
            try:
                self._refresh()
            except (SQLAlchemyError, DatabaseAway):
                pass  # whoever asked has use for what is known, and hears of the database by other ways
            finally:
                self._lock.release()
        return self._snapshot

    def load(self) -> None:
        """See for the first time what is stored, all of it encrypted by the newest secret."""
        self.reencrypt()
        self.refresh()

    def require_known(self) -> None:
        """Raise DatabaseAway where nothing is known yet, because the database has been away since the start."""
        if self._snapshot.version is None:
            self.refresh()

    def refresh(self) -> None:
        """See now what is stored."""
        with self._lock:
            self._refresh()

    def _refresh(self) -> None:
        self._due = time.monotonic() + FRESH
        with self.database.read() as connection:
            if records.version(connection) == self._snapshot.version:
                return
            stored = records.all_of(connection)
        self._snapshot = build_snapshot(stored, self.configured, self._snapshot, self.box, self.timeouts)

    def reencrypt(self) -> None:
        """Encrypt again, with the newest secret, what an older one encrypted."""
        with self.database.read() as connection:
            rows = [row for row in records.all_of(connection).rows if row.key and not self.box.is_current(row.key)]
        for row in rows:
            try:
                new = self.box.encrypt(self.box.decrypt(row.key, row.url), row.url)
            except DecryptionError:
                continue
            with self.database.write() as connection:
                records.reencrypt(connection, row.name, row.key, new)

    def find(self, name: str) -> ProviderEntry:
        """Find a provider, turned on or off. Raises NotFound."""
        found = self.now().entries.get(name)
        if found is None:
            raise NotFound
        return found

    def add(self, actor: Row | str, form: ProviderForm) -> None:
        """Set up a provider. Raises BadService."""
        key = self._encrypt_key(form)
        with self._change(actor, "provider_added", f"{form.name} ({form.url})") as connection:
            records.add(connection, form, key, set(self.configured))

    def change(self, actor: Row | str, form: ProviderForm) -> None:
        """Change the address or the key of a provider; without a key the old one is kept.

        Raises BadService and NotFound.
        """
        key = self._encrypt_key(form)
        action = "key_changed" if form.key else "provider_changed"
        with self._change(actor, action, f"{form.name} ({form.url})") as connection:
            row = records.find(connection, form.name)
            if row.key and not form.key and row.url != form.url:
                raise InvalidProvider(WHERE)
            kept = {"key": key, "key_end": key_end(form.key)} if form.key else {}
            records.change(connection, form.name, url=form.url, **kept)

    def _encrypt_key(self, form: ProviderForm) -> str:
        return self.box.encrypt(form.key, form.url) if form.key else ""

    def set_enabled(self, actor: Row | str, name: str, on: bool) -> None:
        """Turn a provider on or off. Raises NotFound."""
        self.find(name)
        with self._change(actor, f"provider_{'on' if on else 'off'}", name) as connection:
            records.set_enabled(connection, name, on, name in self.configured)

    def remove(self, actor: Row | str, name: str) -> None:
        """Delete a provider that an admin set up. Raises NotFound."""
        self.find(name)
        with self._change(actor, "provider_deleted", name) as connection:
            records.remove(connection, name)

    def set_model_enabled(self, actor: Row | str, name: str, model: str, on: bool) -> None:
        """Turn a model on or off. Raises NotFound."""
        self._require_model(name, model)
        with self._change(actor, f"model_{'on' if on else 'off'}", f"{name}/{model}") as connection:
            change = records.set_model_shown if self.find(name).is_other(model) else records.set_model_enabled
            change(connection, name, model, on)

    def set_default_model(self, actor: Row | str, name: str, model: str) -> None:
        """Make a model the one to begin with. Raises NotFound."""
        self._require_model(name, model)
        with self._change(actor, "model_first", f"{name}/{model}") as connection:
            records.set_default_model(connection, name, model)

    def _require_model(self, name: str, model: str) -> None:
        if model not in self.find(name).ids():
            raise NotFound

    @contextmanager
    def _change(self, actor: Row | str, action: str, subject: str) -> Iterator[Connection]:
        """Open a transaction for what an admin changes: it is noted, and known here as soon as it is done."""
        with self.database.write() as connection:
            admins.lock_admin(connection, actor)
            records.begin_change(connection)
            yield connection
            audit.note(connection, actor, action, subject)
        self.refresh()
