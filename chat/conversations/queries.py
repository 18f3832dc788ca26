"""Find what a person may see: their conversations, a single message; mark as read, and delete."""

from __future__ import annotations

import time
from collections.abc import Sequence

from sqlalchemy import Connection, Row, bindparam, select, update

from chat.storage.database import Database, NotFound
from chat.storage.deletion import delete_part
from chat.storage.tables import conversations, messages, replies

LISTED = 200
"""How many conversations the list shows, the newest first."""

REPLY_COLUMNS = (
    "state",
    "provider",
    "model",
    "attempts",
    "left_out",
    "error",
    "finish_reason",
    "ended_at",
    "prompt_tokens",
    "completion_tokens",
    "first_word_ms",
    "duration_ms",
    "reasoning_ms",
)
"""What is read of a reply with its message; its reasoning, which may be long, is asked for by itself."""

# Statements are made once: making one costs more than running it.
MINE = conversations.c.person_id == bindparam("person")
SELECT_CONVERSATION = select(conversations).where(conversations.c.id == bindparam("id"), MINE)

# From the replies that are being written, which are few, and not from all that each conversation holds.
WRITTEN = (
    select(messages.c.conversation_id)
    .join(replies, replies.c.id == messages.c.id)
    .where(replies.c.state == "generating")
)
SELECT_CONVERSATIONS = (
    select(conversations, conversations.c.id.in_(WRITTEN).label("answering"))
    .where(MINE)
    .order_by(conversations.c.updated_at.desc(), conversations.c.id.desc())
    .limit(bindparam("most"))
)

SELECT_MESSAGES = select(messages, *(replies.c[name] for name in REPLY_COLUMNS)).outerjoin_from(
    messages, replies, replies.c.id == messages.c.id
)
"""Messages, each with what is known of it as a reply (None for a person's)."""

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


def listing(database: Database, person_id: int | None) -> Sequence[Row]:
    """List a person's conversations, the newest first; each knows whether it is `answering`."""
    with database.read() as connection:
        return connection.execute(SELECT_CONVERSATIONS, {"person": person_id, "most": LISTED}).all()


def find(database: Database, person_id: int | None, conversation_id: int) -> Row:
    """Find one conversation. Raises NotFound."""
    with database.read() as connection:
        return owned(connection, person_id, conversation_id)


def owned(connection: Connection, person_id: int | None, conversation_id: int) -> Row:
    """Find a person's conversation within a transaction. Raises NotFound."""
    found = connection.execute(SELECT_CONVERSATION, {"id": conversation_id, "person": person_id}).first()
    if found is None:
        raise NotFound
    return found


def reply_of(database: Database, person_id: int | None, reply_id: int) -> Row:
    """Find one reply with its message. Raises NotFound."""
    with database.read() as connection:
        return owned_reply(connection, person_id, reply_id)


def owned_reply(connection: Connection, person_id: int | None, reply_id: int) -> Row:
    """Find a person's reply within a transaction. Raises NotFound."""
    found = owned_message(connection, person_id, reply_id)
    if found.state is None:
        raise NotFound
    return found


def message_of(database: Database, person_id: int | None, message_id: int) -> Row:
    """Find one message, a person's or a reply. Raises NotFound."""
    with database.read() as connection:
        return owned_message(connection, person_id, message_id)


def owned_message(connection: Connection, person_id: int | None, message_id: int) -> Row:
    """Find a message in one of a person's conversations within a transaction. Raises NotFound."""
    found = connection.execute(SELECT_OWN_MESSAGE, {"id": message_id, "person": person_id}).first()
    if found is None:
        raise NotFound
    return found


def reasoning_of(database: Database, person_id: int | None, reply_id: int) -> str:
    """Read what the model thought aloud before a reply. Raises NotFound, also where that is nothing."""
    with database.read() as connection:
        owned_reply(connection, person_id, reply_id)
        thought = connection.execute(select(replies.c.reasoning).where(replies.c.id == reply_id)).scalar()
    if not thought:
        raise NotFound
    return thought


def mark_read(database: Database, person_id: int | None, conversation_id: int) -> None:
    """Remember that a person has seen the latest answer of a conversation. Raises NotFound."""
    with database.write() as connection:
        owned(connection, person_id, conversation_id)
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
