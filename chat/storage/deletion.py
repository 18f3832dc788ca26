"""Deletion of a conversation with all its messages, which are overwritten on disk."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, bindparam, delete, func, select, update

from chat.storage.engines import overwrite_deleted
from chat.storage.tables import conversations, messages

ROWS = 200
PART = 1_500_000
"""How much one transaction deletes, in messages and in characters: more would hold up the whole process."""

IN_CONVERSATION = messages.c.conversation_id == bindparam("whole")
SELECT_NEWEST = select(messages.c.id).where(IN_CONVERSATION).order_by(messages.c.id.desc()).limit(bindparam("most"))
SELECT_SIZES = select(messages.c.id, func.length(messages.c.text).label("size")).where(messages.c.id.in_(SELECT_NEWEST))
# Children, which are newer, go first: a cascade of SQLite follows no more than a thousand links.
DELETE_MESSAGES = delete(messages).where(messages.c.id.in_(bindparam("part", expanding=True)))
UPDATE_LEAF = update(conversations).where(conversations.c.id == bindparam("whole")).values(leaf_id=None)
DELETE_CONVERSATION = delete(conversations).where(conversations.c.id == bindparam("whole"))


def delete_part(connection: Connection, conversation_id: int) -> bool:
    """Delete the newest messages of a conversation, and with the last ones itself. Return whether it is gone.

    The caller's transaction must hold its row. A conversation that is partly deleted shows nothing, and a repeat
    deletes the rest.
    """
    overwrite_deleted(connection)
    rows = connection.execute(SELECT_SIZES, {"whole": conversation_id, "most": ROWS}).all()
    part = list(choose_part({row.id: row.size for row in rows}))
    connection.execute(DELETE_MESSAGES, {"part": part})
    is_gone = len(part) == len(rows) < ROWS
    connection.execute(DELETE_CONVERSATION if is_gone else UPDATE_LEAF, {"whole": conversation_id})
    return is_gone


def choose_part(sizes: dict[int, int]) -> Iterator[int]:
    """Choose the newest messages, until they fill a part."""
    room = PART
    for message_id in sorted(sizes, reverse=True):
        yield message_id
        room -= sizes[message_id]
        if room < 0:
            return
