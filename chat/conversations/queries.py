"""Find a person's conversations and messages; mark conversations as read, and delete them."""

from __future__ import annotations

import time

from sqlalchemy import Connection, Row, Select, bindparam, select, update

from chat.conversations.records import (
    CONVERSATION_COLUMNS,
    SELECT_MESSAGES,
    Conversation,
    Message,
    Reply,
    load_message,
)
from chat.storage.database import Database, NotFound
from chat.storage.deletion import delete_part
from chat.storage.tables import conversations, messages, replies

MINE = conversations.c.person_id == bindparam("person")
SELECT_CONVERSATION = select(*CONVERSATION_COLUMNS).where(conversations.c.id == bindparam("id"), MINE)

SELECT_LEAF = SELECT_CONVERSATION.with_only_columns(conversations.c.leaf_id).with_for_update()

# By way of the running replies, because these are few.
ANSWERING = (
    select(messages.c.conversation_id)
    .join(replies, replies.c.id == messages.c.id)
    .where(replies.c.state == "generating")
)
SELECT_CONVERSATIONS = (
    select(*CONVERSATION_COLUMNS, conversations.c.id.in_(ANSWERING).label("answering"))
    .where(MINE)
    .order_by(conversations.c.updated_at.desc(), conversations.c.id.desc())
    .limit(bindparam("most"))
)

SELECT_MESSAGE = SELECT_MESSAGES.where(messages.c.id == bindparam("id"))
SELECT_OWN_MESSAGE = SELECT_MESSAGES.join(conversations, conversations.c.id == messages.c.conversation_id).where(
    messages.c.id == bindparam("id"), MINE
)

# Lock the conversation before its messages, like the end of a reply does.
SELECT_TO_DELETE = SELECT_CONVERSATION.with_for_update()

SELECT_GENERATING = (
    select(replies.c.id)
    .join(messages, messages.c.id == replies.c.id)
    .where(messages.c.conversation_id == bindparam("id"), replies.c.state == "generating")
)


def first(source: Database | Connection, statement: Select, **which: int | None) -> Row | None:
    """Return the first row of a statement, in an open transaction or in one of its own."""
    if isinstance(source, Connection):
        return source.execute(statement, which).first()
    with source.read() as connection:
        return connection.execute(statement, which).first()


def listing(database: Database, person_id: int | None, most: int = 10_000) -> list[Conversation]:
    """List a person's latest conversations, the newest first, with `answering`."""
    with database.read() as connection:
        rows = connection.execute(SELECT_CONVERSATIONS, {"person": person_id, "most": most})
        return list(map(Conversation._make, rows))


def find(source: Database | Connection, person_id: int | None, conversation_id: int) -> Conversation:
    """Return a person's conversation. Raises NotFound."""
    found = first(source, SELECT_CONVERSATION, id=conversation_id, person=person_id)
    if found is None:
        raise NotFound
    return Conversation(*found)


def lock_leaf(connection: Connection, person_id: int | None, conversation_id: int) -> int | None:
    """Return the last shown message, and lock the conversation until the transaction ends. Raises NotFound."""
    found = first(connection, SELECT_LEAF, id=conversation_id, person=person_id)
    if found is None:
        raise NotFound
    return found.leaf_id


def read_message(source: Database | Connection, message_id: int | None) -> Message | None:
    """Read any person's message; return None if there is none."""
    found = first(source, SELECT_MESSAGE, id=message_id)
    return load_message(found) if found else None


def message_of(source: Database | Connection, person_id: int | None, message_id: int) -> Message:
    """Return a message or a reply in a person's conversations. Raises NotFound."""
    found = first(source, SELECT_OWN_MESSAGE, id=message_id, person=person_id)
    if found is None:
        raise NotFound
    return load_message(found)


def reply_of(source: Database | Connection, person_id: int | None, reply_id: int) -> Reply:
    """Return a reply in a person's conversations. Raises NotFound."""
    found = message_of(source, person_id, reply_id)
    if not isinstance(found, Reply):
        raise NotFound
    return found


def reasoning_of(database: Database, person_id: int | None, reply_id: int) -> str:
    """Return the stored reasoning before a reply, "" for none. Raises NotFound."""
    with database.read() as connection:
        reply_of(connection, person_id, reply_id)
        thought = connection.execute(select(replies.c.reasoning).where(replies.c.id == reply_id)).scalar()
    return thought or ""


def mark_read(database: Database, person_id: int | None, conversation_id: int) -> None:
    """Mark the latest answer of a conversation as read. Raises NotFound."""
    with database.write() as connection:
        find(connection, person_id, conversation_id)
        seen = update(conversations).where(conversations.c.id == conversation_id)
        connection.execute(seen.values(unread=False))


def delete(database: Database, person_id: int | None, conversation_id: int) -> list[int]:
    """Delete a conversation with its messages, in parts; return the running replies. Raises NotFound."""
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
