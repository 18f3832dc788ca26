"""Define a deed: a user's form that one transaction stores, how to prepare it, and how to count it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from sqlalchemy import ColumnElement, Table, func, select, update

from chat.storage.tables import replies
from tests.faults.browser import Answer, Browser, Sent
from tests.faults.harness import Server, until_ended
from tests.faults.model import question


class Deed:
    """One form that a user sends; only its transaction contains `statements`."""

    statements: Sequence[str]
    again = frozenset({200, 204, 303})
    """The allowed statuses if the user repeats it."""

    def __init__(self, server: Server):
        self.server = server
        self.database = server.database
        self.name = f"d-{secrets.token_hex(6)}"
        self.email = f"{self.name}@example.org"
        self.browser: Browser = server.browser()
        self.prepare()

    def prepare(self) -> None:
        """Create what it needs."""

    def do(self) -> Answer:
        """Send its form."""
        raise NotImplementedError

    def times(self) -> int:
        """Return how often it was stored."""
        raise NotImplementedError

    def finish(self) -> None:
        """Wait for the end of what it began, and check it."""

    def count(self, table: Table, *where: ColumnElement[bool]) -> int:
        """Count the rows of a table."""
        with self.database.read() as connection:
            return connection.execute(select(func.count()).select_from(table).where(*where)).scalar_one()

    def change(self, reply_id: int, **values: object) -> None:
        """Change a reply's row."""
        with self.database.write() as connection:
            connection.execute(update(replies).where(replies.c.id == reply_id).values(**values))

    def asked(self, count: int = 3) -> Sent:
        """Ask for some words, and wait for the end of the answer."""
        sent = self.browser.send(question(self.name, count, 0))
        until_ended(self.database, sent.reply)
        return sent

    def form(self, path: str, **fields: str) -> Answer:
        """Post a form as a browser without JavaScript does."""
        return self.browser.ask("POST", path, fields, Accept="text/html")
