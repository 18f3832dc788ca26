"""Deletion: a conversation goes with all that was said in it, and what it held is overwritten."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, delete, update

from chat.engines import overwrite_deleted
from chat.tables import conversations, messages

# From parent to child SQLite would delete a thousand messages, and no more.
LOOSENED = update(messages).where(messages.c.conversation_id == bindparam("whole")).values(parent_id=None)
GONE = delete(conversations).where(conversations.c.id == bindparam("whole"))


def delete_conversation(connection: Connection, conversation_id: int) -> None:
    """Delete a conversation, within a transaction that holds its row: an end takes that before its messages, too."""
    overwrite_deleted(connection)
    for statement in (LOOSENED, GONE):
        connection.execute(statement, {"whole": conversation_id})
