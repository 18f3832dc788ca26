"""A deed: what somebody does by a form, and one transaction stores; how it is prepared, and how often it was done."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from sqlalchemy import ColumnElement, Table, func, select, update

from chat.storage.tables import replies
from tests.faults.browser import Answer, Browser, Sent
from tests.faults.harness import Server, until_ended
from tests.faults.model import question


class Deed:
    """One thing that somebody does by a form; `statements` is what its transaction holds, as no other does."""

    statements: Sequence[str]
    again = frozenset({200, 204, 303})
    """How it may be answered when it is done once more."""

    def __init__(self, server: Server):
        self.server = server
        self.database = server.database
        self.name = f"d-{secrets.token_hex(6)}"
        self.email = f"{self.name}@example.org"
        self.browser: Browser = server.browser()
        self.prepare()

    def prepare(self) -> None:
        """Bring about what it needs."""

    def do(self) -> Answer:
        """Do it, as its form does."""
        raise NotImplementedError

    def times(self) -> int:
        """Tell how often it was done."""
        raise NotImplementedError

    def finish(self) -> None:
        """Let what it began come to its end, and look at it."""

    def count(self, table: Table, *where: ColumnElement[bool]) -> int:
        """Count the rows of a table."""
        with self.database.read() as connection:
            return connection.execute(select(func.count()).select_from(table).where(*where)).scalar_one()

    def change(self, reply_id: int, **values: object) -> None:
        """Change what is stored of a reply."""
        with self.database.write() as connection:
            connection.execute(update(replies).where(replies.c.id == reply_id).values(**values))

    def asked(self, count: int = 3) -> Sent:
        """Ask for some words, and wait for the end of the answer."""
        sent = self.browser.send(question(self.name, count, 0))
        until_ended(self.database, sent.reply)
        return sent

    def form(self, path: str, **fields: str) -> Answer:
        """Send a form as a browser without JavaScript does."""
        return self.browser.ask("POST", path, fields, Accept="text/html")
