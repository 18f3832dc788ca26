"""The title of a conversation: the first line of its first message, until a person renames it."""

from __future__ import annotations

from sqlalchemy import update

from chat import rendering
from chat.conversations.queries import find
from chat.storage.database import Database
from chat.storage.tables import conversations

TITLE_LENGTH = 80


class NoTitle(Exception):
    """The text is no title; the error says what to do."""


def rename(database: Database, person_id: int | None, conversation_id: int, text: str) -> None:
    """Rename a conversation. Raises NotFound and NoTitle."""
    title = shorten(text.replace("\0", ""))
    with database.write() as connection:
        find(connection, person_id, conversation_id)
        if not title:
            raise NoTitle("Enter a title.")
        named = update(conversations).where(conversations.c.id == conversation_id)
        connection.execute(named.values(title=title))


def title_of(text: str) -> str:
    return shorten(rendering.first_line(text))


def shorten(text: str) -> str:
    line = " ".join(text.strip()[: TITLE_LENGTH * 4].split())
    return line if len(line) <= TITLE_LENGTH else line[: TITLE_LENGTH - 1].rsplit(" ", 1)[0] + "…"
