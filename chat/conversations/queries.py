"""Find what a person may see: their conversations, a single message; mark as read, and delete."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, bindparam, select, update

from chat.conversations.records import (
    CONVERSATION_COLUMNS,
    SELECT_MESSAGES,
    Conversation,
    Message,
    Reply,
    load_conversation,
    load_message,
)
from chat.storage.database import Database, NotFound
from chat.storage.deletion import delete_part
from chat.storage.tables import conversations, messages, replies

LISTED = 200
"""How many conversations the list shows, the newest first."""

MINE = conversations.c.person_id == bindparam("person")
SELECT_CONVERSATION = select(*CONVERSATION_COLUMNS).where(conversations.c.id == bindparam("id"), MINE)

# From the replies that are being written, which are few, and not from all that each conversation holds.
WRITTEN = (
    select(messages.c.conversation_id)
    .join(replies, replies.c.id == messages.c.id)
    .where(replies.c.state == "generating")
)
SELECT_CONVERSATIONS = (
    select(*CONVERSATION_COLUMNS, conversations.c.id.in_(WRITTEN).label("answering"))
    .where(MINE)
    .order_by(conversations.c.updated_at.desc(), conversations.c.id.desc())
    .limit(bindparam("most"))
)

SELECT_MESSAGE = SELECT_MESSAGES.where(messages.c.id == bindparam("id"))
SELECT_OWN_MESSAGE = SELECT_MESSAGES.join(conversations, conversations.c.id == messages.c.conversation_id).where(
    messages.c.id == bindparam("id"), MINE
)

# Before its messages, as an end takes it.
SELECT_TO_DELETE = SELECT_CONVERSATION.with_for_update()

SELECT_GENERATING = (
    select(replies.c.id)
    .join(messages, messages.c.id == replies.c.id)
    .where(messages.c.conversation_id == bindparam("id"), replies.c.state == "generating")
)


@contextmanager
def reading(source: Database | Connection) -> Iterator[Connection]:
    """Open a transaction that reads, or use the one that is open."""
    if isinstance(source, Connection):
        yield source
    else:
        with source.read() as connection:
            yield connection


def listing(database: Database, person_id: int | None) -> list[Conversation]:
    """List a person's conversations, the newest first; each knows whether it is `answering`."""
    with database.read() as connection:
        rows = connection.execute(SELECT_CONVERSATIONS, {"person": person_id, "most": LISTED})
        return [load_conversation(row) for row in rows]


def find(source: Database | Connection, person_id: int | None, conversation_id: int) -> Conversation:
    """Find a person's conversation. Raises NotFound."""
    with reading(source) as connection:
        found = connection.execute(SELECT_CONVERSATION, {"id": conversation_id, "person": person_id}).first()
    if found is None:
        raise NotFound
    return load_conversation(found)


def read_message(source: Database | Connection, message_id: int | None) -> Message | None:
    """Read any message; None where there is none."""
    with reading(source) as connection:
        found = connection.execute(SELECT_MESSAGE, {"id": message_id}).first()
    return load_message(found) if found else None


def message_of(source: Database | Connection, person_id: int | None, message_id: int) -> Message:
    """Find a message in one of a person's conversations, their own or a reply. Raises NotFound."""
    with reading(source) as connection:
        found = connection.execute(SELECT_OWN_MESSAGE, {"id": message_id, "person": person_id}).first()
    if found is None:
        raise NotFound
    return load_message(found)


def reply_of(source: Database | Connection, person_id: int | None, reply_id: int) -> Reply:
    """Find a reply in one of a person's conversations. Raises NotFound."""
    found = message_of(source, person_id, reply_id)
    if not isinstance(found, Reply):
        raise NotFound
    return found


def reasoning_of(database: Database, person_id: int | None, reply_id: int) -> str:
    """Read what the model thought aloud before a reply. Raises NotFound, also where that is nothing."""
    with database.read() as connection:
        reply_of(connection, person_id, reply_id)
        thought = connection.execute(select(replies.c.reasoning).where(replies.c.id == reply_id)).scalar()
    if not thought:
        raise NotFound
    return thought


def mark_read(database: Database, person_id: int | None, conversation_id: int) -> None:
    """Remember that a person has seen the latest answer of a conversation. Raises NotFound."""
    with database.write() as connection:
        find(connection, person_id, conversation_id)
        seen = update(conversations).where(conversations.c.id == conversation_id)
        connection.execute(seen.values(unread=False))


def delete(database: Database, person_id: int | None, conversation_id: int) -> list[int]:
    """Delete a conversation with all that was said; gives the replies that were being written. Raises NotFound.

    A long one goes part by part.
    """
    stopped: list[int] = []
    is_gone = None
    while not is_gone:
        with database.write() as connection:
            if not connection.execute(SELECT_TO_DELETE, {"id": conversation_id, "person": person_id}).first():
                if is_gone is None:
                    raise NotFound
                break  # another tab has deleted the rest
            stopped += connection.execute(SELECT_GENERATING, {"id": conversation_id}).scalars()
            is_gone = delete_part(connection, conversation_id)
        time.sleep(0)
    return stopped
